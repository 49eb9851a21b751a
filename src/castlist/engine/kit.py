"""What every step of the engine works with."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

import structlog

from castlist.deadlines import Deadlines
from castlist.engine.asking import Asker
from castlist.engine.tally import Tally
from castlist.errors import StorageFull
from castlist.media.child import Limits
from castlist.model.ids import make_id
from castlist.model.jobs import Attempt
from castlist.model.providing import Deployment, Provider
from castlist.model.publishing import Publish, keep_private
from castlist.model.routes import Rules
from castlist.model.troubles import Troubles
from castlist.storage import Storage

T = TypeVar("T")


def tell_boot_time() -> float:
    """Seconds since the machine started, those it was suspended for included, where the system counts them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


log = structlog.get_logger("castlist.engine")

MOST_STRANGE = 100
SETTLE = 5.0
"""Seconds that a stop waits for what must not be broken off and costs nothing."""

LOW_WATER = 256 << 20
"""Bytes that stay free on the volume: uploads are refused before the disk is full, so that jobs under way can still be stored."""


class RunMedia(Protocol):
    """`castlist.media.child.run`."""

    def __call__(
        self, task: str, spec: Mapping[str, object], *, limits: Limits, report: Callable[[float], None] | None = None
    ) -> Awaitable[dict[str, object]]: ...


class CallBack(Protocol):
    """`castlist.engine.callbacks.CallbackAddress`."""

    def of(self, attempt: str, *, provider: str) -> str: ...

    def attempt(self, token: str, *, provider: str) -> str | None: ...


@dataclass(frozen=True)
class Policy:
    """The settings that decide: default model, how strict names are by default; what becomes of work that
    is not answered for or takes too long; how old an attempt gets, in seconds; what may be spent in a day, in millionths of a US dollar."""

    default_model: str
    prompt_strict: bool = False
    troubles: Troubles = field(default_factory=Troubles)
    max_age: float = 86_400.0
    keep_days: int | None = None
    low_water: int = LOW_WATER
    upload_bytes: int = 100 * 1024 * 1024
    max_spend_per_day: int | None = None
    rules: Rules = field(default_factory=Rules)


