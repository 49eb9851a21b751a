"""Server-sent events: a video at each change of its state or progress, until it has ended."""

import asyncio
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from castlist.errors import NotFound
from castlist.model.asks import Caller, Seen
from castlist.model.jobs import WIRE
from castlist.server.front import Front, read_query
from castlist.server.replies import encode
from castlist.server.wire.views import Links, show_video

HEARTBEAT = 15.0
"""Seconds of silence after which a comment shows that the connection lives."""
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


class Events(Response):
    """The stream of one video's changes."""

    def __init__(self, front: Front, caller: Caller, seen: Seen, *, links: Links, revision: int) -> None:
        self.front, self.caller, self.links = front, caller, links
        self.seen, self.revision = seen, revision
        self.status_code = 200
        self.background = None
        self.raw_headers = _HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        tell = asyncio.ensure_future(self._tell(send))
        gone = asyncio.ensure_future(_hang_up(receive))
        try:
            await asyncio.wait({tell, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            if not tell.done():
                tell.cancel()
            with suppress(asyncio.CancelledError):
                await tell
        await send({"type": "http.response.body", "body": b""})

    async def _tell(self, send: Send) -> None:
        shown: tuple[object, ...] = ()
        seen = self.seen
        if seen.job.revision <= self.revision and not seen.job.ended:
            shown = _face(seen)
        await _send(send, "retry: 1000\n\n")
        while True:
            if _face(seen) != shown:
                shown = _face(seen)
                await _send(send, self._event(seen))
            if seen.job.ended:
                return
            before = seen.job.revision
            try:
                seen = await self.front.engine.watch(self.caller, seen.job.id, revision=before, timeout=HEARTBEAT)
            except NotFound:
                gone = {"id": seen.job.id, "object": "video.deleted", "deleted": True}
                await _send(send, f"event: video.deleted\ndata: {encode(gone).decode()}\n\n")
                return
            if seen.job.revision == before:
                await _send(send, ": still here\n\n")

    def _event(self, seen: Seen) -> str:
        view = encode(show_video(seen, self.links)).decode()
        return f"id: {seen.job.revision}\nevent: video.{WIRE[seen.job.state]}\ndata: {view}\n\n"


def _face(seen: Seen) -> tuple[object, ...]:
    """What of a job a watcher is told about."""
    job = seen.job
    return job.state, job.progress, job.waiting, job.deployment


async def _send(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _hang_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def watch_video(front: Front, request: Request) -> Response:
    """The events of one video; a client that comes back with Last-Event-ID gets only what is newer."""
    caller = front.caller(request.scope)
    read_query(request)
    seen = await front.engine.video(caller, request.path_params["video_id"])
    last = request.headers.get("last-event-id", "")
    revision = int(last) if last.isascii() and last.isdigit() and len(last) < 16 else -1
    return Events(front, caller, seen, links=front.links(request.scope), revision=revision)
