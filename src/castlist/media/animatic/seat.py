"""A character that sits, whatever it is: its lower part is foreshortened and spread, the upper one keeps its shape."""

import cv2
import numpy as np
from numpy.typing import NDArray

from castlist.media.animatic.planes import CLEAR, Plane, as_bytes

HIP = 0.50
"""Up to which share of its height a figure folds; above it nothing but its place changes."""
DROP = 0.17
SPREAD = 0.20
Reals = NDArray[np.float32]


def seated(pixels: Plane, *, anchor: tuple[float, float], tall: float, fold: float) -> Plane:
    """The pixels of a figure of this height that stands at the anchor, as one that has sat down by a share."""
    maps = _maps((pixels.shape[1], pixels.shape[0]), anchor, tall=tall, fold=fold)
    return as_bytes(cv2.remap(pixels, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=CLEAR))


def _maps(size: tuple[int, int], anchor: tuple[float, float], *, tall: float, fold: float) -> tuple[Reals, Reals]:
    """For each pixel of the seated picture the column and the row that it comes from."""
    width, height = size
    up = (anchor[1] - np.arange(height, dtype=np.float64)) / tall
    drop = DROP * fold
    steep = HIP - 2 * drop
    along = (np.sqrt(steep * steep + 4 * drop * np.clip(up, 0, HIP - drop)) - steep) / (2 * drop)
    risen = np.where(up < 0, up, np.where(up > HIP - drop, up + drop, HIP * along))
    wide = 1 + SPREAD * fold * (1 - np.clip(along, 0, 1)) ** 1.5
    rows = (anchor[1] - risen * tall).astype(np.float32)
    columns = anchor[0] + (np.arange(width) - anchor[0])[None, :] / wide[:, None]
    return columns.astype(np.float32), np.ascontiguousarray(np.broadcast_to(rows[:, None], (height, width)))


def broader(fold: float) -> float:
    """How much wider than standing it is at its widest."""
    return 1 + SPREAD * fold
