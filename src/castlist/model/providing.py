"""What passes between the engine and a provider, and the interface a provider implements."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Protocol

from castlist.model.capabilities import Capabilities
from castlist.model.characters import CastMember, Character, Note
from castlist.model.entries import Entry
from castlist.model.jobs import Cost, Failure, Sent
from castlist.model.operations import Operation

SettingNames = Mapping[str, Collection[str]]
"""Settings that an adapter reads, each with the words it may be: none, where any text will do."""


@dataclass(frozen=True, slots=True)
class Account:
    """Credentials at a provider under a stable name. The key never shows in `repr`."""

    name: str
    provider: str
    api_base: str | None = None
    api_key: str | None = field(default=None, repr=False)
    settings: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Deployment:
    """A model name of ours on a provider's model under an account.

    `unavailable` says why it cannot be used now; `notes` go on every video it makes. `entry` is what the catalogue says of the model, also
    where another one serves in its place; `retired` says that its vendor has shut it down and that nothing serves in its place.
    `max_parallel` is how many of its jobs one process has in hand, `parallel` how many videos may be at work there for all processes
    together, `rpm` how many may be sent there in a minute. `weight` is its share among those of the same `order`, the lowest of which
    is asked first. `timeout` and `num_retries` are what Rules say, for this one alone.
    """

    id: str
    model: str
    provider: str
    provider_model: str
    account: Account
    capabilities: Capabilities
    max_parallel: int | None = None
    unavailable: str | None = None
    notes: tuple[Note, ...] = ()
    entry: Entry | None = None
    retired: bool = False
    weight: float = 1.0
    order: int | None = None
    rpm: int | None = None
    parallel: int | None = None
    timeout: float | None = None
    num_retries: int | None = None

    def price(self, operation: Operation) -> int:
        """Millionths of a US dollar that `operation` costs at most; 0 where nothing is known to cost."""
        return self.capabilities.price(operation) or 0


@dataclass(frozen=True, slots=True)
class Media:
    """One stored file a provider may need: its asset id, media type and length in bytes."""

    asset: str
    media_type: str
    bytes: int


@dataclass(frozen=True, slots=True)
class References:
    """A character's media by variant (`video`, `still-0`, …, `cutout_sequence`)."""

    media: Mapping[str, Media] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Order:
    """What a provider is handed for one submission. `reference` is our own name for it; `source_ticket` is of the attempt that made the
    source, when this same account made it; `timeout` bounds the submit in seconds. `callback` is an address of ours that the upstream may
    call when something has become of it; it is as good as a key."""

    operation: Operation
    provider_model: str
    prompt: str
    cast: tuple[CastMember, ...]
    reference: str
    seed: int
    source_ticket: Mapping[str, object] | None = None
    timeout: float = 60.0
    callback: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Prepared:
    """An order lowered to what the upstream takes; `body` is the adapter's own. `prompt` is what the upstream reads, where that is not
    the order's: with tags in it, or without the user's that look like one."""

    order: Order
    body: Mapping[str, object] = field(default_factory=dict)
    warnings: tuple[Note, ...] = ()
    prompt: str | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """What must be kept to ask a provider about its work again: JSON of the adapter's own."""

    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Callback:
    """What came to the `callback` of an order: headers with lower-case names, and the body as it was sent."""

    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Absent:
    """The provider has nothing under that reference."""


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The provider cannot be asked by reference."""


class Phase(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a ticket's work has come. `percent` 0-100; `again` seconds until it is worth asking; `failure` and `retryable` when FAILED.

    `ticket` replaces the one held when the provider learnt something worth keeping (an expiring link, the scene it staged). `gone` says
    that it failed for want of what a handle stands for; `strange` is a status word that the adapter does not know.
    """

    phase: Phase
    percent: int = 0
    again: float | None = None
    failure: Failure | None = None
    retryable: bool = False
    moderated: bool = False
    cost: Cost | None = None
    ticket: Ticket | None = None
    gone: bool = False
    strange: str | None = None


@dataclass(frozen=True, slots=True)
class Handle:
    """A provider's own id for a character, until `expires_at`."""

    value: str
    expires_at: datetime | None = None


class Stopped(StrEnum):
    STOPPED = "stopped"
    TOO_LATE = "too_late"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What a cancel achieved upstream, and whether the work may still cost."""

    outcome: Stopped
    may_cost: bool = False


@dataclass(frozen=True, slots=True)
class Stream:
    """Bytes on their way: media type, length where known, and the chunks."""

    chunks: AsyncIterator[bytes]
    media_type: str
    length: int | None = None


def stand_in(media: Media) -> str:
    """What stands for the address of an upload in a plan, which uploads nothing."""
    return f"asset://{media.asset}"


class AssetReader(Protocol):
    """How a provider reads stored bytes."""

    def local(self, asset: str) -> AbstractAsyncContextManager[Path]:
        """The asset as a readable local file for the time of the context."""
        ...

    async def read(self, asset: str) -> bytes:
        """The whole asset; for stills and small clips."""
        ...

    async def describe(self, asset: str) -> Media:
        """Its type and length. Raises NotFound."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """An upstream's answer: status, headers with lower-case names, and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """One multipart field: text, bytes, or an asset to be streamed."""

    name: str
    value: str | bytes
    filename: str | None = None
    media_type: str | None = None


