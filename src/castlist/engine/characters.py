"""Making, finding and removing characters."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import structlog

from castlist.engine.binding import bind_early
from castlist.engine.files import folder, full_disk
from castlist.engine.keeping import hand_over, put_all
from castlist.engine.kit import Kit
from castlist.engine.looking import look
from castlist.engine.missing import no_character
from castlist.engine.repeats import gone, mark
from castlist.errors import CastlistError, Conflict, InvalidRequest, NotFound, Unavailable
from castlist.media.bounds import check_range
from castlist.media.child import UNTRUSTED
from castlist.model.asks import Caller, CharacterAsk, Incoming
from castlist.model.characters import Character, CharacterState, Clip, Note
from castlist.model.repeats import Mark, Repeat
from castlist.model.vendors import unknown_provider
from castlist.routing import unknown_model
from castlist.storage import StoredAsset

log = structlog.get_logger("castlist.engine")

DERIVE = replace(UNTRUSTED, cpu_seconds=120, wall_seconds=240)
SAME_WITHIN = timedelta(hours=1)
VARIANTS = {"video": "video", "still": "still-0", "cutout": "cutout", "sheet": "sheet"}
MEDIA_TYPES = {".mp4": "video/mp4", ".avi": "video/x-msvideo", ".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}
SOURCE_TYPES = {
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
}


async def create(kit: Kit, caller: Caller, ask: CharacterAsk, *, repeat: Repeat) -> Character:
    """Check the files at once, keep them, and answer; stills, cutout and sheet are derived behind it.

    The same project, bytes, name, description and metadata within the hour return the living same character, made ready for models that
    it was not made for; the same Idempotency-Key returns it within a day.
    """
    known = mark(caller, ask, repeat)
    try:
        first = await _first(kit, known)
        if first:
            return first
        check_names(kit, model=ask.model, provider=ask.custom_llm_provider, targets=ask.target_model_names)
        same = await kit.storage.characters.same(caller.project, _digest(ask), kit.clock() - SAME_WITHIN)
        if same:
            return await _make_ready_for(kit, same, ask.target_model_names)
        kit.check_room(2 * sum(file.bytes for file in ask.files))
        facts = [await _probe(kit, file, ask) for file in ask.files]
        if ask.kind == "video":
            check_range(ask.start, ask.end, seconds=_number(facts[0], "seconds"))
        character = await _keep(kit, caller, ask, facts=facts, known=known)
    finally:
        for file in ask.files:
            file.path.unlink(missing_ok=True)
    kit.nudge()
    return character


async def _make_ready_for(kit: Kit, character: Character, targets: Sequence[str]) -> Character:
    if set(targets) <= set(character.targets):
        return character
    found = await kit.storage.characters.add_targets(character.id, targets)
    if found and found.state is CharacterState.READY:
        kit.begin(bind_early(kit, found))
    return found or character


async def _first(kit: Kit, known: Mark) -> Character | None:
    """The character that the request under this key has made before."""
    first = await kit.storage.requests.first(known) if known.key is not None else None
    character = await kit.storage.characters.get(known.project, first) if first else None
    if first and character is None:
        raise gone(first)
    return character


def check_names(kit: Kit, *, model: str | None, provider: str | None, targets: Sequence[str] = ()) -> None:
    """Refuse a model or provider name that nothing here has. Raises NotFound or InvalidRequest."""
    known = {d.model for d in kit.deployments} | set(kit.policy.rules.aliases)
    asked = [("model", model)] if model else []
    for param, name in [*asked, *(("target_model_names", target) for target in targets)]:
        if name not in known and name.partition("/")[0] not in kit.known_providers:
            error = unknown_model(name, kit.deployments)
            error.param = param
            raise error
    if provider and provider not in kit.known_providers:
        raise unknown_provider(provider, kit.known_providers)


def _digest(ask: CharacterAsk) -> str:
    parts = [ask.kind, ask.name, ask.description, repr(ask.start), repr(ask.end), *(file.sha256 for file in ask.files)]
    parts += [ask.subject] if ask.subject else []
    parts += [repr(sorted(ask.metadata.items()))] if ask.metadata else []
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


async def _probe(kit: Kit, file: Incoming, ask: CharacterAsk) -> Mapping[str, object]:
    spec = {"path": str(file.path), "kind": ask.kind, "role": "character", "start": ask.start, "end": ask.end}
    return await look(kit, "probe", spec, kind=ask.kind, param=ask.kind)


async def _keep(kit: Kit, caller: Caller, ask: CharacterAsk, *, facts: Sequence[Mapping[str, object]], known: Mark) -> Character:
    types = [SOURCE_TYPES.get(str(fact.get("container")), "application/octet-stream") for fact in facts]
    files = [(file.path, media_type) for file, media_type in zip(ask.files, types, strict=True)]
    sources = await put_all(kit, files, project=caller.project)
    character = Character(
        id=kit.new_id("char"),
        project=caller.project,
        name=ask.name,
        description=ask.description,
        state=CharacterState.PREPARING,
        created_at=kit.clock(),
        digest=_digest(ask),
        assets={f"source-{index}": source.id for index, source in enumerate(sources)},
        metadata=ask.metadata,
        targets=tuple(ask.target_model_names),
        range=None if ask.start is None and ask.end is None else (ask.start, ask.end),
        source_kind=ask.kind,
        clip=_measured(facts[0], sources[0]) if ask.kind == "video" else None,
        subject=ask.subject,
    )
    if await hand_over(kit, sources, _add(kit, character, sources, known=known)):
        return character
    return await _first(kit, known) or character


async def _add(kit: Kit, character: Character, sources: Sequence[StoredAsset], *, known: Mark) -> bool:
    for source in sources:
        await kit.storage.assets.add(source)
    return await kit.storage.characters.add(character, mark=known)


def _measured(facts: Mapping[str, object], source: StoredAsset) -> Clip:
    return Clip(
        seconds=_number(facts, "seconds"),
        width=int(_number(facts, "width")),
        height=int(_number(facts, "height")),
        fps=_number(facts, "fps"),
        bytes=source.bytes,
        sha256=source.sha256,
    )


def _number(facts: Mapping[str, object], name: str) -> float:
    value = facts.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


async def get(kit: Kit, caller: Caller, id: str) -> Character:  # noqa: A002
    """The character. Raises NotFound, for another project's as well."""
    character = await kit.storage.characters.get(caller.project, id)
    if character is None:
        raise no_character(id, param="character_id")
    return character


