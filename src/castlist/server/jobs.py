"""The routes for the keeper of a gateway: what is unknown, what is stuck, and what was decided. They take the master key."""

from starlette.requests import Request
from starlette.responses import Response

from castlist.server.bodies import receive
from castlist.server.front import Front, read_query
from castlist.server.replies import reply
from castlist.server.wire.requests import ResolveBody, check
from castlist.server.wire.trouble import show_trouble
from castlist.server.wire.views import show_page


async def list_unknown(front: Front, request: Request) -> Response:
    caller = front.caller(request.scope)
    read_query(request)
    return reply(show_page([show_trouble(seen) for seen in await front.engine.unknown_jobs(caller)], has_more=False))


async def list_stuck(front: Front, request: Request) -> Response:
    caller = front.caller(request.scope)
    read_query(request)
    return reply(show_page([show_trouble(seen) for seen in await front.engine.stuck_jobs(caller)], has_more=False))


async def resolve_job(front: Front, request: Request) -> Response:
    caller, id = front.caller(request.scope), request.path_params["video_id"]  # noqa: A001
    read_query(request)
    async with receive(request, front.accepts()) as fields:
        body = check(ResolveBody, fields) if caller.master else ResolveBody(outcome="failed")
    return reply(show_trouble(await front.engine.resolve_job(caller, id, outcome=body.outcome, ticket=body.ticket)))
