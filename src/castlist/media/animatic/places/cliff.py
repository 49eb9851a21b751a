"""A cliff top above the sea: headlands, stacks and surf far below, a rocky rim to stand behind."""

import numpy as np

from castlist.media.animatic.canvas import Canvas, Points, dots, fill, fill_all, stamp, stretch, texture, wash
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.noise import cloudy, ridge
from castlist.media.animatic.palette import mix
from castlist.media.animatic.places.world import Painted, World, clouds, sky
from castlist.media.animatic.planes import Colour

_SEA: Colour = (0.16, 0.40, 0.56)
_ROCK: Colour = (0.56, 0.49, 0.45)
_TURF: Colour = (0.38, 0.50, 0.26)
_FOAM: Colour = (0.95, 0.97, 0.98)


def paint(world: World) -> Painted:
    behind = (
        sky(world),
        clouds(world, amount=0.45),
        _sea(world),
        _headlands(world, 0.12, spots=(0.26, 0.66, 1.20), high=0.11),
        _headlands(world, 0.30, spots=(-0.01, 1.00), high=0.37),
        _top(world),
        _boulders(world, 0.72),
        _tufts(world, 0.76, rows=(0.66, 0.86)),
        _tufts(world, 1.0, rows=(0.88, 1.16), clearing=0.14),
    )
    return Painted(behind, (_edge(world),))


def _sea(world: World) -> Layer:
    """Water to the horizon, with the sun's or the moon's path on it."""
    g = world.geometry
    canvas = stretch(g)
    top = int(g.base(0)) - int(0.05 * g.unit)
    height = g.rows - top
    t = np.clip(np.linspace(0, 2.2, height, dtype=np.float32), 0, 1)
    far, near = mix(world.lit(_SEA, 0.20), world.light.sky[2], 0.35), world.lit(_SEA, 0.85, 0.80)
    colours = np.array([mix(far, near, float(s)) for s in t], np.float32)
    wash(canvas, (colours * 255).astype(np.uint8)[:, None, :], (top, g.rows))
    ripples = cloudy(world.rng, (g.period, height), cells=(16, 40), octaves=3)
    crests = np.clip(ripples - 0.58, 0, 1) * 300
    stamp(canvas, crests.clip(0, 90).astype(np.uint8), (0, top), mix(world.light.sky[2], (1.0, 1.0, 1.0), 0.2))
    if world.light.sun_size:
        down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
        aside = np.arange(g.period, dtype=np.float32) - np.float32(world.x(0.5 + world.light.sun[0]))
        path = np.exp(-((aside[None, :] / ((0.05 + 0.16 * down) * np.float32(g.unit))) ** 2))
        glint = np.clip(ripples - 0.36 - 0.10 * down, 0, 1) * path * 620
        stamp(canvas, glint.clip(0, 225).astype(np.uint8), (0, top), world.light.sun_colour)
    return layer_of(canvas, 0.05, drift=0.004 * g.width)


