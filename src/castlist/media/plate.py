"""A clean plate: what is behind a subject that moves before a still or hand-held background, pixel by pixel."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from castlist.media import shape
from castlist.media.align import Path, follow, shown_by
from castlist.media.lab import Mask, Pixels, Reals, disc, distance, to_lab

ROUGH_SIDE = 320
LOOKS = 24
KEYS = 6
NOISE_FLOOR, NOISE_GAIN, EDGE_GAIN = 6.0, 3.0, 0.12
MAX_SWEPT, MIN_SWEPT = 0.8, 0.004
UNSEEN = 1.6


@dataclass(frozen=True)
class Plate:
    """The background (BGR) as the reference frame would show it, how far a pixel may be from it, where it was never seen, the camera's path."""

    colour: Reals
    tolerance: Reals
    hidden: Reals
    path: Path

    def views(self, frames: Sequence[Pixels]) -> Iterator[shape.View]:
        for number, frame in enumerate(frames):
            size = (frame.shape[1], frame.shape[0])
            under = self.behind(number, size)
            lab, under_lab = to_lab(frame), to_lab(under.colour)
            ratio = np.maximum(distance(lab, under_lab) / under.tolerance, UNSEEN * under.hidden)
            yield shape.View(soften(ratio), lab, under_lab, busy=True)

    def behind(self, number: int, size: tuple[int, int], *, box: tuple[int, int, int, int] | None = None) -> "Plate":
        """The plate as frame `number` of this size shows it, or `box` (x, y, w, h) of it."""
        x, y, w, h = box or (0, 0, *size)
        if not self.path.moves:
            part = slice(y, y + h), slice(x, x + w)
            return Plate(self.colour[part], self.tolerance[part], self.hidden[part], self.path)
        planes = (shown_by(plane, self.path, number, size=size, box=(x, y, w, h)) for plane in (self.colour, self.tolerance, self.hidden))
        return Plate(*planes, self.path)


def soften(ratio: Reals) -> Reals:
    """Evidence is shared with the neighbours: single pixels where subject and background agree do not tear a hole."""
    return np.asarray(0.4 * ratio + 0.6 * cv2.GaussianBlur(np.minimum(ratio, 4.0), (0, 0), 1.2), np.float32)


