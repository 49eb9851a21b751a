"""A market street: old houses, stalls under striped awnings, strings of lanterns, people strolling by."""

from dataclasses import replace

import numpy as np

from castlist.media.animatic.canvas import Canvas, Points, dots, fill, fill_all, glow, stretch, stroke
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.palette import Light, mix
from castlist.media.animatic.places.brush import box, oval, shine, soft
from castlist.media.animatic.places.paving import Pool, broken, cobble, dusted, plain, pools, soak
from castlist.media.animatic.places.people import crowd
from castlist.media.animatic.places.stalls import CLOTH, GLOW, GOODS, stall
from castlist.media.animatic.places.world import Lamp, Painted, World, clouds, sky
from castlist.media.animatic.planes import Colour

_GLOWS: tuple[Colour, ...] = ((1.0, 0.70, 0.32), (1.0, 0.50, 0.28), (1.0, 0.84, 0.50), (1.0, 0.42, 0.44))
_WALLS: tuple[Colour, ...] = (
    (0.84, 0.68, 0.52),
    (0.74, 0.54, 0.46),
    (0.90, 0.80, 0.64),
    (0.62, 0.62, 0.64),
    (0.80, 0.56, 0.42),
    (0.66, 0.70, 0.62),
)
_ROOFS: tuple[Colour, ...] = ((0.66, 0.34, 0.26), (0.54, 0.30, 0.28), (0.46, 0.38, 0.38))


def paint(world: World) -> Painted:
    lamps: list[Lamp] = []
    pooled: list[Pool] = []
    warm = replace(world, light=_lantern_light(world.light, 0.5))
    front = _stalls(warm, 0.46, lamps, pooled)
    strings = (
        _strings(warm, 0.36, lamps, pooled, high=0.62, count=13),
        _strings(warm, 0.66, lamps, pooled, high=0.72, count=9),
    )
    behind = (
        sky(world),
        clouds(world, amount=0.35),
        _towers(world),
        _houses(replace(world, light=_lantern_light(world.light, 0.22)), 0.13, high=(0.22, 0.34), count=8),
        _houses(replace(world, light=_lantern_light(world.light, 0.32)), 0.22, high=(0.28, 0.44), count=6),
        _ground(warm, pooled),
        crowd(warm, 0.29, count=13, drift=0.010),
        crowd(warm, 0.37, count=9, drift=-0.013),
        front,
        *strings,
    )
    return Painted(behind, (_crates(warm), _near_lanterns(warm)), tuple(lamps), light=_lantern_light(world.light, 0.72))


def _lantern_light(light: Light, share: float) -> Light:
    """The hour's light with that of the lanterns in it."""
    share *= light.lamps
    return replace(light, key=mix(light.key, (1.0, 0.74, 0.52), share), rim=mix(light.rim, (1.0, 0.72, 0.40), min(1.0, 1.3 * share)))


