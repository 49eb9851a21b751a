"""What LiteLLM's video functions take, and how it becomes what the SDK takes."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypedDict, cast

from castlist.errors import NotFound
from castlist.model.vendors import VIDEO_PROVIDERS, unknown_provider
from castlist.sdk._connect import Wanted
from castlist.sdk.arguments import NewCharacter, NewVideo, Staging, Wishes
from castlist.sdk.extras import Extras
from castlist.sdk.queries import VideoQuery
from castlist.sdk.records import ModelRecord, VideoRecord
from castlist.sdk.uploads import Source

TIMEOUT = 600.0
Variant = Literal["video", "thumbnail", "spritesheet"]


class Server(TypedDict, total=False):
    """Where the server is, and what goes along with the request. `api_base` and `base_url` are the same thing.

    `custom_llm_provider` is checked to be a known name and otherwise not used: which provider holds a handle on a character never
    hides the character. `user` is taken and not used.
    """

    api_base: str | None
    base_url: str | None
    api_key: str | None
    timeout: float | None
    custom_llm_provider: str | None
    user: str | None
    extra_headers: Mapping[str, str] | None
    extra_query: Mapping[str, str] | None
    extra_body: Mapping[str, object] | None


class Reaching(Server, total=False):
    """What every function takes that asks for no new video; `model` is checked to be a known name and otherwise not used."""

    model: str | None


class VideoArguments(Server, Staging, total=False):
    """What `video` takes beside prompt and model; `input_reference` is the opening frame."""

    input_reference: Source | Mapping[str, str] | None


class FollowUpArguments(Server, Wishes, total=False):
    """What follow-ups take beside prompt and video."""


class EditArguments(FollowUpArguments, total=False):
    """`video`: a file to edit instead of a video of the server's."""

    video: Source | None


class CharacterArguments(Server, NewCharacter, total=False):
    """What `video_create_character` takes beside name and clip."""


class ListArguments(Reaching, VideoQuery, total=False):
    """What `video_list` takes."""


class ContentArguments(Reaching, total=False):
    """What `video_content` takes beside the video."""

    variant: Variant | None


class WaitArguments(Reaching, total=False):
    """What `video_wait` takes beside the video: `timeout` is how long to wait, `progress` is called with each newer view, and
    `raises` False returns a failed video instead of raising VideoFailed."""

    progress: Callable[[VideoRecord], object] | None
    raises: bool


KNOWN_PROVIDERS = VIDEO_PROVIDERS | {"animatic"}
"""Names of providers that can be right without asking the server."""


def pick(arguments: Mapping[str, object], shape: type) -> dict[str, object]:
    """The arguments that `shape`, a TypedDict, has."""
    return {name: value for name, value in arguments.items() if name in shape.__optional_keys__}  # type: ignore[attr-defined]  # TypedDict


def find_server(arguments: Server, wanted: Wanted) -> Wanted:
    """Where a call goes. Raises TypeError for a server named to a Router, which is its own."""
    base, key = arguments.get("api_base") or arguments.get("base_url"), arguments.get("api_key")
    if wanted.routes is None:
        return Wanted(base_url=base, api_key=key)
    if base or key:
        raise TypeError("a Router's calls go to its own gateway; api_base and api_key belong into the model_list")
    return wanted


def read_extras(arguments: Server, *, sends: bool) -> Extras:
    """`sends`: the request has a body, which carries the provider's name to the server."""
    timeout, provider = arguments.get("timeout"), arguments.get("custom_llm_provider")
    named = {"custom_llm_provider": provider} if sends and provider is not None else {}
    return Extras(
        headers=dict(arguments.get("extra_headers") or {}),
        query=dict(arguments.get("extra_query") or {}),
        body=named | dict(arguments.get("extra_body") or {}),
        timeout=TIMEOUT if timeout is None else timeout,
    )


def refuse_names(arguments: Mapping[str, object], models: Sequence[ModelRecord]) -> None:
    """Raise InvalidRequest for a provider, NotFound for a model, that neither we nor the server know."""
    provider, model = arguments.get("custom_llm_provider"), arguments.get("model")
    served = {str(name) for each in models for name in (each.raw.get("provider"), each.raw.get("owned_by")) if name}
    known, models_here = KNOWN_PROVIDERS | served, [each.id for each in models]
    if provider is not None and provider not in known:
        raise unknown_provider(provider, known)
    if model is not None and model not in models_here and str(model).partition("/")[0] not in known:
        raise NotFound(f"There is no model {model!r} here; configured: {', '.join(models_here)}.", code="model_not_found", param="model")


def doubts(arguments: Mapping[str, object]) -> bool:
    """Whether the names in a call that sends none of them need the server's word."""
    provider = arguments.get("custom_llm_provider")
    return arguments.get("model") is not None or (provider is not None and provider not in KNOWN_PROVIDERS)


def build_video(model: str | None, arguments: VideoArguments) -> NewVideo:
    rest = pick(arguments, Staging)
    reference = arguments.get("input_reference")
    return cast("NewVideo", rest | {"model": model} | ({"reference": reference} if reference is not None else {}))


def build_wishes(arguments: Mapping[str, object]) -> Wishes:
    return cast("Wishes", pick(arguments, Wishes))


def build_character(arguments: CharacterArguments) -> NewCharacter:
    return cast("NewCharacter", pick(arguments, NewCharacter))


def build_query(arguments: ListArguments) -> VideoQuery:
    return cast("VideoQuery", pick(arguments, VideoQuery))


def choose_source(video_id: str | None, arguments: EditArguments) -> str | Source:
    """The video to edit: an upload when one is given. A path is made one, so that no text is mistaken for an id."""
    upload = arguments.get("video")
    if upload is None:
        if video_id is None:
            raise TypeError("video_edit() needs video_id or video")
        return video_id
    return Path(upload) if isinstance(upload, str) else upload
