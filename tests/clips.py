"""Small real media files for tests: mascot clips of every kind that people upload, and the files that they should not."""

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import cos, degrees, pi, radians, sin
from pathlib import Path

import av
import cv2
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Reals = NDArray[np.float32]
Size = tuple[int, int]

BLUE = (190, 150, 70)
INK = (40, 30, 50)


@dataclass(frozen=True)
class Mascot:
    """How the test figure looks (BGR): a round orange fellow who waves; `height` is its share of the frame's."""

    height: float = 0.5
    centre: float = 0.5
    colour: tuple[int, int, int] = (60, 130, 240)
    outlined: bool = True
    moves: bool = True


@dataclass(frozen=True)
class Encoding:
    """How a clip is written."""

    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    container: str = "mp4"
    fps: int = 24
    times: tuple[float, ...] | None = None
    sound: bool = False
    options: tuple[tuple[str, str], ...] = (("crf", "18"), ("preset", "veryfast"))
    hlg: bool = False


@lru_cache(maxsize=192)
def draw_mascot(size: Size, phase: float, mascot: Mascot = Mascot()) -> tuple[Pixels, Reals]:
    """Colour (BGR) and the exact alpha, 0 to 1, of the figure at `phase` of its loop (0 to 1)."""
    finer = 4 if max(size) <= 480 else 2
    width, height = size[0] * finer, size[1] * finer
    unit = mascot.height * height / 100
    x = mascot.centre * width
    floor = height * (0.5 + mascot.height / 2)
    colour, alpha = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.uint8)
    turn = 2 * pi * phase if mascot.moves else 0.0
    arm = radians(-50 + 35 * sin(2 * turn))

    def blob(at: tuple[float, float], radii: tuple[float, float], fill: tuple[int, int, int], angle: float = 0.0) -> None:
        centre = round(x + at[0] * unit), round(floor - at[1] * unit)
        axes = max(1, round(radii[0] * unit)), max(1, round(radii[1] * unit))
        cv2.ellipse(alpha, centre, axes, angle, 0, 360, 255, -1)
        cv2.ellipse(colour, centre, axes, angle, 0, 360, fill, -1)
        if mascot.outlined:
            cv2.ellipse(colour, centre, axes, angle, 0, 360, INK, max(1, round(2 * unit)))

    sway = 2 * sin(turn)
    blob((18 + 14 * cos(arm), 42 - 14 * sin(arm)), (16, 6), mascot.colour, degrees(arm))
    blob((-24, 36), (6, 14), mascot.colour, 20.0)
    blob((-10, 5), (10, 5), INK)
    blob((10, 5), (10, 5), INK)
    blob((0, 30), (22, 26), mascot.colour)
    blob((sway - 15, 90), (7, 10), mascot.colour)
    blob((sway + 15, 90), (7, 10), mascot.colour)
    blob((sway, 72), (26, 22), mascot.colour)
    for side in (-9, 9):
        blob((sway + side, 74), (3.5, 5), INK)
    solid = cv2.resize(alpha.astype(np.float32) / 255, size, interpolation=cv2.INTER_AREA)
    flat = cv2.resize(colour, size, interpolation=cv2.INTER_AREA)
    return (flat / np.maximum(solid, 1e-3)[:, :, None]).clip(0, 255).astype(np.uint8), np.asarray(solid, np.float32)


def over(background: Pixels | Sequence[int], colour: Pixels, alpha: Reals) -> Pixels:
    under = np.asarray(background, np.float32)
    return np.asarray((colour * alpha[:, :, None] + under * (1 - alpha[:, :, None])).round(), np.uint8)


def mascot_frames(
    size: Size, count: int, *, background: Pixels | Sequence[int] = BLUE, mascots: Sequence[Mascot] = (Mascot(),)
) -> Iterator[Pixels]:
    for frame in range(count):
        picture = np.full((size[1], size[0], 3), background, np.uint8)
        for mascot in mascots:
            picture = over(picture, *draw_mascot(size, frame / 48, mascot))
        yield picture


def write_video(path: Path, frames: Iterable[Pixels], encoding: Encoding = Encoding()) -> Path:
    """A real file; with `times` (seconds) the frames are where they say."""
    ticks = 90_000 if encoding.times else encoding.fps
    pictures = list(frames)
    flags = {} if encoding.container == "webm" else {"movflags": "+faststart"}
    with av.open(str(path), "w", format=encoding.container, options=flags) as out:
        stream = add_pictures(out, pictures[0].shape, encoding, ticks=ticks)
        sound = out.add_stream("aac", rate=48_000) if encoding.sound else None
        for number, pixels in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(pixels, "bgr24").reformat(format=encoding.pixel_format)
            frame.pts = round(encoding.times[number] * ticks) if encoding.times else number
            frame.time_base = Fraction(1, ticks)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if sound is not None:
            write_tone(out, sound, seconds=len(pictures) / encoding.fps)
    return path


def add_pictures(out: OutputContainer, shape: tuple[int, ...], encoding: Encoding, *, ticks: int) -> VideoStream:
    stream = out.add_stream(encoding.codec, rate=encoding.fps, options=dict(encoding.options))
    assert isinstance(stream, VideoStream)
    stream.height, stream.width = shape[:2]
    stream.pix_fmt = encoding.pixel_format
    stream.codec_context.time_base = Fraction(1, ticks)
    if encoding.hlg:
        stream.codec_context.color_trc, stream.codec_context.color_primaries, stream.codec_context.colorspace = 18, 9, 9
    return stream


