"""How each deployment does, as all processes on one database know it: its failures, who tries it again, its pace, and its traffic."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from castlist.errors import CastlistError
from castlist.model.providing import Deployment
from castlist.model.routes import Standing
from castlist.storage.database import Clock, Connection, Database, Row, from_micros, many, to_micros

WINDOW: Final = timedelta(minutes=1)
"""In which failures and submissions are counted."""

PROBED: Final = timedelta(minutes=3)
"""How long one job may take to try a deployment again before another one may."""

RECHECK: Final = 2.0
SLOT_AGAIN: Final = 30.0
NEW: Final = 0.3
"""The share of the last video in a deployment's pace."""

_COLUMNS = "deployment, failures, since, cooled_until, why, probe, probe_until, pace, samples"
_AT_WORK = (
    "SELECT deployment, state, count(*) FROM jobs WHERE NOT ended AND state IN ('preparing', 'submitting', 'unknown', 'running') "
    "AND deployment IN (SELECT value FROM json_each(:names)) AND id NOT IN (SELECT value FROM json_each(:besides)) "
    "GROUP BY deployment, state"
)
_OTHERS_AT_WORK = """
SELECT count(*) FROM jobs
WHERE NOT ended AND state IN ('submitting', 'unknown', 'running') AND deployment = :deployment AND id <> :job
"""
_SENT = (
    "SELECT deployment, count(*) FROM sends WHERE at > :since AND deployment IN (SELECT value FROM json_each(:names)) GROUP BY deployment"
)
_FULL_SINCE = "SELECT at FROM sends WHERE deployment = :deployment AND at > :since ORDER BY at DESC LIMIT 1 OFFSET :before"


class NoRoom(CastlistError):
    """A deployment may not be sent anything now: `code` is what the job waits for, `after` how many seconds until it looks again."""

    code = "slot"

    def __init__(self, code: str, *, after: float) -> None:
        super().__init__(f"the deployment takes nothing now: {code}", code=code)
        self.after = after


class Health:
    """Rows of deployments. What is read may be a moment old; what may be sent is decided by `admit`, in the sender's transaction."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def standings(
        self, deployments: Sequence[Deployment], *, count: Collection[str] | None = None, besides: Collection[str] = ()
    ) -> Mapping[str, Standing]:
        """What is known of these deployments, by id, and how much is at work there, the jobs `besides` left out: of those in `count` where
        that is given, as counting takes longer the more there is."""
        names, now = many([d.id for d in deployments]), self._clock()
        counted = names if count is None else many(count)
        at_work = {"names": counted, "besides": many(besides)}
        rows = await self._database.rows(
            f"SELECT {_COLUMNS} FROM health WHERE deployment IN (SELECT value FROM json_each(:names))", {"names": names}
        )
        found = {str(row[0]): _standing(row) for row in rows}
        for deployment, state, jobs in await self._database.rows(_AT_WORK, at_work) if counted != "[]" else ():
            known = found.get(deployment, Standing())
            running = known.running + (0 if state == "preparing" else jobs)
            found[deployment] = replace(known, running=running, assigned=known.assigned + jobs)
        for deployment, jobs in await self._database.rows(_SENT, {"names": names, "since": to_micros(now - WINDOW)}):
            found[deployment] = replace(found.get(deployment, Standing()), sent=jobs)
        for deployment in deployments:
            if deployment.rpm is not None and deployment.id in found:
                found[deployment.id] = replace(found[deployment.id], room_at=await self._room_at(deployment, now))
        return found

    async def _room_at(self, deployment: Deployment, now: datetime) -> datetime | None:
        row = await self._database.row(_FULL_SINCE, _window(deployment, now))
        return from_micros(row[0]) + WINDOW if row else None

    async def fail(self, deployment: str, why: str, *, allowed: int, cooldown: float) -> datetime | None:
        """Count a failure. More than `allowed` within a minute, or one while it is tried again, and it is left alone for `cooldown`
        seconds: until when, else None."""
        now = self._clock()

        def write(connection: Connection) -> datetime | None:
            known = _read(connection, deployment)
            recent = known is not None and known[2] > to_micros(now - WINDOW)
            failures = (int(known[1]) if known and recent else 0) + 1
            cool = failures > allowed or bool(known and known[3] is not None)
            until = now + timedelta(seconds=cooldown) if cool else None
            if until is not None and known and known[3] is not None:
                until = max(until, from_micros(known[3]))
            values = {
                "deployment": deployment,
                "failures": failures,
                "since": known[2] if known and recent else to_micros(now),
                "cooled_until": None if until is None else to_micros(until),
                "why": why,
            }
            connection.execute(_FAIL, values)
            return until

        return await self._database.write(write)

    async def recover(self, deployment: str) -> bool:
        """It took something: it is left alone no more. Whether it was."""
        row = await self._database.row("SELECT cooled_until FROM health WHERE deployment = :deployment", {"deployment": deployment})
        if row is None or row[0] is None:
            return False
        sql = (
            "UPDATE health SET failures = 0, cooled_until = NULL, probe = NULL, probe_until = NULL "
            "WHERE deployment = :deployment AND cooled_until IS NOT NULL"
        )
        return await self._database.write(lambda connection: connection.execute(sql, {"deployment": deployment}).rowcount > 0)

    async def measure(self, deployment: str, pace: float) -> None:
        """A video was waited for, `pace` seconds for each of its seconds."""
        micros = round(pace * 1_000_000)

        def write(connection: Connection) -> None:
            known = _read(connection, deployment)
            before = known[7] if known and known[7] is not None else micros
            values = {"deployment": deployment, "pace": round(before + NEW * (micros - before))}
            connection.execute(_MEASURE, values)

        await self._database.write(write)

    async def wake(self, deployments: Collection[str], *, limit: int) -> int:
        """Make those of the jobs due that have waited longest for a place at one of these deployments; how many."""
        sql = (
            "UPDATE jobs SET due_at = :now WHERE id IN (SELECT id FROM jobs WHERE NOT ended AND state = 'queued' AND due_at > :now "
            "AND deployment IN (SELECT value FROM json_each(:names)) ORDER BY created_at LIMIT :limit)"
        )
        values = {"now": to_micros(self._clock()), "names": many(deployments), "limit": limit}
        return await self._database.write(lambda connection: connection.execute(sql, values).rowcount)


_FAIL = """
INSERT INTO health (deployment, failures, since, cooled_until, why, samples)
VALUES (:deployment, :failures, :since, :cooled_until, :why, 0)
ON CONFLICT (deployment) DO UPDATE SET
  failures = excluded.failures, since = excluded.since, cooled_until = excluded.cooled_until, why = excluded.why,
  probe = NULL, probe_until = NULL
