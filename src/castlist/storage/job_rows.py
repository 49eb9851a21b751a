"""A job and its attempts as rows: what is queried has a column, the rest is one JSON document. All writes of jobs are here."""

import json
from collections.abc import Collection, Iterable
from datetime import datetime

from castlist.errors import NotFound
from castlist.model.jobs import Attempt, AttemptState, Failure, Job, State, total
from castlist.model.operations import CreateVideo
from castlist.storage import charges
from castlist.storage.assets import Role, link_assets
from castlist.storage.codec import decode, encode
from castlist.storage.database import Connection, Row, from_micros, many, to_micros
from castlist.storage.outbox_rows import tell

COLUMNS = "jobs.id, project, state, created_at, due_at, progress, deployment, cancel_requested, deleted_at, revision, jobs.doc"
WIDTH = 11
_HELD = frozenset(
    {"id", "project", "state", "created_at", "due_at", "progress", "deployment", "cancel_requested", "deleted_at", "revision"}
)
_OUTCOMES = frozenset({AttemptState.SUCCEEDED, AttemptState.FAILED, AttemptState.CANCELLED})
_RETURNING = f"RETURNING {COLUMNS.replace('jobs.', '')}"


def to_job(row: Row) -> Job:
    """The job in a row of COLUMNS."""
    known = {
        "id": row[0],
        "project": row[1],
        "state": State(row[2]),
        "created_at": from_micros(row[3]),
        "due_at": from_micros(row[4]),
        "progress": row[5],
        "deployment": row[6],
        "cancel_requested": bool(row[7]),
        "deleted_at": None if row[8] is None else from_micros(row[8]),
        "revision": row[9],
    }
    return decode(Job, json.loads(row[10]), given=known)


def to_attempt(doc: str) -> Attempt:
    """The attempt in its document."""
    return decode(Attempt, json.loads(doc))


def _values(job: Job) -> dict[str, object]:
    return {
        "id": job.id,
        "project": job.project,
        "state": job.state.value,
        "ended": job.ended,
        "created_at": to_micros(job.created_at),
        "due_at": to_micros(job.due_at),
        "progress": job.progress,
        "deployment": job.deployment,
        "cancel_requested": job.cancel_requested,
        "deleted_at": None if job.deleted_at is None else to_micros(job.deleted_at),
        "revision": job.revision,
        "doc": json.dumps(encode(job, without=_HELD), separators=(",", ":")),
    }


def insert_job(connection: Connection, job: Job) -> None:
    """The job, its characters and the assets it needs."""
    connection.execute(
        "INSERT INTO jobs "
        "(id, project, state, ended, created_at, due_at, progress, deployment, cancel_requested, deleted_at, revision, doc) VALUES "
        "(:id, :project, :state, :ended, :created_at, :due_at, :progress, :deployment, :cancel_requested, :deleted_at, :revision, :doc)",
        _values(job),
    )
    connection.executemany(
        "INSERT INTO job_characters (job, character) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(job.id, character) for character in job.operation.characters],
    )
    _link_inputs(connection, job)


def _link_inputs(connection: Connection, job: Job) -> None:
    for asset, role in inputs(job):
        link_assets(connection, job.id, assets=[asset], role=role)


def inputs(job: Job) -> Iterable[tuple[str, Role]]:
    """The assets a job starts from. Bytes that came with the request belong to it; another video's belong to that one."""
    operation = job.operation
    if isinstance(operation, CreateVideo):
        return [(operation.reference, "reference")] if operation.reference else []
    return [(operation.source.asset, "source" if operation.source.video else "upload")]


def update_job(connection: Connection, job: Job, *, holder: str, release: bool, until: int) -> bool:
    """Save a job that `holder` has the lease on, or say False. What others asked for meanwhile (cancel, delete) stays asked for. After a
    request that may cost, for which a lease may be long, it is no longer than `until`."""
    values = {**_values(job), "holder": holder, "release": release or job.ended, "until": until}
    if connection.execute(_UPDATE, values).rowcount != 1:
        return False
    if job.ended:
        charges.release(connection, job.id)
        tell(connection, job)
    # A source that was brought into another form is another asset than the one the job was added with.
    _link_inputs(connection, job)
    return True


_UPDATE = """
UPDATE jobs SET
  state = :state, ended = :ended, progress = :progress, deployment = :deployment, doc = :doc, revision = revision + 1,
  due_at = CASE WHEN cancel_requested AND NOT :cancel_requested AND due_at < :due_at THEN due_at ELSE :due_at END,
  cancel_requested = cancel_requested OR :cancel_requested,
  deleted_at = COALESCE(deleted_at, :deleted_at),
  lease_holder = CASE WHEN :release THEN NULL ELSE lease_holder END,
  lease_until = CASE
    WHEN :release THEN NULL
    WHEN state = 'submitting' AND :state <> 'submitting' AND lease_until > :until THEN :until
    ELSE lease_until
  END
WHERE id = :id AND lease_holder = :holder
"""


def insert_attempt(connection: Connection, attempt: Attempt) -> None:
    """A new attempt."""
    connection.execute(
        "INSERT INTO attempts (id, job, number, doc) VALUES (?, ?, ?, ?)", (attempt.id, attempt.job, attempt.number, _doc(attempt))
    )


