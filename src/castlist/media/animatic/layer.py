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


@dataclass(frozen=True, slots=True)
class _Lens:
    """What to cut out of a plane, and how to bring it to the frame's scale: magnified, without its first columns and rows, moved on."""

    corner: Span
    cut: Span
    skip: Span
    rest: tuple[float, float]
    size: Span
    zoom: float


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


def _blit(frame: Frame, layer: Layer, window: Window, part: Bounds, *, solid: bool) -> None:
    left, top, right, bottom = part
    picture, zoom = layer.picture, 1.0 if abs(window.zoom - 1) < _SAME else window.zoom
    x, y = window.x, window.y - layer.start
    whole = _lens((x, y), (left, top), (right - left, bottom - top), zoom)
    half = _lens((x / 2, y / 2), (left // 2, top // 2), ((right - left) // 2, (bottom - top) // 2), zoom)
    lay(frame.y[top:bottom, left:right], _seen(picture.y, whole), None if solid or picture.keep is None else _seen(picture.keep, whole))
    part2 = frame.uv[top // 2 : bottom // 2, left // 2 : right // 2]
    lay(part2, _seen(picture.uv, half), None if solid or picture.keep2 is None else _seen(picture.keep2, half))


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


def _lens(origin: tuple[float, float], corner: Span, size: Span, zoom: float) -> _Lens:
    """How to see what a frame shows from a corner on, its first pixel being `origin` in a plane."""
    (left, skip, across), (top, miss, down) = (_phase(o + (c + 0.5) / zoom - 0.5, zoom) for o, c in zip(origin, corner, strict=True))
    wide, high = size[0] + (across > 0), size[1] + (down > 0)
    if zoom == 1:
        return _Lens((left, top), (wide, high), (0, 0), (across, down), size, zoom)
    cut = _long(skip + wide, zoom), _long(miss + high, zoom)
    return _Lens((left, top), cut, (skip, miss), (across, down), size, zoom)


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


def _seen(plane: Plane, lens: _Lens) -> Plane:
    """A window of a plane that repeats sideways, at sub-pixel precision."""
    part = _cut(plane, lens.corner, lens.cut)
    (across, down), (width, height) = lens.rest, lens.size
    if lens.zoom != 1:
        skip, miss = lens.skip
        big = cv2.resize(part, None, fx=lens.zoom, fy=lens.zoom, interpolation=cv2.INTER_LINEAR)
        part = np.asarray(big[miss : miss + height + (down > 0), skip : skip + width + (across > 0)], np.uint8)
    if across and down and part.ndim == 2:
        return as_bytes(cv2.getRectSubPix(part, (width, height), ((width - 1) / 2 + across, (height - 1) / 2 + down)))
    if across:
        part = _between(part[:, :-1], part[:, 1:], across)
    return _between(part[:-1], part[1:], down) if down else part


def _between(first: Plane, second: Plane, share: float) -> Plane:
    return np.asarray(cv2.addWeighted(first, 1 - share, second, share, 0), np.uint8)


def _cut(plane: Plane, corner: Span, size: Span) -> Plane:
    """Whole pixels of a plane: around the sides, and its first or last row repeated where it ends."""
    rows, columns = plane.shape[:2]
    left, top = corner[0] % columns, corner[1]
    width, height = size
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
