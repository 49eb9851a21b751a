"""What a Castlist server answers, as frozen records: read from JSON, unknown fields ignored."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Json = Mapping[str, object]


class Record:
    """Attributes, and for code that was written for dictionaries `record["id"]`, `record.get("id")` and `"id" in record`."""

    def __getitem__(self, name: str) -> object:
        if name in self:
            return getattr(self, name)
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and not name.startswith("_") and hasattr(self, name)

    def get(self, name: str, default: object = None) -> object:
        """The attribute of that name, or `default`."""
        return getattr(self, name) if name in self else default


@dataclass(frozen=True)
class Note(Record):
    """One warning or piece of advice: what was measured, what the limit is, and a sentence that says what to do."""

    code: str
    message: str
    param: str | None = None
    value: object = None
    limit: object = None


@dataclass(frozen=True)
class CastMember(Record):
    """A character in a video; `fidelity` is how it reached the provider: native, reference or described."""

    id: str
    name: str
    fidelity: str


@dataclass(frozen=True)
class Clip(Record):
    """Facts about a character's clip as it is kept: seconds, pixels, frames per second, bytes."""

    seconds: float
    width: int
    height: int
    fps: float
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Cost(Record):
    """Money in millionths of the currency's unit; `state` is estimated, billed or unknown."""

    amount_micros: int = 0
    currency: str = "USD"
    state: str = "unknown"


@dataclass(frozen=True)
class VideoError(Record):
    """Why a video failed; `code` "cancelled" when somebody cancelled it."""

    code: str
    message: str


@dataclass(frozen=True)
class Attempt(Record):
    """One submission of the job to one deployment, with what it cost; `request_id` is what the provider called it, for its support.
    `reason` says why that deployment was chosen, `others` why each of the others was not. Times are in Unix seconds."""

    number: int
    deployment: str
    provider: str
    provider_model: str
    state: str
    reason: str
    error: VideoError | None = None
    cost: Cost = field(default_factory=Cost)
    request_id: str | None = None
    others: Mapping[str, str] = field(default_factory=dict)
    started_at: int | None = None
    ended_at: int | None = None


@dataclass(frozen=True)
class Choice(Record):
    """Why a deployment was chosen for a video, and why each of the others was not, by its id."""

    reason: str
    others: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class VideoUrls(Record):
    """Signed links that work without a key until they expire."""

    video: str | None = None
    thumbnail: str | None = None
    spritesheet: str | None = None


