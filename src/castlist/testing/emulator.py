"""The base of emulated upstreams: a real server in a thread, faults one after the other, and a note of all it was asked.

class Mine(Emulator):
    faults = {"create": {"error", "lose"}}

    def routes(self):
        return [web.post("/videos", self.create)]

with serve(Mine()) as upstream:
    upstream.break_next("create", "lose")
    Account("mine", "mine", api_base=upstream.base_url)
"""

import asyncio
import json
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import ClassVar, TypeVar

from aiohttp import web

from castlist.testing.fake import read_clip
from castlist.testing.recording import HEADERS, Recorded, record

_LARGEST_BODY = 256 * 1024 * 1024
_START_SECONDS = 30.0
_RETRY_AFTER = "7"


class Emulator:
    """Derive one, give `routes`, and note what can go wrong in `faults`, by place.

    `base_url` is where it listens once it is served, `counts` how often each place was asked for, `requests` what came, with the
    headers named in `kept_headers`; `clip` is the video it gives.
    """

    faults: ClassVar[Mapping[str, Collection[str]]] = {}
    kept_headers: ClassVar[Sequence[str]] = HEADERS
    base_path: ClassVar[str] = ""

    def __init__(self, *, clip: bytes | None = None) -> None:
        self.clip = clip or read_clip()
        self.base_url = ""
        self.counts: Counter[str] = Counter()
        self.requests: list[Recorded] = []
        self._planned: dict[str, deque[str]] = defaultdict(deque)

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """The routes of the upstream."""
        raise NotImplementedError

    def app(self) -> web.Application:
        """The routes as an application that takes large uploads."""
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.add_routes(self.routes())
        return app

    def break_next(self, where: str, *faults: str) -> None:
        """What the next requests of that kind meet, one each. Raises ValueError for a fault that does not exist."""
        for fault in faults:
            if fault not in self.faults[where]:
                raise ValueError(f"there is no fault {fault!r} of {where}; there are {', '.join(sorted(self.faults[where]))}")
        self._planned[where].extend(faults)

    def next_fault(self, where: str) -> str | None:
        """The fault planned for this request, which is then used up."""
        planned = self._planned[where]
        return planned.popleft() if planned else None

    async def pass_gate(self, where: str, about: str) -> None:
        """Where a lab can hold a request about something; here nothing does."""

    async def hear(self, request: web.Request) -> object:
        """The JSON document of a request as it came, None where it has none; the request is noted down."""
        recorded = await record(request, headers=self.kept_headers)
        self.requests.append(recorded)
        return json.loads(await request.read()) if recorded.document is not None else None

    def sent(self, path: str) -> list[object]:
        """The documents of all requests to paths that end so."""
        return [recorded.document for recorded in self.requests if recorded.path.partition("?")[0].endswith(path)]

    async def pour(self, request: web.Request, *, fault: str | None = None) -> web.StreamResponse:
        """The clip, whole or from the offset asked for; `cut` in the middle, with `no_ranges`, or as a `wrong_range`."""
        asked = request.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").split("-")[0]) if asked.startswith("bytes=") else 0
        size = len(self.clip)
        if fault in {"no_ranges", "wrong_range"}:
            start = 0
        if start >= size:
            return web.Response(status=416, headers={"Content-Range": f"bytes */{size}"})
        ranged = start or (asked and fault == "wrong_range")
        headers = {"Content-Type": "video/mp4"} | ({"Content-Range": f"bytes {start}-{size - 1}/{size}"} if ranged else {})
        response = web.StreamResponse(status=206 if ranged else 200, headers=headers)
        response.content_length = size - start
        await response.prepare(request)
        middle = start + (size - start) // 2
        await response.write(self.clip[start:middle])
        await self.pass_gate("content", request.match_info.get("id", ""))
        if fault == "cut":
            return abort(request)
        await response.write(self.clip[middle:])
        await response.write_eof()
        return response


AnyEmulator = TypeVar("AnyEmulator", bound=Emulator)


def abort(request: web.Request) -> web.Response:
    """The connection closed without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def trouble(request: web.Request, fault: str | None) -> web.StreamResponse | None:
    """The faults that look the same at every vendor: an answer that never comes, is lost, says nothing, or is not the vendor's."""
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


def refusal(fault: str | None, words: Mapping[str, tuple[object, ...]], shape: Callable[..., web.Response]) -> web.Response | None:
    """The answer that `shape` makes of the words for a fault, None where there are none; a `rate_limit` says when to come again."""
    if fault is None or fault not in words:
        return None
    answer = shape(*words[fault])
    if fault == "rate_limit":
        answer.headers["Retry-After"] = _RETRY_AFTER
    return answer


@contextmanager
def serve(emulator: AnyEmulator) -> Iterator[AnyEmulator]:
    """The emulator on a free loopback port, in a thread of its own, for the time of the context."""
    loop, stop, ready = asyncio.new_event_loop(), asyncio.Event(), threading.Event()
    work = run(emulator, port=0, stop=stop, ready=ready.set)
    thread = threading.Thread(target=lambda: loop.run_until_complete(work), daemon=True)
    thread.start()
    if not ready.wait(_START_SECONDS):
        raise RuntimeError(f"the upstream did not start within {_START_SECONDS:g} seconds")
    try:
        yield emulator
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


async def run(emulator: Emulator, *, port: int, stop: asyncio.Event, ready: Callable[[], object]) -> None:
    """Serve on loopback until `stop` is set; `ready` is called when `base_url` is known."""
    runner = web.AppRunner(emulator.app(), handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    emulator.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}{emulator.base_path}"
    ready()
    try:
        await stop.wait()
    finally:
        await runner.cleanup()
