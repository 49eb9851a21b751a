"""Whether the process lives, and whether it could keep a request."""

from starlette.requests import Request
from starlette.responses import Response

from castlist.server.front import Front
from castlist.server.replies import reply


async def get_liveliness(front: Front, request: Request) -> Response:
    return reply({"status": "alive", "version": front.version})


async def get_readiness(front: Front, request: Request) -> Response:
    """200 when requests can be kept. Raises Unavailable with the reason."""
    await front.engine.ready()
    return reply({"status": "ready", "version": front.version})
