"""The routes of videos."""

import asyncio
from dataclasses import replace
from math import isfinite

from starlette.requests import Request
from starlette.responses import Response

from castlist.errors import InvalidRequest
from castlist.model.asks import Seen
from castlist.server.bodies import receive
from castlist.server.front import Front, read_query, read_span
from castlist.server.repeats import note_lost, read_repeat
from castlist.server.replies import reply
from castlist.server.wire.asking import Kind, ask_plan, ask_video
from castlist.server.wire.plans import show_plan
from castlist.server.wire.reading import quote
from castlist.server.wire.views import poll_after, show_page, show_video

MAX_WAIT = 60.0
"""Seconds a status request may wait for news."""


def answer(front: Front, request: Request, seen: Seen) -> Response:
    """A video, with when to ask again."""
    wait = poll_after(seen)
    headers = {} if wait is None else {"openai-poll-after-ms": str(wait)}
    return reply(show_video(seen, front.links(request.scope)), headers=headers)


async def _submit(front: Front, request: Request, kind: Kind, *, source: str | None = None) -> Response:
    caller = front.caller(request.scope)
    repeat = replace(read_repeat(request), since=front.engine.kit.clock(), broken=request.is_disconnected)
    read_query(request)
    if source is not None:
        await front.engine.video(caller, source)
    async with receive(request, front.accepts()) as fields:
        ask = await ask_video(kind, fields, front.sources(), source=source)
        seen = await front.engine.submit(caller, ask, repeat)
    await note_lost(front, request, seen)
    return answer(front, request, seen)


async def plan_video(front: Front, request: Request) -> Response:
    """What would become of a request for a video; nothing is kept, sent or spent."""
    caller = front.caller(request.scope)
    read_query(request)
    async with receive(request, front.accepts()) as fields:
        plan = await front.engine.plan(caller, await ask_plan(fields, front.sources()))
    return reply(show_plan(plan))


async def create_video(front: Front, request: Request) -> Response:
    return await _submit(front, request, "create")


async def edit_video(front: Front, request: Request) -> Response:
    return await _submit(front, request, "edit")


async def extend_video(front: Front, request: Request) -> Response:
    return await _submit(front, request, "extend")


async def remix_video(front: Front, request: Request) -> Response:
    return await _submit(front, request, "remix", source=request.path_params["video_id"])


async def list_videos(front: Front, request: Request) -> Response:
    caller = front.caller(request.scope)
    query = read_query(request, "after", "limit", "order", "status", "character")
    span = read_span(query)
    page = await front.engine.videos(
        caller, after=span.after, limit=span.limit, order=span.order, status=query.get("status"), character=query.get("character")
    )
    links = front.links(request.scope)
    return reply(show_page([show_video(seen, links) for seen in page.items], has_more=page.has_more))


async def get_video(front: Front, request: Request) -> Response:
    """A video; with `wait`, as soon as it is no longer as it was, at the latest after that many seconds."""
    caller, id = front.caller(request.scope), request.path_params["video_id"]  # noqa: A001
    query = read_query(request, "wait")
    wait = _read_wait(query["wait"]) if "wait" in query else 0.0
    seen = await front.engine.video(caller, id)
    if wait and not seen.job.ended:
        seen = await _wait(front, request, seen, timeout=wait)
    return answer(front, request, seen)


async def _wait(front: Front, request: Request, seen: Seen, *, timeout: float) -> Seen:
    """The next news of a job; given up when the client hangs up."""
    caller = front.caller(request.scope)
    news = asyncio.ensure_future(front.engine.watch(caller, seen.job.id, revision=seen.job.revision, timeout=timeout))
    gone = asyncio.ensure_future(_hang_up(request))
    try:
        await asyncio.wait({news, gone}, return_when=asyncio.FIRST_COMPLETED)
        return news.result() if news.done() else seen
    finally:
        news.cancel()
        gone.cancel()


async def _hang_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _read_wait(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not isfinite(seconds) or not 0 <= seconds <= MAX_WAIT:
        raise InvalidRequest(f"wait is 0 to {MAX_WAIT:g} seconds, and not {quote(text)}", code="invalid_wait", param="wait")
    return seconds


async def cancel_video(front: Front, request: Request) -> Response:
    caller = front.caller(request.scope)
    read_query(request)
    return answer(front, request, await front.engine.cancel(caller, request.path_params["video_id"]))


async def delete_video(front: Front, request: Request) -> Response:
    caller, id = front.caller(request.scope), request.path_params["video_id"]  # noqa: A001
    read_query(request)
    await front.engine.delete_video(caller, id)
    return reply({"id": id, "object": "video.deleted", "deleted": True})
