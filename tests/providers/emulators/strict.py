"""What the emulated upstreams share: a server in a thread, faults one after the other, and a strict look at JSON."""

import asyncio
import json
import re
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from aiohttp import web

Shape = object


@dataclass(frozen=True)
class Heard:
    """One request as it arrived, without what differs between equal ones."""

    method: str
    path: str
    headers: Mapping[str, str]
    document: object
    body: bytes


class Emulator:
    """An upstream over real HTTP: what it heard, what it counted, and what it is to do wrong next."""

    faults: Mapping[str, frozenset[str]] = {}
    kept_headers: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.origin = ""
        self.heard: list[Heard] = []
        self.counts: Counter[str] = Counter()
        self._planned: dict[str, deque[str]] = defaultdict(deque)

    def app(self) -> web.Application:
        raise NotImplementedError

    def break_next(self, where: str, *faults: str) -> None:
        unknown = set(faults) - self.faults[where]
        assert not unknown, f"there is no fault {unknown} of {where}"
        self._planned[where].extend(faults)

    def next_fault(self, where: str) -> str | None:
        planned = self._planned[where]
        return planned.popleft() if planned else None

    async def hear(self, request: web.Request) -> object:
        """The request noted down, and its JSON document where it has one."""
        body = await request.read()
        is_json = request.content_type == "application/json" and body[:1] in {b"{", b"["}
        document = json.loads(body) if is_json else None
        headers = {name: request.headers[name] for name in self.kept_headers if name in request.headers}
        self.heard.append(Heard(request.method, request.path_qs, headers, document, b"" if is_json else body))
        return document

    def sent(self, path: str) -> list[object]:
        """The documents of all requests to paths that end so."""
        return [heard.document for heard in self.heard if heard.path.split("?")[0].endswith(path)]


def abort(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def trouble(request: web.Request, fault: str | None) -> web.StreamResponse | None:
    """The answers to work that was accepted, or to anything at all, which are the same at every vendor."""
    if fault == "hang":
        await asyncio.Event().wait()
    if fault in {"lose", "drop"}:
        return abort(request)
    if fault == "empty":
        return web.Response()
    if fault == "no_id":
        return web.json_response({"object": "thing"})
    if fault in {"proxy", "garbage"}:
        return web.Response(status=503 if fault == "proxy" else 200, text="<html>busy</html>", content_type="text/html")
    return None


def pour(request: web.Request, clip: bytes) -> web.Response:
    """A file, whole or from the offset asked for."""
    asked = request.headers.get("Range", "")
    start = int(asked.removeprefix("bytes=").split("-")[0]) if asked else 0
    if start >= len(clip):
        return web.Response(status=416, headers={"Content-Range": f"bytes */{len(clip)}"})
    headers = {"Content-Range": f"bytes {start}-{len(clip) - 1}/{len(clip)}"} if start else {}
    return web.Response(status=206 if start else 200, body=clip[start:], headers=headers, content_type="video/mp4")


def complain(value: object, shape: Shape, at: str = "body") -> str | None:
    """The first thing in which a JSON value differs from its shape, None where there is nothing.

    A shape is a mapping of names (with `?` where optional) to shapes, a list of one shape, a set of words, a pattern, a type, or a
    function that gives the shape for a value.
    """
    match shape:
        case dict():
            return _complain_of_object(value, shape, at)
        case list():
            if not isinstance(value, list) or not value:
                return f"{at} is no list with something in it"
            return next((words for n, each in enumerate(value) if (words := complain(each, shape[0], f"{at}[{n}]"))), None)
        case set() | frozenset():
            return None if isinstance(value, str | int) and value in shape else f"{at} is {value!r}, and not one of {sorted(shape)}"
        case re.Pattern():
            return None if isinstance(value, str) and shape.fullmatch(value) else f"{at} is {str(value)[:60]!r}, which is malformed"
        case type():
            right = isinstance(value, shape) and not (shape is int and isinstance(value, bool))
            return None if right else f"{at} is no {shape.__name__}"
    assert callable(shape)
    return complain(value, shape(value), at)


def _complain_of_object(value: object, shape: Mapping[str, Shape], at: str) -> str | None:
    if not isinstance(value, dict):
        return f"{at} is no object"
    known = {name.removesuffix("?"): inner for name, inner in shape.items()}
    strange = sorted(set(value) - set(known))
    lacking = [name for name in shape if not name.endswith("?") and name not in value]
    if strange or lacking:
        return f"{at} has an unknown field {strange[0]!r}" if strange else f"{at} lacks {lacking[0]!r}"
    return next((words for name, inner in value.items() if (words := complain(inner, known[name], f"{at}.{name}"))), None)


def mutate(document: object) -> Iterator[tuple[str, object]]:
    """Every way in which one field of a JSON document can be wrong: renamed, dropped, or another word."""
    if isinstance(document, list):
        for n, each in enumerate(document):
            yield from ((f"[{n}]{how}", [*document[:n], other, *document[n + 1 :]]) for how, other in mutate(each))
    if not isinstance(document, dict):
        return
    for name, value in document.items():
        others = {key: each for key, each in document.items() if key != name}
        yield f".{name} dropped", others
        yield f".{name} renamed", {**others, f"{name}x": value}
        if isinstance(value, str):
            yield f".{name} another word", {**document, name: f"{value}?"}
        yield from ((f".{name}{how}", {**document, name: inner}) for how, inner in mutate(value))


@contextmanager
def serve(emulator: Emulator) -> Iterator[Emulator]:
    """The emulator on a free loopback port, in a thread of its own, for the time of the context."""
    loop, stop, ready = asyncio.new_event_loop(), asyncio.Event(), threading.Event()
    run = _run(emulator, stop=stop, ready=ready.set)
    thread = threading.Thread(target=lambda: loop.run_until_complete(run), daemon=True)
    thread.start()
    assert ready.wait(30), "the emulator did not start"
    try:
        yield emulator
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


async def _run(emulator: Emulator, *, stop: asyncio.Event, ready: Callable[[], object]) -> None:
    app = emulator.app()
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    emulator.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    ready()
    try:
        await stop.wait()
    finally:
        await runner.cleanup()
