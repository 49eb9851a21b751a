"""Frames of films, laid out on a sheet or strung together as a small animation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

TILE = (400, 225)
GAP, MARGIN, CAPTION = 10, 16, 26
PAPER, INK = (247, 245, 243), (70, 60, 54)
PREVIEW_SIZE = (480, 270)
PREVIEW_FPS = 12


@dataclass(frozen=True, slots=True)
class Tile:
    """A frame (BGR) and the words below it."""

    label: str
    frame: Picture


def frames(path: Path) -> list[Picture]:
    """All frames of a film, BGR."""
    with av.open(str(path)) as container:
        return [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in container.decode(video=0)]


def grid(tiles: Sequence[Tile], *, columns: int) -> Picture:
    """The tiles in rows, each with its label; upright ones where the frames are."""
    rows = -(-len(tiles) // columns)
    upright = any(tile.frame.shape[0] > tile.frame.shape[1] for tile in tiles)
    width, height = TILE[::-1] if upright else TILE
    cell = (width + GAP, height + CAPTION + GAP)
    sheet = np.full((2 * MARGIN + rows * cell[1] - GAP, 2 * MARGIN + columns * cell[0] - GAP, 3), PAPER, np.uint8)
    for number, tile in enumerate(tiles):
        left, top = MARGIN + number % columns * cell[0], MARGIN + number // columns * cell[1]
        sheet[top : top + height, left : left + width] = cv2.resize(tile.frame, (width, height), interpolation=cv2.INTER_AREA)
        cv2.putText(sheet, tile.label, (left, top + height + 19), cv2.FONT_HERSHEY_DUPLEX, 0.55, INK, 1, cv2.LINE_AA)
    return sheet


def write(path: Path, sheet: Picture) -> None:
    """As a PNG."""
    if not cv2.imwrite(str(path), sheet, [cv2.IMWRITE_PNG_COMPRESSION, 9]):
        raise OSError(f"{path} could not be written")


def animate(path: Path, films: Sequence[Path]) -> None:
    """The films one after the other as an animated WebP that repeats."""
    with av.open(str(path), "w", format="webp", options={"loop": "0"}) as container:
        stream = container.add_stream(
            "libwebp_anim", rate=PREVIEW_FPS, options={"quality": "55", "compression_level": "6", "preset": "photo"}
        )
        stream.width, stream.height = PREVIEW_SIZE
        stream.pix_fmt = "yuv420p"
        for number, picture in enumerate(_halved(films)):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, PREVIEW_FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _halved(films: Sequence[Path]) -> Iterator[Picture]:
    """Every other frame, small."""
    for film in films:
        for picture in frames(film)[::2]:
            yield np.asarray(cv2.resize(picture, PREVIEW_SIZE, interpolation=cv2.INTER_AREA), np.uint8)
