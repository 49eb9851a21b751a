"""How much each pixel speaks for the subject: its colour beside the clean plate, beside the subject's own colours, and over time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from castlist.media.lab import Mask, Pixels, Reals, disc, distance

Places = NDArray[np.int32]

LIGHTS, TINTS = 32, 64
CELL = 8 / 2.55 * 4 * 4
ANY = 1e-6
KNOWN, STRANGE = 0.995, 0.1
TOLERANCES = 3.2
SURE = 4.0
FADE, HEARSAY, HEARD = 0.8, 0.3, 2.0
RIM, NEAR = 2, 30
BLUR, RARE, MIXED = 2, 2e-5, 2.0


@dataclass(frozen=True)
class Seen:
    """One frame (BGR, `where` each colour lies in a palette) beside what is behind it: colour, tolerance, and whether that is known."""

    bins: Places
    lab: Reals
    under: Reals
    tolerance: Reals
    known: NDArray[np.bool_]


@dataclass(frozen=True)
class Palette:
    """How dense the subject's and the background's colours lie in Lab, one value for each bin."""

    subject: Reals
    background: Reals

    def weigh(self, seen: Seen) -> Reals:
        """Log of how much likelier the subject shows this colour than the background, at most SURE either way.

        A colour that the subject has nowhere else is a mixture at its edge, and belongs to the side that it is nearer to.
        """
        spread = seen.tolerance / TOLERANCES
        far = distance(seen.lab, seen.under)
        close = np.exp(-0.5 * np.square(np.minimum(far / spread, 12))) / (15.7 * spread**3)
        usual = self.background[seen.bins]
        behind = np.where(seen.known, KNOWN * close + (1 - KNOWN) * (0.5 * usual + 0.5 * ANY), 0.8 * usual + 0.2 * ANY)
        own = (1 - 1.5 * STRANGE) * self.subject[seen.bins] + STRANGE * usual + 0.5 * STRANGE * ANY
        weight = np.asarray(np.clip(np.log(own / behind), -SURE, SURE), np.float32)
        mixed = (far < 0.5 * cv2.dilate(far, disc(BLUR))) & (self.subject[seen.bins] < RARE)
        mixed &= cv2.dilate(np.asarray(weight < -1, np.uint8), disc(BLUR)) > 0
        weight[mixed] = np.minimum(weight[mixed], -MIXED)
        return weight


def bins_of(bgr: Pixels) -> Places:
    """Where each colour lies in a palette."""
    light, green, blue = np.moveaxis(np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2LAB), np.int32), 2, 0)
    return np.asarray((light >> 3) * (TINTS * TINTS) + (green >> 2) * TINTS + (blue >> 2), np.int32)


def learn(shown: Iterable[tuple[Places, Mask]]) -> Palette:
    """From frames with 1 at the subject: its colours, and those of the background around it."""
    size = LIGHTS * TINTS * TINTS
    own, other = np.zeros(size), np.zeros(size)
    for bins, mask in shown:
        own += np.bincount(bins[cv2.erode(mask, disc(RIM)) > 0], minlength=size)
        around = cv2.dilate(mask, disc(NEAR)) - cv2.dilate(mask, disc(RIM))
        other += np.bincount(bins[around > 0], minlength=size)
    return Palette(smooth(own), smooth(other))


def smooth(counts: NDArray[np.float64]) -> Reals:
    """Counts to a density, each colour shared with its neighbours."""
    density = counts.reshape(LIGHTS, TINTS, TINTS)
    for axis, sigma in ((0, 0.7), (1, 1.0), (2, 1.0)):
        kernel = cv2.getGaussianKernel(5, sigma).ravel()
        side = density.shape[axis]
        room = [(2, 2) if at == axis else (0, 0) for at in range(3)]
        padded = np.pad(density, room)
        density = sum((share * np.take(padded, range(at, at + side), axis) for at, share in enumerate(kernel)), np.zeros_like(density))
    return np.asarray(density.ravel() / max(1.0, float(density.sum())) / CELL, np.float32)


def hear(pictures: Sequence[Pixels], weights: Sequence[Reals]) -> list[Reals]:
    """The weights, and where they are undecided what the frames before and after say of the same spot, carried along its motion."""
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    greys = [cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) for picture in pictures]
    height, width = greys[0].shape
    across, down = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    empty = np.zeros((height, width, 2), np.float32)
    told = [np.zeros((height, width), np.float32) for _ in weights]
    for order in (range(len(weights)), range(len(weights) - 1, -1, -1)):
        last, carried = -1, np.zeros((height, width), np.float32)
        for number in order:
            if last >= 0:
                x, y = cv2.split(flow.calc(greys[number], greys[last], empty.copy()))
                said = carried + weights[last]
                carried = FADE * np.asarray(
                    cv2.remap(said, across + x, down + y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32
                )
                told[number] += carried
            last = number
    return [
        np.asarray(own + np.clip(HEARSAY * other, -HEARD, HEARD) * np.clip(1.2 - np.abs(own) / SURE, 0, 1), np.float32)
        for own, other in zip(weights, told, strict=True)
    ]


NOTHING = Palette(np.zeros(LIGHTS * TINTS * TINTS, np.float32), np.zeros(LIGHTS * TINTS * TINTS, np.float32))