@dataclass(frozen=True)
class VideoRecord(Record):
    """A video job as the server shows it. Times are Unix seconds and `seconds` is text, as in OpenAI's API.

    `status` is OpenAI's word: queued, in_progress, completed, failed; `state` is Castlist's finer one. `waiting` says what a job
    that does not move waits for.
    """

    id: str
    model: str
    status: str
    progress: int
    created_at: int
    prompt: str | None = None
    seconds: str | None = None
    size: str | None = None
    completed_at: int | None = None
    expires_at: int | None = None
    error: VideoError | None = None
    remixed_from_video_id: str | None = None
    state: str | None = None
    provider: str | None = None
    deployment: str | None = None
    provider_model: str | None = None
    waiting: str | None = None
    cast: tuple[CastMember, ...] = ()
    warnings: tuple[Note, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    cost: Cost = field(default_factory=Cost)
    urls: VideoUrls | None = None
    choice: Choice | None = None
    raw: Json = field(default_factory=dict, repr=False, compare=False)
    object: str = "video"

    @property
    def ended(self) -> bool:
        """Whether it has completed or failed: nothing more will change."""
        return self.status in {"completed", "failed"}


@dataclass(frozen=True)
class Binding(Record):
    """One provider account's own handle on a character: making, ready, expired or failed; `expires_at` is in Unix seconds."""

    provider: str
    account: str
    state: str
    expires_at: int | None = None


@dataclass(frozen=True)
class CharacterRecord(Record):
    """A character as the server shows it. `created_at` is in Unix seconds; `state` is preparing, ready or failed."""

    id: str
    name: str
    created_at: int
    description: str = ""
    state: str = "ready"
    clip: Clip | None = None
    advice: tuple[Note, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None
    urls: Mapping[str, str] = field(default_factory=dict)
    raw: Json = field(default_factory=dict, repr=False, compare=False)
    object: str = "character"
    subject: str | None = None
    bindings: tuple[Binding, ...] = ()


@dataclass(frozen=True)
class Deleted(Record):
    """The answer to a deletion; `object` is "video.deleted" or "character.deleted"."""

    id: str
    object: str
    deleted: bool = True


@dataclass(frozen=True)
class Price(Record):
    """Millionths of the currency's unit for a second of video by resolution ("any": whatever it is), other ones with sound asked for
    (`sound`) and made from another video (`source`) where those differ, and `micros_per_image` for each picture sent."""

    new: Mapping[str, int]
    sound: Mapping[str, int] = field(default_factory=dict)
    source: Mapping[str, int] = field(default_factory=dict)
    micros_per_image: int = 0
    currency: str = "USD"


@dataclass(frozen=True)
class DeploymentRecord(Record):
    """One way a model is served: `price` is None where it is not known, `sunset` the day its vendor shuts it down, as 2027-01-31."""

    id: str
    provider: str
    provider_model: str
    capabilities: Json = field(default_factory=dict)
    price: Price | None = None
    sunset: str | None = None
    unavailable: str | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class ModelRecord(Record):
    """A model name of the server with what it can do, by the deployments that serve it."""

    id: str
    default: bool = False
    deployments: tuple[DeploymentRecord, ...] = ()
    raw: Json = field(default_factory=dict, repr=False, compare=False)
    object: str = "model"


def read_text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def read_number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def read_time(value: object) -> int | None:
    number = read_number(value)
    return None if number is None else int(number)


def read_map(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def read_maps(value: object) -> list[Json]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def read_texts(value: object) -> dict[str, str]:
    return {key: text for key, text in read_map(value).items() if isinstance(text, str)}


def read_note(json: Json) -> Note:
    return Note(
        code=str(json.get("code", "")),
        message=str(json.get("message", "")),
        param=read_text(json.get("param")),
        value=json.get("value"),
        limit=json.get("limit"),
    )


def read_cost(json: Json) -> Cost:
    return Cost(
        amount_micros=int(read_number(json.get("amount_micros")) or 0),
        currency=read_text(json.get("currency")) or "USD",
        state=read_text(json.get("state")) or "unknown",
    )


def read_error(value: object) -> VideoError | None:
    json = read_map(value)
    return VideoError(code=str(json.get("code", "")), message=str(json.get("message", ""))) if json else None


def read_attempt(json: Json, number: int) -> Attempt:
    return Attempt(
        number=int(read_number(json.get("number")) or number),
        deployment=read_text(json.get("deployment")) or "",
        provider=read_text(json.get("provider")) or "",
        provider_model=read_text(json.get("provider_model")) or "",
        state=read_text(json.get("state")) or "",
        reason=read_text(json.get("reason")) or "",
        error=read_error(json.get("error")),
        cost=read_cost(read_map(json.get("cost"))),
        request_id=read_text(json.get("request_id")),
        others=read_texts(json.get("others")),
        started_at=read_time(json.get("started_at")),
        ended_at=read_time(json.get("ended_at")),
    )


def read_choice(json: Json) -> Choice | None:
    return Choice(read_text(json.get("reason")) or "", read_texts(json.get("others"))) if json else None


def read_member(json: Json) -> CastMember:
    return CastMember(id=str(json.get("id", "")), name=str(json.get("name", "")), fidelity=read_text(json.get("fidelity")) or "described")


def read_clip(json: Json) -> Clip | None:
    if not json:
        return None
    return Clip(
        seconds=read_number(json.get("seconds")) or 0.0,
        width=int(read_number(json.get("width")) or 0),
        height=int(read_number(json.get("height")) or 0),
        fps=read_number(json.get("fps")) or 0.0,
        bytes=int(read_number(json.get("bytes")) or 0),
        sha256=read_text(json.get("sha256")) or "",
    )


def read_video(json: Json) -> dict[str, object]:
    """The fields of a VideoRecord."""
    ours = read_map(json.get("castlist"))
    links = read_texts(ours.get("urls"))
    return {
        "id": str(json.get("id", "")),
        "model": read_text(json.get("model")) or "",
        "status": read_text(json.get("status")) or "queued",
        "progress": int(read_number(json.get("progress")) or 0),
        "created_at": read_time(json.get("created_at")) or 0,
        **{name: read_text(json.get(name)) for name in ("prompt", "seconds", "size", "remixed_from_video_id")},
        **{name: read_time(json.get(name)) for name in ("completed_at", "expires_at")},
        **{name: read_text(ours.get(name)) for name in ("state", "provider", "deployment", "provider_model", "waiting")},
        "error": read_error(json.get("error")),
        "cast": tuple(map(read_member, read_maps(ours.get("cast")))),
        "warnings": tuple(map(read_note, read_maps(ours.get("warnings")))),
        "attempts": tuple(read_attempt(each, number) for number, each in enumerate(read_maps(ours.get("attempts")), 1)),
        "cost": read_cost(read_map(ours.get("cost"))),
        "choice": read_choice(read_map(ours.get("choice"))),
        "urls": VideoUrls(**{name: links.get(name) for name in ("video", "thumbnail", "spritesheet")}) if links else None,
        "raw": json,
    }


def read_character(json: Json) -> dict[str, object]:
    """The fields of a CharacterRecord."""
    ours = read_map(json.get("castlist"))
    failure = ours.get("error")
    return {
        "id": str(json.get("id", "")),
        "name": str(json.get("name", "")),
        "created_at": read_time(json.get("created_at")) or 0,
        "description": read_text(ours.get("description")) or read_text(json.get("description")) or "",
        "state": read_text(ours.get("state")) or "ready",
        "clip": read_clip(read_map(ours.get("clip"))),
        "advice": tuple(map(read_note, read_maps(ours.get("advice")))),
        "metadata": read_texts(ours.get("metadata")) or read_texts(json.get("metadata")),
        "error": read_text(failure) or read_text(read_map(failure).get("message")),
        "urls": read_texts(ours.get("urls")),
        "raw": json,
        "subject": read_text(ours.get("subject")),
        "bindings": tuple(map(read_binding, read_maps(ours.get("bindings")))),
    }


def read_binding(json: Json) -> Binding:
    provider, account, state = (str(json.get(name, "")) for name in ("provider", "account", "state"))
    return Binding(provider, account, state, expires_at=read_time(json.get("expires_at")))


def read_deleted(json: Json) -> Deleted:
    return Deleted(id=str(json.get("id", "")), object=str(json.get("object", "")), deleted=bool(json.get("deleted", True)))


def read_amounts(value: object) -> dict[str, int]:
    return {name: int(amount) for name, each in read_map(value).items() if (amount := read_number(each)) is not None}


def read_price(value: object) -> Price | None:
    json = read_map(value)
    new = read_amounts(json.get("micros_per_second"))
    if not new:
        return None
    return Price(
        new=new,
        sound=read_amounts(json.get("sound_micros_per_second")),
        source=read_amounts(json.get("source_micros_per_second")),
        micros_per_image=int(read_number(json.get("micros_per_image")) or 0),
        currency=read_text(json.get("currency")) or "USD",
    )


def read_deployment(json: Json) -> DeploymentRecord:
    return DeploymentRecord(
        id=read_text(json.get("id")) or "",
        provider=read_text(json.get("provider")) or "",
        provider_model=read_text(json.get("provider_model")) or "",
        capabilities=read_map(json.get("capabilities")),
        price=read_price(json.get("price")),
        sunset=read_text(json.get("sunset")),
        unavailable=read_text(json.get("unavailable")),
        notes=tuple(map(read_note, read_maps(json.get("notes")))),
    )


def read_model(json: Json) -> ModelRecord:
    ours = read_map(json.get("castlist"))
    deployments = tuple(map(read_deployment, read_maps(ours.get("deployments"))))
    return ModelRecord(id=str(json.get("id", "")), default=ours.get("default") is True, deployments=deployments, raw=json)
