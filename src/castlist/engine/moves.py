"""What every step does with a job: save it, put it off, say what it waits for."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from castlist.engine.kit import Kit
from castlist.model.characters import Note
from castlist.model.jobs import Attempt, Cost, CostState, Job
from castlist.model.operations import Operation
from castlist.model.providing import Deployment, Provider

WAIT_RETRY = 2.0
WAIT_STORAGE = 2.0
WAIT_UNKNOWN = 15.0


async def save(kit: Kit, job: Job) -> Job | None:
    """The job, saved; None when somebody else has it now."""
    return job if await kit.storage.jobs.save(job) else None


def assign(job: Job, deployment: Deployment) -> Job:
    """The job for that deployment, with what is said of every video it makes."""
    given = replace(job, deployment=deployment.id, provider=deployment.provider, provider_model=deployment.provider_model)
    for note in deployment.notes:
        given = given.warn(note)
    return given


async def in_budget(kit: Kit, job: Job) -> Operation:
    """The job's operation with what its attempts have left of its max_cost."""
    operation = job.operation
    if operation.wishes.max_cost is None:
        return operation
    spent = sum(attempt.cost.micros for attempt in await kit.storage.jobs.attempts(job.id))
    return replace(operation, wishes=replace(operation.wishes, max_cost=max(0, operation.wishes.max_cost - spent)))


def put_off(kit: Kit, job: Job, *, seconds: float) -> Job:
    """The job, due again after that many seconds."""
    return replace(job, due_at=kit.clock() + timedelta(seconds=seconds))


async def wait_for(kit: Kit, job: Job, reason: str, *, seconds: float) -> Job | None:
    """The job put off and saved with what it waits for."""
    return await save(kit, put_off(kit, replace(job, waiting=reason), seconds=seconds))


def warn_once(job: Job, note: Note) -> Job:
    """The job with the warning, unless it has one of that code: figures in the text change with every try."""
    return job if any(known.code == note.code for known in job.warnings) else job.warn(note)


async def current(kit: Kit, job: Job) -> Attempt | None:
    """The attempt that the job is at."""
    return next((a for a in await kit.storage.jobs.attempts(job.id) if a.id == job.attempt), None)


def provider_of(kit: Kit, attempt: Attempt) -> Provider | None:
    """The adapter of the account the attempt was made with, also when its deployment has left the configuration."""
    return kit.providers.get(attempt.account)


def ticket_of(attempt: Attempt | None) -> Mapping[str, object] | None:
    return attempt.ticket if attempt else None


def unsure(cost: Cost) -> Cost:
    """The cost when nobody can say whether it was charged."""
    return replace(cost, state=CostState.UNKNOWN)


def too_old(kit: Kit, attempt: Attempt) -> bool:
    """Whether the attempt had its time, some of it in this process: after a long power cut the provider is asked first."""
    now, most = kit.clock(), timedelta(seconds=kit.policy.max_age)
    since = kit.asked_since.setdefault(attempt.id, now)
    return now - attempt.started_at > most and now - since > min(most, timedelta(minutes=10))
