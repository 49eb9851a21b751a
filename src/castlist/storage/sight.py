"""Jobs with their attempts, read once and kept until they change: what makes a status read cheap."""

from castlist.model.asks import Seen
from castlist.storage.database import Database
from castlist.storage.job_rows import COLUMNS, WIDTH, to_attempt, to_job

_KEPT = 4096
_READ = f"SELECT {COLUMNS}, attempts.doc FROM jobs LEFT JOIN attempts ON attempts.job = jobs.id WHERE jobs.id = ? ORDER BY number"


class Sight:
    """Decoded jobs by id. Every change of a job or of its attempts raises the job's revision: that is what is looked at, and only
    after somebody committed something."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._version = 0
        self._kept: dict[str, Seen] = {}
        self._fresh: set[str] = set()

    async def read(self, job: str) -> Seen | None:
        """The job and its attempts at one moment, in whichever project, deleted or not."""
        version = self._database.version()
        if version != self._version:
            self._version = version
            self._fresh.clear()
        kept = self._kept.get(job)
        if kept is not None:
            if job in self._fresh:
                return kept
            row = await self._database.row("SELECT revision FROM jobs WHERE id = ?", (job,))
            if row is not None and row[0] == kept.job.revision:
                if self._version == version:
                    self._fresh.add(job)
                return kept
        return await self._load(job, version)

    async def _load(self, job: str, version: int) -> Seen | None:
        self._kept.pop(job, None)
        rows = await self._database.rows(_READ, (job,))
        if not rows:
            return None
        seen = Seen(to_job(rows[0][:WIDTH]), tuple(to_attempt(row[WIDTH]) for row in rows if row[WIDTH] is not None))
        if self._version != version:
            # Somebody committed while this was read: true, but not to be kept.
            return seen
        if len(self._kept) >= _KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[job] = seen
        self._fresh.add(job)
        return seen
