"""The exact edge of a subject whose background is known: how much of each pixel is the subject, and its colour without the background's."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from castlist.media.cutout import Background
from castlist.media.lab import Mask, Pixels, Reals, disc, distance, to_lab
from castlist.media.plate import Plate
from castlist.media.shape import smeared

Box = tuple[int, int, int, int]
Places = tuple[NDArray[np.intp], ...]
BAND = 3
STILL = 6.0
FAR = 40.0
LOW, HIGH = 0.18, 0.82


@dataclass(frozen=True)
class Cut:
    """One frame of the cutout inside the box: colour not multiplied by alpha, and the pixels that it was taken from."""

    bgra: Pixels
    source: Pixels


@dataclass(frozen=True)
class Behind:
    """The background inside the box, BGR and Lab, how far a pixel may be from it, and whether it is so for every frame."""

    colour: Reals
    lab: Reals
    tolerance: Reals
    still: bool


class Matte:
    """Refines frame after frame of one clip; it keeps the last alpha so that an edge that does not move does not flicker."""

    def __init__(self, background: Background | Plate, size: tuple[int, int], *, box: Box, scale: float) -> None:
        self.background, self.size, self.box = background, size, box
        self.reach = max(2, round(scale) + 1)
        self.frames = 0
        self.behind = self.look_behind()
        self.last: Cut | None = None

    def look_behind(self) -> Behind:
        """What is behind this frame; for a camera that stands still it is the same for all."""
        if isinstance(self.background, Background):
            painted = self.background.paint(self.size, box=self.box)
            return Behind(painted, to_lab(painted), np.full(painted.shape[:2], self.background.threshold, np.float32), still=True)
        plate, number = self.background, self.frames
        colour, tolerance = (plate.shown(plane, number, self.size, box=self.box) for plane in (plate.colour, plate.tolerance))
        return Behind(colour, to_lab(colour), tolerance, still=not plate.path.moves)

    def refine(self, frame: Pixels, mask: Mask, *, shadow: Mask | None = None) -> Pixels:
        """BGRA of the box; `frame` is full size, `mask` the small one and `shadow` what it casts."""
        x, y, w, h = self.box
        part = np.ascontiguousarray(frame[y : y + h, x : x + w])
        self.behind = self.behind if self.behind.still else self.look_behind()
        self.frames += 1
        size = (frame.shape[1], frame.shape[0])
        under = (
            self.behind
            if shadow is None
            else darken(self.behind, part, enlarge(np.asarray(255 * shadow, np.uint8), size)[y : y + h, x : x + w], self.reach)
        )
        solid = self.sharpen(part, enlarge(mask, size)[y : y + h, x : x + w], under)
        sure = np.asarray(cv2.erode(solid, disc(BAND)), np.uint8)
        band = np.asarray(cv2.dilate(solid, disc(BAND)), np.uint8) - sure
        where = np.nonzero(band)
        alpha, colour = self.unmix(part, nearest_colour(part, sure, where=where), solid, under=under.colour[where], where=where)
        self.steady(part, alpha, where=where)
        shown = np.asarray(alpha > 0, np.uint8)
        whole = cv2.merge([*cv2.split(colour), np.round(alpha * 255).astype(np.uint8)])
        bgra = np.asarray(cv2.bitwise_and(whole, whole, mask=shown), np.uint8)
        self.last = Cut(bgra, part)
        return bgra

    def sharpen(self, part: Pixels, enlarged: Mask, under: Behind) -> Mask:
        """Trust the small mask away from its edge, and the full-size colour distance at it.

        Coded chroma smears over three pixels, so what differs from the background much less than its surroundings do is still
        background, where that reaches it from outside.
        """
        kernel = disc(self.reach)
        solid = np.asarray(cv2.erode(enlarged, kernel), np.uint8)
        where = np.nonzero(np.asarray(cv2.dilate(enlarged, kernel), np.uint8) - solid)
        seen = to_lab(part[where][:, None])[:, 0]
        ratio, lightness = np.zeros(solid.shape, np.float32), np.zeros(solid.shape, np.float32)
        ratio[where] = distance(seen, under.lab[where]) / under.tolerance[where]
        lightness[where] = np.abs(seen[:, 0] - under.lab[where][:, 0])
        solid[where] = (ratio[where] > 1) & (smeared(ratio, lightness)[where] == 0)
        return np.asarray(cv2.medianBlur(solid, 3), np.uint8)

    def unmix(self, part: Pixels, over: Reals, solid: Mask, *, under: Reals, where: Places) -> tuple[Reals, Pixels]:
        """In the band each pixel is a mixture of background and the nearest sure subject colour; what is no such mixture is subject."""
        alpha = solid.astype(np.float32)
        colour = part.copy()
        seen = part[where].astype(np.float32)
        across = over - under
        length = np.maximum((across * across).sum(axis=1), 1.0)
        share = ((seen - under) * across).sum(axis=1) / length
        mixed = under + np.clip(share, 0, 1)[:, None] * across
        strange = np.linalg.norm(seen - mixed, axis=1)
        share = np.clip(share, 0, 1) + np.clip((strange - FAR) / FAR, 0, 1) * (np.linalg.norm(seen - under, axis=1) > FAR)
        share = np.clip((share - LOW) / (HIGH - LOW), 0, 1)
        weak = length < FAR**2
        share[weak] = solid[where][weak]
        alpha[where] = share
        clean = (seen - (1 - share)[:, None] * under) / np.maximum(share, 0.3)[:, None]
        trust = np.clip((share - 0.6) / 0.4, 0, 1)[:, None]
        colour[where] = np.clip(clean * trust + over * (1 - trust), 0, 255).round().astype(np.uint8)
        return np.asarray(alpha, np.float32), colour

    def steady(self, part: Pixels, alpha: Reals, *, where: Places) -> None:
        """Where the picture has not changed since the last frame, neither should the edge."""
        if self.last is None:
            return
        change = np.abs(part[where].astype(np.float32) - self.last.source[where]).max(axis=1)
        keep = 0.6 * np.clip(1 - change / STILL, 0, 1)
        before = self.last.bgra[:, :, 3][where].astype(np.float32) / 255
        alpha[where] = alpha[where] * (1 - keep) + before * keep


def enlarge(mask: Mask, size: tuple[int, int]) -> Mask:
    return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR) > 127, np.uint8)


def darken(behind: Behind, part: Pixels, shadow: Mask, reach: int) -> Behind:
    """The background with the subject's shadow on it, as dark as the frame shows it nearby."""
    x, y, w, h = cv2.boundingRect(shadow)
    room = 2 * reach + 5
    near = slice(max(0, y - room), y + h + room), slice(max(0, x - room), x + w + room)
    cast, seen = shadow[near], part[near]
    smooth = np.asarray(cv2.blur(np.dstack([seen * cast[:, :, None], 255 * cast]), (9, 9)), np.float32)
    known = (cv2.dilate(cast, disc(2 * reach)) > 0) & (smooth[:, :, 3] > 40)
    colour, lab = behind.colour.copy(), behind.lab.copy()
    colour[near][known] = smooth[known][:, :3] * 255 / smooth[known][:, 3:]
    lab[near][known] = to_lab(colour[near][known][:, None])[:, 0]
    return Behind(colour, lab, behind.tolerance, behind.still)


def nearest_colour(part: Pixels, sure: Mask, *, where: Places) -> Reals:
    """For each place the colour of the closest pixel that is surely subject, lightly smoothed against coding noise."""
    rim = sure - np.asarray(cv2.erode(sure, disc(1)), np.uint8)
    if not rim.any():
        return np.asarray(part[where], np.float32)
    _, labels = cv2.distanceTransformWithLabels(1 - rim, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    at = np.nonzero(rim)
    known = np.zeros((int(labels.max()) + 1, 3), np.float32)
    known[labels[at]] = cv2.blur(part, (3, 3))[at]
    return np.asarray(known[labels[where]], np.float32)
