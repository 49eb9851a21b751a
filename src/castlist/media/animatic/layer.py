"""A painted layer, and how much of it a frame shows."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np

from castlist.media.animatic.canvas import Canvas
from castlist.media.animatic.planes import Frame, Picture, Plane, as_bytes, lay, picture_of
from castlist.media.animatic.tiles import Box, Run, boxes, runs

Span: TypeAlias = tuple[int, int]
Bounds: TypeAlias = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Layer:
    """A picture that repeats sideways and holds the texture's rows from `start` on.

    `top` is the first row with paint, `solid` the first from which nothing shines through, `bottom` the end of the paint;
    `closed` says that the paint reaches the texture's end. `boxes` hold the paint, `runs` the same in parts that do not touch.
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
    runs: tuple[Run, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a texture that a frame shows: its left and top in texture pixels and how much it is magnified."""

    x: float
    y: float
    zoom: float


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Planes at the frame's own scale: what the frame's first pixel shows is `at` (column, row) in y and keep, `at2` in the half ones."""

    picture: Picture
    at: tuple[float, float]
    at2: tuple[float, float]


def layer_of(canvas: Canvas, depth: float, *, drift: float = 0.0, bob: float = 0.0, pace: float = 1.0, ground: bool = False) -> Layer:
    """A canvas as a layer. drift is in pixels a second, bob in pixels, pace in radians a second."""
    painted = np.flatnonzero(canvas.alpha.max(axis=1))
    full = canvas.alpha.min(axis=1) == 255
    height = canvas.height
    top = int(painted[0]) if len(painted) else height
    bottom = int(painted[-1]) + 1 if len(painted) else height
    holes = np.flatnonzero(~full)
    solid = int(holes[-1]) + 1 if len(holes) else 0
    start, end = (0, height) if ground else (max(0, top - top % 2 - 4), min(height, bottom + bottom % 2 + 4))
    opaque = solid <= start and end == height
    picture = picture_of(canvas.rgb[start:end], None if opaque else canvas.alpha[start:end])
    found = boxes(canvas.alpha[start:end], first=start)
    apart = runs(found, canvas.width)
    return Layer(picture, depth, top, solid, bottom, start, bottom == height, drift, bob, pace, ground, boxes=found, runs=apart)


def draw(frame: Frame, layer: Layer, window: Window, *, below: int) -> None:
    """Draw a layer over the frame, down to the row `below` (what comes later hides the rest)."""
    height, width = frame.y.shape
    rows = (0, min(height, below + below % 2))
    if abs(window.zoom - 1) < 1e-4:
        sheet = _Sheet(layer.picture, (window.x, window.y - layer.start), (window.x / 2, (window.y - layer.start) / 2))
        _patch(frame, layer, sheet, window, layer.boxes, (0, width, *rows))
        return
    period = layer.picture.size[0]
    for run in layer.runs:
        top, bottom = min(box.top for box in run.boxes), max(box.bottom for box in run.boxes)
        solid = all(box.solid for box in run.boxes)
        high = _rows((top, bottom), layer, window, rows[1])
        for wide in [(0, width)] if run.right - run.left >= period else _columns((run.left, run.right), window, (width, period)):
            if high[1] > high[0]:
                _patch(frame, layer, _enlarged(layer, window, wide, high, solid=solid), window, run.boxes, (*wide, *high))


def cover(layer: Layer, window: Window) -> int:
    """The frame row from which on this layer hides everything behind it."""
    if not layer.closed:
        return 1 << 30
    return max(0, math.floor((layer.solid + 2 - window.y) * window.zoom) + 2)


def _patch(frame: Frame, layer: Layer, sheet: _Sheet, window: Window, found: Sequence[Box], part: Bounds) -> None:
    """Lay the boxes that are seen in a part of the frame (its columns and rows) over it."""
    left, right, top, bottom = part
    for box in found:
        first, last = _rows((box.top, box.bottom), layer, window, bottom)
        first = max(first, top)
        if last <= first:
            continue
        for start, end in _columns((box.left, box.right), window, (right, layer.picture.size[0])):
            if end > left:
                _blit(frame, sheet, (max(start, left), first, end, last), solid=box.solid)


def _blit(frame: Frame, sheet: _Sheet, part: Bounds, *, solid: bool) -> None:
    left, top, right, bottom = part
    picture, size, small = sheet.picture, (right - left, bottom - top), ((right - left) // 2, (bottom - top) // 2)
    at, at2 = (sheet.at[0] + left, sheet.at[1] + top), (sheet.at2[0] + left // 2, sheet.at2[1] + top // 2)
    keep = None if solid or picture.keep is None else _shifted(picture.keep, at, size)
    keep2 = None if solid or picture.keep2 is None else _shifted(picture.keep2, at2, small)
    lay(frame.y[top:bottom, left:right], _shifted(picture.y, at, size), keep)
    lay(frame.uv[top // 2 : bottom // 2, left // 2 : right // 2], _shifted(picture.uv, at2, small), keep2)


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


def _enlarged(layer: Layer, window: Window, columns: Span, rows: Span, *, solid: bool) -> _Sheet:
    """A part of a layer magnified by a resize of whole pixels, several times quicker than a warp; a fraction remains."""
    picture = layer.picture
    x, y = window.x + columns[0] / window.zoom, window.y - layer.start + rows[0] / window.zoom
    size = (columns[1] - columns[0], rows[1] - rows[0])
    small = (size[0] // 2, size[1] // 2)
    full, half = ((math.floor(x), math.floor(y)), (math.floor(x / 2), math.floor(y / 2)))
    whole, part = (
        (_ratio(size[0], window.zoom), _ratio(size[1], window.zoom)),
        (_ratio(small[0], window.zoom), _ratio(small[1], window.zoom)),
    )
    y_plane, uv = _resized(picture.y, full, whole), _resized(picture.uv, half, part)
    keep = None if solid or picture.keep is None else _resized(picture.keep, full, whole)
    keep2 = None if solid or picture.keep2 is None else _resized(picture.keep2, half, part)
    at = ((x - full[0]) * window.zoom - columns[0], (y - full[1]) * window.zoom - rows[0])
    at2 = ((x / 2 - half[0]) * window.zoom - columns[0] // 2, (y / 2 - half[1]) * window.zoom - rows[0] // 2)
    return _Sheet(Picture(y_plane, uv, keep, keep2), at, at2)


def _resized(plane: Plane, corner: Span, ratios: tuple[Span, Span]) -> Plane:
    """Whole pixels of a plane from a corner on, each side as long as the first of its ratio says, resized to the second."""
    (cut_w, big_w), (cut_h, big_h) = ratios
    return as_bytes(cv2.resize(_cut(plane, corner, (cut_w, cut_h)), (big_w, big_h), interpolation=cv2.INTER_LINEAR))


def _shifted(plane: Plane, at: tuple[float, float], size: Span) -> Plane:
    """A window of a plane that repeats sideways, at sub-pixel precision."""
    left, top = math.floor(at[0]), math.floor(at[1])
    across, down = at[0] - left, at[1] - top
    aside, below = across > 1 / 128, down > 1 / 128
    part = _cut(plane, (left, top), (size[0] + aside, size[1] + below))
    if aside:
        part = _between(part[:, :-1], part[:, 1:], across)
    return _between(part[:-1], part[1:], down) if below else part


def _between(first: Plane, second: Plane, share: float) -> Plane:
    return np.asarray(cv2.addWeighted(first, 1 - share, second, share, 0), np.uint8)


def _ratio(length: int, zoom: float) -> Span:
    """Whole source and target lengths whose quotient is closest to the zoom, the target a little longer than needed."""
    least = length + math.ceil(zoom) + 2
    best = min(range(least, least + 24), key=lambda big: abs(big / zoom - round(big / zoom)))
    return round(best / zoom), best


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
