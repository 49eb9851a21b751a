"""Figures about a subject from its masks: where it is, how large, what it touches, and how much it moves."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from castlist.media.frames import even
from castlist.media.lab import Mask, Pixels
from castlist.media.matte import Box
from castlist.media.stills import top_tenth

MARGIN = 0.03
TOUCH = 0.01
MOTION_STEP = 4


@dataclass(frozen=True)
class Subject:
    """In pixels of the clip: the union box over time, and medians over the frames."""

    box: Box
    height: int
    width: int
    feet_y: int
    centre_x: int
    area_fraction: float


def locate(masks: Sequence[Mask], size: tuple[int, int]) -> Subject:
    """`size` is the clip's; masks are smaller. The box has a small margin, even sides, and lies inside the frame."""
    scale = size[0] / masks[0].shape[1]
    boxes = np.array([bounds(mask) for mask in masks], np.float64) * scale
    x0, y0 = boxes[:, 0].min(), boxes[:, 1].min()
    x1, y1 = (boxes[:, 0] + boxes[:, 2]).max(), (boxes[:, 1] + boxes[:, 3]).max()
    x, y, w, h = (float(value) for value in np.median(boxes, axis=0))
    area = float(np.median([np.count_nonzero(mask) / mask.size for mask in masks]))
    return Subject(pad((x0, y0, x1, y1), size), round(h), round(w), round(y + h), round(x + w / 2), area)


def bounds(mask: Mask) -> tuple[int, int, int, int]:
    x, y, w, h = cv2.boundingRect(mask)
    return int(x), int(y), int(w), int(h)


def pad(corners: tuple[float, float, float, float], size: tuple[int, int]) -> Box:
    x0, y0, x1, y1 = corners
    extra = 6 + MARGIN * max(x1 - x0, y1 - y0)
    left, top = max(0, int(x0 - extra) // 2 * 2), max(0, int(y0 - extra) // 2 * 2)
    return left, top, min(size[0] - left, even(x1 + extra - left)), min(size[1] - top, even(y1 + extra - top))


def touched(masks: Sequence[Mask]) -> tuple[str, ...]:
    """The sides of the frame that the subject touches in most frames."""
    edges = {name: [side(mask, name) for mask in masks] for name in ("top", "bottom", "left", "right")}
    shares = {name: float(np.median([np.count_nonzero(edge) / edge.size for edge in found])) for name, found in edges.items()}
    return tuple(name for name, share in shares.items() if share > TOUCH)


def side(mask: Mask, name: str) -> Mask:
    flat = mask if name in ("top", "bottom") else mask.T
    return np.asarray(flat[0] if name in ("top", "left") else flat[-1], np.uint8)


def motion(frames: Sequence[Pixels], masks: Sequence[Mask] | None) -> float:
    """How much the pixels change over a sixth of a second, 0 to 255, in the tenth of the subject (or frame) that moves most."""
    soft = [blurred(frame) for frame in frames]
    pairs = list(zip(soft, soft[MOTION_STEP:], strict=False))
    if not pairs:
        return 0.0
    change = np.zeros(soft[0].shape, np.float32)
    for a, b in pairs:
        change += cv2.absdiff(a, b)
    where = np.bitwise_or.reduce(list(masks)) > 0 if masks else np.ones(change.shape, bool)
    return top_tenth(change[where] / len(pairs)) if where.any() else 0.0


def blurred(frame: Pixels) -> Pixels:
    """Grey without the noise that a still picture has too."""
    return np.asarray(cv2.GaussianBlur(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), (0, 0), 1.5), np.uint8)
