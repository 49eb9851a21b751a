"""Two who are too broad to stand side by side in a narrow frame: one a step nearer, their outlines fitted into each other."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from castlist.media.animatic.action import Poise
from castlist.media.animatic.geometry import Geometry
from castlist.media.animatic.looks import Looks
from castlist.media.animatic.planes import Plane, as_bytes
from castlist.media.animatic.sprite import Sprite

WANTED, _LEAST, _STEP = 0.308, 0.22, 0.006
MARGINS = (0.02, 0.012, 0.0, -0.01, -0.02, -0.03, -0.04, -0.05)
"""What is left free at either side of the frame, in its widths; below 0 a tip of an arm or a tail leaves it."""
LOWEST = 0.978
_FINE, _SCAN = 120, 2
_LEAN, _RISE = 2.0, 0.03
_FOLD = {True: 0.9, False: 0.4}
"""How far the nearer and the farther one may sit down: the first goes away from the other, the second towards it."""
_SOLID = 96
_FIXED, _STILL = 0.30, 0.1
Outline = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Nook:
    """The place of one of two packed ones: its feet across the frame and below where one alone has them, its height (all shares).

    `deepest` is how far down the nearer of the two has its feet, `loose` the share of its small movements that there is room for.
    """

    x: float
    down: float
    tall: float
    near: bool
    mirrored: bool
    deepest: float
    loose: float = 1.0


@dataclass(frozen=True, slots=True)
class Shape:
    """All that a character covers over time, `_FINE` pixels to its height: moving a little, and at rest; and where it stands in it."""

    moving: Outline
    still: Outline
    anchor: tuple[int, int]

    @property
    def reach(self) -> tuple[int, int]:
        """How far it reaches to the left and to the right of where it stands, at rest."""
        columns = np.flatnonzero(self.still.any(axis=0))
        return self.anchor[0] - int(columns[0]), int(columns[-1]) + 1 - self.anchor[0]

    def at_rest(self) -> "Shape":
        """The same, if it moves no more than its own clip does."""
        return replace(self, moving=self.still)

    def mirrored(self) -> "Shape":
        width = self.still.shape[1]
        return Shape(self.moving[:, ::-1], self.still[:, ::-1], (width - 1 - self.anchor[0], self.anchor[1]))


def pack(sprites: Sequence[Sprite], looks: Sequence[Looks], geometry: Geometry, *, left: int, band: tuple[float, float]) -> list[Nook]:
    """The nooks of two, the one with the number `left` on that side, at the greatest height that fits in the band of depths.

    Empty when they do not fit at any height worth having.
    """
    if any(sprite.card for sprite in sprites):
        return []
    order = (left, 1 - left)
    sides = _turned([_shape(sprites[number]) for number in order], [looks[number].gaze for number in order])
    for tall in map(float, np.arange(WANTED, _LEAST, -_STEP)):
        room = (band[1] - band[0]) * (geometry.feet - geometry.horizon) / (tall * geometry.height)
        for still, margin, pair in product((False, True), MARGINS, sides):
            width = _FINE * geometry.width / (tall * geometry.height)
            found = _fit([shape.at_rest() if still else shape for shape, _ in pair], width, margin=margin, room=room)
            if found:
                nooks = _settle(found, [turned for _, turned in pair], geometry, tall=tall, band=band)
                nooks = [replace(nook, loose=_STILL) for nook in nooks] if still else nooks
                return nooks if left == 0 else nooks[::-1]
    return []


def restrained(poise: Poise, nook: Nook) -> Poise:
    """What it may move without touching the other: the farther one is free to rise."""
    return replace(
        poise,
        lift=poise.lift if not nook.near else nook.loose * _RISE * math.tanh(poise.lift / (3 * _RISE)),
        lean=nook.loose * _LEAN * math.tanh(poise.lean / (1.5 * _LEAN)),
        squash=1 + 0.35 * nook.loose * (poise.squash - 1),
        fold=_FOLD[nook.near] * poise.fold,
    )


def facing(poise: Poise, nook: Nook) -> float:
    """A turn narrows it and comes back: mirrored it would reach where the other stands."""
    return (-1.0 if nook.mirrored else 1.0) * max(_FIXED, abs(poise.spin))


def ground_of(nook: Nook, geometry: Geometry, *, row: float) -> float:
    """The frame row of its feet, from the row on which one alone would stand; both stay as far apart, and on the frame."""
    return min(row, (LOWEST - nook.deepest) * geometry.height) + nook.down * geometry.height


def _turned(shapes: Sequence[Shape], gazes: Sequence[float]) -> list[list[tuple[Shape, bool]]]:
    """The left and the right one in all ways they may be turned, as drawn first: who looks aside looks at the other."""
    ways = [(False, True) if gaze == 0 else (gaze * inwards < 0,) for gaze, inwards in zip(gazes, (1, -1), strict=True)]
    return [
        [(shape.mirrored() if turned else shape, turned) for shape, turned in zip(shapes, turns, strict=True)]
        for turns in sorted(product(*ways), key=sum)
    ]


@dataclass(frozen=True, slots=True)
class _Fit:
    """Where two stand in shape pixels: both across, and how much lower (or, below 0, higher) the left one is."""

    left: float
    right: float
    lower: int


def _fit(pair: Sequence[Shape], width: float, *, margin: float, room: float) -> _Fit | None:
    one, other = pair
    left, right = margin * width + one.reach[0], (1 - margin) * width - other.reach[1]
    aside = round(right - left)
    for lower in _steps(int(room * _FINE)):
        if not _touch(one, other, aside=aside, lower=lower):
            return _Fit(left, right, lower)
    return None


def _steps(most: int) -> Iterator[int]:
    for amount in range(0, most + 1, _SCAN):
        yield amount
        yield -amount


def _touch(one: Shape, other: Shape, *, aside: int, lower: int) -> bool:
    """Whether two meet when the other stands so far to the right, and the first so much lower."""
    x, y = one.anchor[0] + aside - other.anchor[0], one.anchor[1] - lower - other.anchor[1]
    a, b = one.moving, other.moving
    left, right = max(0, x), min(a.shape[1], x + b.shape[1])
    top, bottom = max(0, y), min(a.shape[0], y + b.shape[0])
    if right <= left or bottom <= top:
        return False
    return bool((a[top:bottom, left:right] & b[top - y : bottom - y, left - x : right - x]).any())


def _settle(found: _Fit, turned: Sequence[bool], geometry: Geometry, *, tall: float, band: tuple[float, float]) -> list[Nook]:
    """The nooks of a fit: the pair about where one alone would stand, as far as the ground allows."""
    width = _FINE * geometry.width / (tall * geometry.height)
    lower = abs(found.lower) / _FINE * tall
    low, high = ((depth - 1) * (geometry.feet - geometry.horizon) / geometry.height for depth in band)
    near = max(low + lower, min(high, lower / 2))
    rows = (near, near - lower) if found.lower > 0 else (near - lower, near)
    return [
        Nook(x / width, row, tall, near=row == near and lower > 0, mirrored=mirrored, deepest=near)
        for x, row, mirrored in zip((found.left, found.right), rows, turned, strict=True)
    ]


def _shape(sprite: Sprite) -> Shape:
    keeps = [picture.keep for picture in sprite.pictures if picture.keep is not None]
    zoom = _FINE / sprite.tall
    least = keeps[0]
    for keep in keeps[1:]:
        least = as_bytes(cv2.min(least, keep))
    edge = _FINE // 6
    solid = cv2.resize(cv2.bitwise_not(least), None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    plane = as_bytes(cv2.copyMakeBorder(solid, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0)))
    at = (sprite.anchor[0] * zoom + edge, sprite.anchor[1] * zoom + edge)
    moving = np.zeros(plane.shape, bool)
    for lean, rise in product((-_LEAN, 0.0, _LEAN), (0.0, _RISE)):
        moving |= _leaning(plane, at, lean=lean, up=rise * _FINE) > _SOLID // 2
    return Shape(moving, plane > _SOLID, (round(at[0]), round(at[1])))


def _leaning(plane: Plane, at: tuple[float, float], *, lean: float, up: float) -> Plane:
    matrix = cv2.getRotationMatrix2D(at, -lean, 1.0)
    matrix[1, 2] -= up
    return as_bytes(cv2.warpAffine(plane, matrix, (plane.shape[1], plane.shape[0]), flags=cv2.INTER_LINEAR))
