"""A meadow: hills with hedges and woods behind each other, a path to a windmill, flowers from far to near."""

import math

import numpy as np

from castlist.media.animatic.canvas import Canvas, Points, dots, fill, fill_all, glow, soften, stretch, veil
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.noise import ridge
from castlist.media.animatic.palette import mix, scale
from castlist.media.animatic.places.plants import LEAF, Spot, blades, blooms, bush, spread, tree, tufts
from castlist.media.animatic.places.strewn import NEAR, Rows, strewn
from castlist.media.animatic.places.world import Lamp, Painted, World, bank, clouds, finish, floor, land, sky
from castlist.media.animatic.planes import Colour
from castlist.media.animatic.swarm import Kind, Swarm
from castlist.media.animatic.words import Extra

_GRASS: Colour = (0.40, 0.60, 0.24)
_PETALS: tuple[Colour, ...] = ((0.98, 0.84, 0.30), (0.97, 0.96, 0.98), (0.93, 0.42, 0.52), (0.60, 0.48, 0.92), (0.96, 0.56, 0.28))
_WARM: Colour = (1.0, 0.78, 0.42)


def paint(world: World) -> Painted:
    lamps: list[Lamp] = []
    sails: list[Swarm] = []
    behind = (
        sky(world),
        clouds(world, amount=0.62),
        _hills(world, (0.40, 0.54, 0.50), 0.06, height=0.27),
        _hills(world, (0.38, 0.56, 0.36), 0.12, height=0.18, woods=26),
        _farm(world, lamps, sails),
        _field(world),
        layer_of(bank(world, (0.44, 0.64, 0.27), 0.16, height=0.036), 0.16),
        *strewn(world, (0.18, 0.36), lambda *strip: _sward(world, strip)),
        _trees(world),
        *strewn(world, (0.36, *NEAR), lambda *strip: _sward(world, strip)),
        _flowers(world, 0.92, count=26, size=0.011, rows=(0.62, 1.02)),
    )
    return Painted(behind, (_verge(world),), tuple(lamps), swarms=tuple(sails))


def _hills(world: World, albedo: Colour, depth: float, *, height: float, woods: int = 0) -> Layer:
    """A range of soft hills with strips of field on them, and woods along its foot."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    line = ridge(rng, g.period, waves=2, octaves=3, roughness=0.42)
    crest = g.base(depth * 0.3) - (0.22 + 0.78 * line) * height * g.unit
    land(world, canvas, crest, (world.lit(albedo, depth), world.lit(albedo, depth + 0.1, 0.95)))
    for number in range(5):
        share, start = 0.25 + 0.15 * number, int(rng.integers(g.period))
        columns = (np.arange(start, start + int(g.period * rng.uniform(0.12, 0.3))) % g.period).astype(int)
        x = np.arange(start, start + len(columns), dtype=np.float64)
        drop = (g.base(depth * 0.3) - crest[columns]) * share
        bulge = np.sin(np.linspace(0, math.pi, len(columns))) * 0.020 * g.unit
        upper, lower = np.stack([x, crest[columns] + drop], axis=1), np.stack([x, crest[columns] + drop + bulge], axis=1)
        tint = mix(albedo, ((0.86, 0.80, 0.42), (0.30, 0.46, 0.26))[number % 2], 0.45)
        fill(canvas, np.concatenate([upper, lower[::-1]]), world.lit(tint, depth))
    for at in spread(world, woods, jitter=0.6):
        hedge = float(crest[int(at) % g.period]) + 0.05 * g.unit * float(rng.random())
        bush(world, canvas, Spot(at, hedge + 0.008 * g.unit, g.unit * float(rng.uniform(0.012, 0.034)), depth), leaf=(0.22, 0.40, 0.24))
    return layer_of(finish(world, canvas, depth, mist=0.5, edge=0.8), depth)


def _farm(world: World, lamps: list[Lamp], sails: list[Swarm]) -> Layer:
    """A nearer hill with a windmill on it, its window lit when it is dark."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    depth = 0.22
    line = ridge(rng, g.period, waves=3, octaves=3, roughness=0.35)
    crest = g.base(0.02) - (0.02 + 0.085 * line) * g.unit
    land(world, canvas, crest, (world.lit((0.42, 0.62, 0.27), 0.2), world.lit((0.46, 0.66, 0.28), 0.25)))
    x = world.x(float(rng.choice((0.24, 0.76))) + float(rng.uniform(-0.06, 0.06)))
    foot = float(crest[int(x) % g.period]) + 0.012 * g.unit
    sails.append(_mill(world, canvas, at=(x, foot), high=0.155 * g.unit, lamps=lamps))
    for aside in rng.uniform(-0.16, 0.16, 7):
        at = x + float(aside) * g.unit
        row = float(crest[int(at) % g.period]) + 0.016 * g.unit
        bush(world, canvas, Spot(at, row, g.unit * float(rng.uniform(0.015, 0.035)), depth))
    finish(world, canvas, depth, mist=0.25)
    return layer_of(canvas, depth)