"""
_MEASURE = """
INSERT INTO health (deployment, failures, since, why, pace, samples) VALUES (:deployment, 0, 0, '', :pace, 1)
ON CONFLICT (deployment) DO UPDATE SET pace = excluded.pace, samples = health.samples + 1
"""


def admit(connection: Connection, deployment: Deployment, *, job: str, attempt: str, now: datetime) -> None:
    """Let one submission through, in the transaction that saves its intent. Raises NoRoom when the deployment is left alone or another
    job tries it, or when its places or the submissions of a minute are taken."""
    _check_health(connection, deployment.id, job=job, now=now)
    if deployment.parallel is not None:
        (count,) = connection.execute(_OTHERS_AT_WORK, {"deployment": deployment.id, "job": job}).fetchone()
        if count >= deployment.parallel:
            raise NoRoom("slot", after=SLOT_AGAIN)
    if deployment.rpm is not None:
        row = connection.execute(_FULL_SINCE, _window(deployment, now)).fetchone()
        if row is not None:
            raise NoRoom("rate_limit", after=max(0.1, (from_micros(row[0]) + WINDOW - now).total_seconds()))
    connection.execute("DELETE FROM sends WHERE at <= :since", {"since": to_micros(now - WINDOW)})
    connection.execute(
        "INSERT INTO sends (attempt, deployment, at) VALUES (:attempt, :deployment, :at)",
        {"attempt": attempt, "deployment": deployment.id, "at": to_micros(now)},
    )


def _check_health(connection: Connection, deployment: str, *, job: str, now: datetime) -> None:
    known = _read(connection, deployment)
    if known is None or known[3] is None:
        return
    standing = _standing(known)
    if standing.is_cooling(now) and standing.cooled_until is not None:
        raise NoRoom("cooldown", after=(standing.cooled_until - now).total_seconds())
    if standing.is_probed(now, job=job):
        raise NoRoom("cooldown", after=RECHECK)
    connection.execute(
        "UPDATE health SET probe = :job, probe_until = :until WHERE deployment = :deployment",
        {"job": job, "until": to_micros(now + PROBED), "deployment": deployment},
    )


def _read(connection: Connection, deployment: str) -> Row | None:
    found: Row | None = connection.execute(
        f"SELECT {_COLUMNS} FROM health WHERE deployment = :deployment", {"deployment": deployment}
    ).fetchone()
    return found


def _window(deployment: Deployment, now: datetime) -> dict[str, object]:
    """Where the submission lies that must be a minute old before another one may leave."""
    return {"deployment": deployment.id, "since": to_micros(now - WINDOW), "before": (deployment.rpm or 1) - 1}


def _standing(row: Row) -> Standing:
    return Standing(
        failures=row[1],
        cooled_until=None if row[3] is None else from_micros(row[3]),
        why=row[4],
        probe=row[5],
        probe_until=None if row[6] is None else from_micros(row[6]),
        pace=None if row[7] is None else row[7] / 1_000_000,
        samples=row[8],
    )
