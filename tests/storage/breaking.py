"""Two processes on one database whose transactions break off at a statement of one's choice, and all that is in its tables."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from castlist.model.jobs import AttemptState, State
from castlist.storage import Storage
from castlist.storage.database import Connection, Cursor, Database, Row, Values, Write
from castlist.storage.opening import Parts, enter
from storage.samples import NOON, Watch

T = TypeVar("T")
TABLES = ("jobs", "attempts", "charges", "requests", "webhook_deliveries", "webhook_endpoints", "callbacks", "asset_uses", "job_characters")
NAMES = ("near", "far")
ANSWERS = (
    (AttemptState.REFUSED, State.QUEUED),
    (AttemptState.TICKETED, State.RUNNING),
    (AttemptState.TICKETED, State.RUNNING),
    (AttemptState.TICKETED, State.RUNNING),
    (AttemptState.UNKNOWN, State.UNKNOWN),
    (AttemptState.UNKNOWN, State.QUEUED),
)
"""What became of a request, and of its job then."""


class Broken(Exception):
    """What stops a transaction between two of its statements."""


class Counting:
    """A connection that breaks before its `at`-th statement."""

    def __init__(self, connection: Connection, at: int) -> None:
        self._connection = connection
        self._left = at

    def execute(self, sql: str, parameters: Values = (), /) -> Cursor:
        self._count()
        return self._connection.execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Values], /) -> Cursor:
        self._count()
        return self._connection.executemany(sql, parameters)

    def _count(self) -> None:
        self._left -= 1
        if not self._left:
            raise Broken


class Breaking:
    """A database. With `at` the next transaction breaks before that statement of it, or after its last one where it has fewer."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.at: int | None = None

    async def rows(self, sql: str, values: Values = ()) -> list[Row]:
        return await self._database.rows(sql, values)

    async def row(self, sql: str, values: Values = ()) -> Row | None:
        return await self._database.row(sql, values)

    def rows_now(self, sql: str, values: Values = ()) -> list[Row]:
        return self._database.rows_now(sql, values)

    def version(self) -> int:
        return self._database.version()

    def after_commit(self, listener: Callable[[], None]) -> None:
        self._database.after_commit(listener)

    async def write(self, fn: Write[T]) -> T:
        return await self._database.write(self._break(fn))

    def write_now(self, fn: Write[T]) -> T:
        return self._database.write_now(fn)

    def close(self) -> None:
        self._database.close()

    def _break(self, fn: Write[T]) -> Write[T]:
        at, self.at = self.at, None
        if at is None:
            return fn

        def write(connection: Connection) -> T:
            fn(Counting(connection, at))
            raise Broken

        return write


class World:
    """The storage as two processes have it open, on a clock that goes when it is told to."""

    def __init__(self, folder: Path, database_url: str | None) -> None:
        self.watch = Watch()
        self.stories = 0
        self._runner = asyncio.Runner()
        self._open: dict[str, tuple[Storage, Breaking]] = {}
        for name in NAMES:
            parts = enter(folder / name if database_url else folder, database_url)
            database = Breaking(parts.database)
            self._open[name] = (self._runner.run(self._make(replace(parts, database=database))), database)

    async def _make(self, parts: Parts) -> Storage:
        return Storage(parts, clock=self.watch)

    def __getitem__(self, name: str) -> Storage:
        return self._open[name][0]

    def run(self, name: str, work: Coroutine[None, None, T], *, at: int | None = None) -> T:
        """What that process gets; with `at` its transaction breaks there, which raises Broken."""
        database = self._open[name][1]
        database.at = at
        try:
            return self._runner.run(work)
        finally:
            database.at = None

    async def write(self, name: str, work: Coroutine[None, None, T], *, at: int | None = None) -> T:
        """The same within the loop: of several at once, each breaks where it is to."""
        self._open[name][1].at = at
        return await work

    def rows(self) -> Mapping[str, list[Row]]:
        """All that is in the tables."""
        database = self._open["near"][1]
        return {table: database.rows_now(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES}

    def clear(self) -> None:
        """Begin anew."""
        self.stories += 1
        self.watch.now = NOON
        database = self._open["near"][1]
        database.write_now(lambda connection: [connection.execute(f"DELETE FROM {table}") for table in ORDER])

    def close(self) -> None:
        for storage, _ in self._open.values():
            self._runner.run(storage.close())
        self._runner.close()


ORDER = (
    "sends",
    "asset_uses",
    "callbacks",
    "requests",
    "charges",
    "webhook_deliveries",
    "webhook_endpoints",
    "job_characters",
    "attempts",
    "jobs",
)
