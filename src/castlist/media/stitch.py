"""Put one video after another: packets copied where both are coded alike, else both coded anew."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TypeAlias

import av
import cv2
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream
from numpy.typing import NDArray

from castlist.errors import MediaRefused
from castlist.media.clip import Cut, at_rate, pictures, timed
from castlist.media.encode import AUDIO_RATE, KEEPING, MP4_OPTIONS, RATE, ClipWriter, Pixels, publish, write_clip
from castlist.media.frames import turn_of
from castlist.media.probe import Facts, measure
from castlist.media.reading import Timing, decode, open_video, rewind, time_packets
from castlist.media.sniff import Format, recognise
from castlist.media.sound import open_sound

COPIED = ("h264", "hevc")
SLACK = 0.1
"""Seconds by which a copied whole may differ from the sum of its parts."""

GRAIN = 90_000
"""Parts of a second that moments are rounded to before packets are moved by them."""

Coded: TypeAlias = "Packet[Stream]"
Track = VideoStream | AudioStream
Streams = tuple[VideoStream, AudioStream | None]


@dataclass(frozen=True)
class Part:
    """One of the two videos: its file and form, and when its packets start and how long they last."""

    path: Path
    found: Format
    facts: Facts
    timing: Timing
    param: str

    def open(self) -> AbstractContextManager[tuple[InputContainer, VideoStream]]:
        return open_video(self.path, self.found, param=self.param)


def stitch(spec: Mapping[str, object], report: Callable[[float], None]) -> dict[str, object]:
    """{first, second, out, param?} -> `file`, `seconds`, and `copied`: whether nothing was coded anew."""
    param = str(spec.get("param") or "video")
    parts = [_read(Path(str(spec[name])), param=param) for name in ("first", "second")]
    whole = Path(str(spec["out"])) / "whole.mp4"
    copied = _copy(parts, whole) and _lasts(parts, whole, param=param)
    if not copied:
        _encode(parts, whole, report=report)
    report(1.0)
    return {"file": whole.name, "seconds": measure(whole, kind="video", role="result", param=param).seconds, "copied": copied}


def _read(path: Path, *, param: str) -> Part:
    facts, found = measure(path, kind="video", role="result", param=param), recognise(path, kind="video", param=param)
    with open_video(path, found, param=param) as (container, stream):
        return Part(path, found, facts, time_packets(container, stream, param=param), param)


def _copy(parts: list[Part], whole: Path) -> bool:
    """Whether the packets of both could be written one after the other into one file."""
    with ExitStack() as stack:
        opened = [stack.enter_context(part.open()) for part in parts]
        streams: list[Streams] = [(stream, next(iter(container.streams.audio), None)) for container, stream in opened]
        if any(part.facts.rotation for part in parts) or not _are_alike(*streams):
            return False
        with publish(whole) as draft, av.open(str(draft), "w", format="mp4", options=MP4_OPTIONS) as target:
            tracks = [target.add_stream_from_template(stream) for stream in streams[0] if stream is not None]
            last: dict[int, Fraction] = {}
            start = Fraction(0)
            for (container, _), taken, part in zip(opened, streams, parts, strict=True):
                named = dict(zip((stream.index for stream in taken if stream is not None), tracks, strict=True))
                for packet in _moved(container, named, shift=start - Fraction(part.timing.origin).limit_denominator(GRAIN)):
                    _mux(target, packet, last)
                start = Fraction(part.timing.seconds).limit_denominator(GRAIN)
    return True


def _lasts(parts: list[Part], whole: Path, *, param: str) -> bool:
    """Whether the whole decodes, and is as long as its parts together."""
    try:
        seconds = measure(whole, kind="video", role="result", param=param).seconds
    except MediaRefused:
        return False
    return abs(seconds - sum(part.timing.seconds for part in parts)) <= SLACK


def _are_alike(first: Streams, second: Streams) -> bool:
    return _coding(first[0]) == _coding(second[0]) and first[0].codec_context.name in COPIED and _sounding(first[1]) == _sounding(second[1])


def _coding(stream: VideoStream) -> tuple[object, ...]:
    context = stream.codec_context
    return context.name, context.width, context.height, context.pix_fmt, context.extradata, stream.sample_aspect_ratio


def _sounding(stream: AudioStream | None) -> tuple[object, ...] | None:
    context: AudioCodecContext | None = stream.codec_context if stream is not None else None
    return None if context is None else (context.name, context.sample_rate, context.layout.name, context.extradata)


def _moved(container: InputContainer, tracks: Mapping[int, Track], *, shift: Fraction) -> Iterator[Coded]:
    """The packets of those streams, by index, later by `shift` seconds and on the track that is theirs."""
    container.seek(0)
    for packet in container.demux([container.streams[index] for index in tracks]):
        base, track = packet.time_base, tracks[packet.stream.index]
        if packet.dts is None or packet.pts is None or base is None:
            continue
        packet.pts, packet.dts = packet.pts + round(shift / base), packet.dts + round(shift / base)
        packet.stream = track
        yield packet


def _mux(target: OutputContainer, packet: Coded, last: dict[int, Fraction]) -> None:
    """Write a packet, but for one that lies before what its track already has: the sound that an encoder begins with."""
    index, moment = packet.stream.index, (packet.dts or 0) * (packet.time_base or Fraction(1))
    if index not in last or moment > last[index]:
        last[index] = moment
        target.mux(packet)


def _encode(parts: list[Part], whole: Path, *, report: Callable[[float], None]) -> None:
    size = parts[0].facts.width & ~1, parts[0].facts.height & ~1
    total = sum(part.timing.seconds for part in parts) * RATE
    with ExitStack() as stack:
        sounds = [stack.enter_context(open_sound(p.path, p.found, p.timing.origin, seconds=p.timing.seconds)) for p in parts]
        heard = chain.from_iterable(_lasting(sound, _samples(part)) for sound, part in zip(sounds, parts, strict=True))
        clip = stack.enter_context(write_clip(whole, size, quality=KEEPING, sound=heard if any(sounds) else None))
        for part in parts:
            _draw(part, clip, size, shown=lambda: report(clip.frames / total))


def _samples(part: Part) -> int:
    return round(max(1, round(part.timing.seconds * RATE)) * AUDIO_RATE / RATE)


def _draw(part: Part, clip: ClipWriter, size: tuple[int, int], *, shown: Callable[[], None]) -> None:
    with part.open() as (container, stream):
        rewind(container, stream, to=part.timing.origin)
        frames = at_rate(timed(decode(container, stream, param=part.param), part.timing), Cut(0.0, part.timing.seconds))
        first = next(frames)
        for picture in pictures(chain([first], frames), turn_of(first, stream)):
            clip.write(_fit(picture, size))
            shown()


def _fit(picture: Pixels, size: tuple[int, int]) -> Pixels:
    """The picture at that size: never stretched, with black beside it where its shape is another one."""
    height, width = picture.shape[:2]
    if (width, height) == size:
        return picture
    scale = min(size[0] / width, size[1] / height)
    wide, high = min(size[0], round(width * scale)), min(size[1], round(height * scale))
    left, top = (size[0] - wide) // 2, (size[1] - high) // 2
    framed = np.zeros((size[1], size[0], 3), np.uint8)
    framed[top : top + high, left : left + wide] = cv2.resize(picture, (wide, high), interpolation=cv2.INTER_AREA)
    return framed


def _lasting(frames: Iterator[av.AudioFrame] | None, samples: int) -> Iterator[av.AudioFrame]:
    """Sound of exactly that many samples: cut, or followed by silence."""
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=AUDIO_RATE)
    given = 0
    for frame in frames or ():
        for piece in resampler.resample(frame):
            content = piece.to_ndarray().astype(np.float32)[:, : samples - given]
            given += content.shape[1]
            if content.shape[1]:
                yield _sound(content)
    while given < samples:
        count = min(AUDIO_RATE, samples - given)
        given += count
        yield _sound(np.zeros((2, count), np.float32))


def _sound(content: NDArray[np.float32]) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(content), format="fltp", layout="stereo")
    frame.sample_rate = AUDIO_RATE
    return frame
