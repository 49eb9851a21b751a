"""The ids that vendors give to the requests that may cost: what their support asks for, kept with the attempt."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from castlist.model.providing import Reply
from castlist.providers.replies import read_object

_HEADERS: Final = ("x-request-id", "x-fal-request-id", "apim-request-id", "x-ms-request-id", "x-goog-request-id", "request-id", "cf-ray")
"""The vendor's own first, that of a proxy before it last."""

_SOUND: Final = re.compile(r"[A-Za-z0-9._:=+/-]{1,200}")
_HEARD: Final[ContextVar[list[str] | None]] = ContextVar("heard", default=None)


@contextmanager
def hear(into: list[str]) -> Iterator[None]:
    """Collects the ids of what is sent inside the context, by this task and those it begins."""
    token = _HEARD.set(into)
    try:
        yield
    finally:
        _HEARD.reset(token)


def note(reply: Reply) -> Reply:
    """The reply, of which the id is noted where somebody hears."""
    heard, found = _HEARD.get(), name_request(reply)
    if heard is not None and found is not None:
        heard.append(found)
    return reply


def name_request(reply: Reply) -> str | None:
    """The vendor's id of a request: from a header, or `request_id` of the body, as Kling, xAI and fal have it."""
    told = [reply.headers.get(name) for name in _HEADERS]
    for found in (*told[:-1], read_object(reply).get("request_id"), told[-1]):
        if isinstance(found, str) and _SOUND.fullmatch(found):
            return found
    return None
