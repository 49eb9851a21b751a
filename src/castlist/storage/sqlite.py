"""One SQLite file: reads on a read-only connection in the caller's thread, writes through one thread that commits them in groups."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from castlist.errors import CastlistError, StorageFull, Unavailable
from castlist.storage.database import Row, Values
from castlist.storage.writing import Ask, Written

_BUSY_MS = 30_000


class SqliteDatabase(Written):
    """A write is lost only if the machine loses its disk: each group is on disk before its futures resolve."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(_Pen(path))
        try:
            self._reader = _connect(f"{path.absolute().as_uri()}?mode=ro", f"busy_timeout={_BUSY_MS}")
        except BaseException:
            self._writer.close()
            raise

    async def rows(self, sql: str, values: Values = ()) -> list[Row]:
        """All rows of one SELECT, at one moment; in microseconds, without leaving the event loop."""
        return self.rows_now(sql, values)

    async def row(self, sql: str, values: Values = ()) -> Row | None:
        """The first row of one SELECT."""
        try:
            found: Row | None = self._reader.execute(sql, values).fetchone()
        except sqlite3.Error as error:
            raise explain(error) from error
        return found

    def rows_now(self, sql: str, values: Values = ()) -> list[Row]:
        """`rows` for a thread that may block."""
        try:
            return self._reader.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise explain(error) from error

    def version(self) -> int:
        """A number that is another one after any process committed anything."""
        found: int = self._reader.execute("PRAGMA data_version").fetchone()[0]
        return found

    def close(self) -> None:
        """Finish the writes that were asked for, and close; blocks."""
        self._writer.close()
        self._reader.close()


class _Pen:
    """A group is one `BEGIN IMMEDIATE`, each write in it a savepoint."""

    def __init__(self, path: Path) -> None:
        self._connection = connect_writer(path)
        self._path = path
        self._file = _identify(path)

    def commit(self, asks: Sequence[Ask[Any]]) -> bool:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for ask in asks:
                self._apply(ask)
            # A deleted file takes every write, and goes with the process.
            if _identify(self._path) != self._file:
                raise Unavailable(f"the database file {self._path} is no longer there: put it back, or start again", code="storage_gone")
            self._connection.execute("COMMIT")
        except Exception as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            for ask in asks:
                ask.error = ask.error or explain(error)
            return False
        return True

    def close(self) -> None:
        self._connection.close()

    def _apply(self, ask: Ask[Any]) -> None:
        self._connection.execute("SAVEPOINT one")
        try:
            ask.run(self._connection)
        except Exception as error:
            if not self._connection.in_transaction:
                # SQLite gave the whole group up, as it may when the disk is full.
                raise
            ask.error = explain(error)
            self._connection.execute("ROLLBACK TO one")
        self._connection.execute("RELEASE one")


def _identify(path: Path) -> tuple[int, int] | None:
    """Which file is there, None for none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def connect_writer(path: Path) -> sqlite3.Connection:
    """A connection for writing: WAL, every commit on disk, transactions begun by hand."""
    return _connect(path, f"busy_timeout={_BUSY_MS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")


def _connect(file: Path | str, *pragmas: str) -> sqlite3.Connection:
    """A connection to a path, or to a `file:` address as text, whose transactions are begun by hand, with those settings; none stays open
    that cannot be used."""
    found = sqlite3.connect(file, uri=isinstance(file, str), isolation_level=None, check_same_thread=False, cached_statements=256)
    try:
        for pragma in pragmas:
            found.execute(f"PRAGMA {pragma}")
    except BaseException:
        found.close()
        raise
    return found


def explain(error: Exception) -> Exception:
    """SQLite's word as ours, where a caller can do something about it."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return _from(StorageFull("the disk is full: free some space, then repeat the request", code="storage_full"), error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        text = f"another process has held the database for {_BUSY_MS // 1000} seconds; try again"
        return _from(Unavailable(text, code="storage_busy"), error)
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
        return _from(Unavailable(f"the database cannot be read or written: {error}", code="storage_failed"), error)
    return error


def _from(ours: CastlistError, theirs: Exception) -> CastlistError:
    ours.__cause__ = theirs
    return ours
