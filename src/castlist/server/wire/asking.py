"""From checked requests to the asks the engine takes."""

from collections.abc import Awaitable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from castlist.errors import InvalidRequest
from castlist.model.asks import CharacterAsk, Incoming, VideoAsk
from castlist.model.characters import Subject
from castlist.model.operations import Wishes
from castlist.model.troubles import UnknownPolicy
from castlist.model.vendors import unknown_provider
from castlist.server.bodies import Fields
from castlist.server.wire import reading
from castlist.server.wire.requests import (
    CreateCharacterBody,
    CreateVideoBody,
    EditVideoBody,
    ExtendVideoBody,
    PlanCreateBody,
    PlanEditBody,
    PlanExtendBody,
    PlanRemixBody,
    RemixVideoBody,
    WantedBody,
    check,
)

REFERENCE_LIMIT = 32 * 1024 * 1024
"""Bytes of an opening frame."""


class Fetch(Protocol):
    """The guarded fetcher of URLs that callers give us."""

    def __call__(self, url: str, into: Path, *, limit: int) -> Awaitable[Incoming]:
        """The bytes at `url` as a file in the folder `into`. Raises InvalidRequest."""
        ...


@dataclass(frozen=True, slots=True)
class Sources:
    """What a request's values may refer to: URLs through `fetch`, files in `scratch`, `options` of the providers that
    take some, names of `providers`."""

    fetch: Fetch
    scratch: Path
    options: Collection[str]
    providers: Collection[str]

    def split(self, fields: Fields) -> tuple[Fields, dict[str, Mapping[str, object]]]:
        """The fields without the options of providers, and those: under `castlist`, or beside it as LiteLLM's callers write them."""
        plain: Fields = {}
        options: dict[str, Mapping[str, object]] = {}
        extra = fields.get("extra_body")
        if isinstance(extra, dict):
            fields = {**extra, **{name: value for name, value in fields.items() if name != "extra_body"}}
        ours = fields.get("castlist")
        given = [*fields.items()]
        if isinstance(ours, dict):
            given = [
                *((name, value) for name, value in given if name != "castlist"),
                *((n, v) for n, v in ours.items() if n in self.options),
            ]
            plain["castlist"] = {name: value for name, value in ours.items() if name not in self.options}
        for name, value in given:
            if name not in self.options:
                plain[name] = value
            elif value is not None:
                options[name] = {**options.get(name, {}), **_read_options(name, value)}
        return plain, options

    def know(self, provider: object) -> None:
        """Refuse a provider's name that is not one."""
        if provider is not None and (not isinstance(provider, str) or provider not in self.providers):
            raise unknown_provider(provider, self.providers)


