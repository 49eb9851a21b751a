"""Draw a character over a frame, and where its outline is."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from castlist.media.animatic.palette import Light
from castlist.media.animatic.planes import CLEAR, Frame, Plane, as_bytes, lay, level, yuv_of
from castlist.media.animatic.seat import seated
from castlist.media.animatic.staging import Actor, Spot

_FLAGS = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
_STEP = 7
"""Pictures between the loops of two characters, so that twins do not move as one."""
_UPRIGHT = 0.01
_EDGE_ON = 0.3
"""How broad a turning one stays at least: a flat figure seen from its edge is a splinter."""
Matrix = NDArray[np.float64]


def play(frame: Frame, actor: Actor, spot: Spot, *, number: int, light: Light) -> None:
    """Draw an actor over the frame with its own motion playing, veiled by the air between."""
    pixels = _posed(actor, spot, number)
    forward, offset = _seen(actor, spot)
    box = _box(pixels, forward, offset, frame)
    if box is None:
        return
    left, top, right, bottom = box
    back = _inverse(forward)
    y, u, v, keep = _warped(pixels, back, back @ (np.array([left, top]) - offset), size=(right - left, bottom - top))
    half_u, half_v, half = (cv2.resize(plane, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for plane in (u, v, keep))
    keep2 = as_bytes(cv2.merge([half, half]))
    uv = level(as_bytes(cv2.merge([half_u, half_v])), keep2)
    if spot.haze > 0.01:
        y, uv = _veiled(y, keep, uv, keep2, light=light, share=spot.haze * light.air)
    lay(frame.y[top:bottom, left:right], y, keep)
    lay(frame.uv[top // 2 : bottom // 2, left // 2 : right // 2], uv, keep2)


def outline(shape: tuple[int, int], actor: Actor, spot: Spot, *, number: int, part: int = 4) -> Plane:
    """How much each pixel of a frame of this shape (rows, columns) is the character's, at 1/part of its size."""
    keep = as_bytes(cv2.extractChannel(_posed(actor, spot, number), 3))
    forward, offset = _seen(actor, spot)
    back = _inverse(forward)
    size = (shape[1] // part, shape[0] // part)
    matrix = np.concatenate([back * part, (back @ ((part - 1) / 2 - offset))[:, None]], axis=1)
    kept = cv2.warpAffine(keep, matrix, size, flags=_FLAGS, borderMode=cv2.BORDER_CONSTANT, borderValue=(255, 255, 255, 255))
    return as_bytes(cv2.bitwise_not(kept))


def _posed(actor: Actor, spot: Spot, frame: int) -> Plane:
    """The pixels of its loop at a frame, sitting when it sits."""
    sprite = actor.sprite
    pixels = sprite.at(frame + _STEP * actor.number).pixels()
    return seated(pixels, anchor=sprite.anchor, tall=sprite.tall, fold=spot.fold) if spot.fold > _UPRIGHT else pixels


def _seen(actor: Actor, spot: Spot) -> tuple[Matrix, Matrix]:
    """From picture to frame: a squash on the ground and a turn, then a lean about the feet."""
    facing = math.copysign(max(_EDGE_ON, abs(spot.facing)), spot.facing)
    angle = math.radians(spot.lean)
    across, down = facing * spot.scale / spot.squash**0.6, spot.scale * spot.squash
    c, s = math.cos(angle), math.sin(angle)
    forward = np.array([[c * across, -s * down], [s * across, c * down]])
    return forward, np.array([spot.x, spot.y]) - forward @ np.array(actor.sprite.anchor)


def _inverse(matrix: Matrix) -> Matrix:
    (a, b), (c, d) = matrix.tolist()
    return np.array([[d, -b], [-c, a]], np.float64) / np.float64(a * d - b * c)


def _box(pixels: Plane, forward: Matrix, offset: Matrix, frame: Frame) -> tuple[int, int, int, int] | None:
    """The even rectangle of a frame that holds a picture."""
    sides, found = (pixels.shape[1], pixels.shape[0]), list[int]()
    for row, start, limit in zip(forward.tolist(), offset.tolist(), (frame.y.shape[1], frame.y.shape[0]), strict=True):
        steps = [part * side for part, side in zip(row, sides, strict=True)]
        first, last = start + sum(min(0.0, step) for step in steps), start + sum(max(0.0, step) for step in steps)
        found += [max(0, math.floor(first / 2) * 2), min(limit, math.ceil(last / 2) * 2)]
    left, right, top, bottom = found
    return None if right <= left or bottom <= top else (left, top, right, bottom)


def _veiled(y: Plane, keep: Plane, uv: Plane, keep2: Plane, *, light: Light, share: float) -> tuple[Plane, Plane]:
    """The same planes with a share of the air's colour before them, as much as there is of the character."""
    luma, blue, red = yuv_of(light.haze)
    rest = 1 - share
    air = cv2.convertScaleAbs(cv2.bitwise_not(keep), alpha=share * luma / 255)
    solid = cv2.bitwise_not(cv2.extractChannel(keep2, 0))
    colour = cv2.merge([cv2.convertScaleAbs(solid, alpha=share * part / 255) for part in (blue, red)])
    hazed = cv2.add(cv2.convertScaleAbs(uv, alpha=rest), colour)
    return as_bytes(cv2.add(cv2.convertScaleAbs(y, alpha=rest), air)), as_bytes(hazed)


def _warped(pixels: Plane, back: Matrix, start: Matrix, *, size: tuple[int, int]) -> Sequence[Plane]:
    """Y, U, V and what is kept, each at the frame's scale."""
    matrix = np.concatenate([back, start[:, None]], axis=1)
    seen = cv2.warpAffine(pixels, matrix, size, flags=_FLAGS, borderMode=cv2.BORDER_CONSTANT, borderValue=CLEAR)
    planes = np.empty((4, *seen.shape[:2]), np.uint8)
    cv2.split(seen, list(planes))
    return list(planes)
