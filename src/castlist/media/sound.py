"""The sound of a range of an untrusted video, as decoded frames."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from castlist.media.reading import OPEN_OPTIONS, refuse_reference
from castlist.media.sniff import Format

CODECS = ("aac", "mp3", "mp3float", "opus", "libopus", "vorbis", "alac", "ac3", "eac3", "flac")


@contextmanager
def open_sound(path: Path, found: Format, start: float, *, seconds: float) -> Iterator[Iterator[av.AudioFrame] | None]:
    """Frames from `start` (the file's own clock) for `seconds`; None without a sound track of a codec that we take."""
    with path.open("rb") as file, av.open(file, "r", format=found.demuxer, options=OPEN_OPTIONS, io_open=refuse_reference) as container:
        stream = next((stream for stream in container.streams.audio if taken(stream)), None)
        yield None if stream is None else frames_between(container, stream, start, seconds=seconds)


def taken(stream: AudioStream) -> bool:
    context = stream.codec_context
    return context is not None and (context.name in CODECS or context.name.startswith("pcm_"))


def frames_between(container: InputContainer, stream: AudioStream, start: float, *, seconds: float) -> Iterator[av.AudioFrame]:
    """A sound track that is damaged ends where the damage is: the picture is what a character is made of."""
    with suppress(av.FFmpegError):
        container.seek(max(0, round(start / float(stream.time_base or 1))), stream=stream, backward=True)
        for frame in container.decode(stream):
            if frame.time is None or frame.time + frame.samples / frame.sample_rate <= start:
                continue
            if frame.time >= start + seconds:
                return
            yield frame
