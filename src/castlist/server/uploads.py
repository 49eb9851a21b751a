"""Multipart bodies, streamed to files in the scratch folder and hashed on the way."""

import asyncio
import errno
import hashlib
import os
import re
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, MultipartState, parse_options_header

from castlist.errors import InvalidRequest, StorageFull, TooLarge
from castlist.model.asks import Incoming

MAX_PARTS = 128
_FLUSH = 512 * 1024
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, slots=True)
class Intake:
    """Where files go, and how much of what is taken: bytes of file parts, bytes of text fields."""

    scratch: Path
    check_room: Callable[[int], None]
    files: int
    text: int = 1024 * 1024

    def check_length(self, length: int | None) -> None:
        """Refuse a body by its announced length, before it is read."""
        if length is not None and length > self.files + self.text:
            raise self.too_large()
        self.check_room(length or 0)

    def too_large(self) -> TooLarge:
        return TooLarge(f"a request carries at most {self.files // (1024 * 1024)} MiB of files", param="video")


@dataclass(slots=True)
class _Part:
    """One part as it arrives: text in memory, a file on disk."""

    name: str
    filename: str | None
    path: Path | None = None
    sink: BinaryIO | None = None
    pending: bytearray = field(default_factory=bytearray)
    hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    size: int = 0


class Form:
    """A multipart body being received: `fields` are its parts in order, text or files."""

    def __init__(self, boundary: bytes, intake: Intake) -> None:
        self.fields: list[tuple[str, str | Incoming]] = []
        self._intake = intake
        self._paths: list[Path] = []
        self._part: _Part | None = None
        self._done: list[_Part] = []
        self._headers: dict[str, str] = {}
        self._header = (bytearray(), bytearray())
        self._file_bytes = self._text_bytes = self._count = 0
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_part_data": self._take,
                "on_part_end": self._end,
                "on_header_field": lambda chunk, start, end: self._header[0].extend(chunk[start:end]),
                "on_header_value": lambda chunk, start, end: self._header[1].extend(chunk[start:end]),
                "on_header_end": self._keep_header,
                "on_headers_finished": self._open,
            },
        )

    async def receive(self, chunks: AsyncIterator[bytes]) -> None:
        """Read the whole body. Raises InvalidRequest or TooLarge as soon as it is known to be wrong."""
        async for chunk in chunks:
            try:
                self._parser.write(chunk)
            except FormParserError as error:
                raise InvalidRequest(f"this is not multipart/form-data: {error}", code="invalid_multipart") from None
            await self._settle()
        if self._parser.state != MultipartState.END:
            raise InvalidRequest("the multipart body ends before its last boundary", code="incomplete_body")

    def discard(self) -> None:
        """Remove every file received so far."""
        if self._part and self._part.sink:
            self._part.sink.close()
        for path in self._paths:
            path.unlink(missing_ok=True)

    def _begin(self) -> None:
        self._count += 1
        if self._count > MAX_PARTS:
            raise InvalidRequest(f"a request has at most {MAX_PARTS} parts", code="too_many_parts")
        self._headers = {}

    def _keep_header(self) -> None:
        name, value = self._header
        self._headers[bytes(name).decode("latin-1").strip().lower()] = bytes(value).decode("latin-1").strip()
        self._header = (bytearray(), bytearray())

    def _open(self) -> None:
        disposition, options = _parse(self._headers.get("content-disposition", ""))
        raw = options.get(b"name")
        if disposition != b"form-data" or not raw:
            raise InvalidRequest("every part needs Content-Disposition: form-data with a name", code="invalid_multipart")
        name, filename = _decode(raw, param=None), options.get(b"filename")
        kind = self._headers.get("content-type", "text/plain").partition(";")[0].strip().lower()
        if filename is None and (kind.startswith("text/") or kind == "application/json"):
            self._part = _Part(name, None)
            return
        part = _Part(name, _tidy(filename or b""), path=self._intake.scratch / f"upload-{secrets.token_hex(8)}")
        self._part = part

    def _take(self, chunk: bytes, start: int, end: int) -> None:
        part = self._part
        assert part is not None  # the parser reports the headers before the bytes
        size = end - start
        part.pending += memoryview(chunk)[start:end]
        part.size += size
        if part.path is None:
            self._text_bytes += size
        else:
            self._file_bytes += size
        if self._text_bytes > self._intake.text:
            raise TooLarge(f"the text fields of a request have at most {self._intake.text // 1024} KiB in all", param=part.name[:64])
        if self._file_bytes > self._intake.files:
            limit = self._intake.files // (1024 * 1024)
            raise TooLarge(f"files of at most {limit} MiB in all are taken", param=part.name[:64])

    def _end(self) -> None:
        if self._part is not None:
            self._done.append(self._part)
        self._part = None

    async def _settle(self) -> None:
        """Move what has arrived out of memory, in a thread where it is much."""
        for part in self._done:
            await self._write(part)
            self._finish(part)
        self._done.clear()
        if self._part is not None and self._part.path is not None and len(self._part.pending) >= _FLUSH:
            await self._write(self._part)

    async def _write(self, part: _Part) -> None:
        if part.path is None:
            return
        if part.sink is None:
            self._paths.append(part.path)
            part.sink = _create(part.path)
        try:
            if len(part.pending) > 65536:
                await _finish_in_thread(_store, part)
            else:
                _store(part)
        except OSError as error:
            if error.errno in _FULL:
                raise StorageFull("the gateway's disk is full") from None
            raise

    def _finish(self, part: _Part) -> None:
        if part.path is None or part.sink is None:
            self.fields.append((part.name, _decode(bytes(part.pending), param=part.name)))
            return
        part.sink.close()
        self.fields.append((part.name, Incoming(part.path, part.filename or "", part.size, part.hash.hexdigest())))


async def _finish_in_thread(work: Callable[[_Part], None], part: _Part) -> None:
    writing = asyncio.ensure_future(asyncio.to_thread(work, part))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        # The file must not be closed under a thread that still writes: its descriptor may by then be another file's.
        await asyncio.wait([writing])
        raise


def _create(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0)


def _store(part: _Part) -> None:
    assert part.sink is not None
    part.hash.update(part.pending)
    view = memoryview(part.pending)
    while view:
        view = view[part.sink.write(view) :]
    view.release()
    part.pending = bytearray()


def _decode(raw: bytes, *, param: str | None) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest("text fields are UTF-8", code="invalid_utf8", param=param[:64] if param else None) from None


def _tidy(raw: bytes) -> str:
    """A file's name without folders and control characters."""
    name = re.split(r"[/\\]", raw.decode("utf-8", "replace"))[-1]
    return "".join(c for c in name if c.isprintable())[:200]


def _parse(header: str) -> tuple[bytes, dict[bytes, bytes]]:
    try:
        return parse_options_header(header)
    except (ValueError, LookupError):
        raise InvalidRequest(f"a header is malformed: {header[:80]!r}", code="invalid_multipart") from None


def find_boundary(content_type: str) -> bytes:
    """The boundary parameter of a multipart type. Raises InvalidRequest."""
    boundary = _parse(content_type)[1].get(b"boundary", b"")
    if not 1 <= len(boundary) <= 200:
        raise InvalidRequest("multipart/form-data needs a boundary of 1 to 200 characters", code="invalid_multipart")
    return boundary
