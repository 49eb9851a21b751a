"""A request that was sent and never answered: held, ended or sent once more, as the policy or a person decides."""

from dataclasses import replace

from castlist.engine.ending import fail
from castlist.engine.kit import Kit
from castlist.engine.moves import WAIT_UNKNOWN, provider_of, put_off, save, unsure
from castlist.model.jobs import Attempt, AttemptState, Failure, Job, State
from castlist.model.operations import Operation
from castlist.model.troubles import Troubles, UnknownPolicy, Verdict

SILENT = Failure(
    "provider_unknown",
    "The provider never answered the request, so it is not known whether a video was made and charged. It was not sent again.",
)


async def hold(kit: Kit, job: Job, attempt: Attempt) -> Job | None:
    """The job of a request that its provider can say nothing of, further by what was decided about it."""
    if attempt.state is not AttemptState.UNKNOWN:
        attempt = replace(attempt, state=AttemptState.UNKNOWN, cost=unsure(attempt.cost))
        await kit.storage.jobs.save_attempt(attempt)
        kit.tally.attempt(attempt)
    match await _decide(kit, job, attempt):
        case Verdict.FAIL:
            return await fail(kit, job, SILENT, attempt=attempt)
        case Verdict.RESUBMIT:
            await kit.storage.jobs.save_attempt(replace(attempt, ended_at=kit.clock()))
            kit.forget(attempt.id)
            return await save(kit, job.to(State.QUEUED, deployment=None, waiting=None))
        case None:
            return await save(kit, put_off(kit, job.to(State.UNKNOWN, cost=unsure(job.cost), waiting="unknown"), seconds=WAIT_UNKNOWN))


async def _decide(kit: Kit, job: Job, attempt: Attempt) -> Verdict | None:
    """A person's word, else the policy's once the provider had time to show what it took. One request is sent anew by itself once."""
    if attempt.verdict is not None:
        return attempt.verdict
    policy, age = troubles_of(kit, job.operation), (kit.clock() - attempt.started_at).total_seconds()
    if age > policy.unknown_after:
        return Verdict.FAIL
    # Who has not its account has not asked anybody: another gateway, or this one once it is configured again, may find the work.
    if policy.unknown_policy is UnknownPolicy.HOLD or age < policy.settles or provider_of(kit, attempt) is None:
        return None
    attempts = await kit.storage.jobs.attempts(job.id)
    before = any(other.state is AttemptState.UNKNOWN for other in attempts if other.id != attempt.id)
    return Verdict.FAIL if before or policy.unknown_policy is UnknownPolicy.FAIL else Verdict.RESUBMIT


def troubles_of(kit: Kit, operation: Operation) -> Troubles:
    """What is configured for unanswered requests, with what this one says itself."""
    own, policy = operation.wishes.unknown_policy, kit.policy.troubles
    return policy if own is None else replace(policy, unknown_policy=own)
