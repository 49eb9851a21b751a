"""People far off: simple shapes with a head, a coat and something to carry."""

import numpy as np

from castlist.media.animatic.canvas import Canvas, dots, fill, stretch
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.palette import mix
from castlist.media.animatic.places.brush import oval
from castlist.media.animatic.places.world import World
from castlist.media.animatic.planes import Colour

_COATS: tuple[Colour, ...] = (
    (0.70, 0.34, 0.30),
    (0.28, 0.44, 0.54),
    (0.82, 0.64, 0.34),
    (0.44, 0.36, 0.52),
    (0.36, 0.48, 0.38),
    (0.80, 0.74, 0.68),
)
_SKIN: tuple[Colour, ...] = ((0.86, 0.66, 0.52), (0.58, 0.40, 0.30), (0.72, 0.52, 0.40))
_HAIR: tuple[Colour, ...] = ((0.24, 0.18, 0.16), (0.46, 0.30, 0.20), (0.74, 0.68, 0.62))


def crowd(world: World, depth: float, *, count: int, drift: float) -> Layer:
    """A row of people at a depth who stroll one way; drift in frame widths a second."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    places = (np.arange(count) + rng.uniform(-0.42, 0.42, count)) * g.period / count
    for x in places:
        near = depth * float(rng.uniform(0.94, 1.06))
        person(world, canvas, (float(x), g.base(near), 0.52 * near * g.unit * float(rng.uniform(0.86, 1.08))), depth=near)
    return layer_of(canvas, depth, drift=drift * g.width, bob=0.0024 * g.unit, pace=5.2)


def person(world: World, canvas: Canvas, spot: tuple[float, float, float], *, depth: float, seated: float = 0.0) -> None:
    """One person whose feet are at a spot (x, row, height); seated hides that share of the legs."""
    rng = world.rng
    x, foot, tall = spot
    coat = mix(_COATS[int(rng.integers(len(_COATS)))], (0.34, 0.32, 0.38), 0.35)
    skin, hair = _SKIN[int(rng.integers(3))], _HAIR[int(rng.integers(3))]
    wide = tall * float(rng.uniform(0.13, 0.17))
    low = foot - seated * tall
    if not seated:
        for side in (-1, 1):
            leg = x + side * wide * 0.42
            fill(canvas, _bar(leg, foot - 0.34 * tall, foot, wide * 0.32), world.lit((0.26, 0.25, 0.30), depth, 0.9))
    hem = low if seated else foot - float(rng.uniform(0.14, 0.30)) * tall
    flare = float(rng.uniform(0.9, 1.35))
    body = [
        (x - wide * flare, hem),
        (x - wide, foot - 0.70 * tall),
        (x - wide * 0.62, foot - 0.80 * tall),
        (x + wide * 0.62, foot - 0.80 * tall),
    ]
    fill(
        canvas, [*body, (x + wide, foot - 0.70 * tall), (x + wide * flare, hem)], world.lit(coat, depth, 1.05), world.lit(coat, depth, 0.72)
    )
    head = (x, foot - 0.885 * tall)
    dots(canvas, np.array([[x, head[1]]]), np.array([0.082 * tall]), world.lit(skin, depth))
    fill(canvas, oval((x, head[1] - 0.012 * tall), (0.088 * tall, 0.088 * tall), span=(np.pi * 0.95, np.pi * 2.05)), world.lit(hair, depth))
    if rng.random() < 0.3:
        fill(canvas, oval((x, head[1] - 0.035 * tall), (0.14 * tall, 0.030 * tall)), world.lit(mix(coat, (0.9, 0.8, 0.6), 0.5), depth))
    elif rng.random() < 0.4 and not seated:
        side = -1 if rng.random() < 0.5 else 1
        fill(canvas, _bar(x + side * wide * 1.3, foot - 0.40 * tall, foot - 0.26 * tall, wide * 0.8), world.lit((0.62, 0.46, 0.30), depth))


def _bar(x: float, top: float, foot: float, wide: float) -> list[tuple[float, float]]:
    return [(x - wide / 2, top), (x + wide / 2, top), (x + wide / 2, foot), (x - wide / 2, foot)]
