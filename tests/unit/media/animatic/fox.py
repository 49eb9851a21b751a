"""A small drawn fox seen from the side, looking right: the cast member that has to be turned."""

from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
BODY = (70, 160, 60)
FPS = 24


def draw(phase: float, size: tuple[int, int], *, body: tuple[int, int, int] = BODY) -> Picture:
    """One BGRA picture of a fox on four legs that swings its tail; its snout and its one eye are on the right."""
    width, height = size[0] * 2, size[1] * 2
    image = np.zeros((height, width, 4), np.uint8)
    dark, pale = tuple(int(c * 0.5) for c in body), (225, 240, 245)
    swing = float(np.sin(2 * np.pi * phase))

    def oval(x: float, y: float, rx: float, ry: float, colour: tuple[int, ...], angle: float = 0.0) -> None:
        centre, axes = (round(x * width), round(y * height)), (round(rx * height), round(ry * height))
        cv2.ellipse(image, centre, axes, angle, 0, 360, (*colour, 255), -1, cv2.LINE_AA)

    oval(0.16, 0.52 - 0.03 * swing, 0.07, 0.24, body, -40 + 12 * swing)
    for side in (-0.16, -0.04, 0.10, 0.20):
        oval(0.48 + side, 0.83, 0.05, 0.14, dark)
    oval(0.48, 0.62, 0.30, 0.19, body)
    oval(0.68, 0.36, 0.19, 0.18, body)
    oval(0.86, 0.42, 0.11, 0.07, pale, 8)
    oval(0.93, 0.40, 0.03, 0.03, (25, 20, 20))
    oval(0.60, 0.15, 0.05, 0.11, body, -12)
    oval(0.76, 0.32, 0.035, 0.045, (30, 20, 20))
    oval(0.77, 0.305, 0.012, 0.014, (255, 255, 255))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def cutout(path: Path, *, size: tuple[int, int] = (240, 200), frames: int = 24) -> Path:
    """The fox as a lossless alpha sequence."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=FPS)
        stream.width, stream.height = size
        stream.pix_fmt = "bgra"
        for number in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(draw(number / frames, size), format="bgra")))
        container.mux(stream.encode(None))
    return path
