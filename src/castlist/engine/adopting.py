"""Videos of a deployment which nobody has any more: who takes them."""

from collections.abc import Mapping, Sequence
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


async def strays(kit: Kit, *, forsaken: bool) -> Mapping[str, Sequence[str]]:
    """By account, the deployments that left the configuration and whose videos are gone on with here: those sent under that account, and
    if `forsaken` those sent under any that nobody looks at any more. Even without their account they can be decided about, and they end."""
    found = await kit.storage.jobs.strays([d.id for d in kit.deployments])
    accounts = {d.account.name for d in kit.deployments}
    return {
        account: [name for name, stray in found.items() if (forsaken and stray.left) or account in stray.accounts] for account in accounts
    }
