"""A market street: old houses, stalls under striped awnings, strings of lanterns, people far off."""

import numpy as np

from castlist.media.animatic.canvas import Canvas, Points, dots, fill, stretch, stroke
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.palette import mix
from castlist.media.animatic.places.world import Lamp, Painted, World, clouds, ground, sky
from castlist.media.animatic.planes import Colour

_CLOTH: tuple[Colour, ...] = ((0.82, 0.26, 0.24), (0.20, 0.50, 0.58), (0.90, 0.66, 0.22), (0.46, 0.30, 0.56), (0.30, 0.54, 0.34))
_CREAM: Colour = (0.96, 0.91, 0.80)
_GOODS: tuple[Colour, ...] = ((0.90, 0.42, 0.22), (0.86, 0.20, 0.24), (0.96, 0.78, 0.28), (0.48, 0.66, 0.28), (0.58, 0.34, 0.52))
_GLOWS: tuple[Colour, ...] = ((1.0, 0.70, 0.32), (1.0, 0.52, 0.28), (1.0, 0.82, 0.48))


def paint(world: World) -> Painted:
    lamps: list[Lamp] = []
    behind = (
        sky(world),
        clouds(world, amount=0.35),
        _roofs(world, 0.12, high=(0.20, 0.36), count=10),
        _roofs(world, 0.22, high=(0.24, 0.42), count=7),
        ground(world, (0.60, 0.52, 0.46), far=(0.56, 0.48, 0.46), grain=0.20),
        _crowd(world),
        _stalls(world, 0.46, lamps, clearing=0.17),
        _strings(world, 0.38, lamps, high=0.60, count=11),
        _strings(world, 0.70, lamps, high=0.66, count=8),
    )
    return Painted(behind, (_crates(world),), tuple(lamps))


def _roofs(world: World, depth: float, *, high: tuple[float, float], count: int) -> Layer:
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    step = g.period / count
    walls: tuple[Colour, ...] = ((0.76, 0.62, 0.50), (0.66, 0.52, 0.48), (0.80, 0.70, 0.58), (0.58, 0.50, 0.54))
    for number in range(count):
        x, foot = number * step, g.base(depth) + 0.04 * g.unit
        top = foot - g.unit * float(rng.uniform(*high))
        wall = walls[int(rng.integers(4))]
        fill(canvas, [(x, top), (x + step, top), (x + step, foot), (x, foot)], world.lit(wall, depth), world.lit(wall, depth, 0.8))
        roof = world.lit((0.62, 0.32, 0.26), depth, 0.9)
        peak = top - g.unit * float(rng.uniform(0.05, 0.10))
        fill(
            canvas,
            [(x - 0.05 * step, top), (x + 0.5 * step, peak), (x + 1.05 * step, top)],
            roof,
            world.lit((0.50, 0.26, 0.24), depth, 0.8),
        )
        for column in (0.22, 0.62):
            lit = rng.random() < 0.7 * world.light.lamps
            pane = (1.0, 0.78, 0.44) if lit else world.lit((0.30, 0.30, 0.36), depth)
            px, py, size = x + column * step, top + 0.05 * g.unit, 0.15 * step
            fill(canvas, [(px, py), (px + size, py), (px + size, py + 1.4 * size), (px, py + 1.4 * size)], pane)
    return layer_of(canvas, depth)


