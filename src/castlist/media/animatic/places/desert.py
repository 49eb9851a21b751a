"""A desert: mesas far off, dunes with sharp crests, cacti, stones and ripples in the sand, a camp when it is dark."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from castlist.media.animatic.canvas import Canvas, Points, dots, fill, fill_all, glow, over, soften, stretch, stroke
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.noise import cloudy, ridge
from castlist.media.animatic.palette import mix
from castlist.media.animatic.places.plants import Spot, blades
from castlist.media.animatic.places.rocks import boulder, pebbles
from castlist.media.animatic.places.strewn import NEAR, Rows, strewn
from castlist.media.animatic.places.world import Lamp, Painted, World, apart, bank, clouds, finish, floor, land, sky
from castlist.media.animatic.planes import Colour

_SAND: Colour = (0.93, 0.70, 0.43)
_RED: Colour = (0.76, 0.43, 0.30)
_CACTUS: Colour = (0.32, 0.50, 0.30)
_FIRE: Colour = (1.0, 0.62, 0.26)


def paint(world: World) -> Painted:
    light = world.light
    world = replace(world, light=replace(light, air=0.84 * light.air, haze=mix(light.haze, world.lit(_SAND, 1.0), 0.30)))
    lamps: list[Lamp] = []
    behind = (
        sky(world),
        clouds(world, amount=0.22),
        _mesas(world, 0.05, count=5, high=(0.17, 0.30)),
        _dunes(world, 0.12, height=0.15, waves=2),
        _dunes(world, 0.22, height=0.085, waves=3),
        _sand(world),
        layer_of(finish(world, bank(world, (0.95, 0.74, 0.47), 0.20, height=0.030), 0.20), 0.20),
        *strewn(world, (0.24, 0.60), lambda *strip: _stones(world, strip)),
        _cacti(world, lamps),
        *strewn(world, NEAR, lambda *strip: _stones(world, strip)),
    )
    return Painted(behind, (_near(world),), tuple(lamps))


def _mesas(world: World, depth: float, *, count: int, high: tuple[float, float]) -> Layer:
    """Table mountains and needles of red stone: a lit and a dark wall, beds across them, scree at the foot."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    foot = g.base(depth)
    for number, x in enumerate((np.arange(count) + rng.uniform(0.1, 0.9, count)) * g.period / count):
        tall = g.unit * float(rng.uniform(*high))
        wide = g.unit * (float(rng.uniform(0.025, 0.045)) if number % 3 == 2 else float(rng.uniform(0.09, 0.19)))
        _mesa(world, canvas, depth, at=(float(x), foot), size=(wide, tall))
    return layer_of(finish(world, canvas, depth, mist=0.62, edge=0.7), depth)


def _mesa(world: World, canvas: Canvas, depth: float, *, at: tuple[float, float], size: tuple[float, float]) -> None:
    rng, (x, foot), (wide, tall) = world.rng, at, size
    scree = [
        (x - 1.75 * wide - 0.2 * tall, foot),
        (x - 1.02 * wide, foot - 0.46 * tall),
        (x + 1.02 * wide, foot - 0.44 * tall),
        (x + 1.7 * wide + 0.2 * tall, foot),
    ]
    fill(canvas, scree, world.lit(_RED, depth, 1.08), world.lit(mix(_RED, _SAND, 0.6), depth, 1.0))
    columns = 9
    edge = x + wide * (np.linspace(-1, 1, columns + 1) + np.array([0, *rng.uniform(-0.06, 0.06, columns - 1), 0]))
    top = foot - tall * (1 + np.array([-0.05, *rng.uniform(-0.02, 0.02, columns - 1), -0.05]))
    low = foot - tall * rng.uniform(0.38, 0.48, columns + 1)
    for number in range(columns):
        across = (number + 0.5) / columns * 2 - 1
        facing = across if world.light.sun[0] > 0 else -across
        gain = 0.92 + 0.30 * facing + (0.10 if number % 2 else -0.08)
        wall = [
            (edge[number], low[number]),
            (edge[number], top[number]),
            (edge[number + 1], top[number + 1]),
            (edge[number + 1], low[number + 1]),
        ]
        fill(canvas, wall, world.lit(_RED, depth, gain), world.lit(_RED, depth, 0.84 * gain))
    for share, thick, gain in ((0.93, 0.035, 0.72), (0.80, 0.020, 1.22), (0.68, 0.030, 0.76), (0.56, 0.016, 1.18)):
        row = foot - tall * share
        bed = [(edge[0], row), (edge[-1], row + 0.01 * tall), (edge[-1], row + thick * tall), (edge[0], row + thick * tall)]
        fill(canvas, bed, world.lit(_RED, depth, gain))


