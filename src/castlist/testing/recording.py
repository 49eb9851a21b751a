"""Requests as an upstream received them, in a form in which two senders can be compared."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from castlist.later import Later

if TYPE_CHECKING:
    import aiohttp
    from aiohttp import web
else:
    aiohttp = Later("aiohttp")

HEADERS = ("authorization", "accept")


@dataclass(frozen=True, slots=True)
class FormField:
    """One multipart field; `filename` and `media_type` are None where the sender gave none."""

    name: str
    value: bytes
    filename: str | None = None
    media_type: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request without what differs between equal ones: user agent, boundary, `x-stainless-*`, nulls in JSON. `body` is what came
    of neither JSON nor a form."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    content_type: str
    fields: tuple[FormField, ...] = ()
    document: object = None
    body: bytes = b""

    def value(self, name: str) -> str | None:
        """A form field or a string of the JSON body by its name."""
        found = next((field.value.decode() for field in self.fields if field.name == name), None)
        if found is None and isinstance(self.document, dict):
            inner = self.document.get(name)
            return inner if isinstance(inner, str) else None
        return found


async def record(request: "web.Request", *, headers: Sequence[str] = HEADERS) -> Recorded:
    """Read a request whole, with the headers named. Raises what aiohttp raises when the body breaks off."""
    kept = tuple((name, request.headers[name]) for name in headers if name in request.headers)
    fields: list[FormField] = []
    document: object = None
    body = b""
    if request.content_type == "multipart/form-data":
        fields = await _read_form(request)
    else:
        body = await request.read()
    if request.content_type == "application/json":
        document, body = _read_json(body)
    return Recorded(request.method, request.path_qs, kept, request.content_type, tuple(fields), document, body)


def by_content(value: object, files: Mapping[str, bytes]) -> object:
    """A JSON value in which the address of a file is the SHA-256 of what is in it: two senders may upload to different places."""
    if isinstance(value, dict):
        return {key: by_content(inner, files) for key, inner in value.items()}
    if isinstance(value, list):
        return [by_content(inner, files) for inner in value]
    return hashlib.sha256(files[value]).hexdigest() if isinstance(value, str) and value in files else value


async def _read_form(request: "web.Request") -> list[FormField]:
    fields = []
    async for part in await request.multipart():
        if not isinstance(part, aiohttp.BodyPartReader):
            raise ValueError("nested multipart is not read")
        value = bytes(await part.read())
        fields.append(FormField(part.name or "", value, part.filename, part.headers.get("Content-Type")))
    return fields


def _read_json(body: bytes) -> tuple[object, bytes]:
    # A client may leave its usual type on bytes that are none of it.
    try:
        return _without_nulls(json.loads(body or b"null")), b""
    except ValueError:
        return None, body


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value
