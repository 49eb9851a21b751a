"""Market stalls: an awning, a counter, somebody behind it and what they sell."""

import numpy as np

from castlist.media.animatic.canvas import Canvas, dots, fill, stroke
from castlist.media.animatic.palette import mix
from castlist.media.animatic.places.brush import box, oval, shine
from castlist.media.animatic.places.paving import dusted
from castlist.media.animatic.places.people import person
from castlist.media.animatic.places.world import World
from castlist.media.animatic.planes import Colour

CLOTH: tuple[Colour, ...] = (
    (0.84, 0.26, 0.24),
    (0.16, 0.50, 0.56),
    (0.92, 0.66, 0.22),
    (0.48, 0.30, 0.58),
    (0.28, 0.54, 0.36),
    (0.90, 0.46, 0.40),
)
GOODS: tuple[Colour, ...] = (
    (0.94, 0.48, 0.18),
    (0.84, 0.18, 0.22),
    (0.96, 0.80, 0.30),
    (0.50, 0.68, 0.28),
    (0.56, 0.32, 0.54),
    (0.94, 0.70, 0.60),
)
GLOW: Colour = (1.0, 0.74, 0.38)
_CREAM: Colour = (0.97, 0.92, 0.82)
_WOOD: Colour = (0.56, 0.40, 0.28)


def stall(world: World, canvas: Canvas, spot: tuple[float, float, float], *, depth: float) -> None:
    """A stall whose counter stands at a spot (x, row, width)."""
    g, rng = world.geometry, world.rng
    x, foot, wide = spot
    u, half, lamps = g.unit, wide / 2, world.light.lamps
    high, counter = 0.345 * u, foot - 0.125 * u
    inside = mix(world.lit((0.40, 0.30, 0.26), depth, 0.8), (0.44, 0.25, 0.14), 0.6 * lamps)
    box(canvas, (x - half * 0.9, foot - high, wide * 0.9, high), mix(inside, (0.05, 0.04, 0.06), 0.25), inside)
    _shelf(world, canvas, (x, foot - 0.235 * u, half * 0.84), depth=depth)
    if rng.random() < 0.85:
        aside = x + half * float(rng.uniform(-0.35, 0.35))
        person(world, canvas, (aside, foot, 0.245 * u), depth=depth, seated=0.42)
    if lamps > 0.2:
        shine(canvas, (x, foot - 0.27 * u), (half * 1.1, 0.20 * u), GLOW, 0.62 * lamps)
        dots(canvas, np.array([[x, foot - 0.285 * u]]), np.array([0.011 * u]), (1.0, 0.93, 0.74))
    for side in (-0.92, 0.92):
        stroke(canvas, [(x + side * half, foot), (x + side * half, foot - high)], 0.013 * u, world.lit(_WOOD, depth, 0.72))
    _counter(world, canvas, (x, counter, foot, half), depth=depth)
    _wares(world, canvas, (x, counter, half), depth=depth)
    _awning(world, canvas, (x, foot - high, half * 1.14), depth=depth)


def _shelf(world: World, canvas: Canvas, spot: tuple[float, float, float], *, depth: float) -> None:
    """Jars and bowls on a board at the back."""
    x, y, half = spot
    u, rng = world.geometry.unit, world.rng
    box(canvas, (x - half, y, 2 * half, 0.008 * u), world.lit(_WOOD, depth, 0.7))
    for jar in np.arange(x - half * 0.92, x + half * 0.9, 0.027 * u):
        tall, wide = u * float(rng.uniform(0.014, 0.034)), u * float(rng.uniform(0.014, 0.020))
        colour = mix(GOODS[int(rng.integers(6))], (0.5, 0.4, 0.35), 0.45)
        box(canvas, (float(jar), y - tall, wide, tall), world.lit(colour, depth, 0.85), world.lit(colour, depth, 0.6))


def _counter(world: World, canvas: Canvas, spot: tuple[float, float, float, float], *, depth: float) -> None:
    x, top, foot, half = spot
    u, rng = world.geometry.unit, world.rng
    board = mix(_WOOD, CLOTH[int(rng.integers(6))], 0.55 if rng.random() < 0.5 else 0.0)
    front = [(x - half, top), (x + half, top), (x + half * 0.97, foot), (x - half * 0.97, foot)]
    fill(canvas, front, world.lit(board, depth, 1.0), world.lit(board, depth, 0.62))
    for plank in np.linspace(-0.72, 0.72, 5):
        stroke(canvas, [(x + plank * half, top + 0.012 * u), (x + plank * half * 0.97, foot)], 0.004 * u, world.lit(board, depth, 0.58))
    box(canvas, (x - half * 1.04, top - 0.006 * u, 2.08 * half, 0.018 * u), world.lit(_WOOD, depth, 1.15), world.lit(_WOOD, depth, 0.8))


