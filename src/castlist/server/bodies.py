"""Request bodies, whatever their form, as one tree of fields: JSON values, with files where files came."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import isfinite
from typing import TypeAlias
from urllib.parse import parse_qsl

from starlette.requests import Request

from castlist.errors import CastlistError, InvalidRequest, TooLarge
from castlist.model.asks import Incoming
from castlist.server.uploads import MAX_PARTS, Form, Intake, find_boundary

Fields: TypeAlias = dict[str, object]
IDLE = 60.0
"""Seconds a sender may pause before its request is given up."""
_LISTS = frozenset({"characters", "image", "images", "target_model_names"})
_NUMBERS = frozenset({"seed", "start", "end", "timeout"})
_TEXTS = frozenset({"prompt", "name", "description", "model", "seconds", "size", "user", "custom_llm_provider"})
_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)\Z")
_DEPTH = 32
_SURROGATE = re.compile("[\ud800-\udfff]")


class Gone(Exception):  # it is an event, not an error of anybody's
    """The client closed the connection before its body was complete."""


class UnreadableBodyError(InvalidRequest):
    """A content type that the route does not read."""

    status = 415
    code = "unsupported_media_type"


class SlowBodyError(CastlistError):
    """The body stopped arriving."""

    status = 408
    code = "request_timeout"
    kind = "invalid_request_error"


@dataclass(frozen=True, slots=True)
class Accepts:
    """What a route reads: its intake, and whether fields may come as JSON."""

    intake: Intake
    json: bool = True


@asynccontextmanager
async def receive(request: Request, accepts: Accepts) -> AsyncIterator[Fields]:
    """The fields of a request. Its files are gone when the block fails; otherwise they belong to whoever took them."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    accepts.intake.check_length(_announced(request))
    if kind == "multipart/form-data":
        form = Form(find_boundary(request.headers["content-type"]), accepts.intake)
        try:
            await form.receive(read_chunks(request))
            yield build_fields(form.fields)
        except BaseException:
            form.discard()
            raise
    elif accepts.json and kind == "application/json":
        yield parse_json(await _whole(request, accepts.intake))
    elif accepts.json and kind == "application/x-www-form-urlencoded":
        yield build_fields(parse_urlencoded(await _whole(request, accepts.intake)))
    else:
        wanted = "multipart/form-data or application/json" if accepts.json else "multipart/form-data"
        raise UnreadableBodyError(f"send {wanted}, and not {repr(kind[:80]) if kind else 'a body without a Content-Type'}")


def _announced(request: Request) -> int | None:
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 19 else None


async def read_chunks(request: Request) -> AsyncIterator[bytes]:
    """The body as it arrives. Raises Gone when the sender hangs up, SlowBodyError when it pauses for too long."""
    while True:
        try:
            async with asyncio.timeout(IDLE):
                message = await request.receive()
        except TimeoutError:
            raise SlowBodyError(f"nothing arrived for {IDLE:g} seconds") from None
        if message["type"] == "http.disconnect":
            raise Gone
        body: bytes = message.get("body", b"")
        if body:
            yield body
        if not message.get("more_body", False):
            return


async def _whole(request: Request, intake: Intake) -> bytes:
    body = bytearray()
    async for chunk in read_chunks(request):
        body += chunk
        if len(body) > intake.text:
            raise TooLarge(f"a JSON body has at most {intake.text // (1024 * 1024)} MiB; send files as multipart/form-data")
    return bytes(body)


