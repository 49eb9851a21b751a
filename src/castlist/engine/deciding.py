"""What the keeper of a gateway sees of all projects: requests without an answer, work that is stuck, and the word that ends a doubt."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal

from castlist.engine.kit import Kit
from castlist.engine.lasting import STUCK
from castlist.engine.missing import no_video
from castlist.engine.moves import current, provider_of
from castlist.errors import Conflict, Forbidden, InvalidRequest, LostJob, ProviderError, Unavailable
from castlist.model.asks import Caller, Seen
from castlist.model.jobs import Attempt, AttemptState, Cost, CostState, Failure, State
from castlist.model.providing import Ticket
from castlist.model.troubles import Verdict

Outcome = Literal["made", "absent", "failed", "resubmit"]
ASK_WITHIN: Final = 30.0
MOST: Final = 500


def require_master(caller: Caller) -> None:
    """Raises Forbidden for all but the master key."""
    if not caller.master:
        raise Forbidden(
            "This concerns all projects: it takes the gateway's master key, which `castlist key show` prints.", code="not_master"
        )


async def unknown(kit: Kit, caller: Caller) -> Sequence[Seen]:
    """Up to MOST jobs whose request was never answered, the oldest first."""
    require_master(caller)
    return await kit.storage.trouble.jobs(State.UNKNOWN, limit=MOST)


async def stuck(kit: Kit, caller: Caller) -> Sequence[Seen]:
    """Up to MOST jobs whose work takes far longer than usual, the oldest first."""
    require_master(caller)
    return await kit.storage.trouble.jobs(State.RUNNING, note=STUCK, limit=MOST)


async def resolve(kit: Kit, caller: Caller, id: str, *, outcome: Outcome, ticket: Mapping[str, object] | None) -> Seen:  # noqa: A002
    """Decide about a job that is unknown: its work was `made` and is known by `ticket`; it is `absent` and can be sent again; it has
    `failed`, whatever it cost; or it is to be sent once more though it may cost twice (`resubmit`)."""
    job = await kit.storage.jobs.any(id)
    if job is None or job.deleted_at or (not caller.master and job.project != caller.project):
        raise no_video(id)
    require_master(caller)
    attempt = await current(kit, job)
    if job.state is not State.UNKNOWN or attempt is None:
        text = f"Video {id} is {job.state}, and there is nothing to decide about it; that is for one whose request was never answered."
        raise Conflict(text, code="video_not_unknown", param="video_id")
    if (ticket is None) == (outcome == "made"):
        text = 'ticket is what the provider calls its work, as {"id": …}: it goes with the outcome "made", and with no other'
        raise InvalidRequest(text, code="missing_required_parameter" if ticket is None else "invalid_value", param="ticket")
    if ticket is not None:
        await _check(kit, attempt, ticket)
    decided = _decided(kit, attempt, outcome=outcome, ticket=ticket)
    if not await kit.storage.trouble.decide(id, decided):
        raise Conflict(f"Video {id} has moved on meanwhile; look at it again.", code="video_not_unknown", param="video_id")
    kit.nudge()
    return Seen(job, await kit.storage.jobs.attempts(id))


def _decided(kit: Kit, attempt: Attempt, *, outcome: Outcome, ticket: Mapping[str, object] | None) -> Attempt:
    match outcome:
        case "made":
            cost = replace(attempt.cost, state=CostState.ESTIMATED)
            return replace(attempt, state=AttemptState.TICKETED, ticket=ticket, error=None, cost=cost)
        case "absent":
            failure = Failure("not_sent", "The keeper of the gateway found that the request never reached the provider.")
            return replace(attempt, state=AttemptState.REFUSED, error=failure, ended_at=kit.clock(), cost=Cost())
        case "failed":
            return replace(attempt, verdict=Verdict.FAIL)
        case "resubmit":
            return replace(attempt, verdict=Verdict.RESUBMIT)


async def _check(kit: Kit, attempt: Attempt, ticket: Mapping[str, object]) -> None:
    """Whether the provider knows the work. Raises InvalidRequest or Unavailable."""
    provider = provider_of(kit, attempt)
    if provider is None:
        raise Unavailable(f"the account {attempt.account} is not in the configuration, so its work cannot be looked at")
    try:
        async with asyncio.timeout(ASK_WITHIN):
            await provider.poll([Ticket(ticket)])
    except (LostJob, KeyError) as error:
        text = f"{attempt.provider} knows no work by that ticket: {error}"
        raise InvalidRequest(text, code="unknown_ticket", param="ticket") from error
    except (ProviderError, TimeoutError) as error:
        raise Unavailable(f"{attempt.provider} could not be asked for that work; try again: {error}") from error