async def asset(kit: Kit, caller: Caller, id: str, *, variant: str) -> StoredAsset:  # noqa: A002
    """The stored bytes of one variant. Raises NotFound, InvalidRequest for an unknown variant, Conflict before it is ready."""
    character = await get(kit, caller, id)
    if variant not in VARIANTS:
        raise InvalidRequest(
            f"A character has the variants {', '.join(VARIANTS)}, not {variant[:40]!r}", code="invalid_variant", param="variant"
        )
    if character.state is CharacterState.PREPARING:
        raise Conflict(f"{character.name} is still being prepared; ask again in a second.", code="character_not_ready")
    name = character.assets.get(VARIANTS[variant])
    found = await kit.storage.assets.get(name) if name else None
    if found is None:
        raise NotFound(f"{character.name} has no {variant}: it could not be separated from its background.", code="no_such_variant")
    return found


async def derive(kit: Kit, character: Character) -> Character:
    """Everything that is made from a character's source once: clip, stills, cutout, sheet. Returns it as ready or failed.

    Raises StorageFull and MediaCrashed, after which it may be tried again.
    """
    with full_disk(kit), folder(kit.storage.scratch / f"derive-{character.id}") as out:
        try:
            result = await _derive_into(kit, character, out)
            return await _store(kit, character, out, result=result)
        except Unavailable:
            raise
        except CastlistError as error:
            return await give_up(kit, character, error.message, detail=getattr(error, "detail", ""))


async def give_up(kit: Kit, character: Character, why: str, *, detail: str = "") -> Character:
    """The character as one that could not be made; its jobs are told."""
    log.warning("character.failed", character=character.id, error=why, detail=detail)
    failed = replace(character, state=CharacterState.FAILED, error=why)
    await kit.storage.characters.save(failed)
    await kit.storage.jobs.wake_with_character(character.id)
    return failed


async def _derive_into(kit: Kit, character: Character, out: Path) -> Mapping[str, object]:
    names = [character.assets[key] for key in sorted(character.assets) if key.startswith("source-")]
    start, end = character.range or (None, None)
    async with AsyncExitStack() as stack:
        paths = [str(await stack.enter_async_context(kit.storage.assets.local(name))) for name in names]
        spec = {"sources": paths, "kind": character.source_kind, "out": str(out), "start": start, "end": end}
        return await kit.media("character", spec, limits=DERIVE)


def _taken(result: Mapping[str, object]) -> tuple[float, float]:
    taken = cast("Mapping[str, float]", result["range"])
    return taken["start"], taken["end"]


def _chosen(result: Mapping[str, object]) -> Sequence[Note]:
    """What was taken of a long clip when nobody said what to take."""
    if not cast("Mapping[str, object]", result.get("range") or {}).get("chosen"):
        return ()
    start, end = _taken(result)
    text = f"the clip is long, so its best part was taken, from {start:g} to {end:g} seconds; start and end take another one"
    return (Note("clip_range_chosen", text, "start", [start, end], None),)


async def _store(kit: Kit, character: Character, out: Path, *, result: Mapping[str, object]) -> Character:
    files = cast("Mapping[str, object]", result["files"])
    wanted = {"video": files["clip"], "sheet": files["sheet"], "cutout_sequence": files.get("cutout"), "cutout": files.get("cutout_png")}
    stills = cast("Sequence[str]", files["stills"])
    wanted |= {f"still-{index}": name for index, name in enumerate(stills)}
    named = {variant: name for variant, name in wanted.items() if isinstance(name, str)}
    typed = [(out / name, MEDIA_TYPES[Path(name).suffix]) for name in named.values()]
    stored = dict(zip(named, await put_all(kit, typed, project=character.project), strict=True))
    ready = replace(
        character,
        state=CharacterState.READY,
        clip=_measured(cast("Mapping[str, object]", result["clip"]), stored["video"]),
        assets={**character.assets, **{variant: asset.id for variant, asset in stored.items()}},
        facts=cast("Mapping[str, object]", result["cutout"]),
        advice=(*(Note(**note) for note in cast("Sequence[dict[str, str]]", result["advice"])), *_chosen(result)),
        range=_taken(result) if character.range or _chosen(result) else None,
    )
    assets = tuple(stored.values())
    if await hand_over(kit, assets, kit.storage.characters.save(ready, assets=assets)):
        await kit.storage.jobs.wake_with_character(character.id)
    return ready
