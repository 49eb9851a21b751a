"""Strokes for built places: boxes, soft shapes, round bodies and light that falls on what is painted already."""

import cv2
import numpy as np
from numpy.typing import NDArray

from castlist.media.animatic.canvas import Canvas, Points, fill, stamp
from castlist.media.animatic.planes import Colour, Plane, as_bytes

Spot = tuple[float, float]
Box = tuple[float, float, float, float]
Face = NDArray[np.float32]


def box(canvas: Canvas, area: Box, colour: Colour, low: Colour | None = None) -> None:
    """Fill a rectangle given as left, top, width and height."""
    fill(canvas, corners(area), colour, low)


def corners(area: Box) -> Points:
    x, y, w, h = area
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], np.float64)


def oval(centre: Spot, radii: Spot, *, turn: float = 0.0, span: Spot = (0.0, 2 * np.pi), count: int = 40) -> Points:
    """Points of an ellipse, or of an arc of it; angles grow clockwise from the right."""
    t = np.linspace(span[0], span[1], count)
    x, y = np.cos(t) * radii[0], np.sin(t) * radii[1]
    c, s = float(np.cos(turn)), float(np.sin(turn))
    return np.stack([centre[0] + x * c - y * s, centre[1] + x * s + y * c], axis=1)


def rounded(points: Points | list[Spot], *, times: int = 2) -> Points:
    """A closed outline with its corners cut off, again and again, until they are round."""
    line = np.asarray(points, np.float64)
    for _ in range(times):
        after = np.roll(line, -1, axis=0)
        line = np.stack([0.8 * line + 0.2 * after, 0.2 * line + 0.8 * after], axis=1).reshape(-1, 2)
    return line


