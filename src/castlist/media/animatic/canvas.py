"""Paint shapes on one layer: premultiplied RGB with alpha, repeating from left to right."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from castlist.media.animatic.geometry import Geometry
from castlist.media.animatic.planes import Colour, Plane

Points = NDArray[np.float64]
_SHIFT = 4


@dataclass(frozen=True, slots=True)
class Canvas:
    """The bitmap of a layer in texture pixels."""

    rgb: Plane
    alpha: Plane

    @property
    def width(self) -> int:
        return int(self.rgb.shape[1])

    @property
    def height(self) -> int:
        return int(self.rgb.shape[0])


def stretch(geometry: Geometry) -> Canvas:
    """An empty canvas of the scene's texture size."""
    shape = (geometry.rows, geometry.period)
    return Canvas(np.zeros((*shape, 3), np.uint8), np.zeros(shape, np.uint8))


def fill(canvas: Canvas, points: Points | Sequence[tuple[float, float]], colour: Colour, low: Colour | None = None) -> None:
    """Fill one polygon, shaded from colour at its top to low at its foot."""
    fill_all(canvas, [np.asarray(points, np.float64)], colour, low)


def fill_all(canvas: Canvas, shapes: Iterable[Points], colour: Colour, low: Colour | None = None) -> None:
    """Fill polygons of one colour in one pass; what crosses an edge comes back on the other side."""
    whole = [copy for shape in shapes for copy in _around(shape, canvas.width)]
    if not whole:
        return
    box = _bounds(whole, canvas)
    if box is None:
        return
    x, y, w, h = box
    mask = np.zeros((h, w), np.uint8)
    for shape in whole:
        ints = np.round((shape - (x, y)) * (1 << _SHIFT)).astype(np.int32)
        cv2.fillPoly(mask, [ints], 255, lineType=cv2.LINE_AA, shift=_SHIFT)
    stamp(canvas, mask, (x, y), colour, low)


def dots(canvas: Canvas, centres: Points, radii: NDArray[np.float64], colour: Colour, low: Colour | None = None) -> None:
    """Fill many discs of one colour in one pass."""
    if len(centres) == 0:
        return
    reach = float(radii.max()) + 2
    whole = np.concatenate([centres + np.array([shift, 0.0]) for shift in (0, canvas.width, -canvas.width)])
    sizes = np.concatenate([radii, radii, radii])
    seen = (whole[:, 0] > -reach) & (whole[:, 0] < canvas.width + reach)
    whole, sizes = whole[seen], sizes[seen]
    top = max(0, int(whole[:, 1].min() - reach))
    bottom = min(canvas.height, int(whole[:, 1].max() + reach))
    if bottom <= top:
        return
    mask = np.zeros((bottom - top, canvas.width), np.uint8)
    for (x, y), radius in zip(np.round((whole - (0, top)) * 16).astype(int), np.round(sizes * 16).astype(int), strict=True):
        cv2.circle(mask, (int(x), int(y)), int(radius), 255, -1, cv2.LINE_AA, _SHIFT)
    stamp(canvas, mask, (0, top), colour, low)


def stroke(canvas: Canvas, points: Points | Sequence[tuple[float, float]], width: float, colour: Colour) -> None:
    """Draw an open line of the given width."""
    line = np.asarray(points, np.float64)
    step = np.gradient(line, axis=0)
    normal = np.stack([-step[:, 1], step[:, 0]], axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
    outline = np.concatenate([line + normal * width / 2, (line - normal * width / 2)[::-1]])
    fill(canvas, outline, colour)


def stamp(canvas: Canvas, mask: Plane, corner: tuple[int, int], colour: Colour, low: Colour | None = None) -> None:
    """Lay colour over the canvas through a mask whose top left corner is at `corner`; all inside the canvas."""
    x, y = corner
    h, w = mask.shape
    rgb = canvas.rgb[y : y + h, x : x + w]
    alpha = canvas.alpha[y : y + h, x : x + w]
    keep = cv2.bitwise_not(mask)
    paint = _ramp(colour, low, (w, h))
    mask3 = cv2.merge([mask, mask, mask])
    kept = cv2.multiply(rgb, cv2.merge([keep, keep, keep]), scale=1 / 255)
    np.copyto(rgb, cv2.add(kept, cv2.multiply(paint, mask3, scale=1 / 255)))
    np.copyto(alpha, cv2.add(cv2.multiply(alpha, keep, scale=1 / 255), mask))


def wash(canvas: Canvas, colours: Plane, rows: tuple[int, int]) -> None:
    """Cover whole rows with opaque colours: an array of rows x (1 or width) x 3."""
    top, bottom = rows
    canvas.rgb[top:bottom] = colours
    canvas.alpha[top:bottom] = 255


def glow(canvas: Canvas, centre: tuple[float, float], radius: float, colour: Colour, strength: float = 1.0) -> None:
    """A soft light around a point, fading to nothing at radius; only inside what is on the canvas already if that is opaque."""
    for dx in (-canvas.width, 0, canvas.width):
        cx, cy = centre[0] + dx, centre[1]
        left, right = max(0, int(cx - radius)), min(canvas.width, int(cx + radius) + 1)
        top, bottom = max(0, int(cy - radius)), min(canvas.height, int(cy + radius) + 1)
        if right <= left or bottom <= top:
            continue
        x = (np.arange(left, right, dtype=np.float32) - np.float32(cx)) / np.float32(radius)
        y = (np.arange(top, bottom, dtype=np.float32) - np.float32(cy)) / np.float32(radius)
        fall = np.clip(1 - np.sqrt(x[None, :] ** 2 + y[:, None] ** 2), 0, 1) ** 2
        stamp(canvas, (fall * np.float32(255 * strength)).astype(np.uint8), (left, top), colour)


def texture(canvas: Canvas, field: NDArray[np.float32], strength: float, rows: tuple[int, int] | None = None) -> None:
    """Darken and lighten what is painted by a field in 0..1 (0.5 changes nothing); rows says where the field lies."""
    top, bottom = rows or (0, canvas.height)
    part = canvas.rgb[top:bottom]
    gain = np.clip((1 + strength * (field - 0.5) * 2) * 128, 0, 255).astype(np.uint8)
    lit = cv2.multiply(part, cv2.merge([gain, gain, gain]), scale=1 / 128)
    limit = canvas.alpha[top:bottom]
    np.copyto(part, cv2.min(lit, cv2.merge([limit, limit, limit])))


def _ramp(colour: Colour, low: Colour | None, size: tuple[int, int]) -> Plane:
    width, height = size
    first = np.array(colour, np.float32)
    last = np.array(low or colour, np.float32)
    t = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    column = np.clip((first + (last - first) * t) * 255, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(column[:, None, :], (height, width, 3)))


def _around(shape: Points, period: int) -> list[Points]:
    left, right = float(shape[:, 0].min()), float(shape[:, 0].max())
    shifts = [s for s in (-period, 0, period) if left + s < period and right + s > 0]
    return [shape + np.array([s, 0.0]) for s in shifts]


def _bounds(shapes: Sequence[Points], canvas: Canvas) -> tuple[int, int, int, int] | None:
    joined = np.concatenate(shapes)
    left, top = np.maximum(np.floor(joined.min(axis=0)).astype(int) - 1, 0)
    right, bottom = np.minimum(np.ceil(joined.max(axis=0)).astype(int) + 2, (canvas.width, canvas.height))
    if right <= left or bottom <= top:
        return None
    return int(left), int(top), int(right - left), int(bottom - top)
