"""From a request to an accepted job: names to ids, files to assets, a plan, a row."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from castlist import casting, routing
from castlist.engine.characters import SOURCE_TYPES
from castlist.engine.choosing import plan_new
from castlist.engine.files import folder, full_disk
from castlist.engine.foreseeing import foresee, media_of
from castlist.engine.keeping import hand_over
from castlist.engine.kit import Kit
from castlist.engine.looking import look
from castlist.engine.missing import check_kept, no_character, no_video
from castlist.engine.moves import assign
from castlist.engine.ordering import names_added
from castlist.engine.repeats import arrive, gone, look_back, mark, overtaken
from castlist.errors import CastlistError, Conflict, InvalidRequest, MediaRefused
from castlist.model import fitting
from castlist.model.asks import Caller, Incoming, Seen, VideoAsk
from castlist.model.characters import CastMember, Character, CharacterState, Note
from castlist.model.jobs import Cost, Job, State
from castlist.model.operations import (
    MAX_CAST,
    CreateVideo,
    EditVideo,
    ExtendVideo,
    Operation,
    RemixVideo,
    Size,
    Source,
    Wishes,
)
from castlist.model.providing import Deployment
from castlist.model.repeats import Mark, Repeat
from castlist.storage import StoredAsset

DEFAULT_SECONDS = 4
DEFAULT_SIZE = Size(720, 1280)


@dataclass(frozen=True)
class Draft:
    """A request as the job it would become, on the first of the deployments that could take it; nothing of it is kept yet."""

    job: Job
    characters: Sequence[Character]
    plan: routing.Plan


async def submit(kit: Kit, caller: Caller, ask: VideoAsk, *, repeat: Repeat) -> Seen:
    """An accepted job, or an error that says at once what no deployment could take. Nothing is kept of a refused request, and one that
    was accepted before has its first job again."""
    known = mark(caller, ask, repeat)
    async with arrive(kit, known):
        try:
            first = await _first(kit, known)
            return first or await _accept(kit, caller, ask, known=known, repeat=repeat)
        finally:
            discard(ask)


async def _first(kit: Kit, known: Mark) -> Seen | None:
    """The job that this very request has made before. One that was deleted since is not made again under its key."""
    first = await kit.storage.requests.first(known)
    seen = await kit.storage.jobs.seen(known.project, first) if first else None
    if first and seen is None and known.key is not None:
        raise gone(first)
    return seen


async def _accept(kit: Kit, caller: Caller, ask: VideoAsk, *, known: Mark, repeat: Repeat) -> Seen:
    kept: list[StoredAsset] = []
    try:
        made = await draft(kit, caller, ask, kept=kept)
        job = made.job
        await foresee(kit, job, made.plan, characters=made.characters, files=media_of(kept))
    except BaseException:
        await kit.storage.assets.delete([asset.id for asset in kept])
        raise
    known = await look_back(known, repeat)
    if await hand_over(kit, kept, _add(kit, job, kept, known=known)):
        kit.nudge()
        return Seen(job)
    first = await _first(kit, known) if known.key is not None or known.again else None
    if first is None and known.lost_since and not known.key:
        raise overtaken()
    if first is None:
        raise no_video(source_of(job.operation))
    return first


async def draft(kit: Kit, caller: Caller, ask: VideoAsk, *, kept: list[StoredAsset]) -> Draft:
    """The job of a request, whose files are then in `kept`. Raises what is wrong with it, and what no deployment could take."""
    operation, characters, notes = await _operation(kit, caller, ask, kept=kept)
    routing.check_options(operation, kit.deployments, kit.policy.rules)
    job = _job(kit, caller, operation)
    plan = await plan_new(kit, job, characters=characters)
    casting.check_names(operation, characters)
    first = plan.able[0]
    fitted, steps = fitting.fit(operation, first)
    members = casting.cast(fitted, characters, first)
    await kit.storage.jobs.check_spend(first.price(fitted), limit=kit.policy.max_spend_per_day)
    job = replace(job, cast=members, cost=Cost(micros=first.price(fitted)))
    job = assign(job, first)
    for note in (*notes, *steps, *_early_notes(fitted, members, characters, deployment=first)):
        job = job.warn(note)
    return Draft(job, characters, plan)


async def _add(kit: Kit, job: Job, assets: Sequence[StoredAsset], *, known: Mark) -> bool:
    """Whether the job could be added: before the same request sent again, and before its source was deleted, bytes and all."""
    for asset in assets:
        await kit.storage.assets.add(asset)
    if not await kit.storage.jobs.add(job, limit=kit.policy.max_spend_per_day, mark=known):
        return False
    if isinstance(job.operation, CreateVideo) or await kit.storage.assets.get(job.operation.source.asset):
        return True
    await kit.storage.jobs.delete(job.project, job.id)
    return False


def source_of(operation: Operation) -> str:
    """The id of the video a follow-up starts from."""
    return "" if isinstance(operation, CreateVideo) else operation.source.video or ""


def discard(ask: VideoAsk) -> None:
    """Remove the files that came with a request."""
    for part in (ask.reference, ask.source):
        if isinstance(part, Incoming):
            part.path.unlink(missing_ok=True)


def _job(kit: Kit, caller: Caller, operation: Operation) -> Job:
    now = kit.clock()
    return Job(id=kit.new_id("video"), project=caller.project, operation=operation, state=State.QUEUED, created_at=now, due_at=now)


def _early_notes(
    operation: Operation, members: Sequence[CastMember], characters: Sequence[Character], *, deployment: Deployment
) -> tuple[Note, ...]:
    """What can be said before the derivation of a new character is through; the rest is said when the cast is made."""
    ready = [(m, c) for m, c in zip(members, characters, strict=True) if c.state is CharacterState.READY]
    said = casting.notes(operation, [m for m, _ in ready], [c for _, c in ready], deployment=deployment)
    return (*names_added(operation, members), *said)


async def _operation(
    kit: Kit, caller: Caller, ask: VideoAsk, *, kept: list[StoredAsset]
) -> tuple[Operation, Sequence[Character], Sequence[Note]]:
    _check_options(kit, ask)
    if ask.kind == "create":
        characters = await _cast(kit, caller, ask.characters)
        return await _create(kit, caller, ask, characters=characters, kept=kept), characters, ()
    parent = await _parent(kit, caller, ask.source) if isinstance(ask.source, str) else None
    characters, notes = await _inherited(kit, caller, parent)
    source = _made_here(parent) if parent else await _uploaded(kit, caller, ask, kept=kept)
    model = ask.model or (parent.operation.model if parent else kit.policy.default_model)
    return _follow_up(kit, ask, source=source, model=model, characters=characters), characters, notes


def _check_options(kit: Kit, ask: VideoAsk) -> None:
    for name in ask.wishes.options:
        if name not in kit.option_providers:
            names = ", ".join(sorted(kit.option_providers))
            raise InvalidRequest(f"There is no provider {name!r} to pass options to; known: {names}.", code="unknown_field", param=name)


async def _create(kit: Kit, caller: Caller, ask: VideoAsk, *, characters: Sequence[Character], kept: list[StoredAsset]) -> CreateVideo:
    operation = CreateVideo(
        prompt=ask.prompt,
        model=ask.model or kit.policy.default_model,
        seconds=ask.seconds if ask.seconds is not None else DEFAULT_SECONDS,
        size=ask.size or DEFAULT_SIZE,
        characters=tuple(character.id for character in characters),
        reference="pending" if ask.reference else None,
        seed=ask.seed,
        wishes=_wishes(kit, ask),
    )
    if not ask.reference:
        return operation
    routing.plan(operation, kit.deployments, routing.Scene(rules=kit.policy.rules))
    asset = await _keep_reference(kit, caller, ask.reference)
    kept.append(asset)
    return replace(operation, reference=asset.id)


def _wishes(kit: Kit, ask: VideoAsk) -> Wishes:
    return replace(ask.wishes, prompt_strict=ask.wishes.prompt_strict or kit.policy.prompt_strict)


def _follow_up(kit: Kit, ask: VideoAsk, *, source: Source, model: str, characters: Sequence[Character]) -> Operation:
    ids = tuple(character.id for character in characters)
    wishes = _wishes(kit, ask)
    match ask.kind:
        case "edit":
            return EditVideo(ask.prompt, model, source=source, characters=ids, seed=ask.seed, wishes=wishes)
        case "extend":
            if ask.seconds is None:
                raise InvalidRequest(
                    'An extension needs `seconds`, the length to add, for example "8".', code="missing_required_parameter", param="seconds"
                )
            return ExtendVideo(ask.prompt, model, seconds=ask.seconds, source=source, characters=ids, seed=ask.seed, wishes=wishes)
        case _:
            return RemixVideo(ask.prompt, model, source=source, characters=ids, seed=ask.seed, wishes=wishes)


async def _cast(kit: Kit, caller: Caller, ids: Sequence[str]) -> Sequence[Character]:
    if len(set(ids)) < len(ids):
        twice = next(id for id in ids if list(ids).count(id) > 1)  # noqa: A001
        raise InvalidRequest(f"Character {twice} is listed twice; list each once.", code="duplicate_character", param="characters")
    if len(ids) > MAX_CAST:
        raise InvalidRequest(f"At most {MAX_CAST} characters per video, not {len(ids)}.", code="too_many_characters", param="characters")
    found = []
    for id in ids:  # noqa: A001
        character = await kit.storage.characters.get(caller.project, id)
        if character is None:
            raise no_character(id)
        if character.state is CharacterState.FAILED:
            raise InvalidRequest(
                f"{character.name} could not be made from its clip: {character.error} Create it again from another clip.",
                code="character_failed",
                param="characters",
            )
        found.append(character)
    if len({c.name for c in found}) < len(found):
        text = f"Both characters are called {found[0].name!r}, so the prompt could not tell them apart; give one another name."
        raise InvalidRequest(text, code="ambiguous_character_name", param="characters")
    return found


async def _parent(kit: Kit, caller: Caller, id: str) -> Job:  # noqa: A002
    job = await kit.storage.jobs.get(caller.project, id)
    if job is None:
        error = no_video(id)
        error.param = "video"
        raise error
    if job.state in (State.FAILED, State.CANCELLED):
        why = job.error.message if job.error else str(job.state)
        raise Conflict(f"Video {id} {job.outcome}, so there is nothing to start from: {why}", code="video_failed", param="video")
    if job.result is None:
        text = f"Video {id} is {job.state} ({job.progress} %), not completed; wait for it, then send this again."
        raise Conflict(text, code="video_not_ready", param="video")
    check_kept(job, kit.clock(), param="video")
    return job


def _made_here(parent: Job) -> Source:
    if parent.result is None:
        raise no_video(parent.id)
    result = parent.result
    return Source(asset=result.video, seconds=result.seconds, size=Size(result.width, result.height), video=parent.id)


async def _inherited(kit: Kit, caller: Caller, parent: Job | None) -> tuple[Sequence[Character], Sequence[Note]]:
    """The cast of the source; a character deleted since is reported, not silently dropped."""
    found, notes = [], []
    for id in parent.operation.characters if parent else ():  # noqa: A001
        character = await kit.storage.characters.get(caller.project, id)
        if character:
            found.append(character)
        else:
            name = next((m.name for m in parent.cast if m.id == id), id) if parent else id
            text = f"{name} was deleted since the source was made; this continues from the source's pictures alone."
            notes.append(Note("character_deleted", text, "characters", id))
    return found, notes


async def _uploaded(kit: Kit, caller: Caller, ask: VideoAsk, *, kept: list[StoredAsset]) -> Source:
    file = ask.source
    if not isinstance(file, Incoming):
        text = "Send the video to start from: `video[id]` (JSON: `video: {id}`) or a file as `video`."
        raise InvalidRequest(text, code="missing_required_parameter", param="video")
    kit.check_room(3 * file.bytes)
    facts = await look(kit, "probe", {"path": str(file.path), "kind": "video", "role": "source"}, kind="video", param="video")
    media_type = SOURCE_TYPES.get(str(facts.get("container")), "video/mp4")
    asset = await kit.storage.assets.put(file.path, project=caller.project, media_type=media_type)
    kept.append(asset)
    width, height, seconds = facts["width"], facts["height"], facts["seconds"]
    if not (isinstance(width, int) and isinstance(height, int) and isinstance(seconds, int | float)):
        raise CastlistError(f"the probe measured no size: {facts}")
    return Source(asset=asset.id, seconds=float(seconds), size=Size(width & ~1, height & ~1), raw=True)


async def _keep_reference(kit: Kit, caller: Caller, file: Incoming) -> StoredAsset:
    kit.check_room(4 * file.bytes)
    with full_disk(kit), folder(kit.storage.scratch / f"reference-{file.path.name}") as out:
        try:
            await look(kit, "image", {"path": str(file.path), "out": str(out)}, kind="image", param="input_reference")
        except MediaRefused as refusal:
            if refusal.code == "unsupported_media_type":
                refusal.code = "invalid_image"
            raise
        return await kit.storage.assets.put(out / "image.png", project=caller.project, media_type="image/png")
