"""Keeping a job through the request that may cost: nobody else may take it before the answer, and who lost it does not send."""

from datetime import UTC, datetime, time, timedelta
from typing import Final

from castlist.engine.kit import Kit
from castlist.engine.moves import put_off, save
from castlist.errors import SpendLimit
from castlist.model.jobs import Job, State

SLACK: Final = 10.0
"""Seconds of a lease besides what the request may take: more than passes between two lines of a process that is not suspended."""

ROOM_AGAIN: Final = 60.0
"""Seconds until it is worth looking again whether the day's money has room: a video that fails gives back what was held for it."""


async def hold(kit: Kit, job: Job, *, seconds: float) -> bool:
    """Whether the job is ours for so many seconds from now. A process that was suspended meanwhile asks again, and is told."""
    while True:
        asked = kit.boot_clock()
        if job.id not in await kit.storage.jobs.renew([job.id], lease=seconds + SLACK):
            return False
        if kit.boot_clock() - asked < SLACK:
            return True


async def wait_for_money(kit: Kit, job: Job, error: SpendLimit) -> Job | None:
    """The job queued until the day's money may have room for it. Raises the error where no day ever has, or it has waited its time."""
    now, limit = kit.clock(), kit.policy.max_spend_per_day
    if limit is None or job.cost.micros > limit or now - job.created_at > timedelta(seconds=kit.policy.max_age):
        raise error
    tomorrow = datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
    before = await kit.storage.jobs.attempts(job.id)
    waiting = job.to(State.QUEUED, waiting="spend_limit", attempt=before[-1].id if before else None)
    return await save(kit, put_off(kit, waiting, seconds=min(ROOM_AGAIN, (tomorrow - now).total_seconds())))