def _mill(world: World, canvas: Canvas, *, at: tuple[float, float], high: float, lamps: list[Lamp]) -> Swarm:
    x, foot = at
    wall: Colour = (0.90, 0.84, 0.76)
    body = [(x - 0.21 * high, foot), (x - 0.13 * high, foot - 0.66 * high), (x + 0.13 * high, foot - 0.66 * high), (x + 0.21 * high, foot)]
    fill(canvas, body, world.lit(wall, 0.4), world.lit(wall, 0.4, 0.86))
    side = 1 if world.light.sun[0] < 0 else -1
    shade = [(x, foot), (x, foot - 0.66 * high), (x + side * 0.13 * high, foot - 0.66 * high), (x + side * 0.21 * high, foot)]
    fill(canvas, shade, world.lit(wall, 0.4, 0.66))
    roof = [(x - 0.16 * high, foot - 0.65 * high), (x, foot - 0.88 * high), (x + 0.16 * high, foot - 0.65 * high)]
    fill(canvas, roof, world.lit((0.62, 0.30, 0.22), 0.4, 1.1), world.lit((0.62, 0.30, 0.22), 0.4, 0.7))
    lit = world.light.lamps > 0.3
    dots(canvas, np.array([[x, foot - 0.38 * high]]), np.array([0.045 * high]), _WARM if lit else world.lit((0.35, 0.30, 0.30), 0.4))
    if lit:
        lamps.append(Lamp(x, foot - 0.38 * high, 0.22, 0.30 * high, _WARM, 1.0))
    g = world.geometry
    place = (x - g.left) / g.width, (foot - 0.70 * high - g.margin) / g.height, float(world.rng.uniform(0.2, 1.3)), 1.0
    x32, y32, turn, pace = (np.array([part], np.float32) for part in place)
    tint = world.lit((0.96, 0.93, 0.86), 0.4, 1.05)
    return Swarm(Kind.sails, x32, y32, turn, pace, size=0.52 * high / g.unit, depth=0.22, colour=tint, held=g.period / g.width)


def _field(world: World) -> Layer:
    """Grass with a winding path, and the far flowers, which are no more than dots of colour."""
    g, rng = world.geometry, world.rng
    canvas = floor(world, _GRASS, far=(0.48, 0.66, 0.29), grain=0.15)
    t = np.linspace(0.0, 1.5, 40)
    phase, side = float(rng.uniform(0, 3)), float(rng.choice((-1.0, 1.0)))
    middle = g.period / 2 + g.width * side * (0.10 + 0.10 * np.sin(5.0 * np.sqrt(t) + phase) * (1 - 0.4 * t) - 0.10 * t)
    half, rows = g.unit * (0.003 + 0.055 * t**1.25), g.base(0) + t * (g.feet - g.horizon)
    for wide, gain in ((1.25, 0.86), (1.0, 1.05)):
        outline = np.concatenate([np.stack([middle - half * wide, rows], axis=1), np.stack([middle + half * wide, rows], axis=1)[::-1]])
        fill(canvas, outline, world.lit((0.74, 0.64, 0.44), 0.3, gain), world.lit((0.70, 0.58, 0.40), 1.0, gain * 0.9))
    veil(canvas, (g.base(0), g.base(0.30)), world.light.haze, (0.42, 0.0))
    return layer_of(canvas, 1.0, ground=True)


def _sward(world: World, strip: tuple[Canvas, Rows, float]) -> None:
    """Grass in tufts and the flowers that are no more than dots of colour."""
    (canvas, rows, share), g, rng = strip, world.geometry, world.rng
    count = round(100 * share) if rows[0] < NEAR[0] else 8
    for petal in _PETALS:
        drift, d = rng.uniform(0, g.period, 4), rng.uniform(*rows, count)
        x = np.mod(drift[rng.integers(0, 4, count)] + rng.normal(0, 0.13 * g.unit, count), g.period)
        spots = np.stack([x, g.base(0) + d * (g.feet - g.horizon) - 0.006 * g.unit * d], axis=1)
        dots(canvas, spots, np.maximum(0.55, 0.0056 * g.unit * d), world.lit(petal, 0.55, 1.02))
    tufts(world, canvas, _GRASS, rows=rows, count=round(310 * share))


