"""The frame sizes that an MP4 or MOV claims in its boxes, read by us: FFmpeg quietly corrects some of them after decoding."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
MAX_BOXES = 10_000
MAX_DEPTH = 8


def claimed_sizes(path: Path) -> list[tuple[int, int]]:
    """(width, height) of each track header and visual sample entry; stops where the structure breaks off."""
    with path.open("rb") as file:
        end = os.fstat(file.fileno()).st_size
        return [size for kind, start, stop in walk(file, 0, end=end, depth=0) for size in sizes_in(file, kind, start, stop=stop)]


def walk(file: BinaryIO, start: int, *, end: int, depth: int) -> Iterator[tuple[bytes, int, int]]:
    """Leaf boxes as (type, first byte of the body, end), children of the known containers included."""
    for _ in range(MAX_BOXES):
        if end - start < 8 or depth > MAX_DEPTH:
            return
        file.seek(start)
        length, kind = struct.unpack(">I4s", file.read(8).ljust(8, b"\0"))
        header = 8
        if length == 1:
            length, header = struct.unpack(">Q", file.read(8).ljust(8, b"\0"))[0], 16
        stop = end if length == 0 else start + length
        if stop > end or stop < start + header:
            return
        if kind in CONTAINERS:
            yield from walk(file, start + header, end=stop, depth=depth + 1)
        else:
            yield kind, start + header, stop
        start = stop


def sizes_in(file: BinaryIO, kind: bytes, start: int, *, stop: int) -> Iterator[tuple[int, int]]:
    """ISO/IEC 14496-12: 8.3.2 (tkhd ends with 16.16 width and height), 8.5.2 and 12.1.3 (stsd with visual sample entries)."""
    if kind == b"tkhd" and stop - start >= 84:
        file.seek(stop - 8)
        width, height = struct.unpack(">II", file.read(8))
        yield width >> 16, height >> 16
    elif kind == b"stsd" and stop - start >= 8 + 36:
        file.seek(start + 8 + 4)
        entry = file.read(32)
        if entry[:4].lower() not in (b"mp4a", b"alac", b"ac-3", b"ec-3", b"opus", b"flac", b"sowt", b"twos", b"lpcm", b"text", b"tmcd"):
            yield struct.unpack(">HH", entry[28:32])
