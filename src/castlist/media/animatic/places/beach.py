"""A beach: open sea with boats and an island, waves that run up the sand, palms, shells."""

import math

import numpy as np
import numpy.typing as npt

from castlist.media.animatic.canvas import Canvas, Points, dots, fill, fill_all, over, soften, stretch, stroke, veil
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.noise import cloudy, ridge
from castlist.media.animatic.palette import mix, scale
from castlist.media.animatic.places.brush import shine
from castlist.media.animatic.places.plants import Spot, blades, bush
from castlist.media.animatic.places.rocks import boulder, pebbles
from castlist.media.animatic.places.strewn import NEAR, Rows, strewn
from castlist.media.animatic.places.water import glitter, lace, water
from castlist.media.animatic.places.world import Lamp, Painted, World, clouds, finish, floor, land, sky
from castlist.media.animatic.planes import Colour

_SEA: Colour = (0.08, 0.42, 0.62)
_SHALLOW: Colour = (0.26, 0.72, 0.74)
_SAND: Colour = (0.94, 0.82, 0.60)
_WARM: Colour = (1.0, 0.76, 0.40)


def paint(world: World) -> Painted:
    lamps: list[Lamp] = []
    behind = (
        sky(world),
        clouds(world, amount=0.56),
        _island(world),
        _sea(world),
        _boats(world, lamps),
        _sand(world),
        _wave(world, 0.44, pace=0.9, bob=0.012),
        _wave(world, 0.55, pace=0.7, bob=0.018),
        _palms(world),
        *strewn(world, (0.72, *NEAR[1:]), lambda *strip: _shells(world, strip)),
    )
    sparks = glitter(world, (world.geometry.base(0.02), world.geometry.base(0.30)), depth=0.20)
    return Painted(behind, (_dune(world),), tuple(lamps), swarms=(sparks,))


def _island(world: World) -> Layer:
    g = world.geometry
    canvas = stretch(g)
    line = np.clip(ridge(world.rng, g.period, waves=2, roughness=0.5) - 0.5, 0, 1)
    crest = g.base(0) + 3 - line * 0.30 * g.unit
    land(world, canvas, crest, (world.lit((0.34, 0.48, 0.40), 0.08), world.lit((0.40, 0.52, 0.42), 0.14)))
    return layer_of(finish(world, canvas, 0.06, mist=0.55, edge=0.8), 0.06)


def _sea(world: World) -> Layer:
    g, light = world.geometry, world.light
    canvas = stretch(g)
    far = mix(world.lit(_SEA, 0.55, 0.85), light.sky[2], 0.22)
    water(world, canvas, (int(g.base(0)), int(g.base(0.60))), (far, world.lit(_SHALLOW, 0.9)))
    veil(canvas, (g.base(0), g.base(0.05)), light.haze, (0.45, 0.0))
    return layer_of(canvas, 0.20, drift=0.010 * g.width)


