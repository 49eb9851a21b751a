"""Unfinished jobs of all projects by what they are at: how many there are, those in trouble, and what was decided about one of them."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence

from castlist.errors import Conflict
from castlist.model.asks import Seen
from castlist.model.jobs import Attempt, Job, State
from castlist.model.providing import Ticket
from castlist.storage import job_rows
from castlist.storage.database import Clock, Connection, Database, Row, many, to_micros

_COUNTS = "SELECT state, count(*) FROM jobs WHERE NOT ended GROUP BY state"
_NOTED = "SELECT count(*) FROM jobs WHERE NOT ended AND state = 'running' AND doc LIKE :note"
_LIST = (
    f"SELECT {job_rows.COLUMNS} FROM jobs WHERE NOT ended AND deleted_at IS NULL AND state = :state AND doc LIKE :note "
    "ORDER BY created_at, id LIMIT :limit"
)
_ATTEMPTS = "SELECT job, doc FROM attempts WHERE job IN (SELECT value FROM json_each(:jobs)) ORDER BY job, number"
_DUE = "UPDATE jobs SET due_at = :now, revision = revision + 1 WHERE id = :id AND state = 'unknown' AND NOT ended"
_LEFT_BEHIND = (
    f"SELECT {job_rows.COLUMNS} FROM jobs WHERE ended "
    "AND id IN (SELECT job FROM attempts WHERE json_extract(attempts.doc, '$.state') = 'ticketed' "
    "AND json_extract(attempts.doc, '$.account') IN (SELECT value FROM json_each(:accounts))) ORDER BY created_at, id LIMIT 100"
)
_NAMED = "SELECT doc FROM attempts WHERE id <> :id AND doc LIKE :ticket"


class Trouble:
    """Questions about jobs that no project asks."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def counts(self) -> Mapping[State, int]:
        """How many unfinished jobs are in each state; states without any are left out."""
        return {State(row[0]): int(row[1]) for row in await self._database.rows(_COUNTS)}

    async def noted(self, note: str) -> int:
        """How many running jobs have a warning of that code."""
        row = await self._database.row(_NOTED, {"note": _mentions(note)})
        return int(row[0]) if row else 0

    async def jobs(self, state: State, *, note: str | None = None, limit: int) -> Sequence[Seen]:
        """Unfinished jobs in a state, with a warning of that code if one is named, the oldest first."""
        values = {"state": state.value, "note": _mentions(note) if note else "%", "limit": limit}
        jobs = [job_rows.to_job(row) for row in await self._database.rows(_LIST, values)]
        found: dict[str, list[Attempt]] = {job.id: [] for job in jobs}
        for job, doc in await self._database.rows(_ATTEMPTS, {"jobs": many(list(found))}):
            found[job].append(job_rows.to_attempt(doc))
        return [Seen(job, tuple(found[job.id])) for job in jobs]

    async def left_behind(self, accounts: Collection[str]) -> Sequence[Job]:
        """Ended jobs with work under those accounts that nobody stopped, as the process that ended them died before it could: the oldest,
        at most a hundred of them."""
        return [job_rows.to_job(row) for row in await self._database.rows(_LEFT_BEHIND, {"accounts": many(accounts)})]

    async def decide(self, job: str, attempt: Attempt) -> bool:
        """Save what was decided about an unknown job's attempt, and have the job looked at now; False when it has moved on. Raises
        Conflict for a ticket that another attempt has."""

        def write(connection: Connection) -> bool:
            if _is_taken(connection, attempt):
                text = f"Another video is made by that work of {attempt.provider}: one work makes one video."
                raise Conflict(text, code="ticket_taken", param="ticket")
            if connection.execute(_DUE, {"id": job, "now": to_micros(self._clock())}).rowcount != 1:
                return False
            job_rows.update_attempt(connection, attempt)
            return True

        return await self._database.write(write)

    async def take(self, attempt: Attempt) -> bool:
        """Save an attempt with the ticket that was found for it, unless another one of its account has that."""

        def write(connection: Connection) -> bool:
            if _is_taken(connection, attempt):
                return False
            job_rows.update_attempt(connection, attempt)
            return True

        return await self._database.write(write)

    async def claimed(self, attempt: Attempt, *, ticket: Ticket) -> bool:
        """Whether another attempt of its account than this one has the ticket."""
        return _is_claimed(await self._database.rows(_NAMED, _naming(attempt, ticket)), attempt, ticket)


def _naming(attempt: Attempt, ticket: Ticket) -> Mapping[str, object]:
    """What finds all that may have the ticket, and perhaps more."""
    name = json.dumps(_name(ticket), separators=(",", ":")).replace("\\", "_")
    return {"id": attempt.id, "ticket": f"%{name}%"}


def _is_taken(connection: Connection, attempt: Attempt) -> bool:
    if attempt.ticket is None:
        return False
    ticket = Ticket(attempt.ticket)
    return _is_claimed(connection.execute(_NAMED, _naming(attempt, ticket)).fetchall(), attempt, ticket)


def _is_claimed(rows: Iterable[Row], attempt: Attempt, ticket: Ticket) -> bool:
    others = (job_rows.to_attempt(row[0]) for row in rows)
    return any(o.account == attempt.account and o.ticket is not None and _name(Ticket(o.ticket)) == _name(ticket) for o in others)


def _name(ticket: Ticket) -> object:
    """What tells a provider's works apart."""
    return ticket.data.get("id", dict(ticket.data))


def _mentions(code: str) -> str:
    return f'%"code":"{code}"%'
