"""Reading jobs and their bytes: rows only, never a provider."""

from castlist.engine.kit import Kit
from castlist.engine.missing import check_kept, no_video
from castlist.errors import Conflict, InvalidRequest, NotFound
from castlist.model.asks import Caller, Listing, Seen
from castlist.model.jobs import WIRE, State
from castlist.storage import Page, StoredAsset

STATUSES = {word: frozenset(s for s, w in WIRE.items() if w == word) for word in dict.fromkeys(WIRE.values())}
VARIANTS = ("video", "thumbnail", "spritesheet")


async def video(kit: Kit, caller: Caller, id: str) -> Seen:  # noqa: A002
    """A job with its attempts. Raises NotFound, for another project's as well."""
    seen = await kit.storage.jobs.seen(caller.project, id)
    if seen is None:
        raise no_video(id)
    return seen


async def watch(kit: Kit, caller: Caller, id: str, *, revision: int, timeout: float) -> Seen:  # noqa: A002
    """The job as soon as it is newer than `revision`, or as it is after `timeout` seconds."""
    seen = await video(kit, caller, id)
    if seen.job.revision > revision or seen.job.ended:
        return seen
    await kit.storage.changes.wait(id, revision=revision, timeout=timeout)
    return await video(kit, caller, id)


async def videos(kit: Kit, caller: Caller, listing: Listing, *, status: str | None, character: str | None) -> Page[Seen]:
    """A page of the project's jobs, newest first unless `order` is "asc"."""
    if status is not None and status not in STATUSES:
        raise InvalidRequest(f"status is one of {', '.join(STATUSES)}, not {status[:40]!r}", code="invalid_status", param="status")
    page = await kit.storage.jobs.page(
        caller.project,
        after=listing.after,
        limit=listing.limit,
        order=listing.order,
        states=STATUSES[status] if status else None,
        character=character,
    )
    seen = [Seen(job, await kit.storage.jobs.attempts(job.id)) for job in page.items]
    return Page(tuple(seen), page.has_more)


async def asset(kit: Kit, caller: Caller, id: str, *, variant: str) -> StoredAsset:  # noqa: A002
    """The stored bytes of one variant. Raises Conflict while the job goes on or when it failed."""
    job = (await video(kit, caller, id)).job
    if variant not in VARIANTS:
        raise InvalidRequest(f"variant is one of {', '.join(VARIANTS)}, not {variant[:40]!r}", code="invalid_variant", param="variant")
    if job.state in (State.FAILED, State.CANCELLED):
        why = job.error.message if job.error else str(job.state)
        raise Conflict(f"Video {id} {job.outcome} and has no content: {why}", code="video_failed", param="video_id")
    if job.result is None:
        text = f"Video {id} is {job.state} ({job.progress} %); its content can be had when it is completed."
        raise Conflict(text, code="video_not_ready", param="video_id")
    check_kept(job, kit.clock())
    ids = {"video": job.result.video, "thumbnail": job.result.thumbnail, "spritesheet": job.result.spritesheet}
    found = await kit.storage.assets.get(ids[variant])
    if found is None:
        raise NotFound(f"The {variant} of video {id} is no longer kept.", code="content_expired", param="video_id")
    return found
