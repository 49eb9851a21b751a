"""A forest: trees behind trees in the haze, shafts of light, ferns and mushrooms at the feet."""

import math
from dataclasses import replace

import cv2
import numpy as np

from castlist.media.animatic.canvas import Canvas, dots, fade, fill, glow, soften, stamp, stretch, veil
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.noise import cloudy, ridge
from castlist.media.animatic.palette import mix, scale
from castlist.media.animatic.places.plants import LEAF, Spot, bush, crown, fern, spread, tree, trunk, tufts
from castlist.media.animatic.places.strewn import NEAR, Rows, strewn
from castlist.media.animatic.places.world import Lamp, Painted, World, apart, bank, finish, floor, land, sky
from castlist.media.animatic.planes import Colour
from castlist.media.animatic.words import Hour

_MOSS: Colour = (0.28, 0.41, 0.17)
_EARTH: Colour = (0.44, 0.34, 0.22)
_CAP: Colour = (0.80, 0.25, 0.20)


def paint(world: World) -> Painted:
    lamps: list[Lamp] = []
    behind = (
        sky(world),
        _thicket(world, 0.10, count=34, tall=0.62),
        _thicket(world, 0.20, count=20, tall=0.80),
        _floor(world),
        layer_of(finish(world, bank(world, (0.30, 0.44, 0.22), 0.20, height=0.030, waves=5), 0.20, mist=0.55), 0.20),
        _stand(world, 0.40, count=9, tall=1.05),
        *strewn(world, (0.40, NEAR[0]), lambda *strip: _litter(world, strip)),
        _shafts(world),
        _giants(world, lamps),
        *strewn(world, NEAR, lambda *strip: _litter(world, strip)),
    )
    return Painted(behind, (_frame(world),), tuple(lamps))


def plant(world: World, depth: float, *, count: int, tall: float, clearing: float = 0.0) -> Layer:
    """Trees of one height at a depth, none in the middle where the clearing is."""
    g = world.geometry
    canvas = stretch(g)
    for x in spread(world, count, clearing=clearing):
        tree(world, canvas, Spot(x, g.base(depth), tall * g.unit * float(world.rng.uniform(0.82, 1.15)), depth))
    return layer_of(finish(world, canvas, depth), depth)


