"""The jobs: the durable queue, and what every status read looks at."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from castlist.model.asks import Seen
from castlist.model.jobs import Attempt, Failure, Job, State
from castlist.model.providing import Deployment
from castlist.model.repeats import Mark
from castlist.storage import job_rows
from castlist.storage.assets import StoredAsset, insert_assets, link_assets, purge_assets
from castlist.storage.charges import SPENT, check, day_of, release, reserve
from castlist.storage.database import Clock, Connection, Database, many, to_micros
from castlist.storage.health import admit
from castlist.storage.holders import Holders
from castlist.storage.listing import list_in_states, list_with_character
from castlist.storage.page import Page, read_page
from castlist.storage.pending import Pending
from castlist.storage.requests import find_twin, forget_requests, insert_request
from castlist.storage.retention import expire, keep_until
from castlist.storage.sight import Sight

UNHEEDED = timedelta(seconds=3)
FORSAKEN = timedelta(seconds=60)
_STRAY = "NOT ended AND deployment IS NOT NULL AND deployment NOT IN (SELECT value FROM json_each(:ours))"
_LEFT = "due_at < :before AND (lease_holder IS NULL OR lease_until < :now)"
_FORSAKEN = f"{_STRAY} AND state IN ('queued', 'preparing') AND {_LEFT}"
_LOOKED_AT = 400


@dataclass(frozen=True)
class Stray:
    """The accounts under which a deployment's jobs were sent, and whether nobody has looked at one that was sent for a minute."""

    accounts: frozenset[str] = frozenset()
    left: bool = False


