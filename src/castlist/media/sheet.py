"""A tidy contact sheet of a character: its frames above, what was cut out of them below on a checkerboard."""

from collections.abc import Sequence

import cv2
import numpy as np

from castlist.media.lab import Pixels

WIDTH, GAP = 1280, 16
TALLEST = 420
PAPER = (240, 243, 245)
LIGHT, DARK, SQUARE = 250, 222, 12


def compose(frames: Sequence[Pixels], cutouts: Sequence[Pixels]) -> Pixels:
    """BGR; `frames` are BGR and `cutouts` BGRA, up to four of each."""
    rows = [row(frames)]
    if cutouts:
        rows.append(row([on_checkerboard(cutout) for cutout in cutouts]))
    gap = np.full((GAP, WIDTH, 3), PAPER, np.uint8)
    stacked = [gap]
    for band in rows:
        stacked += [band, gap]
    return np.vstack(stacked)


def row(pictures: Sequence[Pixels]) -> Pixels:
    """Pictures side by side at one height, centred in four columns' width."""
    cell = (WIDTH - 5 * GAP) // 4
    height = min(TALLEST, max(round(cell * picture.shape[0] / picture.shape[1]) for picture in pictures))
    band = np.full((height, WIDTH, 3), PAPER, np.uint8)
    left = (WIDTH - len(pictures) * (cell + GAP) + GAP) // 2
    for number, picture in enumerate(pictures):
        fitted = fit(picture, cell, height)
        x = left + number * (cell + GAP) + (cell - fitted.shape[1]) // 2
        y = (height - fitted.shape[0]) // 2
        band[y : y + fitted.shape[0], x : x + fitted.shape[1]] = fitted
    return band


def fit(picture: Pixels, width: int, height: int) -> Pixels:
    scale = min(width / picture.shape[1], height / picture.shape[0])
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC), np.uint8)


def on_checkerboard(cutout: Pixels) -> Pixels:
    height, width = cutout.shape[:2]
    squares = (np.arange(height)[:, None] // SQUARE + np.arange(width)[None, :] // SQUARE) % 2
    board = np.where(squares > 0, LIGHT, DARK).astype(np.float32)[:, :, None]
    alpha = cutout[:, :, 3:].astype(np.float32) / 255
    return np.asarray((cutout[:, :, :3] * alpha + board * (1 - alpha)).round(), np.uint8)