def _crests(world: World, *, waves: int) -> NDArray[np.float64]:
    """A line of dunes: long backs and sharp tops, in 0..1."""
    g, rng = world.geometry, world.rng
    line = np.abs(ridge(rng, g.period, waves=waves, octaves=3, roughness=0.32).astype(np.float64) * 2 - 1)
    return np.asarray(1 - line**0.85, np.float64)


def _dunes(world: World, depth: float, *, height: float, waves: int) -> Layer:
    """Dunes whose lee side lies in the shade, parted from the bright one by a winding crest."""
    g = world.geometry
    canvas = stretch(g)
    line = _crests(world, waves=waves)
    crest = g.base(depth * 0.3) - (0.12 + line) * height * g.unit
    bright, dark = world.lit(_SAND, depth + 0.12, 1.10), world.lit(mix(_SAND, (0.62, 0.38, 0.36), 0.45), depth + 0.12, 0.92)
    land(world, canvas, crest, (bright, world.lit(_SAND, depth + 0.2, 0.95)))
    tops = np.flatnonzero((line > np.roll(line, 1)) & (line >= np.roll(line, -1)) & (line > 0.3))
    side = -1.0 if world.light.sun[0] > 0 else 1.0
    for top in tops:
        _lee(world, canvas, top=(float(top), float(crest[top])), drop=float(line[top]) * height * g.unit, side=side, colour=dark)
    return layer_of(finish(world, canvas, depth, mist=0.35, edge=0.8), depth)


def _lee(world: World, canvas: Canvas, *, top: tuple[float, float], drop: float, side: float, colour: Colour) -> None:
    s = np.linspace(0, 1, 14)
    wide = drop * 2.6
    spine = np.stack([top[0] + side * wide * (0.20 * np.sin(4.4 * s) + 0.14 * s), top[1] + drop * 1.15 * s], axis=1)
    outer = np.stack([top[0] + side * wide * (s**0.8) * 1.15, top[1] + drop * 1.15 * s**1.25 + 0.6], axis=1)
    fill(canvas, np.concatenate([spine, outer[::-1]]), colour, mix(colour, world.lit(_SAND, 0.4), 0.75))


def _sand(world: World) -> Layer:
    """Sand with wind ripples."""
    g, rng = world.geometry, world.rng
    canvas = floor(world, _SAND, far=(0.96, 0.76, 0.50), grain=0.10)
    top = g.margin + g.horizon
    d = np.linspace(0.0, 1.45, g.rows - top, dtype=np.float32)[:, None]
    warp = cloudy(rng, (g.period, g.rows - top), cells=(5, 6), octaves=3)
    lines = np.sin(64 * np.log(0.30 + d) + 11 * warp)
    gate = np.clip(warp * 2.4 - 0.75, 0, 1) * np.clip(d * 1.6, 0, 1)
    over(canvas, (np.clip(lines, 0, 1) * gate * 95).astype(np.uint8), (0, top), world.lit((0.66, 0.42, 0.30), 1.0, 0.9))
    over(canvas, (np.clip(-lines, 0, 1) * gate * 85).astype(np.uint8), (0, top), world.lit((1.0, 0.86, 0.60), 1.0, 1.06))
    return layer_of(canvas, 1.0, ground=True)


