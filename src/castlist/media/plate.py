"""A clean plate: what is behind a subject that moves before a still or hand-held background, pixel by pixel."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from castlist.media import shape
from castlist.media.align import Path, follow, shown_by
from castlist.media.evidence import NOTHING, Palette, Seen, bins_of, hear, learn
from castlist.media.lab import Mask, Pixels, Reals, disc, distance, to_lab

Box = tuple[int, int, int, int]

ROUGH_SIDE = 320
LOOKS, ROUNDS, FULL_STEP = 24, 4, 4
SUPPORT, CREEP, CHECKS = 2, 3, 7
AGAIN, REACH, STRANGE, RARELY = 2, 2, 14, 0.12
MOVING_EDGE = 7.0
NOISE_FLOOR, NOISE_GAIN, EDGE_GAIN = 6.0, 3.0, 0.04
MAX_SWEPT, MIN_SWEPT, MAX_QUIET = 0.8, 0.004, 0.3
UNSEEN, GUESSED = 1.6, 0.006


@dataclass(frozen=True)
class Plate:
    """The background as the reference frame would show it, and how the camera moved.

    Planes of one size: colour (BGR), how far a pixel may be from it, where it was never seen (0 or 1) and in what share of the
    looks it was. `region` (x, y, w, h, as shares of the frame) holds the subject at all times.
    """

    colour: Reals
    tolerance: Reals
    hidden: Reals
    seen: Reals
    path: Path
    region: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    palette: Palette = NOTHING

    def views(self, frames: Sequence[Pixels]) -> Iterator[shape.View]:
        """The region of each frame beside what is behind it."""
        pictures: list[Pixels] = []
        weights: list[Reals] = []
        shown: list[tuple[Reals, Reals]] = []
        x, y, w, h = self.box((frames[0].shape[1], frames[0].shape[0]))
        for number, frame in enumerate(frames):
            seen = self.beside(number, frame)
            weights.append(self.palette.weigh(seen))
            pictures.append(np.ascontiguousarray(frame[y : y + h, x : x + w]))
            shown.append((seen.lab.astype(np.float16), seen.under.astype(np.float16)))
        for weight, (lab, under) in zip(hear(pictures, weights), shown, strict=True):
            yield shape.View(np.asarray(1 + soften(weight) / 2, np.float32), lab, under, weight=weight)

    def beside(self, number: int, frame: Pixels) -> Seen:
        """The region of a frame beside what is behind it."""
        size = (frame.shape[1], frame.shape[0])
        x, y, w, h = box = self.box(size)
        picture = np.ascontiguousarray(frame[y : y + h, x : x + w])
        under = self.behind(number, size, box=box)
        known = (under.seen > RARELY) & (under.hidden < 0.5)
        return Seen(bins_of(picture), to_lab(picture), to_lab(under.colour), under.tolerance, known)

    def box(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """The region in pixels of a frame of this size."""
        x, y, w, h = (share * side for share, side in zip(self.region, (*size, *size), strict=True))
        left, top = int(x), int(y)
        return left, top, min(size[0], round(x + w)) - left, min(size[1], round(y + h)) - top

    def behind(self, number: int, size: tuple[int, int], *, box: Box) -> "Plate":
        """`box` (x, y, w, h) of the plate as frame `number` of this size shows it."""
        planes = (self.colour, self.tolerance, self.hidden, self.seen)
        colour, tolerance, hidden, seen = (self.shown(plane, number, size, box=box) for plane in planes)
        return Plate(colour, tolerance, hidden, seen, self.path)

    def shown(self, plane: Reals, number: int, size: tuple[int, int], *, box: Box) -> Reals:
        """`box` of one of the planes as frame `number` shows it."""
        x, y, w, h = box
        return shown_by(plane, self.path, number, size=size, box=box) if self.path.moves else plane[y : y + h, x : x + w]


def soften(ratio: Reals) -> Reals:
    """Evidence is shared with the neighbours: single pixels where subject and background agree do not tear a hole."""
    return np.asarray(0.4 * ratio + 0.6 * cv2.GaussianBlur(np.minimum(ratio, 4.0), (0, 0), 1.2), np.float32)


def build_plate(frames: Sequence[Pixels]) -> Plate | None:
    """None where nothing moves before the background, or all of it does."""
    path = follow(frames)
    chosen = range(0, len(frames), -(-len(frames) // LOOKS))
    size = (frames[0].shape[1], frames[0].shape[0])
    scale = min(1.0, ROUGH_SIDE / max(size))
    aligned = [path.settle(frames[number], number) for number in chosen]
    rough = np.stack([cv2.resize(one, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for one in aligned])
    labels = part(np.asarray(rough, np.uint8))
    if labels is None:
        return None
    whole = [obscured(label, look, reach=0) for look, label in zip(aligned, labels, strict=True)]
    plate = replace(clean(aligned, whole, path, reach=3), region=widen(labels, path))
    for _ in range(AGAIN):
        whole = relabel(plate, aligned, whole)
        plate = replace(clean(aligned, whole, path, reach=REACH), region=plate.region)
    return replace(plate, palette=palette_of(plate, aligned, whole))


def clean(looks: Sequence[Pixels], labels: Sequence[Mask], path: Path, *, reach: int) -> Plate:
    """The background of settled looks with room around their labels, without what hardly any other look shows there."""
    near = np.stack([cv2.dilate(label, disc(reach)) for label in labels])
    stack = np.where(near[..., None] > 0, 255, np.stack(looks)).astype(np.uint8)
    shown = len(labels) - near.sum(axis=0, dtype=np.int32)
    stack.sort(axis=0)
    rank = np.broadcast_to(np.maximum((shown - 1) // 2, 0)[None, ..., None], (1, *stack.shape[1:]))
    middle = np.take_along_axis(stack, rank, axis=0)[0]
    strange = np.stack([cv2.absdiff(look, middle).max(axis=2) > STRANGE for look in looks]) & (near == 0)
    near[strange & (strange.sum(axis=0) <= 0.4 * shown)] = 1
    return average(zip(looks, near, strict=True), path)


def relabel(plate: Plate, looks: Sequence[Pixels], labels: Sequence[Mask]) -> list[Mask]:
    """Where the subject is in settled looks, by the plate and the colours that the last labels gave."""
    palette, still = palette_of(plate, looks, labels), replace(plate, path=replace(plate.path, moves=()))
    x, y, w, h = plate.box(looks[0].shape[1::-1])
    found = []
    for look in looks:
        label = np.zeros(look.shape[:2], np.uint8)
        label[y : y + h, x : x + w] = shape.keep_largest(decide(palette.weigh(still.beside(0, look))))[0] > 0
        found.append(label)
    return found


def palette_of(plate: Plate, looks: Sequence[Pixels], labels: Sequence[Mask]) -> Palette:
    x, y, w, h = plate.box(looks[0].shape[1::-1])
    inner = slice(y, y + h), slice(x, x + w)
    return learn((bins_of(np.ascontiguousarray(look[inner])), label[inner]) for look, label in zip(looks, labels, strict=True))


def decide(weight: Reals) -> Mask:
    """1 where the subject is likelier, by each pixel and its neighbours."""
    shared = 0.5 * weight + 0.5 * cv2.GaussianBlur(np.clip(weight, -3, 3), (0, 0), 0.9)
    return np.asarray(cv2.medianBlur(np.asarray(shared > 0, np.uint8), 3), np.uint8)


def widen(labels: Sequence[Mask], path: Path) -> tuple[float, float, float, float]:
    """The shares of the frame in which the subject moves, with room for what the looks between may show and for the camera's path."""
    height, width = labels[0].shape
    x, y, w, h = cv2.boundingRect(np.bitwise_or.reduce(list(labels)))
    aside, down = path.reach()
    aside, down = aside + 0.04, down + 0.04
    left, top = max(0.0, x / width - aside), max(0.0, y / height - down)
    return left, top, min(1.0, (x + w) / width + aside) - left, min(1.0, (y + h) / height + down) - top


