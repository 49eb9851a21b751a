"""The requests of the last day that made something, so that one which comes again makes nothing more.

A request with an Idempotency-Key is known by that key alone. One without is known by what it asks for, and only where something says that
it is the same one: its client, or the line that broke before its first answer began.
"""

from datetime import datetime, timedelta

from castlist.errors import Conflict
from castlist.model.repeats import Mark, Settled
from castlist.storage.database import Clock, Connection, Database, Row, to_micros

KEPT = timedelta(hours=24)
"""How long a key stands for its first request."""

AGAIN = timedelta(hours=1)
"""How long after a request another may say that it is the same one: clients give up an answer after ten minutes and ask twice more."""

CLOSED = "closed"
"""The digest of a key that was settled before a request came with it."""

LOST = timedelta(minutes=10)
"""How long after a broken line the same request is taken for the one whose answer was lost."""


class Requests:
    """Rows of requests, each with the id of what it made: its `owner`."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def first(self, mark: Mark) -> str | None:
        """What this very request has made before; None when it comes for the first time. Raises Conflict when its key belongs to a
        request for something else."""
        now = self._clock()
        if mark.key is not None:
            return _check(await self._database.row(_KEYED, _values(mark, now)), mark)
        if not mark.again and await self._database.row(_LOST, _values(mark, now)) is None:
            return None
        return await self._database.write(lambda connection: _take(connection, mark, now=now))

    async def settle(self, project: str, key: str) -> Settled:
        """What the request with that key (its hash) has made. Where none has come, none is taken any more that comes with it."""

        def write(connection: Connection) -> Settled:
            now = self._clock()
            mark = Mark(project, CLOSED, key=key)
            row = connection.execute(_KEYED, _values(mark, now)).fetchone()
            if row is None:
                insert_request(connection, mark, owner=f"{CLOSED} {project} {key}", now=now)
            return Settled(None if row is None or row[1] == CLOSED else str(row[0]), since=now - KEPT)

        return await self._database.write(write)

    async def lose(self, owner: str) -> None:
        """The line broke before the answer about `owner` began."""
        values = {"owner": owner, "now": to_micros(self._clock())}
        sql = "UPDATE requests SET lost_at = :now WHERE owner = :owner"
        await self._database.write(lambda connection: connection.execute(sql, values).rowcount)


def find_twin(connection: Connection, mark: Mark, *, now: datetime) -> str | None:
    """What the very request has made while it was on its way here: by its key, as the first of two tries, or as the second of them, which
    has overtaken one whose client hung up. Raises Conflict as `find_keyed`."""
    if mark.key is not None:
        return find_keyed(connection, mark, now=now)
    if not mark.again and mark.lost_since is None:
        return None
    row = connection.execute(_AGAIN if mark.again else _OVERTAKEN, _values(mark, now)).fetchone()
    return str(row[0]) if row else None


def find_keyed(connection: Connection, mark: Mark, *, now: datetime) -> str | None:
    """What the request with that key has made. Raises Conflict when that one asked for something else."""
    return _check(connection.execute(_KEYED, _values(mark, now)).fetchone(), mark)


def _check(row: Row | None, mark: Mark) -> str | None:
    if row is None:
        return None
    if row[1] == CLOSED:
        text = "It was asked what became of the request with this Idempotency-Key before it came, so it is not taken. Send a new key."
        raise Conflict(text, code="idempotency_key_closed", param="Idempotency-Key")
    if row[1] != mark.digest:
        text = (
            f"This Idempotency-Key belongs to another request, which made {row[0]}; a key stands for one request for "
            f"{KEPT // timedelta(hours=1)} hours. Send a new key with a new request."
        )
        raise Conflict(text, code="idempotency_key_reused", param="Idempotency-Key")
    return str(row[0])


def _take(connection: Connection, mark: Mark, *, now: datetime) -> str | None:
    """Of equal requests, one whose answer was lost, and the one that was given out least: several may come again, each for its own."""
    values = _values(mark, now)
    row = connection.execute(_AGAIN if mark.again else _LOST, values).fetchone()
    if row is None:
        return None
    connection.execute("UPDATE requests SET given = given + 1, lost_at = NULL WHERE owner = :owner", {"owner": row[0]})
    return str(row[0])


def insert_request(connection: Connection, mark: Mark, *, owner: str, now: datetime) -> None:
    """A request, with what it makes in the same transaction."""
    values = {**_values(mark, now), "owner": owner}
    connection.execute("DELETE FROM requests WHERE project = :project AND mark = :mark", values)
    connection.execute(_INSERT, values)


def forget_requests(connection: Connection, *, now: datetime) -> None:
    """Remove what nothing is known by any more."""
    connection.execute("DELETE FROM requests WHERE created_at < :kept", {"kept": to_micros(now - KEPT)})


def _values(mark: Mark, now: datetime) -> dict[str, object]:
    return {
        "project": mark.project,
        "mark": mark.key,
        "digest": mark.digest,
        "now": to_micros(now),
        "kept": to_micros(now - KEPT),
        "recent": to_micros(now - AGAIN),
        "lost": to_micros(now - LOST),
        "since": to_micros(mark.lost_since or now),
        "given": int(mark.again),
    }


_KEYED = "SELECT owner, digest FROM requests WHERE project = :project AND mark = :mark AND created_at >= :kept"
_SAME = "SELECT owner FROM requests WHERE project = :project AND digest = :digest AND mark IS NULL"
_LIVING = "NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = requests.owner AND jobs.deleted_at IS NOT NULL)"
_AGAIN = f"{_SAME} AND {_LIVING} AND created_at >= :recent ORDER BY given, lost_at IS NULL, created_at, owner LIMIT 1"
_LOST = f"{_SAME} AND {_LIVING} AND lost_at >= :lost ORDER BY lost_at, owner LIMIT 1"
_OVERTAKEN = f"{_SAME} AND created_at >= :since AND given > 0 LIMIT 1"
_INSERT = (
    "INSERT INTO requests (owner, project, mark, digest, created_at, lost_at, given) "
    "VALUES (:owner, :project, :mark, :digest, :now, NULL, :given)"
)