def soft(canvas: Canvas, points: Points, colour: Colour, *, blur: float, strength: float = 1.0) -> None:
    """Fill a polygon with an edge as soft as the blur, in pixels."""
    reach = 3 * blur + 2
    low, high = points.min(axis=0) - reach, points.max(axis=0) + reach
    left, top = int(low[0]), max(0, int(low[1]))
    width, height = int(high[0]) - left, min(canvas.height, int(high[1])) - top
    if width < 2 or height < 2:
        return
    coarse = max(1, int(blur / 4))  # a wide blur hides that it was made small
    small = (-(-width // coarse), -(-height // coarse))
    mask = np.zeros((small[1], small[0]), np.uint8)
    cv2.fillPoly(mask, [np.round((points - (left, top)) / coarse * 16).astype(np.int32)], 255, lineType=cv2.LINE_AA, shift=4)
    spot = cv2.convertScaleAbs(cv2.GaussianBlur(mask, (0, 0), max(0.5, blur / coarse)), alpha=strength)
    if coarse > 1:
        spot = cv2.resize(spot, (small[0] * coarse, small[1] * coarse), interpolation=cv2.INTER_LINEAR)
    spread(canvas, as_bytes(spot[:height, :width]), (left, top), colour)


def spread(canvas: Canvas, mask: Plane, corner: tuple[int, int], colour: Colour, low: Colour | None = None) -> None:
    """Stamp a mask whose columns may lie beyond the sides: they come back on the other one."""
    left, top = corner
    width = min(mask.shape[1], canvas.width)
    left %= canvas.width
    first = min(width, canvas.width - left)
    stamp(canvas, np.ascontiguousarray(mask[:, :first]), (left, top), colour, low)
    if first < width:
        stamp(canvas, np.ascontiguousarray(mask[:, first:width]), (0, top), colour, low)


def shine(canvas: Canvas, centre: Spot, radii: Spot, colour: Colour, strength: float = 1.0, *, sharp: float = 2.0) -> None:
    """Let light fall on what is painted: an ellipse of it, brightest in the middle."""
    rx, ry = min(radii[0], canvas.width / 2 - 1), radii[1]
    left, right = int(centre[0] - rx), int(centre[0] + rx) + 1
    top, bottom = max(0, int(centre[1] - ry)), min(canvas.height, int(centre[1] + ry) + 1)
    if right - left < 2 or bottom - top < 2:
        return
    x = (np.arange(left, right, dtype=np.float32) - np.float32(centre[0])) / np.float32(rx)
    y = (np.arange(top, bottom, dtype=np.float32) - np.float32(centre[1])) / np.float32(ry)
    fall = np.clip(1 - np.sqrt(x[None, :] ** 2 + y[:, None] ** 2), 0, 1) ** np.float32(sharp)
    light(canvas, (fall * np.float32(strength)).astype(np.float32), (left, top), colour)


def light(canvas: Canvas, field: NDArray[np.float32], corner: tuple[int, int], colour: Colour) -> None:
    """Brighten what is painted by a field in 0..1; it never grows brighter than its own opacity, and wraps at the sides."""
    left, top = corner
    width = min(field.shape[1], canvas.width)
    left %= canvas.width
    first = min(width, canvas.width - left)
    for start, end, at in ((0, first, left), (first, width, 0)):
        if end > start:
            _screen(canvas, field[:, start:end], (at, top), colour)


def _screen(canvas: Canvas, field: NDArray[np.float32], corner: tuple[int, int], colour: Colour) -> None:
    x, y = corner
    h, w = field.shape
    rgb = canvas.rgb[y : y + h, x : x + w]
    alpha = canvas.alpha[y : y + h, x : x + w]
    share = cv2.convertScaleAbs(np.ascontiguousarray(field), alpha=255)
    lamp = cv2.merge([cv2.convertScaleAbs(share, alpha=min(1.0, c)) for c in colour])
    room = cv2.subtract(cv2.merge([alpha, alpha, alpha]), rgb)
    np.copyto(rgb, cv2.add(rgb, cv2.multiply(room, lamp, scale=1 / 255)))


def ball(canvas: Canvas, centre: Spot, radius: float, face: Face | Colour, *, sun: Spot, dark: Colour = (0.02, 0.02, 0.05)) -> None:
    """A round body lit from one side. face is its colour, or a square of colours; sun points to the light, dark is its night."""
    side = int(2 * radius) + 4
    left, top = int(centre[0] - side / 2), int(centre[1] - side / 2)
    x, y = np.meshgrid(
        *((np.arange(side, dtype=np.float32) + at - np.float32(c)) / np.float32(radius) for at, c in zip((left, top), centre, strict=True))
    )
    far = np.sqrt(x * x + y * y)
    z = np.sqrt(np.clip(1 - far * far, 0, 1))
    length = float(np.hypot(np.hypot(*sun), 0.35))
    lit = (x * np.float32(sun[0]) + y * np.float32(sun[1]) + z * np.float32(0.35)) / np.float32(length)
    lit = np.clip(lit * 1.5 + 0.12, 0, 1) ** np.float32(0.8)
    day = np.broadcast_to(np.array(face, np.float32), (side, side, 3)) if isinstance(face, tuple) else cv2.resize(face, (side, side))
    night = np.array(dark, np.float32)
    cover = np.clip((1 - far) * np.float32(radius) + 0.5, 0, 1)
    put(canvas, ((night + (day - night) * lit[..., None]) * 255).astype(np.float32), cover.astype(np.float32), (left, top))


def put(canvas: Canvas, face: Face, cover: Face, corner: tuple[int, int]) -> None:
    """Lay a coloured patch over the canvas, wrapping at the sides and cut at the top and the foot."""
    left, top = corner
    rows = np.arange(top, top + face.shape[0])
    inside = (rows >= 0) & (rows < canvas.height)
    columns = np.arange(left, left + face.shape[1]) % canvas.width
    spot = np.ix_(rows[inside], columns)
    share = cover[inside][..., None]
    canvas.rgb[spot] = np.clip(canvas.rgb[spot] * (1 - share) + face[inside] * share, 0, 255).astype(np.uint8)
    canvas.alpha[spot] = np.clip(canvas.alpha[spot] * (1 - share[..., 0]) + 255 * share[..., 0], 0, 255).astype(np.uint8)