def _towers(world: World) -> Layer:
    """The old town beyond: a tower with a pointed cap and a dome, in the haze."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    depth, u = 0.07, g.unit
    foot = g.base(0.1)
    stone, low = world.lit((0.72, 0.58, 0.52), depth), world.lit((0.72, 0.58, 0.52), depth * 0.4)
    tiles = world.lit((0.42, 0.40, 0.46), depth, 0.8)
    for across in (float(rng.uniform(0.14, 0.36)), float(rng.uniform(0.64, 0.86)), float(rng.uniform(1.1, 1.3))):
        x, wide, high = world.x(across), u * float(rng.uniform(0.05, 0.08)), u * float(rng.uniform(0.40, 0.50))
        box(canvas, (x - wide / 2, foot - high, wide, high), stone, low)
        box(canvas, (x - wide * 0.62, foot - high, wide * 1.24, 0.014 * u), stone)
        if rng.random() < 0.5:
            fill(canvas, oval((x, foot - high), (wide * 0.60, wide * 0.78), span=(np.pi, 2 * np.pi)), tiles, low)
            stroke(canvas, [(x, foot - high - wide * 0.7), (x, foot - high - wide * 1.25)], 0.005 * u, tiles)
        else:
            fill(canvas, [(x - wide * 0.66, foot - high), (x, foot - high - wide * 2.0), (x + wide * 0.66, foot - high)], tiles, low)
        pane = mix(world.lit((0.30, 0.30, 0.38), depth), (1.0, 0.80, 0.48), 0.5 * world.light.lamps)
        fill(canvas, oval((x, foot - high + 0.06 * u), (wide * 0.16, 0.024 * u)), pane)
    return layer_of(canvas, depth)


def _houses(world: World, depth: float, *, high: tuple[float, float], count: int) -> Layer:
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    step = g.period / count
    for number in rng.permutation(count):
        wide = step * float(rng.uniform(0.96, 1.12))
        tall = g.unit * float(rng.uniform(*high))
        _house(world, canvas, (number * step, g.base(depth) + 0.03 * g.unit, wide, tall), depth=depth)
    return layer_of(canvas, depth)


def _house(world: World, canvas: Canvas, spot: tuple[float, float, float, float], *, depth: float) -> None:
    """A plastered house: its roof, chimney, beams, and windows with shutters."""
    g, rng = world.geometry, world.rng
    x, foot, wide, tall = spot
    u, top = g.unit, foot - tall
    wall = _WALLS[int(rng.integers(len(_WALLS)))]
    box(canvas, (x, top, wide, tall), world.lit(wall, depth, 1.02), world.lit(wall, depth, 0.78))
    roof, peak = dusted(world, _ROOFS[int(rng.integers(3))], 0.82), top - u * float(rng.uniform(0.05, 0.10))
    chimney = x + wide * float(rng.choice([0.22, 0.74]))
    box(canvas, (chimney, peak - 0.012 * u, 0.026 * u, 0.07 * u), world.lit(wall, depth, 0.7))
    eaves = [(x - 0.04 * wide, top + 0.006 * u), (x + 0.16 * wide, peak), (x + 0.84 * wide, peak), (x + 1.04 * wide, top + 0.006 * u)]
    fill(canvas, eaves, world.lit(roof, depth, 1.1), world.lit(roof, depth, 0.76))
    for course in (0.35, 0.7):
        row = peak + (top - peak) * course
        inset = 0.16 * wide * (1 - course)
        stroke(canvas, [(x + inset, row), (x + wide - inset, row)], max(0.8, 0.003 * u), world.lit(roof, depth, 0.66))
    box(canvas, (x - 0.04 * wide, top, 1.08 * wide, 0.010 * u), world.lit(roof, depth, 0.55))
    if rng.random() < 0.5:
        beam = world.lit((0.36, 0.26, 0.22), depth, 0.85)
        for share in (0.02, 0.34, 0.66, 0.98):
            stroke(canvas, [(x + share * wide, top), (x + share * wide, foot)], 0.007 * u, beam)
        stroke(canvas, [(x, top + 0.13 * u), (x + wide, top + 0.13 * u)], 0.007 * u, beam)
    for row in np.arange(top + 0.035 * u, foot - 0.12 * u, 0.115 * u):
        for share in (0.20, 0.52, 0.82):
            _window(world, canvas, (x + share * wide, float(row)), depth=depth)


def _window(world: World, canvas: Canvas, spot: tuple[float, float], *, depth: float) -> None:
    x, y = spot
    u, rng = world.geometry.unit * (0.7 + depth), world.rng
    wide, tall = 0.040 * u, 0.066 * u
    lit = rng.random() < 0.62 * world.light.lamps
    pane = (1.0, 0.80, 0.46) if lit else world.lit((0.32, 0.36, 0.44), depth)
    shutter = world.lit(CLOTH[int(rng.integers(6))], depth, 0.72)
    for side in (-1, 1):
        box(canvas, (x + side * 0.74 * wide - 0.24 * wide, y, 0.46 * wide, tall), shutter)
    box(canvas, (x - wide / 2 - 0.003 * u, y - 0.003 * u, wide + 0.006 * u, tall + 0.006 * u), world.lit((0.90, 0.86, 0.78), depth, 0.9))
    box(canvas, (x - wide / 2, y, wide, tall), pane, mix(pane, (0.85, 0.42, 0.20), 0.35 if lit else 0.0))
    bars = world.lit((0.90, 0.86, 0.78), depth, 0.7) if not lit else (0.50, 0.30, 0.18)
    box(canvas, (x - 0.002 * u, y, 0.004 * u, tall), bars)
    box(canvas, (x - wide / 2, y + tall * 0.45, wide, 0.004 * u), bars)
    box(canvas, (x - 0.64 * wide, y + tall, 1.28 * wide, 0.008 * u), world.lit((0.60, 0.48, 0.40), depth, 0.8))
    if lit:
        shine(canvas, (x, y + tall / 2), (2.4 * wide, 1.7 * tall), GLOW, 0.34)


def _ground(world: World, pooled: list[Pool]) -> Layer:
    canvas = plain(world, (0.64, 0.55, 0.48), (0.60, 0.52, 0.48), grain=0.12)
    cobble(world, canvas, size=0.105, strength=0.36)
    g = world.geometry
    shine(canvas, (g.period / 2, g.base(0.95)), (0.50 * g.width, 0.17 * g.height), world.light.key, 0.10)
    soak(world, canvas)
    pools(world, canvas, pooled)
    broken(world, canvas, 0.0015)
    return layer_of(canvas, 1.0, ground=True)


def _stalls(world: World, depth: float, lamps: list[Lamp], pooled: list[Pool]) -> Layer:
    """Stalls on both sides; the way between them is left to the cast."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    count = max(3, int(g.period / (0.47 * g.unit)))
    for number in range(count):
        wide = g.unit * float(rng.uniform(0.37, 0.44))
        x = (number + 0.5) * g.period / count + g.unit * float(rng.uniform(-0.04, 0.04))
        near = depth * float(rng.uniform(0.94, 1.06))
        if abs(x - g.period / 2) < 0.17 * g.width:
            continue
        soft(canvas, oval((x, g.base(near)), (wide * 0.56, 0.016 * g.unit)), (0.10, 0.07, 0.09), blur=0.008 * g.unit, strength=0.55)
        stall(world, canvas, (x, g.base(near), wide), depth=depth)
        if world.light.lamps > 0.3:
            lamps.append(Lamp(x, g.base(near) - 0.27 * g.unit, near, 0.26 * g.unit, _GLOWS[0], 1.9))
            pooled.append(Pool(x, near + 0.12, GLOW, 0.50, 0.62 * world.light.lamps))
    return layer_of(canvas, depth)


