"""Where a layer has paint, and where nothing shines through it, as a few boxes: what is empty or opaque costs little to draw."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from castlist.media.animatic.planes import Plane

SIDE = 24
_EDGE = 4
_CALLS = 28.0
"""What drawing one box more costs, in tiles of mixed paint (measured)."""
_OPAQUE = 0.7
"""What an opaque tile saves of the cost of a mixed one; an empty one saves all of it."""

_PIECE = _CALLS * SIDE * SIDE
"""The same in pixels of a frame, for one piece more."""

Mask: TypeAlias = NDArray[np.bool_]
Bounds: TypeAlias = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a texture, in its pixels; solid where nothing shines through any pixel of it or next to it."""

    left: int
    top: int
    right: int
    bottom: int
    solid: bool


def boxes(alpha: Plane, *, first: int = 0) -> tuple[Box, ...]:
    """Boxes that hold all paint of a texture that repeats sideways, its rows counted from `first`; no two overlap."""
    empty, solid = _pooled(alpha, np.maximum) == 0, _pooled(alpha, np.minimum) == 255
    rows, columns = alpha.shape
    return tuple(
        Box(
            left=left * SIDE,
            top=first + top * SIDE,
            right=min(columns, right * SIDE),
            bottom=first + min(rows, bottom * SIDE),
            solid=bool(solid[top:bottom, left:right].all()),
        )
        for left, top, right, bottom in _divided(empty, solid, (0, 0, empty.shape[1], empty.shape[0]))
    )


def visible(part: Bounds, hidden: Sequence[Bounds]) -> list[Bounds]:
    """A part of a frame (left, top, right, bottom) without what is hidden, where leaving it out saves more than drawing in pieces costs."""
    parts = [part]
    for one in hidden:
        parts = [rest for each in parts for rest in _without(each, one)]
    return parts


def _without(part: Bounds, hidden: Bounds) -> list[Bounds]:
    inner = max(part[0], hidden[0]), max(part[1], hidden[1]), min(part[2], hidden[2]), min(part[3], hidden[3])
    if inner[2] <= inner[0] or inner[3] <= inner[1]:
        return [part]
    rests = min(_beside(part, inner), _above(part, inner), key=len)
    return rests if _area(inner) > (len(rests) - 1) * _PIECE else [part]


def _pooled(alpha: Plane, most: np.ufunc) -> Plane:
    """The least or the greatest alpha in and just around each tile."""
    rows, columns = alpha.shape
    strips = np.stack([most.reduce(alpha[max(0, top - _EDGE) : top + SIDE + _EDGE], axis=0) for top in range(0, rows, SIDE)])
    around = np.concatenate([strips[:, -_EDGE:], strips, strips[:, :_EDGE]], axis=1)
    return np.stack([most.reduce(around[:, left : left + SIDE + 2 * _EDGE], axis=1) for left in range(0, columns, SIDE)], axis=1)


def _divided(empty: Mask, solid: Mask, rect: Bounds) -> list[Bounds]:
    """A rectangle of tiles without its empty margins, and cut around what is empty or opaque in it where that pays."""
    trimmed = _trimmed(empty, rect)
    if trimmed is None:
        return []
    left, top, right, bottom = trimmed
    if solid[top:bottom, left:right].all():
        return [trimmed]
    hole, opaque = (_largest(mask[top:bottom, left:right]) for mask in (empty, solid))
    best, part, mask = float(_area(hole)), hole, empty
    if _OPAQUE * _area(opaque) > best:
        best, part, mask = _OPAQUE * _area(opaque), opaque, solid
    if best <= _CALLS:
        return [trimmed]
    inner = (part[0] + left, part[1] + top, part[2] + left, part[3] + top)
    ways = [[one for one in (_trimmed(empty, rest) for rest in way) if one] for way in (_beside(trimmed, inner), _above(trimmed, inner))]
    rests = min(ways, key=lambda way: len(way) * _CALLS + sum(map(_area, way)))
    more = len(rests) + (mask is solid) - 1
    if best <= more * _CALLS:
        return [trimmed]
    own = [inner] if mask is solid else []
    return own + [one for rest in rests for one in _divided(empty, solid, rest)]


def _trimmed(empty: Mask, rect: Bounds) -> Bounds | None:
    left, top, right, bottom = rect
    painted = ~empty[top:bottom, left:right]
    rows, columns = np.flatnonzero(painted.any(axis=1)), np.flatnonzero(painted.any(axis=0))
    if len(rows) == 0:
        return None
    return left + int(columns[0]), top + int(rows[0]), left + int(columns[-1]) + 1, top + int(rows[-1]) + 1


def _beside(rect: Bounds, inner: Bounds) -> list[Bounds]:
    """What is left around an inner rectangle: its sides as high as the whole, and what is above and below it."""
    (left, top, right, bottom), (x0, y0, x1, y1) = rect, inner
    return _real([(left, top, x0, bottom), (x1, top, right, bottom), (x0, top, x1, y0), (x0, y1, x1, bottom)])


def _above(rect: Bounds, inner: Bounds) -> list[Bounds]:
    """The same, with what is above and below as wide as the whole."""
    (left, top, right, bottom), (x0, y0, x1, y1) = rect, inner
    return _real([(left, top, right, y0), (left, y1, right, bottom), (left, y0, x0, y1), (x1, y0, right, y1)])


def _real(rects: list[Bounds]) -> list[Bounds]:
    return [rect for rect in rects if _area(rect)]


def _area(rect: Bounds) -> int:
    return max(0, rect[2] - rect[0]) * max(0, rect[3] - rect[1])


def _largest(mask: Mask) -> Bounds:
    """The largest rectangle that lies wholly inside a mask: for every span of columns the longest run of rows."""
    rows, columns = mask.shape
    free = np.concatenate([np.zeros((rows, 1), np.int32), np.cumsum(~mask, axis=1, dtype=np.int32)], axis=1)
    first, last = np.triu_indices(columns + 1, 1)
    clear = free[:, last] == free[:, first]
    run = np.zeros(len(first), np.int32)
    best, at = np.zeros(len(first), np.int32), np.zeros(len(first), np.int32)
    for row in range(rows):
        run = (run + 1) * clear[row]
        better = run > best
        best, at = np.where(better, run, best), np.where(better, row + 1, at)
    chosen = int(np.argmax(best * (last - first)))
    return int(first[chosen]), int(at[chosen] - best[chosen]), int(last[chosen]), int(at[chosen])
