"""Many small soft things drawn at once: each a little Gaussian, at sub-pixel places."""

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from castlist.media.animatic.planes import Colour, Frame, Plane, as_bytes, lay, yuv_of

Reals = NDArray[np.float32]
_LARGE = 160
"""Pixels from which a thing is laid over the frame by itself: side by side in one pass, large ones would cut into each other."""
_PHASES = 8
"""How many places between two pixels a large soft thing may have."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The spread of one thing in pixels, across and down, and how far it leans a row."""

    wide: float
    high: float
    slant: float = 0.0


def splat(frame: Frame, x: Reals, y: Reals, strength: Reals, shape: Shape, colour: Colour) -> None:
    """Blend things of one colour into a frame. strength is 0..1 for each; what crosses the frame's edge is left out."""
    luma, blue, red = yuv_of(colour)
    _blend(frame.y[..., None], np.stack([x, y, strength]), shape, np.array([luma], np.float32))
    half = Shape(max(0.45, shape.wide / 2), max(0.45, shape.high / 2), shape.slant)
    weaker = strength * np.float32(min(1.0, shape.wide / 0.9))
    _blend(frame.uv, np.stack([x * np.float32(0.5), y * np.float32(0.5), weaker]), half, np.array([blue, red], np.float32))


def _blend(plane: Plane, things: Reals, shape: Shape, colour: Reals) -> None:
    """Things are columns of x, y and strength in pixels of the plane."""
    height, width = plane.shape[:2]
    reach_y = max(1, int(np.ceil(2.4 * shape.high)))
    reach_x = max(1, int(np.ceil(2.4 * shape.wide)))
    aside = int(np.ceil(2.4 * shape.wide + abs(shape.slant) * reach_y))
    x, y, strength = things
    left, top = np.floor(x), np.floor(y)
    seen = (left >= aside) & (left < width - aside - 1) & (top >= reach_y) & (top < height - reach_y - 1) & (strength > 0.01)
    if not seen.any():
        return
    x, y, strength, top = x[seen], y[seen], strength[seen], top[seen].astype(np.intp)
    if not shape.slant and (2 * reach_y + 1) * (2 * reach_x + 1) > _LARGE:
        for one in zip(x.tolist(), y.tolist(), strength.tolist(), strict=True):
            _glow(plane, one, shape, colour)
        return
    rows = np.arange(-reach_y, reach_y + 1)
    dy = (rows[None, :] - (y - top)[:, None]).astype(np.float32)
    high = np.exp(-0.5 * (dy / np.float32(shape.high)) ** 2) * strength[:, None]
    middle = x[:, None] + np.float32(shape.slant) * dy if shape.slant else x[:, None]
    first = np.floor(middle).astype(np.intp) - reach_x
    dx = (np.arange(2 * reach_x + 1) - (middle - first)[..., None]).astype(np.float32)
    across = np.exp(-0.5 * (dx / np.float32(shape.wide)) ** 2)
    places = ((top[:, None] + rows) * width + first)[..., None] + np.arange(2 * reach_x + 1)
    _lighten(plane, places, across * high[..., None], colour)


def _lighten(plane: Plane, places: NDArray[np.intp], weight: Reals, colour: Reals) -> None:
    """Blend a colour into single pixels, all at once."""
    pixels = plane.reshape(-1) if plane.shape[2] == 1 else plane.view(np.uint16).reshape(-1)
    now = pixels[places].view(np.uint8).reshape(*places.shape, plane.shape[2]).astype(np.float32)
    now += (colour - now) * weight[..., None] + np.float32(0.5)
    pixels[places] = now.astype(np.uint8).view(pixels.dtype).reshape(places.shape)


def _glow(plane: Plane, thing: tuple[float, float, float], shape: Shape, colour: Reals) -> None:
    """Blend a colour into a plane around one place."""
    x, y, strength = thing
    left, top = math.floor(x + 0.5), math.floor(y + 0.5)
    light = _light(shape, int((x + 0.5 - left) * _PHASES), int((y + 0.5 - top) * _PHASES))
    down, across = light.shape[0] // 2, light.shape[1] // 2
    part = plane[top - down : top + down + 1, left - across : left + across + 1]
    weight = cv2.convertScaleAbs(light, alpha=strength)
    tints = [cv2.convertScaleAbs(weight, alpha=float(value) / 255) for value in colour]
    if len(tints) == 1:
        lay(part[..., 0], as_bytes(tints[0]), as_bytes(cv2.bitwise_not(weight)))
        return
    keep = cv2.bitwise_not(weight)
    lay(part, as_bytes(cv2.merge(tints)), as_bytes(cv2.merge([keep, keep])))


@lru_cache(maxsize=1024)
def _light(shape: Shape, across: int, down: int) -> Plane:
    """How much a thing covers of the pixels around its own, where it lies this many steps from that pixel's left and upper edge."""
    reach = max(1, math.ceil(2.4 * shape.wide)), max(1, math.ceil(2.4 * shape.high))
    lines = []
    for length, spread, step in zip(reach, (shape.wide, shape.high), (across, down), strict=True):
        away = np.arange(-length, length + 1) - ((step + 0.5) / _PHASES - 0.5)
        lines.append(np.exp(-0.5 * (away / spread) ** 2))
    return np.asarray(np.outer(lines[1], lines[0]) * 255 + 0.5, np.uint8)
