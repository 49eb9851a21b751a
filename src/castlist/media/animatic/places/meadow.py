"""A meadow: rolling hills, a lone tree, grass and flowers to the front."""

import numpy as np

from castlist.media.animatic.canvas import dots, fill_all, stretch
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.places.forest import plant
from castlist.media.animatic.places.world import Painted, World, clouds, ground, hills, sky
from castlist.media.animatic.planes import Colour
from castlist.media.animatic.words import Extra

_GRASS: Colour = (0.40, 0.62, 0.24)
_PETALS: tuple[Colour, ...] = ((0.98, 0.86, 0.30), (0.96, 0.96, 0.98), (0.93, 0.45, 0.58), (0.62, 0.50, 0.92))


def paint(world: World) -> Painted:
    behind = (
        sky(world),
        clouds(world, amount=0.55),
        hills(world, (0.36, 0.52, 0.42), 0.08, height=0.20, waves=2),
        hills(world, (0.38, 0.58, 0.30), 0.18, height=0.12, waves=3),
        ground(world, _GRASS, far=(0.50, 0.68, 0.30), grain=0.20),
        plant(world, 0.34, count=4, tall=0.34, clearing=0.10),
        flowers(world, 0.60, count=90, size=0.008, rows=(0.30, 0.75)),
        flowers(world, 0.92, count=70, size=0.013, rows=(0.78, 1.02)),
    )
    return Painted(behind, (grass(world, _GRASS),))


def flowers(world: World, depth: float, *, count: int, size: float, rows: tuple[float, float]) -> Layer:
    """Flowers strewn on the ground between two depths, glowing a little where that was asked for."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    for petal in _PETALS:
        x, d = rng.uniform(0, g.period, count), rng.uniform(*rows, count)
        y = g.base(0) + d * (g.feet - g.horizon)
        sizes = size * g.unit * (0.6 + 0.6 * rng.random(count)) * d / depth
        stems = [
            np.array([[a - 0.6, b], [a + 0.6, b], [a + 0.6, b + 2.6 * s], [a - 0.6, b + 2.6 * s]])
            for a, b, s in zip(x, y, sizes, strict=True)
        ]
        fill_all(canvas, stems, world.lit(_GRASS, depth, 0.6))
        gain = 1.5 if Extra.fireflies in world.extras or Extra.glow in world.extras else 1.0
        dots(canvas, np.stack([x, y], axis=1), np.maximum(0.8, sizes * 0.62), world.lit(petal, depth, gain))
        dots(canvas, np.stack([x, y], axis=1), np.maximum(0.5, sizes * 0.24), world.lit((0.99, 0.93, 0.60), depth, gain))
    return layer_of(canvas, depth)


def grass(world: World, albedo: Colour, *, tall: float = 0.11, count: int = 420) -> Layer:
    """Blades along the lower edge, before the characters."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    foot = g.margin + g.height * 1.04
    for gain in (0.42, 0.56, 0.72):
        x = rng.uniform(0, g.period, count // 3)
        aside = np.abs(x - g.period / 2) / (0.5 * g.width)
        high = tall * g.unit * rng.uniform(0.35, 1.0, count // 3) * np.clip(0.45 + 0.7 * aside, 0.4, 1.2)
        lean = rng.uniform(-0.5, 0.5, count // 3) * high
        wide = 0.0035 * g.unit
        blades = [np.array([[a - wide, foot], [a + b, foot - h], [a + wide, foot]]) for a, b, h in zip(x, lean, high, strict=True)]
        fill_all(canvas, blades, world.lit(albedo, 1.0, gain * 1.15), world.lit(albedo, 1.0, gain * 0.75))
    return layer_of(canvas, 1.5)