def _boats(world: World, lamps: list[Lamp]) -> Layer:
    """Sails far out, each on its own stretch of water; a lantern at the mast when it is dark."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    depth = 0.16
    hull: Colour = (0.46, 0.26, 0.20)
    for across in (float(rng.uniform(0.16, 0.34)), float(rng.uniform(0.66, 0.84)), 1.3):
        high, x = g.unit * float(rng.uniform(0.065, 0.115)), world.x(across)
        foot = g.base(0.03 + 0.08 * high / (0.11 * g.unit))
        lean, side = 0.04 * high, float(rng.choice((-1.0, 1.0)))
        fill(
            canvas,
            [
                (x - 0.30 * high, foot - 0.12 * high),
                (x + 0.32 * high, foot - 0.14 * high),
                (x + 0.22 * high, foot),
                (x - 0.22 * high, foot),
            ],
            world.lit(hull, 0.4),
        )
        mast = np.array([x + lean, foot - high])
        main = np.array([mast, [x + side * 0.40 * high, foot - 0.20 * high], [x + side * 0.02 * high, foot - 0.18 * high]])
        jib = np.array([mast, [x - side * 0.30 * high, foot - 0.18 * high], [x - side * 0.03 * high, foot - 0.20 * high]])
        fill(canvas, main, world.lit((0.98, 0.95, 0.88), 0.5), world.lit((0.98, 0.92, 0.84), 0.5, 0.9))
        fill(canvas, jib, world.lit((0.92, 0.46, 0.36) if rng.random() < 0.5 else (0.94, 0.92, 0.88), 0.5, 0.9))
        ripple = np.array(
            [
                [x - 0.4 * high, foot + 0.03 * high],
                [x + 0.4 * high, foot + 0.03 * high],
                [x + 0.2 * high, foot + 0.12 * high],
                [x - 0.2 * high, foot + 0.12 * high],
            ]
        )
        fill(canvas, ripple, mix(world.lit(_SEA, 0.5), world.lit(hull, 0.4), 0.4))
        if world.light.lamps > 0.9:
            lamps.append(Lamp(x + lean, foot - 0.9 * high, depth, 0.055 * g.unit, _WARM, 1.3))
            dots(canvas, np.array([[x + lean, foot - 0.9 * high]]), np.array([max(1.0, 0.05 * high)]), (1.0, 0.9, 0.66))
    return layer_of(canvas, depth, bob=0.003 * g.unit, pace=1.1)


def _sand(world: World) -> Layer:
    """Sand with wind ripples, wet and shining where the waves reach."""
    g, rng, light = world.geometry, world.rng, world.light
    canvas = floor(world, _SAND, far=(0.86, 0.74, 0.55), grain=0.09)
    top = int(g.base(0.36))
    canvas.alpha[:top] = 0
    canvas.rgb[:top] = 0
    rows = np.arange(top, g.rows, dtype=np.float32)[:, None]
    d = (rows - g.base(0)) / (g.feet - g.horizon)
    warp = cloudy(rng, (g.period, g.rows - top), cells=(6, 6), octaves=3)
    lines = np.sin(26 * np.log(np.maximum(d, 0.2)) * 2.2 + 9 * warp)
    soft = np.clip(warp * 2 - 0.7, 0, 1) * np.clip((d - 0.62) * 4, 0, 1)
    over(canvas, (np.clip(lines, 0, 1) * soft * 70).astype(np.uint8), (0, top), world.lit(_SAND, 1.0, 0.70))
    over(canvas, (np.clip(-lines, 0, 1) * soft * 60).astype(np.uint8), (0, top), world.lit((1.0, 0.93, 0.78), 1.0, 1.06))
    wet = np.clip((0.72 - d + 0.05 * (warp - 0.5)) * 7, 0, 1)
    over(canvas, (wet * 165 * np.ones_like(warp)).astype(np.uint8), (0, top), mix(world.lit((0.62, 0.50, 0.37), 0.8), light.sky[1], 0.30))
    if light.cold and light.sun_size:
        shine(canvas, (world.x(0.5 + light.sun[0]), g.base(0.58)), (0.24 * g.unit, 0.26 * (g.feet - g.horizon)), light.sun_colour, 0.42)
    return layer_of(canvas, 1.0, ground=True)


def _shells(world: World, strip: tuple[Canvas, Rows, float]) -> None:
    """Pebbles, shells and stars on the sand."""
    (canvas, rows, share), g, rng = strip, world.geometry, world.rng
    pebbles(world, canvas, (0.96, 0.88, 0.80), rows=rows, count=round(46 * share))
    for _ in range(round(8 * share)):
        _shell(world, canvas, at=(float(rng.uniform(0, g.period)), float(rng.uniform(max(0.80, rows[0]), min(1.38, rows[1])))))


def _shell(world: World, canvas: Canvas, *, at: tuple[float, float]) -> None:
    """A star or a scallop on the sand."""
    g, rng = world.geometry, world.rng
    x, depth = at
    y, r = g.base(depth), 0.014 * g.unit * depth
    turn = float(rng.uniform(0, 6.28))
    if rng.random() < 0.5:
        angle = turn + np.arange(10) * math.pi / 5
        reach = np.where(np.arange(10) % 2, 0.42, 1.0).astype(np.float64) * r
        shape, colour = np.stack([x + np.cos(angle) * reach, y + 0.62 * np.sin(angle) * reach], axis=1), (0.93, 0.46, 0.32)
    else:
        angle = turn + np.linspace(-1.2, 1.2, 9)
        reach = r * (1 - 0.08 * (np.arange(9) % 2)).astype(np.float64)
        fan = np.stack([x + np.cos(angle) * reach, y + 0.62 * np.sin(angle) * reach], axis=1)
        shape, colour = np.concatenate([fan, [[x - math.cos(turn) * 0.3 * r, y - 0.62 * math.sin(turn) * 0.3 * r]]]), (0.98, 0.80, 0.74)
    fill(canvas, shape + np.array([0.12, 0.22]) * r, world.lit(_SAND, 1.0, 0.55))
    fill(canvas, shape, world.lit(colour, 1.0, 1.05), world.lit(colour, 1.0, 0.84))


def _wave(world: World, depth: float, *, pace: float, bob: float) -> Layer:
    """One wave that runs up the sand and back: clear water, lace of foam, a bright edge."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    edge = (g.base(depth) + (ridge(rng, g.period, waves=3, octaves=4, roughness=0.45) - 0.5) * 0.045 * g.unit).astype(np.float64)
    back = g.base(depth - 0.16)
    columns = np.arange(g.period, dtype=np.float64)
    _ribbon(canvas, columns, (edge, edge + 0.012 * g.unit), world.lit((0.55, 0.43, 0.31), 0.9))
    _ribbon(canvas, columns, (np.full_like(edge, back), edge), world.lit(_SHALLOW, 0.9, 0.98), world.lit((0.66, 0.88, 0.84), 0.9))
    rows = np.clip((np.arange(g.rows) - back) / (0.6 * (g.base(depth) - back)), 0, 1)
    clear = np.repeat((rows * 232).astype(np.uint8)[:, None], g.period, axis=1)
    top = int(back) - 2
    bottom = int(edge.max() + 0.02 * g.unit)
    share = clear[top:bottom, :1].astype(np.float32) / 255
    canvas.rgb[top:bottom] = (canvas.rgb[top:bottom] * share[..., None]).astype(np.uint8)
    canvas.alpha[top:bottom] = (canvas.alpha[top:bottom] * share).astype(np.uint8)
    white = world.lit((0.98, 0.99, 0.99), 1.0, 1.05)
    lace(world, canvas, edge, reach=0.045 * g.unit, colour=white)
    _ribbon(canvas, columns, (edge - 0.0045 * g.unit, edge + 0.002 * g.unit), white)
    count = int(g.period / (0.008 * g.unit))
    x = rng.uniform(0, g.period, count)
    spots = np.stack([x, edge[x.astype(int)] + rng.normal(-0.002, 0.003, count) * g.unit], axis=1)
    dots(canvas, spots, 0.0042 * g.unit * rng.uniform(0.3, 1.0, count), white)
    return layer_of(canvas, depth, bob=bob * g.unit, pace=pace)


