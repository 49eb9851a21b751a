"""Find the subject of a clip: a background from borders and time, colour distance from it, the largest connected shape."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Reals = NDArray[np.float32]
Mask = NDArray[np.uint8]

WORK_SIDE = 480
BORDER = 0.03
BORDER_FRAMES = 8
BORDER_STEP = 3
MAX_NOISE = 6.0
MIN_COVERAGE = 0.5
LIGHTNESS_WEIGHT = 0.75
HOLE = 8
PART = 0.02
ANOTHER = 0.3
MAX_AREA, MIN_AREA = 0.85, 0.01
MAX_TOUCH = 0.3
MIN_STEADY = 0.6


@dataclass(frozen=True)
class Background:
    """A smooth colour surface (quadratic in x and y, both -1 to 1, in BGR), how noisy it is and how much of the border follows it."""

    coefficients: Reals
    noise: float
    coverage: float

    def paint(self, size: tuple[int, int], *, box: tuple[int, int, int, int] | None = None) -> Reals:
        """BGR of the surface for a frame of `size` (width, height), or of `box` (x, y, w, h) in it."""
        x, y, w, h = box or (0, 0, *size)
        terms = surface_terms(
            np.broadcast_to(spread(x, w, of=size[0])[None, :], (h, w)), np.broadcast_to(spread(y, h, of=size[1])[:, None], (h, w))
        )
        return np.asarray(np.clip(terms @ self.coefficients, 0, 255), np.float32)

    @property
    def threshold(self) -> float:
        """The colour distance from which a pixel is not background."""
        return float(np.clip(5.0 + 3.0 * self.noise, 7.0, 18.0))

    @property
    def plain(self) -> bool:
        return self.coverage >= MIN_COVERAGE and self.noise <= MAX_NOISE


@dataclass(frozen=True)
class Segmentation:
    """One mask of 0 and 255 for each small frame, and why they may not be used (None when they may)."""

    masks: tuple[Mask, ...]
    background: Background
    subjects: int
    fault: str | None

    @property
    def separable(self) -> bool:
        return self.fault is None


def spread(start: int, length: int, *, of: int) -> Reals:
    return np.asarray((np.arange(start, start + length) + 0.5) / of * 2 - 1, np.float32)


def surface_terms(x: Reals, y: Reals) -> Reals:
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)


def to_lab(bgr: Reals | Pixels) -> Reals:
    return np.asarray(cv2.cvtColor(np.asarray(bgr, np.float32) / 255.0, cv2.COLOR_BGR2LAB), np.float32)


def distance(lab: Reals, other: Reals) -> Reals:
    """Colour distance with lightness weighed down: shading and soft shadows are mostly lightness."""
    gap = lab - other
    return np.asarray(np.sqrt((LIGHTNESS_WEIGHT * gap[..., 0]) ** 2 + gap[..., 1] ** 2 + gap[..., 2] ** 2), np.float32)


def small_size(size: tuple[int, int]) -> tuple[int, int]:
    """The size to look for the subject at; width and height."""
    scale = min(1.0, WORK_SIDE / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def shrink(frame: Pixels) -> Pixels:
    """By exact halves first, which OpenCV does many times faster than an odd factor."""
    height, width = frame.shape[:2]
    size = small_size((width, height))
    while frame.shape[1] >= 2 * size[0] and frame.shape[0] % 2 == frame.shape[1] % 2 == 0:
        frame = np.asarray(cv2.resize(frame, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    method = cv2.INTER_LINEAR if frame.shape[1] < 2 * size[0] else cv2.INTER_AREA
    return np.asarray(cv2.resize(frame, size, interpolation=method), np.uint8)


def segment(frames: Sequence[Pixels]) -> Segmentation:
    """Masks of the subject in small frames of one size."""
    background = model_background(frames)
    drawn = to_lab(background.paint(frames[0].shape[1::-1]))
    found = [find_subject(frame, drawn, background) for frame in frames]
    masks = tuple(mask for mask, _ in found)
    counts = [count for _, count in found]
    return Segmentation(masks, background, int(np.median(counts)), judge(masks, background))


def model_background(frames: Sequence[Pixels]) -> Background:
    """Fit the surface to the border pixels of frames spread over the clip, leaving out what does not belong to it."""
    chosen = frames[:: max(1, len(frames) // BORDER_FRAMES)]
    height, width = frames[0].shape[:2]
    band = border_band(height, width)
    rows, columns = (places[::BORDER_STEP] for places in np.nonzero(band))
    terms = surface_terms(spread(0, width, of=width)[columns], spread(0, height, of=height)[rows])
    terms = np.tile(terms, (len(chosen), 1))
    colours = np.concatenate([frame[rows, columns] for frame in chosen]).astype(np.float32)
    coefficients, gap = fit_surface(terms, colours)
    inside = gap < 12.0
    noise = float(np.sqrt(np.mean(np.square(gap[inside])))) if inside.any() else 99.0
    return Background(coefficients, noise, float(inside.mean()))


def border_band(height: int, width: int) -> NDArray[np.bool_]:
    thick = max(2, round(BORDER * min(height, width)))
    band = np.ones((height, width), bool)
    band[thick:-thick, thick:-thick] = False
    return band


def fit_surface(terms: Reals, colours: Reals) -> tuple[Reals, Reals]:
    """From the commonest border colour outwards: a constant, then a plane, then the quadratic, each on what the last one explains."""
    lab = to_lab(colours[:, None, :])[:, 0]
    coefficients = np.zeros((terms.shape[1], 3), np.float32)
    coefficients[0] = commonest(colours)
    gap = distance(lab, to_lab((terms @ coefficients)[:, None, :])[:, 0])
    for used, reach in ((1, 16.0), (3, 14.0), (3, 12.0), (6, 12.0), (6, 10.0), (6, 10.0)):
        inside = gap < reach
        if int(inside.sum()) < 8 * used:
            break
        solved = np.linalg.lstsq(terms[inside, :used], colours[inside], rcond=None)[0]
        coefficients = np.zeros_like(coefficients)
        coefficients[:used] = solved
        gap = distance(lab, to_lab((terms @ coefficients)[:, None, :])[:, 0])
    return coefficients, gap


def commonest(colours: Reals) -> Reals:
    bins = (colours // 12).astype(np.int64)
    keys = bins[:, 0] * 484 + bins[:, 1] * 22 + bins[:, 2]
    values, counts = np.unique(keys, return_counts=True)
    return np.asarray(colours[keys == values[counts.argmax()]].mean(axis=0), np.float32)


def find_subject(frame: Pixels, background: Reals, model: Background) -> tuple[Mask, int]:
    """The subject's mask in one frame, and how many subjects there are."""
    gap = distance(to_lab(frame), background)
    rough = np.asarray(gap > model.threshold, np.uint8)
    rough = np.asarray(cv2.medianBlur(rough, 3), np.uint8)
    return keep_largest(fill_holes(rough, gap, model.threshold))


