"""Write the film: H.264 with an AAC track, always with the same settings so that takes can be joined by copying."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol, TypeAlias

import av
import av.container
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from castlist.media.animatic.planes import Plane
from castlist.media.encode import FILM

Sound: TypeAlias = NDArray[np.float32]
Ear: TypeAlias = Callable[[int, int], Sound]
"""What is heard from a sample's number on: that many samples of two channels. Asked in order, from the film's beginning."""

FPS = 24
RATE = 48_000
PER_FRAME = RATE // FPS
TAKE = {"crf": "22", "i_qfactor": "0.58"}
"""A key frame is a little finer than usual: what follows is drawn from it, and a reference is to be the opening frame."""

# Against veryfast at crf 20, on a forest at dusk: two thirds of the processor time, 0.4 dB nearer, half as many bytes more (measured).
# Where a scene is painted to move evenly, B-frames need no searching for.
_OPTIONS = FILM | {"preset": "superfast", "x264-params": FILM["x264-params"] + ":b-adapt=0"}
# Of the encoder's two ways the quick one: a quarter of the time, and nearer to noise, which is what most of an ambience is (measured).
_AAC = {"aac_coder": "fast"}
_BITS = 96_000
_AHEAD = 2
"""Frames that may wait for the encoder."""


@dataclass(frozen=True, slots=True)
class Tags:
    """How a film says its colours are meant: numbers of ITU-T H.273, 2 where it does not say."""

    matrix: int = 1
    primaries: int = 1
    curve: int = 1
    range: int = 1


BT709 = Tags()


class Track(Protocol):
    """The sound of a film while it is being written."""

    def until(self, sample: int) -> None:
        """Write what is heard before a sample."""
        ...

    def end(self) -> None:
        """Write what is left."""
        ...


Tracks: TypeAlias = Callable[[av.container.OutputContainer], Track]
"""Makes the track of a container."""


class Encoded:
    """A track that is encoded from what an ear hears, from the sample `first` on and to `last` even when the pictures end before."""

    def __init__(self, container: av.container.OutputContainer, ear: Ear, *, first: int = 0, last: int = 0) -> None:
        self._container = container
        self._ear = ear
        self._first = first
        self._last = last
        self._next = first
        self._audio = container.add_stream("aac", rate=RATE, layout="stereo", options=_AAC)
        self._audio.bit_rate = _BITS

    def until(self, sample: int) -> None:
        while self._next < self._first + sample:
            self._write(min(PER_FRAME, self._first + sample - self._next))

    def end(self) -> None:
        while self._next < self._last:
            self._write(min(PER_FRAME, self._last - self._next))
        self._container.mux(self._audio.encode(None))

    def _write(self, count: int) -> None:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(self._ear(self._next, count)), format="fltp", layout="stereo")
        frame.sample_rate = RATE
        frame.pts = self._next - self._first
        frame.time_base = Fraction(1, RATE)
        self._next += count
        self._container.mux(self._audio.encode(frame))


def silence(first: int, count: int) -> Sound:
    """Nothing to be heard."""
    return np.zeros((2, count), np.float32)


def encoded(ear: Ear, *, first: int = 0, last: int = 0) -> Tracks:
    return lambda container: Encoded(container, ear, first=first, last=last)


class Writer:
    """An open film; frames go in order, and the sound with them. It is encoded in a thread of its own while the next frame is painted."""

    def __init__(self, container: av.container.OutputContainer, video: VideoStream, track: Track) -> None:
        self.container = container
        self.video = video
        self.track = track
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._waiting: deque[Future[None]] = deque()

    def write(self, buffer: Plane, number: int) -> None:
        """Take one NV12 buffer, which must not change any more, as frame `number`. Raises what an earlier frame met."""
        while len(self._waiting) >= _AHEAD:
            self._waiting.popleft().result()
        self._waiting.append(self._thread.submit(self._encode, buffer, number))

    def end(self) -> None:
        """Write what is left. Raises what a frame met."""
        while self._waiting:
            self._waiting.popleft().result()
        self.container.mux(self.video.encode(None))
        self.track.end()

    def stop(self) -> None:
        """Return once nothing is being encoded any more."""
        self._thread.shutdown(cancel_futures=True)

    def _encode(self, buffer: Plane, number: int) -> None:
        frame = av.VideoFrame.from_ndarray(buffer, format="nv12")
        frame.pts = number
        frame.time_base = Fraction(1, FPS)
        self.container.mux(self.video.encode(frame))
        self.track.until((number + 1) * PER_FRAME)


@contextmanager
def film(path: Path, size: tuple[int, int], tracks: Tracks, *, tags: Tags = BT709, quality: Mapping[str, str] = TAKE) -> Iterator[Writer]:
    """Open a film that appears under its name only when it is whole."""
    partial = path.with_suffix(".partial.mp4")
    with av.open(str(partial), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        video = container.add_stream("libx264", rate=FPS, options=_OPTIONS | dict(quality))
        configure(video, size, tags)
        writer = Writer(container, video, tracks(container))
        try:
            yield writer
            writer.end()
        finally:
            writer.stop()
    partial.replace(path)


def configure(video: VideoStream, size: tuple[int, int], tags: Tags) -> None:
    """Size, time base and tags, the same for every take that is to be joined."""
    video.width, video.height = size
    video.pix_fmt = "nv12"
    video.time_base = Fraction(1, FPS)
    context = video.codec_context
    context.time_base = Fraction(1, FPS)
    context.color_range = tags.range
    context.colorspace = tags.matrix
    context.color_primaries = tags.primaries
    context.color_trc = tags.curve
