"""One feed of changes for each process: whoever waits for a job is woken when its revision rises, and nobody queries for himself."""

import asyncio
from contextlib import suppress

from castlist.errors import Unavailable
from castlist.storage.database import Database, many

_EVERY = 0.1


class Changes:
    """Belongs to the event loop it was made in."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[str, dict[asyncio.Future[bool], int]] = {}
        self._watch: asyncio.Task[None] | None = None
        self._bell = asyncio.Event()
        self._unlooked = False
        self._closed = False
        database.after_commit(self._committed)

    async def wait(self, job: str, *, revision: int, timeout: float) -> bool:
        """True as soon as the job's revision is greater than `revision`, False after `timeout` seconds. Changes by this process show at
        once, those by another one within 0.3 s."""
        if self._closed or timeout <= 0:
            return await self._reached(job, revision)
        woken: asyncio.Future[bool] = self._loop.create_future()
        waiters = self._waiting.setdefault(job, {})
        waiters[woken] = revision
        self._look_again()
        if self._watch is None:
            self._watch = self._loop.create_task(self._look_on())
        try:
            return await asyncio.wait_for(woken, timeout)
        except TimeoutError:
            return await self._reached(job, revision)
        finally:
            waiters.pop(woken, None)
            if not waiters and self._waiting.get(job) is waiters:
                del self._waiting[job]

    def close(self) -> None:
        """Let everybody go."""
        self._closed = True
        if self._watch is not None:
            self._watch.cancel()
        for waiters in self._waiting.values():
            for woken in waiters:
                if not woken.done():
                    woken.set_result(False)

    async def _reached(self, job: str, revision: int) -> bool:
        row = await self._database.row("SELECT revision FROM jobs WHERE id = ?", (job,))
        return row is not None and row[0] > revision

    def _committed(self) -> None:
        if self._waiting and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._look_again)

    def _look_again(self) -> None:
        self._unlooked = True
        self._bell.set()

    async def _look_on(self) -> None:
        version = self._database.version()
        while self._waiting:
            found = self._database.version()
            if self._unlooked or found != version:
                version, self._unlooked = found, False
                try:
                    await self._look()
                except Unavailable:
                    # A database that is away now answers at one of the next beats.
                    self._unlooked = True
            with suppress(TimeoutError):
                async with asyncio.timeout(_EVERY):
                    await self._bell.wait()
            self._bell.clear()
        self._watch = None

    async def _look(self) -> None:
        sql = "SELECT id, revision FROM jobs WHERE id IN (SELECT value FROM json_each(?))"
        for job, revision in await self._database.rows(sql, (many(self._waiting),)):
            for woken, known in self._waiting.get(job, {}).items():
                if revision > known and not woken.done():
                    woken.set_result(True)