def _strings(world: World, depth: float, lamps: list[Lamp], pooled: list[Pool], *, high: float, count: int) -> Layer:
    """A line of paper lanterns that sags between its posts and sways a little."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    columns = np.linspace(0, g.period, 120)
    swings, start = int(rng.integers(3, 5)), float(rng.random()) * np.pi
    sag = np.abs(np.sin(columns / g.period * np.pi * swings + start))
    rows: Points = g.margin + g.horizon - (high - 0.15 * sag) * g.horizon
    stroke(canvas, np.stack([columns, rows], axis=1), max(1.0, 0.0035 * g.unit), world.lit((0.22, 0.18, 0.20), depth))
    for number in range(count):
        x = (number + 0.5 + float(rng.uniform(-0.12, 0.12))) * g.period / count
        r = 0.028 * g.unit * (0.6 + depth) * float(rng.uniform(0.85, 1.15))
        y = float(np.interp(x, columns, rows)) + 1.75 * r
        colour = _GLOWS[int(rng.integers(4))]
        stroke(canvas, [(x, y - 1.75 * r), (x, y - r)], max(0.8, 0.0025 * g.unit), world.lit((0.2, 0.16, 0.18), depth))
        if depth < 0.5:
            glow(canvas, (x, y), r * 3.8, colour, 0.34 * world.light.lamps)
        elif world.light.lamps > 0.2:
            lamps.append(Lamp(x, y, depth, r * 4.4, colour, 1.4 + float(rng.random())))
        _lantern(world, canvas, (x, y, r), colour, depth=depth)
        if world.light.lamps > 0.2:
            pooled.append(Pool(x, 0.34 + 0.66 * depth, mix(colour, GLOW, 0.4), 0.26, 0.28 * world.light.lamps))
    return replace(layer_of(canvas, depth, pace=1.3 + 0.5 * depth), sway=0.0035 * g.unit)


def _lantern(world: World, canvas: Canvas, spot: tuple[float, float, float], colour: Colour, *, depth: float) -> None:
    """A ribbed paper lantern, bright in its middle when it is lit."""
    x, y, r = spot
    lamps = world.light.lamps
    paper = mix(world.lit(mix(colour, (0.9, 0.22, 0.16), 0.4), depth), colour, lamps)
    fill(canvas, oval((x, y), (r * 0.86, r)), mix(paper, (1.0, 0.9, 0.7), 0.12), mix(paper, (0.62, 0.16, 0.10), 0.38))
    glow(canvas, (x, y + 0.1 * r), r * 0.8, (1.0, 0.95, 0.74), 0.85 * lamps + 0.10)
    for rib in (-0.5, 0.0, 0.5):
        arc = oval((x, y), (r * 0.86 * np.sin(np.arccos(abs(rib))) if rib else r * 0.86, r * 0.10), span=(0, np.pi)) + np.array(
            [0, rib * r]
        )
        stroke(canvas, arc, max(0.6, 0.045 * r), mix(paper, (0.50, 0.14, 0.08), 0.45))
    for cap in (-1.08, 0.92):
        box(canvas, (x - 0.34 * r, y + cap * r, 0.68 * r, 0.17 * r), world.lit((0.26, 0.16, 0.13), depth))
    stroke(canvas, [(x, y + r), (x, y + 1.55 * r)], max(0.8, 0.09 * r), mix(paper, (0.8, 0.2, 0.1), 0.5))


def _crates(world: World) -> Layer:
    """Crates and sacks in the corners, near and dark."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    u, foot = g.unit, g.margin + 1.06 * g.height
    for across in (-0.03, 0.055, 0.965, 1.28):
        x, w, h = world.x(across), u * float(rng.uniform(0.14, 0.19)), u * float(rng.uniform(0.13, 0.17))
        wood: Colour = (0.48, 0.34, 0.23)
        colour = GOODS[int(rng.integers(6))]
        for row, count in ((0.0, 6), (0.55, 5), (0.95, 3)):
            line = np.linspace(-0.42, 0.42, count) * w * (1 - 0.18 * row)
            pile = np.stack([x + line + rng.uniform(-0.02, 0.02, count) * w, np.full(count, foot - h - row * 0.024 * u)], axis=1)
            dots(canvas, pile, np.full(count, 0.021 * u), world.lit(colour, 1.0, 0.95), world.lit(colour, 1.0, 0.55))
        box(canvas, (x - w / 2, foot - h, w, h), world.lit(wood, 1.0, 0.42), world.lit(wood, 1.0, 0.26))
        slats = [
            np.array([[x - w / 2, y], [x + w / 2, y], [x + w / 2, y + 0.036 * u], [x - w / 2, y + 0.036 * u]])
            for y in np.arange(foot - h, foot, 0.047 * u)
        ]
        fill_all(canvas, slats, world.lit(wood, 1.0, 0.82), world.lit(wood, 1.0, 0.50))
        for side in (-0.5, 0.41):
            box(canvas, (x + side * w, foot - h, 0.09 * w, h), world.lit(wood, 1.0, 0.68), world.lit(wood, 1.0, 0.4))
        shine(canvas, (x, foot - h), (w, 0.09 * u), GLOW, 0.30 * world.light.lamps)
    return layer_of(canvas, 1.5)


def _near_lanterns(world: World) -> Layer:
    """Lanterns close to the lens, soft and large, in the upper corners."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    for across, down in ((0.03, 0.10), (0.955, 0.05), (1.24, 0.08)):
        x, y, r = world.x(across + float(rng.uniform(-0.02, 0.02))), g.margin + down * g.height, 0.062 * g.unit
        colour = _GLOWS[int(rng.integers(4))]
        stroke(canvas, [(x, 0), (x, y - r)], 0.006 * g.unit, world.lit((0.2, 0.16, 0.18), 1.0))
        if world.light.lamps > 0.2:
            glow(canvas, (x, y), r * 2.6, colour, 0.36 * world.light.lamps)
        _lantern(world, canvas, (x, y, r), colour, depth=1.0)
    return replace(layer_of(canvas, 1.35, pace=1.1), sway=0.006 * g.unit)
