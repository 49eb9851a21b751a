"""An upstream with OpenAI's shapes over real HTTP, which fails as it is told and counts what it accepted.

Run it with `python -m castlist.testing.upstream --port 4900`, or inside a test with `serve_upstream()`.
"""

import argparse
import asyncio
import sys
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

from castlist.testing.fake import read_clip
from castlist.testing.recording import Recorded, record

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

FAULTS: Final[Mapping[str, Mapping[str, str]]] = {
    "create": {
        "refuse": "400 invalid_value",
        "moderated": "400 moderation_blocked",
        "bad_key": "401",
        "quota": "429 insufficient_quota",
        "rate_limit": "429 with Retry-After: 7",
        "rate_limit_bare": "429 with no word about when",
        "unavailable": "503 in the vendor's own words",
        "proxy": "503 in the HTML of a proxy",
        "error": "500",
        "timeout": "408",
        "moved": "307 to elsewhere",
        "drop": "the connection closed before the body is read; nothing is accepted",
        "lose": "accepted, and the connection closed instead of an answer",
        "hang": "accepted, and never answered",
        "empty": "accepted, and 200 without a body",
        "no_id": "accepted, and 200 without an id",
    },
    "job": {
        "stick": "stays at 99 %",
        "fail": "fails at the end",
        "block": "fails at the end for its content",
        "strange": "says a status word that nobody knows before it is done",
    },
    "poll": {
        "error": "500",
        "rate_limit": "429 with Retry-After: 7",
        "drop": "the connection closed",
        "hang": "never answered",
        "garbage": "200 with HTML",
        "missing": "404",
    },
    "content": {
        "cut": "the connection closed in the middle",
        "error": "500",
        "missing": "404",
        "no_ranges": "the whole file, whatever range was asked for",
        "wrong_range": "206 with the whole file",
        "away": "302 to an address of this machine",
    },
}
"""What can go wrong where. A model name may say so as well: `sora-2?job=stick&create=lose&lasts=3`."""

_FATES: Final = {
    "fail": {"code": "video_generation_failed", "message": "The video could not be generated."},
    "block": {"code": "moderation_blocked", "message": "The video was blocked by moderation."},
}


@dataclass(slots=True)
class Work:
    """A video this upstream has accepted."""

    id: str
    fields: Mapping[str, str]
    started: float
    lasts: float
    fate: str | None

    def show(self, now: float) -> dict[str, object]:
        """The video object of OpenAI's API."""
        share = 1.0 if self.lasts <= 0 else min(1.0, (now - self.started) / self.lasts)
        status, percent = ("queued", 0) if share < 0.1 else ("in_progress", int(share * 100))
        if self.fate == "stick":
            status, percent = "in_progress", min(99, percent)
        elif self.fate == "strange" and share < 1:
            status = "warming_up"
        elif share >= 1:
            status, percent = ("failed", percent) if self.fate in _FATES else ("completed", 100)
        return {
            "id": self.id,
            "object": "video",
            "model": self.fields["model"],
            "status": status,
            "progress": percent,
            "prompt": self.fields["prompt"],
            "seconds": self.fields["seconds"],
            "size": self.fields["size"],
            "created_at": int(self.started),
            "completed_at": int(self.started + self.lasts) if status == "completed" else None,
            "expires_at": None,
            "error": _FATES.get(self.fate or "") if status == "failed" else None,
            "remixed_from_video_id": None,
        }


