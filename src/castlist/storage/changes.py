"""One feed of changes for each process: whoever waits for a job is woken when its revision rises, and nobody queries for himself."""

import asyncio

from castlist.storage.database import Database, many

_EVERY = 0.1


class Changes:
    """Belongs to the event loop it was made in."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[str, dict[asyncio.Future[bool], int]] = {}
        self._watch: asyncio.Task[None] | None = None
        self._due = False
        self._closed = False
        database.after_commit(self._committed)

    async def wait(self, job: str, *, revision: int, timeout: float) -> bool:
        """True as soon as the job's revision is greater than `revision`, False after `timeout` seconds. Changes by this process show at
        once, those by another one within 0.3 s."""
        if self._reached(job, revision):
            return True
        if self._closed or timeout <= 0:
            return False
        woken: asyncio.Future[bool] = self._loop.create_future()
        waiters = self._waiting.setdefault(job, {})
        waiters[woken] = revision
        if self._watch is None:
            self._watch = self._loop.create_task(self._look_elsewhere())
        try:
            return await asyncio.wait_for(woken, timeout)
        except TimeoutError:
            return self._reached(job, revision)
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

    def _reached(self, job: str, revision: int) -> bool:
        row = self._database.row("SELECT revision FROM jobs WHERE id = ?", (job,))
        return row is not None and row[0] > revision

    def _committed(self) -> None:
        if self._waiting and not self._due and not self._loop.is_closed():
            self._due = True
            self._loop.call_soon_threadsafe(self._look)

    async def _look_elsewhere(self) -> None:
        version = self._database.version()
        self._look()
        while self._waiting:
            await asyncio.sleep(_EVERY)
            found = self._database.version()
            if found != version:
                version = found
                self._look()
        self._watch = None

    def _look(self) -> None:
        self._due = False
        if self._closed:
            return
        sql = "SELECT id, revision FROM jobs WHERE id IN (SELECT value FROM json_each(?))"
        for job, revision in self._database.rows(sql, (many(self._waiting),)):
            for woken, known in self._waiting[job].items():
                if revision > known and not woken.done():
                    woken.set_result(True)
