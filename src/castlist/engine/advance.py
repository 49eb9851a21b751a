"""Moving a job: one saved transition at a time, each of which a crash may follow."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from castlist import casting, routing
from castlist.engine.kit import Kit
from castlist.engine.sources import normalise
from castlist.engine.storing import store
from castlist.errors import Ambiguous, CastlistError, LostJob, Moderated, NotSent, ProviderError, Retry, StorageFull
from castlist.model.characters import CastMember, Character, CharacterState, Note
from castlist.model.jobs import Attempt, AttemptState, Cost, CostState, Failure, Job, State
from castlist.model.operations import CreateVideo, Operation
from castlist.model.providing import Absent, Cancelled, CannotTell, Deployment, Order, Phase, Progress, Stopped, Ticket

WAIT_CHARACTER = 0.3
WAIT_STORAGE = 5.0
WAIT_RETRY = 2.0
WAIT_UNKNOWN = 15.0
LOST_FOR = timedelta(minutes=10)


async def advance(kit: Kit, job: Job) -> Job | None:
    """The job one step further and saved, or None when somebody else has it now. `due_at` says when the next step is worth taking."""
    try:
        return await _step(kit, job)
    except StorageFull as error:
        note = Note("storage_full", f"Waiting for room to store: {error.message}")
        return await _save(kit, _later(kit, replace(job.warn(note), waiting="storage_full"), seconds=WAIT_STORAGE))


async def _step(kit: Kit, job: Job) -> Job | None:
    if job.cancel_requested and not job.ended:
        return await _cancel(kit, job)
    match job.state:
        case State.QUEUED:
            return await _choose(kit, job)
        case State.PREPARING:
            return await _prepare(kit, job)
        case State.SUBMITTING | State.UNKNOWN:
            return await _reconcile(kit, job)
        case State.RUNNING:
            return await _poll(kit, job)
        case State.STORING:
            return await _store(kit, job)
        case _:
            return job


async def _save(kit: Kit, job: Job) -> Job | None:
    return job if await kit.storage.jobs.save(job) else None


def _later(kit: Kit, job: Job, *, seconds: float) -> Job:
    return replace(job, due_at=kit.clock() + timedelta(seconds=seconds))


async def fail(kit: Kit, job: Job, failure: Failure, *, attempt: Attempt | None = None) -> Job | None:
    """The job ended as failed, with its attempt's outcome in the same transaction."""
    ended = job.to(State.FAILED, error=failure, completed_at=kit.clock(), waiting=None)
    if attempt and attempt.state in (AttemptState.INTENT, AttemptState.TICKETED):
        attempt = replace(attempt, state=AttemptState.FAILED, ended_at=kit.clock(), error=failure)
    return ended if await kit.storage.jobs.finish(ended, attempt=attempt, assets=()) else None


async def _choose(kit: Kit, job: Job) -> Job | None:
    try:
        plan = routing.plan(job.operation, kit.deployments, tried=job.tried)
    except CastlistError as error:
        return await fail(kit, job, Failure(error.code, error.message))
    if not plan.able:
        attempts = await kit.storage.jobs.attempts(job.id)
        last = next((a.error for a in reversed(attempts) if a.error), None)
        return await fail(kit, job, last or Failure("no_deployment", "No deployment is left that could take this video."))
    chosen = plan.able[0]
    ready = job.to(State.PREPARING, deployment=chosen.id, provider=chosen.provider, provider_model=chosen.provider_model, waiting=None)
    for note in chosen.notes:
        ready = ready.warn(note)
    return await _save(kit, ready)


async def _prepare(kit: Kit, job: Job) -> Job | None:
    deployment = kit.deployment(job.deployment)
    if deployment is None:
        return await _save(kit, job.to(State.QUEUED, deployment=None))
    characters = [c for id in job.operation.characters if (c := await kit.storage.characters.any(id))]  # noqa: A001
    broken = _broken(job, characters)
    if broken:
        return await fail(kit, job, broken)
    if any(c.state is CharacterState.PREPARING for c in characters):
        return await _save(kit, _later(kit, replace(job, waiting="character"), seconds=WAIT_CHARACTER))
    try:
        job = replace(job, operation=await normalise(kit, job), waiting=None)
        return await _submit(kit, job, deployment, characters=characters)
    except ProviderError as error:
        return await _refused(kit, job, error)
    except CastlistError as error:
        if isinstance(error, StorageFull):
            raise
        return await fail(kit, job, Failure(error.code, error.message))