def _read_options(name: str, value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise InvalidRequest(f"{name} is an object of options, and not {reading.quote(value)}", code="invalid_value", param=name)
    reading.refuse_forbidden({name: value})
    return value


Shape = type[CreateVideoBody] | type[EditVideoBody] | type[ExtendVideoBody] | type[RemixVideoBody]
_SHAPES: Mapping[str, Shape] = {
    "create": CreateVideoBody,
    "edit": EditVideoBody,
    "extend": ExtendVideoBody,
    "remix": RemixVideoBody,
}
Kind = Literal["create", "edit", "extend", "remix"]
PLANS: Mapping[Kind, Shape] = {"create": PlanCreateBody, "edit": PlanEditBody, "extend": PlanExtendBody, "remix": PlanRemixBody}


async def ask_video(kind: Kind, fields: Fields, sources: Sources, *, source: str | None = None) -> VideoAsk:
    """The fields of a request for a video, as an ask; `source` is the video named in the path of a remix."""
    plain, options = sources.split(fields)
    body = check(_SHAPES[kind], plain)
    sources.know(body.custom_llm_provider)
    return await _ask(kind, body, sources, options=options, source=source)


async def ask_plan(fields: Fields, sources: Sources) -> VideoAsk:
    """The fields of a request for a plan, as the ask they are about: a new video unless `operation` names another one."""
    plain, options = sources.split(fields)
    kind = _read_kind(plain)
    body = check(PLANS[kind], plain)
    sources.know(body.custom_llm_provider)
    return await _ask(kind, body, sources, options=options, source=body.video if isinstance(body, PlanRemixBody) else None)


def _read_kind(fields: Fields) -> Kind:
    given = fields.get("operation")
    if given is None and "video" in fields:
        message = 'say what the plan is about, with `operation`: "edit", "extend" or "remix" start from a video'
        raise InvalidRequest(message, code="missing_required_parameter", param="operation")
    for kind in PLANS:
        if given in (None, kind):
            return kind
    message = f'operation is "create", "edit", "extend" or "remix", and not {reading.quote(given)}'
    raise InvalidRequest(message, code="invalid_value", param="operation")


async def _ask(
    kind: Kind, body: WantedBody, sources: Sources, *, options: Mapping[str, Mapping[str, object]], source: str | None
) -> VideoAsk:
    return VideoAsk(
        kind=kind,
        prompt=body.prompt,
        model=body.model,
        seconds=body.seconds if isinstance(body, CreateVideoBody | ExtendVideoBody) else None,
        size=body.size if isinstance(body, CreateVideoBody) else None,
        characters=body.characters if isinstance(body, CreateVideoBody) else (),
        reference=await _bring(body.input_reference, sources) if isinstance(body, CreateVideoBody) else None,
        source=body.video if isinstance(body, EditVideoBody | ExtendVideoBody) else source,
        seed=body.seed,
        wishes=_wish(body, options),
    )


def _wish(body: WantedBody, options: Mapping[str, Mapping[str, object]]) -> Wishes:
    ours = body.castlist
    return Wishes(
        degrade=ours.on_unsupported == "degrade",
        prompt_strict=ours.prompt_name == "strict",
        options=options,
        metadata=body.metadata,
        audio=None if ours.audio == "auto" else ours.audio,
        max_cost=ours.max_cost,
        webhook=ours.webhook,
        unknown_policy=UnknownPolicy(ours.unknown_policy) if ours.unknown_policy else None,
    )


async def _bring(reference: Incoming | str | None, sources: Sources) -> Incoming | None:
    if reference is None:
        return None
    if isinstance(reference, Incoming):
        if reference.bytes > REFERENCE_LIMIT:
            limit = REFERENCE_LIMIT // (1024 * 1024)
            raise InvalidRequest(f"input_reference has at most {limit} MiB", code="file_too_large", param="input_reference", status=413)
        return reference
    return await sources.fetch(reference, sources.scratch, limit=REFERENCE_LIMIT)


def ask_character(fields: Fields) -> CharacterAsk:
    """The fields of a request for a character, as an ask."""
    body = check(CreateCharacterBody, fields)
    if body.video is not None and body.image is not None:
        raise InvalidRequest("send either video or image, not both", code="conflicting_files", param="image")
    if body.video is None and body.image is None:
        raise InvalidRequest("send the character's clip as the file part video", code="missing_file", param="video")
    if body.start is not None and body.end is not None and body.start >= body.end:
        raise InvalidRequest(f"start is before end, and not {body.start:g} and {body.end:g}", code="invalid_range", param="start")
    if body.image is not None and (body.start is not None or body.end is not None):
        raise InvalidRequest("start and end are times within a video; pictures have none", code="invalid_range", param="start")
    return CharacterAsk(
        name=body.name,
        kind="video" if body.video is not None else "image",
        files=(body.video,) if body.video is not None else body.image or (),
        description=body.description,
        start=body.start,
        end=body.end,
        metadata=body.metadata,
        model=body.model,
        custom_llm_provider=body.custom_llm_provider,
        target_model_names=body.target_model_names,
        subject=Subject(body.subject) if body.subject else None,
    )
