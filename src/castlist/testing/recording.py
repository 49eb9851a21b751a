"""Requests as an upstream received them, in a form in which two senders can be compared."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from castlist.later import Later

if TYPE_CHECKING:
    import aiohttp
    from aiohttp import web
else:
    aiohttp = Later("aiohttp")

_HEADERS = ("authorization", "accept")


@dataclass(frozen=True, slots=True)
class FormField:
    """One multipart field; `filename` and `media_type` are None where the sender gave none."""

    name: str
    value: bytes
    filename: str | None = None
    media_type: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request without what differs between equal ones: user agent, boundary, `x-stainless-*`, nulls in JSON."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    content_type: str
    fields: tuple[FormField, ...] = ()
    document: object = None

    def value(self, name: str) -> str | None:
        """A form field or a string of the JSON body by its name."""
        found = next((field.value.decode() for field in self.fields if field.name == name), None)
        if found is None and isinstance(self.document, dict):
            inner = self.document.get(name)
            return inner if isinstance(inner, str) else None
        return found


async def record(request: "web.Request") -> Recorded:
    """Read a request whole. Raises what aiohttp raises when the body breaks off."""
    headers = tuple((name, request.headers[name]) for name in _HEADERS if name in request.headers)
    fields: list[FormField] = []
    document: object = None
    if request.content_type == "multipart/form-data":
        fields = await _read_form(request)
    elif request.content_type == "application/json":
        document = _without_nulls(json.loads(await request.read() or b"null"))
    return Recorded(request.method, request.path_qs, headers, request.content_type, tuple(fields), document)


async def _read_form(request: "web.Request") -> list[FormField]:
    fields = []
    async for part in await request.multipart():
        if not isinstance(part, aiohttp.BodyPartReader):
            raise ValueError("nested multipart is not read")
        value = bytes(await part.read())
        fields.append(FormField(part.name or "", value, part.filename, part.headers.get("Content-Type")))
    return fields


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value
