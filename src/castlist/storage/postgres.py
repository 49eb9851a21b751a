"""A PostgreSQL database that processes share: reads on a few connections, writes through one thread, one process at a time."""

import asyncio
import queue
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

from castlist.errors import CastlistError, InDoubt, StorageFull, Unavailable
from castlist.later import Later
from castlist.storage.database import Cursor, Row, Values
from castlist.storage.dialect import to_postgres
from castlist.storage.writing import Ask, Written

if TYPE_CHECKING:
    import psycopg
else:
    # A third of a second to import, for those who have such a database.
    psycopg = Later("psycopg")

Link: TypeAlias = "psycopg.Connection[Row]"

LOCKS = 0x43617374
"""The first number of the advisory locks that are ours."""

CHANNEL = "castlist"
SCHEMA_NAME = "castlist"
"""Our tables have a schema of their own: the database may be another program's too."""

ALONE = 1
_READERS = 4
_DOUBT = 5.0
_REACHING: Mapping[str, str | int] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "client_encoding": "UTF8",
}
# A process that is suspended within a transaction would keep all others from writing: its server ends that transaction.
_WRITING = "SET idle_in_transaction_session_timeout = '10s'; SET lock_timeout = '20s'; SET statement_timeout = '60s'"
_READING = "SET default_transaction_read_only = on; SET statement_timeout = '60s'"
_BEGIN = f"BEGIN; SELECT pg_advisory_xact_lock({LOCKS}, {ALONE})"
# A transaction that wrote nothing has no number, and nobody is told of it.
_TELL = "SELECT id, CASE WHEN id IS NOT NULL THEN pg_notify(%s, '') END FROM (SELECT pg_current_xact_id_if_assigned()::text AS id) AS this"


def connect(url: str, *, name: str, session: str = "") -> Link:
    """A connection that notices within seconds when the other side is gone. Raises psycopg.Error, and Unavailable for an
    address that cannot be read."""
    given = read_address(url)
    wanted = {key: value for key, value in {**_REACHING, "application_name": f"castlist {name}"}.items() if key not in given}
    conninfo = psycopg.conninfo.make_conninfo(url, **wanted)
    found: Link = psycopg.connect(conninfo, autocommit=True)
    found.execute(f"SET search_path = {SCHEMA_NAME}; {session}")
    return found


def read_address(url: str) -> Mapping[str, object]:
    """The parts of a database's address. Raises Unavailable, in words of ours, as the parser's show the password where that is at fault."""
    given: Mapping[str, object] = {}
    with suppress(psycopg.Error):
        given = psycopg.conninfo.conninfo_to_dict(url)
    port, host, name = (str(given.get(key) or "") for key in ("port", "host", "dbname"))
    # A sign in the password that has a meaning in an address cuts it in pieces, which are then taken for the other parts.
    if not given or "@" in host[1:] + name or port.strip("0123456789,"):
        text = "the address of the database cannot be read: in its password write every @ / : # ? % and space percent-encoded (%40 for @)"
        raise Unavailable(text, code="storage_unreachable")
    return given


def show(url: str) -> str:
    """Where a database is, without what opens it."""
    given = read_address(url)
    return f"postgresql://{given.get('host') or 'localhost'}:{given.get('port') or 5432}/{given.get('dbname') or ''}"


class PostgresDatabase(Written):
    """Writes of all processes come one after the other, as on SQLite: what a transaction has read is true until it commits."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._version = 0
        super().__init__(_Pen(url))
        self.after_commit(self.bump)
        self._threads = ThreadPoolExecutor(_READERS, thread_name_prefix="castlist-reader")
        self._free: queue.LifoQueue[Link] = queue.LifoQueue()

    async def rows(self, sql: str, values: Values = ()) -> list[Row]:
        """All rows of one SELECT, at one moment. Raises Unavailable while the database cannot be reached."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.rows_now, sql, values)

    async def row(self, sql: str, values: Values = ()) -> Row | None:
        """The first row of one SELECT."""
        found = await self.rows(sql, values)
        return found[0] if found else None

    def rows_now(self, sql: str, values: Values = ()) -> list[Row]:
        """`rows` for a thread that may block."""
        try:
            try:
                link = self._free.get_nowait()
            except queue.Empty:
                return self._read(self._connect(), sql, values)
            try:
                return self._read(link, sql, values)
            except psycopg.OperationalError:
                if not link.closed:
                    raise
            # It was cut off while nobody used it; and a read can be repeated.
            return self._read(self._connect(), sql, values)
        except psycopg.Error as error:
            raise explain(error) from error

    def _connect(self) -> Link:
        return connect(self._url, name="reader", session=_READING)

    def _read(self, link: Link, sql: str, values: Values) -> list[Row]:
        try:
            return _execute(link, sql, values).fetchall()
        finally:
            if not link.closed:
                self._free.put(link)

    def version(self) -> int:
        """A number that is another one after any process committed anything: at once for this one, as soon as it is heard for others."""
        return self._version

    def bump(self) -> None:
        """Somebody committed something, or may have."""
        self._version += 1

    def close(self) -> None:
        """Finish the writes that were asked for, and close; blocks."""
        self._writer.close()
        self._threads.shutdown()
        while not self._free.empty():
            self._free.get().close()


