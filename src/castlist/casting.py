"""How characters travel to a deployment: the best form it can take, and the words that go with it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from castlist.errors import InvalidRequest
from castlist.model.characters import CastMember, Character, CharacterState, Fidelity, Note
from castlist.model.naming import find_names
from castlist.model.operations import CreateVideo, Operation, Size, output_size
from castlist.model.providing import Deployment

ASPECT_TOLERANCE = 0.02
CUTOUT: Final = "cutout_sequence"
ENDS = (".", "!", "?", "…", "。", "！", "？")
NO_HANDLES: Final[Mapping[str, str]] = MappingProxyType({})


def cast(
    operation: Operation,
    characters: Sequence[Character],
    deployment: Deployment,
    *,
    handles: Mapping[str, str] = NO_HANDLES,
    refused: Mapping[str, str] = NO_HANDLES,
) -> tuple[CastMember, ...]:
    """The characters as that deployment takes them, with its account's handles by character; all must be ready. Those that it refused
    to take as its own go by reference."""
    places = deployment.capabilities.places(operation)
    members = [_member(character, deployment, place=index < places) for index, character in enumerate(characters)]
    return tuple(
        replace(member, fidelity=Fidelity.REFERENCE)
        if member.id in refused and member.fidelity is Fidelity.NATIVE
        else replace(member, handle=handles.get(member.id))
        for member in members
    )


def step_down(members: Sequence[CastMember], refused: Mapping[str, str]) -> tuple[Note, ...]:
    """A note for each character that goes by reference because it was refused as a character of the provider's own."""
    return tuple(_by_reference(member, why=refused[member.id]) for member in members if member.id in refused)


def _by_reference(member: CastMember, *, why: str) -> Note:
    text = f"{member.name} goes by reference, and not as a character of the provider's own: {why}."
    return Note("character_by_reference", text, "characters", str(Fidelity.REFERENCE), str(Fidelity.NATIVE))


def _member(character: Character, deployment: Deployment, *, place: bool) -> CastMember:
    fidelity = _fidelity(character, deployment) if place else Fidelity.DESCRIBED
    return CastMember(
        id=character.id,
        name=character.name,
        fidelity=fidelity,
        media={} if fidelity is Fidelity.DESCRIBED else dict(character.assets),
        facts=character.facts,
        description=character.description,
        subject=character.subject,
    )


def _fidelity(character: Character, deployment: Deployment) -> Fidelity:
    capabilities = deployment.capabilities
    wanted = capabilities.native_variant
    known = character.state is CharacterState.READY
    if known and capabilities.fidelity is Fidelity.NATIVE and wanted and wanted not in character.assets:
        return Fidelity.REFERENCE
    return capabilities.fidelity


def notes(
    operation: Operation, members: Sequence[CastMember], characters: Sequence[Character], *, deployment: Deployment
) -> tuple[Note, ...]:
    """What a caller should know about how the cast travels: steps down, cards instead of cutouts, fitted aspects."""
    found = []
    size = output_size(operation)
    cuts_out = deployment.capabilities.native_variant == CUTOUT
    for member, character in zip(members, characters, strict=True):
        if member.fidelity is Fidelity.DESCRIBED:
            found.append(_described(member) if isinstance(operation, CreateVideo) else _from_source(member, deployment))
        elif cuts_out and CUTOUT not in character.assets:
            found.append(_card(member))
        note = fitted(character, size)
        if note:
            found.append(note)
    return tuple(found)


def fitted(character: Character, size: Size) -> Note | None:
    """The warning for a clip whose aspect differs from the video's."""
    if character.clip is None:
        return None
    aspect = character.clip.width / character.clip.height
    if abs(aspect / size.aspect - 1) <= ASPECT_TOLERANCE:
        return None
    text = (
        f"{character.name}'s clip is {character.clip.width}x{character.clip.height} and the video {size}: the character is fitted, "
        f"never stretched. A clip of the video's aspect gives the best result."
    )
    return Note("character_aspect_fitted", text, "characters", round(aspect, 3), round(size.aspect, 3))


def _described(member: CastMember) -> Note:
    text = f"{member.name} is sent in words only: this model takes no characters in pictures, and the request allowed the step down."
    return Note("character_described", text, "characters", str(Fidelity.DESCRIBED), str(Fidelity.NATIVE))


def _from_source(member: CastMember, deployment: Deployment) -> Note:
    text = (
        f"{deployment.capabilities.model} takes no character beside the video it starts from: {member.name} is kept as that video shows, "
        "and nothing else of the character was sent."
    )
    return Note("character_from_source", text, "characters", str(Fidelity.DESCRIBED), str(deployment.capabilities.fidelity))


def _card(member: CastMember) -> Note:
    text = (
        f"{member.name} could not be separated from the clip's background and is shown as a framed card. "
        "Upload a clip on a plain background that differs from the character in colour."
    )
    return Note("character_not_separable", text, "characters")


def compile_prompt(prompt: str, members: Sequence[CastMember]) -> tuple[str, tuple[Note, ...]]:
    """The prompt that is sent on: names it lacks are put before it, and descriptions of described characters after it, for which it gets
    a full stop where it has no end of its own. Otherwise it stays as it is.
    """
    found = find_names(prompt, [member.name for member in members])
    missing = [member for member in members if not found[member.name]]
    described = [m for m in members if m.fidelity is Fidelity.DESCRIBED and m.description]
    head = f"{_ended('Featuring ' + ' and '.join(m.name for m in missing))} " if missing else ""
    tail = "".join(f" {m.name}: {_ended(m.description)}" for m in described)
    return head + (_ended(prompt) + tail if tail else prompt), tuple(_added(member) for member in missing)


def _ended(sentence: str) -> str:
    """The sentence with a full stop, unless it has an end of its own."""
    bare = sentence.rstrip()
    return bare if not bare or bare.endswith(ENDS) else f"{bare}."


def _added(member: CastMember) -> Note:
    text = f"The prompt does not mention {member.name!r} verbatim, so “Featuring {member.name}.” was put before it."
    return Note("character_name_added", text, "prompt", None, member.name)


def check_names(operation: Operation, characters: Sequence[Character]) -> None:
    """Refuse a prompt that lacks a name, where the caller asked for that strictness. Raises InvalidRequest."""
    if not operation.wishes.prompt_strict or not isinstance(operation, CreateVideo):
        return
    for name, spans in find_names(operation.prompt, [character.name for character in characters]).items():
        if not spans:
            raise InvalidRequest(f"The prompt must mention {name!r} verbatim.", code="character_name_missing", param="prompt")
