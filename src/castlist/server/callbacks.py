"""Where vendors call back. Nobody needs a key here: the address is one, and what is signed is checked."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from castlist.errors import TooLarge
from castlist.model.providing import Callback
from castlist.server.bodies import read_chunks
from castlist.server.front import Front
from castlist.server.replies import reply

MOST = 4 * 1024 * 1024
"""Bytes of a message: some carry the whole result, which is not read."""


async def take_callback(front: Front, request: Request) -> Response:
    """A vendor's message about an order; whatever it says, it only wakes a poll."""
    provider, token = request.path_params["provider"], request.path_params["token"]
    body = bytearray()
    async for chunk in read_chunks(request):
        body += chunk
        if len(body) > MOST:
            raise TooLarge(f"a callback has at most {MOST} bytes", code="callback_too_large")
    headers = {name.lower(): value for name, value in request.headers.items()}
    await front.engine.hear(provider, token, Callback(headers, bytes(body), datetime.now(UTC)))
    # The same for a copy: the sender is to be content either way, and learns nothing.
    return reply({"received": True})
