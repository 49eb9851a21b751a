"""Space: stars and a nebula over a cratered ground, a ringed planet in the sky."""

import numpy as np

from castlist.media.animatic.canvas import Canvas, dots, fill, glow, stamp, stretch, stroke, wash
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.noise import cloudy
from castlist.media.animatic.places.mountains import drifts, peaks
from castlist.media.animatic.places.world import Painted, World, ground, specks
from castlist.media.animatic.planes import Colour
from castlist.media.animatic.words import Hour

_DUST: Colour = (0.62, 0.60, 0.70)


def paint(world: World) -> Painted:
    behind = (
        _heaven(world),
        _nebula(world),
        _planet(world),
        peaks(world, 0.12, height=0.16, caps=False, rock=(0.46, 0.42, 0.58)),
        ground(world, _DUST, far=(0.54, 0.50, 0.66), grain=0.24, light_spot=0.18),
        _craters(world),
        drifts(world, 0.40, _DUST, height=0.03),
    )
    return Painted(behind, (drifts(world, 1.55, (0.30, 0.28, 0.38), height=0.05),))


def _heaven(world: World) -> Layer:
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    bright = 0.0 if world.hour is Hour.night else 0.10
    t = np.linspace(0, 1, g.rows, dtype=np.float32)[:, None]
    column = (
        np.array((0.015 + bright, 0.015 + bright, 0.06 + bright)) * (1 - t) + np.array((0.10 + bright, 0.06 + bright, 0.22 + bright)) * t
    )
    wash(canvas, (column * 255).astype(np.uint8)[:, None, :], (0, g.rows))
    specks(canvas, rng, count=700, unit=g.unit, low=g.base(0), colour=(1.0, 0.98, 0.94))
    specks(canvas, rng, count=60, unit=2 * g.unit, low=g.base(0), colour=(0.86, 0.92, 1.0))
    return layer_of(canvas, 0.01)


def _nebula(world: World) -> Layer:
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    height = int(g.base(0))
    rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    for colour, offset in (((0.56, 0.22, 0.62), -0.1), ((0.16, 0.42, 0.70), 0.25), ((0.90, 0.46, 0.52), 0.05)):
        cloud = cloudy(rng, (g.period, height), cells=(4, 3), octaves=5)
        mask = np.clip(cloud - 0.48, 0, 1) * np.exp(-(((rows - offset) / 0.55) ** 2))
        stamp(canvas, (mask * 300).clip(0, 150).astype(np.uint8), (0, 0), colour)
    return layer_of(canvas, 0.02, drift=0.0015 * g.width)


def _planet(world: World) -> Layer:
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    side = -1 if rng.random() < 0.5 else 1
    x, y, r = world.x(0.5 + side * 0.27), g.margin + 0.36 * g.horizon, 0.125 * g.unit
    glow(canvas, (x, y), r * 2.2, (0.95, 0.72, 0.50), 0.35)
    _ring(canvas, (x, y, r), front=-1)
    dots(canvas, np.array([[x, y]]), np.array([r]), (0.96, 0.76, 0.52), (0.66, 0.36, 0.38))
    for band in (-0.45, -0.12, 0.22, 0.52):
        half = r * float(np.sqrt(1 - band**2)) * 0.97
        fill(
            canvas,
            [
                (x - half, y + band * r),
                (x + half, y + band * r),
                (x + half * 0.97, y + (band + 0.10) * r),
                (x - half * 0.97, y + (band + 0.10) * r),
            ],
            (0.84, 0.56, 0.42),
        )
    _ring(canvas, (x, y, r), front=1)
    small = (world.x(0.5 - side * 0.30), g.margin + 0.22 * g.horizon)
    dots(canvas, np.array([small]), np.array([0.035 * g.unit]), (0.60, 0.78, 0.86), (0.28, 0.40, 0.58))
    return layer_of(canvas, 0.035)


def _ring(canvas: Canvas, planet: tuple[float, float, float], *, front: int) -> None:
    x, y, r = planet
    t = np.linspace(0, np.pi, 40)
    for reach, colour in ((1.95, (0.86, 0.74, 0.66)), (1.70, (0.70, 0.56, 0.56))):
        line = np.stack([x + reach * r * np.cos(t), y + front * reach * r * 0.22 * np.sin(t) - 0.12 * reach * r * np.cos(t)], axis=1)
        stroke(canvas, line, 0.10 * r, colour)


def _craters(world: World) -> Layer:
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    angle = np.linspace(0, 2 * np.pi, 28)
    for _ in range(15):
        depth, x = float(rng.uniform(0.25, 0.95)), float(rng.uniform(0, g.period))
        r = 0.075 * g.unit * depth * float(rng.uniform(0.4, 1.3))
        ring = np.stack([x + np.cos(angle) * r, g.base(depth) + np.sin(angle) * r * 0.28], axis=1)
        fill(canvas, ring, world.lit(_DUST, depth, 1.12))
        fill(
            canvas,
            (ring - (x, g.base(depth))) * (0.88, 0.80) + (x, g.base(depth) + 0.02 * r),
            world.lit(_DUST, depth, 0.55),
            world.lit(_DUST, depth, 0.86),
        )
    return layer_of(canvas, 1.0, ground=True)
