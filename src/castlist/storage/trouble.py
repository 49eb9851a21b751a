"""Unfinished jobs of all projects by what they are at: how many there are, those in trouble, and what was decided about one of them."""

from collections.abc import Mapping, Sequence

from castlist.model.asks import Seen
from castlist.model.jobs import Attempt, Job, State
from castlist.storage import job_rows
from castlist.storage.database import Clock, Connection, Database, many, to_micros

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
    "AND id IN (SELECT job FROM attempts WHERE json_extract(attempts.doc, '$.state') = 'ticketed')"
)
_CLAIMED = "SELECT count(*) FROM attempts WHERE id <> :id AND doc LIKE :ticket AND json_extract(doc, '$.account') = :account"


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

    async def left_behind(self) -> Sequence[Job]:
        """Ended jobs with work at a provider that nobody stopped: the process that ended them died before it could."""
        return [job_rows.to_job(row) for row in await self._database.rows(_LEFT_BEHIND)]

    async def decide(self, job: str, attempt: Attempt) -> bool:
        """Save what was decided about an unknown job's attempt, and have the job looked at now; False when it has moved on."""

        def write(connection: Connection) -> bool:
            if connection.execute(_DUE, {"id": job, "now": to_micros(self._clock())}).rowcount != 1:
                return False
            job_rows.update_attempt(connection, attempt)
            return True

        return await self._database.write(write)

    async def claimed(self, attempt: Attempt, *, ticket: str) -> bool:
        """Whether another attempt than this one, under the same account, names the provider's id in its ticket: two upstreams may call
        different works the same."""
        row = await self._database.row(_CLAIMED, {"id": attempt.id, "ticket": f'%"{ticket}"%', "account": attempt.account})
        return bool(row and row[0])


def _mentions(code: str) -> str:
    return f'%"code":"{code}"%'