class _Hand:
    """A connection as `fn` sees it: our statements in, its rows out."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def execute(self, sql: str, parameters: Values = (), /) -> Cursor:
        return _execute(self._link, sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Values], /) -> Cursor:
        cursor = self._link.cursor()
        cursor.executemany(to_postgres(sql), list(parameters))
        return cursor


class _Pen:
    """A group is one transaction under one lock, each write in it a savepoint; connects anew when the last connection is gone."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._link: Link | None = None

    def commit(self, asks: Sequence[Ask[Any]]) -> bool:
        number: str | None = None
        try:
            link = self._reach()
            link.execute(_BEGIN)
            for ask in asks:
                self._apply(link, ask, alone=len(asks) == 1)
            (number, _) = link.execute(_TELL, (CHANNEL,)).fetchone() or (None, None)
            link.execute("COMMIT")
        except Exception as error:
            done = False if number is None else self._has_committed(number)
            if not done:
                self._give_up(asks, _in_doubt(error) if done is None else error)
            return bool(done)
        return number is not None

    def close(self) -> None:
        if self._link is not None:
            self._link.close()

    def _reach(self) -> Link:
        if self._link is None or self._link.closed:
            self._link = connect(self._url, name="writer", session=_WRITING)
        return self._link

    def _apply(self, link: Link, ask: Ask[Any], *, alone: bool) -> None:
        if alone:
            ask.run(_Hand(link))
            return
        link.execute("SAVEPOINT one")
        try:
            ask.run(_Hand(link))
        except Exception as error:
            if link.closed:
                raise
            ask.error = explain(error)
            link.execute("ROLLBACK TO one")
        link.execute("RELEASE one")

    def _give_up(self, asks: Sequence[Ask[Any]], error: Exception) -> None:
        for ask in asks:
            ask.error = ask.error or explain(error)
        if self._link is not None and not self._link.closed:
            try:
                self._link.execute("ROLLBACK")
            except psycopg.Error:
                self._link.close()

    def _has_committed(self, number: str) -> bool | None:
        """Whether a transaction whose COMMIT was never answered took place: asked on a new connection, for a few seconds. None when nobody
        says."""
        end = time.monotonic() + _DOUBT
        while time.monotonic() < end:
            try:
                row = self._reach().execute("SELECT pg_xact_status(%s::xid8)", (number,)).fetchone()
            except psycopg.Error:
                time.sleep(0.1)
                continue
            if row is not None and row[0] != "in progress":
                return bool(row[0] == "committed")
            time.sleep(0.01)
        return None


def _execute(link: Link, sql: str, values: Values) -> psycopg.Cursor[Row]:
    return link.execute(to_postgres(sql), values or None)


def explain(error: Exception) -> Exception:
    """PostgreSQL's word as ours, where a caller can do something about it."""
    if isinstance(error, psycopg.errors.DiskFull):
        return _from(StorageFull("the disk of the database is full: free some space, then repeat the request"), error)
    if isinstance(error, psycopg.errors.LockNotAvailable | psycopg.errors.QueryCanceled):
        return _from(Unavailable("another process keeps the database busy; try again", code="storage_busy"), error)
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return _from(Unavailable("the database takes no writes now: it may be a standby", code="storage_failed"), error)
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return _from(Unavailable("the database cannot be reached; try again", code="storage_unreachable"), error)
    return error


def _in_doubt(error: Exception) -> Exception:
    return _from(InDoubt("the database went away, and it is not known whether this was written; look before you repeat it"), error)


def _from(ours: CastlistError, theirs: Exception) -> CastlistError:
    ours.__cause__ = theirs
    return ours
