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
    """Several octaves of noise, in 0..1."""
    total = np.zeros((size[1], size[0]), np.float32)
    weight, whole = 1.0, 0.0
    for octave in range(octaves):
        grain = (cells[0] << octave, cells[1] << octave)
        total += np.float32(weight) * field(rng, size, cells=grain)
        whole += weight
        weight *= 0.5
    total /= np.float32(whole)
    low, high = float(total.min()), float(total.max())
    return (total - np.float32(low)) / np.float32(max(1e-6, high - low))


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
