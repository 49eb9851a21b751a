"""A request that may come twice: what it says of itself, and how it is known again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Repeat:
    """What a request says of itself: `key` is its Idempotency-Key; `again` that its client has sent it before; it arrived
    at `since`, and `broken` tells whether its client has hung up."""

    key: str | None = None
    again: bool = False
    since: datetime | None = None
    broken: Callable[[], Awaitable[bool]] | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """How a request is known again in its project: by the hash of its Idempotency-Key, else by the digest of all it asks for.
    `lost_since` is when it arrived, of one whose client has hung up: the same request may have come again and overtaken it."""

    project: str
    digest: str
    key: str | None = None
    again: bool = False
    lost_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of the request with a key: the id of what it `made`, else None, and whatever still comes with that key is refused.
    Nothing is known of requests from before `since`."""

    made: str | None
    since: datetime
