"""What moves of itself in a film from elsewhere, whatever its camera does."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from castlist.media.align import Path, follow
from castlist.media.animatic.planes import Plane, as_bytes

_MOST = 40
"""Frames that the still background is made of at most."""
_APART, _BLUNT = 14, 0.5
_LEAST, _LARGEST, _CLEAR = 0.006, 0.35, 0.6


def moving(frames: Sequence[Plane]) -> tuple[Plane, ...]:
    """The largest moving thing on each of a film's frames (luma); none at all where it is not clear what that would be."""
    if len(frames) < 3:
        return ()
    path = follow([as_bytes(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR)) for frame in frames])
    still, known = _background(frames, path)
    found = [_largest(frame, *_seen(still, known, path, number)) for number, frame in enumerate(frames)]
    sizes = [float(mask.mean()) / 255 for mask, _ in found]
    clear = float(np.median([share for _, share in found])) > _CLEAR
    return tuple(mask for mask, _ in found) if clear and _LEAST < float(np.median(sizes)) < _LARGEST else ()


def _background(frames: Sequence[Plane], path: Path) -> tuple[Plane, Plane]:
    """What most frames show of each place, on a canvas of twice the frame's size, and where any shows it (255)."""
    height, width = frames[0].shape
    size = (2 * width, 2 * height)
    few = [number for number in range(len(frames)) if number % -(-len(frames) // _MOST) == 0]
    shown, covered = [], []
    for number in few:
        way = _way(path, number, (width, height))
        shown.append(cv2.warpAffine(frames[number], way, size, flags=_BACK, borderMode=cv2.BORDER_CONSTANT, borderValue=255))
        covered.append(cv2.warpAffine(np.full_like(frames[number], 255), way, size, flags=_BACK, borderMode=cv2.BORDER_CONSTANT) > 250)
    count = np.sum(covered, axis=0)
    pictures = np.sort(np.where(covered, np.stack(shown), 255), axis=0)
    middle = np.take_along_axis(pictures, (count // 2).clip(0, len(few) - 1)[None], axis=0)[0]
    return as_bytes(middle.astype(np.uint8)), as_bytes(np.where(count > 1, np.uint8(255), np.uint8(0)))


def _seen(still: Plane, known: Plane, path: Path, number: int) -> tuple[Plane, Plane]:
    """The background as a frame would show it, and where it is known."""
    size = (still.shape[1] // 2, still.shape[0] // 2)
    way = _way(path, number, size)
    return as_bytes(cv2.warpAffine(still, way, size)), as_bytes(cv2.warpAffine(known, way, size))


def _way(path: Path, number: int, size: tuple[int, int]) -> NDArray[np.float64]:
    """From the canvas, in whose middle the reference frame is, to a frame."""
    move = path.moves[number].copy() if path.moves else np.eye(2, 3)
    move[:, 2] -= move[:, :2] @ np.array([size[0] / 2, size[1] / 2])
    return move


def _largest(frame: Plane, still: Plane, known: Plane) -> tuple[Plane, float]:
    """The largest thing that differs from the background, its parts joined, and its share of all that does."""
    detail = cv2.morphologyEx(still, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    apart = cv2.subtract(cv2.absdiff(frame, still), cv2.convertScaleAbs(detail, alpha=_BLUNT))
    mask = ((cv2.GaussianBlur(apart, (0, 0), 2.5) > _APART) & (known > 250)).astype(np.uint8)
    solid = cv2.morphologyEx(mask, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (11, 11)))
    joined = cv2.morphologyEx(solid, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    count, labels, facts, _ = cv2.connectedComponentsWithStats(joined)
    if count < 2:
        return np.zeros_like(frame), 0.0
    sizes = facts[1:, cv2.CC_STAT_AREA]
    one = np.where(np.asarray(labels) == 1 + int(np.argmax(sizes)), np.uint8(255), np.uint8(0))
    return _rounded(as_bytes(one)), float(sizes.max() / sizes.sum())


def _rounded(mask: Plane) -> Plane:
    """The egg about a thing: its outline is too uncertain to be followed, and a light that is torn is worse than a wide one."""
    rows, columns = np.nonzero(mask)
    spread = np.cov(np.stack([columns, rows])) if len(rows) > 2 else np.eye(2)
    lengths, ways = np.linalg.eigh(spread)
    axes = tuple(round(float(2.1 * np.sqrt(max(length, 1.0)))) for length in lengths[::-1])
    turn = float(np.degrees(np.arctan2(ways[1, 1], ways[0, 1])))
    egg = np.zeros_like(mask)
    cv2.ellipse(egg, (round(float(columns.mean())), round(float(rows.mean()))), (axes[0], axes[1]), turn, 0, 360, 255, -1, cv2.LINE_AA)
    return egg


_BACK = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