class Jobs:
    """Rows of jobs and attempts. "Fenced": done only while this process has the job's lease, and False otherwise."""

    def __init__(self, database: Database, holders: Holders, *, pending: Pending, clock: Clock) -> None:
        self._database = database
        self._holders = holders
        self._pending = pending
        self._clock = clock
        self._lease = 0.0
        self._sight = Sight(database)

    async def seen(self, project: str, job: str) -> Seen | None:
        """The job with its attempts, at one moment; None when it is deleted or another project's. Microseconds while nothing changes."""
        found = await self._sight.read(job)
        if found is None or found.job.project != project or found.job.deleted_at is not None:
            return None
        return found

    async def get(self, project: str, job: str) -> Job | None:
        """The job; None when it is deleted or another project's."""
        found = await self.seen(project, job)
        return found.job if found else None

    async def any(self, job: str) -> Job | None:
        """The job, in whichever project and deleted too."""
        found = await self._sight.read(job)
        return found.job if found else None

    async def attempts(self, job: str) -> tuple[Attempt, ...]:
        """The attempts of a job, oldest first."""
        found = await self._sight.read(job)
        return found.attempts if found else ()

    async def page(
        self,
        project: str,
        *,
        after: str | None,
        limit: int,
        order: Literal["asc", "desc"],
        states: frozenset[State] | None,
        character: str | None,
    ) -> Page[Job]:
        """One page of a project's jobs by time of creation. Raises NotFound for an `after` that is no job of the project."""
        values: dict[str, object] = {"project": project, "after": after, "limit": limit}
        if character is not None:
            rows = await list_with_character(self._database, character, states=states, values=values, order=order)
        elif states is not None:
            rows = await list_in_states(self._database, states, values=values, order=order)
        else:
            rows = await read_page(self._database, f"SELECT {job_rows.COLUMNS} FROM jobs", (), values=values, order=order)
        return Page(tuple(job_rows.to_job(row) for row in rows[:limit]), len(rows) > limit)

    async def queued_with_character(self, character: str) -> list[str]:
        """Ids of jobs with that character that were not submitted yet."""
        return [row[0] for row in await self._database.rows(QUEUED_WITH_CHARACTER, (character,))]

    async def followups(self, asset: str) -> int:
        """How many unfinished jobs start from that asset."""
        sql = "SELECT count(*) FROM asset_uses JOIN jobs ON jobs.id = owner WHERE asset = ? AND role IN ('source', 'upload') AND NOT ended"
        return await self._count(sql, asset)

    async def unfinished(self) -> int:
        """How many jobs have not ended."""
        return await self._count("SELECT count(*) FROM jobs WHERE NOT ended")

    async def cancels(self) -> list[str]:
        """Ids of unfinished jobs in this process's hands whose end somebody asks for."""
        sql = "SELECT id FROM jobs WHERE cancel_requested AND NOT ended AND lease_holder = ?"
        return [row[0] for row in await self._database.rows(sql, (self._holders.me,))]

    async def stranded(self, deployments: Collection[str]) -> Mapping[str, int]:
        """How many unfinished jobs wait for each deployment that is not among `deployments`."""
        sql = (
            "SELECT deployment, count(*) FROM jobs WHERE NOT ended AND deployment IS NOT NULL "
            "AND deployment NOT IN (SELECT value FROM json_each(?)) GROUP BY deployment ORDER BY deployment"
        )
        return {row[0]: row[1] for row in await self._database.rows(sql, (many(deployments),))}

    async def strays(self, deployments: Collection[str]) -> Mapping[str, Stray]:
        """The deployments not among `deployments` to which unfinished jobs were sent."""
        sql = (
            f"SELECT deployment, json_extract(attempts.doc, '$.account'), "
            f"MAX(CASE WHEN state NOT IN ('queued', 'preparing') AND {_LEFT} THEN 1 ELSE 0 END) "
            f"FROM jobs JOIN attempts ON attempts.job = jobs.id WHERE {_STRAY} GROUP BY 1, 2"
        )
        found: dict[str, Stray] = {}
        for deployment, account, left in await self._database.rows(sql, {"ours": many(deployments), **self._moments()}):
            known = found.get(deployment, Stray())
            found[deployment] = Stray(known.accounts | {account}, left=known.left or bool(left))
        return found

    async def forsaken(self, deployments: Collection[str], *, limit: int) -> list[Job]:
        """Jobs not sent yet that wait for a deployment which is not among `deployments`, and that nobody has looked at since they were due,
        for a minute; the oldest first."""
        sql = f"SELECT {job_rows.COLUMNS} FROM jobs WHERE {_FORSAKEN} ORDER BY due_at LIMIT :limit"
        rows = await self._database.rows(sql, {"ours": many(deployments), "limit": limit, **self._moments()})
        return [job_rows.to_job(row) for row in rows]

    async def unassign(self, ids: Collection[str], *, besides: Collection[str]) -> None:
        """Those of the jobs that are forsaken still, by any but the deployments `besides`, may go to any other."""
        sql = f"UPDATE jobs SET deployment = NULL, revision = revision + 1 WHERE id IN (SELECT value FROM json_each(:ids)) AND {_FORSAKEN}"
        values = {"ids": many(ids), "ours": many(besides), **self._moments()}
        await self._database.write(lambda connection: connection.execute(sql, values).rowcount)

    def _moments(self) -> dict[str, object]:
        now = self._clock()
        return {"now": to_micros(now), "before": to_micros(now - FORSAKEN)}

    async def durations(self, deployment: str, *, limit: int) -> list[float]:
        """How many seconds the last attempts took that succeeded on a deployment, newest first; looked for among the last few hundred."""
        sql = (
            "SELECT json_extract(doc, '$.started_at'), json_extract(doc, '$.ended_at') "
            f"FROM (SELECT doc FROM attempts ORDER BY id DESC LIMIT {_LOOKED_AT}) "
            "WHERE json_extract(doc, '$.deployment') = ? AND json_extract(doc, '$.state') = 'succeeded' LIMIT ?"
        )
        rows = await self._database.rows(sql, (deployment, limit))
        return [(datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() for start, end in rows if start and end]

    async def wake_with_character(self, character: str) -> None:
        """The jobs that wait for that character are due now."""
        sql = (
            "UPDATE jobs SET due_at = ? WHERE NOT ended AND state = 'preparing' AND due_at > ? "
            "AND id IN (SELECT job FROM job_characters WHERE character = ?)"
        )
        now = to_micros(self._clock())
        await self._database.write(lambda connection: connection.execute(sql, (now, now, character)).rowcount)

    async def _count(self, sql: str, *values: object) -> int:
        row = await self._database.row(sql, values)
        return int(row[0]) if row else 0

    async def add(self, job: Job, *, limit: int | None = None, mark: Mark | None = None) -> bool:
        """A new job, with its characters, the assets it starts from, what it may cost reserved, and how its request is known again; False
        when that request, sent twice, has made one meanwhile. Raises SpendLimit when what may be spent in a day, `limit` in millionths,
        has no room for it."""

        def write(connection: Connection) -> bool:
            now = self._clock()
            if mark and find_twin(connection, mark, now=now):
                return False
            reserve(connection, job.id, micros=job.cost.micros, now=now, limit=limit)
            job_rows.insert_job(connection, job)
            if mark:
                insert_request(connection, mark, owner=job.id, now=now)
            return True

        added = await self._database.write(write)
        if added:
            self._settle(job)
        return added

    async def spent(self) -> int:
        """What is spent or reserved today (UTC), in millionths."""
        return await self._count(SPENT, day_of(self._clock()))

    async def check_spend(self, micros: int, *, limit: int | None) -> None:
        """Raises SpendLimit as `add` would now."""
        if micros and limit is not None:
            check(micros, now=self._clock(), spent=await self.spent(), limit=limit)

    def _settle(self, job: Job) -> None:
        self._pending.settle([asset for asset, _ in job_rows.inputs(job)])

    async def claim(self, *, deployments: Collection[str], limit: int, lease: float, besides: Collection[str] = ()) -> list[Job]:
        """Lease due jobs to this process for `lease` seconds, oldest due first: free ones, and those of a lease that ran out or whose
        holder is dead. Only jobs of no deployment yet or of one of `deployments`, and those whose cancel nobody has heeded for a while;
        never those in `besides`, which this process has in hand."""

        self._lease = lease

        def write(connection: Connection) -> list[Job]:
            now = self._clock()
            values: dict[str, object] = {
                "holder": self._holders.me,
                "now": to_micros(now),
                "until": to_micros(now + timedelta(seconds=lease)),
                "deployments": many(deployments),
                "dead": many(self._holders.dead()),
                "surely_dead": many(self._holders.surely_dead()),
                "limit": limit,
                "besides": many(besides),
                "unheeded": to_micros(now - UNHEEDED),
            }
            return job_rows.claim_jobs(connection, values)

        return await self._database.write(write)

    async def renew(self, ids: Collection[str], *, lease: float) -> set[str]:
        """Hold on to leases for `lease` seconds from now, not shortening that of a request that may cost; the ids of those still ours."""

        def write(connection: Connection) -> set[str]:
            until = to_micros(self._clock() + timedelta(seconds=lease))
            sql = (
                "UPDATE jobs SET lease_until = CASE WHEN state = 'submitting' AND lease_until > :until THEN lease_until ELSE :until END "
                "WHERE lease_holder = :me AND NOT ended AND id IN (SELECT value FROM json_each(:ids)) RETURNING id"
            )
            return {row[0] for row in connection.execute(sql, {"until": until, "me": self._holders.me, "ids": many(ids)})}

        return await self._database.write(write) if ids else set()

    async def save(self, job: Job, *, release: bool = False) -> bool:
        """Save a job. Fenced. `release` gives the lease back, as the end of a job always does. A cancel or delete that came meanwhile
        stays, and then the job is due as soon as that one made it."""
        done = await self._database.write(lambda connection: self._update(connection, job, release=release))
        if done:
            self._settle(job)
        return done

    def _update(self, connection: Connection, job: Job, *, release: bool) -> bool:
        until = to_micros(self._clock() + timedelta(seconds=self._lease))
        return job_rows.update_job(connection, job, holder=self._holders.me, release=release, until=until)

    async def save_progress(self, progress: Mapping[str, int]) -> None:
        """Progress of many jobs at once. Fenced; what has not changed is not written."""
        rows = [{"id": job, "percent": percent, "holder": self._holders.me} for job, percent in progress.items()]
        sql = (
            "UPDATE jobs SET progress = :percent, revision = revision + 1 "
            "WHERE id = :id AND lease_holder = :holder AND NOT ended AND progress < :percent"
        )
        if rows:
            await self._database.write(lambda connection: connection.executemany(sql, rows).rowcount)

    async def open_attempt(self, job: Job, attempt: Attempt, *, limit: int | None = None, gate: Deployment | None = None) -> bool:
        """Save the intent to submit, and the job with it; what was reserved for the job is now for this attempt. Fenced. Raises
        SpendLimit as `add` does, and NoRoom when the deployment `gate` may not be sent anything now."""

        def write(connection: Connection) -> bool:
            if not self._update(connection, job, release=False):
                return False
            if gate is not None:
                admit(connection, gate, job=job.id, attempt=attempt.id, now=self._clock())
            release(connection, job.id)
            reserve(connection, attempt.id, micros=attempt.cost.micros, now=self._clock(), limit=limit)
            job_rows.insert_attempt(connection, attempt)
            return True

        done = await self._database.write(write)
        if done:
            self._settle(job)
        return done

    async def save_attempt(self, attempt: Attempt) -> None:
        """Save an attempt, whoever holds the job: a ticket must not be lost. Raises NotFound for one that was never opened."""
        await self._database.write(lambda connection: job_rows.update_attempt(connection, attempt))

    async def finish(self, job: Job, *, attempt: Attempt | None, assets: Sequence[StoredAsset]) -> bool:
        """The end of a job with all that belongs to it: its attempt's outcome and the rows of its assets. Fenced."""

        def write(connection: Connection) -> bool:
            if not self._update(connection, job, release=True):
                return False
            if attempt is not None:
                job_rows.update_attempt(connection, attempt)
            insert_assets(connection, assets)
            link_assets(connection, job.id, assets=[asset.id for asset in assets], role="result")
            if job.expires_at is not None:
                keep_until(connection, job.id, moment=job.expires_at)
            return True

        done = await self._database.write(write)
        if done:
            self._settle(job)
            self._pending.settle([asset.id for asset in assets])
        return done

    async def request_cancel(self, project: str, job: str) -> Job | None:
        """Ask for a job's end, due now; the job as it is then. One that was not submitted ends here, one that has ended stays as it is."""
        return await self._database.write(lambda connection: job_rows.cancel_job(connection, self._named(project, job)))

    async def delete(self, project: str, job: str) -> Job | None:
        """Make a job invisible, and ask for its end if it has not ended; its bytes go with `purge`."""
        return await self._database.write(lambda connection: job_rows.delete_job(connection, self._named(project, job)))

    def _named(self, project: str, job: str) -> dict[str, object]:
        return {"project": project, "id": job, "now": to_micros(self._clock())}

    async def fail_queued(self, ids: Collection[str], failure: Failure) -> None:
        """End those of the jobs that were not submitted yet, whoever holds them."""
        if ids:
            await self._database.write(lambda connection: job_rows.fail_jobs(connection, ids, failure=failure, now=self._clock()))

    async def purge(self) -> list[str]:
        """Forget the assets of deleted jobs and characters, and of jobs whose files are kept no longer, that no unfinished job needs;
        their ids, for the bytes to be deleted. And the requests of yesterday."""

        def write(connection: Connection) -> list[str]:
            forget_requests(connection, now=self._clock())
            return [*purge_assets(connection), *expire(connection, now=self._clock())]

        return await self._database.write(write)


QUEUED_WITH_CHARACTER = (
    "SELECT jobs.id FROM job_characters JOIN jobs ON jobs.id = job WHERE character = ? AND state IN ('queued', 'preparing')"
)