def _stones(world: World, strip: tuple[Canvas, Rows, float]) -> None:
    """Stones and tufts of straw."""
    (canvas, rows, share), g, rng = strip, world.geometry, world.rng
    pebbles(world, canvas, (0.80, 0.58, 0.42), rows=rows, count=round(share * (34 if rows[0] < NEAR[0] else 66)))
    for _ in range(round(share * (7 if rows[0] < NEAR[0] else 15))):
        _straw(world, canvas, at=(float(rng.uniform(0, g.period)), float(rng.uniform(max(0.35, rows[0]), rows[1]))))


def _straw(world: World, canvas: Canvas, *, at: tuple[float, float]) -> None:
    g, rng = world.geometry, world.rng
    (x, d), count = at, 9
    lean, high = rng.uniform(-1.0, 1.0, count), 0.042 * g.unit * d * rng.uniform(0.5, 1.1, count)
    foot, thin = np.full(count, g.base(d)), max(0.5, 0.0017 * g.unit * d)
    root = x + lean * 0.006 * g.unit * d
    corners = [[root - thin, foot], [root + lean * high * 0.8, foot - high], [root + thin, foot]]
    shapes = np.transpose(np.array(corners), (2, 0, 1))
    fill_all(canvas, shapes[::2], world.lit((0.66, 0.58, 0.30), 0.95, 0.85))
    fill_all(canvas, shapes[1::2], world.lit((0.80, 0.70, 0.38), 0.95, 1.05))


