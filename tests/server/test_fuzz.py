"""Bodies nobody meant: whatever arrives becomes fields or a 400, and never anything else."""

import asyncio
import hashlib
import json
import tempfile
from collections.abc import AsyncIterator, Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from castlist.errors import InvalidRequest
from castlist.model.asks import Incoming
from castlist.server.bodies import build_fields, parse_json, parse_urlencoded
from castlist.server.uploads import Form, Intake, find_boundary
from castlist.server.wire.requests import CreateCharacterBody, CreateVideoBody, EditVideoBody, check

NAMES = st.one_of(
    st.sampled_from(["prompt", "name", "characters", "characters[][id]", "characters[0][id]", "video[id]", "seed", "metadata[a]", "image"]),
    st.text(st.sampled_from("ab[]0-é"), min_size=1, max_size=12),
)
VALUES = st.one_of(st.text(max_size=30), st.binary(max_size=30))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
FIELDS = ["prompt", "model", "seconds", "size", "characters", "input_reference", "seed", "metadata", "castlist", "video", "name", "image"]


def _receive(body: bytes, boundary: bytes, *, cuts: list[int]) -> list[tuple[str, str | bytes]]:
    """The parts of a body that arrives in pieces, files as their bytes; the folder is empty afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        form = Form(boundary, Intake(Path(folder), lambda wanted: None, files=1 << 20, text=1 << 16))
        edges = [0, *sorted({min(cut, len(body)) for cut in cuts}), len(body)]

        async def chunks() -> AsyncIterator[bytes]:
            for start, end in pairwise(edges):
                if start < end:
                    yield body[start:end]

        try:
            asyncio.run(form.receive(chunks()))
            return [(name, _bytes(value)) for name, value in form.fields]
        finally:
            form.discard()
            assert not list(Path(folder).iterdir())


def _bytes(value: str | Incoming) -> str | bytes:
    if isinstance(value, str):
        return value
    content = value.path.read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (value.bytes, value.sha256)
    return content


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "video"]), VALUES), min_size=1, max_size=6), st.lists(st.integers(0, 600), max_size=8))
def test_parts_come_back_as_they_were_however_the_body_is_cut(parts: list[tuple[str, str | bytes]], cuts: list[int]) -> None:
    named = [(f"{name}{number}", value) for number, (name, value) in enumerate(parts)]
    body = b""
    for name, value in named:
        tail = b'; filename="f"' if isinstance(value, bytes) else b""
        content = value if isinstance(value, bytes) else value.encode()
        body += b'--edge-of-it\r\nContent-Disposition: form-data; name="' + name.encode() + b'"' + tail + b"\r\n\r\n" + content + b"\r\n"

    assert _receive(body + b"--edge-of-it--\r\n", b"edge-of-it", cuts=cuts) == named


def _refusal(work: Callable[[], object]) -> InvalidRequest | None:
    """The refusal `work` ends in, None when it succeeds; anything else is a failure of the test."""
    try:
        work()
    except InvalidRequest as error:
        return error
    return None


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=4))
def test_noise_is_refused(noise: bytes, cuts: list[int]) -> None:
    start = b'--b\r\nContent-Disposition: form-data; name="a'
    for body in (noise, b"--b\r\n" + noise + b"\r\n--b--", start + noise + b"\r\n\r\nx\r\n--b--\r\n"):
        error = _refusal(partial(_receive, body, b"b", cuts=cuts))
        assert error is None or error.status in {400, 413}


@given(st.text(st.characters(max_codepoint=255), max_size=80))
def test_a_boundary_is_found_or_refused(text: str) -> None:
    error = _refusal(lambda: find_boundary(f"multipart/form-data; {text}"))

    assert error is None or error.code == "invalid_multipart"


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_json_is_an_object_or_refused(body: bytes) -> None:
    error = _refusal(lambda: json.dumps(parse_json(body), ensure_ascii=False).encode())

    assert error is None or error.code in {"invalid_json", "duplicate_field"}


@given(st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=8), JSON, max_size=6))
def test_any_fields_are_understood_or_refused_by_name(fields: dict[str, object]) -> None:
    for shape in (CreateVideoBody, EditVideoBody, CreateCharacterBody):
        error = _refusal(partial(check, shape, fields))
        assert error is None or (error.status == 400 and error.param is not None and error.message)


@given(st.lists(st.tuples(NAMES, st.text(max_size=20)), max_size=8))
def test_any_form_becomes_a_tree_or_is_refused(pairs: list[tuple[str, str]]) -> None:
    error = _refusal(lambda: json.dumps(build_fields(pairs)))

    assert error is None or error.status == 400


@given(st.binary(max_size=100))
def test_any_urlencoded_body_is_read_or_refused(body: bytes) -> None:
    error = _refusal(lambda: parse_urlencoded(body))

    assert error is None or error.code == "invalid_form"
