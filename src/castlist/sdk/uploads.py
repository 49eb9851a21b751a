"""Files to send: a path, an open file, bytes, or (name, content, type), read from disk while they are sent."""

import io
import json
import mimetypes
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

FileContent = IO[bytes] | bytes | os.PathLike[str]
Named = tuple[str | None, FileContent]
Typed = tuple[str | None, FileContent, str | None]
Source = FileContent | str | Named | Typed
"""A path (text or Path), an open binary file, the bytes themselves, or a tuple of name, content and media type."""

Sendable = tuple[str, IO[bytes] | bytes, str]


@dataclass(frozen=True)
class Form:
    """A multipart body: fields, and files by field name."""

    fields: Mapping[str, object]
    files: Sequence[tuple[str, Source]]


@contextmanager
def open_files(form: Form) -> Iterator[list[tuple[str, Sendable]]]:
    """The files of a form, those given by path opened for as long as they are sent."""
    with ExitStack() as stack:
        yield [(field, open_source(source, stack)) for field, source in form.files]


def open_source(source: Source, stack: ExitStack) -> Sendable:
    """Name, content and type of one file. Raises OSError for a path that cannot be opened, TypeError for what is no file."""
    match source:
        case (name, content):
            return name or "upload", open_content(content, stack), guess_type(name or "")
        case (name, content, media_type, *_):
            return name or "upload", open_content(content, stack), media_type or guess_type(name or "")
        case bytes() | bytearray() | memoryview():
            return "upload", bytes(source), "application/octet-stream"
        case str() | os.PathLike():
            name = Path(source).name
            return name, open_content(Path(source), stack), guess_type(name)
        case _:
            content = open_content(source, stack)
            name = Path(str(getattr(source, "name", "upload"))).name or "upload"
            return name, content, guess_type(name)


def open_content(content: object, stack: ExitStack) -> IO[bytes] | bytes:
    if isinstance(content, bytes | bytearray | memoryview):
        return bytes(content)
    if isinstance(content, os.PathLike):
        return stack.enter_context(Path(content).open("rb"))
    if isinstance(content, io.TextIOBase):
        raise TypeError(f'{getattr(content, "name", "the file")!r} is open as text; open it with mode "rb"')
    if isinstance(content, io.IOBase) or hasattr(content, "read"):
        return content  # type: ignore[return-value]  # anything with a read() that gives bytes is a file here
    raise TypeError(f"a file is a path, an open file, bytes or (name, content, type), and not {type(content).__name__}")


def guess_type(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def flatten(fields: Mapping[str, object]) -> dict[str, str | list[str]]:
    """JSON-shaped fields as multipart text: characters as OpenAI's SDK spells them, other objects as JSON."""
    flat: dict[str, str | list[str]] = {}
    for name, value in fields.items():
        match value:
            case str():
                flat[name] = value
            case int() | float():
                flat[name] = str(value)
            case list() if name == "characters":
                flat["characters[][id]"] = [str(member["id"]) for member in value]
            case list():
                flat[name] = [str(item) for item in value]
            case _:
                flat[name] = json.dumps(value)
    return flat


def is_image(source: Source) -> bool:
    """Whether a source is an image by its name, or by its first bytes when it has none."""
    with ExitStack() as stack:
        match source:
            case str() | os.PathLike():
                return guess_type(Path(source).name).startswith("image/")
            case bytes():
                return source.startswith((b"\x89PNG", b"\xff\xd8\xff")) or (source[:4] == b"RIFF" and source[8:12] == b"WEBP")
        return open_source(source, stack)[2].startswith("image/")