def _broken(job: Job, characters: Sequence[Character]) -> Failure | None:
    if any(c.deleted_at for c in characters) or len(characters) < len(job.operation.characters):
        return Failure("character_deleted", "A character of this video was deleted before the video was made.")
    failed = next((c for c in characters if c.state is CharacterState.FAILED), None)
    return Failure("character_failed", f"{failed.name} could not be made from its clip: {failed.error}") if failed else None


async def _submit(kit: Kit, job: Job, deployment: Deployment, *, characters: Sequence[Character]) -> Job | None:
    provider = kit.provider(deployment)
    members = casting.cast(job.operation, characters, deployment)
    order = await _order(kit, job, deployment, members=members)
    prepared = await provider.prepare(order)
    for note in (*_notes(job.operation, members, characters), *prepared.warnings):
        job = job.warn(note)
    attempt = _attempt(kit, job, deployment, number=len(await kit.storage.jobs.attempts(job.id)) + 1)
    job = job.to(State.SUBMITTING, attempt=attempt.id, cast=members)
    if not await kit.storage.jobs.open_attempt(job, attempt):
        return None
    try:
        ticket = await provider.submit(prepared)
    except Ambiguous as error:
        held = replace(attempt, state=AttemptState.UNKNOWN, error=Failure(error.code, error.message), cost=_unknown(attempt.cost))
        await kit.storage.jobs.save_attempt(held)
        return await _save(kit, _later(kit, job.to(State.UNKNOWN, cost=held.cost), seconds=WAIT_UNKNOWN))
    except ProviderError as error:
        return await _refused(kit, job, error, attempt=attempt)
    return await _accepted(kit, job, attempt, ticket=ticket)


async def _accepted(kit: Kit, job: Job, attempt: Attempt, *, ticket: Ticket) -> Job | None:
    attempt = replace(attempt, state=AttemptState.TICKETED, ticket=ticket.data, error=None)
    await kit.storage.jobs.save_attempt(attempt)
    return await _save(kit, replace(job.to(State.RUNNING, waiting=None), due_at=kit.clock()))


def _notes(operation: Operation, members: Sequence[CastMember], characters: Sequence[Character]) -> tuple[Note, ...]:
    _, added = casting.compile_prompt(operation.prompt, members)
    named = added if isinstance(operation, CreateVideo) else ()
    return (*named, *casting.notes(operation, members, characters))


async def _order(kit: Kit, job: Job, deployment: Deployment, *, members: Sequence[CastMember]) -> Order:
    operation = job.operation
    prompt = operation.prompt
    if isinstance(operation, CreateVideo):
        prompt, _ = casting.compile_prompt(operation.prompt, members)
    source = None if isinstance(operation, CreateVideo) else operation.source.video
    ticket, seed = await _source_ticket(kit, source, deployment) if source else (None, None)
    number = operation.seed if operation.seed is not None else seed
    return Order(
        operation=operation,
        provider_model=deployment.provider_model,
        prompt=prompt,
        cast=tuple(members),
        reference=job.id,
        seed=number if number is not None else _own_seed(job.id),
        source_ticket=ticket,
    )


def _own_seed(id: str) -> int:  # noqa: A002
    return int.from_bytes(id.encode()[-8:], "big") & 0x7FFF_FFFF


async def _source_ticket(kit: Kit, source: str, deployment: Deployment) -> tuple[dict[str, object] | None, int | None]:
    job = await kit.storage.jobs.any(source)
    seed = (job.operation.seed if job.operation.seed is not None else _own_seed(job.id)) if job else None
    for attempt in await kit.storage.jobs.attempts(source):
        if attempt.state is AttemptState.SUCCEEDED and attempt.account == deployment.account.name and attempt.ticket:
            return dict(attempt.ticket), seed
    return None, seed


def _attempt(kit: Kit, job: Job, deployment: Deployment, *, number: int) -> Attempt:
    return Attempt(
        id=kit.new_id("att"),
        job=job.id,
        number=number,
        deployment=deployment.id,
        provider=deployment.provider,
        account=deployment.account.name,
        provider_model=deployment.provider_model,
        state=AttemptState.INTENT,
        reference=job.id if number == 1 else f"{job.id}-{number}",
        reason=f"first of the deployments able to take it under {job.operation.model}",
        started_at=kit.clock(),
        cost=job.cost,
    )


