"""What requests may say, as pydantic models; `check` reads a tree of fields into one of them."""

from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema

from castlist.errors import InvalidRequest
from castlist.model.asks import Incoming
from castlist.model.characters import SubjectWord
from castlist.model.operations import MAX_DESCRIPTION, MAX_NAME, MAX_PROMPT, MAX_SECONDS, Size
from castlist.model.telling import MAX_URL
from castlist.server.bodies import Fields
from castlist.server.wire import reading

_FILE = {"type": "string", "format": "binary"}
_ID: dict[str, object] = {"type": "object", "properties": {"id": {"type": "string", "minLength": 1, "maxLength": 512}}, "required": ["id"]}
_ID |= {"additionalProperties": False}
URL: dict[str, object] = {
    "type": "string",
    "pattern": r"^(https?://|data:image/(png|jpeg|webp);base64,)",
    "description": "An http(s) or data URL of an image.",
}
_REFERENCE = {"type": "object", "properties": {"image_url": URL}, "required": ["image_url"], "additionalProperties": False}
_WEBHOOK_URL: dict[str, object] = {
    "type": "string",
    "pattern": r"^https?://[A-Za-z0-9][A-Za-z0-9.-]*(/[A-Za-z0-9._~/-]*)?$",
    "maxLength": MAX_URL,
    "description": "An http(s) address.",
}
_WEBHOOK: dict[str, object] = {
    "type": "object",
    "properties": {"url": _WEBHOOK_URL},
    "required": ["url"],
    "additionalProperties": False,
}
_PAIRS: dict[str, object] = {"type": "object", "maxProperties": 16, "propertyNames": {"minLength": 1, "maxLength": 64}}
_PAIRS |= {"additionalProperties": {"type": "string", "maxLength": 512}}
_SIDE = "(1[6-9]|[2-9][0-9]|[1-9][0-9]{2}|[1-7][0-9]{3}|80[0-9]{2}|81[0-8][0-9]|819[0-2])"
_VISIBLE = r"\S"
_NAME = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f\u2028\u2029][^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"


def _schema(kind: str, **more: object) -> WithJsonSchema:
    return WithJsonSchema({"type": kind, **more})


Prompt = Annotated[str, BeforeValidator(reading.read_prompt), _schema("string", minLength=1, maxLength=MAX_PROMPT, pattern=_VISIBLE)]
Name = Annotated[str, BeforeValidator(reading.read_name), _schema("string", minLength=1, maxLength=MAX_NAME, pattern=_NAME)]
Description = Annotated[str, BeforeValidator(reading.read_description), _schema("string", maxLength=MAX_DESCRIPTION)]
Model = Annotated[str, BeforeValidator(reading.read_model), _schema("string", minLength=1, maxLength=200)]
Seconds = Annotated[
    int,
    BeforeValidator(reading.read_seconds),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^0*([1-9][0-9]?|1[01][0-9]|120)$", "maxLength": 9},
                {"type": "integer", "minimum": 1, "maximum": MAX_SECONDS},
            ]
        }
    ),
]
Pixels = Annotated[Size, BeforeValidator(reading.read_size), _schema("string", pattern=f"^{_SIDE}x{_SIDE}$")]
Seed = Annotated[int, BeforeValidator(reading.read_seed), _schema("integer", minimum=0, maximum=2**63 - 1)]
Dollars = Annotated[
    int,
    BeforeValidator(reading.read_dollars),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": reading.MOST_DOLLARS},
                {"type": "string", "pattern": f"^{reading.DOLLARS.pattern}$", "maxLength": 13},
            ]
        }
    ),
]
"""US dollars, read as millionths."""
Webhook = Annotated[
    str,
    BeforeValidator(reading.read_webhook),
    WithJsonSchema({"anyOf": [_WEBHOOK, _WEBHOOK_URL]}),
]
Start = Annotated[float, BeforeValidator(lambda value: reading.read_moment(value, "start")), _schema("number", minimum=0, maximum=86_400)]
End = Annotated[float, BeforeValidator(lambda value: reading.read_moment(value, "end")), _schema("number", minimum=0, maximum=86_400)]
Metadata = Annotated[dict[str, str], BeforeValidator(reading.read_metadata), WithJsonSchema(_PAIRS)]
Cast = Annotated[
    tuple[str, ...],
    BeforeValidator(reading.read_characters),
    WithJsonSchema({"type": "array", "maxItems": 2, "items": {"anyOf": [_ID, {"type": "string", "minLength": 1, "maxLength": 512}]}}),
]
Reference = Annotated[Incoming | str, BeforeValidator(reading.read_reference), WithJsonSchema({"anyOf": [_REFERENCE, URL]})]
SourceVideo = Annotated[
    str | Incoming,
    BeforeValidator(reading.read_source),
    WithJsonSchema({"anyOf": [_ID, {"type": "string", "minLength": 1, "maxLength": 512}]}),
]
OwnVideo = Annotated[
    str,
    BeforeValidator(reading.read_own_video),
    WithJsonSchema({"anyOf": [_ID, {"type": "string", "minLength": 1, "maxLength": 512}]}),
]
Clip = Annotated[Incoming, BeforeValidator(lambda value: reading.read_file(value, "video")), WithJsonSchema(_FILE)]
Pictures = Annotated[
    tuple[Incoming, ...],
    BeforeValidator(reading.read_pictures),
    WithJsonSchema({"type": "array", "minItems": 1, "maxItems": 4, "items": _FILE}),
]
Names = Annotated[
    tuple[str, ...],
    BeforeValidator(reading.read_names),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
User = Annotated[str, BeforeValidator(lambda value: reading.read_known(value, str, "user")), _schema("string")]
Provider = Annotated[str, BeforeValidator(lambda value: reading.read_known(value, str, "custom_llm_provider")), _schema("string")]
Timeout = Annotated[
    object,
    BeforeValidator(lambda value: reading.read_known(value, int | float | str, "timeout")),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}], "description": "Of LiteLLM's clients; it changes nothing here."}),
]
Extra = Annotated[
    object,
    BeforeValidator(lambda value: reading.read_known(value, dict, "extra_headers and extra_query")),
    WithJsonSchema({"type": "object", "description": "Of LiteLLM's clients; it changes nothing here."}),
]