def _trees(world: World) -> Layer:
    """A few trees that stand alone, at the sides, with their shadows on the grass."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    for across, high in ((0.06, 0.50), (0.93, 0.40), (1.34, 0.46), (-0.26, 0.36)):
        x, foot = world.x(across + float(rng.uniform(-0.05, 0.05))), g.base(0.36)
        tall = high * g.unit * float(rng.uniform(0.85, 1.15))
        angle = np.linspace(0, 2 * math.pi, 24)
        shadow = np.stack(
            [x - np.sign(world.light.sun[0]) * 0.12 * tall + np.cos(angle) * 0.36 * tall, foot + np.sin(angle) * 0.035 * tall], axis=1
        )
        fill(canvas, shadow, world.lit(_GRASS, 0.5, 0.76))
        tree(world, canvas, Spot(x, foot, tall, 0.40))
    return layer_of(finish(world, canvas, 0.36), 0.36)


def _flowers(world: World, depth: float, *, count: int, size: float, rows: tuple[float, float]) -> Layer:
    """Flowers on stems strewn between two depths, in drifts of a colour; they glow where that was asked for."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    lit = bool({Extra.fireflies, Extra.glow} & world.extras)
    for petal in _PETALS:
        drift = rng.uniform(0, g.period, 3)
        x = drift[rng.integers(0, 3, count)] + rng.normal(0, 0.16 * g.unit, count)
        d = np.sort(rng.uniform(*rows, count))
        y, sizes = g.base(0) + d * (g.feet - g.horizon), size * g.unit * rng.uniform(0.6, 1.15, count) * d / depth
        x = np.mod(x, g.period)
        away = np.abs(x - g.period / 2) > 0.10 * g.width
        spots, sizes = np.stack([x, y], axis=1)[away], sizes[away]
        _stems(world, canvas, spots, sizes)
        if lit:
            for spot, r in zip(spots, sizes, strict=True):
                glow(canvas, (float(spot[0]), float(spot[1])), float(r) * 5.5, mix(petal, (1.0, 1.0, 1.0), 0.25), 0.42)
        blooms(world, canvas, spots, sizes, petal=petal, depth=depth)
        if lit:
            dots(canvas, spots, sizes * 0.7, mix(petal, (1.0, 1.0, 1.0), 0.55))
    return layer_of(finish(world, canvas, depth, edge=0.5), depth)


def _stems(world: World, canvas: Canvas, spots: Points, sizes: Points) -> None:
    lean = world.rng.uniform(-0.6, 0.6, len(spots)) * sizes
    x, y, thin = spots[:, 0], spots[:, 1], np.maximum(0.5, 0.10 * sizes)
    corners = [[x - thin, y], [x + thin, y], [x + lean + thin, y + 3.4 * sizes], [x + lean - thin, y + 3.4 * sizes]]
    fill_all(canvas, np.transpose(np.array(corners), (2, 0, 1)), world.lit(LEAF, 0.9, 0.85))
    leaves = [[x + 0.5 * lean, y + 2.4 * sizes], [x + 0.5 * lean + 1.1 * sizes, y + 1.4 * sizes], [x + 0.6 * lean, y + 1.8 * sizes]]
    fill_all(canvas, np.transpose(np.array(leaves), (2, 0, 1)), world.lit(LEAF, 0.9, 1.1))


def _verge(world: World) -> Layer:
    """High grass and flowers along the lower edge, near and a little out of focus."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    blades(world, canvas, _GRASS, tall=0.20, count=360)
    for petal in _PETALS:
        across = np.concatenate([rng.uniform(-0.2, 0.2, 4), rng.uniform(0.80, 1.2, 4)])
        x, sizes = g.left + across * g.width, g.unit * rng.uniform(0.012, 0.022, 8)
        y = g.margin + g.height * rng.uniform(0.87, 0.99, 8)
        _stems(world, canvas, np.stack([x, y], axis=1), sizes)
        blooms(world, canvas, np.stack([x, y], axis=1), sizes, petal=scale(petal, 0.86), depth=1.0)
    finish(world, canvas, 1.0, edge=0.8)
    soften(canvas, 0.0022 * g.unit)
    return layer_of(canvas, 1.5)