@dataclass(frozen=True)
class Kit:
    """The parts an engine is made of. `providers` maps an account's name to its one adapter instance.

    `known_providers` are the names a caller may mention, those with an adapter here and others' alike; `option_providers` are those
    whose options a request may carry. `unbroken` is what a stop waits for, `costly` what of it may cost; `asked_since` and `lost_since`
    hold, by attempt, since when this process asks for it and has been told that it does not exist, `unstopped_since` since when it asks
    in vain to stop it, `followed` the attempt as it was read, `useless` how many of its downloads were no video.
    `not_native` are the accounts that keep no characters, with what they said; `publish` makes links for providers that read by an
    address, and `call_back` addresses for them to call; `strange` counts the words of a status that nobody knows, by provider.
    `askers` put questions of one account together.
    `choosing` names, by job, the deployment that it has chosen and is being saved with, `sending` counts those about to be sent.
    """

    storage: Storage
    deployments: list[Deployment]
    providers: MutableMapping[str, Provider]
    known_providers: frozenset[str]
    option_providers: frozenset[str]
    media: RunMedia
    clock: Callable[[], datetime]
    policy: Policy
    publish: Publish = keep_private
    boot_clock: Callable[[], float] = tell_boot_time
    call_back: CallBack | None = None
    wake: list[Callable[[], None]] = field(default_factory=list)
    unbroken: set[asyncio.Task[Any]] = field(default_factory=set)
    costly: set[asyncio.Task[Any]] = field(default_factory=set)
    asked_since: dict[str, datetime] = field(default_factory=dict)
    lost_since: dict[str, datetime] = field(default_factory=dict)
    unstopped_since: dict[str, datetime] = field(default_factory=dict)
    followed: dict[str, Attempt] = field(default_factory=dict)
    askers: dict[str, Asker] = field(default_factory=dict)
    useless: dict[str, int] = field(default_factory=dict)
    deadlines: Deadlines = field(default_factory=Deadlines)
    tally: Tally = field(default_factory=Tally)
    paces: dict[str, tuple[datetime, float | None]] = field(default_factory=dict)
    unstoppable: set[str] = field(default_factory=set)
    not_native: dict[str, str] = field(default_factory=dict)
    strange: dict[tuple[str, str], int] = field(default_factory=dict)
    choosing: dict[str, str] = field(default_factory=dict)
    sending: Counter[str] = field(default_factory=Counter)
    arriving: dict[tuple[str, str], list[asyncio.Event]] = field(default_factory=dict)

    def new_id(self, prefix: str) -> str:
        return make_id(prefix, milliseconds=int(self.clock().timestamp() * 1000), random=os.urandom)

    def deployment(self, name: str | None) -> Deployment | None:
        return next((d for d in self.deployments if d.id == name), None)

    def provider(self, deployment: Deployment) -> Provider:
        return self.providers[deployment.account.name]

    def asker(self, account: str, provider: Provider) -> Asker:
        """Who asks the account's provider about what is under way there."""
        known = self.askers.get(account)
        if known is None or known.provider is not provider:
            known = self.askers[account] = Asker(provider)
        return known

    async def to_the_end(self, work: Coroutine[None, None, T], *, costly: bool = False) -> T:
        """The work's result. Who waits for it may be cancelled; the work itself goes on."""
        task = self.begin(work)
        if costly:
            self.costly.add(task)
            task.add_done_callback(self.costly.discard)
        return await asyncio.shield(task)

    def begin(self, work: Coroutine[None, None, T]) -> asyncio.Task[T]:
        """The work as a task that a stop waits for."""
        task = asyncio.create_task(work)
        self.unbroken.add(task)
        task.add_done_callback(self.unbroken.discard)
        return task

    async def settle(self, *, patience: float) -> None:
        """Wait for what must not be broken off; what may cost is after `patience` seconds, all else after a few."""
        left = set(self.unbroken)
        for some, seconds in ((left - self.costly, min(patience, SETTLE)), (left & self.costly, patience)):
            if some:
                _, late = await asyncio.wait(some, timeout=seconds)
                for task in late:
                    task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def forget(self, attempt: str) -> None:
        """The attempt has ended: nothing more is asked about it."""
        self.asked_since.pop(attempt, None)
        self.followed.pop(attempt, None)
        self.lost_since.pop(attempt, None)
        self.unstopped_since.pop(attempt, None)
        self.useless.pop(attempt, None)
        self.unstoppable.discard(attempt)

    def count_useless(self, attempt: str) -> int:
        """Note a download that was no video; how many there were."""
        self.useless[attempt] = self.useless.get(attempt, 0) + 1
        return self.useless[attempt]

    def count_strange(self, provider: str, word: str) -> None:
        """Note a status word that nobody knows; past MOST_STRANGE of them, only that there are others."""
        key = (provider, word) if len(self.strange) < MOST_STRANGE or (provider, word) in self.strange else (provider, "…")
        if key not in self.strange:
            log.warning("status.unknown", provider=provider, word=word)
        self.strange[key] = self.strange.get(key, 0) + 1

    def nudge(self) -> None:
        """Tell the worker of this process, if there is one, that there is something to do."""
        for call in self.wake:
            call()

    def check_room(self, wanted: int) -> None:
        """Refuse bytes that would leave less than the low-water mark. Raises StorageFull."""
        room = self.storage.assets.room()
        if room - wanted < self.policy.low_water:
            raise StorageFull(
                f"There are {room >> 20} MiB free where Castlist stores; {wanted >> 20} MiB more would leave less than the "
                f"{self.policy.low_water >> 20} MiB kept for work under way. Delete videos or give it more room."
            )

    def check_store(self, wanted: int) -> None:
        """Refuse to store a result that would not fit: it may use the room that uploads leave. Raises StorageFull."""
        room = self.storage.assets.room()
        if room < wanted + self.policy.low_water // 8:
            raise StorageFull(f"there are {room >> 20} MiB free, and the result needs {wanted >> 20} MiB and room to work")