def _thicket(world: World, depth: float, *, count: int, tall: float) -> Layer:
    """Far trees: stems under one roof of leaves, their feet in mist and undergrowth."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    line = ridge(rng, g.period, waves=7, octaves=4, roughness=0.7)
    land(
        world, canvas, g.base(depth) - (0.05 + 0.12 * line) * g.unit, (world.lit(LEAF, depth * 0.8, 0.8), world.lit(LEAF, depth * 0.8, 0.7))
    )
    for x in spread(world, count, jitter=0.45):
        high = tall * g.unit * float(rng.uniform(0.8, 1.1))
        trunk(
            world,
            canvas,
            Spot(x, g.base(depth), high, depth),
            wide=high * float(rng.uniform(0.030, 0.055)),
            lean=float(rng.uniform(-0.04, 0.04)),
        )
    for x in spread(world, count // 2):
        crown(world, canvas, Spot(x, g.base(depth) - tall * g.unit * float(rng.uniform(0.74, 0.98)), tall, depth), size=0.17 * g.unit)
    for x in spread(world, count):
        bush(world, canvas, Spot(x, g.base(depth) + 0.01 * g.unit, g.unit * float(rng.uniform(0.03, 0.075)), depth))
    finish(world, canvas, depth, mist=0.5, edge=0.6)
    fade(canvas, (g.base(depth), g.base(depth) + 0.04 * g.unit))
    return layer_of(canvas, depth)


def _floor(world: World) -> Layer:
    """Moss and a trodden path, fallen leaves, spots of light that came through the roof."""
    g, rng = world.geometry, world.rng
    canvas = floor(world, _MOSS, far=(0.34, 0.46, 0.24), grain=0.16)
    t = np.linspace(0, 1.35, 22)
    bend = float(rng.uniform(-0.5, 0.5))
    middle = g.period / 2 + g.width * bend * 0.34 * np.sin(2.2 * (1 - t)) * (1 - np.clip(t, 0, 1)) ** 1.2
    half = g.unit * (0.012 + 0.30 * t**1.5) + rng.uniform(-0.01, 0.01, 22) * g.unit * t
    rows = g.base(0) + t * (g.feet - g.horizon)
    path = stretch(g)
    outline = np.concatenate([np.stack([middle - half, rows], axis=1), np.stack([middle + half, rows], axis=1)[::-1]])
    fill(path, outline, (1.0, 1.0, 1.0))
    mask = cv2.GaussianBlur(path.alpha, (0, 0), 0.012 * g.unit)
    rough = cloudy(rng, (g.period, g.rows), cells=(30, 40), octaves=3)
    stamp(canvas, (mask * np.clip(0.15 + rough, 0, 0.75)).astype(np.uint8), (0, 0), world.lit(_EARTH, 0.25), world.lit(_EARTH, 1.0, 1.05))
    _dapple(world, canvas)
    veil(canvas, (g.base(0), g.base(0.42)), world.light.haze, (0.62, 0.0))
    return layer_of(canvas, 1.0, ground=True)


def _litter(world: World, strip: tuple[Canvas, Rows, float]) -> None:
    """Grass in tufts and fallen leaves."""
    (canvas, rows, share), g, rng = strip, world.geometry, world.rng
    count = round(66 * share)
    d = rng.uniform(*rows, count)
    spots = np.stack([rng.uniform(0, g.period, count), g.base(0) + d * (g.feet - g.horizon)], axis=1)
    for number, colour in enumerate(((0.72, 0.46, 0.18), (0.56, 0.36, 0.18), (0.62, 0.60, 0.22))):
        dots(canvas, spots[number::3], 0.0042 * g.unit * d[number::3], world.lit(colour, 0.9))
    tufts(world, canvas, mix(_MOSS, LEAF, 0.5), rows=rows, count=round(250 * share))


def _dapple(world: World, canvas: Canvas) -> None:
    """Spots of light on the floor, where the roof is open."""
    world = apart(world)
    g, rng, light = world.geometry, world.rng, world.light
    strength = 0.34 if light.stars < 0.5 else 0.20
    if not light.sun_size:
        return
    for _ in range(16):
        d = float(rng.uniform(0.3, 1.2))
        x, y, wide = float(rng.uniform(0, g.period)), g.base(d), g.unit * d * float(rng.uniform(0.04, 0.11))
        axis = np.linspace(-1, 1, max(6, round(2 * wide)), dtype=np.float32)
        tall = np.linspace(-1, 1, max(4, round(0.5 * wide)), dtype=np.float32)
        fall = np.clip(1.2 - axis[None, :] ** 2 - tall[:, None] ** 2, 0, 1)
        left, top = int(x - wide), int(y)
        if left < 0 or left + fall.shape[1] >= g.period or top + fall.shape[0] >= g.rows:
            continue
        stamp(canvas, (fall * np.float32(255 * strength)).astype(np.uint8), (left, top), mix(light.rim, world.lit(_MOSS, d, 1.5), 0.35))


def _stand(world: World, depth: float, *, count: int, tall: float) -> Layer:
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    for x in spread(world, count, clearing=0.06):
        high = tall * g.unit * float(rng.uniform(0.85, 1.1))
        tree(world, canvas, Spot(x, g.base(depth), high, depth))
        fern(world, canvas, Spot(x + 0.05 * high, g.base(depth) + 0.012 * g.unit, 0.075 * g.unit, depth))
        bush(world, canvas, Spot(x - 0.06 * high, g.base(depth) + 0.008 * g.unit, 0.045 * g.unit, depth))
    return layer_of(finish(world, canvas, depth, mist=0.25), depth)


def _shafts(world: World) -> Layer:
    """Light that falls between the trees in soft slanting bars."""
    world = apart(world)
    g, rng, light = world.geometry, world.rng, world.light
    canvas = stretch(g)
    if not light.sun_size:
        return layer_of(canvas, 0.5)
    source = np.array([world.x(0.5 + 1.25 * light.sun[0]), g.margin - 0.45 * g.unit])
    mask = np.zeros((g.rows // 4, g.period // 4), np.uint8)
    floor_row = g.base(0.85)
    for across in np.linspace(-0.15, 1.15, 9) + rng.uniform(-0.05, 0.05, 9):
        foot, wide = world.x(float(across)), g.unit * float(rng.uniform(0.02, 0.07))
        beam = np.array([[source[0] - 2, source[1]], [source[0] + 2, source[1]], [foot + wide, floor_row], [foot - wide, floor_row]])
        layer = np.zeros_like(mask)
        cv2.fillPoly(layer, [np.round(beam / 4).astype(np.int32)], int(rng.uniform(30, 74)), cv2.LINE_AA)
        np.copyto(mask, cv2.add(mask, layer))
    soft = cv2.resize(cv2.GaussianBlur(mask, (0, 0), 0.00275 * g.unit), (g.period, g.rows), interpolation=cv2.INTER_LINEAR)
    rows = (np.arange(g.rows, dtype=np.float32) - g.margin) / (floor_row - g.margin)
    gone = np.clip(1.05 - np.clip(rows, 0, 2) ** 2.2, 0, 1)[:, None]
    share = {Hour.day: 0.62, Hour.golden: 1.0, Hour.dawn: 0.85, Hour.dusk: 0.70}.get(world.hour, 0.85)
    stamp(canvas, (soft * gone * share).astype(np.uint8), (0, 0), mix(light.rim, light.sun_colour, 0.5))
    return replace(layer_of(canvas, 0.5, pace=0.5), sway=0.008 * g.width)


def _giants(world: World, lamps: list[Lamp]) -> Layer:
    """Old trees on both sides with roots, ferns and mushrooms; at night those glow where magic was asked for."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    depth = 0.74
    for across in (-0.02, 0.19, 0.84, 1.03, 1.36, -0.27):
        x = world.x(across + float(rng.uniform(-0.035, 0.035)))
        if abs(x - g.period / 2) < 0.27 * g.width:
            continue
        foot, high = g.base(depth * float(rng.uniform(0.9, 1.04))), 1.5 * g.unit
        trunk(
            world, canvas, Spot(x, foot, high, depth), wide=g.unit * float(rng.uniform(0.065, 0.105)), lean=float(rng.uniform(-0.05, 0.05))
        )
        for aside in rng.uniform(-0.09, 0.09, 3):
            fern(world, canvas, Spot(x + float(aside) * g.unit, foot + 0.014 * g.unit, g.unit * float(rng.uniform(0.07, 0.12)), depth))
        _mushrooms(world, canvas, at=(x + g.unit * float(rng.choice((-0.085, 0.085))), foot + 0.016 * g.unit), lamps=lamps)
    for x in spread(world, 7):
        crown(world, canvas, Spot(x, g.margin - 0.06 * g.unit, 1.0, depth), size=g.unit * 0.19)
    return layer_of(finish(world, canvas, depth), depth)