def _ribbon(canvas: Canvas, columns: Points, rows: tuple[npt.ArrayLike, npt.ArrayLike], colour: Colour, low: Colour | None = None) -> None:
    upper, lower = np.stack([columns, rows[0]], axis=1), np.stack([columns, rows[1]], axis=1)
    fill(canvas, np.concatenate([upper, [[columns[-1] + 1, upper[0, 1]], [columns[-1] + 1, lower[0, 1]]], lower[::-1]]), colour, low)


def _palms(world: World) -> Layer:
    """Palms that lean in from the sides, grass and stones about their feet."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    for across, lean, tall in ((-0.03, 1.0, 0.72), (0.10, 0.55, 0.50), (1.03, -1.0, 0.68), (1.36, -0.7, 0.6), (-0.30, 0.6, 0.62)):
        x, foot = world.x(across + float(rng.uniform(-0.03, 0.03))), g.base(0.80)
        high = g.unit * tall * float(rng.uniform(0.92, 1.08))
        t = np.linspace(0, 1, 16)
        spine = np.stack([x + lean * 0.24 * high * t**1.7, foot - high * t], axis=1)
        half = g.unit * (0.0125 - 0.005 * t + 0.012 * np.exp(-9 * t)) * (tall / 0.7)
        outline = np.concatenate([spine - np.stack([half, 0 * t], axis=1), (spine + np.stack([half, 0 * t], axis=1))[::-1]])
        fill(canvas, outline, world.lit((0.52, 0.39, 0.27), 0.8, 0.9), world.lit((0.44, 0.32, 0.22), 0.8, 0.8))
        for row in np.linspace(0.05, 0.95, 20):
            at = np.array([np.interp(row, t, spine[:, 0]), foot - high * row])
            wide = float(np.interp(row, t, half))
            stroke(
                canvas,
                at + np.array([[-1.0, 0.0], [0.0, 0.25], [1.0, 0.0]]) * wide,
                max(0.7, 0.16 * wide),
                world.lit((0.32, 0.23, 0.16), 0.8),
            )
        _fronds(world, canvas, spine[-1], reach=0.27 * high + 0.06 * g.unit)
        for aside in rng.uniform(-0.06, 0.06, 3):
            bush(
                world,
                canvas,
                Spot(x + float(aside) * g.unit, foot + 0.012 * g.unit, g.unit * float(rng.uniform(0.02, 0.04)), 0.85),
                leaf=(0.38, 0.52, 0.24),
            )
        boulder(world, canvas, Spot(x - lean * 0.07 * g.unit, foot + 0.015 * g.unit, 0.035 * g.unit, 0.85), rock=(0.60, 0.55, 0.50))
    return layer_of(finish(world, canvas, 0.80), 0.80)


def _fronds(world: World, canvas: Canvas, crown: Points, *, reach: float) -> None:
    """Feathered leaves that arch out and hang, the hindmost darkest, with coconuts under them."""
    rng, s = world.rng, np.linspace(0, 1, 17)
    angles = rng.permutation(np.linspace(-0.25, math.pi + 0.25, 13))
    for number, angle in enumerate(angles):
        long = reach * float(rng.uniform(0.82, 1.12))
        across, up = math.cos(angle) * long * s, math.sin(angle) * 0.62 * long * s - 0.62 * long * s**2.3
        spine = crown + np.stack([across, -up], axis=1)
        step = np.gradient(spine, axis=0)
        size = long * (0.26 * np.sin(np.pi * np.clip(0.10 + 0.88 * s, 0, 1)) + 0.02)[:, None]
        gain = 0.62 + 0.62 * number / len(angles)
        for sign, tone in ((-1.0, 0.82), (1.0, 1.1)):
            out = np.stack([-step[:, 1], step[:, 0]], axis=1) * sign
            out = out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6) * 0.55 + (0.0, 0.60)
            tips = spine + out * size + step * 1.4
            leaves = np.stack([spine[:-1], tips[:-1], spine[1:]], axis=1)
            fill_all(canvas, leaves, world.lit((0.22, 0.48, 0.22), 0.85, gain * tone))
        stroke(canvas, spine, max(0.7, 0.012 * long), world.lit((0.52, 0.62, 0.28), 0.85, gain))
    nuts = crown + np.array([[0.03, 0.07], [-0.05, 0.06], [0.0, 0.10]]) * reach
    dots(canvas, nuts, np.full(3, 0.050 * reach), world.lit((0.38, 0.26, 0.16), 0.85, 1.1), world.lit((0.38, 0.26, 0.16), 0.85, 0.6))


def _dune(world: World) -> Layer:
    """Beach grass in the lower corners, near and out of focus."""
    g = world.geometry
    canvas = stretch(g)
    blades(world, canvas, scale((0.60, 0.62, 0.34), 0.95), tall=0.24, count=210)
    finish(world, canvas, 1.0, edge=0.8)
    soften(canvas, 0.0026 * g.unit)
    return layer_of(canvas, 1.45)