def _cacti(world: World, lamps: list[Lamp]) -> Layer:
    """Saguaros and round cacti at the sides, among stones; a camp fire with a tent at night."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    depth = 0.62
    camp = float(rng.choice((0.17, 0.83)))
    for across in (0.03, 0.92, 1.24, -0.25):
        x = world.x(across + float(rng.uniform(-0.035, 0.035)))
        foot = g.base(depth * float(rng.uniform(0.92, 1.10)))
        _cactus(world, canvas, at=(x, foot), high=g.unit * float(rng.uniform(0.30, 0.46)))
        side = float(rng.choice((-1.0, 1.0)))
        boulder(
            world, canvas, Spot(x + 0.075 * side * g.unit, foot + 0.012 * g.unit, g.unit * float(rng.uniform(0.025, 0.05)), 0.8), rock=_RED
        )
        _barrel(world, canvas, at=(x - 0.085 * side * g.unit, foot + 0.014 * g.unit), r=g.unit * float(rng.uniform(0.018, 0.030)))
    if world.light.lamps > 0.9:
        _camp(apart(world), canvas, at=(world.x(camp), g.base(0.55)), lamps=lamps)
    return layer_of(finish(world, canvas, depth), depth)


def _cactus(world: World, canvas: Canvas, *, at: tuple[float, float], high: float) -> None:
    """A saguaro: arms that bend upwards, ribs, a lit side, blossoms on its tops."""
    rng, (x, foot) = world.rng, at
    wide, t = high * 0.13, np.linspace(0, math.pi / 2, 8)
    arms = [np.array([[x, foot + 0.01 * high], [x, foot - 0.5 * high], [x, foot - high]])]
    for side, low, top in ((-1, rng.uniform(0.30, 0.42), rng.uniform(0.62, 0.78)), (1, rng.uniform(0.44, 0.55), rng.uniform(0.76, 0.92))):
        bend = np.stack([x + side * high * 0.23 * np.sin(t), foot - high * (low + 0.10 * (1 - np.cos(t)))], axis=1)
        arms.append(np.concatenate([bend, [[x + side * high * 0.23, foot - high * top]]]))
    edge = -1.0 if world.light.sun[0] < 0 else 1.0
    for number, arm in enumerate(arms):
        thick = wide if number == 0 else wide * 0.74
        for share, gain in ((1.0, 0.72), (0.74, 0.98), (0.34, 1.26)):
            moved = arm + np.array([edge * thick * 0.5 * (1 - share) * 0.9, 0.0])
            stroke(canvas, moved, thick * share, world.lit(_CACTUS, 0.7, gain))
            dots(canvas, moved[-1:], np.array([thick * share / 2]), world.lit(_CACTUS, 0.7, gain))
        for rib in (-0.28, 0.0, 0.28):
            stroke(canvas, arm + np.array([rib * thick, 0.0]), max(0.6, 0.05 * thick), world.lit(_CACTUS, 0.7, 0.5))
        tip = arm[-1] - (0, 0.46 * thick)
        bloom = tip + np.array([[-0.25, 0.06], [0.25, 0.06], [0.0, -0.04]]) * thick
        dots(canvas, bloom, np.full(3, 0.17 * thick), world.lit((0.96, 0.50, 0.62), 0.8, 1.1))


def _barrel(world: World, canvas: Canvas, *, at: tuple[float, float], r: float) -> None:
    x, foot = at
    dots(canvas, np.array([[x, foot - 0.8 * r]]), np.array([r]), world.lit(_CACTUS, 0.8, 1.0), world.lit(_CACTUS, 0.8, 0.55))
    for share in (-0.6, -0.2, 0.2, 0.6):
        s = np.linspace(-1, 1, 7)
        rib = np.stack([x + share * r * np.sqrt(1.02 - s**2), foot - 0.8 * r + s * r * 0.92], axis=1)
        stroke(canvas, rib, max(0.6, 0.06 * r), world.lit(_CACTUS, 0.8, 1.25))
    dots(canvas, np.array([[x, foot - 1.8 * r]]), np.array([0.26 * r]), world.lit((0.98, 0.62, 0.40), 0.8, 1.1))


def _camp(world: World, canvas: Canvas, *, at: tuple[float, float], lamps: list[Lamp]) -> None:
    """A tent lit from within, and a fire before it that warms the sand."""
    unit, (x, foot) = world.geometry.unit, at
    side = 1.0 if x < world.geometry.period / 2 else -1.0
    high = 0.15 * unit
    tent: Points = np.array([[x - 0.95 * high, foot], [x, foot - high], [x + 0.95 * high, foot]])
    fill(canvas, tent, (0.93, 0.62, 0.34), (0.62, 0.32, 0.24))
    fill(
        canvas,
        np.array([[x - side * 0.95 * high, foot], [x, foot - high], [x - side * 0.18 * high, foot]]),
        (0.50, 0.26, 0.26),
        (0.34, 0.18, 0.22),
    )
    fill(
        canvas,
        np.array([[x + side * 0.16 * high, foot], [x + side * 0.12 * high, foot - 0.72 * high], [x + side * 0.52 * high, foot]]),
        (1.0, 0.84, 0.50),
        (0.98, 0.66, 0.34),
    )
    fx, fy = x + side * 0.125 * unit, foot + 0.030 * unit
    for lean in (-1.0, 1.0):
        stroke(canvas, [(fx - lean * 0.026 * unit, fy), (fx + lean * 0.020 * unit, fy - 0.012 * unit)], 0.008 * unit, (0.26, 0.16, 0.12))
    for size, colour in ((1.0, (1.0, 0.48, 0.16)), (0.66, (1.0, 0.72, 0.26)), (0.36, (1.0, 0.94, 0.66))):
        s = np.linspace(0, 2 * math.pi, 18)
        flame = np.stack(
            [
                fx + 0.016 * size * unit * np.sin(s),
                fy - 0.006 * unit - 0.030 * size * unit * (1 - np.cos(s)) * (0.55 + 0.45 * np.abs(np.cos(s / 2))),
            ],
            axis=1,
        )
        fill(canvas, flame, colour)
    glow(canvas, (fx, fy), 0.13 * unit, _FIRE, 0.34)
    lamps.append(Lamp(fx, fy - 0.02 * unit, 0.62, 0.30 * unit, _FIRE, 4.2))


def _near(world: World) -> Layer:
    """Stones and dry grass in the lower corners, near and out of focus."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    for across in (-0.14, 0.01, 1.0, 1.12):
        spot = Spot(
            world.x(across + float(rng.uniform(-0.02, 0.02))), g.margin + 1.05 * g.height, g.unit * float(rng.uniform(0.08, 0.13)), 1.0
        )
        boulder(world, canvas, spot, rock=_RED, gain=0.6)
    blades(world, canvas, (0.74, 0.62, 0.34), tall=0.17, count=150)
    finish(world, canvas, 1.0, edge=0.8)
    soften(canvas, 0.0028 * g.unit)
    return layer_of(canvas, 1.55)
