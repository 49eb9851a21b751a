"""A beach: open sea with waves that move, an island, sand and palms."""

import numpy as np
import numpy.typing as npt

from castlist.media.animatic.canvas import Canvas, Points, dots, fill, fill_all, stamp, stretch, stroke, wash
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.noise import cloudy, ridge
from castlist.media.animatic.palette import mix
from castlist.media.animatic.places.world import Painted, World, clouds, ground, land, sky
from castlist.media.animatic.planes import Colour

_SEA: Colour = (0.12, 0.50, 0.66)
_SAND: Colour = (0.93, 0.82, 0.60)


def paint(world: World) -> Painted:
    behind = (
        sky(world),
        clouds(world, amount=0.50),
        _island(world),
        ground(world, _SAND, far=(0.90, 0.80, 0.60), grain=0.10),
        _sea(world),
        _surf(world, 0.44, pace=0.9, bob=0.012),
        _surf(world, 0.54, pace=0.7, bob=0.016),
        _palms(world),
    )
    return Painted(behind, (_shells(world),))


def _island(world: World) -> Layer:
    g = world.geometry
    canvas = stretch(g)
    line = np.clip(ridge(world.rng, g.period, waves=2, roughness=0.5) - 0.45, 0, 1)
    crest = g.base(0) + 3 - line * 0.22 * g.unit
    land(world, canvas, crest, (world.lit((0.34, 0.48, 0.40), 0.10), world.lit((0.40, 0.52, 0.42), 0.14)))
    return layer_of(canvas, 0.06)


def _sea(world: World) -> Layer:
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    top, bottom = int(g.base(0)), int(g.base(0.46))
    t = np.linspace(0, 1, bottom - top, dtype=np.float32)
    far, near = mix(world.lit(_SEA, 0.25), world.light.sky[2], 0.30), world.lit((0.24, 0.66, 0.72), 0.9)
    colours = np.array([mix(far, near, float(s)) for s in t], np.float32)
    wash(canvas, (colours * 255).astype(np.uint8)[:, None, :], (top, bottom))
    ripples = cloudy(rng, (g.period, bottom - top), cells=(22, 26), octaves=2)
    stamp(
        canvas,
        (np.clip(ripples - 0.56, 0, 1) * 420).clip(0, 120).astype(np.uint8),
        (0, top),
        mix(world.light.sky[2], (1.0, 1.0, 1.0), 0.25),
    )
    if world.light.sun_size:
        x = world.x(0.5 + world.light.sun[0])
        across = np.exp(-(((np.arange(g.period, dtype=np.float32) - x) / (0.07 * g.unit)) ** 2))
        glint = np.clip(ripples - 0.34, 0, 1) * across[None, :]
        stamp(canvas, (glint * 430).clip(0, 235).astype(np.uint8), (0, top), world.light.sun_colour)
    return layer_of(canvas, 0.24, drift=0.010 * g.width)


def _surf(world: World, depth: float, *, pace: float, bob: float) -> Layer:
    """One wave that runs up the sand and back: water, foam edge, wet sand before it."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    edge = g.base(depth) + (ridge(rng, g.period, waves=3, roughness=0.45) - 0.5) * 0.035 * g.unit
    thick = 0.016 * g.unit
    back = g.base(depth - 0.20)
    columns = np.arange(g.period, dtype=np.float64)
    _ribbon(canvas, columns, (edge + 0.4 * thick, edge + 1.5 * thick), world.lit((0.70, 0.58, 0.42), depth))
    _ribbon(canvas, columns, (np.full_like(edge, back), edge), world.lit((0.36, 0.72, 0.75), depth), world.lit((0.50, 0.80, 0.80), depth))
    _ribbon(canvas, columns, (edge - 0.55 * thick, edge + 0.5 * thick), world.lit((0.97, 0.98, 0.98), depth, 1.05))
    return layer_of(canvas, depth, bob=bob * g.unit, pace=pace)


def _ribbon(canvas: Canvas, columns: Points, rows: tuple[npt.ArrayLike, npt.ArrayLike], colour: Colour, low: Colour | None = None) -> None:
    upper, lower = np.stack([columns, rows[0]], axis=1), np.stack([columns, rows[1]], axis=1)
    fill(canvas, np.concatenate([upper, [[columns[-1] + 1, upper[0, 1]], [columns[-1] + 1, lower[0, 1]]], lower[::-1]]), colour, low)


def _palms(world: World) -> Layer:
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    for across, lean in ((-0.02, 1.0), (1.03, -1.0), (1.36, -0.7)):
        x, foot = world.x(across + float(rng.uniform(-0.03, 0.03))), g.base(0.74)
        high = g.unit * float(rng.uniform(0.62, 0.76))
        t = np.linspace(0, 1, 14)
        trunk = np.stack([x + lean * 0.16 * g.unit * t**1.7, foot - high * t], axis=1)
        stroke(canvas, trunk, 0.026 * g.unit, world.lit((0.50, 0.37, 0.25), 0.75, 0.9))
        stroke(canvas, trunk - (0.005 * g.unit * lean, 0), 0.009 * g.unit, world.lit((0.62, 0.47, 0.32), 0.75))
        _fronds(world, canvas, trunk[-1])
    return layer_of(canvas, 0.75)


def _fronds(world: World, canvas: Canvas, crown: Points) -> None:
    unit, rng = world.geometry.unit, world.rng
    for number, angle in enumerate(np.linspace(-0.3, np.pi + 0.3, 11)):
        reach = unit * float(rng.uniform(0.17, 0.23))
        s = np.linspace(0, 1, 12)
        spine = np.stack([crown[0] + np.cos(angle) * reach * s, crown[1] - np.sin(angle) * reach * 0.55 * s + 0.16 * unit * s**2.2], axis=1)
        width = 0.030 * unit * np.sin(np.pi * np.clip(s * 0.92 + 0.06, 0, 1))
        leaf = np.concatenate([spine - np.stack([0 * width, width], axis=1), (spine + np.stack([0 * width, 0.5 * width], axis=1))[::-1]])
        fill(canvas, leaf, world.lit((0.22, 0.48, 0.24), 0.8, 0.75 + 0.45 * (number % 2)))
    dots(
        canvas,
        np.array([crown + np.array([0.01, 0.012]) * unit, crown + np.array([-0.014, 0.010]) * unit]),
        np.array([0.013, 0.012]) * unit,
        world.lit((0.36, 0.24, 0.15), 0.8),
    )


def _shells(world: World) -> Layer:
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    x, y = rng.uniform(0, g.period, 26), g.margin + g.height * rng.uniform(0.95, 1.03, 26)
    dots(
        canvas,
        np.stack([x, y], axis=1),
        g.unit * rng.uniform(0.003, 0.008, 26),
        world.lit((0.96, 0.88, 0.80), 1.0),
        world.lit((0.82, 0.66, 0.58), 1.0),
    )
    tufts = []
    for a in np.concatenate([rng.uniform(-0.05, 0.10, 26), rng.uniform(0.90, 1.05, 26)]):
        foot, high = g.margin + g.height * 1.03, g.unit * rng.uniform(0.06, 0.16)
        tip = world.x(a) + rng.uniform(-0.6, 0.6) * high
        tufts.append(np.array([[world.x(a) - 2, foot], [tip, foot - high], [world.x(a) + 2, foot]]))
    fill_all(canvas, tufts, world.lit((0.52, 0.60, 0.30), 1.0, 0.8), world.lit((0.40, 0.46, 0.24), 1.0, 0.7))
    return layer_of(canvas, 1.45)
