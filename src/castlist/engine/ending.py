"""How a job ends without a video: it failed, or it was cancelled."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import structlog

from castlist.engine.kit import Kit
from castlist.engine.moves import WAIT_RETRY, current, provider_of, put_off, save, unsure, warn_once
from castlist.errors import CastlistError, LostJob, ProviderError
from castlist.model.characters import Note
from castlist.model.jobs import Attempt, AttemptState, Cost, Failure, Job, State, total
from castlist.model.providing import Cancelled, CannotTell, Provider, Stopped, Ticket

log = structlog.get_logger("castlist.engine")

PATIENCE = 10.0
STOP_FOR = timedelta(minutes=10)
"""How long a provider that does not do it is asked to stop a work."""

OPEN = (AttemptState.INTENT, AttemptState.TICKETED, AttemptState.UNKNOWN)


async def fail(kit: Kit, job: Job, failure: Failure, *, attempt: Attempt | None = None) -> Job | None:
    """The job ended as failed, with its attempt's outcome in the same transaction; work that nobody will fetch is stopped."""
    attempt = attempt or await current(kit, job)
    left = attempt if attempt and attempt.state in OPEN else None
    if attempt and left:
        made = attempt.state is AttemptState.TICKETED
        state, cost = (AttemptState.FAILED, job.cost) if made else (AttemptState.UNKNOWN, unsure(job.cost))
        attempt = replace(attempt, state=state, ended_at=kit.clock(), error=failure, cost=cost)
    failed = job.to(State.FAILED, error=failure)
    return await kit.to_the_end(_finish_and_abandon(kit, failed, attempt, left=left)) if left else await _finish(kit, failed, attempt)


async def _finish_and_abandon(kit: Kit, job: Job, attempt: Attempt | None, *, left: Attempt) -> Job | None:
    """In this order: work that is seen to be cancelled while its job goes on would be given to another provider."""
    ended = await _finish(kit, job, attempt)
    if ended:
        await _abandon(kit, left)
    return ended


async def _abandon(kit: Kit, attempt: Attempt) -> None:
    provider = provider_of(kit, attempt)
    if provider is None or attempt.ticket is None:
        return
    with suppress(ProviderError, NotImplementedError, TimeoutError):
        async with asyncio.timeout(PATIENCE):
            await provider.cancel(Ticket(attempt.ticket))


async def cancel(kit: Kit, job: Job) -> Job | None:
    """The work stopped where it can be, and the job ended; put off for some time when the provider cannot be reached or refuses."""
    attempt = await current(kit, job)
    if attempt is None or attempt.state not in OPEN:
        return await end_cancelled(kit, job, attempt, may_cost=False)
    provider = provider_of(kit, attempt)
    if provider is None:
        return await end_cancelled(kit, job, attempt, may_cost=True)
    try:
        outcome = await stop(provider, attempt)
    except ProviderError as error:
        return await _cancel_again(kit, job, attempt, error)
    except CastlistError:
        raise
    except Exception as error:
        log.exception("cancel.broke", attempt=attempt.id, provider=attempt.provider, error=type(error).__name__)
        return await _cancel_again(kit, job, attempt, ProviderError(f"its adapter broke: {type(error).__name__}"))
    if outcome.outcome is not Stopped.STOPPED:
        text = f"{attempt.provider} could not stop the work ({outcome.outcome}); it may still cost."
        job = warn_once(job, Note("cancel_not_stopped", text))
    return await end_cancelled(kit, job, attempt, may_cost=outcome.may_cost)


async def _cancel_again(kit: Kit, job: Job, attempt: Attempt, error: ProviderError) -> Job | None:
    """To be asked once more, less and less often; once the provider had its time the job ends, and its work may go on."""
    now = kit.clock()
    passed = now - kit.unstopped_since.setdefault(attempt.id, now)
    if passed < STOP_FOR:
        wait = max(error.after or WAIT_RETRY, passed.total_seconds() / 4)
        return await save(kit, put_off(kit, job, seconds=min(wait, STOP_FOR.total_seconds())))
    text = f"{attempt.provider} did not stop the work ({error.message}); it may still cost."
    return await end_cancelled(kit, warn_once(job, Note("cancel_not_stopped", text)), attempt, may_cost=True)


async def stop(provider: Provider, attempt: Attempt) -> Cancelled:
    """What stopping the attempt's work achieved. Raises what the provider answers otherwise."""
    ticket = Ticket(attempt.ticket) if attempt.ticket else await provider.find(attempt.reference)
    if isinstance(ticket, CannotTell):
        return Cancelled(Stopped.UNSUPPORTED, may_cost=True)
    if not isinstance(ticket, Ticket):
        return Cancelled(Stopped.STOPPED)
    try:
        return await provider.cancel(ticket)
    except LostJob:
        return Cancelled(Stopped.STOPPED)
    except NotImplementedError:
        return Cancelled(Stopped.UNSUPPORTED, may_cost=True)


async def end_cancelled(kit: Kit, job: Job, attempt: Attempt | None, *, may_cost: bool) -> Job | None:
    """The job ended as cancelled, and its attempt with it."""
    failure = Failure("cancelled", "The video was cancelled.")
    if attempt and attempt.ended_at is None:
        cost = unsure(job.cost) if may_cost else Cost()
        attempt = replace(attempt, state=AttemptState.CANCELLED, ended_at=kit.clock(), error=failure, cost=cost)
    return await _finish(kit, job.to(State.CANCELLED, error=failure), attempt)


async def _finish(kit: Kit, job: Job, attempt: Attempt | None) -> Job | None:
    before = {known.id: known for known in await kit.storage.jobs.attempts(job.id)}
    costs = [attempt.cost if attempt and attempt.id == known.id else known.cost for known in before.values()]
    ended = replace(job, completed_at=kit.clock(), waiting=None, cost=total(costs))
    if not await kit.storage.jobs.finish(ended, attempt=attempt, assets=()):
        return None
    if attempt:
        kit.forget(attempt.id)
        if before[attempt.id].state is not attempt.state:
            kit.tally.attempt(attempt)
    return ended
