"""What a request says of having been sent before, and whether its caller is still there."""

import re

from starlette.requests import Request
from starlette.responses import Response

from castlist.errors import InvalidRequest
from castlist.model.asks import Seen
from castlist.model.repeats import Repeat
from castlist.server.front import Front, read_query
from castlist.server.replies import reply
from castlist.server.wire.reading import quote

KEY = "idempotency-key"
TRIED = "x-stainless-retry-count"
_KEY = re.compile(r"[!-~]{1,255}")


def read_repeat(request: Request) -> Repeat:
    """The request's Idempotency-Key, and the count of tries that OpenAI's clients send. Raises InvalidRequest for a key that is none."""
    key, count = request.headers.get(KEY), request.headers.get(TRIED, "")
    if key is not None and not _KEY.fullmatch(key):
        text = f"an Idempotency-Key is 1 to 255 letters, digits and signs without spaces, and not {quote(key)}"
        raise InvalidRequest(text, code="invalid_idempotency_key", param="Idempotency-Key")
    return Repeat(key, again=count.isascii() and count.isdigit() and len(count) < 6 and int(count) > 0)


async def note_lost(front: Front, request: Request, seen: Seen) -> None:
    """Remember that nobody was there any more when the answer was ready: the same request may follow, and means the same video."""
    if await request.is_disconnected():
        await front.engine.lose(seen.job.id)


async def settle_request(front: Front, request: Request) -> Response:
    """What became of the request with this Idempotency-Key; one that still comes with it makes nothing more."""
    caller = front.caller(request.scope)
    read_query(request)
    key = read_repeat(request).key
    if key is None:
        text = "Send the Idempotency-Key header of the request in question."
        raise InvalidRequest(text, code="missing_required_parameter", param="Idempotency-Key")
    settled = await front.engine.settle_request(caller, key)
    shown = {"idempotency_key": key, "made": settled.made, "closed": settled.made is None, "since": int(settled.since.timestamp())}
    return reply({"object": "request", **shown})
