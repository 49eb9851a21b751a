"""Cut a clip out of any taken video: upright, 24 frames a second, 8 bit, its sound kept."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from av.video.frame import VideoFrame

from castlist.media.encode import CLIP, RATE, Pixels, hash_file, write_clip
from castlist.media.frames import Turn, to_bgr, turn_of
from castlist.media.reading import Timing, decode, open_video, rewind, time_packets, undecodable
from castlist.media.sniff import recognise
from castlist.media.sound import open_sound

MAX_SHORT_SIDE = 1080


@dataclass(frozen=True)
class Clip:
    """What was written: always 24 fps H.264."""

    seconds: float
    width: int
    height: int
    fps: int
    frames: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Cut:
    """A range in seconds from the first frame, and how the pictures are written."""

    start: float
    end: float
    quality: Mapping[str, str] = field(default_factory=lambda: CLIP)

    @property
    def frames(self) -> int:
        return max(1, round((self.end - self.start) * RATE))


def cut_clip(path: Path, out: Path, *, cut: Cut, param: str, shown: Callable[[float, Pixels], None]) -> Clip:
    """Write the range of `path` to `out`; `shown` gets how much is done and each picture."""
    found = recognise(path, kind="video", param=param)
    with open_video(path, found, param=param) as (container, stream):
        timing = time_packets(container, stream, param=param)
        rewind(container, stream, to=timing.origin + cut.start)
        frames = at_rate(timed(decode(container, stream, param=param), timing), cut)
        first = next(frames, None)
        if first is None:
            raise undecodable(f"nothing in it decodes from second {cut.start:g} on", param=param)
        turn = turn_of(first, stream).fit(MAX_SHORT_SIDE)
        size = (turn.width, turn.height)
        with (
            open_sound(path, found, timing.origin + cut.start, seconds=cut.end - cut.start) as sound,
            write_clip(out, size, quality=cut.quality, sound=sound) as clip,
        ):
            for picture in pictures(chain([first], frames), turn):
                clip.write(picture)
                shown(clip.frames / cut.frames, picture)
    return describe(out, size, frames=clip.frames)


def pictures(frames: Iterator[VideoFrame], turn: Turn) -> Iterator[Pixels]:
    """A frame that is shown again is converted once."""
    shown: tuple[VideoFrame, Pixels] | None = None
    for frame in frames:
        if shown is None or shown[0] is not frame:
            shown = frame, to_bgr(frame, turn)
        yield shown[1]


def describe(out: Path, size: tuple[int, int], *, frames: int) -> Clip:
    return Clip(round(frames / RATE, 3), *size, RATE, frames, out.stat().st_size, hash_file(out))


def write_frames(out: Path, size: tuple[int, int], *, frames: Iterable[Pixels]) -> Clip:
    """A silent clip of BGR frames."""
    with write_clip(out, size) as clip:
        for frame in frames:
            clip.write(frame)
    return describe(out, size, frames=clip.frames)


def timed(frames: Iterator[VideoFrame], timing: Timing) -> Iterator[tuple[float, VideoFrame]]:
    for frame in frames:
        if frame.pts is not None:
            yield frame.time - timing.origin, frame


def at_rate(frames: Iterator[tuple[float, VideoFrame]], cut: Cut) -> Iterator[VideoFrame]:
    """The frame that is on screen at each 1/24 second of the range (nearest within half a tick), repeated where the source is slower."""
    held: VideoFrame | None = None
    given = 0
    for moment, frame in frames:
        while held is not None and given < cut.frames and cut.start + (given + 0.5) / RATE <= moment:
            yield held
            given += 1
        if given >= cut.frames:
            return
        held = frame
    while held is not None and given < cut.frames:
        yield held
        given += 1