class Upstream:
    """The server's state: what it accepted (`works`), was asked (`counts`, `requests`), and is to do wrong next (`break_next`)."""

    def __init__(self, *, lasts: float = 0.2, key: str | None = None, clip: bytes | None = None) -> None:
        self.lasts = lasts
        self.key = key
        self.clip = clip or read_clip()
        self.works: dict[str, Work] = {}
        self.counts: Counter[str] = Counter()
        self.requests: list[Recorded] = []
        self.base_url = ""
        self._planned: dict[str, deque[str]] = defaultdict(deque)

    @property
    def accepted(self) -> int:
        return self.counts["accepted"]

    def break_next(self, where: str, *faults: str) -> None:
        """What the next requests of that kind meet, one each. Raises ValueError for a fault that does not exist."""
        for fault in faults:
            if fault not in FAULTS[where]:
                raise ValueError(f"there is no fault {fault!r} of {where}; there are {', '.join(FAULTS[where])}")
        self._planned[where].extend(faults)

    def app(self) -> web.Application:
        app = web.Application(client_max_size=256 * 1024 * 1024, middlewares=[self._check_key])
        for prefix in ("/v1", ""):
            app.router.add_post(f"{prefix}/videos", self._create)
            app.router.add_get(f"{prefix}/videos", self._list)
            app.router.add_get(f"{prefix}/videos/{{id}}", self._poll)
            app.router.add_get(f"{prefix}/videos/{{id}}/content", self._content)
            app.router.add_delete(f"{prefix}/videos/{{id}}", self._delete)
        app.router.add_get("/_counts", self._show_counts)
        app.router.add_post("/_break", self._plan)
        return app

    @web.middleware
    async def _check_key(self, request: web.Request, handler: Answer) -> web.StreamResponse:
        if self.key and request.headers.get("Authorization") != f"Bearer {self.key}" and not request.path.startswith("/_"):
            return _error(401, "invalid_api_key", "Incorrect API key provided.")
        return await handler(request)

    async def _create(self, request: web.Request) -> web.StreamResponse:
        self.counts["create"] += 1
        if self._next("create", peek=True) == "drop":
            self._next("create")
            return _abort(request)
        recorded = await record(request)
        self.requests.append(recorded)
        script = _script(recorded.value("model") or "")
        fault = script.get("create") or self._next("create")
        if fault == "drop":
            return _abort(request)
        answer = _refusal(fault)
        if answer is not None:
            return answer
        work = self._accept(recorded, script=script)
        if fault == "hang":
            await asyncio.Event().wait()
        if fault == "lose":
            return _abort(request)
        if fault == "empty":
            return web.Response()
        shown = work.show(time.time())
        return web.json_response({key: value for key, value in shown.items() if fault != "no_id" or key != "id"})

    def _accept(self, recorded: Recorded, *, script: Mapping[str, str]) -> Work:
        self.counts["accepted"] += 1
        given = {name: recorded.value(name) for name in ("model", "prompt", "seconds", "size")}
        defaults = {"model": "sora-2", "prompt": "", "seconds": "4", "size": "720x1280"}
        fields = defaults | {name: value for name, value in given.items() if value is not None}
        lasts = float(script.get("lasts", self.lasts))
        fate = script.get("job") or self._next("job")
        work = Work(f"video_{self.counts['accepted']:08d}", fields, time.time(), lasts, fate)
        self.works[work.id] = work
        return work

    async def _list(self, request: web.Request) -> web.Response:
        self.counts["list"] += 1
        works = sorted(self.works.values(), key=lambda work: work.id, reverse=request.query.get("order", "desc") != "asc")
        ids = [work.id for work in works]
        after = request.query.get("after")
        start = ids.index(after) + 1 if after in ids else 0
        limit = int(request.query.get("limit", "20"))
        page = [work.show(time.time()) for work in works[start : start + limit]]
        first, last = (page[0]["id"], page[-1]["id"]) if page else (None, None)
        more = len(works) > start + limit
        return web.json_response({"object": "list", "data": page, "has_more": more, "first_id": first, "last_id": last})

    async def _poll(self, request: web.Request) -> web.StreamResponse:
        self.counts["poll"] += 1
        work = self.works.get(request.match_info["id"])
        fault = self._next("poll")
        if fault == "hang":
            await asyncio.Event().wait()
        if fault == "drop":
            return _abort(request)
        if fault == "garbage":
            return web.Response(text="<html>busy</html>", content_type="text/html")
        if fault in {"error", "rate_limit"}:
            return _refusal(fault) or _error(500, "server_error", "The server had an error.")
        if fault == "missing" or work is None:
            return _error(404, "not_found", "Video not found.")
        return web.json_response(work.show(time.time()), headers={"openai-poll-after-ms": "100"})

    async def _content(self, request: web.Request) -> web.StreamResponse:
        self.counts["content"] += 1
        work = self.works.get(request.match_info["id"])
        fault = self._next("content")
        if fault == "error":
            return _error(500, "server_error", "The server had an error.")
        if fault == "away":
            return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/clip.mp4"})
        if fault == "missing" or work is None or work.show(time.time())["status"] != "completed":
            return _error(404, "not_found", "Video not found, or not ready.")
        return await self._pour(request, fault=fault)

    async def _pour(self, request: web.Request, *, fault: str | None) -> web.StreamResponse:
        asked = request.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").split("-")[0]) if asked.startswith("bytes=") else 0
        size = len(self.clip)
        headers = {"Content-Type": "video/mp4"}
        if fault in {"no_ranges", "wrong_range"}:
            start = 0
        if start >= size:
            return web.Response(status=416, headers={"Content-Range": f"bytes */{size}"})
        ranged = start or (asked and fault == "wrong_range")
        if ranged:
            headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        response = web.StreamResponse(status=206 if ranged else 200, headers=headers)
        response.content_length = size - start
        await response.prepare(request)
        middle = start + (size - start) // 2
        await response.write(self.clip[start:middle])
        if fault == "cut":
            return _abort(request)
        await response.write(self.clip[middle:])
        await response.write_eof()
        return response

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        self.counts["delete"] += 1
        work = self.works.pop(request.match_info["id"], None)
        if work is None:
            return _error(404, "not_found", "Video not found.")
        return web.json_response({"id": work.id, "object": "video.deleted", "deleted": True})

    async def _show_counts(self, _: web.Request) -> web.Response:
        return web.json_response(dict(self.counts))

    async def _plan(self, request: web.Request) -> web.Response:
        for where, faults in (await request.json()).items():
            self.break_next(where, *faults)
        return web.json_response({})

    def _next(self, where: str, *, peek: bool = False) -> str | None:
        planned = self._planned[where]
        return None if not planned else planned[0] if peek else planned.popleft()


