"""Multipart forms as bytes, field for field in the order given."""

from collections.abc import Sequence

from castlist.model.providing import Part

_QUOTED = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


def encode_form(parts: Sequence[Part], *, boundary: str) -> list[bytes]:
    """The chunks of a `multipart/form-data` body; `boundary` must occur in none of the values."""
    chunks: list[bytes] = []
    for part in parts:
        value = part.value.encode() if isinstance(part.value, str) else part.value
        chunks += [_head(part, boundary), value, b"\r\n"]
    chunks.append(f"--{boundary}--\r\n".encode())
    return chunks


def _head(part: Part, boundary: str) -> bytes:
    lines = [f"--{boundary}", f'Content-Disposition: form-data; name="{part.name.translate(_QUOTED)}"']
    if part.filename is not None:
        lines[1] += f'; filename="{part.filename.translate(_QUOTED)}"'
    if part.media_type is not None:
        lines.append(f"Content-Type: {part.media_type}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
