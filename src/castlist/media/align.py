"""Follow a hand-held camera by its background, and undo what it did."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from castlist.media.lab import Pixels, Reals

CELL, WINDOW = 32, 5
FAINT, CLEAR = 2e-5, 0.02
STILL = 0.25
LEAST = 16
DETAILS, SLOPE, TURNS, DOUBT = 28, 4.0, 4, 6.0

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
    points = landmarks(greys[middle])
    if len(points) < LEAST:
        return Path((), size)
    anchor = hold(greys[middle])
    moves = [np.eye(2, 3)] * len(frames)
    for order in (range(middle + 1, len(frames)), range(middle - 1, -1, -1)):
        last = np.eye(2, 3)
        for number in order:
            last = anchor.refine(greys[number], moved(greys[middle], greys[number], points, guess=last))
            moves[number] = last
    far = [float(np.abs(move @ np.array([size[0] / 2, size[1] / 2, 1]) - np.array([size[0] / 2, size[1] / 2])).max()) for move in moves]
    return Path(tuple(moves), size) if max(far) > STILL else Path((), size)


@dataclass(frozen=True)
class Anchor:
    """Pixels of the reference frame where it has detail: their places (n, 2), how bright they are and how that changes with the move."""

    places: Reals
    grey: Reals
    slopes: Reals

    def refine(self, frame: Pixels, move: Move) -> Move:
        """A move made exact to hundredths of a pixel by all of the detail, weighing down what a subject hides (inverse compositional)."""
        if not len(self.places):
            return move
        picture = cv2.GaussianBlur(frame, (0, 0), 0.8).astype(np.float32)
        better = move
        for _ in range(TURNS):
            x, y = np.asarray(better[:, :2] @ self.places.T + better[:, 2:], np.float32)
            seen = cv2.remap(picture, x[:, None], y[:, None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=-1000)
            gap = np.asarray(seen, np.float32).ravel() - self.grey
            weight = DOUBT**4 / (DOUBT**2 + np.square(gap)) ** 2
            pull = self.slopes * weight[:, None]
            a, b, right, down = np.linalg.lstsq(pull.T @ self.slopes, pull.T @ gap, rcond=None)[0]
            step = np.array([[1 + a, -b, right], [b, 1 + a, down], [0, 0, 1]], np.float64)
            better = (np.vstack([better, (0, 0, 1)]) @ np.linalg.inv(step))[:2]
        jump = np.abs(better - move)
        return better if jump[:, 2].max() < 4 and jump[:, :2].max() < 0.02 else move


def hold(grey: Pixels) -> Anchor:
    """As many pixels of each cell as of any other: see `landmarks`."""
    smooth = cv2.GaussianBlur(grey, (0, 0), 0.8).astype(np.float32)
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=0.125)
    rows, columns = np.nonzero(np.hypot(across, down) > SLOPE)
    cell = rows // CELL * (grey.shape[1] // CELL + 1) + columns // CELL
    mixed = np.random.default_rng(1).permutation(len(rows))
    mixed = mixed[np.argsort(cell[mixed], kind="stable")]
    rank = np.arange(len(mixed)) - np.searchsorted(cell[mixed], cell[mixed])
    few = mixed[rank < DETAILS]
    rows, columns = rows[few], columns[few]
    gx, gy = across[rows, columns], down[rows, columns]
    slopes = np.stack([gx * columns + gy * rows, gy * columns - gx * rows, gx, gy], axis=1)
    places = np.stack([columns, rows], axis=1)
    return Anchor(np.asarray(places, np.float32), np.asarray(smooth[rows, columns], np.float32), np.asarray(slopes, np.float32))


def landmarks(grey: Pixels) -> Reals:
    """The best corner of each cell (n, 1, 2): spread evenly, so that a lively subject does not outvote a quiet background."""
    height, width = (side // CELL * CELL for side in grey.shape)
    corner = np.asarray(cv2.cornerMinEigenVal(grey, WINDOW), np.float32)[:height, :width]
    cells = corner.reshape(height // CELL, CELL, width // CELL, CELL).transpose(0, 2, 1, 3).reshape(height // CELL, width // CELL, -1)
    best, strength = cells.argmax(axis=2), cells.max(axis=2)
    rows, columns = np.nonzero(strength > max(FAINT, CLEAR * float(np.median(strength))))
    at = best[rows, columns]
    return np.asarray(np.stack([columns * CELL + at % CELL, rows * CELL + at // CELL], axis=1)[:, None], np.float32)


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
