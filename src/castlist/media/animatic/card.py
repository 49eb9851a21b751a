"""A clip that cannot be cut out, as a framed print that stands in the scene, a little tilted, the clip playing inside."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from castlist.media.animatic.geometry import even
from castlist.media.animatic.palette import Light
from castlist.media.animatic.planes import Cel, Plane, as_bytes, cel_of

TILT = 1.7
BORDER, LINE = 0.03, 0.004
CORNER = 0.045
SHADE, SHADE_REACH = 0.42, 0.03
PAPER, INK = (250, 247, 240), (52, 48, 46)
WIDEST = 1.9


@dataclass(frozen=True, slots=True)
class Card:
    """Everything about a card that is the same in each of its pictures: the inner size, the outer one, its corners and its shadow."""

    inner: tuple[int, int]
    size: tuple[int, int]
    move: "np.ndarray[tuple[int, int], np.dtype[np.float64]]"
    face: Plane
    window: Plane
    shadow: Plane
    gain: "np.ndarray[tuple[int, int], np.dtype[np.float32]]"
    foot: tuple[float, float]


def make_card(clip: tuple[int, int], tall: int, light: Light) -> Card:
    """A card `tall` pixels high for a clip of this size (width, height); wide clips get a lower one rather than a screen."""
    border = max(2, round(BORDER * tall))
    high = tall - 2 * border
    wide = round(high * clip[0] / clip[1])
    if wide > WIDEST * high:
        wide, high = round(WIDEST * high), round(WIDEST * high * clip[1] / clip[0])
    outer = wide + 2 * border, high + 2 * border
    room = max(4, round(3 * SHADE_REACH * tall))
    angle = math.radians(TILT)
    c, s = math.cos(angle), math.sin(angle)
    size = even(round(outer[0] * c + outer[1] * s) + 2 * room), even(round(outer[0] * s + outer[1] * c) + 2 * room)
    middle, centre = np.array(outer) / 2, np.array(size) / 2
    turn = np.array([[c, s], [-s, c]])
    move = np.concatenate([turn, (centre - turn @ middle)[:, None]], axis=1)
    gain = np.float32(0.42) + np.float32(0.58) * np.array(light.key, np.float32)
    face = as_bytes(np.clip(np.full((outer[1], outer[0], 3), PAPER, np.float32) * gain, 0, 255))
    window = _rounded((wide, high), max(2, round(CORNER * tall) - border // 2))
    shape = _rounded(outer, max(3, round(CORNER * tall)))
    shadow = _cast(shape, move, size, reach=SHADE_REACH * tall)
    soft = np.diag(0.45 + 0.55 * gain).astype(np.float32)
    foot = move @ np.array([outer[0] / 2, outer[1], 1.0])
    line = max(1, round(LINE * tall))
    cv2.rectangle(face, (border - line, border - line), (border + wide + line - 1, border + high + line - 1), _inked(gain), -1)
    return Card((wide, high), size, move, as_bytes(np.dstack([face, shape])), window, shadow, soft, (float(foot[0]), float(foot[1])))


def show(card: Card, rgb: Plane) -> Cel:
    """The card with one frame of the clip in it."""
    small = cv2.resize(rgb, card.inner, interpolation=cv2.INTER_AREA)
    toned = as_bytes(cv2.transform(small, card.gain))
    left, top = ((outer - inner) // 2 for outer, inner in zip(card.face.shape[1::-1], card.inner, strict=True))
    whole = card.face.copy()
    part = whole[top : top + card.inner[1], left : left + card.inner[0], :3]
    mask = cv2.merge([card.window] * 3)
    np.copyto(part, cv2.add(cv2.multiply(toned, mask, scale=1 / 255), cv2.multiply(part, cv2.bitwise_not(mask), scale=1 / 255)))
    alpha = whole[..., 3]
    flat = cv2.merge([*cv2.split(cv2.multiply(whole[..., :3], cv2.merge([alpha] * 3), scale=1 / 255)), alpha])
    turned = as_bytes(cv2.warpAffine(flat, card.move, card.size, flags=cv2.INTER_LINEAR))
    covered = turned[..., 3]
    behind = cv2.multiply(card.shadow, cv2.bitwise_not(covered), scale=1 / 255)
    return cel_of(as_bytes(turned[..., :3]), as_bytes(cv2.add(covered, behind)))


def _inked(gain: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> tuple[float, float, float]:
    r, g, b = (float(c) for c in np.array(INK, np.float32) * gain)
    return r, g, b


def _cast(shape: Plane, move: "np.ndarray[tuple[int, int], np.dtype[np.float64]]", size: tuple[int, int], *, reach: float) -> Plane:
    """The soft shadow that a card throws on what is behind it, a little lower than the card."""
    lower = move.copy()
    lower[1, 2] += 0.7 * reach
    dark = cv2.warpAffine(shape, lower, size, flags=cv2.INTER_LINEAR)
    return as_bytes(cv2.convertScaleAbs(cv2.GaussianBlur(dark, (0, 0), max(1.0, 0.6 * reach)), alpha=SHADE))


def _rounded(size: tuple[int, int], radius: int) -> Plane:
    """Opaque, with smooth round corners."""
    width, height = size
    big = np.zeros((4 * height, 4 * width), np.uint8)
    r = 4 * radius
    cv2.rectangle(big, (r, 0), (4 * width - 1 - r, 4 * height - 1), 255, -1)
    cv2.rectangle(big, (0, r), (4 * width - 1, 4 * height - 1 - r), 255, -1)
    for x in (r, 4 * width - 1 - r):
        for y in (r, 4 * height - 1 - r):
            cv2.circle(big, (x, y), r, 255, -1)
    return as_bytes(cv2.resize(big, size, interpolation=cv2.INTER_AREA))