def _refuse_twins(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    fields: dict[str, object] = {}
    for key, value in pairs:
        if key in fields:
            raise InvalidRequest(f"{key[:64]!r} is there twice", code="duplicate_field", param=key[:64])
        fields[key] = value
    return fields


def _refuse_constant(text: str) -> object:
    raise InvalidRequest(f"{text} is not a JSON number", code="invalid_json")


def _read_integer(text: str) -> int:
    if len(text) > 20:
        raise InvalidRequest(f"{text[:20]}… has too many digits", code="invalid_json")
    return int(text)


def _read_float(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise InvalidRequest(f"{text[:20]} is too large a number", code="invalid_json")
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_refuse_twins, parse_constant=_refuse_constant, parse_int=_read_integer, parse_float=_read_float
)


def _walk(value: object, depth: int = 0) -> Iterator[str]:
    if depth > _DEPTH:
        raise InvalidRequest(f"JSON nests at most {_DEPTH} deep", code="invalid_json")
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _walk(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, depth + 1)


def decode_json(text: str) -> object:
    """A JSON value. Raises InvalidRequest for what is not, and for twins, NaN, deep nesting, endless integers and lone surrogates."""
    try:
        value: object = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise InvalidRequest(f"the body is not JSON: {error.msg} at character {error.pos}", code="invalid_json") from None
    except RecursionError:
        raise InvalidRequest(f"JSON nests at most {_DEPTH} deep", code="invalid_json") from None
    # Most bodies have neither the brackets for that depth nor an escape to write half of a pair with.
    doubtful = "\\u" in text or text.count("[") + text.count("{") > _DEPTH
    if doubtful and any(_SURROGATE.search(part) for part in _walk(value)):
        raise InvalidRequest("a string holds half of a surrogate pair", code="invalid_json")
    return value


def parse_json(body: bytes) -> Fields:
    """A JSON body as fields."""
    if not body.strip():
        raise InvalidRequest('the body is empty; send a JSON object, for example {"prompt": "…"}', code="invalid_json")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest("the body is not UTF-8", code="invalid_json") from None
    value = decode_json(text)
    if not isinstance(value, dict):
        raise InvalidRequest(
            'the body is a JSON object, for example {"prompt": "…"}, and not a list or a single value', code="invalid_json"
        )
    return value


def parse_urlencoded(body: bytes) -> list[tuple[str, str | Incoming]]:
    """A urlencoded body as name and text pairs."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=MAX_PARTS)
    except ValueError:
        raise InvalidRequest("the body is not application/x-www-form-urlencoded in UTF-8", code="invalid_form") from None
    return list(pairs)


def build_fields(pairs: Iterable[tuple[str, str | Incoming]]) -> Fields:
    """Form fields as the tree JSON would have given: `characters[][id]`, `video[id]` and JSON texts are opened up."""
    fields: Fields = {}
    for name, value in pairs:
        match = _NAME.match(name)
        path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])] if match else [name]
        if len(path) > 4:
            raise InvalidRequest(f"{name[:64]!r} nests too deep", code="unknown_field", param=name[:64])
        if path[0] in _LISTS:
            _append(fields, path, value)
        else:
            _place(fields, path, value)
    return {name: _close(name, value) for name, value in fields.items()}


def _append(fields: Fields, path: list[str], value: str | Incoming) -> None:
    """Into the list of a field that is one: `[]` starts a new element unless the last one still lacks that key."""
    name, index, rest = path[0], path[1] if len(path) > 1 else "", path[2:]
    elements = fields.setdefault(name, {})
    assert isinstance(elements, dict)
    if rest and index == "" and elements:
        last = elements[next(reversed(elements))]
        if isinstance(last, dict) and rest[0] not in last:
            _place(last, rest, value)
            return
    key = index or f"{'+' if len(path) > 1 else '='}{len(elements):06}"
    if rest:
        _place(elements.setdefault(key, {}), rest, value)
    else:
        _place(elements, [key], value)


def _place(node: object, path: list[str], value: str | Incoming) -> None:
    for step in path[:-1]:
        if not isinstance(node, dict):
            break
        node = node.setdefault(step, {})
    if not isinstance(node, dict) or path[-1] in node:
        raise InvalidRequest(f"{path[0][:64]!r} is there twice", code="duplicate_field", param=path[0][:64])
    node[path[-1]] = value


def _close(name: str, value: object) -> object:
    if name in _LISTS and isinstance(value, dict):
        return _close_list(name, value)
    if not isinstance(value, str) or name in _TEXTS:
        return value
    if name in _NUMBERS:
        return _number(value)
    return _open_json(name, value)


def _close_list(name: str, elements: dict[str, object]) -> object:
    for key in elements:
        if key[0] not in "+=" and not (key.isascii() and key.isdigit() and len(key) < 5):
            raise InvalidRequest(
                f"{name}[{key[:32]}] is no element of a list; write {name}[0], {name}[1], …", code="invalid_value", param=name
            )
    ordered = sorted(elements.items(), key=lambda pair: (0, int(pair[0])) if pair[0][0] not in "+=" else (1, int(pair[0][1:])))
    items = [_open_json(name, value) for _, value in ordered]
    if len(items) == 1 and "=000000" in elements and not isinstance(items[0], dict | Incoming):
        # One field of that name: it may hold the whole list as JSON, and a plain word is for the reader to refuse or take.
        return items[0]
    return items


def _number(text: str) -> object:
    try:
        return int(text) if text.lstrip("-").isdigit() and len(text) < 21 else float(text)
    except ValueError:
        return text


def _open_json(name: str, value: object) -> object:
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return decode_json(value)
    except InvalidRequest as error:
        raise InvalidRequest(f"{name} is not JSON: {error.message}", code=error.code, param=name[:64]) from None
