"""Who is told of the end of a video, and how far the telling has come."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

COMPLETED, FAILED = "video.completed", "video.failed"
EVENTS = (COMPLETED, FAILED)
"""What an endpoint can be told of, in OpenAI's words."""

MAX_URL = 2048


class Told(StrEnum):
    """`dead`: every attempt failed, and none follows by itself. `disabled`: the endpoint had said that it is gone."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Wanted:
    """An endpoint as a configuration names it: the project whose videos it is told of, which events, and whether it may be private."""

    project: str
    url: str = field(repr=False)
    events: tuple[str, ...] = EVENTS
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that is told of the end of videos: of the configuration (`configured`) or named by a request. `disabled_at` is set once
    it answered that it is gone. The address may hold a secret, so it never shows."""

    id: str
    project: str
    url: str = field(repr=False)
    events: tuple[str, ...]
    allow_private: bool
    configured: bool
    created_at: datetime
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Try:
    """One request to an endpoint: what it answered, or why it could not."""

    at: datetime
    seconds: float
    status: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one endpoint: a row of the outbox. `event` is the same in each of its copies; `private` says whether
    addresses that are not on the public internet may be reached for it."""

    id: str
    event: str
    type: str
    video: str
    project: str
    endpoint: str
    url: str = field(repr=False)
    state: Told
    created_at: datetime
    due_at: datetime
    private: bool = False
    tries: tuple[Try, ...] = ()
    round: int = 0
    """How many of `tries` belong to earlier rounds, before it was sent anew by hand."""

    @property
    def count(self) -> int:
        """The attempts of this round."""
        return len(self.tries) - self.round


def origin(url: str) -> str:
    """Scheme, host and port of an address: what may be shown of it anywhere."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def is_address(url: str) -> bool:
    """Whether that is an http or https address that may be told: with a host, and without a user name, a fragment or odd characters."""
    if len(url) > MAX_URL or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    named = parts.scheme in {"http", "https"} and bool(parts.hostname) and port != 0
    return named and not (parts.username or parts.password or parts.fragment)
