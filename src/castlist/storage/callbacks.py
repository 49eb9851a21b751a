"""What vendors called back about: each message once, numbered, so that whoever has the job in hand hears of it."""

from dataclasses import dataclass

from castlist.model.jobs import Attempt
from castlist.storage.database import Clock, Connection, Database, to_micros
from castlist.storage.job_rows import to_attempt

MOST = 60
"""Messages about one job that are heard: what comes more often than that is not progress."""

KEPT_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Heard:
    """A message: its place among all, and the job that it is about."""

    number: int
    job: str


class Callbacks:
    """Rows of messages. They carry nothing of what was said."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def attempt(self, id: str) -> Attempt | None:  # noqa: A002
        """The attempt of that id, in whichever project."""
        row = await self._database.row("SELECT doc FROM attempts WHERE id = ?", (id,))
        return to_attempt(row[0]) if row else None

    async def hear(self, id: str, job: str) -> bool:  # noqa: A002
        """Note a message about a job, which is then due if nobody has it in hand; False for one that was heard before, comes too often,
        or after the job's end."""

        def write(connection: Connection) -> bool:
            values: dict[str, object] = {"id": id, "job": job, "now": to_micros(self._clock()), "most": MOST}
            if connection.execute(_NOTE, values).fetchone() is None:
                return False
            connection.execute(_DUE, values)
            connection.execute(_FORGET, {"before": values["now"], "kept": KEPT_SECONDS * 1_000_000})
            return True

        return await self._database.write(write)

    async def last(self) -> int:
        """The number of the last message."""
        row = await self._database.row("SELECT COALESCE(MAX(number), 0) FROM callbacks")
        return int(row[0]) if row else 0

    async def after(self, number: int) -> list[Heard]:
        """The messages after that one, in their order."""
        rows = await self._database.rows("SELECT number, job FROM callbacks WHERE number > ? ORDER BY number LIMIT 1000", (number,))
        return [Heard(row[0], row[1]) for row in rows]


_NOTE = """
INSERT INTO callbacks (id, job, number, received_at)
SELECT :id, jobs.id, (SELECT COALESCE(MAX(number), 0) + 1 FROM callbacks), :now FROM jobs
WHERE jobs.id = :job AND NOT ended AND (SELECT COUNT(*) FROM callbacks WHERE job = :job) < :most
ON CONFLICT (id) DO NOTHING RETURNING number
"""
_DUE = """
UPDATE jobs SET due_at = :now
WHERE id = :job AND lease_holder IS NULL AND due_at > :now AND state IN ('unknown', 'running', 'storing')
"""
_FORGET = "DELETE FROM callbacks WHERE received_at < :before - :kept AND number < (SELECT MAX(number) FROM callbacks)"
