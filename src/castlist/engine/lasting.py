"""Work that takes longer than usual: asked about at the right pace, reported when it is stuck, and moved elsewhere where that is wished."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Final

import structlog

from castlist.engine.choosing import others
from castlist.engine.ending import PATIENCE, stop
from castlist.engine.kit import Kit
from castlist.engine.moves import current, provider_of, save, unsure, warn_once
from castlist.errors import CastlistError, LostJob, ProviderError
from castlist.model.characters import Note
from castlist.model.jobs import Attempt, AttemptState, Cost, Failure, Job, State
from castlist.model.operations import output_seconds
from castlist.model.providing import Cancelled, Phase, Progress, Provider, Stopped, Ticket

log = structlog.get_logger("castlist.engine")

LEFT: Final = 60.0
STUCK: Final = "stuck"
STALLED: Final = "stalled"
FRESH: Final = 60.0
"""Seconds that a deployment's usual pace is believed."""

SAMPLES: Final = 2
"""Finished videos before a pace is one."""

NEAR: Final = 0.8
FAR: Final = 3.0
"""How many times the usual time work has taken between the two while it is asked about as often as its provider likes."""

SPARSE: Final = 15.0
"""Seconds between polls at most, while the end is far."""

UNKNOWN_PACE: Final = 6
"""How many times the least is slow where no pace is known."""


async def usual(kit: Kit, job: Job, attempt: Attempt) -> float | None:
    """Seconds that the attempt's deployment usually takes for a video of that length; None before it has made some."""
    now, known = kit.clock(), kit.paces.get(attempt.deployment)
    if known is None or now > known[0]:
        deployment = kit.deployment(attempt.deployment)
        standing = (await kit.storage.health.standings([deployment])).get(deployment.id) if deployment else None
        pace = standing.pace if standing and standing.samples >= SAMPLES else None
        known = kit.paces[attempt.deployment] = (now + timedelta(seconds=FRESH), pace)
    return None if known[1] is None else known[1] * output_seconds(job.operation)


async def pause(kit: Kit, job: Job, attempt: Attempt, *, base: float) -> float:
    """Seconds until it is worth asking again: `base` near the usual end, and less often while that is far or long past."""
    expected = await usual(kit, job, attempt)
    if expected is None:
        return base
    passed = (kit.clock() - attempt.started_at).total_seconds()
    until, past = NEAR * expected - passed, passed - FAR * expected
    return max(base, min(SPARSE, until / 2 if until > 0 else past / 10))


def is_old(kit: Kit, attempt: Attempt) -> bool:
    """Whether the work has gone on for so long that something may be to be done."""
    rules = kit.policy.troubles
    least = rules.slow_least if rules.stall_after is None else min(rules.slow_least, rules.stall_after)
    return (kit.clock() - attempt.started_at).total_seconds() > least


async def tend(kit: Kit, job: Job, attempt: Attempt) -> Job | None:
    """The job moved elsewhere, where that is wished and its work could be stopped; else with a note that it is stuck, if it is. None when
    somebody else has it now."""
    rules, age = kit.policy.troubles, (kit.clock() - attempt.started_at).total_seconds()
    if rules.stall_after is not None and age > rules.stall_after and attempt.id not in kit.unstoppable:
        moved = await _move(kit, job, attempt)
        if moved is None or moved.state is not State.RUNNING:
            return moved
    expected = await usual(kit, job, attempt)
    slow = rules.slow_least * UNKNOWN_PACE if expected is None else max(rules.slow_least, rules.slow_after * expected)
    if age <= slow:
        return job
    known = f"; such a video usually takes {_say(expected)} there" if expected else ""
    text = f"{attempt.provider} has worked on this for more than {_say(slow)}{known}."
    noted = warn_once(job, Note(STUCK, text, None, attempt.deployment))
    return job if noted is job else await save(kit, noted)


