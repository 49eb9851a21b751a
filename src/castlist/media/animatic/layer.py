"""A painted layer, and how much of it a frame shows."""

import math
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np

from castlist.media.animatic.canvas import Canvas
from castlist.media.animatic.planes import Frame, Picture, Plane, as_bytes, lay, picture_of
from castlist.media.animatic.tiles import Bounds, Box, boxes, visible

Span: TypeAlias = tuple[int, int]
_SAME = 1e-4
_TRIES, _NEAR = 25, 1 / 40
"""How many pixels may be made in vain to come this near to the right place: moving them on would cost as much again as making them."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A picture that repeats sideways and holds the texture's rows from `start` on.

    `top` is the first row with paint, `solid` the first from which nothing shines through, `bottom` the end of the paint;
    `closed` says that the paint reaches the texture's end. `boxes` hold the paint.
    """

    picture: Picture
    depth: float
    top: int
    solid: int
    bottom: int
    start: int
    closed: bool
    drift: float = 0.0
    bob: float = 0.0
    pace: float = 1.0
    ground: bool = False
    sway: float = 0.0
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a texture that a frame shows: its left and top in texture pixels and how much it is magnified."""

    x: float
    y: float
    zoom: float


class Piece(NamedTuple):
    """A part of a frame that shows one box of a layer; solid where nothing shines through it."""

    bounds: Bounds
    solid: bool


class _Lens(NamedTuple):
    """What to cut out of a plane along one side, and how to bring it to the frame's scale: magnified, without its first, moved on."""

    start: int
    cut: int
    skip: int
    rest: float
    size: int


def layer_of(canvas: Canvas, depth: float, *, drift: float = 0.0, bob: float = 0.0, pace: float = 1.0, ground: bool = False) -> Layer:
    """A canvas as a layer. drift is in pixels a second, bob in pixels, pace in radians a second."""
    painted = np.flatnonzero(canvas.alpha.max(axis=1))
    full = canvas.alpha.min(axis=1) == 255
    height = canvas.height
    top = int(painted[0]) if len(painted) else height
    bottom = int(painted[-1]) + 1 if len(painted) else height
    holes = np.flatnonzero(~full)
    solid = int(holes[-1]) + 1 if len(holes) else 0
    first, end = (0, height) if ground else (max(0, top - top % 2 - 4), min(height, bottom + bottom % 2 + 4))
    start = max(0, first - _TRIES - 1)
    opaque = solid <= start and end == height
    picture = picture_of(canvas.rgb[start:end], None if opaque else canvas.alpha[start:end])
    found = boxes(canvas.alpha[first:end], first=first)
    return Layer(picture, depth, top, solid, bottom, start, bottom == height, drift, bob, pace, ground, boxes=found)


def draw(frame: Frame, layer: Layer, window: Window, *, below: int) -> None:
    """Draw a layer over the frame, down to the row `below`; what comes later hides the rest."""
    draw_pieces(frame, layer, window, pieces_of(layer, window, (frame.y.shape[1], min(frame.y.shape[0], below))))


def draw_pieces(frame: Frame, layer: Layer, window: Window, pieces: Sequence[Piece], *, hidden: Sequence[Bounds] = ()) -> None:
    """Draw pieces of a layer over the frame, but for what lies in the `hidden` parts of it."""
    for piece in pieces:
        for seen in visible(piece.bounds, hidden):
            _blit(frame, layer, window, seen, solid=piece.solid)


def cover(layer: Layer, window: Window) -> int:
    """The frame row from which on this layer hides everything behind it."""
    if not layer.closed:
        return 1 << 30
    return max(0, math.floor((layer.solid + 2 - window.y) * window.zoom) + 2)


def pieces_of(layer: Layer, window: Window, size: Span) -> list[Piece]:
    """The pieces of a frame (width and height) that show the layer's boxes."""
    found = []
    for box in layer.boxes:
        first, last = _rows((box.top, box.bottom), layer, window, size[1] + size[1] % 2)
        if last > first:
            for start, end in _columns((box.left, box.right), window, (size[0], layer.picture.size[0])):
                found.append(Piece((start, first, end, last), box.solid))
    return found


def _blit(frame: Frame, layer: Layer, window: Window, bounds: Bounds, *, solid: bool) -> None:
    picture, zoom = layer.picture, 1.0 if abs(window.zoom - 1) < _SAME else window.zoom
    keep, keep2 = (None, None) if solid else (picture.keep, picture.keep2)
    x0, y0, x1, y1 = bounds
    for target, plane, kept, part in ((frame.y, picture.y, keep, 1), (frame.uv, picture.uv, keep2, 2)):
        left, top, right, bottom = x0 // part, y0 // part, x1 // part, y1 // part
        across = _lens(window.x / part, left, right - left, zoom)
        down = _lens((window.y - layer.start) / part, top, bottom - top, zoom)
        seen = None if kept is None else _seen(kept, across, down, zoom)
        lay(target[top:bottom, left:right], _seen(plane, across, down, zoom), seen)


