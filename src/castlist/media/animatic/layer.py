"""A painted layer, and how much of it a frame shows."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from castlist.media.animatic.canvas import Canvas
from castlist.media.animatic.planes import Frame, Picture, Plane, as_bytes, lay, picture_of

_GAP = 48


@dataclass(frozen=True, slots=True)
class Layer:
    """A picture that repeats sideways and holds the texture's rows from `start` on.

    `top` is the first row with paint, `solid` the first from which nothing shines through, `bottom` the end of the paint;
    `closed` says that the paint reaches the texture's end. `boxes` (left, top, right, bottom) hold the paint of a layer
    that is mostly empty; one that crosses the texture's seam ends beyond it.
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
    boxes: tuple[tuple[int, int, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a texture that a frame shows: its left and top in texture pixels and how much it is magnified."""

    x: float
    y: float
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
    start, end = (0, height) if ground else (max(0, top - top % 2 - 4), min(height, bottom + bottom % 2 + 4))
    opaque = solid <= start and end == height
    picture = picture_of(canvas.rgb[start:end], None if opaque else canvas.alpha[start:end])
    closed = bottom == height
    boxes = () if ground or closed else _boxes(canvas, (top, bottom))
    return Layer(picture, depth, top, solid, bottom, start, closed, drift, bob, pace, ground, boxes=boxes)


def draw(frame: Frame, layer: Layer, window: Window, *, below: int) -> None:
    """Draw a layer over the frame, down to the row `below` (what comes later hides the rest)."""
    height, width = frame.y.shape
    held = Window(window.x, window.y - layer.start, window.zoom)
    for left, top, right, bottom in layer.boxes:
        first, last = _rows((top, bottom), window, min(below, height))
        for columns in _columns((left, right), window, (width, layer.picture.size[0])):
            _band(frame, layer.picture, held, rows=(first, last), columns=columns, solid=False)
    if layer.boxes:
        return
    first, last = _rows((layer.top, layer.bottom), window, min(below, height))
    if last <= first:
        return
    middle = _screen(layer.solid + 2, window) if layer.picture.keep is not None else first
    middle = min(last, max(first, middle + middle % 2))
    _band(frame, layer.picture, held, rows=(first, middle), columns=(0, width), solid=False)
    _band(frame, layer.picture, held, rows=(middle, last), columns=(0, width), solid=True)


def cover(layer: Layer, window: Window) -> int:
    """The frame row from which on this layer hides everything behind it."""
    if not layer.closed:
        return 1 << 30
    return max(0, _screen(layer.solid + 2, window) + 2)


def crop(plane: Plane, window: Window, size: tuple[int, int]) -> Plane:
    """A window of a plane that repeats sideways, at sub-pixel precision."""
    if abs(window.zoom - 1) < 1e-4:
        return _shifted(plane, window.x, window.y, size)
    return _zoomed(plane, window, size)


def _screen(row: float, window: Window) -> int:
    return math.floor((row - window.y) * window.zoom)


def _rows(span: tuple[int, int], window: Window, limit: int) -> tuple[int, int]:
    """The even frame rows that show a span of texture rows."""
    first = max(0, _screen(span[0] - 2, window))
    last = min(limit, _screen(span[1] + 2, window) + 2)
    return first - first % 2, last + last % 2


def _columns(span: tuple[int, int], window: Window, widths: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The even frame columns that show a span of texture columns, each time that it comes round."""
    width, period = widths
    left, right = span[0] - 4 - window.x, span[1] + 4 - window.x
    for turn in range(math.ceil(-right / period), math.floor((width / window.zoom - left) / period) + 1):
        first = max(0, math.floor((left + turn * period) * window.zoom / 2) * 2)
        last = min(width, math.ceil((right + turn * period) * window.zoom / 2) * 2)
        if last > first:
            yield first, last


def _boxes(canvas: Canvas, rows: tuple[int, int]) -> tuple[tuple[int, int, int, int], ...]:
    """Where the paint is, as a few boxes; none where they would save little."""
    top, bottom = rows
    painted = np.flatnonzero(canvas.alpha[top:bottom].max(axis=0)) if bottom > top else np.zeros(0, np.intp)
    if len(painted) == 0:
        return ()
    cuts = np.flatnonzero(np.diff(painted) > _GAP)
    lefts, rights = [painted[0], *painted[cuts + 1]], [*painted[cuts], painted[-1]]
    boxes = []
    for left, right in zip(lefts, rights, strict=True):
        filled = np.flatnonzero(canvas.alpha[top:bottom, left : right + 1].max(axis=1))
        boxes.append((int(left), top + int(filled[0]), int(right) + 1, top + int(filled[-1]) + 1))
    if len(boxes) > 1 and boxes[0][0] + canvas.width - boxes[-1][2] <= _GAP:
        (_, high, right, low), (left, upper, _, lower) = boxes[0], boxes.pop()
        boxes[0] = (left, min(high, upper), right + canvas.width, max(low, lower))
    area = sum((right - left + _GAP / 2) * (low - high + 8) for left, high, right, low in boxes)
    return tuple(boxes) if area < 0.8 * canvas.width * (bottom - top) else ()


def _band(frame: Frame, picture: Picture, window: Window, *, rows: tuple[int, int], columns: tuple[int, int], solid: bool) -> None:
    (first, last), (left, right) = rows, columns
    if last <= first:
        return
    part = Window(window.x + left / window.zoom, window.y + first / window.zoom, window.zoom)
    half = Window(part.x / 2, part.y / 2, part.zoom)
    size = (right - left, last - first)
    small = (size[0] // 2, size[1] // 2)
    keep = None if solid or picture.keep is None else crop(picture.keep, part, size)
    keep2 = None if solid or picture.keep2 is None else crop(picture.keep2, half, small)
    lay(frame.y[first:last, left:right], crop(picture.y, part, size), keep)
    lay(frame.uv[first // 2 : last // 2, left // 2 : right // 2], crop(picture.uv, half, small), keep2)


def _shifted(plane: Plane, x: float, y: float, size: tuple[int, int]) -> Plane:
    width, height = size
    left, top = math.floor(x), math.floor(y)
    part = _between(_cut(plane, (left, top), (width + 1, height + 1)), x - left, axis=1)
    return _between(part, y - top, axis=0)


def _between(part: Plane, share: float, *, axis: int) -> Plane:
    """One row or column less, each value between two neighbours."""
    first, second = (part[:, :-1], part[:, 1:]) if axis else (part[:-1], part[1:])
    if share <= 1 / 128:
        return first
    return np.asarray(cv2.addWeighted(first, 1 - share, second, share, 0), np.uint8)


def _zoomed(plane: Plane, window: Window, size: tuple[int, int]) -> Plane:
    """Magnify by a resize of whole pixels, several times quicker than a warp, then shift by the remaining fraction."""
    width, height = size
    left, top = math.floor(window.x), math.floor(window.y)
    cut_w, big_w = _ratio(width, window.zoom)
    cut_h, big_h = _ratio(height, window.zoom)
    part = _cut(plane, (left, top), (cut_w, cut_h))
    big = as_bytes(cv2.resize(part, (big_w, big_h), interpolation=cv2.INTER_LINEAR))
    return _shifted(big, (window.x - left) * window.zoom, (window.y - top) * window.zoom, size)


def _ratio(length: int, zoom: float) -> tuple[int, int]:
    """Whole source and target lengths whose quotient is closest to the zoom, the target a little longer than needed."""
    least = length + math.ceil(zoom) + 2
    best = min(range(least, least + 24), key=lambda big: abs(big / zoom - round(big / zoom)))
    return round(best / zoom), best


def _cut(plane: Plane, corner: tuple[int, int], size: tuple[int, int]) -> Plane:
    """Whole pixels of a plane: around the sides, and its last row repeated where it ends."""
    rows, columns = plane.shape[:2]
    left, top = corner[0] % columns, corner[1]
    width, height = size
    inside = top >= 0 and top + height <= rows
    strip = plane[top : top + height] if inside else plane[np.clip(np.arange(top, top + height), 0, rows - 1)]
    if left + width <= columns:
        return strip[:, left : left + width]
    parts = [strip[:, left:], strip[:, : width - (columns - left)]]
    while sum(p.shape[1] for p in parts) < width:
        parts.append(strip[:, : width - sum(p.shape[1] for p in parts)])
    return np.concatenate(parts, axis=1)