def enlarge_plate(plate: Plate, frames: Iterable[Pixels], masks: Sequence[Mask]) -> Plate:
    """The same plate at the size of these frames, which show it better; the masks are small and of 0 and 255."""
    path = plate.path
    looks = (
        (path.settle(frame, n), path.settle(obscured(masks[n], frame, reach=2), n)) for n, frame in enumerate(frames) if n % FULL_STEP == 0
    )
    return replace(average(looks, path), region=plate.region, palette=plate.palette)


def obscured(mask: Mask, frame: Pixels, *, reach: int) -> Mask:
    """1 at and near the subject, at the frame's size."""
    near = cv2.dilate(np.asarray(mask > 0, np.uint8), disc(reach))
    return np.asarray(cv2.resize(near, frame.shape[1::-1], interpolation=cv2.INTER_NEAREST), np.uint8)


def part(looks: Pixels) -> list[Mask] | None:
    """For each look (n, h, w, BGR, aligned) where the subject is: 1 in it, 0 outside.

    None where too little moves, or too much, or where much of what the moving parts enclose was taken for background.
    """
    middle = to_lab(np.median(looks, axis=0).astype(np.uint8))
    changes = np.stack([distance(to_lab(look), middle) for look in looks])
    swept = sweep(changes)
    if not MIN_SWEPT < float(swept.mean()) < MAX_SWEPT:
        return None
    x, y, w, h = grown(cv2.boundingRect(swept.astype(np.uint8)), swept.shape)
    inner = slice(y, y + h), slice(x, x + w)
    found = settle([np.ascontiguousarray(look[inner]) for look in looks], swept[inner])
    labels = np.zeros(looks.shape[:3], np.uint8)
    labels[:, inner[0], inner[1]] = found
    quiet = (np.max(changes, axis=0) < NOISE_FLOOR) & (cv2.erode(swept.astype(np.uint8), disc(4)) > 0) & (labels.mean(axis=0) < 0.1)
    usual = float(np.median(labels.sum(axis=(1, 2))))
    return list(labels) if quiet.sum() <= MAX_QUIET * usual else None


