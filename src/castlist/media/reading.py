"""Open an untrusted video safely, time its packets without decoding, and give its frames as they are displayed."""

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from castlist.errors import MediaRefused
from castlist.media.boxes import claimed_sizes
from castlist.media.sniff import Format

MAX_SIDE = 8192
MAX_PIXELS = 40_000_000
MAX_RATE = 1000
CODECS = ("h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "prores", "mjpeg")
# No protocol is reachable from a file object; these close the two doors by which a MOV may still name another file.
OPEN_OPTIONS = {"protocol_whitelist": "none", "enable_drefs": "0", "use_absolute_path": "0", "max_pixels": str(MAX_PIXELS)}


@dataclass(frozen=True)
class Timing:
    """Measured on the packets: when frames start (sorted, seconds from the first), how long it all lasts, which frames stand alone."""

    starts: tuple[float, ...]
    seconds: float
    keyframes: tuple[float, ...]
    origin: float

    @property
    def fps(self) -> float:
        return len(self.starts) / self.seconds if self.seconds > 0 else 0.0

    @property
    def variable(self) -> bool:
        """Whether any gap between frames is a quarter off the usual one."""
        gaps = [b - a for a, b in pairwise(self.starts)]
        usual = statistics.median(gaps) if gaps else 0.0
        return any(abs(gap - usual) > usual * 0.25 for gap in gaps)


@contextmanager
def open_video(path: Path, found: Format, *, param: str) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The container and its one video stream, sizes checked before anything is decoded, one decoding thread."""
    if found.name in ("mp4", "mov"):
        for width, height in claimed_sizes(path):
            refuse_giant(width, height, param=param)
    with path.open("rb") as file:
        try:
            container = av.open(file, "r", format=found.demuxer, options=OPEN_OPTIONS, io_open=refuse_reference)
        except (av.FFmpegError, ValueError, OverflowError) as error:
            raise undecodable(f"its {found.name.upper()} structure cannot be read ({words(error)})", param=param) from None
        with container:
            stream = choose_stream(container, param=param)
            if not (stream.codec_context.width and stream.codec_context.height):
                raise undecodable("its header gives no frame size", param=param)
            refuse_giant(stream.codec_context.width, stream.codec_context.height, param=param)
            stream.codec_context.thread_count = 1
            stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
            yield container, stream


def refuse_reference(url: str, flags: int, options: object) -> object:
    raise PermissionError("a file may not refer to another one")


def choose_stream(container: InputContainer, *, param: str) -> VideoStream:
    real = [stream for stream in container.streams.video if not stream.disposition & av.stream.Disposition.attached_pic]
    if not real:
        has = "only audio" if container.streams.audio else "no video"
        raise MediaRefused(f"the file holds {has}; send one with a video stream", code="no_video_stream", param=param)
    stream = real[0]
    codec = stream.codec_context.name if stream.codec_context is not None else "unknown"
    canonical = {"libdav1d": "av1", "libaom-av1": "av1", "libvpx": "vp8", "libvpx-vp9": "vp9"}.get(codec, codec)
    if canonical not in CODECS:
        message = f"the video is coded as {canonical}; {', '.join(CODECS)} are taken"
        raise MediaRefused(message, code="unsupported_media_type", param=param, value=canonical, limit=list(CODECS))
    return stream


def codec_name(stream: VideoStream) -> str:
    return stream.codec_context.codec.canonical_name


def refuse_giant(width: int, height: int, *, param: str) -> None:
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        message = f"the frames are {width}x{height}; up to {MAX_SIDE} pixels a side and {MAX_PIXELS // 1_000_000} megapixels are taken"
        raise MediaRefused(message, code="resolution_too_large", param=param, value=f"{width}x{height}", limit=f"{MAX_SIDE}x{MAX_SIDE}")


def undecodable(why: str, *, param: str) -> MediaRefused:
    return MediaRefused(f"the video cannot be decoded: {why}; export it again as H.264 MP4", code="undecodable_media", param=param)


def words(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error) or type(error).__name__


def time_packets(container: InputContainer, stream: VideoStream, *, param: str) -> Timing:
    """One pass over the packets. What the header claims is only used to notice that the file ends early."""
    base = float(stream.time_base or 0)
    starts: list[float] = []
    keyframes: list[float] = []
    last_duration = 0.0
    try:
        for packet in container.demux(stream):
            if packet.pts is None or packet.is_discard or packet.size == 0:
                continue
            starts.append(packet.pts * base)
            last_duration = float(packet.duration or 0) * base
            if packet.is_keyframe:
                keyframes.append(packet.pts * base)
    except av.FFmpegError as error:
        raise undecodable(f"it breaks off after {len(starts)} frames ({words(error)})", param=param) from None
    if not starts:
        raise undecodable("it holds no frames", param=param)
    starts.sort()
    if stream.frames and len(starts) < stream.frames * 0.95 - 1:
        raise undecodable(f"it is cut off, {len(starts)} of {stream.frames} frames are there", param=param)
    return assemble_timing(starts, keyframes, last_duration)


def assemble_timing(starts: list[float], keyframes: list[float], last_duration: float) -> Timing:
    origin = starts[0]
    gaps = [b - a for a, b in pairwise(starts)]
    usual = statistics.median(gaps) if gaps else last_duration
    last = last_duration if 0 < last_duration < max(4 * usual, 1.0) else usual
    seconds = starts[-1] - origin + last
    return Timing(
        tuple(round(start - origin, 6) for start in starts), round(seconds, 6), tuple(round(key - origin, 6) for key in keyframes), origin
    )


def rewind(container: InputContainer, stream: VideoStream, *, to: float) -> None:
    """Seek to the keyframe at or before `to`, in the stream's own seconds."""
    container.seek(round(to / float(stream.time_base or 1)), stream=stream, backward=True)


def decode(container: InputContainer, stream: VideoStream, *, param: str) -> Iterator[VideoFrame]:
    """Frames from where the container stands; a damaged one refuses the file."""
    try:
        yield from container.decode(stream)
    except av.FFmpegError as error:
        raise undecodable(f"a frame is damaged ({words(error)})", param=param) from None
