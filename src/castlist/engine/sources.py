"""Bringing an uploaded video into the form our own have, before a follow-up starts from it."""

from dataclasses import replace

from castlist.engine.files import folder
from castlist.engine.kit import Kit
from castlist.media.child import RENDER
from castlist.model.jobs import Job
from castlist.model.operations import CreateVideo, Operation, Size


async def normalise(kit: Kit, job: Job) -> Operation:
    """The operation with a source every provider can read; unchanged when it has none or it was made here."""
    operation = job.operation
    if isinstance(operation, CreateVideo) or not operation.source.raw:
        return operation
    with folder(kit.storage.scratch / f"source-{job.id}") as out:
        async with kit.storage.assets.local(operation.source.asset) as path:
            facts = await kit.media("source", {"path": str(path), "out": str(out)}, limits=RENDER)
        asset = await kit.storage.assets.put(out / str(facts["file"]), project=job.project, media_type="video/mp4")
    await kit.storage.assets.add(asset)
    width, height, seconds = facts["width"], facts["height"], facts["seconds"]
    if not (isinstance(width, int) and isinstance(height, int) and isinstance(seconds, int | float)):
        raise TypeError(f"the source task measured no size: {facts}")
    source = replace(operation.source, asset=asset.id, seconds=float(seconds), size=Size(width, height), raw=False)
    return replace(operation, source=source)
