"""Join a source and its continuation; what was encoded here is copied packet by packet, bit for bit."""

from collections.abc import Iterator
from pathlib import Path

import av
import av.container
from av.packet import Packet
from av.video.stream import VideoStream

from castlist.media.animatic.decode import Source, sound_of
from castlist.media.animatic.encode import RATE, hear


def same_settings(source: Path, part: Path) -> bool:
    """Whether two films may follow each other in one stream: same codec, size, parameter sets and clock."""
    with av.open(str(source)) as first, av.open(str(part)) as second:
        a, b = first.streams.video[0], second.streams.video[0]
        alike = (a.codec_context.name, a.width, a.height, a.time_base) == (b.codec_context.name, b.width, b.height, b.time_base)
        return alike and a.codec_context.extradata == b.codec_context.extradata


def stitch(source: Source, part: Path, out: Path, *, added: int) -> None:
    """Write source and part as one film: video packets copied, the sound laid anew under the whole."""
    partial = out.with_suffix(".partial.mp4")
    with (
        av.open(str(source.path)) as first,
        av.open(str(part)) as second,
        av.open(str(partial), "w", format="mp4", options={"movflags": "+faststart"}) as target,
    ):
        video = target.add_stream_from_template(first.streams.video[0])
        audio = target.add_stream("aac", rate=RATE, layout="stereo")
        audio.bit_rate = 64_000
        sound = sound_of(source)
        packets = _chain(first, second, frames=source.frames)
        for number, packet in enumerate(packets):
            packet.stream = video
            target.mux(packet)
            if number < source.frames + added:
                target.mux(audio.encode(hear(number, sound)))
        target.mux(audio.encode(None))
    partial.replace(out)


def _chain(first: av.container.InputContainer, second: av.container.InputContainer, *, frames: int) -> Iterator["Packet[VideoStream]"]:
    yield from _packets(first, first.streams.video[0], 0)
    yield from _packets(second, second.streams.video[0], frames)


def _packets(container: av.container.InputContainer, stream: VideoStream, frames: int) -> Iterator["Packet[VideoStream]"]:
    if stream.time_base is None or stream.average_rate is None:
        raise ValueError("the stream has no clock")
    shift = round(frames / stream.average_rate / stream.time_base)
    for packet in container.demux(stream):
        if packet.pts is None or packet.dts is None:
            continue
        packet.pts += shift
        packet.dts += shift
        yield packet
