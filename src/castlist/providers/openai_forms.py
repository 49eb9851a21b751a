"""The forms that OpenAI's Videos API takes, field for field in the order of its own SDK."""

from collections.abc import Sequence
from typing import Final

from castlist.errors import Refused, Retry
from castlist.model.characters import CastMember, Fidelity
from castlist.model.operations import CreateVideo, EditVideo, ExtendVideo, RemixVideo, Source
from castlist.model.providing import AssetReader, Order, Part
from castlist.providers.openai_profiles import Profile

_SUFFIXES: Final = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "video/mp4": "mp4"}


async def create_form(order: Order, operation: CreateVideo, *, profile: Profile, assets: AssetReader) -> list[Part]:
    """The form of a new video: words, opening frame, cast."""
    fields = {"prompt": order.prompt, "model": order.provider_model, "seconds": str(operation.seconds), "size": str(operation.size)}
    parts = [Part(name, value) for name, value in fields.items()]
    for member in order.cast:
        parts += await _member(member, profile=profile, assets=assets)
    if operation.reference and profile.frame_field:
        parts.append(await file_part(profile.frame_field, operation.reference, assets=assets, name="frame"))
    return parts


async def follow_form(order: Order, operation: EditVideo | ExtendVideo | RemixVideo, *, assets: AssetReader) -> list[Part]:
    """The form of an edit or an extension: of the upstream's own video where it made the source, else of our copy of it."""
    parts = [Part("prompt", order.prompt)]
    if isinstance(operation, ExtendVideo):
        parts.append(Part("seconds", str(operation.seconds)))
    return [*parts, await _source(order, operation.source, assets=assets)]


async def file_part(field: str, asset: str, *, assets: AssetReader, name: str) -> Part:
    """A stored file under a plain name with the suffix of its type."""
    media = await assets.describe(asset)
    suffix = _SUFFIXES.get(media.media_type, "bin")
    return Part(field, await assets.read(asset), filename=f"{name}.{suffix}", media_type=media.media_type)


async def _source(order: Order, source: Source, *, assets: AssetReader) -> Part:
    if order.source_ticket:
        return Part("video[id]", str(order.source_ticket["id"]))
    return await file_part("video", source.asset, assets=assets, name="source")


async def _member(member: CastMember, *, profile: Profile, assets: AssetReader) -> Sequence[Part]:
    match member.fidelity:
        case Fidelity.NATIVE if member.handle:
            return [Part("characters[][id]", member.handle)]
        case Fidelity.REFERENCE if profile.clip_field:
            return [await file_part(profile.clip_field, member.media["video"], assets=assets, name=member.id)]
        case Fidelity.REFERENCE if profile.stills_field:
            names = [name for name in sorted(member.media) if name.startswith("still-")][: profile.stills]
            return [await file_part(profile.stills_field, member.media[n], assets=assets, name=f"{member.id}-{n}") for n in names]
        case Fidelity.DESCRIBED:
            return []
        case _:
            text = f"{member.name} cannot be sent to this server as {member.fidelity}: nothing was sent"
            raise Refused(text, code="character_not_sendable", retry=Retry.ELSEWHERE)