class Body(BaseModel):
    """A request: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class OurWishes(Body):
    """What is ours: `on_unsupported` says whether a model that lacks something may be asked for less, `prompt_name` whether a prompt
    that lacks a character's name is refused, `audio` whether there is to be sound (`auto`: as the model does by itself),
    `max_cost` the most the video may cost, in US dollars; `webhook` an address that is told of the video's end; `unknown_policy` what
    becomes of it when a provider never says whether it took it (without it: as the gateway is configured)."""

    on_unsupported: Literal["error", "degrade"] = "error"
    prompt_name: Literal["strict", "lenient"] | None = None
    audio: Literal["auto", "on", "off"] = "auto"
    max_cost: Dollars | None = None
    webhook: Webhook | None = None
    unknown_policy: Literal["hold", "fail", "resubmit"] | None = None


class WantedBody(Body):
    """What every request for a video may say."""

    prompt: Prompt
    model: Model | None = None
    seed: Seed | None = None
    metadata: Metadata = {}
    castlist: OurWishes = Field(default_factory=OurWishes)
    user: User | None = None
    timeout: Timeout = None
    custom_llm_provider: Provider | None = None
    target_model_names: Names = ()
    extra_headers: Extra = None
    extra_query: Extra = None


class CreateVideoBody(WantedBody):
    """A new video."""

    seconds: Seconds | None = None
    size: Pixels | None = None
    characters: Cast = ()
    input_reference: Reference | None = None


class EditVideoBody(WantedBody):
    """The same video with a change."""

    video: SourceVideo


class ExtendVideoBody(WantedBody):
    """The same video, longer by `seconds`."""

    video: SourceVideo
    seconds: Seconds | None = None


class RemixVideoBody(WantedBody):
    """The same cast in another take."""


class PlanCreateBody(CreateVideoBody):
    """A plan for a new video."""

    operation: Literal["create"] = "create"


class PlanEditBody(EditVideoBody):
    """A plan for a change of a video."""

    operation: Literal["edit"]


class PlanExtendBody(ExtendVideoBody):
    """A plan for a longer video."""

    operation: Literal["extend"]


class PlanRemixBody(RemixVideoBody):
    """A plan for another take; `video` is one of ours."""

    operation: Literal["remix"]
    video: OwnVideo


class CreateCharacterBody(Body):
    """A new character, from one video or from 1 to 4 pictures."""

    name: Name
    video: Clip | None = None
    image: Pictures | None = None
    description: Description = ""
    subject: SubjectWord | None = None
    start: Start | None = None
    end: End | None = None
    metadata: Metadata = {}
    model: Model | None = None
    custom_llm_provider: Provider | None = None
    target_model_names: Names = ()
    user: User | None = None
    timeout: Timeout = None


class TrialBody(Body):
    """An event that an endpoint is tried with."""

    event_type: Literal["video.completed", "video.failed"] = "video.completed"


class ResolveBody(Body):
    """What was found out about a video whose request was never answered. `ticket`, with the outcome "made", is what the provider calls
    its work: the id that it shows, as {"id": "..."}, and what else its adapter keeps."""

    outcome: Literal["made", "absent", "failed", "resubmit"]
    ticket: Annotated[
        dict[str, object] | None, BeforeValidator(lambda value: reading.read_known(value, dict, "ticket")), _schema("object")
    ] = None


B = TypeVar("B", bound=Body)


def check(shape: type[B], fields: Fields) -> B:
    """The fields as a `shape`. Raises InvalidRequest naming the first field that is wrong, missing or unknown."""
    given = {name: value for name, value in fields.items() if value is not None}
    reading.refuse_forbidden(given)
    try:
        return shape.model_validate(given)
    except ValidationError as error:
        # An unknown field first: it is often the misspelt name of one that is then reported as missing.
        found = sorted(error.errors(include_url=False, include_input=True), key=lambda item: item["type"] != "extra_forbidden")[0]
        raise _explain(found["type"], tuple(map(str, found["loc"])), shape, value=found["input"], text=found["msg"]) from None


def _explain(kind: str, place: tuple[str, ...], shape: type[Body], *, value: object, text: str) -> InvalidRequest:
    param = ".".join(place)[:64]
    if kind == "extra_forbidden":
        owner = OurWishes if place[0] == "castlist" and len(place) > 1 else shape
        known = list(owner.model_fields)
        if param == "characters":
            message = "an edit, an extension and a remix keep the cast of their source by themselves; leave characters out"
            return InvalidRequest(message, code="unknown_field", param=param)
        if param in OurWishes.model_fields and owner is shape:
            return InvalidRequest(
                f'{param} is ours and goes under castlist: {{"castlist": {{"{param}": …}}}}', code="unknown_field", param=param
            )
        return InvalidRequest(f"unknown field {param!r}{reading.nearest(place[-1], known)}", code="unknown_field", param=param)
    if kind == "missing":
        return InvalidRequest(f"{param} is missing", code="missing_required_parameter", param=param)
    if kind in {"model_type", "model_attributes_type"}:
        return InvalidRequest(f"{param} is an object, and not {reading.quote(value)}", code="invalid_value", param=param)
    return InvalidRequest(f"{param}: {text}, and not {reading.quote(value)}", code="invalid_value", param=param)
