"""A forest: trunks in three depths under a canopy, ferns at the feet."""

import numpy as np

from castlist.media.animatic.canvas import Canvas, dots, fill, stretch, stroke
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.places.world import Painted, World, clouds, ground, hills, sky
from castlist.media.animatic.planes import Colour

_BARK: Colour = (0.36, 0.26, 0.19)
_LEAF: Colour = (0.24, 0.44, 0.20)
_MOSS: Colour = (0.30, 0.42, 0.18)


def paint(world: World) -> Painted:
    behind = (
        sky(world),
        clouds(world, amount=0.35),
        hills(world, (0.22, 0.36, 0.24), 0.10, height=0.34, waves=3),
        plant(world, 0.22, count=16, tall=0.62),
        ground(world, _MOSS, far=(0.26, 0.40, 0.20), grain=0.26),
        plant(world, 0.42, count=9, tall=0.95),
        plant(world, 0.72, count=4, tall=1.5, clearing=0.30),
    )
    return Painted(behind, (_ferns(world),))


def plant(world: World, depth: float, *, count: int, tall: float, clearing: float = 0.0) -> Layer:
    """Trees of one height at a depth, none in the middle where the clearing is."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    spots = (np.arange(count) + rng.uniform(-0.32, 0.32, count)) * g.period / count
    for x in spots:
        if abs(x - g.period / 2) < clearing * g.width:
            continue
        _tree(world, canvas, x=float(x), depth=depth, tall=tall * float(rng.uniform(0.82, 1.15)))
    return layer_of(canvas, depth)


def _tree(world: World, canvas: Canvas, *, x: float, depth: float, tall: float) -> None:
    g, rng = world.geometry, world.rng
    foot = g.base(depth)
    height = tall * g.unit
    width = height * float(rng.uniform(0.055, 0.085))
    lean = float(rng.uniform(-0.05, 0.05)) * height
    top = foot - height * 0.92
    trunk = [(x - width, foot), (x - width * 0.55, foot - height * 0.12), (x + lean - width * 0.34, top), (x + lean + width * 0.34, top)]
    trunk += [(x + width * 0.55, foot - height * 0.12), (x + width * 1.1, foot)]
    fill(canvas, trunk, world.lit(_BARK, depth, 0.85), world.lit(_BARK, depth, 0.62))
    edge = -1 if world.light.sun[0] < 0 else 1
    lit = [(x + edge * width * 0.42, foot - height * 0.1), (x + lean + edge * width * 0.26, top)]
    stroke(canvas, lit, max(1.0, width * 0.22), world.lit(_BARK, depth, 1.35))
    crown = foot - height * 0.80
    spread = height * 0.24
    for layer, (gain, size) in enumerate(((0.62, 1.0), (0.85, 0.86), (1.15, 0.62), (1.45, 0.34))):
        n = 26 - 4 * layer
        angle = rng.uniform(0, 2 * np.pi, n)
        reach = np.sqrt(rng.random(n)) * spread * size
        cx = x + lean + np.cos(angle) * reach * 1.15 + edge * layer * spread * 0.08
        cy = crown + np.sin(angle) * reach * 0.82 - layer * spread * 0.10
        radii = spread * rng.uniform(0.16, 0.30, n) * size
        dots(canvas, np.stack([cx, cy], axis=1), radii, world.lit(_LEAF, depth, gain), world.lit(_LEAF, depth, gain * 0.82))


def _ferns(world: World) -> Layer:
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    depth = 1.55
    for x in np.linspace(0, g.period, 13, endpoint=False) + rng.uniform(-30, 30, 13):
        if abs(x - g.period / 2) < 0.30 * g.width:
            continue
        foot = g.margin + g.height * 1.06
        for _ in range(9):
            tip = (x + rng.uniform(-0.11, 0.11) * g.unit, foot - rng.uniform(0.10, 0.20) * g.unit)
            bend = (x + (tip[0] - x) * 0.3, foot - (foot - tip[1]) * 0.75)
            wide = 0.008 * g.unit
            fill(
                canvas,
                [(x - wide, foot), (bend[0] - wide, bend[1]), tip, (bend[0] + wide, bend[1]), (x + wide, foot)],
                world.lit(_LEAF, 1.0, 0.42),
            )
    return layer_of(canvas, depth)
