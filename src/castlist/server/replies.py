"""Answers: JSON bodies, the one error shape, and the headers that go with them."""

import json
from collections.abc import Mapping
from typing import TypeAlias

from starlette.responses import Response
from starlette.types import Send

from castlist.errors import CastlistError

Headers: TypeAlias = list[tuple[bytes, bytes]]
_SECURE: Headers = [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store")]
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_NOT_READY = frozenset({"video_not_ready", "character_not_ready"})


def encode(value: object) -> bytes:
    """Compact UTF-8 JSON."""
    return _ENCODER.encode(value).encode("utf-8")


class _JsonResponse(Response):
    """A body with its headers as they are sent: Starlette's own way to them took as long as writing the JSON."""

    def __init__(self, body: bytes, status: int, more: Headers) -> None:
        self.body, self.status_code, self.background = body, status, None
        self.raw_headers = json_headers(len(body), more)


def reply(value: object, status: int = 200, *, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return _JsonResponse(encode(value), status, [(name.encode(), text.encode("latin-1")) for name, text in (headers or {}).items()])


def describe_error(error: CastlistError) -> dict[str, object]:
    """The body of an error, as OpenAI's API has it."""
    return {"error": {"message": error.message, "type": error.kind, "param": error.param, "code": error.code}}


def error_headers(error: CastlistError) -> dict[str, str]:
    """What an error's answer says in its headers: how to authenticate, and when to try again."""
    if error.status == 401:
        return {"www-authenticate": 'Bearer realm="castlist"'}
    if error.status == 503:
        return {"retry-after": "5"}
    if error.status == 409 and error.code in _NOT_READY:
        return {"retry-after": "2"}
    return {}


def error_reply(error: CastlistError, *, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a request that raised `error`."""
    return reply(describe_error(error), error.status, headers={**error_headers(error), **(headers or {})})


def json_headers(length: int, more: Headers | None = None) -> Headers:
    """The header list of a JSON answer sent past Starlette."""
    return [(b"content-type", b"application/json"), (b"content-length", str(length).encode()), *_SECURE, *(more or [])]


async def send_bytes(send: Send, headers: Headers, *, body: bytes) -> None:
    """Send a whole 200 answer."""
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
