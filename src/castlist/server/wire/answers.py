"""What answers look like, as pydantic models: the source of their schemas in /openapi.json."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from castlist.model.characters import SubjectWord


class Answer(BaseModel):
    """An answer: every field is always there."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NoteAnswer(Answer):
    """A warning or a piece of advice: what was measured, what the limit is, what to do."""

    code: str
    message: str
    param: str | None
    value: JsonValue
    limit: JsonValue


class FailureAnswer(Answer):
    """Why something failed."""

    code: str
    message: str


class CostAnswer(Answer):
    """Money in millionths of the currency's unit."""

    amount_micros: int
    currency: str
    state: Literal["estimated", "billed", "unknown"]


class ChoiceAnswer(Answer):
    """Why a deployment was chosen, and why each of the others was not, by its id."""

    reason: str
    others: dict[str, str]


class AttemptAnswer(Answer):
    """One submission to one deployment; `request_id` is what the provider called it, for its support. `reason` says why it was chosen,
    `others` why each of the others was not."""

    number: int
    deployment: str
    provider: str
    provider_model: str
    state: Literal["intent", "ticketed", "unknown", "refused", "succeeded", "failed", "cancelled"]
    reason: str
    others: dict[str, str]
    started_at: int
    ended_at: int | None
    error: FailureAnswer | None
    cost: CostAnswer
    request_id: str | None


class CastAnswer(Answer):
    """One character of a video, and how it reached the model."""

    id: str
    name: str
    fidelity: Literal["native", "reference", "described"]


class MediaAnswer(Answer):
    """One piece of a character's media that would be sent; `bytes` is null for what is made before the first order."""

    variant: str
    media_type: str
    bytes: int | None


class PlannedCastAnswer(Answer):
    """One character as it would be sent: `sent` of the `of` pieces it has, and the account's own handle on it, where it keeps one."""

    id: str
    name: str
    fidelity: Literal["native", "reference", "described"]
    handle: Literal["ready", "new"] | None
    media: list[MediaAnswer]
    sent: int
    of: int


class ExpectedAnswer(Answer):
    """How long it takes in seconds: the median of the last `samples` videos of the same deployment."""

    seconds: float
    samples: int


class PlannedDeploymentAnswer(Answer):
    """What would be sent to one deployment; `prompt` is what the upstream would read, `conflicts` what would be stepped down."""

    id: str
    provider: str
    provider_model: str
    prompt: str
    seconds: str
    size: str
    audio: Literal["auto", "on", "off"]
    cast: list[PlannedCastAnswer]
    conflicts: list[NoteAnswer]
    warnings: list[NoteAnswer]
    cost: CostAnswer
    expected: ExpectedAnswer | None
    reason: str


class LeftOutAnswer(Answer):
    """A deployment that would not be asked, and why."""

    id: str
    provider: str
    provider_model: str
    reason: str


class PlanAnswer(Answer):
    """What would become of a request: the deployments in the order in which they would be asked, and those that would not."""

    object: Literal["video.plan"]
    operation: Literal["create", "edit", "extend", "remix"]
    model: str
    deployments: list[PlannedDeploymentAnswer]
    left_out: list[LeftOutAnswer]
    unknown_policy: Literal["hold", "fail", "resubmit"]


class VideoExtras(Answer):
    """What is ours about a video."""

    state: Literal["queued", "preparing", "submitting", "unknown", "running", "storing", "succeeded", "failed", "cancelled"]
    provider: str | None
    deployment: str | None
    provider_model: str | None
    cast: list[CastAnswer]
    warnings: list[NoteAnswer]
    attempts: list[AttemptAnswer]
    cost: CostAnswer
    urls: dict[str, str]
    waiting: str | None
    choice: ChoiceAnswer | None
    metadata: dict[str, str]


class VideoAnswer(Answer):
    """A video, as OpenAI's API shows it."""

    id: str
    object: Literal["video"]
    model: str
    status: Literal["queued", "in_progress", "completed", "failed"]
    progress: int
    prompt: str
    seconds: str
    size: str
    created_at: int
    completed_at: int | None
    expires_at: int | None
    error: FailureAnswer | None
    remixed_from_video_id: str | None
    castlist: VideoExtras


class ClipAnswer(Answer):
    """A character's clip as it is kept."""

    seconds: float
    width: int
    height: int
    fps: float
    bytes: int
    sha256: str


class BindingAnswer(Answer):
    """One provider account's handle on a character."""

    provider: str
    account: str
    state: Literal["making", "ready", "expired", "failed"]
    expires_at: int | None


class CharacterExtras(Answer):
    """What is ours about a character."""

    state: Literal["preparing", "ready", "failed"]
    description: str
    subject: SubjectWord | None
    source: str
    range: list[float | None] | None
    clip: ClipAnswer | None
    advice: list[NoteAnswer]
    bindings: list[BindingAnswer]
    urls: dict[str, str]
    metadata: dict[str, str]
    error: str | None


class CharacterAnswer(Answer):
    """A character, as OpenAI's API shows it."""

    id: str
    created_at: int
    name: str
    castlist: CharacterExtras


class PriceAnswer(Answer):
    """Millionths of the currency's unit for a second of video by resolution ("any": whatever it is), `sound` with sound asked for and
    `source` made from another video where those differ, and on top for each picture sent."""

    currency: str
    micros_per_second: dict[str, int]
    sound_micros_per_second: dict[str, int]
    source_micros_per_second: dict[str, int]
    micros_per_image: int


class DeploymentAnswer(Answer):
    """One way a model is served, with what it can do and costs. `price` is null where it is not known; `sunset` is the day its vendor
    shuts the model down; limits and price were read at `source` on the day `checked`."""

    id: str
    provider: str
    provider_model: str
    capabilities: dict[str, JsonValue]
    price: PriceAnswer | None
    sunset: str | None
    source: str | None
    checked: str | None
    unavailable: str | None
    notes: list[NoteAnswer]


class ModelExtras(Answer):
    """What is ours about a model."""

    default: bool
    deployments: list[DeploymentAnswer]


class ModelAnswer(Answer):
    """A model name of this gateway."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    castlist: ModelExtras


class PageAnswer(Answer):
    """A page of things."""

    object: Literal["list"]
    has_more: bool
    first_id: str | None
    last_id: str | None


class VideoPage(PageAnswer):
    """A page of videos."""

    data: list[VideoAnswer]


class CharacterPage(PageAnswer):
    """A page of characters."""

    data: list[CharacterAnswer]


class ModelPage(PageAnswer):
    """All models."""

    data: list[ModelAnswer]


class DeletedVideo(Answer):
    """A video that is gone."""

    id: str
    object: Literal["video.deleted"]
    deleted: Literal[True]


class DeletedCharacter(Answer):
    """A character that is gone."""

    id: str
    object: Literal["character.deleted"]
    deleted: Literal[True]


class RequestAnswer(Answer):
    """What became of a request: the id of what it `made`; else it was not taken, and its key is `closed`. Of requests from before `since`
    (Unix seconds) nothing is known."""

    object: Literal["request"]
    idempotency_key: str
    made: str | None
    closed: bool
    since: int


class HealthAnswer(Answer):
    """How the process is."""

    status: Literal["alive", "ready"]
    version: str


class ErrorDetail(Answer):
    """What went wrong, and what would work."""

    message: str
    type: str
    param: str | None
    code: str


class ErrorAnswer(Answer):
    """An error, as OpenAI's API shows it."""

    error: ErrorDetail
