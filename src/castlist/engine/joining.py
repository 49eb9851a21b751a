"""An extension that came back without its source: put after it, so that the result is always the whole."""

from dataclasses import replace
from pathlib import Path

from castlist.engine.kit import Kit
from castlist.errors import NotFound
from castlist.media.child import RENDER, UNTRUSTED
from castlist.model.characters import Note
from castlist.model.jobs import Job
from castlist.model.operations import ExtendVideo

LOOK = replace(UNTRUSTED, cpu_seconds=60, wall_seconds=120)
STITCH = replace(RENDER, cpu_seconds=900, wall_seconds=1800)


async def join(kit: Kit, job: Job, path: Path, *, full: bool | None) -> tuple[Path, Job]:
    """The whole of an extension and the job with a word about it, or both as they are: `full` says whether it came whole, None that
    its length is to tell. Raises MediaRefused for what is no video."""
    operation = job.operation
    if not isinstance(operation, ExtendVideo) or full or (full is None and await _is_whole(kit, operation, path)):
        return path, job
    try:
        async with kit.storage.assets.local(operation.source.asset) as source:
            spec = {"first": str(source), "second": str(path), "out": str(path.parent)}
            made = await kit.media("stitch", spec, limits=STITCH)
    except NotFound:
        text = "The provider gave the added part alone, and the video it continues was deleted before it could be put in front."
        return path, job.warn(Note("extension_part_only", text, "video"))
    how = "its packets copied" if made["copied"] else f"both coded anew at 24 frames a second, because {job.provider} codes otherwise"
    text = f"The provider gave the added part alone: it was put after the source, {how}."
    return path.parent / str(made["file"]), job.warn(Note("extension_stitched", text))


async def _is_whole(kit: Kit, operation: ExtendVideo, path: Path) -> bool:
    facts = await kit.media("probe", {"path": str(path), "kind": "video", "role": "result"}, limits=LOOK)
    seconds = facts["seconds"]
    return isinstance(seconds, int | float) and seconds > operation.seconds + operation.source.seconds / 2