def _headlands(world: World, depth: float, *, spots: tuple[float, ...], high: float) -> Layer:
    """Sheer walls that rise from the sea, green on top, a stack before each, surf at their foot."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    foot, room = g.base(depth * 0.9), min(g.unit, 0.75 * g.width)
    for across in spots:
        x = world.x(across + float(rng.uniform(-0.04, 0.04)))
        tall, wide = high * room * float(rng.uniform(0.85, 1.2)), high * room * float(rng.uniform(1.5, 2.1))
        _wall(world, canvas, depth, box=(x - wide / 2, foot, wide, tall))
        side = 1 if across < 0.5 else -1
        slim = tall * float(rng.uniform(0.20, 0.28))
        left = x + side * wide * float(rng.uniform(0.60, 0.70)) - slim / 2
        _wall(world, canvas, depth, box=(left, foot + 0.01 * g.unit, slim, tall * float(rng.uniform(0.45, 0.62))))
    return layer_of(canvas, depth)


def _wall(world: World, canvas: Canvas, depth: float, *, box: tuple[float, float, float, float]) -> None:
    """One block of rock: its lit flank, its dark one, strata, turf and surf. The box is left, foot, width and height."""
    rng = world.rng
    left, foot, wide, tall = box
    crest = foot - tall * (0.90 + 0.14 * ridge(rng, 24, waves=1, octaves=3).astype(np.float64))
    crest[[0, -1]] += 0.06 * tall
    x = left + wide * np.linspace(0.05, 0.95, 24)
    jags = np.array([0.0, 0.03, -0.01, 0.02, -0.03]) * tall
    slope = np.linspace(0, 1, 5)
    starboard = np.stack([x[-1] + jags + 0.05 * wide * slope, crest[-1] + (foot - crest[-1]) * (0.04 + 0.96 * slope)], axis=1)
    port = np.stack([x[0] - jags - 0.05 * wide * slope, crest[0] + (foot - crest[0]) * (0.04 + 0.96 * slope)], axis=1)[::-1]
    outline = np.concatenate([np.stack([x, crest], axis=1), starboard, port])
    bright, dark = world.lit(_ROCK, depth, 1.16), world.lit(_ROCK, depth, 0.70)
    fill(canvas, outline, bright, world.lit(_ROCK, depth, 0.86))
    share = 0.62 if world.light.sun[0] < 0 else 0.38
    _shade(canvas, outline, split=left + wide * share, lit_left=world.light.sun[0] < 0, colour=dark)
    _strata(world, canvas, depth, box=box)
    turf = np.concatenate([np.stack([x, crest - 0.012 * tall], axis=1), np.stack([x, crest + 0.055 * tall], axis=1)[::-1]])
    fill(canvas, turf, world.lit(_TURF, depth, 1.1), world.lit(_TURF, depth, 0.8))
    _surf(world, canvas, depth, box=box)


def _surf(world: World, canvas: Canvas, depth: float, *, box: tuple[float, float, float, float]) -> None:
    """White water where the rock meets the sea."""
    left, foot, wide, _ = box
    grain = (0.004 + 0.012 * depth) * world.geometry.unit
    count = int(1.6 * wide / grain)
    x, y = left + wide * world.rng.uniform(-0.04, 1.04, count), foot + grain * world.rng.uniform(-0.4, 0.9, count)
    dots(canvas, np.stack([x, y], axis=1), grain * world.rng.uniform(0.25, 0.75, count), world.lit(_FOAM, depth, 0.92))


def _shade(canvas: Canvas, outline: Points, *, split: float, lit_left: bool, colour: Colour) -> None:
    """Darken the flank that the light does not reach, along a broken ridge."""
    crest = outline[:24]
    beyond = crest[:, 0] > split
    top, foot = float(np.interp(split, crest[:, 0], crest[:, 1])), float(outline[:, 1].max())
    t = np.linspace(0, 1, 9)
    wander = 0.05 * (foot - top) * np.array([0.0, 0.4, -0.2, 0.7, 0.2, 1.0, 0.3, 0.8, 0.5])
    spine = np.stack([split + wander, top + (foot - top) * t], axis=1)
    parts = (crest[beyond], outline[24:29], spine[::-1]) if lit_left else (crest[~beyond], spine, outline[29:])
    fill(canvas, np.concatenate(parts), colour, mix(colour, (0.0, 0.0, 0.0), 0.12))


def _strata(world: World, canvas: Canvas, depth: float, *, box: tuple[float, float, float, float]) -> None:
    left, foot, wide, tall = box
    cracks = []
    for _ in range(max(5, int(16 * wide / tall / 1.8))):
        x, y = left + wide * world.rng.uniform(0.10, 0.90), foot - tall * world.rng.uniform(0.12, 0.62)
        long, thick = tall * world.rng.uniform(0.12, 0.30), max(0.7, 0.010 * tall)
        slant = long * world.rng.uniform(-0.12, 0.12)
        cracks.append(np.array([[x, y], [x + thick, y], [x + slant + thick * 0.4, y - long], [x + slant, y - long]]))
    fill_all(canvas, cracks, world.lit(_ROCK, depth, 0.56))


def _top(world: World) -> Layer:
    """The ground of the cliff top: turf from its broken rim to the viewer; behind the rim there is only air."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    line = ridge(rng, g.period, waves=3, octaves=5, roughness=0.6).astype(np.float64)
    rim = g.base(0.50) - (line - 0.5) * 0.040 * g.unit
    columns = np.arange(g.period, dtype=np.float64)
    _under(canvas, columns, rim, colours=(world.lit(_ROCK, 0.8, 1.10), world.lit(_ROCK, 0.9, 0.8)))
    ragged = ridge(rng, g.period, waves=9, octaves=4, roughness=0.7).astype(np.float64)
    turf = rim + (0.012 + 0.030 * ragged) * g.unit
    _under(canvas, columns, turf, colours=(world.lit(_TURF, 0.75, 1.05), world.lit(_TURF, 1.0, 0.82)))
    top = int(rim.min())
    texture(canvas, cloudy(rng, (g.period, g.rows - top), cells=(12, 16), octaves=5), 0.20, (top, g.rows))
    x = (columns - g.period / 2) / (0.42 * g.width)
    y = (np.arange(top, g.rows) - g.base(0.95)) / (0.16 * g.height)
    pool = np.exp(-(x[None, :] ** 2) - y[:, None] ** 2).astype(np.float32)
    texture(canvas, 0.5 + 0.5 * pool, 0.14, (top, g.rows))
    return layer_of(canvas, 1.0, ground=True)


