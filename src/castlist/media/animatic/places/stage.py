"""A neutral stage for when the prompt names no place: soft light on a seamless backdrop."""

import numpy as np

from castlist.media.animatic.canvas import dots, glow, stretch, wash
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.palette import mix
from castlist.media.animatic.places.world import Painted, World, ground
from castlist.media.animatic.planes import Colour


def paint(world: World) -> Painted:
    tints: tuple[Colour, ...] = ((0.74, 0.84, 0.88), (0.90, 0.82, 0.76), (0.80, 0.80, 0.92), (0.80, 0.88, 0.78))
    tint = tints[int(world.rng.integers(len(tints)))]
    behind = (
        _wall(world, tint),
        _discs(world, tint, depth=0.08, count=9, size=0.20),
        _discs(world, tint, depth=0.20, count=11, size=0.10),
        ground(world, mix(tint, (1.0, 1.0, 1.0), 0.15), far=mix(tint, (1.0, 1.0, 1.0), 0.3), grain=0.02, light_spot=0.16),
    )
    return Painted(behind, (_discs(world, tint, depth=1.5, count=7, size=0.07),))


def _wall(world: World, tint: Colour) -> Layer:
    g = world.geometry
    canvas = stretch(g)
    t = np.linspace(0, 1, g.rows, dtype=np.float32)
    top, low = world.lit(tint, 0.6, 0.78), world.lit(mix(tint, (1.0, 1.0, 1.0), 0.35), 0.6)
    wash(canvas, (np.array([mix(top, low, float(s)) for s in t], np.float32) * 255).astype(np.uint8)[:, None, :], (0, g.rows))
    glow(canvas, (g.period / 2, g.base(0) - 0.12 * g.unit), 0.75 * g.unit, world.lit((1.0, 0.99, 0.95), 0.8), 0.75)
    return layer_of(canvas, 0.03)


def _discs(world: World, tint: Colour, *, depth: float, count: int, size: float) -> Layer:
    share, low = 0.14 + 0.11 * min(depth, 1.5), depth > 1
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    for x in (np.arange(count) + rng.uniform(-0.4, 0.4, count)) * g.period / count:
        y = g.margin + g.height * 1.03 if low else g.margin + g.horizon * rng.uniform(0.05, 0.85)
        radius = size * g.unit * rng.uniform(0.4, 1.0)
        dots(
            canvas,
            np.array([[x, y]]),
            np.array([radius]),
            mix(world.lit(tint, 0.8), world.lit((1.0, 1.0, 1.0), 0.9), share),
            mix(world.lit(tint, 0.8), world.lit(tint, 0.9, 0.9), share),
        )
    return layer_of(canvas, depth)
