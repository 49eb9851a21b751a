"""Bringing an uploaded video into the form our own have, before a follow-up starts from it."""

from contextlib import suppress
from dataclasses import replace

from castlist.engine.files import folder, full_disk
from castlist.engine.keeping import hand_over
from castlist.engine.kit import Kit
from castlist.errors import Unavailable
from castlist.media.child import RENDER
from castlist.model.jobs import Job
from castlist.model.operations import CreateVideo, Size, Source
from castlist.storage import StoredAsset

BRING_IN = replace(RENDER, cpu_seconds=900, wall_seconds=1800)


async def bring_in(kit: Kit, job: Job) -> Job | None:
    """The job with a source every provider can read, saved; the upload as it came goes. None when somebody else has the job now.

    Raises MediaRefused, StorageFull, MediaCrashed.
    """
    operation = job.operation
    if isinstance(operation, CreateVideo):
        return job
    raw = operation.source
    asset, source = await _normalise(kit, job, raw)
    moved = replace(job, operation=replace(operation, source=source), waiting=None)
    return moved if await hand_over(kit, [asset], _replace_upload(kit, moved, asset, raw=raw.asset)) else None


async def _replace_upload(kit: Kit, job: Job, asset: StoredAsset, *, raw: str) -> bool:
    await kit.storage.assets.add(asset)
    if not await kit.storage.jobs.save(job):
        return False
    with suppress(Unavailable):
        # The job has what it needs; what is left of the upload goes with it, or is swept.
        await kit.storage.assets.delete([raw])
    return True


async def _normalise(kit: Kit, job: Job, raw: Source) -> tuple[StoredAsset, Source]:
    with full_disk(kit), folder(kit.storage.scratch / f"source-{job.id}") as out:
        async with kit.storage.assets.local(raw.asset) as path:
            facts = await kit.media("source", {"path": str(path), "out": str(out)}, limits=BRING_IN)
        width, height, seconds = facts["width"], facts["height"], facts["seconds"]
        if not (isinstance(width, int) and isinstance(height, int) and isinstance(seconds, int | float)):
            raise TypeError(f"the source task measured no size: {facts}")
        asset = await kit.storage.assets.put(out / str(facts["file"]), project=job.project, media_type="video/mp4")
    return asset, replace(raw, asset=asset.id, seconds=float(seconds), size=Size(width, height), raw=False)
