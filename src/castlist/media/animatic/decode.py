"""Read a source film: its frames at our rate as NV12, its facts and its sound."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import av.error
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from castlist.errors import MediaRefused
from castlist.media.animatic.encode import BT709, FPS, RATE, Sound, Tags
from castlist.media.animatic.planes import Frame, Plane, as_bytes, frame_of

_GAP = RATE // 20


@dataclass(frozen=True, slots=True)
class Source:
    """A film on disk: even size, how many frames it has at our rate, and how its colours are meant."""

    path: Path
    size: tuple[int, int]
    frames: int
    tags: Tags = BT709


def open_source(path: Path) -> Source:
    """Measure a source by its packets. Raises MediaRefused when it cannot be read."""
    try:
        with av.open(str(path)) as container:
            video = container.streams.video[0]
            rate = video.time_base
            ends = [(p.pts + (p.duration or 0)) * rate for p in container.demux(video) if p.pts is not None and rate is not None]
            size = (video.width // 2 * 2, video.height // 2 * 2)
            tags = _tags(video)
    except (av.error.FFmpegError, IndexError) as error:
        raise MediaRefused(f"the source video cannot be read: {error}", code="undecodable_media", param="video") from error
    frames = round(float(max(ends)) * FPS) if ends else 0
    if frames < 1:
        raise MediaRefused("the source video has no frames", code="undecodable_media", param="video")
    return Source(path, size, frames, tags)


def frames_of(source: Source) -> Iterator[Frame]:
    """Every frame of a source at our rate, each a copy that may be drawn on; a gap repeats the frame before it."""
    width, height = source.size
    number = 0
    last: Frame | None = None
    with av.open(str(source.path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for decoded in container.decode(video=0):
            now = round((decoded.time or 0.0) * FPS)
            while last is not None and number < min(now, source.frames):
                yield _copy(last, source.size)
                number += 1
            last = frame_of(_nv12(decoded, width, height), width, height)
    while last is not None and number < source.frames:
        yield _copy(last, source.size)
        number += 1


def last_frame(source: Source) -> Frame:
    """The frame a source ends with; only what follows its last key frame is decoded."""
    width, height = source.size
    with av.open(str(source.path)) as container:
        video = container.streams.video[0]
        video.thread_type = "AUTO"
        container.seek(round((source.frames - 1) / FPS * av.time_base))
        *_, last = container.decode(video)
        return frame_of(_nv12(last, width, height), width, height)


def first_frame(source: Source) -> Frame:
    """The frame a source begins with."""
    return next(frames_of(source))


class Tape:
    """A source's sound at our rate in two channels, read once from its beginning; silence where and when it has none."""

    def __init__(self, source: Source) -> None:
        self._pieces = _heard(source.path)
        self._piece = np.zeros((2, 0), np.float32)
        self._start = 0

    def __call__(self, first: int, count: int) -> Sound:
        """The samples from number `first` on, which never goes back."""
        heard = np.zeros((2, count), np.float32)
        done = 0
        while done < count:
            ahead = first + done - self._start
            rest = self._piece[:, ahead : ahead + count - done]
            if rest.shape[1]:
                heard[:, done : done + rest.shape[1]] = rest
                done += rest.shape[1]
                continue
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._start += self._piece.shape[1]
            self._piece = piece
        return heard


def has_sound(source: Source) -> bool:
    with av.open(str(source.path)) as container:
        return bool(container.streams.audio)


def _heard(path: Path) -> Iterator[Sound]:
    """A film's sound in pieces without gaps: what its clock leaves out is silence, and what lies before its beginning is dropped."""
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return
        # One channel is heard in both as loud as it is; the resampler would make it softer.
        single = container.streams.audio[0].codec_context.channels == 1
        resampler = av.AudioResampler(format="fltp", layout="mono" if single else "stereo", rate=RATE)
        place: int | None = None
        for frame in container.decode(audio=0):
            due = round((frame.time or 0.0) * RATE)
            if place is None or due - place > _GAP:
                yield np.zeros((2, max(0, due - (place or 0))), np.float32)
                place = max(due, place or 0) if place is not None else due
            for piece in resampler.resample(frame):
                samples = np.asarray(piece.to_ndarray(), np.float32)
                yield _twice(samples[:, max(0, -place) :])
                place += samples.shape[1]
        for piece in resampler.resample(None):
            yield _twice(np.asarray(piece.to_ndarray(), np.float32))


def _twice(samples: Sound) -> Sound:
    return samples if len(samples) == 2 else np.repeat(samples, 2, axis=0)


def _copy(frame: Frame, size: tuple[int, int]) -> Frame:
    return frame_of(frame.buffer.copy(), *size)


def _tags(video: VideoStream) -> Tags:
    """As the film says, so that its numbers can stay what they are; only full range and RGB are brought into ours."""
    context, name = video.codec_context, video.codec_context.pix_fmt or ""
    if not name.startswith(("yuv", "nv")):
        return BT709
    limited = not name.startswith("yuvj") and context.color_range != ColorRange.JPEG
    return Tags(context.colorspace, context.color_primaries, context.color_trc, context.color_range if limited else 1)


def _nv12(frame: av.VideoFrame, width: int, height: int) -> Plane:
    if frame.format.name == "yuv420p" and frame.color_range != ColorRange.JPEG and (frame.width, frame.height) == (width, height):
        return as_bytes(frame.reformat(format="nv12").to_ndarray())
    matrix = Colorspace.ITU709 if frame.format.is_rgb or frame.colorspace == Colorspace.ITU709 else Colorspace.ITU601
    fitted = frame.reformat(width, height, "nv12", src_colorspace=matrix, dst_colorspace=matrix, dst_color_range=ColorRange.MPEG)
    return as_bytes(fitted.to_ndarray())
