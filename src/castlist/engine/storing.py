"""The result of a job into our own keeping: downloaded, probed, with a thumbnail and a spritesheet, in one transaction with its state."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from castlist.engine.files import folder
from castlist.engine.kit import Kit
from castlist.errors import Refused, Retry
from castlist.media.child import UNTRUSTED
from castlist.model.jobs import Attempt, AttemptState, CostState, Job, Result, State
from castlist.model.providing import Provider, Ticket

FINISH = replace(UNTRUSTED, cpu_seconds=60, wall_seconds=120)
FLUSH = 4 << 20


async def store(kit: Kit, job: Job, attempt: Attempt, *, provider: Provider) -> Job | None:
    """The job as succeeded, or None when somebody else has it now. Raises StorageFull and what the provider's download raises."""
    kit.check_room(0)
    ticket = Ticket(attempt.ticket or {})
    with folder(kit.storage.scratch / f"store-{job.id}") as out:
        path = out / "download.mp4"
        await _download(provider, ticket, path)
        facts = await kit.media("finish", {"path": str(path), "out": str(out)}, limits=FINISH)
        files = facts["files"]
        if not isinstance(files, dict):
            raise TypeError(f"the finish task named no files: {facts}")
        put = kit.storage.assets.put
        video = await put(path, project=job.project, media_type="video/mp4")
        thumbnail = await put(out / files["thumbnail"], project=job.project, media_type="image/webp")
        sheet = await put(out / files["spritesheet"], project=job.project, media_type="image/jpeg")
    assets = (video, thumbnail, sheet)
    result = Result(
        video=video.id,
        thumbnail=thumbnail.id,
        spritesheet=sheet.id,
        seconds=_number(facts["seconds"]),
        width=int(_number(facts["width"])),
        height=int(_number(facts["height"])),
    )
    ended = _succeeded(kit, job, result)
    closed = replace(attempt, state=AttemptState.SUCCEEDED, ended_at=kit.clock(), cost=ended.cost, error=None)
    if await kit.storage.jobs.finish(ended, attempt=closed, assets=assets):
        return ended
    await kit.storage.assets.delete([asset.id for asset in assets])
    return None


def _succeeded(kit: Kit, job: Job, result: Result) -> Job:
    now, keep = kit.clock(), kit.policy.keep_days
    cost = replace(job.cost, state=CostState.BILLED) if job.cost.micros == 0 else job.cost
    return job.to(
        State.SUCCEEDED,
        result=result,
        progress=100,
        cost=cost,
        completed_at=now,
        expires_at=now + timedelta(days=keep) if keep else None,
        waiting=None,
    )


async def _download(provider: Provider, ticket: Ticket, path: Path) -> None:
    async with provider.download(ticket) as stream:
        with path.open("wb") as file:
            written = 0
            async for chunk in stream.chunks:
                await asyncio.to_thread(file.write, chunk)
                written += len(chunk)
    if stream.length is not None and written != stream.length:
        raise Refused(f"the download ended after {written} of {stream.length} bytes", code="download_cut", retry=Retry.SAME)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
