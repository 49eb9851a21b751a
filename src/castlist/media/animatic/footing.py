"""The shadow of a character on the ground: tight at its feet, soft and away from the light beyond them."""

import math
from functools import lru_cache

import cv2
import numpy as np

from castlist.media.animatic.palette import Light
from castlist.media.animatic.planes import Frame, Plane, as_bytes
from castlist.media.animatic.seat import broader
from castlist.media.animatic.staging import Actor, Spot

_FLAGS = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
_BLOT = 64
"""The radius of the spot that every shadow is a stretched copy of."""


def shadow(frame: Frame, actor: Actor, spot: Spot, light: Light) -> None:
    """Darken the ground under an actor, the less the higher it is."""
    tall = actor.sprite.tall * spot.scale
    high = max(0.0, spot.ground - spot.y) / max(1.0, tall)
    near = math.exp(-4.5 * high)
    stance = max(0.25, actor.looks.stance) * tall * broader(spot.fold)
    loose = 1 + 0.5 * min(1.0, high)
    at = (spot.x, spot.ground + 0.006 * tall)
    _smear(frame, at, (0.62 * stance * loose, min(0.13 * stance, 0.075 * tall) * loose), (1.0, 0.0), light.shadow * (0.25 + 1.15 * near))
    if light.sun_size:
        aside, down, long = _away(light)
        middle = (at[0] + aside * long * tall * 0.5, at[1] + down * long * tall * 0.5)
        radii = (0.5 * long * tall + 0.18 * tall, 0.085 * tall * loose)
        _smear(frame, middle, radii, (aside, down), light.shadow * (0.25 + 0.55 * near))
    else:
        _smear(frame, at, (0.52 * tall * loose, 0.10 * tall * loose), (1.0, 0.0), light.shadow * (0.25 + 0.5 * near))


def _away(light: Light) -> tuple[float, float, float]:
    """Where shadows fall on the frame (a direction, aside and down) and how long they are in heights: long under a low sun."""
    low = min(1.0, max(0.0, light.sun[1]))
    aside, down = -math.copysign(1.0, light.sun[0]) * (0.55 + 0.4 * low), 0.16
    whole = math.hypot(aside, down)
    return aside / whole, down / whole, 0.30 + 0.42 * low


def _smear(frame: Frame, centre: tuple[float, float], radii: tuple[float, float], along: tuple[float, float], strength: float) -> None:
    """Darken a soft ellipse whose long axis lies along a direction."""
    (cx, cy), (rx, ry), (c, s) = centre, radii, along
    wide, high = abs(rx * c) + abs(ry * s), abs(rx * s) + abs(ry * c)
    left, right = max(0, int(cx - wide)) // 2 * 2, min(frame.y.shape[1], int(cx + wide) + 2)
    top, bottom = max(0, int(cy - high)) // 2 * 2, min(frame.y.shape[0], int(cy + high) + 2)
    if right - left < 2 or bottom - top < 2 or strength < 0.01:
        return
    # From the frame to the blot: turned until the long axis lies across, and both axes shrunk to its own.
    turn = np.array([[c / rx, s / rx], [-s / ry, c / ry]]) * _BLOT
    move = np.array([_BLOT, _BLOT]) + turn @ np.array([left - cx, top - cy])
    matrix = np.concatenate([turn, move[:, None]], axis=1)
    soft = cv2.warpAffine(_blot(), matrix, (right - left, bottom - top), flags=_FLAGS)
    dark = cv2.convertScaleAbs(soft, alpha=min(0.85, strength))
    part = frame.y[top:bottom, left:right]
    kept = cv2.multiply(part, cv2.bitwise_not(dark), scale=1 / 255)
    np.copyto(part, cv2.add(kept, cv2.convertScaleAbs(dark, alpha=16 / 255)))


@lru_cache(maxsize=1)
def _blot() -> Plane:
    """A soft round spot, dark in its middle."""
    line = (np.arange(2 * _BLOT + 1, dtype=np.float32) - _BLOT) / _BLOT
    fall = np.clip(1 - line[None, :] ** 2 - line[:, None] ** 2, 0, 1) ** 1.3
    return as_bytes((255 * fall).astype(np.uint8))
