"""Beside a worker and for as long as it works: deliver what is due in the outbox, and tell the worker what vendors called back about."""

import asyncio
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import structlog

from castlist.errors import CastlistError, Unavailable
from castlist.model.telling import Delivery
from castlist.storage import Storage
from castlist.webhooks import Courier

log = structlog.get_logger("castlist.telling")

AT_ONCE = 16
PER_ENDPOINT = 4
"""Deliveries to one endpoint after which it is given no more until one of them has ended."""

LEASE = 60.0
BEAT = 0.1
LOOK = 1.0
TIDY = 3600.0
KEEP_DAYS = 30
PATIENCE = 5.0
"""Seconds a stop waits for requests to endpoints that are under way."""


class Telling:
    """Claims deliveries and has them delivered, each in a task of its own, so that one slow endpoint delays no other. `yields` says when
    another process serves the directory, so that this one should take nothing. `ring` asks about a job, or says that it is too early."""

    def __init__(self, storage: Storage, courier: Courier, *, ring: Callable[[str], bool], yields: bool = False) -> None:
        self.yields = yields
        self._ring = ring
        self._heard = 0
        self._ringing: set[str] = set()
        self._storage = storage
        self._courier = courier
        self._under_way: dict[asyncio.Task[None], str] = {}
        self._stopping = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._version = -1

    async def start(self) -> None:
        """Begin to deliver, and to hear."""
        self._heard = await self._storage.callbacks.last()
        self._loop = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Claim nothing more, and let what is under way end; what does not is free again for others. Where no other process goes on,
        what is due is sent before."""
        if self._loop and self.yields and not self._storage.holders.working():
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self.until_idle()
        self._stopping.set()
        if self._loop:
            await self._loop
        left = set(self._under_way)
        if left:
            _, late = await asyncio.wait(left, timeout=PATIENCE)
            for task in late:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def until_idle(self) -> None:
        """Return when nothing is due and nothing is under way; what is put off for later is left."""
        while self._under_way or await self._may_be_due():
            if not await self._pause():
                return

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        looked, tidied = -LOOK, -TIDY
        while not self._stopping.is_set():
            try:
                if self._has_changed() or clock() - looked > LOOK:
                    looked = clock()
                    await self._hear()
                    await self._take()
                self._ringing = {job for job in self._ringing if not self._ring(job)}
                if clock() - tidied > TIDY:
                    tidied = clock()
                    await self._storage.outbox.prune(days=KEEP_DAYS)
            except CastlistError as error:
                log.warning("telling.storage", error=error.message)
            except Exception as error:
                log.error("telling.beat_failed", traceback="".join(traceback.format_exception(error)))
            await self._pause()

    async def _pause(self) -> bool:
        """Whether to go on after a moment."""
        with suppress(TimeoutError):
            async with asyncio.timeout(BEAT):
                await self._stopping.wait()
        return not self._stopping.is_set()

    def _has_changed(self) -> bool:
        version = self._storage.version()
        changed, self._version = version != self._version, version
        return changed

    async def _hear(self) -> None:
        for heard in await self._storage.callbacks.after(self._heard):
            self._heard = heard.number
            self._ringing.add(heard.job)

    async def _take(self) -> None:
        if self.yields and self._storage.holders.serving():
            return
        if not await self._is_due():
            return
        while (room := AT_ONCE - len(self._under_way)) > 0:
            busy = [endpoint for endpoint, count in Counter(self._under_way.values()).items() if count >= PER_ENDPOINT]
            # Few at a time: those of one endpoint may be the oldest of all.
            limit = min(room, PER_ENDPOINT)
            found = await self._storage.outbox.claim(limit=limit, lease=LEASE, sealed_by=self._courier.seal.name, besides=busy)
            for delivery in found:
                task = asyncio.create_task(self._deliver(delivery))
                self._under_way[task] = delivery.endpoint
                task.add_done_callback(self._under_way.pop)
            if len(found) < limit:
                return

    async def _may_be_due(self) -> bool:
        try:
            return await self._is_due()
        except Unavailable:
            return True

    async def _is_due(self) -> bool:
        return await self._storage.outbox.due(sealed_by=self._courier.seal.name)

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            await self._courier.deliver(delivery)
        except CastlistError as error:
            # Its lease ends by itself, and then it is sent once more under the same id.
            log.warning("webhook.not_saved", delivery=delivery.id, error=error.message)
        except Exception as error:
            # As text: a renderer of tracebacks that shows local variables would show addresses and secrets.
            log.error("webhook.broke", delivery=delivery.id, traceback="".join(traceback.format_exception(error)))