def _unknown(cost: Cost) -> Cost:
    return replace(cost, state=CostState.UNKNOWN)


async def _refused(kit: Kit, job: Job, error: ProviderError, *, attempt: Attempt | None = None) -> Job | None:
    """Nothing exists upstream: wait and ask the same again, ask elsewhere, or fail."""
    failure = Failure(error.code, error.message)
    if attempt:
        attempt = replace(attempt, state=AttemptState.REFUSED, error=failure, ended_at=kit.clock(), cost=Cost())
        await kit.storage.jobs.save_attempt(attempt)
    if error.retry is Retry.NEVER or isinstance(error, Moderated):
        return await fail(kit, replace(job, cost=Cost()), failure, attempt=attempt)
    wait = error.after or WAIT_RETRY
    if error.retry is Retry.SAME and kit.clock() + timedelta(seconds=wait) - job.created_at < timedelta(seconds=kit.policy.max_age):
        return await _save(kit, _later(kit, job.to(State.QUEUED, waiting=error.code), seconds=wait))
    tried = (*job.tried, job.deployment) if job.deployment else job.tried
    return await _save(kit, job.to(State.QUEUED, tried=tried, deployment=None))


async def _current(kit: Kit, job: Job) -> Attempt | None:
    return next((a for a in await kit.storage.jobs.attempts(job.id) if a.id == job.attempt), None)


async def _reconcile(kit: Kit, job: Job) -> Job | None:
    """An intent without a ticket: ask the provider, never send again unless it is sure that nothing exists there."""
    attempt, deployment = await _current(kit, job), kit.deployment(job.deployment)
    if attempt is None:
        return await _save(kit, job.to(State.QUEUED))
    if attempt.ticket is not None:
        return await _save(kit, job.to(State.RUNNING))
    if attempt.state is AttemptState.REFUSED:
        return await _save(kit, job.to(State.QUEUED))
    if deployment is not None:
        match await kit.provider(deployment).find(attempt.reference):
            case Ticket() as ticket:
                return await _accepted(kit, job, attempt, ticket=ticket)
            case Absent():
                failure = Failure("not_sent", "The request never reached the provider.")
                lost = replace(attempt, state=AttemptState.REFUSED, error=failure, ended_at=kit.clock(), cost=Cost())
                await kit.storage.jobs.save_attempt(lost)
                return await _save(kit, job.to(State.QUEUED))
            case CannotTell():
                pass
    return await _hold(kit, job, attempt)


async def _hold(kit: Kit, job: Job, attempt: Attempt) -> Job | None:
    if attempt.state is not AttemptState.UNKNOWN:
        attempt = replace(attempt, state=AttemptState.UNKNOWN, cost=_unknown(attempt.cost))
        await kit.storage.jobs.save_attempt(attempt)
    if (kit.clock() - attempt.started_at).total_seconds() > kit.policy.unknown_after:
        text = "The provider never answered the request, so it is not known whether a video was made and charged. It was not sent again."
        return await fail(kit, replace(job, cost=_unknown(job.cost)), Failure("provider_unknown", text), attempt=attempt)
    return await _save(kit, _later(kit, job.to(State.UNKNOWN, cost=_unknown(job.cost)), seconds=WAIT_UNKNOWN))


async def _poll(kit: Kit, job: Job) -> Job | None:
    attempt, deployment = await _current(kit, job), kit.deployment(job.deployment)
    if attempt is None or attempt.ticket is None:
        return await _save(kit, job.to(State.QUEUED))
    if deployment is None:
        return await _save(kit, _later(kit, replace(job, waiting="deployment_missing"), seconds=WAIT_UNKNOWN))
    if kit.clock() - attempt.started_at > timedelta(seconds=kit.policy.max_age):
        failure = Failure("provider_lost_job", f"{attempt.provider} did not finish within {kit.policy.max_age / 3600:g} hours.")
        return await fail(kit, job, failure, attempt=attempt)
    try:
        progress = (await kit.provider(deployment).poll([Ticket(attempt.ticket)]))[0]
    except LostJob as error:
        if kit.clock() - attempt.started_at > LOST_FOR:
            return await fail(kit, job, Failure(error.code, error.message), attempt=attempt)
        return await _save(kit, _later(kit, job, seconds=WAIT_UNKNOWN))
    except ProviderError as error:
        return await _save(kit, _later(kit, job, seconds=error.after or WAIT_RETRY))
    return await _follow(kit, job, attempt, progress=progress)


