"""Colours as people tell them apart: Lab, and how far two are from each other."""

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Reals = NDArray[np.float32]
Mask = NDArray[np.uint8]

LIGHTNESS_WEIGHT = 0.75


def to_lab(bgr: Reals | Pixels) -> Reals:
    return np.asarray(cv2.cvtColor(np.asarray(bgr, np.float32) / 255.0, cv2.COLOR_BGR2LAB), np.float32)


def distance(lab: Reals, other: Reals) -> Reals:
    """Colour distance with lightness weighed down: shading and soft shadows are mostly lightness."""
    gap = lab - other
    squares = gap * gap
    return np.asarray(np.sqrt(LIGHTNESS_WEIGHT**2 * squares[..., 0] + squares[..., 1] + squares[..., 2]), np.float32)


def disc(radius: int) -> Mask:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)
