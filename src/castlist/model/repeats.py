"""A request that may come twice: what it says of itself, and how it is known again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Repeat:
    """What a request says of itself: `key` is its Idempotency-Key; `again` that its client has sent it before."""

    key: str | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """How a request is known again in its project: by the hash of its Idempotency-Key, else by the digest of all it asks for."""

    project: str
    digest: str
    key: str | None = None
    again: bool = False