@contextmanager
def serve_upstream(*, lasts: float = 0.2, key: str | None = None, clip: bytes | None = None) -> Iterator[Upstream]:
    """An upstream on a free loopback port, in a thread of its own, for the time of the context."""
    upstream = Upstream(lasts=lasts, key=key, clip=clip)
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    ready = threading.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(_run(upstream, port=0, stop=stop, ready=ready.set)), daemon=True)
    thread.start()
    if not ready.wait(30):
        raise RuntimeError("the upstream did not start within 30 seconds")
    try:
        yield upstream
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


async def _run(upstream: Upstream, *, port: int, stop: asyncio.Event, ready: Callable[[], object]) -> None:
    runner = web.AppRunner(upstream.app(), handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    upstream.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    ready()
    try:
        await stop.wait()
    finally:
        await runner.cleanup()


def _script(model: str) -> Mapping[str, str]:
    return dict(parse_qsl(model.partition("?")[2]))


def _abort(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _refusal(fault: str | None) -> web.Response | None:
    words = {
        "refuse": (400, "invalid_value", "The prompt is not one we like."),
        "moderated": (400, "moderation_blocked", "Your request was blocked by our moderation system."),
        "bad_key": (401, "invalid_api_key", "Incorrect API key provided: sk-wrong."),
        "quota": (429, "insufficient_quota", "You exceeded your current quota."),
        "rate_limit": (429, "rate_limit_exceeded", "Rate limit reached."),
        "rate_limit_bare": (429, "rate_limit_exceeded", "Rate limit reached."),
        "unavailable": (503, "server_error", "The server is overloaded."),
        "error": (500, "server_error", "The server had an error."),
        "timeout": (408, "timeout", "Request timeout."),
    }
    if fault == "proxy":
        return web.Response(status=503, text="<html>503 Service Unavailable</html>", content_type="text/html")
    if fault == "moved":
        return web.Response(status=307, headers={"Location": "/elsewhere"})
    if fault not in words:
        return None
    answer = _error(*words[fault])
    if fault == "rate_limit":
        answer.headers["Retry-After"] = "7"
    return answer


def _error(status: int, code: str, message: str) -> web.Response:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    return web.json_response({"error": {"message": message, "type": kind, "param": None, "code": code}}, status=status)


def main() -> None:
    """Serve until the process is stopped; the first line of output is the base URL. Port 0 takes a free one."""
    options = argparse.ArgumentParser(description="An upstream with OpenAI's shapes, for tests.")
    options.add_argument("--port", type=int, default=4900)
    options.add_argument("--lasts", type=float, default=0.2, help="seconds a video takes")
    options.add_argument("--key", default=None, help="the bearer key it asks for")
    given = options.parse_args()
    upstream = Upstream(lasts=given.lasts, key=given.key)
    asyncio.run(_run(upstream, port=given.port, stop=asyncio.Event(), ready=lambda: _announce(upstream)))


def _announce(upstream: Upstream) -> None:
    sys.stdout.write(f"{upstream.base_url}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