def _crowd(world: World) -> Layer:
    """People far off as soft shapes that shift a little."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    for x in rng.uniform(0, g.period, 30):
        depth = float(rng.uniform(0.20, 0.30))
        tall, foot = 0.34 * depth * g.unit * float(rng.uniform(0.85, 1.1)), g.base(depth)
        colour = world.lit(mix(_CLOTH[int(rng.integers(5))], (0.3, 0.28, 0.34), 0.55), depth, 0.72)
        body = [
            (x - 0.17 * tall, foot),
            (x - 0.20 * tall, foot - 0.62 * tall),
            (x - 0.08 * tall, foot - 0.80 * tall),
            (x + 0.08 * tall, foot - 0.80 * tall),
        ]
        fill(canvas, [*body, (x + 0.20 * tall, foot - 0.62 * tall), (x + 0.17 * tall, foot)], colour)
        dots(canvas, np.array([[x, foot - 0.89 * tall]]), np.array([0.105 * tall]), world.lit((0.70, 0.54, 0.44), depth, 0.8))
    return layer_of(canvas, 0.26, bob=0.0022 * g.unit, pace=2.6)


def _stalls(world: World, depth: float, lamps: list[Lamp], *, clearing: float) -> Layer:
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    wide = 0.40 * g.unit
    count = max(3, int(g.period / (wide * 1.18)))
    for number in range(count):
        x = (number + 0.5) * g.period / count
        if abs(x - g.period / 2) < clearing * g.width:
            continue
        _stall(world, canvas, (x, g.base(depth * float(rng.uniform(0.92, 1.06))), wide), depth=depth)
        if world.light.lamps > 0.3:
            lamps.append(Lamp(x, g.base(depth) - 0.26 * g.unit, depth, 0.24 * g.unit, _GLOWS[0], 1.9))
    return layer_of(canvas, depth)


def _stall(world: World, canvas: Canvas, spot: tuple[float, float, float], *, depth: float) -> None:
    g, rng = world.geometry, world.rng
    x, foot, wide = spot
    high, half = 0.34 * g.unit, wide / 2
    cloth = _CLOTH[int(rng.integers(5))]
    inside = mix(world.lit((0.32, 0.24, 0.22), depth, 0.8), (0.85, 0.52, 0.26), 0.45 * world.light.lamps)
    fill(
        canvas,
        [(x - half * 0.9, foot - high), (x + half * 0.9, foot - high), (x + half * 0.9, foot), (x - half * 0.9, foot)],
        inside,
        mix(inside, (0.1, 0.08, 0.1), 0.5),
    )
    for side in (-0.9, 0.9):
        stroke(canvas, [(x + side * half, foot), (x + side * half, foot - high)], 0.012 * g.unit, world.lit((0.42, 0.30, 0.22), depth, 0.8))
    counter = foot - 0.13 * g.unit
    fill(
        canvas,
        [(x - half, counter), (x + half, counter), (x + half * 0.96, foot), (x - half * 0.96, foot)],
        world.lit((0.58, 0.42, 0.30), depth),
        world.lit((0.42, 0.30, 0.24), depth, 0.75),
    )
    for pile in range(5):
        px = x - half * 0.8 + pile * half * 0.4
        fruit = np.stack([px + rng.uniform(-0.15, 0.15, 9) * half, counter - rng.uniform(0, 0.024, 9) * g.unit], axis=1)
        dots(
            canvas,
            fruit,
            np.full(9, 0.011 * g.unit),
            world.lit(_GOODS[int(rng.integers(5))], depth, 1.1),
            world.lit(_GOODS[pile], depth, 0.8),
        )
    _awning(world, canvas, (x, foot - high, half * 1.12), cloth=cloth, depth=depth)


def _awning(world: World, canvas: Canvas, spot: tuple[float, float, float], *, cloth: Colour, depth: float) -> None:
    x, y, half = spot
    unit, stripes = world.geometry.unit, 8
    step = 2 * half / stripes
    for stripe in range(stripes):
        colour = cloth if stripe % 2 == 0 else _CREAM
        left = x - half + stripe * step
        top_left, top_right = x + (left - x) * 0.84, x + (left + step - x) * 0.84
        drop = [
            (left + step * (0.5 + 0.5 * float(np.cos(a))), y + 0.035 * unit + 0.018 * unit * float(np.sin(a)))
            for a in np.linspace(0, np.pi, 7)
        ]
        fill(
            canvas,
            [(top_left, y - 0.07 * unit), (top_right, y - 0.07 * unit), *drop],
            world.lit(colour, depth, 1.1),
            world.lit(colour, depth, 0.82),
        )


def _strings(world: World, depth: float, lamps: list[Lamp], *, high: float, count: int) -> Layer:
    """A line of paper lanterns that sags between its posts."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    columns = np.linspace(0, g.period, 96)
    swings = 3
    sag = np.abs(np.sin(columns / g.period * np.pi * swings))
    rows: Points = g.margin + g.horizon - (high - 0.13 * sag) * g.horizon
    stroke(canvas, np.stack([columns, rows], axis=1), max(1.0, 0.0035 * g.unit), world.lit((0.22, 0.18, 0.20), depth))
    for number in range(count):
        x = (number + 0.5) * g.period / count
        y = float(np.interp(x, columns, rows)) + 0.035 * g.unit * (0.6 + depth)
        glow = _GLOWS[int(rng.integers(3))]
        r = 0.026 * g.unit * (0.6 + depth)
        angle = np.linspace(0, 2 * np.pi, 24)
        paper = mix(world.lit(mix(glow, (0.9, 0.2, 0.15), 0.45), depth), glow, world.light.lamps)
        fill(
            canvas,
            np.stack([x + np.cos(angle) * r * 0.82, y + np.sin(angle) * r], axis=1),
            mix(paper, (1.0, 0.95, 0.75), 0.35),
            mix(paper, (0.75, 0.2, 0.1), 0.25),
        )
        fill(
            canvas,
            [(x - r * 0.35, y - r * 1.12), (x + r * 0.35, y - r * 1.12), (x + r * 0.35, y - r * 0.9), (x - r * 0.35, y - r * 0.9)],
            world.lit((0.25, 0.16, 0.14), depth),
        )
        if world.light.lamps > 0.2:
            lamps.append(Lamp(x, y, depth, r * 4.6, glow, 1.4 + float(rng.random())))
    return layer_of(canvas, depth)


def _crates(world: World) -> Layer:
    g = world.geometry
    canvas = stretch(g)
    foot = g.margin + 1.05 * g.height
    for across in (-0.02, 0.07, 0.96, 1.30):
        x, w, h = world.x(across), 0.15 * g.unit, 0.13 * g.unit
        wood: Colour = (0.44, 0.31, 0.22)
        fill(
            canvas,
            [(x - w / 2, foot - h), (x + w / 2, foot - h), (x + w / 2, foot), (x - w / 2, foot)],
            world.lit(wood, 1.0, 0.62),
            world.lit(wood, 1.0, 0.36),
        )
        for slat in (0.33, 0.66):
            stroke(canvas, [(x - w / 2, foot - h * slat), (x + w / 2, foot - h * slat)], 0.006 * g.unit, world.lit(wood, 1.0, 0.28))
        pile = np.stack([x + np.linspace(-0.38, 0.38, 6) * w, np.full(6, foot - h * 1.02)], axis=1)
        dots(
            canvas,
            pile,
            np.full(6, 0.020 * g.unit),
            world.lit(_GOODS[int(world.rng.integers(5))], 1.0, 0.8),
            world.lit(_GOODS[0], 1.0, 0.5),
        )
    return layer_of(canvas, 1.5)