def _under(canvas: Canvas, columns: Points, line: Points, *, colours: tuple[Colour, Colour]) -> None:
    low = canvas.height + 4.0
    points = np.stack([columns, line], axis=1)
    fill(canvas, np.concatenate([points, [[columns[-1] + 1, line[0]], [columns[-1] + 1, low], [0, low]]]), *colours)


def _tufts(world: World, depth: float, *, rows: tuple[float, float], clearing: float = 0.0) -> Layer:
    """Grass in tufts on the turf between two depths, larger the nearer it is."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    blades = []
    for _ in range(45):
        x, d = rng.uniform(0, g.period), rng.uniform(*rows)
        if abs(x - g.period / 2) < clearing * g.width:
            continue
        for _ in range(3):
            high, lean = 0.026 * g.unit * d * rng.uniform(0.5, 1.2), rng.uniform(-0.5, 0.5)
            at, wide, foot = x + rng.uniform(-0.006, 0.006) * g.unit, max(0.6, 0.0022 * g.unit * d), g.base(d)
            blades.append(np.array([[at - wide, foot], [at + lean * high, foot - high], [at + wide, foot]]))
    fill_all(canvas, blades, world.lit(_TURF, 0.95, 0.72))
    return layer_of(canvas, depth)


def _boulders(world: World, depth: float) -> Layer:
    """Rocks at the rim, none where the characters stand."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    for x in (np.arange(11) + rng.uniform(-0.4, 0.4, 11)) * g.period / 11:
        if abs(x - g.period / 2) < 0.24 * g.width:
            continue
        _crag(world, canvas, at=(float(x), g.base(depth * float(rng.uniform(0.86, 1.05)))), size=g.unit * float(rng.uniform(0.025, 0.075)))
    return layer_of(canvas, depth)


def _edge(world: World) -> Layer:
    """Dark rocks and grass in the lower corners, nearer than the characters."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    foot = g.margin + 1.03 * g.height
    for across in (-0.10, 0.02, 0.97, 1.10):
        x = world.x(across + float(rng.uniform(-0.03, 0.03)))
        _crag(world, canvas, at=(x, foot), size=g.unit * float(rng.uniform(0.09, 0.14)), gain=0.50)
    blades = []
    for across in np.concatenate([rng.uniform(-0.16, 0.17, 60), rng.uniform(0.83, 1.16, 60)]):
        high, at = g.unit * rng.uniform(0.04, 0.12), world.x(float(across))
        tip = at + rng.uniform(-0.4, 0.4) * high
        blades.append(np.array([[at - 0.004 * g.unit, foot], [tip, foot - high], [at + 0.004 * g.unit, foot]]))
    fill_all(canvas, blades, world.lit(_TURF, 1.0, 0.52), world.lit(_TURF, 1.0, 0.34))
    return layer_of(canvas, 1.45)


def _crag(world: World, canvas: Canvas, *, at: tuple[float, float], size: float, gain: float = 1.0) -> None:
    """A boulder with a lit and a dark face."""
    x, foot = at
    angle = np.linspace(np.pi, 0, 9)
    reach = size * world.rng.uniform(0.85, 1.25, 9)
    body = np.stack([x + np.cos(angle) * reach * 1.25, foot - np.sin(angle) * reach * 0.85], axis=1)
    fill(canvas, body, world.lit(_ROCK, 0.95, 0.80 * gain), world.lit(_ROCK, 0.95, 0.45 * gain))
    lit = body[1:5] if world.light.sun[0] < 0 else body[4:8]
    fill(canvas, np.concatenate([lit, [[x, foot - 0.30 * size]]]), world.lit(_ROCK, 0.95, 1.20 * gain), world.lit(_ROCK, 0.95, 0.90 * gain))
