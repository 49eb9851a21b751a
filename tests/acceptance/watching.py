"""Watch a video as a viewer would: decode all of it, and look for the fox."""

import io
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

ENOUGH_FOX = 0.003
"""Share of a frame's pixels in the fox's strong orange, of which the scenes themselves have next to none."""


@dataclass(frozen=True)
class Watched:
    """What was seen; `fox` is the orange share of the frames, on average."""

    frames: int
    width: int
    height: int
    seconds: float
    fox: float
    has_audio: bool

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height

    @property
    def shows_luna(self) -> bool:
        return self.fox > ENOUGH_FOX


def watch(video: Path | bytes) -> Watched:
    source = io.BytesIO(video) if isinstance(video, bytes) else str(video)
    with av.open(source) as container:
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
        rate = float(container.streams.video[0].average_rate or 0)
        height, width = frames[0].shape[:2]
        fox = float(np.mean([measure_orange(frame) for frame in frames]))
        return Watched(len(frames), width, height, len(frames) / rate, fox, bool(container.streams.audio))


def measure_orange(frame: np.ndarray) -> float:
    hue, saturation, value = cv2.split(cv2.cvtColor(frame, cv2.COLOR_BGR2HSV))
    return float(((hue >= 5) & (hue <= 17) & (saturation > 150) & (value > 110)).mean())
