"""Follow a hand-held camera by its background, and undo what it did."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from castlist.media.lab import Pixels, Reals

POINTS = 240
STILL = 0.25
LEAST = 16

Move = NDArray[np.float64]


@dataclass(frozen=True)
class Path:
    """For each frame the 2x3 matrix from the reference frame's pixels to its own, at `size` (width, height); empty: the camera is still."""

    moves: tuple[Move, ...]
    size: tuple[int, int]

    def settle(self, frame: Pixels, number: int) -> Pixels:
        """The frame as the reference would show it."""
        if not self.moves:
            return frame
        move = self.scaled(number, frame.shape[1::-1])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        warped = cv2.warpAffine(frame, move, frame.shape[1::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(warped, np.uint8)

    def reach(self) -> tuple[float, float]:
        """How far it takes the middle of the picture, sideways and up or down, as shares of the frame."""
        middle = np.array([self.size[0] / 2, self.size[1] / 2])
        far = [np.abs(move[:, :2] @ middle + move[:, 2] - middle) for move in self.moves] or [np.zeros(2)]
        aside, down = np.max(far, axis=0)
        return float(aside) / self.size[0], float(down) / self.size[1]

    def scaled(self, number: int, size: tuple[int, int]) -> Move:
        """The move between frames of another size; pixel centres, not corners, are what it maps."""
        scale = size[0] / self.size[0]
        move = self.moves[number].copy()
        shift = (scale - 1) / 2
        move[:, 2] = scale * move[:, 2] + shift - move[:, :2] @ np.array([shift, shift])
        return move


def shown_by(picture: Reals, path: Path, number: int, *, size: tuple[int, int], box: tuple[int, int, int, int]) -> Reals:
    """What the reference frame shows, as `box` of frame `number` would; all at `size`."""
    x, y, w, h = box
    move = path.scaled(number, size)
    move[:, 2] -= (x, y)
    return np.asarray(cv2.warpAffine(picture, move, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def follow(frames: Sequence[Pixels]) -> Path:
    """The camera's path by points of the background; the move that most points share is the camera's."""
    middle = len(frames) // 2
    greys = [np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.uint8) for frame in frames]
    size = (greys[0].shape[1], greys[0].shape[0])
    corners = cv2.goodFeaturesToTrack(greys[middle], POINTS, 0.01, size[0] / 40)
    if corners is None or len(corners) < LEAST:
        return Path((), size)
    points = np.asarray(corners, np.float32)
    moves = [np.eye(2, 3)] * len(frames)
    for order in (range(middle + 1, len(frames)), range(middle - 1, -1, -1)):
        last = np.eye(2, 3)
        for number in order:
            last = moved(greys[middle], greys[number], points, guess=last)
            moves[number] = last
    far = [float(np.abs(move @ np.array([size[0] / 2, size[1] / 2, 1]) - np.array([size[0] / 2, size[1] / 2])).max()) for move in moves]
    return Path(tuple(moves), size) if max(far) > STILL else Path((), size)


def moved(reference: Pixels, frame: Pixels, points: Reals, *, guess: Move) -> Move:
    """The move from the reference to a frame near where the last one was; the last one where too few points agree."""
    start = np.asarray(points.reshape(-1, 2) @ guess[:, :2].T + guess[:, 2], np.float32).reshape(-1, 1, 2)
    found, status, _ = cv2.calcOpticalFlowPyrLK(
        reference, frame, points, start, winSize=(15, 15), maxLevel=2, flags=cv2.OPTFLOW_USE_INITIAL_FLOW
    )
    good = status.ravel() > 0
    seen = np.asarray(found, np.float32)
    if int(good.sum()) < LEAST:
        return guess
    cv2.setRNGSeed(1)
    move, inside = cv2.estimateAffinePartial2D(points[good], seen[good], ransacReprojThreshold=0.7)
    if move is None or int(inside.sum()) < max(LEAST, int(good.sum()) // 4):
        return guess
    return np.asarray(move, np.float64)