def _mushrooms(world: World, canvas: Canvas, *, at: tuple[float, float], lamps: list[Lamp]) -> None:
    g, rng = world.geometry, world.rng
    dark = world.light.lamps > 0.9
    for size, aside in ((0.024, 0.0), (0.015, 0.026), (0.012, -0.020)):
        x, foot, r = at[0] + aside * g.unit, at[1], size * g.unit * float(rng.uniform(0.85, 1.15))
        stem = [(x - 0.18 * r, foot), (x - 0.14 * r, foot - 0.9 * r), (x + 0.14 * r, foot - 0.9 * r), (x + 0.18 * r, foot)]
        fill(canvas, stem, world.lit((0.93, 0.88, 0.78), 0.9))
        angle = np.linspace(math.pi, 2 * math.pi, 14)
        cap = np.stack([x + np.cos(angle) * r, foot - 0.75 * r + np.sin(angle) * 0.80 * r], axis=1)
        colour = (0.30, 0.86, 0.92) if dark else world.lit(_CAP, 0.9, 1.1)
        fill(canvas, cap, colour, scale(colour, 0.62))
        spots = np.array([[x - 0.4 * r, foot - 1.02 * r], [x + 0.15 * r, foot - 1.25 * r], [x + 0.5 * r, foot - 0.95 * r]])
        dots(canvas, spots, np.array([0.13, 0.15, 0.11]) * r, (0.85, 1.0, 1.0) if dark else world.lit((0.98, 0.95, 0.90), 0.9))
    if dark:
        glow(canvas, (at[0], at[1] - 0.01 * g.unit), 0.05 * g.unit, (0.30, 0.86, 0.92), 0.25)
        lamps.append(Lamp(at[0], at[1] - 0.012 * g.unit, 0.74, 0.085 * g.unit, (0.28, 0.80, 0.90), 0.9))


def _frame(world: World) -> Layer:
    """Ferns in the lower corners and leaves hanging in from above, near and out of focus."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    foot = g.margin + 1.07 * g.height
    for across in (-0.20, -0.08, 0.03, 0.12, 0.88, 0.97, 1.08, 1.20):
        x = world.x(across + float(rng.uniform(-0.03, 0.03)))
        fern(world, canvas, Spot(x, foot, g.unit * float(rng.uniform(0.17, 0.26)), 1.0), gain=0.40)
    for across in (-0.06, 0.05, 0.95, 1.07):
        at = Spot(world.x(across), g.margin - g.unit * float(rng.uniform(0.02, 0.07)), 1.0, 1.0)
        crown(world, canvas, at, size=g.unit * float(rng.uniform(0.10, 0.15)), leaf=scale(LEAF, 0.42))
    finish(world, canvas, 1.0, edge=0.7)
    soften(canvas, 0.0035 * g.unit)
    return layer_of(canvas, 1.55)
