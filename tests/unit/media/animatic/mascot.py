"""A small drawn mascot as the renderer gets it: an alpha sequence and the clip it came from."""

from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
BODY = (60, 120, 235)
FPS = 24


def draw(phase: float, size: tuple[int, int], *, body: tuple[int, int, int] = BODY) -> Picture:
    """One BGRA picture of a round creature that waves an arm; its body fills most of the height."""
    width, height = size[0] * 2, size[1] * 2
    image = np.zeros((height, width, 4), np.uint8)
    dark = tuple(int(c * 0.45) for c in body)
    swing = float(np.sin(2 * np.pi * phase))

    def oval(x: float, y: float, rx: float, ry: float, colour: tuple[int, ...], angle: float = 0.0) -> None:
        centre, axes = (round(x * width), round(y * height)), (round(rx * height), round(ry * height))
        cv2.ellipse(image, centre, axes, angle, 0, 360, (*colour, 255), -1, cv2.LINE_AA)

    for side in (-1, 1):
        oval(0.5 + side * 0.16, 0.93, 0.10, 0.06, dark)
        oval(0.5 + side * 0.20, 0.17, 0.06, 0.14, body, side * 18)
    oval(0.5, 0.68, 0.21, 0.27, body)
    oval(0.5, 0.36, 0.24, 0.22, body)
    oval(0.5, 0.74, 0.13, 0.17, (215, 235, 250))
    oval(0.80, 0.56 - 0.08 * swing, 0.05, 0.13, body, -35 - 25 * swing)
    oval(0.22, 0.64, 0.05, 0.12, body, 20)
    for side in (-1, 1):
        oval(0.5 + side * 0.11, 0.35, 0.035, 0.05, (30, 20, 20))
        oval(0.5 + side * 0.11 + 0.01, 0.33, 0.012, 0.014, (255, 255, 255))
    oval(0.5, 0.43, 0.03, 0.018, (40, 30, 60))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def cutout(path: Path, *, size: tuple[int, int] = (160, 200), frames: int = 24, body: tuple[int, int, int] = BODY) -> Path:
    """The creature as a lossless alpha sequence."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=FPS)
        stream.width, stream.height = size
        stream.pix_fmt = "bgra"
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(draw(number / frames, size, body=body), format="bgra")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def clip(path: Path, *, size: tuple[int, int] = (320, 180), frames: int = 24, back: tuple[int, int, int] = (120, 190, 120)) -> Path:
    """The creature on a plain background, as its H.264 clip."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "12", "preset": "veryfast"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for number in range(frames):
            image = np.full((size[1], size[0], 3), back, np.uint8)
            body = draw(number / frames, (round(size[1] * 0.68), round(size[1] * 0.85)))
            left, top = (size[0] - body.shape[1]) // 2, (size[1] - body.shape[0]) // 2
            part = image[top : top + body.shape[0], left : left + body.shape[1]]
            share = body[..., 3:].astype(np.float32) / 255
            part[:] = (part * (1 - share) + body[..., :3] * share).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    return path
