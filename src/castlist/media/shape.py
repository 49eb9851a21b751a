"""From colour distances to the subject's shape: grown from what is sure, without its shadow, its gaps open and its own parts whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from castlist.media.lab import Mask, Reals, disc, distance

WEAK = 0.6
SPECK = 8
PART = 0.02
ANOTHER = 0.3
SHADE = (0.42, 0.985)
SMEAR, SMEAR_MOST, SMEAR_REACH = 0.35, 3.5, 3
LUMA, LUMA_SHARE = 2.5, 0.12
SHADE_FLAT, SHADE_LOW, SHADE_WIDE, SOFT = 0.6, 0.72, 0.12, 1.7
EXACT, BUSY, DOUBT, LIKE = 1.6, 3.0, 1.0, 11.0
GAP, DEEP, BLED = 0.003, 3, 0.13
THIN, THIN_SHARE = 0.11, 0.22
OPENED, OPEN_WEIGHS = 0.5, 8.0


@dataclass(frozen=True)
class Hole:
    """What a subject encloses in one frame: its pixels, and whether it looks like a gap through which the background shows."""

    frame: int
    where: tuple[slice, slice]
    pixels: Mask
    area: int
    gap: float


@dataclass(frozen=True)
class View:
    """One small frame against its background: the distance in units of the threshold, Lab of both.

    `weight` is, where the background was pieced together from several frames, how much speaks for the subject there.
    """

    ratio: Reals
    lab: Reals
    under: Reals
    weight: Reals | None = None


def grow(ratio: Reals) -> Mask:
    """What is over the threshold, with the weaker parts that hang on to it; specks are left out."""
    weak = np.asarray(ratio > WEAK, np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(weak, connectivity=8)
    strong = np.bincount(labels.ravel(), weights=(ratio > 1).ravel(), minlength=count)
    keep = (strong >= SPECK) & (strong >= 0.15 * stats[:, cv2.CC_STAT_AREA])
    keep[0] = False
    grown = keep.astype(np.uint8)[labels]
    # Where much is only weak it is a shadow or noise, not the subject's paler side: the sure part alone is taken then.
    loose = (strong >= SPECK) & ~keep
    loose[0] = False
    if loose.any():
        grown |= np.asarray(loose[labels] & (ratio > 1), np.uint8)
    return np.asarray(grown, np.uint8)


def smeared(ratio: Reals, lightness: Reals) -> Mask:
    """Where only colour that the coding spread over three pixels lies on the background: weaker than beside it, no darker or lighter.

    `ratio` is the distance in thresholds, `lightness` the absolute difference in L.
    """
    around = disc(SMEAR_REACH)
    peak, contrast = cv2.dilate(ratio, around), cv2.dilate(lightness, around)
    weak = (ratio < SMEAR * peak) & (ratio < SMEAR_MOST) & (lightness < np.maximum(LUMA, LUMA_SHARE * contrast))
    return np.asarray(weak, np.uint8)


def find_shadow(mask: Mask, view: View) -> Mask:
    """The flat dark patch at the feet: the background's own colour, only darker, low down and wider than high."""
    shadow = np.zeros_like(mask)
    x, y, w, h = cv2.boundingRect(mask)
    if not h:
        return shadow
    low = slice(y + round(SHADE_LOW * h), y + h)
    part, lab, under = mask[low, x : x + w], view.lab[low, x : x + w], view.under[low, x : x + w]
    share = lab[..., 0] / np.maximum(under[..., 0], 1)
    tint = np.abs(lab[..., 1:] - under[..., 1:] * np.clip(share, 0, 1)[..., None]).max(axis=2)
    dark = np.asarray((part > 0) & (share > SHADE[0]) & (share < SHADE[1]) & (tint < 4 + 0.08 * np.abs(under[..., 1:]).max()), np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    casts = [label for label in range(1, count) if is_cast(labels == label, stats[label], view.ratio[low, x : x + w], wide=w)]
    if casts:
        cast = np.isin(labels, casts)
        near = cv2.dilate(cast.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        light = dark.astype(bool) & near & (share > np.percentile(share[cast], 5))
        shadow[low, x : x + w] = cast | light
    return shadow


def is_cast(patch: NDArray[np.bool_], stats: NDArray[np.int32], ratio: Reals, *, wide: int) -> bool:
    """Whether a low dark patch is a shadow: flat, and soft where it ends on the background, or an oval much wider than a foot."""
    width, height, area = (int(stats[at]) for at in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA))
    if area < SPECK or height > SHADE_FLAT * width or width < SHADE_WIDE * wide:
        return False
    beyond = cv2.dilate(np.pad(patch, 2).astype(np.uint8), np.ones((5, 5), np.uint8))[2:-2, 2:-2] > 0
    outer = beyond & ~patch & (ratio < WEAK)
    if not outer.any():
        return False
    ends = cv2.dilate(outer.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    soft = float(np.mean(ratio[ends & patch] < SOFT)) if (ends & patch).any() else 0.0
    points = cv2.findNonZero(patch.astype(np.uint8))
    full = float(cv2.contourArea(cv2.convexHull(points))) / max(1, (width - 1) * (height - 1))
    return soft > 0.6 or (width > 0.45 * wide and height < 0.4 * width and 0.66 < full < 0.88)


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


def find_holes(mask: Mask, view: View, number: int) -> list[Hole]:
    """What the mask encloses, each with its likeness to a gap: 1 surely is one, 0 surely a part of the subject."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(np.asarray(mask == 0, np.uint8), connectivity=4)
    height, width = mask.shape
    outside = np.zeros(count, bool)
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        outside[edge] = True
    far: Reals | None = None
    tall = cv2.boundingRect(mask)[3]
    found = []
    for label in range(1, count):
        if outside[label]:
            continue
        x, y, w, h, area = (int(value) for value in stats[label])
        if mask[max(0, y - 1), x : x + w].max() == 0 and area == height * width:
            continue
        if far is None:
            far = np.asarray(cv2.distanceTransform(np.asarray(~outside[labels] | (mask > 0), np.uint8), cv2.DIST_L2, 3), np.float32)
        where = slice(y, y + h), slice(x, x + w)
        pixels = np.asarray(labels[where] == label, np.uint8)
        found.append(Hole(number, where, pixels, area, likeness(pixels, view, far, where=where, tall=tall)))
    return found


def likeness(pixels: Mask, view: View, far: Reals, *, where: tuple[slice, slice], tall: int) -> float:
    """A gap shows the very colour of the background, ends sharply, and only a thin limb parts it from the outside."""
    if pixels.sum() < SPECK:
        return 0.0
    core = np.asarray(cv2.erode(pixels, np.ones((3, 3), np.uint8), borderValue=0), np.uint8)
    inside = core > 0 if core.sum() >= SPECK else pixels > 0
    if view.weight is not None:
        if float(np.median(view.weight[where][inside])) > -DOUBT:
            return 0.0
        if float(np.std(view.lab[where][inside].astype(np.float32), axis=0).max()) > BUSY:
            return 1.0
        if pixels.sum() < GAP * tall * tall:
            return 0.0
    else:
        own = np.median(view.lab[where][inside], axis=0)
        bias = np.linalg.norm(np.median(view.lab[where][inside] - view.under[where][inside], axis=0))
        clear = contrast(pixels, view, where=where, own=own)
        if clear < LIKE or bias > np.clip(BLED * clear, EXACT, 2 * EXACT):
            return 0.0
    rim = (pixels - core) > 0
    thin = float(np.mean(far[where][rim] <= max(3.0, THIN * tall)))
    return float(thin >= THIN_SHARE)


def contrast(pixels: Mask, view: View, *, where: tuple[slice, slice], own: NDArray[np.float32]) -> float:
    """How far the colour, `own` inside, jumps nearly all around: where it fades or goes on, the subject itself is like the background."""
    rows, columns = where
    height, width = view.ratio.shape
    wide = slice(max(0, rows.start - 4), min(height, rows.stop + 4)), slice(max(0, columns.start - 4), min(width, columns.stop + 4))
    shape = np.zeros((wide[0].stop - wide[0].start, wide[1].stop - wide[1].start), np.uint8)
    shape[rows.start - wide[0].start : rows.stop - wide[0].start, columns.start - wide[1].start : columns.stop - wide[1].start] = pixels
    around = cv2.dilate(shape, np.ones((9, 9), np.uint8)) - cv2.dilate(shape, np.ones((5, 5), np.uint8))
    beyond = distance(view.lab[wide][around > 0], own)
    return float(np.percentile(beyond, 20)) if beyond.size else 0.0


def settle_holes(holes: Sequence[Hole], masks: Sequence[Mask]) -> list[Hole]:
    """The holes that are gaps. One that is seen frame after frame is judged once; one that comes open to the outside is a gap."""
    group = list(range(len(holes)))

    def root(at: int) -> int:
        while group[at] != at:
            at = group[at]
        return at

    by_frame: dict[int, list[int]] = {}
    for at, hole in enumerate(holes):
        by_frame.setdefault(hole.frame, []).append(at)
    for frame, here in by_frame.items():
        for at in here:
            for other in by_frame.get(frame + 1, []):
                if shared(holes[at], holes[other]) > 0.3 * min(holes[at].area, holes[other].area):
                    group[root(other)] = root(at)
    votes: dict[int, list[float]] = {}
    for at, hole in enumerate(holes):
        score = max(hole.gap, OPEN_WEIGHS * opened(hole, masks))
        votes.setdefault(root(at), []).append(score * hole.area)
    areas: dict[int, float] = {}
    for at, hole in enumerate(holes):
        areas[root(at)] = areas.get(root(at), 0.0) + hole.area
    return [hole for at, hole in enumerate(holes) if sum(votes[root(at)]) >= OPENED * areas[root(at)]]


def shared(a: Hole, b: Hole) -> int:
    top, left = max(a.where[0].start, b.where[0].start), max(a.where[1].start, b.where[1].start)
    bottom, right = min(a.where[0].stop, b.where[0].stop), min(a.where[1].stop, b.where[1].stop)
    if bottom <= top or right <= left:
        return 0
    first = a.pixels[top - a.where[0].start : bottom - a.where[0].start, left - a.where[1].start : right - a.where[1].start]
    second = b.pixels[top - b.where[0].start : bottom - b.where[0].start, left - b.where[1].start : right - b.where[1].start]
    return int(np.count_nonzero(first & second))


def opened(hole: Hole, masks: Sequence[Mask]) -> float:
    """1 when most of it lies outside the filled shape of the frame before or after."""
    for number in (hole.frame - 1, hole.frame + 1):
        if 0 <= number < len(masks):
            near = masks[number][hole.where]
            if np.count_nonzero(hole.pixels & (near == 0)) > 0.6 * hole.area:
                return 1.0
    return 0.0


def undecided(mask: Mask, weight: Reals) -> float:
    """The share of the pixels well inside the shape, and of those around it, that speak for neither side."""
    inside = cv2.erode(mask, disc(DEEP)) > 0
    around = (cv2.dilate(mask, disc(4 * DEEP)) - cv2.dilate(mask, disc(DEEP))) > 0
    return float(np.mean(weight[inside] < 1.5 * DOUBT) + np.mean(weight[around] > -DOUBT)) if inside.any() and around.any() else 1.0


def fill(mask: Mask, holes: Sequence[Hole]) -> Mask:
    whole = mask.copy()
    for hole in holes:
        whole[hole.where][hole.pixels > 0] = 255
    return whole


def overlap(a: Mask, b: Mask) -> float:
    either = int(np.count_nonzero(a | b))
    return int(np.count_nonzero(a & b)) / either if either else 1.0


def jumps(masks: Sequence[Mask]) -> float:
    """The usual change of area from a frame to the next, as a share of it."""
    areas = [max(1, int(np.count_nonzero(mask))) for mask in masks]
    return float(np.median([abs(b - a) / a for a, b in pairwise(areas)] or [0.0]))
