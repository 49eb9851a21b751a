"""Paint shapes on one layer: premultiplied RGB with alpha, repeating from left to right."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from castlist.media.animatic.geometry import Geometry
from castlist.media.animatic.planes import Colour, Plane, as_bytes

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
    """Fill polygons of one colour in one pass, quickest when they come as one array; what crosses an edge comes back on the other side."""
    whole = (
        _wrapped(shapes, canvas.width) if isinstance(shapes, np.ndarray) else [c for shape in shapes for c in _around(shape, canvas.width)]
    )
    if len(whole) == 0:
        return
    box = _bounds(whole, canvas)
    if box is None:
        return
    x, y, w, h = box
    mask = np.zeros((h, w), np.uint8)
    scale, corner = 1 << _SHIFT, (x, y)
    ints = (
        np.round((whole - np.array(corner)) * scale) if isinstance(whole, np.ndarray) else [np.round((s - corner) * scale) for s in whole]
    )
    for shape in ints:
        cv2.fillPoly(mask, [shape.astype(np.int32)], 255, lineType=cv2.LINE_AA, shift=_SHIFT)
    stamp(canvas, mask, (x, y), colour, low)


def dots(canvas: Canvas, centres: Points, radii: NDArray[np.float64], colour: Colour, low: Colour | None = None) -> None:
    """Fill many discs of one colour in one pass."""
    if len(centres) == 0:
        return
    reach = float(radii.max()) + 2
    for shift in (0, canvas.width, -canvas.width):
        moved = centres + np.array([shift, 0.0])
        seen = (moved[:, 0] > -reach) & (moved[:, 0] < canvas.width + reach)
        if seen.any():
            _discs(canvas, moved[seen], radii[seen], (colour, low))


def _discs(canvas: Canvas, centres: Points, radii: NDArray[np.float64], colours: tuple[Colour, Colour | None]) -> None:
    reach = float(radii.max()) + 2
    left, top = np.maximum(centres.min(axis=0) - reach, 0).astype(int)
    right, bottom = np.minimum(centres.max(axis=0) + reach, (canvas.width, canvas.height)).astype(int)
    if right <= left or bottom <= top:
        return
    mask = np.zeros((bottom - top, right - left), np.uint8)
    for (x, y), radius in zip(np.round((centres - (left, top)) * 16).astype(int), np.round(radii * 16).astype(int), strict=True):
        cv2.circle(mask, (int(x), int(y)), int(radius), 255, -1, cv2.LINE_AA, _SHIFT)
    stamp(canvas, mask, (int(left), int(top)), *colours)


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
    mask3 = cv2.cvtColor(mask, cv2.COLOR_GRAY2RGB)
    kept = cv2.multiply(rgb, cv2.bitwise_not(mask3), scale=1 / 255)
    if low is None:
        paint = cv2.merge([cv2.convertScaleAbs(mask, alpha=min(1.0, max(0.0, float(c)))) for c in colour])
    else:
        paint = cv2.multiply(_ramp(colour, low, (w, h)), mask3, scale=1 / 255)
    np.copyto(rgb, cv2.add(kept, paint))
    np.copyto(alpha, cv2.add(cv2.multiply(alpha, cv2.bitwise_not(mask), scale=1 / 255), mask))


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


def over(canvas: Canvas, mask: Plane, corner: tuple[int, int], colour: Colour) -> None:
    """Lay colour only on what is painted already; the canvas keeps its outline."""
    x, y = corner
    h, w = mask.shape
    rgb = canvas.rgb[y : y + h, x : x + w]
    alpha = canvas.alpha[y : y + h, x : x + w]
    keep = cv2.bitwise_not(mask)
    kept = cv2.multiply(rgb, cv2.merge([keep, keep, keep]), scale=1 / 255)
    paint = cv2.multiply(mask, alpha, scale=1 / 255)
    np.copyto(rgb, cv2.add(kept, cv2.merge([cv2.convertScaleAbs(paint, alpha=min(1.0, max(0.0, float(c)))) for c in colour])))


def veil(canvas: Canvas, rows: tuple[float, float], colour: Colour, strengths: tuple[float, float]) -> None:
    """Air over what is painted: a colour whose strength goes from the first row's to the last's, and stays so below."""
    top = max(0, int(rows[0]))
    if top >= canvas.height:
        return
    t = np.clip((np.arange(top, canvas.height) - rows[0]) / max(1.0, rows[1] - rows[0]), 0, 1)
    share = np.clip(strengths[0] + (strengths[1] - strengths[0]) * t, 0, 1) * 255
    mask = np.repeat(share.astype(np.uint8)[:, None], canvas.width, axis=1)
    over(canvas, mask, (0, top), colour)


def rim(canvas: Canvas, towards: tuple[float, float], colour: Colour, strength: float) -> None:
    """Light along the edges that face a light; towards is the way to it in pixels, as long as the rim is wide."""
    rows = np.flatnonzero(canvas.alpha.max(axis=1))
    if len(rows) == 0:
        return
    dx, dy = round(towards[0]), round(towards[1])
    top, bottom = max(0, int(rows[0]) - 1), int(rows[-1]) + 1
    alpha = canvas.alpha[top:bottom]
    beyond = np.roll(alpha, -dx, axis=1)
    beyond = np.roll(beyond, -dy, axis=0)
    if dy < 0:
        beyond[:-dy] = 0
    edge = cv2.subtract(alpha, as_bytes(beyond))
    soft = _blurred(as_bytes(edge), max(0.6, 0.35 * math.hypot(dx, dy)))
    over(canvas, as_bytes(cv2.convertScaleAbs(soft, alpha=strength)), (0, top), colour)


def soften(canvas: Canvas, sigma: float) -> None:
    """Put a canvas out of focus."""
    rows = np.flatnonzero(canvas.alpha.max(axis=1))
    if len(rows) == 0 or sigma < 0.4:
        return
    reach = math.ceil(3 * sigma)
    top, bottom = max(0, int(rows[0]) - reach), min(canvas.height, int(rows[-1]) + reach + 1)
    for plane in (canvas.rgb, canvas.alpha):
        np.copyto(plane[top:bottom], _blurred(plane[top:bottom], sigma))


def fade(canvas: Canvas, rows: tuple[float, float]) -> None:
    """Let the paint run out between two rows, and leave nothing below."""
    top = max(0, int(rows[0]))
    t = np.clip((np.arange(top, canvas.height) - rows[0]) / max(1.0, rows[1] - rows[0]), 0, 1)
    keep = np.repeat(((1 - t * t * (3 - 2 * t)) * 255).astype(np.uint8)[:, None], canvas.width, axis=1)
    np.copyto(canvas.rgb[top:], cv2.multiply(canvas.rgb[top:], cv2.merge([keep, keep, keep]), scale=1 / 255))
    np.copyto(canvas.alpha[top:], cv2.multiply(canvas.alpha[top:], keep, scale=1 / 255))


def _blurred(plane: Plane, sigma: float) -> Plane:
    """Blurred, and still without a seam between right and left."""
    side = min(plane.shape[1], math.ceil(3 * sigma) + 1)
    wide = np.concatenate([plane[:, -side:], plane, plane[:, :side]], axis=1)
    return as_bytes(cv2.GaussianBlur(wide, (0, 0), sigma)[:, side:-side])


def texture(canvas: Canvas, field: NDArray[np.float32], strength: float, rows: tuple[int, int] | None = None) -> None:
    """Darken and lighten what is painted by a field in 0..1 (0.5 changes nothing); rows says where the field lies."""
    top, bottom = rows or (0, canvas.height)
    part = canvas.rgb[top:bottom]
    gain = np.clip((1 + strength * (field - 0.5) * 2) * 128, 0, 255).astype(np.uint8)
    lit = cv2.multiply(part, cv2.merge([gain, gain, gain]), scale=1 / 128)
    limit = canvas.alpha[top:bottom]
    np.copyto(part, cv2.min(lit, cv2.merge([limit, limit, limit])))


def _ramp(colour: Colour, low: Colour, size: tuple[int, int]) -> Plane:
    width, height = size
    first, last = np.array(colour, np.float32), np.array(low, np.float32)
    t = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    column = np.clip((first + (last - first) * t) * 255, 0, 255).astype(np.uint8)
    return as_bytes(cv2.repeat(column[:, None, :], 1, width))


def _wrapped(shapes: Points, period: int) -> Points:
    """Polygons as an array of (number, corners, 2), with copies of those that cross a side."""
    if len(shapes) == 0:
        return shapes
    left, right = shapes[..., 0].min(axis=1), shapes[..., 0].max(axis=1)
    shifts = ((left < period) & (right > 0), 0.0), (left < 0, float(period)), (right > period, -float(period))
    return np.concatenate([shapes[seen] + np.array([shift, 0.0]) for seen, shift in shifts])


def _around(shape: Points, period: int) -> list[Points]:
    left, right = float(shape[:, 0].min()), float(shape[:, 0].max())
    shifts = [s for s in (-period, 0, period) if left + s < period and right + s > 0]
    return [shape + np.array([s, 0.0]) for s in shifts]


def _bounds(shapes: Sequence[Points] | Points, canvas: Canvas) -> tuple[int, int, int, int] | None:
    joined = shapes.reshape(-1, 2) if isinstance(shapes, np.ndarray) else np.concatenate(shapes)
    left, top = np.maximum(np.floor(joined.min(axis=0)).astype(int) - 1, 0)
    right, bottom = np.minimum(np.ceil(joined.max(axis=0)).astype(int) + 2, (canvas.width, canvas.height))
    if right <= left or bottom <= top:
        return None
    return int(left), int(top), int(right - left), int(bottom - top)