def _say(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"


async def _move(kit: Kit, job: Job, attempt: Attempt) -> Job | None:
    tried = (*job.tried, attempt.deployment)
    provider = provider_of(kit, attempt)
    if provider is None or not await others(kit, job, tried=tried):
        return job
    text = f"{attempt.provider} did not finish within {_say(kit.policy.troubles.stall_after or 0)}"
    # Said before it is done: whoever goes on after a crash in between knows why the provider has no such work.
    attempt = await _mark(kit, attempt, Failure(STALLED, f"{text}, and is being stopped."))
    outcome = await _try_stop(provider, attempt)
    if outcome is None:
        return job
    if outcome.outcome is Stopped.STOPPED:
        cost = unsure(attempt.cost) if outcome.may_cost else Cost()
        failure = Failure(STALLED, f"{text}, and was stopped.")
        left = replace(attempt, state=AttemptState.CANCELLED, ended_at=kit.clock(), error=failure, cost=cost)
    elif kit.policy.troubles.allow_double_cost:
        failure = Failure(STALLED, f"{text} and cannot be stopped ({outcome.outcome}); it may still cost.")
        left = replace(attempt, error=failure, cost=unsure(attempt.cost))
    else:
        kit.unstoppable.add(attempt.id)
        await _mark(kit, attempt, None)
        note = Note(STALLED, f"{text} and cannot be stopped ({outcome.outcome}), so the video waits for it.", None, attempt.deployment)
        return await save(kit, warn_once(job, note))
    await kit.storage.jobs.save_attempt(left)
    if left.ended_at:
        kit.tally.attempt(left)
    kit.forget(attempt.id)
    faults = {**job.faults, attempt.deployment: failure.message}
    return await save(kit, job.to(State.QUEUED, tried=tried, deployment=None, waiting=None, faults=faults))


async def _mark(kit: Kit, attempt: Attempt, failure: Failure | None) -> Attempt:
    if attempt.error != failure:
        attempt = replace(attempt, error=failure)
        await kit.storage.jobs.save_attempt(attempt)
        kit.followed[attempt.id] = attempt
    return attempt


async def _try_stop(provider: Provider, attempt: Attempt) -> Cancelled | None:
    """What stopping achieved; None when the provider could not be asked."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await stop(provider, attempt)
    except (ProviderError, TimeoutError):
        return None


async def clear_up(kit: Kit, job: Job) -> None:
    """What was left behind of an ended job: stopped or thrown away, with what it cost."""
    last = await current(kit, job)
    for attempt in await kit.storage.jobs.attempts(job.id):
        provider = provider_of(kit, attempt)
        if attempt.state is not AttemptState.TICKETED or attempt.ticket is None or provider is None or (last and attempt.id == last.id):
            continue
        try:
            async with asyncio.timeout(PATIENCE):
                cost = await _throw_away(provider, attempt, Ticket(attempt.ticket))
        except (CastlistError, TimeoutError):
            cost = unsure(attempt.cost)
        except Exception:
            log.exception("left_behind.broke", job=job.id, attempt=attempt.id)
            cost = unsure(attempt.cost)
        left = replace(attempt, state=AttemptState.CANCELLED, ended_at=kit.clock(), cost=cost)
        await kit.storage.jobs.save_attempt(left)
        kit.tally.attempt(left)


async def stop_left_behind(kit: Kit, *, older: float = LEFT) -> None:
    """`clear_up` for those that ended some seconds ago, so that whoever ended them had the time to do it; only a rule that may cost
    twice leaves anything behind."""
    if kit.policy.troubles.allow_double_cost:
        before = kit.clock() - timedelta(seconds=older)
        for job in await kit.storage.trouble.left_behind(list(kit.providers)):
            if job.completed_at and job.completed_at <= before:
                await clear_up(kit, job)


async def _throw_away(provider: Provider, attempt: Attempt, ticket: Ticket) -> Cost:
    """What the work cost that nobody wants any more."""
    try:
        progress: Progress = (await provider.poll([ticket]))[0]
    except LostJob:
        return Cost()
    match progress.phase:
        case Phase.DONE:
            await _discard(provider, ticket)
            return progress.cost or attempt.cost
        case Phase.FAILED | Phase.CANCELLED:
            return progress.cost or Cost()
        case _:
            outcome = await stop(provider, attempt)
            return unsure(attempt.cost) if outcome.may_cost or outcome.outcome is not Stopped.STOPPED else Cost()


async def _discard(provider: Provider, ticket: Ticket) -> None:
    try:
        await provider.discard(ticket)
    except (ProviderError, NotImplementedError):
        return
