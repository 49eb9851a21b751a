"""Write the film: H.264 with a silent AAC track, always with the same settings so that takes can be joined by copying."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av
import av.container
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from numpy.typing import NDArray

from castlist.media.animatic.planes import Plane

Sound: TypeAlias = NDArray[np.float32]

FPS = 24
RATE = 48_000
CRF = 20
# Without mbtree: with it x264 gives other packets for the same frames from run to run where the processor has AVX-512 (measured).
_X264 = "open-gop=0:stitchable=1:mbtree=0"
_OPTIONS = {"preset": "veryfast", "threads": "2", "rc-lookahead": "10", "g": "120", "x264-params": _X264}


@dataclass(frozen=True, slots=True)
class Writer:
    """An open film; frames go in order, each with its sound."""

    container: av.container.OutputContainer
    video: VideoStream
    audio: AudioStream

    def write(self, buffer: Plane, number: int, sound: Sound | None = None) -> None:
        """Encode one NV12 buffer as frame `number`, and the sound that lasts as long: a piece of `sound`, or none."""
        frame = av.VideoFrame.from_ndarray(buffer, format="nv12")
        frame.pts = number
        frame.time_base = Fraction(1, FPS)
        self.container.mux(self.video.encode(frame))
        self.container.mux(self.audio.encode(hear(number, sound)))


@contextmanager
def film(path: Path, size: tuple[int, int], *, crf: int = CRF) -> Iterator[Writer]:
    """Open a film that appears under its name only when it is whole."""
    partial = path.with_suffix(".partial.mp4")
    with av.open(str(partial), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        video = container.add_stream("libx264", rate=FPS, options=_OPTIONS | {"crf": str(crf)})
        configure(video, size)
        audio = container.add_stream("aac", rate=RATE, layout="stereo")
        audio.bit_rate = 64_000
        writer = Writer(container, video, audio)
        yield writer
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    partial.replace(path)


def configure(video: VideoStream, size: tuple[int, int]) -> None:
    """Size, time base and BT.709 tags, the same for every take."""
    video.width, video.height = size
    video.pix_fmt = "nv12"
    video.time_base = Fraction(1, FPS)
    context = video.codec_context
    context.time_base = Fraction(1, FPS)
    context.color_range = 1
    context.colorspace = 1
    context.color_primaries = 1
    context.color_trc = 1


def hear(number: int, sound: Sound | None) -> av.AudioFrame:
    """The sound of frame `number`: its stretch of two channels of samples, silence past their end."""
    count = RATE // FPS
    samples = np.zeros((2, count), np.float32)
    if sound is not None:
        piece = sound[:, number * count : (number + 1) * count]
        samples[:, : piece.shape[1]] = piece
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
    frame.sample_rate = RATE
    frame.pts = number * count
    frame.time_base = Fraction(1, RATE)
    return frame
