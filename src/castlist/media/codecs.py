"""Whether this installation can read and write what Castlist needs: the codecs by name, and a small film made and read again."""

import io
from collections.abc import Callable, Mapping
from typing import Literal

import av
import numpy as np
from av.video.stream import VideoStream

from castlist.media.encode import FILM, RATE
from castlist.media.reading import CODECS

WRITTEN = ("libx264", "aac", "magicyuv", "png", "mjpeg")
"""Encoders of videos, sound, cutouts and stills."""

_FRAMES = 6
_SIDE = 64


def check(spec: Mapping[str, object], report: Callable[[float], None]) -> dict[str, object]:
    """The `missing` encoders and decoders by name, `works` for the film, and the `version` of the library."""
    missing = [f"{name} (writing)" for name in WRITTEN if not has(name, mode="w")]
    missing += [f"{name} (reading)" for name in CODECS if not has(name, mode="r")]
    works = not any(name.startswith("libx264") for name in missing) and _read(_write()) == _FRAMES
    return {"missing": missing, "works": works, "version": av.__version__}


def has(name: str, *, mode: Literal["r", "w"]) -> bool:
    """Whether the library has a codec of that name for reading or writing."""
    try:
        return av.Codec(name, mode) is not None
    except ValueError:  # av.codec.UnknownCodecError is one
        return False


def _write() -> bytes:
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as container:
        stream: VideoStream = container.add_stream("libx264", rate=RATE, options=FILM)
        stream.width = stream.height = _SIDE
        stream.pix_fmt = "yuv420p"
        for shade in range(_FRAMES):
            picture = np.full((_SIDE, _SIDE, 3), 40 * shade, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))
    return target.getvalue()


def _read(film: bytes) -> int:
    with av.open(io.BytesIO(film), "r") as container:
        return sum(1 for _ in container.decode(video=0))
