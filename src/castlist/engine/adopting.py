"""Videos that wait for a deployment which nobody has any more: another one of their model takes them."""

from typing import Final

from castlist.engine.kit import Kit

MOST: Final = 1000


async def adopt(kit: Kit) -> None:
    """Have those not sent yet chosen for anew, which this process could serve: their deployment left the configuration, or gave way to
    another one on a model's last day."""
    known, models = [d.id for d in kit.deployments], {d.model for d in kit.deployments}
    waiting = await kit.storage.jobs.forsaken(known, limit=MOST)
    able = [job.id for job in waiting if models.intersection(kit.policy.rules.chain(job.operation.model))]
    if able:
        await kit.storage.jobs.unassign(able, besides=known)
        kit.nudge()