def _rows(span: Span, layer: Layer, window: Window, limit: int) -> Span:
    """The even frame rows that show a span of texture rows; the end of a closed texture goes on to the limit."""
    first, last = (math.floor((row - window.y) * window.zoom / 2) * 2 for row in span)
    ends = layer.closed and span[1] >= layer.start + layer.picture.size[1]
    return max(0, first), limit if ends else min(limit, last)


def _columns(span: Span, window: Window, widths: Span) -> Iterator[Span]:
    """The even frame columns that show a span of texture columns, each time that it comes round."""
    width, period = widths
    left, right = span[0] - window.x, span[1] - window.x
    for turn in range(math.floor(-right / period), math.floor((width / window.zoom - left) / period) + 1):
        first = max(0, math.floor((left + turn * period) * window.zoom / 2) * 2)
        last = min(width, math.floor((right + turn * period) * window.zoom / 2) * 2)
        if last > first:
            yield first, last


@lru_cache(maxsize=256)
def _lens(origin: float, first: int, size: int, zoom: float) -> _Lens:
    """How to see what a frame shows of a side from a place on, its first pixel being `origin` in a plane. Pieces share their sides."""
    start, skip, rest = _phase(origin + (first + 0.5) / zoom - 0.5, zoom)
    made = size + (rest > 0)
    return _Lens(start, made if zoom == 1 else _long(skip + made, zoom), skip, rest, size)


def _phase(start: float, zoom: float) -> tuple[int, int, float]:
    """From which whole pixel on to magnify so that one of the first that this makes shows the place `start`.

    Gives that pixel, how many are made before it, and by which share it still has to go towards the next: 0 where it is near enough.
    """
    if zoom == 1:
        first = math.floor(start)
        return (first, 0, start - first) if start - first > 1 / 128 else (first, 0, 0.0)
    places, skips = _reached(zoom)
    place = bisect(places, (start + 0.5) % 1 - _NEAR)
    if places[place] <= (start + 0.5) % 1 + _NEAR:
        return round(start - (skips[place] + 0.5) / zoom + 0.5), skips[place], 0.0
    gap = start - 1.5 / zoom + 0.5
    rest = (gap - math.floor(gap)) * zoom
    return math.floor(gap), 1 + int(rest), rest - int(rest)


@lru_cache(maxsize=64)
def _reached(zoom: float) -> tuple[list[float], list[int]]:
    """Where between two pixels the first that a resize makes lie, in order, and their numbers; the ends are there once more beyond."""
    found = sorted((((skip + 0.5) / zoom) % 1, skip) for skip in range(1, _TRIES))
    around = [(found[-1][0] - 1, found[-1][1]), *found, (found[0][0] + 1, found[0][1])]
    return [place for place, _ in around], [skip for _, skip in around]


def _long(length: int, zoom: float) -> int:
    """As many pixels as it takes to make this many of them, and the last of these not from the edge."""
    return math.floor((length - 0.5) / zoom - 0.5) + 2


def _seen(plane: Plane, across: _Lens, down: _Lens, zoom: float) -> Plane:
    """A window of a plane that repeats sideways, at sub-pixel precision."""
    part = _cut(plane, across, down)
    if zoom != 1:
        big = cv2.resize(part, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_LINEAR)
        last, end = down.skip + down.size + (down.rest > 0), across.skip + across.size + (across.rest > 0)
        part = np.asarray(big[down.skip : last, across.skip : end], np.uint8)
    if across.rest and down.rest and part.ndim == 2:
        size = across.size, down.size
        return as_bytes(cv2.getRectSubPix(part, size, ((size[0] - 1) / 2 + across.rest, (size[1] - 1) / 2 + down.rest)))
    if across.rest:
        part = _between(part[:, :-1], part[:, 1:], across.rest)
    return _between(part[:-1], part[1:], down.rest) if down.rest else part


def _between(first: Plane, second: Plane, share: float) -> Plane:
    return np.asarray(cv2.addWeighted(first, 1 - share, second, share, 0), np.uint8)


def _cut(plane: Plane, across: _Lens, down: _Lens) -> Plane:
    """Whole pixels of a plane: around the sides, and its first or last row repeated where it ends."""
    rows, columns = plane.shape[:2]
    left, top = across.start % columns, down.start
    width, height = across.cut, down.cut
    if top >= 0 and top + height <= rows and left + width <= columns:
        return plane[top : top + height, left : left + width]
    first, last = min(max(top, 0), rows - 1), max(min(top + height, rows), 1)
    strip = plane[first:last]
    if left + width <= columns:
        found = strip[:, left : left + width]
    else:
        pieces = [strip[:, left:], strip[:, : width - (columns - left)]]
        while sum(p.shape[1] for p in pieces) < width:
            pieces.append(strip[:, : width - sum(p.shape[1] for p in pieces)])
        found = np.concatenate(pieces, axis=1)
    if last - first == height:
        return found
    above = min(max(0, -top), height - 1)
    return as_bytes(cv2.copyMakeBorder(found, above, height - (last - first) - above, 0, 0, cv2.BORDER_REPLICATE))
