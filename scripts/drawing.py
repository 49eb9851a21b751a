"""Smooth, inked and shaded shapes, drawn anti-aliased at twice their size: what the sample clips are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Reals = NDArray[np.float32]
Colour = tuple[int, int, int]

WIDTH, HEIGHT = 1280, 720
SCALE = 2
INK: Colour = (58, 34, 40)


@dataclass(frozen=True)
class Fill:
    """Colours in RGB: lit from the upper left, darker towards the lower right, and rounded at the rim by `plump`."""

    light: Colour
    dark: Colour
    plump: float = 0.16
    outline: float = 5.0


@dataclass(frozen=True)
class Window:
    """A part of the sheet, in its drawn pixels."""

    rows: slice
    columns: slice

    @property
    def shape(self) -> tuple[int, int]:
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start


@dataclass(frozen=True)
class Sheet:
    """A canvas in premultiplied RGB, drawn at SCALE times its size."""

    colour: Reals
    alpha: Reals

    def paint(self, points: Points, fill: Fill, *, within: Points | None = None) -> None:
        """Fill a closed outline and ink its edge; `within` clips it to another outline."""
        frame = window(points, margin=4)
        mask = cover(points, frame) if within is None else cover(points, frame) * cover(within, frame)
        self.lay(frame, mask, shade(mask, points, frame, fill))
        if fill.outline:
            self.ink(np.vstack([points, points[:1]]), fill.outline, within=within)

    def ink(self, points: Points, width: float, *, colour: Colour = INK, within: Points | None = None) -> None:
        frame = window(points, margin=width)
        line = np.zeros(frame.shape, np.uint8)
        cv2.polylines(line, [fixed(points, frame)], False, 255, round(width * SCALE), cv2.LINE_AA, 4)
        mask = np.asarray(line / np.float32(255), np.float32)
        if within is not None:
            mask = mask * cover(within, frame)
        self.lay(frame, mask, np.asarray(np.array(colour, np.float32)[None, None], np.float32))

    def lay(self, frame: Window, mask: Reals, colour: Reals) -> None:
        under = self.colour[frame.rows, frame.columns]
        under += (colour - under) * mask[..., None]
        self.alpha[frame.rows, frame.columns] += (1 - self.alpha[frame.rows, frame.columns]) * mask


def window(points: Points, margin: float) -> Window:
    """The part of the sheet that a shape can touch."""
    low = np.floor((points.min(axis=0) - margin) * SCALE).astype(int).clip(0)
    high = np.ceil((points.max(axis=0) + margin) * SCALE).astype(int).clip(0)
    x1, y1 = min(int(high[0]), WIDTH * SCALE), min(int(high[1]), HEIGHT * SCALE)
    return Window(slice(int(low[1]), max(y1, int(low[1]))), slice(int(low[0]), max(x1, int(low[0]))))


def fixed(points: Points, frame: Window) -> NDArray[np.int32]:
    """Fixed-point coordinates with four binary places, as OpenCV's anti-aliased drawing wants them."""
    local = points * SCALE - (frame.columns.start, frame.rows.start)
    return np.asarray(np.round(local * 16), np.int32).reshape(-1, 1, 2)


def cover(points: Points, frame: Window) -> Reals:
    mask = np.zeros(frame.shape, np.uint8)
    cv2.fillPoly(mask, [fixed(points, frame)], 255, cv2.LINE_AA, 4)
    return np.asarray(mask / np.float32(255), np.float32)


def shade(mask: Reals, points: Points, frame: Window, fill: Fill) -> Reals:
    (x0, y0), (x1, y1) = points.min(axis=0) * SCALE, points.max(axis=0) * SCALE
    rows = np.arange(frame.rows.start, frame.rows.stop, dtype=np.float32)[:, None]
    columns = np.arange(frame.columns.start, frame.columns.stop, dtype=np.float32)[None, :]
    across = 0.7 * (rows - y0) / max(y1 - y0, 1) + 0.3 * (columns - x0) / max(x1 - x0, 1)
    across = np.clip(across, 0, 1)[..., None]
    colour = np.array(fill.light, np.float32) * (1 - across) + np.array(fill.dark, np.float32) * across
    if not fill.plump:
        return np.asarray(colour, np.float32)
    reach = max(2.0, min(x1 - x0, y1 - y0) * 0.09)
    rim = cv2.GaussianBlur(mask, (0, 0), reach).astype(np.float32)
    return np.asarray(colour * (1 - fill.plump + fill.plump * np.clip(2 * rim - 0.75, 0, 1))[..., None], np.float32)


def spline(knots: Sequence[tuple[float, float]], *, closed: bool = True, steps: int = 14) -> Points:
    """A smooth Catmull-Rom curve through the knots."""
    k = np.array(knots, np.float64)
    around = np.vstack([k[-1:], k, k[:2]]) if closed else np.vstack([2 * k[:1] - k[1:2], k, 2 * k[-1:] - k[-2:-1]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    pieces = []
    for p0, p1, p2, p3 in zip(around, around[1:], around[2:], around[3:], strict=False):
        pieces.append(0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3))
    return np.vstack(pieces if closed else [*pieces, k[-1:]])


def oval(x: float, y: float, rx: float, ry: float) -> Points:
    a = np.linspace(0, 2 * pi, 72, endpoint=False)
    return np.column_stack([x + rx * np.cos(a), y + ry * np.sin(a)])


def turn(points: Points, about: tuple[float, float], degrees: float) -> Points:
    a = degrees * pi / 180
    spin = np.array([[cos(a), sin(a)], [-sin(a), cos(a)]])
    return np.asarray((points - about) @ spin + about)


def mirror(points: Points) -> Points:
    return points * (-1, 1)
