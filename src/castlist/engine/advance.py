"""Moving a job: one saved transition at a time, each of which a crash may follow."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import structlog

from castlist.engine.binding import lose_late
from castlist.engine.choosing import choose, no_room, others
from castlist.engine.ending import cancel, fail
from castlist.engine.faring import give_place, note_end, note_failure
from castlist.engine.kit import Kit
from castlist.engine.lasting import STALLED, clear_up, is_old, pause, tend
from castlist.engine.moves import (
    WAIT_RETRY,
    WAIT_STORAGE,
    WAIT_UNKNOWN,
    current,
    provider_of,
    put_off,
    save,
    too_old,
    unsure,
    wait_for,
    warn_once,
)
from castlist.engine.sending import reconcile, refused, submit
from castlist.engine.sources import bring_in
from castlist.engine.storing import store
from castlist.errors import CastlistError, HandleGone, LostJob, MediaCrashed, MediaRefused, NotSent, ProviderError, StorageFull, Unavailable
from castlist.model.characters import Character, CharacterState, Note
from castlist.model.jobs import Attempt, AttemptState, CostState, Failure, Job, State
from castlist.model.operations import CreateVideo
from castlist.model.providing import Deployment, Phase, Progress, Ticket

log = structlog.get_logger("castlist.engine")

WAIT_CHARACTER = 5.0
"""Seconds between looks at a character that is being prepared; the end of its preparation wakes its jobs at once."""

POLL_WITHIN = 120.0
LOST_FOR = timedelta(minutes=10)
DOWNLOADS = 3
"""How often a finished video is fetched before what comes is taken for what the provider made."""

__all__ = ["advance", "fail"]


async def advance(kit: Kit, job: Job) -> Job | None:
    """The job one step further and saved, or None when somebody else has it now. `due_at` says when the next step is worth taking."""
    moved = await look(kit, job)
    return put_off(kit, job, seconds=moved) if isinstance(moved, float) else moved


async def look(kit: Kit, job: Job) -> Job | float | None:
    """As `advance`, for jobs that are asked about again and again: only the seconds until the next question where nothing has changed."""
    try:
        moved = await _step(kit, job)
        if isinstance(moved, float):
            return moved
        if moved is not None:
            await give_place(kit, job, moved)
            if moved.ended and moved.tried:
                kit.begin(clear_up(kit, moved))
        return moved
    except StorageFull as error:
        note = Note("storage_full", f"Waiting for room to store: {error.message}")
        # As it is stored: a step that failed halfway may have saved a later state, and must not be begun again from an earlier one.
        stored = await kit.storage.jobs.any(job.id) or job
        return await wait_for(kit, warn_once(stored, note), error.code, seconds=WAIT_STORAGE)


async def _step(kit: Kit, job: Job) -> Job | float | None:
    if job.cancel_requested and not job.ended:
        return await cancel(kit, job)
    match job.state:
        case State.QUEUED:
            return await choose(kit, job)
        case State.PREPARING:
            return await _prepare(kit, job)
        case State.SUBMITTING | State.UNKNOWN:
            return await reconcile(kit, job)
        case State.RUNNING:
            return await _poll(kit, job)
        case State.STORING:
            return await _store(kit, job)
        case _:
            return job


async def _prepare(kit: Kit, job: Job) -> Job | None:
    deployment = kit.deployment(job.deployment)
    if deployment is None or deployment.unavailable:
        return await save(kit, job.to(State.QUEUED, deployment=None))
    characters = [c for id in job.operation.characters if (c := await kit.storage.characters.any(id))]  # noqa: A001
    broken = _broken(job, characters)
    if broken:
        return await fail(kit, job, broken)
    if any(c.state is CharacterState.PREPARING for c in characters):
        return await wait_for(kit, job, "character", seconds=WAIT_CHARACTER)
    try:
        if not isinstance(job.operation, CreateVideo) and job.operation.source.raw:
            return await bring_in(kit, job)
        return await _submit(kit, replace(job, waiting=None), deployment, characters=characters)
    except ProviderError as error:
        return await refused(kit, job, error)
    except Unavailable:
        raise
    except CastlistError as error:
        return await fail(kit, job, Failure(error.code, error.message))


async def _submit(kit: Kit, job: Job, deployment: Deployment, *, characters: Sequence[Character]) -> Job | None:
    """Sent, or back in the queue when others have taken the places that there were when it was chosen."""
    full = await no_room(kit, job, deployment)
    if full is not None:
        return await save(kit, replace(job.to(State.QUEUED, waiting=full.code), due_at=full.until or kit.clock()))
    return await submit(kit, job, deployment, characters=characters)


def _broken(job: Job, characters: Sequence[Character]) -> Failure | None:
    if any(c.deleted_at for c in characters) or len(characters) < len(job.operation.characters):
        return Failure("character_deleted", "A character of this video was deleted before the video was made.")
    failed = next((c for c in characters if c.state is CharacterState.FAILED), None)
    return Failure("character_failed", f"{failed.name} could not be made from its clip: {failed.error}") if failed else None


async def _poll(kit: Kit, job: Job) -> Job | float | None:
    attempt = kit.followed.get(job.attempt or "") or await current(kit, job)
    if attempt is None or attempt.ticket is None:
        return await reconcile(kit, job)
    provider = provider_of(kit, attempt)
    if provider is None:
        return await _miss(kit, job, attempt)
    kit.followed[attempt.id] = attempt
    asked = time.monotonic()
    try:
        with kit.deadlines.within(POLL_WITHIN):
            progress = await kit.asker(attempt.account, provider).ask(Ticket(attempt.ticket))
    except LostJob as error:
        kit.tally.poll(attempt.provider, "lost", seconds=time.monotonic() - asked)
        if attempt.error and attempt.error.code == STALLED:
            stopped = Progress(Phase.FAILED, failure=attempt.error, retryable=True, cost=unsure(attempt.cost))
            return await _failed_upstream(kit, job, attempt, progress=stopped)
        since = kit.lost_since.setdefault(attempt.id, kit.clock())
        if kit.clock() - since > LOST_FOR:
            return await _lose(kit, job, attempt, Failure(error.code, error.message))
        return await _again(kit, job, attempt, seconds=WAIT_UNKNOWN)
    except (ProviderError, TimeoutError) as error:
        kit.tally.poll(attempt.provider, "refused", seconds=time.monotonic() - asked)
        return await _again(kit, job, attempt, seconds=getattr(error, "after", None) or WAIT_RETRY)
    except CastlistError:
        raise
    except Exception as error:
        # A mistake of the adapter says nothing of the work, which is accepted and may be paid.
        log.exception("poll.broke", attempt=attempt.id, provider=attempt.provider, error=type(error).__name__)
        kit.tally.poll(attempt.provider, "refused", seconds=time.monotonic() - asked)
        return await _again(kit, job, attempt, seconds=WAIT_UNKNOWN)
    kit.tally.poll(attempt.provider, "answered", seconds=time.monotonic() - asked)
    kit.lost_since.pop(attempt.id, None)
    return await _follow(kit, job, attempt, progress=progress)


async def _again(kit: Kit, job: Job, attempt: Attempt, *, seconds: float) -> Job | float | None:
    """In how many seconds it is to be asked about once more, unless the attempt had its time."""
    return await _expire(kit, job, attempt) if too_old(kit, attempt) else float(seconds)


async def _miss(kit: Kit, job: Job, attempt: Attempt) -> Job | None:
    """To be gone on with when the account that it was sent under is in the configuration again, unless the attempt had its time."""
    if too_old(kit, attempt):
        return await _expire(kit, job, attempt, why=f"the account of {attempt.deployment} has left the configuration")
    return await wait_for(kit, job, "deployment_missing", seconds=WAIT_UNKNOWN)


async def _expire(kit: Kit, job: Job, attempt: Attempt, *, why: str = "it did not finish") -> Job | None:
    text = f"{attempt.provider} took the request, and after {kit.policy.max_age / 3600:g} hours there is no video: {why}."
    return await _lose(kit, job, attempt, Failure("provider_lost_job", text))


async def _lose(kit: Kit, job: Job, attempt: Attempt, failure: Failure) -> Job | None:
    """Ended without a word of its provider about what it cost."""
    cost = unsure(job.cost) if job.cost.state is CostState.ESTIMATED else job.cost
    return await fail(kit, replace(job, cost=cost), failure, attempt=attempt)


async def _follow(kit: Kit, job: Job, attempt: Attempt, *, progress: Progress) -> Job | float | None:
    if progress.ticket:
        attempt = replace(attempt, ticket=progress.ticket.data)
        await kit.storage.jobs.save_attempt(attempt)
        kit.followed[attempt.id] = attempt
    if progress.strange:
        kit.count_strange(attempt.provider, progress.strange)
    percent = max(job.progress, min(99, progress.percent))
    match progress.phase:
        case Phase.QUEUED | Phase.RUNNING:
            seconds = await pause(kit, job, attempt, base=progress.again or WAIT_RETRY)
            if percent == job.progress and not job.waiting and not is_old(kit, attempt):
                return await _again(kit, job, attempt, seconds=seconds)
            return await _go_on(kit, replace(job, progress=percent), attempt, seconds=seconds)
        case Phase.DONE:
            cost = progress.cost or job.cost
            return await save(kit, job.to(State.STORING, progress=max(percent, 99), cost=cost, waiting=None))
        case Phase.CANCELLED:
            # What is cancelled here ends before it is asked about again: this is the provider's doing, or a move that was cut short.
            failure = progress.failure or Failure("provider_cancelled", f"{attempt.provider} cancelled the work.")
            cost = progress.cost or unsure(attempt.cost)
            return await _failed_upstream(kit, job, attempt, progress=replace(progress, failure=failure, retryable=True, cost=cost))
        case Phase.FAILED:
            return await _failed_upstream(kit, job, attempt, progress=progress)


async def _go_on(kit: Kit, job: Job, attempt: Attempt, *, seconds: float) -> Job | None:
    """The job with what is new of its work, to be asked about again in so many seconds, unless that has gone on for too long."""
    if job.waiting:
        job = await save(kit, replace(job, waiting=None)) or job
    tended = await tend(kit, job, attempt) if is_old(kit, attempt) else job
    if tended is None or tended.state is not State.RUNNING:
        return tended
    return await _expire(kit, tended, attempt) if too_old(kit, attempt) else put_off(kit, tended, seconds=seconds)


async def _failed_upstream(kit: Kit, job: Job, attempt: Attempt, *, progress: Progress) -> Job | None:
    failure = progress.failure or Failure("provider_failed", f"{attempt.provider} failed without saying why.")
    gone = progress.gone and await lose_late(kit, job, attempt, failure)
    failure = Failure(HandleGone.code, failure.message) if gone else failure
    # A step that is taken once more, as the storage was away in the middle of it, counts nothing twice.
    known, theirs = attempt.state is AttemptState.FAILED, progress.retryable and not progress.moderated
    attempt = replace(attempt, state=AttemptState.FAILED, error=failure, ended_at=kit.clock(), cost=progress.cost or attempt.cost)
    await kit.storage.jobs.save_attempt(attempt)
    kit.forget(attempt.id)
    if not known:
        kit.tally.attempt(attempt)
    if gone:
        return await save(kit, job.to(State.QUEUED, deployment=None))
    if theirs and not known:
        await note_failure(kit, attempt.deployment, failure.message)
    job = replace(job, faults={**job.faults, attempt.deployment: failure.message})
    tried = (*job.tried, attempt.deployment)
    if not theirs or not await others(kit, job, tried=tried):
        return await fail(kit, job, failure, attempt=attempt)
    return await save(kit, job.to(State.QUEUED, tried=tried, deployment=None))


async def _store(kit: Kit, job: Job) -> Job | None:
    attempt = await current(kit, job)
    provider = provider_of(kit, attempt) if attempt else None
    if attempt is None or attempt.ticket is None:
        return await save(kit, job.to(State.RUNNING))
    if provider is None:
        return await _miss(kit, job, attempt)
    try:
        ended = await store(kit, job, attempt, provider=provider)
        if ended is not None:
            await note_end(kit, ended, attempt)
        return ended
    except MediaRefused as error:
        # It is finished and may be paid: a page of some host on the way is no reason to have it made again.
        if kit.count_useless(attempt.id) < DOWNLOADS:
            return await save(kit, put_off(kit, job.to(State.RUNNING), seconds=WAIT_RETRY))
        kit.forget(attempt.id)
        failure = Failure("provider_output_unusable", f"what {attempt.provider} made cannot be kept as a video: {error.message}")
        useless = Progress(Phase.FAILED, failure=failure, retryable=True, cost=job.cost)
        return await _failed_upstream(kit, job.to(State.RUNNING), attempt, progress=useless)
    except MediaCrashed as error:
        if too_old(kit, attempt):
            return await _expire(kit, job, attempt, why=f"it was finished, and could not be stored: {error.message}")
        raise
    except ProviderError as error:
        if too_old(kit, attempt):
            return await _expire(kit, job, attempt, why=f"it was finished, and could not be fetched: {error.message}")
        wait = error.after or (0.0 if isinstance(error, NotSent) else WAIT_RETRY)
        return await save(kit, put_off(kit, job.to(State.RUNNING), seconds=wait))
