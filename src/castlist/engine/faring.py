"""How deployments fare: failures that cool them, successes that free them, the pace of what they finish, and who waits for a place."""

from castlist.engine.binding import ABOUT_THE_ACCOUNT
from castlist.engine.kit import Kit
from castlist.errors import Ambiguous, HandleGone, ProviderError, Retry
from castlist.model.jobs import Attempt, Job, State
from castlist.model.operations import output_seconds

AT_WORK = frozenset({State.SUBMITTING, State.UNKNOWN, State.RUNNING})
MOST_WOKEN = 1000
LONGEST = 3600.0
"""Seconds that a deployment is left alone at most, whatever its provider asks for."""


async def note_refusal(kit: Kit, deployment: str | None, error: ProviderError, *, asked: bool = True) -> None:
    """Count a refusal that says something of the deployment and not of the request; one that knows the key or the pace counts at once.
    What was refused here, before the provider was `asked`, says nothing good of it."""
    if deployment is None or isinstance(error, HandleGone):
        return
    rules, at_once = kit.policy.rules, error.code in ABOUT_THE_ACCOUNT
    if not rules.cools:
        return
    if at_once or error.retry is Retry.SAME or isinstance(error, Ambiguous):
        allowed = 0 if at_once else rules.allowed_fails
        cooldown = min(LONGEST, max(rules.cooldown, error.after or 0.0))
        await kit.storage.health.fail(deployment, error.message, allowed=allowed, cooldown=cooldown)
    elif asked:
        await note_answer(kit, deployment)


async def note_failure(kit: Kit, deployment: str, why: str) -> None:
    """Count work that the deployment took and could not do."""
    rules = kit.policy.rules
    if rules.cools:
        await kit.storage.health.fail(deployment, why, allowed=rules.allowed_fails, cooldown=rules.cooldown)


async def note_answer(kit: Kit, deployment: str | None) -> None:
    """It took something, or refused it for what it was: it is left alone no more, and who waited for that goes on."""
    if deployment is not None and await kit.storage.health.recover(deployment):
        await _wake(kit, deployment, limit=MOST_WOKEN)


async def note_end(kit: Kit, job: Job, attempt: Attempt) -> None:
    """A video was made: how long was waited for each of its seconds."""
    seconds = job.result.seconds if job.result else output_seconds(job.operation)
    waited = (kit.clock() - attempt.started_at).total_seconds()
    await kit.storage.health.measure(attempt.deployment, waited / max(seconds, 0.1))


async def give_place(kit: Kit, before: Job, after: Job) -> None:
    """Wake the one that has waited longest when a place has become free."""
    if after.state in AT_WORK:
        return
    deployment = kit.deployment(before.deployment)
    if deployment is None or deployment.parallel is None:
        return
    if before.state in AT_WORK or (before.state is State.PREPARING and after.state is not State.PREPARING):
        await _wake(kit, deployment.id, limit=1)


async def _wake(kit: Kit, name: str, *, limit: int) -> None:
    model = next((d.model for d in kit.deployments if d.id == name), None)
    if await kit.storage.health.wake([d.id for d in kit.deployments if d.model == model], limit=limit):
        kit.nudge()
