"""The forms of a character that a model wants and nobody made yet: derived once, kept as the character's own."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from castlist.engine.files import folder, full_disk
from castlist.engine.keeping import hand_over, put_all
from castlist.engine.kit import Kit
from castlist.errors import CastlistError
from castlist.media.child import UNTRUSTED
from castlist.model.characters import FORMS, Character
from castlist.model.providing import Deployment
from castlist.storage import StoredAsset

DERIVE = replace(UNTRUSTED, cpu_seconds=120, wall_seconds=240)
LEASE = 300.0
"""Longer than a derivation may take: a process that died before is noticed by its lock."""

MEDIA_TYPES = {".jpg": "image/jpeg", ".mp4": "video/mp4"}


def lacking(character: Character, wants: Sequence[str]) -> tuple[str, ...]:
    """Those forms that the character has not got and that could be made of what it has."""
    able = (form for form in wants if character.has_use_of(form) and FORMS.get(form) in character.assets)
    return tuple(form for form in able if form not in character.assets)


def wants_of(kit: Kit, deployment: Deployment) -> Sequence[str]:
    """The forms this model wants; of an account that keeps a handle, what all its models want, for the handle serves them all."""
    if not deployment.capabilities.binds:
        return deployment.capabilities.wants
    account = deployment.account.name
    return tuple(dict.fromkeys(form for d in kit.deployments if d.account.name == account for form in d.capabilities.wants))


async def furnish(kit: Kit, character: Character, wants: Sequence[str]) -> Character | None:
    """The character with every form that can be made for it, or None while somebody else makes them.

    Raises StorageFull and MediaCrashed, after which it may be tried again.
    """
    if not lacking(character, wants):
        return character
    if not await kit.storage.characters.hold(character.id, lease=LEASE):
        return None
    try:
        fresh = await kit.storage.characters.any(character.id) or character
        made = lacking(fresh, wants)
        if made and not await _make(kit, fresh, made):
            return None
    finally:
        await kit.storage.characters.release(character.id)
    await kit.storage.jobs.wake_with_character(character.id)
    return await kit.storage.characters.any(character.id)


async def _make(kit: Kit, character: Character, forms: Sequence[str]) -> bool:
    with full_disk(kit), folder(kit.storage.scratch / f"forms-{character.id}") as out:
        files = await _derive(kit, character, forms, out=out)
        stored = await _put(kit, character, forms, files=files)
    owning = kit.storage.characters.add_forms(character.id, stored)
    return await hand_over(kit, list(stored.values()), owning)


async def _derive(kit: Kit, character: Character, forms: Sequence[str], *, out: Path) -> dict[str, Path]:
    async with AsyncExitStack() as stack:
        needed = {FORMS[form] for form in forms}
        paths = {name: str(await stack.enter_async_context(kit.storage.assets.local(character.assets[name]))) for name in sorted(needed)}
        stills = {name: path for name, path in paths.items() if name != "video"}
        spec = {"video": paths.get("video"), "stills": stills, "wants": list(forms), "out": str(out)}
        result = await kit.media("forms", spec, limits=DERIVE)
    found = result["files"]
    if not isinstance(found, dict) or set(found) != set(forms):
        raise CastlistError(f"{', '.join(forms)} were to be made of {character.name}, and the media process made {found}")
    return {form: out / str(name) for form, name in found.items()}


async def _put(kit: Kit, character: Character, forms: Sequence[str], *, files: dict[str, Path]) -> dict[str, StoredAsset]:
    typed = [(files[form], MEDIA_TYPES[files[form].suffix]) for form in forms]
    return dict(zip(forms, await put_all(kit, typed, project=character.project), strict=True))
