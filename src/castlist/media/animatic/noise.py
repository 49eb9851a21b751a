"""Smooth random fields that repeat from left to right, so that a texture has no seam."""

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]


def field(rng: np.random.Generator, size: tuple[int, int], *, cells: tuple[int, int]) -> Field:
    """Value noise in 0..1 of size (width, height), periodic in x, with cells lattice cells across and down."""
    width, height = size
    across, down = max(1, cells[0]), max(1, cells[1])
    lattice = rng.random((down + 3, across), dtype=np.float32)
    padded = np.concatenate([lattice[:, -2:], lattice, lattice[:, :3]], axis=1)
    scale = width / across
    wide = cv2.resize(padded, (round(padded.shape[1] * scale), height * (down + 3) // max(1, down)), interpolation=cv2.INTER_CUBIC)
    left = round(2 * scale)
    return np.clip(wide[:height, left : left + width], 0.0, 1.0)


def cloudy(rng: np.random.Generator, size: tuple[int, int], *, cells: tuple[int, int], octaves: int = 4) -> Field:
    """Several octaves of noise, in 0..1; made no finer than its finest grain needs, then enlarged."""
    finest = min(side / (count << (octaves - 1)) for side, count in zip(size, cells, strict=True))
    part = max(1, min(4, int(finest / 5)))
    small = max(2, size[0] // part), max(2, size[1] // part)
    total = np.zeros((small[1], small[0]), np.float32)
    weight = 1.0
    for octave in range(octaves):
        total += np.float32(weight) * field(rng, small, cells=(cells[0] << octave, cells[1] << octave))
        weight *= 0.5
    low, high = float(total.min()), float(total.max())
    total -= np.float32(low)
    total /= np.float32(max(1e-6, high - low))
    return total if part == 1 else _enlarged(total, size)


def _enlarged(total: Field, size: tuple[int, int]) -> Field:
    """A periodic field at a larger size, still without a seam."""
    width, height = size
    scale = width / total.shape[1]
    padded = np.concatenate([total[:, -2:], total, total[:, :2]], axis=1)
    wide = cv2.resize(padded, (round(padded.shape[1] * scale), height), interpolation=cv2.INTER_LINEAR)
    left = round(2 * scale)
    return np.ascontiguousarray(wide[:, left : left + width])


def ridge(rng: np.random.Generator, width: int, *, waves: int, octaves: int = 5, roughness: float = 0.5) -> Field:
    """A periodic line of hills in 0..1, one value a column."""
    x = np.linspace(0, 2 * np.pi, width, endpoint=False, dtype=np.float32)
    line = np.zeros(width, np.float32)
    weight = 1.0
    for octave in range(octaves):
        count = max(1, waves << octave)
        line += np.float32(weight) * np.sin(count * x + np.float32(rng.uniform(0, 6.283)), dtype=np.float32)
        count = max(1, count + int(rng.integers(1, 3)))
        line += np.float32(0.6 * weight) * np.sin(count * x + np.float32(rng.uniform(0, 6.283)), dtype=np.float32)
        weight *= roughness
    low, high = float(line.min()), float(line.max())
    return (line - np.float32(low)) / np.float32(max(1e-6, high - low))
