"""Find the subject of a clip: a background from borders and time, colour distance from it, the largest connected shape."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from castlist.media import shape
from castlist.media.lab import Mask, Pixels, Reals, distance, to_lab
from castlist.media.plate import Plate, build_plate, decide, missed

WORK_SIDE = 640
BORDER = 0.03
BORDER_FRAMES = 8
BORDER_STEP = 3
MAX_NOISE = 6.0
MIN_COVERAGE = 0.5
SURE_COVERAGE = 0.86
MAX_AREA, MIN_AREA = 0.85, 0.01
MAX_TOUCH = 0.3
MIN_STEADY = 0.6
MAX_JUMP = 0.12
MIN_EDGE = 0.6
MAX_MISSED = 0.12
MAX_DOUBT = 0.02
MIN_COMMON = 0.8


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
    """One mask of 0 and 255 and one shadow (0 and 1) for each small frame, and why they may not be used (None when they may)."""

    masks: tuple[Mask, ...]
    shadows: tuple[Mask | None, ...]
    background: "Background | Plate"
    subjects: int
    fault: str | None

    @property
    def separable(self) -> bool:
        return self.fault is None


def spread(start: int, length: int, *, of: int) -> Reals:
    return np.asarray((np.arange(start, start + length) + 0.5) / of * 2 - 1, np.float32)


def surface_terms(x: Reals, y: Reals) -> Reals:
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)


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
    """Masks of the subject in small frames of one size, from a plain background where there is one, else from a clean plate."""
    background = model_background(frames)
    if background.plain and background.coverage >= SURE_COVERAGE:
        return cut_from(background, frames)
    plate = build_plate(frames)
    tried = [cut_from(plate, frames)] if plate is not None else []
    if background.plain and not (tried and tried[0].separable):
        found = cut_from(background, frames)
        tried.append(replace(found, fault=found.fault or (disagree(found, tried[0]) if tried else None)))
    for found in tried:
        if found.separable:
            return found
    fault = (
        tried[0].fault
        if tried
        else f"only {background.coverage:.0%} of the frame's border has one even colour, and too little moves clearly before it"
    )
    nothing = tuple(np.zeros(frame.shape[:2], np.uint8) for frame in frames)
    return Segmentation(nothing, (None,) * len(frames), background, 0, fault)


def cut_from(background: Background | Plate, frames: Sequence[Pixels]) -> Segmentation:
    filled: list[Mask] = []
    holes: list[shape.Hole] = []
    shadows: list[Mask | None] = []
    counts: list[int] = []
    edges: list[float] = []
    weights: list[Reals] = []
    for number, view in enumerate(views(background, frames)):
        rough, shadow = outline(view)
        shadows.append(shadow if shadow.any() else None)
        kept, count = shape.keep_largest(rough)
        here = shape.find_holes(kept, view, number)
        holes += here
        filled.append(shape.fill(kept, here))
        counts.append(count)
        edges.append(edge_contrast(filled[-1], view.ratio))
        weights += [] if view.weight is None else [view.weight]
    masks = [mask.copy() for mask in filled]
    for hole in shape.settle_holes(holes, filled):
        masks[hole.frame][hole.where][hole.pixels > 0] = 0
    doubts = [shape.undecided(mask, weight) for mask, weight in zip(masks, weights, strict=False)]
    if isinstance(background, Plate):
        size = (frames[0].shape[1], frames[0].shape[0])
        masks = [put(mask, size, box=background.box(size)) for mask in masks]
        shadows = [None] * len(masks)
    fault = judge(masks, edge=float(np.median(edges))) or mistrust(background, frames, masks, doubt=float(np.mean(doubts or [0.0])))
    return Segmentation(tuple(masks), tuple(shadows), background, int(np.median(counts)), fault)


def outline(view: shape.View) -> tuple[Mask, Mask]:
    """The subject in one frame before its gaps are settled, and its shadow; both of 0 and 1."""
    if view.weight is not None:
        return decide(view.weight), np.zeros(view.weight.shape, np.uint8)
    rough = shape.grow(view.ratio) & (1 - shape.smeared(view.ratio, np.abs(view.lab[..., 0] - view.under[..., 0])))
    shadow = shape.find_shadow(rough, view)
    return rough & (1 - shadow), shadow


def mistrust(background: Background | Plate, frames: Sequence[Pixels], masks: Sequence[Mask], *, doubt: float) -> str | None:
    """Why a mask from a clean plate may be torn: what a plain background never asks."""
    if not isinstance(background, Plate):
        return None
    if doubt > MAX_DOUBT:
        return f"{doubt:.1%} of the picture in and around the subject looks like both it and the background"
    lost = missed(background, frames, masks)
    return f"{lost:.0%} of what moves could not be told from the background" if lost > MAX_MISSED else None


def disagree(found: Segmentation, other: Segmentation) -> str | None:
    """Two ways that find quite different subjects: at most one of them can be right, and nothing says which."""
    common = float(np.median([shape.overlap(a, b) for a, b in zip(found.masks, other.masks, strict=True)]))
    return f"what moves and what differs from the border have only {common:.0%} in common" if common < MIN_COMMON else None


def put(part: Mask, size: tuple[int, int], *, box: tuple[int, int, int, int]) -> Mask:
    """A part of a frame where it belongs in the whole."""
    x, y, w, h = box
    whole = np.zeros((size[1], size[0]), np.uint8)
    whole[y : y + h, x : x + w] = part
    return whole


def views(background: Background | Plate, frames: Sequence[Pixels]) -> Iterable[shape.View]:
    """Each frame beside what is behind it."""
    if isinstance(background, Plate):
        yield from background.views(frames)
        return
    under = to_lab(background.paint(frames[0].shape[1::-1]))
    for frame in frames:
        lab = to_lab(frame)
        yield shape.View(distance(lab, under) / background.threshold, lab, under)


def edge_contrast(mask: Mask, ratio: Reals) -> float:
    """The share of the outline that has subject inside and background outside: a torn mask ends where nothing does."""
    kernel = np.ones((5, 5), np.uint8)
    inside = mask - np.asarray(cv2.erode(mask, kernel), np.uint8)
    outside = np.asarray(cv2.dilate(mask, kernel), np.uint8) - mask
    if not inside.any() or not outside.any():
        return 0.0
    return float(min(np.mean(ratio[inside > 0] > 1), np.mean(ratio[outside > 0] < 1)))


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


def judge(masks: Sequence[Mask], *, edge: float) -> str | None:
    """Why the masks cannot be trusted, in words for the advice; None when they can."""
    areas = np.array([np.count_nonzero(mask) / mask.size for mask in masks])
    area = float(np.median(areas))
    if area > MAX_AREA:
        return f"the subject covers {area:.0%} of the frame"
    if area < MIN_AREA or float(areas.min()) <= 0:
        return f"hardly anything ({area:.1%} of the frame) differs from the background"
    touch = float(np.median([touching(mask) for mask in masks]))
    if touch > MAX_TOUCH:
        return f"the subject touches {touch:.0%} of the frame's border"
    steady = float(np.median([shape.overlap(a, b) for a, b in pairwise(masks)] or [1.0]))
    jump = shape.jumps(masks)
    if steady < MIN_STEADY or jump > MAX_JUMP:
        return f"the outline jumps from frame to frame (only {min(steady, 1 - jump):.0%} in common)"
    if edge < MIN_EDGE:
        return f"only {edge:.0%} of the outline stands out from the background"
    return None


def touching(mask: Mask) -> float:
    edge = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    return float(np.count_nonzero(edge)) / edge.size
