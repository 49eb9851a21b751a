"""Join a source and its continuation; what was encoded here is copied packet by packet, bit for bit, pictures and sound."""

import heapq
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av
import av.container
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.stream import VideoStream

from castlist.media.animatic.decode import Source
from castlist.media.animatic.encode import FPS, PER_FRAME, RATE, Track, Tracks, encoded, film, silence
from castlist.media.animatic.planes import blank

_BLOCK = 1024
"""Samples from one AAC packet to the next; each sounds for two such blocks, overlapping with its neighbours."""

_RUN_UP = 4
"""Packets that an encoder takes to find its way; they are encoded and left out."""

Coded: TypeAlias = "Packet[VideoStream] | Packet[AudioStream]"


@dataclass(frozen=True, slots=True)
class Seam:
    """Where the sound of a continuation begins: it is encoded from the sample `start`, and used from the sample `used`."""

    start: int
    used: int


def seam(source: Source) -> Seam:
    """Where a source's sound goes over into its continuation's: its last packets have silence mixed into them, so they are encoded again
    with what really follows. Sound with other settings, or of a few frames, is encoded again altogether."""
    at = _after(source.frames)
    return at if at.start > 0 and copies(source) else Seam(0, -_BLOCK)


def _after(frames: int) -> Seam:
    used = (frames * PER_FRAME - 3 * _BLOCK) // _BLOCK * _BLOCK + _BLOCK
    return Seam(used - _RUN_UP * _BLOCK, used)


def ours(source: Source, folder: Path) -> bool:
    """Whether a source's pictures have our settings, so that they may be followed by ours: one frame is encoded to see."""
    sample = folder / "sample.mp4"
    with film(sample, source.size, encoded(silence), tags=source.tags) as writer:
        writer.write(blank(*source.size).buffer, 0)
    try:
        with av.open(str(source.path)) as first, av.open(str(sample)) as second:
            return _same_pictures(first, second)
    finally:
        sample.unlink()


def _same_pictures(first: av.container.InputContainer, second: av.container.InputContainer) -> bool:
    a, b = first.streams.video[0], second.streams.video[0]
    alike = (a.codec_context.name, a.width, a.height, a.time_base) == (b.codec_context.name, b.width, b.height, b.time_base)
    return alike and a.average_rate == b.average_rate and a.codec_context.extradata == b.codec_context.extradata


def copies(source: Source) -> bool:
    """Whether a source's sound has our settings and our grid of packets, and is long enough to be followed where the pictures end."""
    with av.open(str(source.path)) as container:
        if not container.streams.audio:
            return False
        sound = container.streams.audio[0]
        context = sound.codec_context
        if (context.name, context.rate, context.channels, context.profile) != ("aac", RATE, 2, "LC"):
            return False
        starts = [packet.pts for packet in container.demux(sound) if packet.pts is not None]
    return bool(starts) and starts[0] == -_BLOCK and starts[-1] >= _after(source.frames).used - _BLOCK


class Copied:
    """A track of a source's own packets."""

    def __init__(self, container: av.container.OutputContainer, source: Source) -> None:
        self._container = container
        self._source = av.open(str(source.path))
        stream = self._source.streams.audio[0]
        self._target = container.add_stream_from_template(stream)
        self._packets = (packet for packet in self._source.demux(stream) if packet.pts is not None)
        self._next = next(self._packets, None)

    def until(self, sample: int) -> None:
        while self._next is not None and (self._next.pts or 0) < sample:
            self._next.stream = self._target
            self._container.mux(self._next)
            self._next = next(self._packets, None)

    def end(self) -> None:
        self.until(1 << 62)
        self._source.close()


def copied(source: Source) -> Tracks:
    def make(container: av.container.OutputContainer) -> Track:
        return Copied(container, source)

    return make


def stitch(source: Source, part: Path, out: Path) -> None:
    """Write a source and its continuation as one film, packets copied; the sound changes over at the seam."""
    partial = out.with_suffix(".partial.mp4")
    with ExitStack() as stack:
        first, second, heard, more = (stack.enter_context(av.open(str(path))) for path in (source.path, part, source.path, part))
        target = stack.enter_context(av.open(str(partial), "w", format="mp4", options={"movflags": "+faststart"}))
        video = target.add_stream_from_template(first.streams.video[0])
        audio = target.add_stream_from_template(second.streams.audio[0])
        pictures = ((packet, video) for packet in _pictures(first, second, frames=source.frames))
        sounds = ((packet, audio) for packet in _sounds(heard, more, at=seam(source)))
        for packet, stream in heapq.merge(pictures, sounds, key=lambda pair: _time(pair[0])):
            packet.stream = stream  # type: ignore[assignment]  # the two kinds were paired with their own streams above
            target.mux(packet)
    partial.replace(out)


def _time(packet: Coded) -> Fraction:
    return (packet.dts or 0) * packet.time_base


def _pictures(first: av.container.InputContainer, second: av.container.InputContainer, *, frames: int) -> Iterator[Coded]:
    stream = second.streams.video[0]
    if stream.time_base is None:
        raise ValueError("the stream has no clock")
    yield from _moved(first.demux(first.streams.video[0]), 0)
    yield from _moved(second.demux(stream), round(Fraction(frames, FPS) / stream.time_base))


def _sounds(first: av.container.InputContainer, second: av.container.InputContainer, *, at: Seam) -> Iterator[Coded]:
    if at.start:
        yield from (packet for packet in _moved(first.demux(first.streams.audio[0]), 0) if (packet.pts or 0) < at.used)
    yield from (packet for packet in _moved(second.demux(second.streams.audio[0]), at.start) if (packet.pts or 0) >= at.used)


def _moved(packets: "Iterable[Packet[VideoStream]] | Iterable[Packet[AudioStream]]", shift: int) -> Iterator[Coded]:
    for packet in packets:
        if packet.pts is not None and packet.dts is not None:
            packet.pts += shift
            packet.dts += shift
            yield packet
