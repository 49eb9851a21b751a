"""One SQLite file: reads on a read-only connection in the caller's thread, writes through one thread that commits them in groups."""

import asyncio
import json
import queue
import sqlite3
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Generic, TypeVar

from castlist.errors import CastlistError, StorageFull, Unavailable

T = TypeVar("T")
Clock = Callable[[], datetime]
Write = Callable[[sqlite3.Connection], T]
Row = tuple[Any, ...]
Values = Mapping[str, object] | Sequence[object]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GROUP = 512
_BUSY_MS = 30_000


def to_micros(moment: datetime) -> int:
    """A time as the tables keep it: microseconds since 1970, UTC."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_micros(value: int) -> datetime:
    """The time that `to_micros` kept."""
    return _EPOCH + timedelta(microseconds=value)


def many(values: Collection[str]) -> str:
    """A list as one parameter, for `IN (SELECT value FROM json_each(:it))`: the statement stays the same whatever its length."""
    return json.dumps(list(values))


class _Ask(Generic[T]):
    """One write on its way to the writer thread, and where its result is wanted."""

    def __init__(self, fn: Write[T]) -> None:
        self.fn = fn
        self.done: Future[T] = Future()
        self.error: Exception | None = None
        self._results: list[T] = []

    def run(self, connection: sqlite3.Connection) -> None:
        self._results.append(self.fn(connection))

    def settle(self) -> None:
        if not self.done.set_running_or_notify_cancel():
            return
        if self.error is None:
            self.done.set_result(self._results[0])
        else:
            self.done.set_exception(self.error)


class Database:
    """Open with `connect`. A write is lost only if the machine loses its disk: each group is on disk before its futures resolve."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.commits = 0
        self._writer = connect_writer(path)
        self._reader = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        self._reader.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        self._queue: queue.SimpleQueue[_Ask[Any] | None] = queue.SimpleQueue()
        self._listeners: list[Callable[[], None]] = []
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="castlist-writer", daemon=True)
        self._thread.start()

    def rows(self, sql: str, values: Values = ()) -> list[Row]:
        """All rows of one SELECT, at one moment. Takes microseconds: it may run in an event loop."""
        return self._reader.execute(sql, values).fetchall()

    def row(self, sql: str, values: Values = ()) -> Row | None:
        """The first row of one SELECT."""
        found: Row | None = self._reader.execute(sql, values).fetchone()
        return found

    def version(self) -> int:
        """A number that is another one after any process committed anything."""
        found: int = self._reader.execute("PRAGMA data_version").fetchone()[0]
        return found

    def after_commit(self, listener: Callable[[], None]) -> None:
        """Call `listener`, in the writer thread, after each commit of this process."""
        self._listeners.append(listener)

    async def write(self, fn: Write[T]) -> T:
        """Run `fn` on the writing connection inside a transaction and return its result once it is on disk.

        What `fn` raises undoes what it wrote, and nothing else. Raises StorageFull when the disk takes no more.
        """
        ask = _Ask(fn)
        self._put(ask)
        return await asyncio.wrap_future(ask.done)

    def write_now(self, fn: Write[T]) -> T:
        """`write` for a thread that may block."""
        ask = _Ask(fn)
        self._put(ask)
        return ask.done.result()

    def close(self) -> None:
        """Finish the writes that were asked for, and close; blocks."""
        self._closing = True
        self._queue.put(None)
        self._thread.join()
        self._reader.close()

    def _put(self, ask: _Ask[Any]) -> None:
        if self._closing:
            raise Unavailable("the storage is closed", code="storage_closed")
        self._queue.put(ask)

    def _run(self) -> None:
        last = False
        while not last:
            group, last = self._take()
            if group:
                self._commit(group)
                for ask in group:
                    ask.settle()
        self._writer.close()

    def _take(self) -> tuple[list[_Ask[Any]], bool]:
        group: list[_Ask[Any]] = []
        ask = self._queue.get()
        while ask is not None:
            group.append(ask)
            if len(group) == _GROUP:
                return group, False
            try:
                ask = self._queue.get_nowait()
            except queue.Empty:
                return group, False
        return group, True

    def _commit(self, group: list[_Ask[Any]]) -> None:
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            for ask in group:
                self._apply(ask)
            self._writer.execute("COMMIT")
        except Exception as error:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            for ask in group:
                ask.error = ask.error or explain(error)
            return
        self.commits += 1
        for listener in self._listeners:
            listener()

    def _apply(self, ask: _Ask[Any]) -> None:
        self._writer.execute("SAVEPOINT one")
        try:
            ask.run(self._writer)
        except Exception as error:
            if not self._writer.in_transaction:
                # SQLite gave the whole group up, as it may when the disk is full.
                raise
            ask.error = explain(error)
            self._writer.execute("ROLLBACK TO one")
        self._writer.execute("RELEASE one")


def connect_writer(path: Path) -> sqlite3.Connection:
    """A connection for writing: WAL, every commit on disk, transactions begun by hand."""
    found = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    found.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    found.execute("PRAGMA journal_mode=WAL")
    found.execute("PRAGMA synchronous=FULL")
    found.execute("PRAGMA foreign_keys=ON")
    return found


def explain(error: Exception) -> Exception:
    """SQLite's word as ours, where a caller can do something about it."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return _from(StorageFull("the disk is full: free some space, then repeat the request", code="storage_full"), error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        text = f"another process has held the database for {_BUSY_MS // 1000} seconds; try again"
        return _from(Unavailable(text, code="storage_busy"), error)
    if code == sqlite3.SQLITE_IOERR:
        return _from(Unavailable(f"the database cannot be written: {error}", code="storage_failed"), error)
    return error


def _from(ours: CastlistError, theirs: Exception) -> CastlistError:
    ours.__cause__ = theirs
    return ours