def write_tone(out: OutputContainer, sound: AudioStream, *, seconds: float) -> None:
    for start in range(0, round(seconds * 48_000), 960):
        wave = (0.2 * np.sin(2 * pi * 440 * (np.arange(960) + start) / 48_000)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(np.tile(wave.repeat(2), (1, 1)), format="flt", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, start, Fraction(1, 48_000)
        for piece in av.AudioResampler(format=sound.format.name, layout="stereo", rate=48_000).resample(frame):
            out.mux(sound.encode(piece))
    out.mux(sound.encode(None))


def mascot_clip(
    path: Path,
    seconds: float = 3,
    *,
    size: Size = (1280, 720),
    background: Pixels | Sequence[int] = BLUE,
    mascots: Sequence[Mascot] = (Mascot(),),
    encoding: Encoding = Encoding(),
) -> Path:
    """The figure waving on a plain background, or on a picture."""
    count = max(1, round(seconds * encoding.fps))
    return write_video(path, mascot_frames(size, count, background=background, mascots=mascots), encoding)


def phone_clip(path: Path, seconds: float = 2, *, size: Size = (320, 568)) -> Path:
    """Portrait as phones film it: coded lying, HEVC, 10 bit, HLG, a rotation in the header, uneven frame times, sound."""
    count = round(seconds * 24)
    times = tuple(number / 24 + (0.012 if number % 3 else 0.0) for number in range(count))
    encoding = Encoding(
        codec="libx265",
        pixel_format="yuv420p10le",
        container="mov",
        times=times,
        sound=True,
        options=(("preset", "ultrafast"), ("x265-params", "log-level=none")),
        hlg=True,
    )
    lying = (np.ascontiguousarray(np.rot90(frame)) for frame in mascot_frames(size, count))
    return turn_clockwise(write_video(path, lying, encoding))


def turn_clockwise(path: Path) -> Path:
    """Say in the track header, byte for byte as a phone does, that the picture is shown a quarter turn clockwise."""
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 44
    content[at : at + 36] = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    return path


def variable_clip(path: Path, seconds: float = 2, *, size: Size = (426, 240)) -> Path:
    """Frames at 10, 20, 30 milliseconds and long pauses, as screen recorders write them."""
    gaps = (0.02, 0.05, 0.15, 0.03, 0.09)
    times = [0.0]
    while times[-1] < seconds:
        times.append(times[-1] + gaps[len(times) % len(gaps)])
    return write_video(path, mascot_frames(size, len(times)), Encoding(times=tuple(times)))


def webm_clip(path: Path, seconds: float = 0.6, *, size: Size = (426, 240)) -> Path:
    encoding = Encoding(codec="libvpx", container="webm", options=(("deadline", "realtime"), ("cpu-used", "8"), ("b", "1M")))
    return mascot_clip(path, seconds, size=size, encoding=encoding)


def mov_clip(path: Path, seconds: float = 1, *, size: Size = (426, 240)) -> Path:
    return mascot_clip(path, seconds, size=size, encoding=Encoding(container="mov"))


def sounding_clip(path: Path, seconds: float = 1, *, size: Size = (426, 240)) -> Path:
    return mascot_clip(path, seconds, size=size, encoding=replace(Encoding(), sound=True))


def audio_only(path: Path) -> Path:
    with av.open(str(path), "w", format="mp4") as out:
        write_tone(out, out.add_stream("aac", rate=48_000), seconds=1)
    return path


def truncated_clip(path: Path) -> Path:
    """A real clip, index in front, cut off in the middle of its frames."""
    content = mascot_clip(path, 2, size=(426, 240)).read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])
    return path


def giant_header(path: Path, side: int = 20_000) -> Path:
    """A small clip whose headers claim frames of `side` x `side`."""
    content = bytearray(mascot_clip(path, 1, size=(426, 240)).read_bytes())
    entry = content.index(b"avc1", content.index(b"stsd"))
    content[entry + 28 : entry + 32] = struct.pack(">HH", side, side)
    track = content.index(b"tkhd") + 80
    content[track : track + 8] = struct.pack(">II", side << 16, side << 16)
    path.write_bytes(content)
    return path


def playlist(path: Path, *, names: str = "/etc/passwd") -> Path:
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{names}\n#EXT-X-ENDLIST\n")
    return path


def text_file(path: Path) -> Path:
    path.write_text("This is not a film.\n" * 40)
    return path


def empty_file(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def alpha_png(path: Path, *, size: Size = (480, 600)) -> Path:
    """The figure with its alpha, nothing behind it."""
    colour, alpha = draw_mascot(size, 0.1, Mascot(height=0.8))
    write_image(path, np.dstack([colour, (alpha * 255).round().astype(np.uint8)]))
    return path


def plain_image(path: Path, *, size: Size = (1280, 720), background: Sequence[int] = BLUE) -> Path:
    """An opaque picture of the figure; the suffix of `path` chooses PNG, JPEG or WebP."""
    write_image(path, next(mascot_frames(size, 1, background=background)))
    return path


def write_image(path: Path, pixels: Pixels) -> None:
    whole, content = cv2.imencode(path.suffix, pixels)
    assert whole
    path.write_bytes(content.tobytes())


def bomb_png(path: Path, side: int = 20_000) -> Path:
    """A few kilobytes that would unpack to more than a gigabyte."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * (side * 3 + 1) * 64, 9)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    return path


def texture(size: Size, seed: int = 1) -> Pixels:
    """A busy background that nothing can be told from by colour."""
    coarse = np.random.default_rng(seed).integers(0, 256, (18, 32, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC), np.uint8)
