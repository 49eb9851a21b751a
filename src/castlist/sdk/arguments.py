"""The named arguments of the calls that take many, and the refusal of names that no call has."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from difflib import get_close_matches
from functools import wraps
from inspect import iscoroutinefunction, signature
from typing import Literal, ParamSpec, TypedDict, TypeVar, cast

from castlist.model.characters import SubjectWord
from castlist.sdk.records import CharacterRecord
from castlist.sdk.uploads import Source

P = ParamSpec("P")
R = TypeVar("R")

CharacterLike = CharacterRecord | str | Mapping[str, str]
"""A character, its id, or `{"id": ...}`."""

Options = Mapping[str, Mapping[str, object]]


class Manner(TypedDict, total=False):
    """How a video is to be made.

    `seed`: the same seed gives the same video where the provider can. `metadata`: up to 16 texts of yours. `prompt_name`: "strict"
    refuses a prompt without the character's name instead of adding it. `on_unsupported`: "degrade" makes the nearest the model can,
    with a warning, instead of refusing. `audio`: "on" or "off" for sound or none, "auto" for as the model does by itself.
    `max_cost`: the most the video may cost, in US dollars. `webhook`: an address that is told of its end. `options`:
    a provider's own options by its name, such as {"kling": {"multi_shot": "on"}}. `unknown_policy`: what becomes of a video whose provider
    never says whether it took it: "hold" it for a person, "fail" it, or "resubmit" it once more, which may cost twice.
    """

    seed: int | None
    metadata: Mapping[str, str] | None
    prompt_name: Literal["lenient", "strict"] | None
    on_unsupported: Literal["error", "degrade"] | None
    audio: Literal["auto", "on", "off"] | None
    max_cost: float | None
    webhook: str | None
    unknown_policy: Literal["hold", "fail", "resubmit"] | None
    options: Options | None


class Staging(Manner, total=False):
    """Up to two `characters`, the length, the size as "1280x720", and the opening frame: a file, a URL, or {"image_url": ...}."""

    characters: Sequence[CharacterLike] | None
    seconds: int | str | None
    size: str | None
    reference: Source | Mapping[str, str] | None


class Wishes(Manner, total=False):
    """What a follow-up takes beside its own arguments; `model` is a name of the server's models, else the source's own."""

    model: str | None


class NewVideo(Staging, total=False):
    """What `videos.create` takes beside the prompt; `model` is a name of the server's models."""

    model: str | None


class NewCharacter(TypedDict, total=False):
    """What `characters.create` takes beside name and clip; `start` and `end` choose a part of a longer clip, in seconds; `subject` says
    what it is, for providers that treat people otherwise."""

    description: str | None
    subject: SubjectWord | None
    start: float | None
    end: float | None
    metadata: Mapping[str, str] | None
    model: str | None
    custom_llm_provider: str | None
    target_model_names: Sequence[str] | str | None


def takes(known: type, *, call: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Refuse a named argument that neither the function nor `known`, a TypedDict, has: before Python misses the one that was meant."""

    def check(function: Callable[P, R]) -> Callable[P, R]:
        own = {name for name, one in signature(function).parameters.items() if one.kind is not one.VAR_KEYWORD and name != "self"}
        names = own | getattr(known, "__required_keys__", frozenset()) | getattr(known, "__optional_keys__", frozenset())

        @wraps(function)
        def call_checked(*given: P.args, **named: P.kwargs) -> R:
            refuse_unknown(named, names, call=call)
            return function(*given, **named)

        @wraps(function)
        async def await_checked(*given: P.args, **named: P.kwargs) -> object:
            refuse_unknown(named, names, call=call)
            return await cast("Callable[P, Awaitable[object]]", function)(*given, **named)

        return cast("Callable[P, R]", await_checked) if iscoroutinefunction(function) else call_checked

    return check


def refuse_unknown(given: Collection[str], names: Collection[str], *, call: str) -> None:
    """Raise TypeError for the first one in `given` that is none of `names`, with the nearest one that is."""
    for name in given:
        if name not in names:
            near = get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it takes {', '.join(sorted(names))}"
            raise TypeError(f"{call}() takes no argument {name!r}; {hint}")


def list_characters(characters: Sequence[CharacterLike]) -> list[dict[str, str]]:
    """Characters as the API spells them. Raises TypeError for a single character where a list belongs."""
    if isinstance(characters, str | Mapping | CharacterRecord):
        raise TypeError("characters is a list: characters=[luna] and not characters=luna")
    return [{"id": identify(each)} for each in characters]


def identify(character: object) -> str:
    """The id of what is a character, a video, an id, or an {"id": ...}."""
    if isinstance(character, str):
        return character
    id_ = character.get("id") if isinstance(character, Mapping) else getattr(character, "id", None)
    if isinstance(id_, str):
        return id_
    raise TypeError(f"an id or an object with an id was expected, and not {character!r}")


def build_body(fields: Mapping[str, object], wishes: Mapping[str, object]) -> dict[str, object]:
    """The JSON body of a video call: what is None stays out, Castlist's own wishes go under `castlist`, options to their provider."""
    named = ("prompt_name", "on_unsupported", "audio", "max_cost", "unknown_policy")
    ours = {name: wishes[name] for name in named if wishes.get(name) is not None}
    plain = {name: wishes.get(name) for name in ("model", "seed", "metadata")}
    if wishes.get("webhook") is not None:
        ours["webhook"] = {"url": wishes["webhook"]}
    options = wishes.get("options")
    body = {name: value for name, value in {**fields, **plain}.items() if value is not None}
    if ours:
        body["castlist"] = ours
    if isinstance(options, Mapping):
        body |= {str(provider): dict(values) for provider, values in options.items()}
    return body


def build_new(prompt: str, arguments: NewVideo) -> tuple[dict[str, object], list[tuple[str, Source]]]:
    """The body of a call for a new video, and the files that go with it."""
    characters, seconds = arguments.get("characters"), arguments.get("seconds")
    fields = {
        "prompt": prompt,
        "seconds": None if seconds is None else str(seconds),
        "size": arguments.get("size"),
        "characters": None if characters is None else list_characters(characters),
    }
    body, reference = build_body(fields, arguments), arguments.get("reference")
    if isinstance(reference, str) and reference.startswith(("http://", "https://", "data:")):
        reference = {"image_url": reference}
    if isinstance(reference, Mapping):
        return {**body, "input_reference": dict(reference)}, []
    return body, [] if reference is None else [("input_reference", reference)]