def build_plate(frames: Sequence[Pixels]) -> Plate | None:
    """None where nothing moves before the background, or all of it does."""
    path = follow(frames)
    step = max(1, len(frames) // LOOKS)
    chosen = range(0, len(frames), step)
    scale = min(1.0, ROUGH_SIDE / max(frames[0].shape[:2]))
    aligned = [path.settle(frames[number], number) for number in chosen]
    rough = np.stack([cv2.resize(one, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for one in aligned])
    labels = part(np.asarray(rough, np.uint8))
    if labels is None:
        return None
    return average(((look, obscured(label, look)) for look, label in zip(aligned, labels, strict=True)), path)


def enlarge_plate(plate: Plate, frames: Iterable[Pixels], masks: Sequence[Mask]) -> Plate:
    """The same plate at the size of these frames, which show it better; the masks are small and of 0 and 255."""
    path = plate.path
    looks = ((path.settle(frame, n), path.settle(obscured(masks[n], frame), n)) for n, frame in enumerate(frames))
    return average(looks, path)


def obscured(mask: Mask, frame: Pixels) -> Mask:
    """1 at and near the subject, at the frame's size."""
    near = cv2.dilate(np.asarray(mask > 0, np.uint8), disc(2))
    return np.asarray(cv2.resize(near, frame.shape[1::-1], interpolation=cv2.INTER_NEAREST), np.uint8)


def part(looks: Pixels) -> list[Mask] | None:
    """For each look (n, h, w, BGR, aligned) where the subject is: 1 in it, 0 outside."""
    lab = np.stack([to_lab(look) for look in looks])
    middle = to_lab(np.median(looks, axis=0).astype(np.uint8))
    gaps = np.stack([distance(one, middle) for one in lab])
    swept = sweep(gaps)
    share = float(swept.mean())
    if not MIN_SWEPT < share < MAX_SWEPT:
        return None
    keys = np.linspace(0, len(looks) - 1, min(KEYS, len(looks))).round().astype(int)
    cuts = [separate(looks[key], swept) for key in keys]
    plate, known = recall(lab[keys], cuts)
    labels = [mark(one, plate, known, swept) for one in lab]
    for _ in range(2):
        plate, known = recall(lab, labels)
        labels = [mark(one, plate, known, swept) for one in lab]
    return labels


def sweep(gaps: Reals) -> NDArray[np.bool_]:
    """Where the subject ever is: what changes over time, and what that encloses."""
    most = np.sort(gaps, axis=0)[-max(2, len(gaps) // 12)]
    noise = float(np.median(most))
    moved = np.asarray(most > max(6.0, 3.0 * noise), np.uint8)
    moved = np.asarray(cv2.morphologyEx(moved, cv2.MORPH_OPEN, disc(1)), np.uint8)
    reach = max(3, moved.shape[0] // 24)
    edge = np.pad(moved, reach + 2)
    closed = np.asarray(cv2.morphologyEx(edge, cv2.MORPH_CLOSE, disc(reach)), np.uint8)
    around, _ = shape.keep_largest(closed)
    flood = np.asarray(around > 0, np.uint8)
    cv2.floodFill(flood, None, (0, 0), 2)
    whole = np.asarray(flood != 2, np.uint8)[reach + 2 : -reach - 2, reach + 2 : -reach - 2]
    return np.asarray(cv2.dilate(whole, disc(3)) > 0)


def separate(look: Pixels, swept: NDArray[np.bool_]) -> Mask:
    """A first guess at the subject in one look: colours that are inside the swept area and not around it."""
    marks = np.where(swept, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    behind, before = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(1)
    cv2.grabCut(look, marks, None, behind, before, 3, cv2.GC_INIT_WITH_MASK)
    return np.asarray((marks == cv2.GC_PR_FGD) | (marks == cv2.GC_FGD), np.uint8)


def recall(lab: Reals, labels: Sequence[Mask]) -> tuple[Reals, NDArray[np.bool_]]:
    """The background's Lab where some look shows it, from the looks that do, and where that is."""
    wide = np.stack([cv2.dilate(label, disc(2)) for label in labels]) > 0
    hidden = np.broadcast_to(wide[..., None], lab.shape)
    seen = (~wide).sum(axis=0)
    plate = np.ma.median(np.ma.masked_array(lab, hidden), axis=0).filled(0)
    return np.asarray(plate, np.float32), np.asarray(seen >= max(1, len(labels) // 12))


def mark(lab: Reals, plate: Reals, known: NDArray[np.bool_], swept: NDArray[np.bool_]) -> Mask:
    """What differs from the plate, or hides what no look has shown."""
    ratio = distance(lab, plate) / NOISE_FLOOR
    ratio[~known] = 1.5
    ratio[~swept] = 0.0
    mask, _ = shape.keep_largest(np.asarray(soften(ratio) > 1, np.uint8))
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, disc(1)), np.uint8)
    return np.asarray(mask > 0, np.uint8)


def average(looks: Iterable[tuple[Pixels, Mask]], path: Path) -> Plate:
    """The mean of the background over aligned frames, each with 1 where the subject hides it, and how much it spreads."""
    total, squares, seen = np.zeros(1, np.float32), np.zeros(1, np.float32), np.zeros(1, np.float32)
    for frame, hides in looks:
        if total.size == 1:
            total, squares, seen = (np.zeros(shape, np.float32) for shape in (frame.shape, hides.shape, hides.shape))
        clear, colour = 1 - hides.astype(np.float32), frame.astype(np.float32)
        cv2.accumulateProduct(colour, cv2.merge([clear, clear, clear]), total)
        squares += np.square(colour[..., 1]) * clear
        seen += clear
    count = np.maximum(seen, 1)
    mean = total / count[..., None]
    spread = np.sqrt(np.maximum(squares / count - np.square(mean[..., 1]), 0))
    hidden = np.asarray(seen == 0, np.uint8)
    return Plate(spread_into(mean, hidden), tolerate(mean, spread), hidden.astype(np.float32), path)


def spread_into(colour: Reals, hidden: Mask) -> Reals:
    """Where nothing was ever seen, the nearest colour that was."""
    if not hidden.any() or hidden.all():
        return colour
    _, labels = cv2.distanceTransformWithLabels(hidden, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    known = np.zeros((int(labels.max()) + 1, 3), np.float32)
    at = hidden == 0
    known[labels[at]] = colour[at]
    return np.asarray(known[labels], np.float32)


def tolerate(colour: Reals, spread: Reals) -> Reals:
    """How far a pixel may be from the plate: its own noise, and what half a pixel of misalignment does at the plate's edges."""
    grey = cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY)
    slope = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=0.125))
    slope = cv2.dilate(slope, np.ones((3, 3), np.uint8))
    noise = cv2.blur(spread, (5, 5)) * 0.4
    return np.asarray(np.clip(NOISE_FLOOR + NOISE_GAIN * noise + EDGE_GAIN * slope, NOISE_FLOOR, 24.0), np.float32)
