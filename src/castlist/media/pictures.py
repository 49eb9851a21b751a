"""Decode a still image from anybody: its header is read by us, and limited, before a decoder sees it."""

import struct
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from castlist.errors import MediaRefused
from castlist.media.reading import MAX_PIXELS, MAX_SIDE
from castlist.media.sniff import Format, recognise

Pixels = NDArray[np.uint8]
JPEG_SIZE_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
JPEG_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})
OPAQUE = 250


@dataclass(frozen=True)
class Picture:
    """Upright pixels as BGR, and the alpha plane where there is one that is not all opaque."""

    bgr: Pixels
    alpha: Pixels | None
    format: str


def read(path: Path, *, param: str) -> Picture:
    """Refuses what is no image (`unsupported_media_type`), a bomb (`resolution_too_large`), a damaged one (`undecodable_media`)."""
    found = recognise(path, kind="image", param=param)
    content = path.read_bytes()
    refuse_bomb(content, found, param=param)
    coded = np.frombuffer(content, np.uint8)
    try:
        raw = cv2.imdecode(coded, cv2.IMREAD_UNCHANGED)
        bgr = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    except cv2.error:
        raw = bgr = None
    if raw is None or bgr is None:
        message = f"the {found.name.upper()} image is damaged and cannot be decoded; export it again"
        raise MediaRefused(message, code="undecodable_media", param=param)
    return Picture(bgr.astype(np.uint8, copy=False), alpha_of(raw, bgr), found.name)


def alpha_of(raw: NDArray[np.generic], bgr: NDArray[np.generic]) -> Pixels | None:
    if raw.ndim != 3 or raw.shape[2] != 4 or raw.shape[:2] != bgr.shape[:2]:
        return None
    plane = raw[:, :, 3]
    alpha: Pixels = (plane // 257).astype(np.uint8) if plane.dtype == np.uint16 else plane.astype(np.uint8)
    return alpha if int((alpha < OPAQUE).sum()) > alpha.size // 200 else None


def refuse_bomb(content: bytes, found: Format, *, param: str) -> None:
    size = measure_header(content, found.name)
    if size is None:
        message = f"the {found.name.upper()} image is cut off: its header gives no size; export it again"
        raise MediaRefused(message, code="undecodable_media", param=param)
    width, height = size
    if max(size) > MAX_SIDE or width * height > MAX_PIXELS:
        message = f"the image is {width}x{height}; up to {MAX_SIDE} pixels a side and {MAX_PIXELS // 1_000_000} megapixels are taken"
        raise MediaRefused(message, code="resolution_too_large", param=param, value=f"{width}x{height}", limit=f"{MAX_SIDE}x{MAX_SIDE}")


def measure_header(content: bytes, name: str) -> tuple[int, int] | None:
    """Width and height as the header claims, or None where it breaks off."""
    try:
        if name == "png":
            width, height = struct.unpack(">II", content[16:24])
            return (width, height) if content[12:16] == b"IHDR" and width and height else None
        return measure_jpeg(content) if name == "jpeg" else measure_webp(content)
    except (struct.error, IndexError):
        return None


def measure_jpeg(content: bytes) -> tuple[int, int] | None:
    at = 2
    while at < len(content):
        if content[at] != 0xFF:
            return None
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in JPEG_BARE_MARKERS:
            at += 2
        elif marker in JPEG_SIZE_MARKERS:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return (width, height) if width and height else None
        else:
            at += 2 + struct.unpack(">H", content[at + 2 : at + 4])[0]
    return None


def measure_webp(content: bytes) -> tuple[int, int] | None:
    chunk, body = content[12:16], content[20:]
    if chunk == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if chunk == b"VP8L":
        bits = struct.unpack("<I", body[1:5])[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", body[6:10])
        return (width & 0x3FFF, height & 0x3FFF)
    return None
