"""The result of a job into our own keeping: downloaded, probed, with a thumbnail and a spritesheet, in one transaction with its state."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from castlist.engine.files import folder, full_disk
from castlist.engine.joining import join
from castlist.engine.keeping import hand_over, put_all
from castlist.engine.kit import Kit
from castlist.errors import MediaRefused, Refused, Retry
from castlist.media.child import UNTRUSTED
from castlist.model.characters import Note
from castlist.model.fitting import fit
from castlist.model.jobs import Attempt, AttemptState, Cost, CostState, Job, Result, State, total
from castlist.model.operations import output_seconds
from castlist.model.providing import Provider, Ticket

FINISH = replace(UNTRUSTED, cpu_seconds=60, wall_seconds=120)
NEAR, NEAR_SHARE = 0.6, 0.1
"""How far the length of a result may be from what was asked: seconds, or a share of it."""

COPIES = 2
"""A result is on the disk twice for a moment: as it was downloaded and as it is stored."""

PER_SECOND, SPARE = 25 << 20, 32 << 20
"""Bytes that a second of video has at most, and that a file may have besides: 200 Mbit/s is twice what cameras write in 4K."""


async def store(kit: Kit, job: Job, attempt: Attempt, *, provider: Provider) -> Job | None:
    """The job as succeeded, or None when somebody else has it now. Raises StorageFull, what the provider's download raises, and
    MediaRefused for what is no playable video."""
    kit.check_store(0)
    ticket = Ticket(attempt.ticket or {})
    with full_disk(kit), folder(kit.storage.scratch / f"store-{job.id}") as out:
        path = out / "download.mp4"
        await _download(kit, provider, ticket, path=path, most=SPARE + int(output_seconds(job.operation) * PER_SECOND))
        path, job = await join(kit, job, path, full=provider.capabilities(attempt.provider_model).returns_full)
        facts = await kit.media("finish", {"path": str(path), "out": str(out)}, limits=FINISH)
        files = facts["files"]
        if not isinstance(files, dict):
            raise TypeError(f"the finish task named no files: {facts}")
        wanted = [(path, "video/mp4"), (out / files["thumbnail"], "image/webp"), (out / files["spritesheet"], "image/jpeg")]
        assets = await put_all(kit, wanted, project=job.project)
    video, thumbnail, sheet = assets
    result = Result(
        video=video.id,
        thumbnail=thumbnail.id,
        spritesheet=sheet.id,
        seconds=_number(facts["seconds"]),
        width=int(_number(facts["width"])),
        height=int(_number(facts["height"])),
    )
    made = _succeeded(kit, _compare(job, attempt, seconds=result.seconds), result, cost=_settle(kit, job, attempt))
    closed = replace(attempt, state=AttemptState.SUCCEEDED, ended_at=kit.clock(), cost=made.cost, error=None)
    costs = [known.cost for known in await kit.storage.jobs.attempts(job.id) if known.id != attempt.id]
    ended = replace(made, cost=total([*costs, closed.cost]))
    kit.forget(attempt.id)
    if not await hand_over(kit, assets, kit.storage.jobs.finish(ended, attempt=closed, assets=assets)):
        return None
    kit.tally.attempt(closed)
    return ended


def _compare(job: Job, attempt: Attempt, *, seconds: float) -> Job:
    """The job with a warning where the video is not about as long as it was to be."""
    wanted = output_seconds(job.operation)
    if abs(seconds - wanted) <= max(NEAR, NEAR_SHARE * wanted):
        return job
    text = f"{attempt.provider} made a video of {seconds:.3g} seconds, where {wanted:.3g} were asked for."
    return job.warn(Note("length_differs", text, "seconds", round(seconds, 2), round(wanted, 2)))


def _settle(kit: Kit, job: Job, attempt: Attempt) -> Cost:
    """What the work cost: what its provider said, else what was reckoned. Nothing is only where nothing is the price."""
    if job.cost.micros or job.cost.state is CostState.BILLED:
        return job.cost
    deployment = kit.deployment(attempt.deployment)
    price = deployment.capabilities.price(fit(job.operation, deployment)[0]) if deployment else None
    return replace(job.cost, state=CostState.UNKNOWN if price is None else CostState.BILLED)


def _succeeded(kit: Kit, job: Job, result: Result, *, cost: Cost) -> Job:
    now, keep = kit.clock(), kit.policy.keep_days
    return job.to(
        State.SUCCEEDED,
        result=result,
        progress=100,
        cost=cost,
        completed_at=now,
        expires_at=now + timedelta(days=keep) if keep else None,
        waiting=None,
    )


async def _download(kit: Kit, provider: Provider, ticket: Ticket, *, path: Path, most: int) -> None:
    async with provider.download(ticket) as stream:
        kit.check_store(COPIES * (stream.length or 0))
        with path.open("wb") as file:
            written = 0
            async for chunk in stream.chunks:
                await asyncio.to_thread(file.write, chunk)
                written += len(chunk)
                if written > most:
                    raise MediaRefused(
                        f"it does not end after {most >> 20} MiB, more than a video of its length has", code="result_too_long"
                    )
    if stream.length is not None and written != stream.length:
        raise Refused(f"the download ended after {written} of {stream.length} bytes", code="download_cut", retry=Retry.SAME)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
