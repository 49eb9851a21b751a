"""Many small soft things drawn at once: each a little Gaussian, at sub-pixel places."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from castlist.media.animatic.planes import Colour, Frame, Plane, yuv_of

Reals = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Shape:
    """The spread of one thing in pixels, across and down, and how far it leans a row."""

    wide: float
    high: float
    slant: float = 0.0


def splat(frame: Frame, x: Reals, y: Reals, strength: Reals, shape: Shape, colour: Colour) -> None:
    """Blend things of one colour into a frame. strength is 0..1 for each; what crosses the frame's edge is left out."""
    luma, blue, red = yuv_of(colour)
    _blend(frame.y[..., None], x, y, strength, shape, np.array([luma], np.float32))
    half = Shape(max(0.45, shape.wide / 2), max(0.45, shape.high / 2), shape.slant)
    weaker = strength * np.float32(min(1.0, shape.wide / 0.9))
    _blend(frame.uv, x * np.float32(0.5), y * np.float32(0.5), weaker, half, np.array([blue, red], np.float32))


def _blend(plane: Plane, x: Reals, y: Reals, strength: Reals, shape: Shape, colour: Reals) -> None:
    height, width = plane.shape[:2]
    reach_y = max(1, int(np.ceil(2.4 * shape.high)))
    reach_x = max(1, int(np.ceil(2.4 * shape.wide + abs(shape.slant) * reach_y)))
    left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    seen = (left >= reach_x) & (left < width - reach_x) & (top >= reach_y) & (top < height - reach_y) & (strength > 0.01)
    if not seen.any():
        return
    left, top, strength = left[seen], top[seen], strength[seen]
    columns, rows = np.arange(-reach_x, reach_x + 1), np.arange(-reach_y, reach_y + 1)
    dy = (rows[None, :] - (y[seen] - top)[:, None]).astype(np.float32)
    dx = (columns[None, :] - (x[seen] - left)[:, None]).astype(np.float32)
    high = np.exp(-0.5 * (dy / np.float32(shape.high)) ** 2) * strength[:, None]
    if shape.slant:
        across = (dx[:, None, :] - np.float32(shape.slant) * dy[:, :, None]) / np.float32(shape.wide)
        weight = np.exp(-0.5 * across**2) * high[:, :, None]
    else:
        weight = np.exp(-0.5 * (dx / np.float32(shape.wide)) ** 2)[:, None, :] * high[:, :, None]
    if weight[0].size > 160:
        for number in range(len(left)):
            spot = slice(top[number] - reach_y, top[number] + reach_y + 1), slice(left[number] - reach_x, left[number] + reach_x + 1)
            _lighten(plane, spot, weight[number, ..., None], colour)
    else:
        _lighten(plane, ((top[:, None] + rows)[:, :, None], (left[:, None] + columns)[:, None, :]), weight[..., None], colour)


def _lighten(plane: Plane, spot: tuple[slice, slice] | tuple[NDArray[np.intp], NDArray[np.intp]], weight: Reals, colour: Reals) -> None:
    now = plane[spot].astype(np.float32)
    now += (colour - now) * weight + np.float32(0.5)
    plane[spot] = now.astype(np.uint8)
