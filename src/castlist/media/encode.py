"""Write clips and pictures: fixed settings for repeatable bytes, and nothing visible under its name before it is whole."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

RATE = 24
TICK = Fraction(1, RATE)
AUDIO_RATE = 48_000
# Encoder threads shape the bits, so their number is fixed and not the machine's.
THREADS = "2"
# With macroblock trees x264 can give other packets for the same frames from run to run where the processor has AVX-512 (measured).
# Closed groups and stitchable headers: what has these settings can be joined by copying.
FILM = {"threads": THREADS, "rc-lookahead": "10", "g": "120", "x264-params": "open-gop=0:stitchable=1:mbtree=0"}
KEEPING = {"crf": "13", "qmax": "18"}
"""For pictures that are to stay what they are: whatever they show, no step is coarser than what leaves them above 40 dB (measured)."""

CLIP = {"crf": "16"}
MP4_OPTIONS = {"movflags": "+faststart", "fflags": "+bitexact"}
# ITU-R BT.709-6, from full-range blue, green, red; the last column is the offset.
BGR_TO_YUV = np.array(
    [[0.06200, 0.61423, 0.18259, 16.0], [0.43922, -0.33857, -0.10064, 128.0], [-0.04027, -0.39894, 0.43922, 128.0]], np.float32
)
PNG_QUICK = [cv2.IMWRITE_PNG_COMPRESSION, 2]


@contextmanager
def publish(path: Path) -> Iterator[Path]:
    """A name to write under; it takes the real one, whole and flushed, when the block ends well, and is removed when it does not."""
    draft = path.with_name(f".{path.name}.part")
    try:
        yield draft
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


class ClipWriter:
    """H.264 yuv420p at 24 frames a second, BT.709; `write` takes upright BGR frames of the one size."""

    def __init__(self, container: OutputContainer, size: tuple[int, int], *, quality: Mapping[str, str], preset: str) -> None:
        self.container = container
        self.frames = 0
        options = FILM | {"preset": preset} | dict(quality)
        self.video: VideoStream = container.add_stream("libx264", rate=RATE, options=options)
        self.video.width, self.video.height = size
        self.video.pix_fmt = "yuv420p"
        context = self.video.codec_context
        context.time_base = TICK
        context.colorspace, context.color_range = int(Colorspace.ITU709), int(ColorRange.MPEG)
        context.color_primaries, context.color_trc = int(ColorPrimaries.BT709), int(ColorTrc.BT709)

    def write(self, bgr: Pixels) -> None:
        frame = av.VideoFrame.from_ndarray(pack(bgr), "yuv420p")
        frame.pts, frame.time_base = self.frames, TICK
        self.frames += 1
        self.container.mux(self.video.encode(frame))

    def close(self) -> None:
        self.container.mux(self.video.encode(None))


def pack(bgr: Pixels) -> Pixels:
    """Limited-range BT.709 4:2:0 in planar order; rounded, where swscale's quick path cuts off, and half its time. Sides must be even."""
    height, width = bgr.shape[:2]
    luma, *chroma = cv2.split(cv2.transform(bgr, BGR_TO_YUV))
    halves = [cv2.resize(plane, (width // 2, height // 2), interpolation=cv2.INTER_AREA) for plane in chroma]
    planes = np.concatenate([plane.ravel() for plane in (luma, *halves)])
    return np.asarray(planes.reshape(height * 3 // 2, width), np.uint8)


@contextmanager
def write_clip(
    path: Path,
    size: tuple[int, int],
    *,
    quality: Mapping[str, str] = CLIP,
    preset: str = "veryfast",
    sound: Iterator[av.AudioFrame] | None = None,
) -> Iterator[ClipWriter]:
    """An MP4 with its index in front; `sound`, cut to the clip's range already, is encoded after the pictures."""
    with publish(path) as draft, av.open(str(draft), "w", format="mp4", options=MP4_OPTIONS) as container:
        writer = ClipWriter(container, size, quality=quality, preset=preset)
        track = Sound(container) if sound is not None else None
        yield writer
        writer.close()
        if track is not None and sound is not None:
            track.write(sound)


class Sound:
    """A stereo AAC track, 48 kHz."""

    def __init__(self, container: OutputContainer) -> None:
        self.container = container
        self.stream: AudioStream = container.add_stream("aac", rate=AUDIO_RATE)
        self.stream.layout = "stereo"

    def write(self, frames: Iterator[av.AudioFrame]) -> None:
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=AUDIO_RATE)
        samples = 0
        for frame in frames:
            for piece in resampler.resample(frame):
                piece.pts, piece.time_base = samples, Fraction(1, AUDIO_RATE)
                samples += piece.samples
                self.container.mux(self.stream.encode(piece))
        self.container.mux(self.stream.encode(None))


@contextmanager
def write_cutout(path: Path, size: tuple[int, int]) -> Iterator[Callable[[Pixels], None]]:
    """A lossless MagicYUV sequence; frames are BGRA, colour not multiplied by alpha.

    Every render reads all of it: as FFV1 it took half the bytes, and three times as long to read as now (measured).
    """
    width, height = size
    with publish(path) as draft, av.open(str(draft), "w", format="avi", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("magicyuv", rate=RATE, options={"pred": "gradient", "threads": THREADS})
        stream.width, stream.height, stream.pix_fmt = width, height, "gbrap"
        stream.codec_context.time_base = TICK
        count = 0

        def write(bgra: Pixels) -> None:
            nonlocal count
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(bgra), "bgra").reformat(format="gbrap")
            frame.pts, frame.time_base = count, TICK
            count += 1
            container.mux(stream.encode(frame))

        yield write
        container.mux(stream.encode(None))


def write_picture(path: Path, pixels: Pixels, *, options: list[int] | None = None) -> None:
    """PNG, WebP or JPEG by the suffix; BGR or BGRA."""
    whole, content = cv2.imencode(path.suffix, pixels, PNG_QUICK if options is None else options)
    assert whole, path.suffix
    with publish(path) as draft:
        draft.write_bytes(content.tobytes())


def hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
