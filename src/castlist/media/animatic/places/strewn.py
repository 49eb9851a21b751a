"""What is on the ground, in strips that keep their shape: the plane itself leans as the camera goes by, what stands there must not."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeAlias

from castlist.media.animatic.canvas import Canvas, stretch
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.places.world import World

Rows: TypeAlias = tuple[float, float]
Scatter: TypeAlias = Callable[[Canvas, Rows, float], None]

NEAR = (0.68, 0.90, 1.12, 1.45)
"""Depths where strips about the cast meet; the cast stands in the middle of one, so that nothing slides under its feet."""


def strewn(world: World, edges: Sequence[float], scatter: Scatter) -> tuple[Layer, ...]:
    """A layer for each strip between two depths. scatter paints a strip: its canvas, its depths, its share of all that is strewn."""
    whole = edges[-1] - edges[0]
    strips = []
    for rows in pairwise(edges):
        canvas = stretch(world.geometry)
        scatter(canvas, rows, (rows[1] - rows[0]) / whole)
        strips.append(layer_of(canvas, (rows[0] + rows[1]) / 2))
    return tuple(strips)
