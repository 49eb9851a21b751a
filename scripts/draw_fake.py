"""Draws the clip that the scripted fake provider hands out: two seconds of 320x180, the same bytes every time."""

import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy

WIDTH, HEIGHT, FPS, SECONDS, RATE = 320, 180, 24, 2, 44_100
TARGET = Path(__file__).parent.parent / "src" / "castlist" / "testing" / "clip.mp4"


def draw_frame(index: int) -> numpy.ndarray:
    """A disc that crosses a plain field once, over a bar that fills: every frame differs from every other."""
    down, across = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    picture = numpy.empty((HEIGHT, WIDTH, 3), numpy.uint8)
    picture[:] = (38, 70, 83)
    share = index / (FPS * SECONDS - 1)
    picture[HEIGHT - 14 :, : 1 + int(share * (WIDTH - 1))] = (42, 157, 143)
    picture[(across - 30 - share * 260) ** 2 + (down - 84) ** 2 < 26**2] = (244, 162, 97)
    return picture


def draw(target: Path) -> None:
    """Write the clip, H.264 with silent AAC, its index at the front."""
    options = {"movflags": "faststart", "fflags": "+bitexact"}
    with av.open(target, "w", options=options) as container:
        video = container.add_stream("libx264", rate=FPS, options={"crf": "28", "threads": "1", "flags": "+bitexact"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        audio = container.add_stream("aac", rate=RATE, layout="mono", options={"flags": "+bitexact"})
        audio.bit_rate = 16_000
        for index in range(FPS * SECONDS):
            container.mux(video.encode(av.VideoFrame.from_ndarray(draw_frame(index), format="rgb24")))
        container.mux(video.encode())
        for start in range(0, RATE * SECONDS, 1024):
            silence = av.AudioFrame.from_ndarray(numpy.zeros((1, 1024), numpy.float32), format="fltp", layout="mono")
            silence.sample_rate, silence.pts, silence.time_base = RATE, start, Fraction(1, RATE)
            container.mux(audio.encode(silence))
        container.mux(audio.encode())


if __name__ == "__main__":
    draw(TARGET)
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes", file=sys.stderr)
