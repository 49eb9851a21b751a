"""Cut a clip out of any taken video: upright, 24 frames a second, 8 bit, its sound kept."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from math import isfinite
from pathlib import Path

from av.video.frame import VideoFrame

from castlist.errors import MediaRefused
from castlist.media.encode import RATE, Pixels, hash_file, write_clip
from castlist.media.frames import Turn, to_bgr, turn_of
from castlist.media.reading import Timing, decode, open_video, recognise, rewind, time_packets, undecodable
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
    crf: int = 16

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
            write_clip(out, size, crf=cut.crf, sound=sound) as clip,
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


def check_range(start: object, end: object, *, seconds: float, longest: float) -> tuple[float, float] | None:
    """The asked range, None when neither bound is given. Refuses what does not lie in the clip (`invalid_range`)."""
    if start is None and end is None:
        return None
    low, high = read_bound(start, 0.0, name="start"), read_bound(end, min(seconds, read_bound(start, 0.0, name="start") + 3.0), name="end")
    if not 0 <= low < seconds:
        raise invalid_range(f"start is {low:g} but the clip runs from 0 to {seconds:g} seconds", param="start", value=low, limit=seconds)
    if high > seconds + 0.05:
        raise invalid_range(f"end is {high:g} but the clip ends at {seconds:g} seconds", param="end", value=high, limit=seconds)
    if high - low < 0.5 - 1e-6:
        raise invalid_range(
            f"start {low:g} to end {high:g} is {high - low:.2f} seconds; choose at least 0.5", param="end", value=high, limit=low + 0.5
        )
    if high - low > longest + 1e-6:
        message = f"start {low:g} to end {high:g} is {high - low:g} seconds; choose at most {longest:g}, best 2 to 4"
        raise invalid_range(message, param="end", value=high, limit=low + longest)
    return low, min(high, seconds)


def read_bound(value: object, default: float, *, name: str) -> float:
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise invalid_range(
            f"{name} is {value!r}; give seconds from the clip's beginning, such as 1.5", param=name, value=str(value), limit=None
        )
    return float(value)


def invalid_range(message: str, *, param: str, value: object, limit: object) -> MediaRefused:
    return MediaRefused(message, code="invalid_range", param=param, value=value, limit=limit)