class Transport(Protocol):
    """What an adapter reaches the world through: HTTP, stored assets, a scratch folder of this process.

    `rehearses` is True while a plan is made: `prepare` runs as ever and nothing may be sent, so an upload answers `stand_in` instead.
    """

    assets: AssetReader
    scratch: Path
    rehearses: bool

    async def ask(self, method: str, url: str, *, headers: Mapping[str, str], timeout: float = 30.0) -> Reply:
        """A free request on a pooled connection; repeated by itself when the connection broke. Raises NotSent or Ambiguous."""
        ...

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | Sequence[Part],
        timeout: float = 60.0,
        named: bool = False,
    ) -> Reply:
        """One request, never repeated, on a fresh connection: the one that may cost. Raises NotSent before the first body byte left,
        Ambiguous for a time-out or a broken connection after it. `named` is for an address that an upstream named, which must be public
        or the account's own."""
        ...

    async def link(self, asset: str) -> str:
        """An address of the asset for whoever reads it by one: signed, for a day. Raises Refused, `public_url_required`, where the
        gateway has no public address."""
        ...

    def stream(self, url: str, *, headers: Mapping[str, str], offset: int = 0) -> AbstractAsyncContextManager[Stream]:
        """A download, from `offset` on."""
        ...


class Provider(ABC):
    """One upstream API under one account. `capabilities`, `submit`, `poll` and `download` make a working provider; what else an
    adapter does not override raises NotImplementedError when it is called, never when the adapter is made."""

    name: ClassVar[str]
    settings: ClassVar[SettingNames | None] = None
    """Those of an account that the adapter reads; None where it does not say, and any are taken."""

    polls_at_once: ClassVar[int] = 1
    """How many tickets one request of `poll` asks about: so many that are due together are handed to it."""

    def __init__(self, account: Account, http: Transport) -> None:
        self.account = account
        self.http = http

    @abstractmethod
    def capabilities(self, model: str) -> Capabilities:
        """What that model of the provider can do; called at start, without I/O."""

    async def prepare(self, order: Order) -> Prepared:
        """Uploads and lowering: free and repeatable. A plan calls it too, on a transport that `rehearses`."""
        return Prepared(order)

    @abstractmethod
    async def submit(self, prepared: Prepared) -> Ticket:
        """Send exactly one request, the only one that may cost. Raises NotSent, Refused, Moderated or Ambiguous."""

    async def find(self, reference: str) -> Ticket | Absent | CannotTell:
        """Look for work by our own reference after an answer was lost."""
        return CannotTell()

    async def find_alike(self, sent: Sent, *, since: datetime) -> Sequence[Ticket]:
        """Every work of the account that shows just what was sent and was begun since then; none unless the whole of that time was seen.
        For upstreams that list their works and know none of ours by name."""
        raise NotImplementedError(f"{self.name} lists no works")

    @abstractmethod
    async def poll(self, tickets: Sequence[Ticket]) -> Sequence[Progress]:
        """How far each ticket is, in the order given. Raises LostJob only when the provider says so with authority."""

    @abstractmethod
    def download(self, ticket: Ticket, *, offset: int = 0) -> AbstractAsyncContextManager[Stream]:
        """The finished video's bytes, from `offset` on."""

    async def bind(self, character: Character, media: References) -> Handle | Ticket:
        """Make this account's handle on a character; a Ticket when it is made in the background."""
        raise NotImplementedError(f"{self.name} keeps no characters")

    async def poll_binding(self, ticket: Ticket) -> Handle | Progress:
        """How far a handle made in the background is."""
        raise NotImplementedError(f"{self.name} keeps no characters")

    async def unbind(self, handle: Handle) -> None:
        """Remove this account's handle on a character."""
        raise NotImplementedError(f"{self.name} keeps no characters")

    async def cancel(self, ticket: Ticket) -> Cancelled:
        """Stop the work, and say whether it may still cost."""
        raise NotImplementedError(f"{self.name} cannot cancel")

    async def discard(self, ticket: Ticket) -> None:
        """Let go of a result that is not wanted any more."""
        raise NotImplementedError(f"{self.name} keeps nothing to discard")

    async def recognise(self, callback: Callback) -> str:
        """The id of a message that the upstream sent to an order's `callback`, the same for each copy of it. Raises Forbidden for one that
        is not the upstream's own. What no signature shows is told apart by what it says; whatever it says, it only wakes a poll."""
        return sha256(callback.body).hexdigest()

    async def check(self) -> Reply:
        """The answer to one free request that needs the key: what shows that account and address work. Raises what it means otherwise."""
        raise NotImplementedError(f"{self.name} has no free request that shows whether an account works")

    async def close(self) -> None:  # noqa: B027  # most adapters run nothing of their own
        """Stop what this process runs for the provider; called once, at the end."""