def settle(looks: Sequence[Pixels], swept: NDArray[np.bool_]) -> list[Mask]:
    """Where the subject is inside the swept area: what is behind it and where it is are found in turns, each from the other."""
    lab = np.stack([to_lab(look) for look in looks])
    safe, bold = outline_moving(lab, swept)
    plate, known = recall(lab, safe)
    guess, guessed = recall(lab, bold)
    plate[~known] = guess[~known]
    known |= guessed
    labels = bold
    for _ in range(ROUNDS):
        labels = [mark(look, distance(one, plate), known, swept) for look, one in zip(looks, lab, strict=True)]
        plate, known = recall(lab, labels)
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


def outline_moving(lab: Reals, swept: NDArray[np.bool_]) -> tuple[list[Mask], list[Mask]]:
    """Two first guesses: what cannot be reached from outside the swept area without crossing an edge that few other looks have there.

    Where the subject dwells its own edges are seen often too: the safe guess takes an edge for the background's only when a third
    of the looks has it, the bold one a sixth.
    """
    slopes = np.stack([slope_of(one) for one in lab])
    ranks = [max(1, len(lab) // share) for share in (3, 6)]
    guesses: tuple[list[Mask], list[Mask]] = [], []
    for number, slope in enumerate(slopes):
        gaps = np.einsum("nhwc,nhwc->nhw", difference := slopes - slope, difference)
        gaps[max(0, number - 1) : number + 2] = np.inf
        nearest = np.partition(gaps, ranks, axis=0)
        for guess, rank in zip(guesses, ranks, strict=True):
            guess.append(enclosed(nearest[rank] > MOVING_EDGE**2, ~swept))
    return guesses


def enclosed(wall: NDArray[np.bool_], outside: NDArray[np.bool_]) -> Mask:
    """What the walls keep apart from the outside."""
    whole = np.asarray(cv2.morphologyEx(np.asarray(wall & ~outside, np.uint8), cv2.MORPH_CLOSE, disc(2)), np.uint8)
    count, regions = cv2.connectedComponents(1 - whole, connectivity=4)
    reached = np.zeros(count, bool)
    reached[np.unique(regions[outside & (whole == 0)])] = True
    reached[0] = False
    inside = np.asarray(~reached[regions] & ~outside, np.uint8)
    return np.asarray(cv2.erode(inside, np.ones((3, 3), np.uint8)), np.uint8)


def grown(box: Sequence[int], shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    x, y, w, h = (int(side) for side in box)
    left, top = max(0, x - 4), max(0, y - 4)
    return left, top, min(shape[1], x + w + 4) - left, min(shape[0], y + h + 4) - top


def slope_of(lab: Reals) -> Reals:
    return np.concatenate([cv2.Sobel(lab, cv2.CV_32F, 1, 0, scale=0.25), cv2.Sobel(lab, cv2.CV_32F, 0, 1, scale=0.25)], axis=2)


def recall(lab: Reals, labels: Sequence[Mask]) -> tuple[Reals, NDArray[np.bool_]]:
    """The background's Lab where some look shows it, the median of the looks that do, and where that is."""
    hides = np.stack(labels) > 0
    seen = len(labels) - hides.sum(axis=0)
    ordered = np.sort(np.where(hides[..., None], np.float32(np.inf), lab), axis=0)
    middle = np.maximum((seen - 1) // 2, 0)
    plate = np.take_along_axis(ordered, np.broadcast_to(middle[None, ..., None], (1, *lab.shape[1:])), axis=0)[0]
    known = seen >= SUPPORT
    plate[~known] = 0
    return np.asarray(plate, np.float32), np.asarray(known)


def mark(look: Pixels, gap: Reals, known: NDArray[np.bool_], swept: NDArray[np.bool_]) -> Mask:
    """What differs from the plate; what no look has shown yet goes to the side that no edge parts it from."""
    ratio = np.where(known & swept, gap / NOISE_FLOOR, np.float32(0))
    differs = soften(np.asarray(ratio, np.float32)) > 1
    if not known.all():
        seeds = np.where(differs & known, 2, np.where(known, 1, 0)).astype(np.int32)
        cv2.watershed(cv2.GaussianBlur(look, (3, 3), 0), seeds)
        near = cv2.dilate(np.asarray(known & ~differs, np.uint8), disc(CREEP)) > 0
        differs |= ~known & ((seeds != 1) | ~near)
    mask, _ = shape.keep_largest(np.asarray(differs & swept, np.uint8))
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, disc(1)), np.uint8)
    return np.asarray(mask > 0, np.uint8)


def average(looks: Iterable[tuple[Pixels, Mask]], path: Path) -> Plate:
    """The mean of the background over aligned frames, each with 1 where the subject hides it, and how much it spreads."""
    total: Reals = np.zeros(1, np.float32)
    squares: Reals = np.zeros(1, np.float32)
    seen: Reals = np.zeros(1, np.float32)
    for frame, hides in looks:
        if total.size == 1:
            total, squares, seen = (np.zeros(shape, np.float32) for shape in (frame.shape, hides.shape, hides.shape))
        clear, colour = 1 - hides.astype(np.float32), frame.astype(np.float32)
        cv2.accumulateProduct(colour, cv2.merge([clear, clear, clear]), total)
        squares += np.square(colour[..., 1]) * clear
        seen += clear
    count = np.maximum(seen, 1)
    mean = np.asarray(total / count[..., None], np.float32)
    spread = np.asarray(np.sqrt(np.maximum(squares / count - np.square(mean[..., 1]), 0)), np.float32)
    hidden = np.asarray(seen == 0, np.uint8)
    colour = spread_into(mean, hidden)
    tolerance = tolerate(colour, spread) * (1 + 0.5 * hidden)
    deep = cv2.erode(hidden, disc(max(2, round(GUESSED * hidden.shape[1]))))
    looked = np.asarray(seen / max(1.0, float(seen.max())), np.float32)
    return Plate(colour, np.asarray(tolerance, np.float32), np.asarray(deep, np.float32), looked, path)


def spread_into(colour: Reals, hidden: Mask) -> Reals:
    """Where nothing was ever seen, the nearest colour that was."""
    if not hidden.any() or hidden.all():
        return colour
    _, labels = cv2.distanceTransformWithLabels(hidden, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    known = np.zeros((int(labels.max()) + 1, 3), np.float32)
    at = hidden == 0
    known[labels[at]] = colour[at]
    return np.asarray(known[labels], np.float32)


def missed(plate: Plate, frames: Sequence[Pixels], masks: Sequence[Mask]) -> float:
    """What share of the pixels that change between two moments is in the mask of neither: a torn mask leaves much of the subject out."""
    numbers = np.linspace(0, len(frames) - 1, min(CHECKS, len(frames))).round().astype(int)
    settled = [to_lab(plate.path.settle(frames[n], int(n))) for n in numbers]
    hides = [plate.path.settle(obscured(masks[n], frames[n], reach=3), int(n)) > 0 for n in numbers]
    shares = []
    for a in range(len(numbers) - 1):
        changed = (
            cv2.erode(np.asarray(distance(settled[a], settled[a + 1]) > 1.5 * plate.tolerance, np.uint8), np.ones((3, 3), np.uint8)) > 0
        )
        shares.append(float((changed & ~hides[a] & ~hides[a + 1]).sum()) / max(1, int(changed.sum())))
    return float(np.median(shares or [0.0]))


def tolerate(colour: Reals, spread: Reals) -> Reals:
    """How far a pixel may be from the plate: its own noise, and what half a pixel of misalignment does at the plate's edges."""
    grey = cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY)
    slope = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=0.125))
    slope = cv2.dilate(slope, np.ones((3, 3), np.uint8))
    noise = cv2.blur(spread, (5, 5)) * 0.4
    return np.asarray(np.clip(NOISE_FLOOR + NOISE_GAIN * noise + EDGE_GAIN * slope, NOISE_FLOOR, 24.0), np.float32)
