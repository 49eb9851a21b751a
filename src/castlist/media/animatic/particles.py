"""Many small soft things drawn at once: each a little Gaussian, at sub-pixel places."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from castlist.media.animatic.planes import Colour, Frame, Plane, yuv_of

Reals = NDArray[np.float32]
_LARGE = 160
"""Pixels from which a thing is laid over the frame by itself: side by side in one pass, large ones would cut into each other."""


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
    seen = (left >= aside) & (left < width - aside) & (top >= reach_y) & (top < height - reach_y) & (strength > 0.01)
    if not seen.any():
        return
    x, y, strength, top = x[seen], y[seen], strength[seen], top[seen].astype(np.intp)
    rows = np.arange(-reach_y, reach_y + 1)
    dy = (rows[None, :] - (y - top)[:, None]).astype(np.float32)
    high = np.exp(-0.5 * (dy / np.float32(shape.high)) ** 2) * strength[:, None]
    middle = x[:, None] + np.float32(shape.slant) * dy if shape.slant else x[:, None]
    first = np.floor(middle).astype(np.intp) - reach_x
    dx = (np.arange(2 * reach_x + 1) - (middle - first)[..., None]).astype(np.float32)
    across = np.exp(-0.5 * (dx / np.float32(shape.wide)) ** 2)
    if shape.slant or high[0].size * across[0].size <= _LARGE:
        places = ((top[:, None] + rows) * width + first)[..., None] + np.arange(2 * reach_x + 1)
        _lighten(plane, places, across * high[..., None], colour)
        return
    for left, above, one, other in zip(first[:, 0], top - reach_y, across[:, 0], high, strict=True):
        _glow(plane[above : above + len(other), left : left + len(one)], other[:, None, None] * one[:, None], colour)


def _lighten(plane: Plane, places: NDArray[np.intp], weight: Reals, colour: Reals) -> None:
    """Blend a colour into single pixels, all at once."""
    pixels = plane.reshape(-1) if plane.shape[2] == 1 else plane.view(np.uint16).reshape(-1)
    now = pixels[places].view(np.uint8).reshape(*places.shape, plane.shape[2]).astype(np.float32)
    now += (colour - now) * weight[..., None] + np.float32(0.5)
    pixels[places] = now.astype(np.uint8).view(pixels.dtype).reshape(places.shape)


def _glow(part: Plane, weight: Reals, colour: Reals) -> None:
    """Blend a colour into a part of a plane."""
    now = part.astype(np.float32)
    now += (colour - now) * weight + np.float32(0.5)
    part[...] = now.astype(np.uint8)
