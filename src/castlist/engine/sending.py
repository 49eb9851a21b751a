"""The submission: intent saved, one request that may cost, and what is known after it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import structlog

from castlist.engine import unknown
from castlist.engine.binding import lose
from castlist.engine.choosing import go_on
from castlist.engine.ending import fail
from castlist.engine.faring import note_answer, note_refusal
from castlist.engine.finding import describe, find
from castlist.engine.holding import hold, wait_for_money
from castlist.engine.kit import Kit
from castlist.engine.moves import WAIT_RETRY, current, put_off, save, unsure, wait_for
from castlist.engine.ordering import make_ready
from castlist.errors import Ambiguous, HandleGone, Moderated, NotFound, ProviderError, Refused, Retry, SpendLimit, Unavailable
from castlist.model.characters import Character
from castlist.model.jobs import Attempt, AttemptState, Cost, CostState, Failure, Job, State
from castlist.model.providing import Absent, CannotTell, Deployment, Prepared, Provider, Ticket
from castlist.providers.hearing import hear
from castlist.storage.health import NoRoom

log = structlog.get_logger("castlist.engine")

WAIT_SAVE = 1.0
MARGIN = 30.0
"""Seconds past an order's own limit after which an adapter that does not answer is not waited for."""


async def submit(kit: Kit, job: Job, deployment: Deployment, *, characters: Sequence[Character]) -> Job | None:
    """The job submitted, or waiting for what somebody else is making of its characters. Raises what `prepare` raises, before anything
    that may cost; nothing of the provider's after it."""
    kit.sending[deployment.id] += 1
    try:
        ready = await make_ready(kit, job, deployment, characters=characters)
    finally:
        kit.sending[deployment.id] -= 1
    if isinstance(ready, float):
        return await wait_for(kit, job, "character", seconds=ready)
    for note in ready.notes:
        job = job.warn(note)
    job = job.to(State.SUBMITTING, attempt=ready.attempt.id, cast=ready.members, cost=ready.attempt.cost)
    # A worker that stops lets go of the job, never of an intent or of a request that may have left: its answer is waited for and kept.
    return await kit.to_the_end(_send(kit, job, ready.attempt, provider=kit.provider(deployment), prepared=ready.prepared), costly=True)


async def _send(kit: Kit, job: Job, attempt: Attempt, *, provider: Provider, prepared: Prepared) -> Job | None:
    attempt = replace(attempt, sent=describe(prepared))
    try:
        limit, gate = kit.policy.max_spend_per_day, kit.deployment(attempt.deployment)
        if not await kit.storage.jobs.open_attempt(job, attempt, limit=limit, gate=gate):
            return None
    except NoRoom as full:
        # Others were quicker, perhaps in another process.
        before = await kit.storage.jobs.attempts(job.id)
        waiting = job.to(State.QUEUED, waiting=full.code, attempt=before[-1].id if before else None)
        return await save(kit, put_off(kit, waiting, seconds=full.after))
    except SpendLimit as error:
        # Accepted for a cheaper deployment, or on another day.
        return await wait_for_money(kit, job, error)
    except Unavailable:
        # Whether the intent was saved is in doubt, and that nothing was sent is not.
        with suppress(NotFound):
            await _withdraw(kit, attempt, why="The storage was away just before the request was to be sent.")
        raise
    if not await _hold(kit, job, attempt, seconds=prepared.order.timeout + MARGIN):
        return None
    heard: list[str] = []
    try:
        async with asyncio.timeout(prepared.order.timeout + MARGIN):
            with hear(heard):
                ticket = await provider.submit(prepared)
    except Ambiguous as error:
        held = await _held(kit, job, _named(attempt, heard), failure=Failure(error.code, error.message))
        await note_refusal(kit, attempt.deployment, error)
        return held
    except ProviderError as error:
        return await refused(kit, job, error, attempt=_named(attempt, heard))
    except Exception as error:
        log.exception("submit.broke", job=job.id, attempt=attempt.id, error=type(error).__name__)
        text = "The request broke off where it is not known whether it had reached the provider."
        return await _held(kit, job, _named(attempt, heard), failure=Failure(Ambiguous.code, text))
    return await accepted(kit, job, _named(attempt, heard), ticket=ticket)


async def _hold(kit: Kit, job: Job, attempt: Attempt, *, seconds: float) -> bool:
    """Whether the job is ours for so long; where it is not, the intent is taken back."""
    try:
        ours = await hold(kit, job, seconds=seconds)
    except Unavailable:
        await _withdraw(kit, attempt, why="The storage was away just before the request was to be sent.")
        raise
    if not ours:
        await _withdraw(kit, attempt, why="The process that was to send the request lost the job before it did.")
    return ours


async def _withdraw(kit: Kit, attempt: Attempt, *, why: str) -> None:
    """Whoever has the job next finds an intent: only this process knows that nothing was sent."""
    failure = Failure("not_sent", why)
    await _keep(kit, replace(attempt, state=AttemptState.REFUSED, error=failure, ended_at=kit.clock(), cost=Cost()))


def _named(attempt: Attempt, heard: Sequence[str]) -> Attempt:
    return replace(attempt, request_id=heard[-1]) if heard else attempt


