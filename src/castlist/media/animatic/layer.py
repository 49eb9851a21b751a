"""A painted layer, and how much of it a frame shows."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from castlist.media.animatic.canvas import Canvas
from castlist.media.animatic.planes import Frame, Picture, Plane, as_bytes, lay, picture_of


@dataclass(frozen=True, slots=True)
class Layer:
    """A picture that repeats sideways and holds the texture's rows from `start` on.

    `top` is the first row with paint, `solid` the first from which nothing shines through, `bottom` the end of the paint;
    `closed` says that the paint reaches the texture's end.
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
    return Layer(picture, depth, top, solid, bottom, start, closed, drift, bob, pace, ground)


def draw(frame: Frame, layer: Layer, window: Window, *, below: int) -> None:
    """Draw a layer over the frame, down to the row `below` (what comes later hides the rest)."""
    height = frame.y.shape[0]
    first = _screen(layer.top - 2, window)
    last = min(below, height, _screen(layer.bottom + 2, window) + 2)
    first = max(0, first - first % 2)
    last += last % 2
    if last <= first:
        return
    middle = _screen(layer.solid + 2, window) if layer.picture.keep is not None else first
    middle = min(last, max(first, middle + middle % 2))
    held = Window(window.x, window.y - layer.start, window.zoom)
    _band(frame, layer.picture, held, rows=(first, middle), solid=False)
    _band(frame, layer.picture, held, rows=(middle, last), solid=True)


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


def _band(frame: Frame, picture: Picture, window: Window, *, rows: tuple[int, int], solid: bool) -> None:
    first, last = rows
    if last <= first:
        return
    part = Window(window.x, window.y + first / window.zoom, window.zoom)
    half = Window(part.x / 2, part.y / 2, part.zoom)
    size = (frame.y.shape[1], last - first)
    small = (size[0] // 2, size[1] // 2)
    keep = None if solid or picture.keep is None else crop(picture.keep, part, size)
    keep2 = None if solid or picture.keep2 is None else crop(picture.keep2, half, small)
    lay(frame.y[first:last], crop(picture.y, part, size), keep)
    lay(frame.uv[first // 2 : last // 2], crop(picture.uv, half, small), keep2)


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