def update_attempt(connection: Connection, attempt: Attempt) -> None:
    """An attempt as it is now, whoever holds its job; a ticket that another process has saved stays, and what became of the work under it.
    Raises NotFound when it was never opened."""
    row = connection.execute("SELECT doc FROM attempts WHERE id = ?", (attempt.id,)).fetchone()
    if row is not None and _is_behind(attempt, to_attempt(row[0])):
        return
    if connection.execute("UPDATE attempts SET doc = ? WHERE id = ?", (_doc(attempt), attempt.id)).rowcount != 1:
        raise NotFound(f"there is no attempt {attempt.id}", code="unknown_attempt")
    connection.execute("UPDATE jobs SET revision = revision + 1 WHERE id = ?", (attempt.job,))
    if attempt.state is AttemptState.REFUSED:
        charges.give_back(connection, attempt.id, job=attempt.job)
    else:
        charges.settle(connection, attempt.id, micros=attempt.cost.micros)


def _is_behind(attempt: Attempt, known: Attempt) -> bool:
    """Whether whoever saves it knows less than is known: an answer may arrive when another process has found the work, and fetched it."""
    return known.ticket is not None and (attempt.ticket is None or (known.state in _OUTCOMES and attempt.state not in _OUTCOMES))


def claim_jobs(connection: Connection, values: dict[str, object]) -> list[Job]:
    """Lease due jobs to `holder` until `until`, oldest due first, in one statement; no two processes get the same one."""
    jobs = [to_job(row) for row in connection.execute(_CLAIM, values)]
    return sorted(jobs, key=lambda job: (job.due_at, job.id))


_CLAIM = f"""
UPDATE jobs SET lease_holder = :holder, lease_until = :until WHERE id IN (
  SELECT id FROM jobs WHERE NOT ended AND due_at <= :now
  AND (deployment IS NULL OR deployment IN (SELECT value FROM json_each(:deployments)) OR (cancel_requested AND due_at <= :unheeded))
  AND id NOT IN (SELECT value FROM json_each(:besides))
  AND (
    lease_holder IS NULL OR lease_until < :now OR lease_holder IN (SELECT value FROM json_each(:surely_dead))
    OR (state <> 'submitting' AND lease_holder IN (SELECT value FROM json_each(:dead)))
  )
  ORDER BY due_at LIMIT :limit
) {_RETURNING}
"""


def cancel_job(connection: Connection, values: dict[str, object]) -> Job | None:
    """Ask for a job's end, due now; one that was not submitted yet ends here. One that has ended comes back as it is."""
    connection.execute(
        "UPDATE jobs SET cancel_requested = TRUE, due_at = :now, revision = revision + 1 "
        "WHERE id = :id AND project = :project AND deleted_at IS NULL AND NOT ended AND NOT cancel_requested",
        values,
    )
    _end_unsent(connection, values)
    sql = f"SELECT {COLUMNS} FROM jobs WHERE id = :id AND project = :project AND deleted_at IS NULL"
    row = connection.execute(sql, values).fetchone()
    return to_job(row) if row else None


def _end_unsent(connection: Connection, values: dict[str, object]) -> None:
    """What waits in the queue needs no worker to be cancelled, and may wait for one a long time."""
    sql = f"SELECT {COLUMNS} FROM jobs WHERE id = :id AND project = :project AND cancel_requested AND state IN ('queued', 'preparing')"
    _end(connection, sql, values, state=State.CANCELLED, failure=Failure("cancelled", "The video was cancelled."))


def delete_job(connection: Connection, values: dict[str, object]) -> Job | None:
    """Make a job invisible, and ask for its end if it has not ended."""
    row = connection.execute(
        "UPDATE jobs SET deleted_at = :now, cancel_requested = cancel_requested OR NOT ended, revision = revision + 1, "
        "due_at = CASE WHEN ended THEN due_at ELSE :now END "
        f"WHERE id = :id AND project = :project AND deleted_at IS NULL {_RETURNING}",
        values,
    ).fetchone()
    _end_unsent(connection, values)
    return to_job(row) if row else None


def fail_jobs(connection: Connection, ids: Collection[str], *, failure: Failure, now: datetime) -> None:
    """End those of the jobs that were not submitted yet."""
    sql = f"SELECT {COLUMNS} FROM jobs WHERE id IN (SELECT value FROM json_each(:ids)) AND state IN ('queued', 'preparing')"
    _end(connection, sql, {"ids": many(ids), "now": to_micros(now)}, state=State.FAILED, failure=failure)


def _end(connection: Connection, sql: str, values: dict[str, object], *, state: State, failure: Failure) -> None:
    """End the jobs that `sql` finds, whoever holds them: their leases are taken away, so that no worker saves over it."""
    now = values["now"]
    completed = from_micros(now) if isinstance(now, int) else None
    for row in connection.execute(sql, values).fetchall():
        job = to_job(row)
        attempts = [to_attempt(doc) for (doc,) in connection.execute("SELECT doc FROM attempts WHERE job = ?", (job.id,)).fetchall()]
        if any(attempt.state is AttemptState.TICKETED for attempt in attempts):
            continue  # what it left behind at a provider is to be stopped, so a worker ends it
        ended = job.to(state, error=failure, completed_at=completed, waiting=None, cost=total([attempt.cost for attempt in attempts]))
        connection.execute(
            "UPDATE jobs SET state = :state, ended = TRUE, doc = :doc, revision = revision + 1, lease_holder = NULL, lease_until = NULL "
            "WHERE id = :id",
            _values(ended),
        )
        charges.release(connection, ended.id)
        tell(connection, ended)


def _doc(attempt: Attempt) -> str:
    return json.dumps(encode(attempt), separators=(",", ":"))
