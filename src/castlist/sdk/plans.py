"""What a server says would become of a request, as frozen records."""

from dataclasses import dataclass, field

from castlist.sdk.records import Cost, Json, Note, Record, read_cost, read_map, read_maps, read_note, read_number, read_text


@dataclass(frozen=True)
class SentMedia(Record):
    """One piece of a character's media that would be sent; `bytes` is None for what is made before the first order."""

    variant: str
    media_type: str
    bytes: int | None = None


@dataclass(frozen=True)
class PlannedMember(Record):
    """One character as it would be sent: `sent` of the `of` pieces it has. `handle` is ready or new where the provider's account keeps
    the character under a handle of its own."""

    id: str
    name: str
    fidelity: str
    handle: str | None = None
    media: tuple[SentMedia, ...] = ()
    sent: int = 0
    of: int = 0


@dataclass(frozen=True)
class Expected(Record):
    """How long a video takes in seconds: the median of the last `samples` of the same deployment."""

    seconds: float
    samples: int


@dataclass(frozen=True)
class PlannedDeployment(Record):
    """What would be sent to one deployment. `prompt` is what the upstream would read; `conflicts` are what it cannot do and would be
    stepped down, `warnings` all that the video would carry; `expected` is None where nothing was made yet.
    `reason` says why it stands where it does."""

    id: str
    provider: str
    provider_model: str
    prompt: str
    seconds: str
    size: str
    audio: str = "auto"
    cast: tuple[PlannedMember, ...] = ()
    conflicts: tuple[Note, ...] = ()
    warnings: tuple[Note, ...] = ()
    cost: Cost = field(default_factory=Cost)
    expected: Expected | None = None
    reason: str = ""


@dataclass(frozen=True)
class LeftOut(Record):
    """A deployment that would not be asked, and the sentence why."""

    id: str
    provider: str
    provider_model: str
    reason: str


@dataclass(frozen=True)
class VideoPlan(Record):
    """What would become of a request: the deployments in the order in which they would be asked, and those that would not be;
    `unknown_policy` is what becomes of it when a provider never says whether it took it."""

    operation: str
    model: str
    deployments: tuple[PlannedDeployment, ...]
    left_out: tuple[LeftOut, ...] = ()
    raw: Json = field(default_factory=dict, repr=False, compare=False)
    object: str = "video.plan"
    unknown_policy: str = "hold"

    @property
    def first(self) -> PlannedDeployment:
        """The deployment that would be asked first: the one that makes the video unless it refuses."""
        return self.deployments[0]


def read_plan(json: Json) -> VideoPlan:
    """The record of a plan."""
    return VideoPlan(
        operation=_text(json, "operation"),
        model=_text(json, "model"),
        deployments=tuple(map(_read_deployment, read_maps(json.get("deployments")))),
        left_out=tuple(map(_read_left_out, read_maps(json.get("left_out")))),
        raw=json,
        unknown_policy=read_text(json.get("unknown_policy")) or "hold",
    )


def _read_left_out(json: Json) -> LeftOut:
    return LeftOut(_text(json, "id"), _text(json, "provider"), _text(json, "provider_model"), _text(json, "reason"))


def _read_deployment(json: Json) -> PlannedDeployment:
    expected = read_map(json.get("expected"))
    return PlannedDeployment(
        id=_text(json, "id"),
        provider=_text(json, "provider"),
        provider_model=_text(json, "provider_model"),
        prompt=_text(json, "prompt"),
        seconds=_text(json, "seconds"),
        size=_text(json, "size"),
        audio=read_text(json.get("audio")) or "auto",
        cast=tuple(map(_read_member, read_maps(json.get("cast")))),
        conflicts=tuple(map(read_note, read_maps(json.get("conflicts")))),
        warnings=tuple(map(read_note, read_maps(json.get("warnings")))),
        cost=read_cost(read_map(json.get("cost"))),
        expected=Expected(read_number(expected.get("seconds")) or 0.0, _whole(expected, "samples")) if expected else None,
        reason=_text(json, "reason"),
    )


def _read_member(json: Json) -> PlannedMember:
    return PlannedMember(
        id=_text(json, "id"),
        name=_text(json, "name"),
        fidelity=_text(json, "fidelity"),
        handle=read_text(json.get("handle")),
        media=tuple(map(_read_media, read_maps(json.get("media")))),
        sent=_whole(json, "sent"),
        of=_whole(json, "of"),
    )


def _read_media(json: Json) -> SentMedia:
    return SentMedia(_text(json, "variant"), _text(json, "media_type"), None if json.get("bytes") is None else _whole(json, "bytes"))


def _text(json: Json, name: str) -> str:
    return read_text(json.get(name)) or ""


def _whole(json: Json, name: str) -> int:
    return int(read_number(json.get(name)) or 0)