async def _held(kit: Kit, job: Job, attempt: Attempt, *, failure: Failure) -> Job | None:
    held = replace(attempt, state=AttemptState.UNKNOWN, error=failure, cost=unsure(attempt.cost))
    await _keep(kit, held)
    return await save(kit, put_off(kit, job.to(State.UNKNOWN, cost=held.cost), seconds=WAIT_RETRY))


async def accepted(kit: Kit, job: Job, attempt: Attempt, *, ticket: Ticket) -> Job | None:
    """The job running under a ticket, which is kept first."""
    ticketed = _with_ticket(attempt, ticket)
    await _keep(kit, ticketed)
    return await _begin(kit, job, ticketed)


async def _found(kit: Kit, job: Job, attempt: Attempt, *, ticket: Ticket) -> Job | None:
    """The same under a ticket that was looked for; two that look at once may find the same work, which is only one's."""
    ticketed = _with_ticket(attempt, ticket)
    if not await kit.storage.trouble.take(ticketed):
        return await _hold_still(kit, job, attempt)
    kit.tally.attempt(ticketed)
    return await _begin(kit, job, ticketed)


def _with_ticket(attempt: Attempt, ticket: Ticket) -> Attempt:
    cost = replace(attempt.cost, state=CostState.ESTIMATED)
    return replace(attempt, state=AttemptState.TICKETED, ticket=ticket.data, error=None, cost=cost)


async def _begin(kit: Kit, job: Job, attempt: Attempt) -> Job | None:
    await note_answer(kit, attempt.deployment)
    return await save(kit, replace(job.to(State.RUNNING, waiting=None, cost=attempt.cost), due_at=kit.clock()))


async def _keep(kit: Kit, attempt: Attempt) -> None:
    """Save what the provider said, for as long as it takes: nobody else knows it."""
    while True:
        try:
            await kit.storage.jobs.save_attempt(attempt)
            kit.tally.attempt(attempt)
            return
        except Unavailable as error:
            log.warning("attempt.not_saved", attempt=attempt.id, error=error.message)
            await asyncio.sleep(WAIT_SAVE)


async def refused(kit: Kit, job: Job, error: ProviderError, *, attempt: Attempt | None = None) -> Job | None:
    """Nothing exists upstream: ask elsewhere, wait and ask the same again, or fail."""
    if isinstance(error, HandleGone):
        error = await lose(kit, job, error, attempt=attempt)
    failure = Failure(error.code, error.message)
    if attempt:
        # One that named a lost handle says nothing of the order, which is sent again with another one.
        retry = None if isinstance(error, HandleGone) else Retry.NEVER if isinstance(error, Moderated) else error.retry
        attempt = replace(attempt, state=AttemptState.REFUSED, error=failure, ended_at=kit.clock(), cost=Cost(), retry=retry)
        await _keep(kit, attempt)
    await note_refusal(kit, job.deployment, error, asked=attempt is not None)
    if error.retry is Retry.NEVER or isinstance(error, Moderated):
        return await fail(kit, job, failure, attempt=attempt)
    return await go_on(kit, job, error, attempt=attempt)


async def _after_refusal(kit: Kit, job: Job, attempt: Attempt) -> Job | None:
    """What would have followed the refusal, had the storage or this process not gone between the two; queued where nothing was asked."""
    if attempt.retry is None or attempt.error is None:
        return await save(kit, job.to(State.QUEUED))
    if attempt.retry is Retry.NEVER:
        return await fail(kit, job, attempt.error, attempt=attempt)
    error = Refused(attempt.error.message, code=attempt.error.code, retry=attempt.retry)
    return await go_on(kit, job, error, attempt=attempt)


async def reconcile(kit: Kit, job: Job) -> Job | None:
    """An intent without a ticket: ask the provider, never send again unless it is sure that nothing exists there."""
    attempt = await current(kit, job)
    if attempt is None:
        return await save(kit, job.to(State.QUEUED))
    if attempt.ticket is not None:
        return await save(kit, job.to(State.RUNNING, waiting=None, cost=attempt.cost))
    if attempt.state is AttemptState.REFUSED:
        return await _after_refusal(kit, job, attempt)
    match await find(kit, attempt):
        case Ticket() as ticket:
            return await _found(kit, job, attempt, ticket=ticket)
        case Absent():
            failure = Failure("not_sent", "The request never reached the provider.")
            lost = replace(attempt, state=AttemptState.REFUSED, error=failure, ended_at=kit.clock(), cost=Cost())
            await _keep(kit, lost)
            known = await current(kit, job)
            return await save(kit, job.to(State.RUNNING if known and known.ticket else State.QUEUED))
        case CannotTell():
            return await _hold_still(kit, job, attempt)


async def _hold_still(kit: Kit, job: Job, attempt: Attempt) -> Job | None:
    """Held, unless somebody decided about it while its provider was asked."""
    known = await current(kit, job) or attempt
    decided = known.ticket is not None or known.state is AttemptState.REFUSED
    return await reconcile(kit, job) if decided else await unknown.hold(kit, job, known)