def fill_holes(mask: Mask, gap: Reals, threshold: float) -> Mask:
    """Fill what the subject encloses, unless it is a gap: more than a speck (HOLE pixels) of the background's very colour."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(1 - mask, connectivity=4)
    height, width = mask.shape
    filled = mask.copy()
    for label in range(1, count):
        x, y, w, h, area = (int(value) for value in stats[label])
        if x == 0 or y == 0 or x + w == width or y + h == height:
            continue
        part = labels[y : y + h, x : x + w] == label
        typical = float(np.percentile(gap[y : y + h, x : x + w][part], 30))
        if area < HOLE or typical > threshold * 0.5:
            filled[y : y + h, x : x + w][part] = 1
    return filled


def keep_largest(mask: Mask) -> tuple[Mask, int]:
    """The largest shape with the smaller ones beside it; what is as good as its size and apart counts as another subject."""
    count, labels, stats, centres = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count < 2:
        return np.zeros_like(mask), 0
    areas = stats[1:, cv2.CC_STAT_AREA]
    main = 1 + int(areas.argmax())
    x, y, w, h = (int(value) for value in stats[main][:4])
    keep = np.zeros(count, np.uint8)
    keep[main] = 255
    subjects = 1
    for label in range(1, count):
        share = float(areas[label - 1]) / float(areas.max())
        beside = x - 0.1 * w <= centres[label][0] <= x + 1.1 * w and y - 0.1 * h <= centres[label][1] <= y + 1.1 * h
        if label != main and beside and share >= PART:
            keep[label] = 255
        elif label != main and share >= ANOTHER:
            subjects += 1
    return np.asarray(keep[labels], np.uint8), subjects


def judge(masks: Sequence[Mask], background: Background) -> str | None:
    """Why the masks cannot be trusted, in words for the advice; None when they can."""
    if not background.plain:
        return f"only {background.coverage:.0%} of the frame's border has one even colour"
    areas = np.array([np.count_nonzero(mask) / mask.size for mask in masks])
    area = float(np.median(areas))
    if area > MAX_AREA:
        return f"the subject covers {area:.0%} of the frame"
    if area < MIN_AREA or float(areas.min()) <= 0:
        return f"hardly anything ({area:.1%} of the frame) differs from the background"
    touch = float(np.median([touching(mask) for mask in masks]))
    if touch > MAX_TOUCH:
        return f"the subject touches {touch:.0%} of the frame's border"
    steady = float(np.median([overlap(a, b) for a, b in pairwise(masks)] or [1.0]))
    if steady < MIN_STEADY:
        return f"the outline jumps from frame to frame (only {steady:.0%} in common)"
    return None


def touching(mask: Mask) -> float:
    edge = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    return float(np.count_nonzero(edge)) / edge.size


def overlap(a: Mask, b: Mask) -> float:
    either = int(np.count_nonzero(a | b))
    return int(np.count_nonzero(a & b)) / either if either else 1.0