def _wares(world: World, canvas: Canvas, spot: tuple[float, float, float], *, depth: float) -> None:
    """Slanted boxes of fruit, jugs, or bunches of flowers."""
    x, top, half = spot
    u, rng = world.geometry.unit, world.rng
    kinds = (_fruit, _jugs, _bunches)
    kind = kinds[int(rng.integers(3))]
    for number in range(4):
        kind(world, canvas, (x + half * (-0.75 + 0.5 * number), top - 0.004 * u, half * 0.225), depth=depth)


def _fruit(world: World, canvas: Canvas, spot: tuple[float, float, float], *, depth: float) -> None:
    x, y, half = spot
    u, rng = world.geometry.unit, world.rng
    colour = GOODS[int(rng.integers(6))]
    crate = [(x - half, y - 0.020 * u), (x + half, y - 0.020 * u), (x + half * 0.94, y + 0.012 * u), (x - half * 0.94, y + 0.012 * u)]
    for row, count in ((0.018, 5), (0.030, 4), (0.041, 2)):
        line = np.linspace(-0.8, 0.8, count) * half * count / 5
        spots = np.stack([x + line + rng.uniform(-0.05, 0.05, count) * half, np.full(count, y - row * u)], axis=1)
        dots(canvas, spots, np.full(count, 0.0125 * u), world.lit(colour, depth, 1.18), world.lit(colour, depth, 0.80))
    fill(canvas, crate, world.lit(_WOOD, depth, 1.1), world.lit(_WOOD, depth, 0.75))


def _jugs(world: World, canvas: Canvas, spot: tuple[float, float, float], *, depth: float) -> None:
    x, y, half = spot
    u, rng = world.geometry.unit, world.rng
    for side in (-0.5, 0.5):
        clay = mix((0.76, 0.44, 0.30), CLOTH[int(rng.integers(6))], float(rng.uniform(0.1, 0.8)))
        r = u * float(rng.uniform(0.017, 0.024))
        at = x + side * half * 1.1
        bright, dark = world.lit(clay, depth, 1.15), world.lit(clay, depth, 0.66)
        box(canvas, (at - r * 0.45, y - 3.1 * r, r * 0.9, 1.6 * r), bright, dark)
        fill(canvas, oval((at, y - 1.1 * r), (r, 1.2 * r)), bright, dark)
        fill(canvas, oval((at, y - 3.1 * r), (r * 0.66, r * 0.22)), bright)


def _bunches(world: World, canvas: Canvas, spot: tuple[float, float, float], *, depth: float) -> None:
    x, y, half = spot
    u, rng = world.geometry.unit, world.rng
    box(
        canvas,
        (x - half * 0.6, y - 0.026 * u, half * 1.2, 0.028 * u),
        world.lit((0.60, 0.64, 0.66), depth),
        world.lit((0.44, 0.46, 0.50), depth, 0.8),
    )
    for colour, count, size in (((0.30, 0.48, 0.28), 12, 0.012), (GOODS[int(rng.integers(6))], 10, 0.0085), (_CREAM, 4, 0.006)):
        angle, far = rng.uniform(np.pi * 1.05, np.pi * 1.95, count), np.sqrt(rng.random(count))
        spots = np.stack([x + np.cos(angle) * far * half * 1.05, y - 0.024 * u + np.sin(angle) * far * 0.040 * u], axis=1)
        dots(canvas, spots, np.full(count, size * u), world.lit(colour, depth, 1.15), world.lit(colour, depth, 0.8))


def _awning(world: World, canvas: Canvas, spot: tuple[float, float, float], *, depth: float) -> None:
    """Striped cloth with a scalloped hem, brighter on its ridge, and the shade it throws below."""
    x, y, half = spot
    u, rng = world.geometry.unit, world.rng
    cloth = dusted(world, CLOTH[int(rng.integers(6))], 0.35)
    stripes = int(rng.integers(7, 11))
    step = 2 * half / stripes
    glow = 0.14 * world.light.lamps
    shade = [(x - half * 0.88, y), (x + half * 0.88, y), (x + half * 0.88, y + 0.075 * u), (x - half * 0.88, y + 0.075 * u)]
    fill(canvas, shade, mix(world.lit((0.20, 0.15, 0.16), depth, 0.7), GLOW, 0.35 * world.light.lamps))
    for stripe in range(stripes):
        colour = cloth if stripe % 2 == 0 else _CREAM
        bright, dark = world.lit(colour, depth, 1.12), mix(world.lit(colour, depth, 0.80), (1.0, 0.62, 0.30), glow)
        left = x - half + stripe * step
        lean = [x + (edge - x) * 0.80 for edge in (left, left + step)]
        turn = np.linspace(0, np.pi, 8)
        drop = [(left + step * (0.5 + 0.5 * float(np.cos(a))), y + 0.030 * u + 0.020 * u * float(np.sin(a))) for a in turn]
        fill(
            canvas, [(lean[0], y - 0.075 * u), (lean[1], y - 0.075 * u), (left + step, y + 0.012 * u), (left, y + 0.012 * u)], bright, dark
        )
        fill(canvas, [(left, y + 0.011 * u), (left + step, y + 0.011 * u), *drop], mix(dark, (0.1, 0.08, 0.1), 0.12), dark)