async def _follow(kit: Kit, job: Job, attempt: Attempt, *, progress: Progress) -> Job | None:
    if progress.ticket:
        attempt = replace(attempt, ticket=progress.ticket.data)
        await kit.storage.jobs.save_attempt(attempt)
    match progress.phase:
        case Phase.QUEUED | Phase.RUNNING:
            percent = max(job.progress, min(99, progress.percent))
            return _later(kit, replace(job, progress=percent), seconds=progress.again or WAIT_RETRY)
        case Phase.DONE:
            cost = progress.cost or job.cost
            return await _save(kit, job.to(State.STORING, progress=max(job.progress, 99), cost=cost))
        case Phase.CANCELLED:
            return await _cancelled(kit, job, attempt, may_cost=False)
        case Phase.FAILED:
            return await _failed_upstream(kit, job, attempt, progress=progress)


async def _failed_upstream(kit: Kit, job: Job, attempt: Attempt, *, progress: Progress) -> Job | None:
    failure = progress.failure or Failure("provider_failed", f"{attempt.provider} failed without saying why.")
    attempt = replace(attempt, state=AttemptState.FAILED, error=failure, ended_at=kit.clock(), cost=progress.cost or attempt.cost)
    await kit.storage.jobs.save_attempt(attempt)
    tried = (*job.tried, attempt.deployment)
    if not progress.retryable or progress.moderated or not _others(kit, job, tried=tried):
        return await fail(kit, job, failure, attempt=attempt)
    return await _save(kit, job.to(State.QUEUED, tried=tried, deployment=None, progress=0))


def _others(kit: Kit, job: Job, *, tried: Sequence[str]) -> bool:
    try:
        return bool(routing.plan(job.operation, kit.deployments, tried=tried).able)
    except CastlistError:
        return False


async def _store(kit: Kit, job: Job) -> Job | None:
    attempt, deployment = await _current(kit, job), kit.deployment(job.deployment)
    if attempt is None or attempt.ticket is None or deployment is None:
        return await _save(kit, _later(kit, replace(job, waiting="deployment_missing"), seconds=WAIT_UNKNOWN))
    try:
        return await store(kit, job, attempt, provider=kit.provider(deployment))
    except ProviderError as error:
        again = _later(kit, job.to(State.RUNNING), seconds=error.after or (0.0 if isinstance(error, NotSent) else WAIT_RETRY))
        return await _save(kit, again)


async def _cancel(kit: Kit, job: Job) -> Job | None:
    attempt, deployment = await _current(kit, job), kit.deployment(job.deployment)
    if attempt is None or attempt.ticket is None or deployment is None:
        unknown = job.state in (State.SUBMITTING, State.UNKNOWN)
        return await _cancelled(kit, job, attempt, may_cost=unknown)
    try:
        outcome = await kit.provider(deployment).cancel(Ticket(attempt.ticket))
    except NotImplementedError:
        outcome = Cancelled(Stopped.UNSUPPORTED, may_cost=True)
    except ProviderError as error:
        return await _save(kit, _later(kit, job, seconds=error.after or WAIT_RETRY))
    if outcome.outcome is not Stopped.STOPPED:
        text = f"{attempt.provider} could not stop the work ({outcome.outcome}); it may still cost."
        job = job.warn(Note("cancel_not_stopped", text))
    return await _cancelled(kit, job, attempt, may_cost=outcome.may_cost)


async def _cancelled(kit: Kit, job: Job, attempt: Attempt | None, *, may_cost: bool) -> Job | None:
    failure = Failure("cancelled", "The video was cancelled.")
    cost = _unknown(job.cost) if may_cost else Cost()
    if attempt and attempt.ended_at is None:
        attempt = replace(attempt, state=AttemptState.CANCELLED, ended_at=kit.clock(), error=failure, cost=cost)
    ended = job.to(State.CANCELLED, error=failure, completed_at=kit.clock(), cost=cost, waiting=None)
    return ended if await kit.storage.jobs.finish(ended, attempt=attempt, assets=()) else None
