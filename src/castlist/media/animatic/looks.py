"""Judge from a character's pictures which way it looks and how wide it stands."""

from dataclasses import dataclass

import cv2
import numpy as np

from castlist.media.animatic.planes import Cel, as_bytes
from castlist.media.animatic.sprite import Sprite

_HEAD = 0.5
_SIDEWAYS = 0.075
_HIGH = 160


@dataclass(frozen=True, slots=True)
class Looks:
    """gaze: -1 looks left, 1 looks right, 0 at the camera. In shares of its height: how wide its feet stand, how far it reaches aside."""

    gaze: float
    stance: float
    left: float
    right: float

    @property
    def wide(self) -> float:
        return self.left + self.right


def judge(sprite: Sprite) -> Looks:
    """Judge a character by a few of its pictures. A card looks at the camera."""
    if sprite.card:
        wide = sprite.wide / sprite.tall
        return Looks(0.0, 0.9 * wide, 0.5 * wide, 0.5 * wide)
    count = len(sprite.pictures)
    few = [sprite.pictures[n] for n in sorted({0, count // 3, 2 * count // 3})]
    many = sprite.pictures[:: max(1, count // 12)]
    reaches = np.array([_reach(picture, sprite) for picture in many])
    left, right = reaches.max(axis=0)
    turned = float(np.median([_turned(picture) for picture in few]))
    gaze = float(np.sign(turned)) if abs(turned) > _SIDEWAYS else 0.0
    return Looks(gaze, float(np.median([_stance(picture) for picture in few])), float(left), float(right))


def _turned(picture: Cel) -> float:
    """How far the drawing of the head (eyes, mouth, nose) lies from the middle of its outline, in head widths."""
    luma, solid = _small(picture)
    rows = np.flatnonzero(solid.any(axis=1))
    if len(rows) < 8:
        return 0.0
    head = slice(int(rows[0]), int(rows[0] + _HEAD * len(rows)))
    inner = cv2.erode(solid.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=max(2, len(rows) // 28))[head]
    detail = np.abs(cv2.Laplacian(cv2.GaussianBlur(luma, (0, 0), 1.2), cv2.CV_32F))[head] * inner
    columns = np.arange(luma.shape[1], dtype=np.float32)
    outline = solid[head].sum(axis=0).astype(np.float32)
    if detail.sum() < 1 or outline.sum() < 1:
        return 0.0
    middle = float((outline * columns).sum() / outline.sum())
    face = float((detail.sum(axis=0) * columns).sum() / detail.sum())
    wide = float(np.ptp(np.flatnonzero(outline > 0.15 * outline.max()))) + 1
    return (face - middle) / wide


def _reach(picture: Cel, sprite: Sprite) -> tuple[float, float]:
    """How far it reaches to the left and right of where it stands, in its heights."""
    columns = np.flatnonzero(picture.keep.min(axis=0) < 160)
    if len(columns) == 0:
        return 0.0, 0.0
    x = sprite.anchor[0]
    return (x - float(columns[0])) / sprite.tall, (float(columns[-1]) + 1 - x) / sprite.tall


def _stance(picture: Cel) -> float:
    _, solid = _small(picture)
    rows = np.flatnonzero(solid.any(axis=1))
    if len(rows) == 0:
        return 0.4
    feet = np.flatnonzero(solid[rows[-1] - len(rows) // 12 : rows[-1] + 1].any(axis=0))
    return float(feet[-1] - feet[0] + 1) / len(rows)


def _small(picture: Cel) -> "tuple[np.ndarray, np.ndarray]":
    width, height = picture.size
    high = min(_HIGH, height)
    size = (max(2, round(width * high / height)), high)
    luma = as_bytes(cv2.resize(picture.y, size, interpolation=cv2.INTER_AREA))
    keep = cv2.resize(picture.keep, size, interpolation=cv2.INTER_AREA)
    return luma.astype(np.float32), np.asarray(keep < 128)
