"""A character, the handles providers hold on it, and the form in which it travels."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

HUMAN_CLIP: Final = "clip-8s-1080p"
HUMAN_SECONDS, HUMAN_LINES = 3.0, 720
"""The least that such a clip is made of: shorter ones are not taken, and smaller ones would be mostly enlargement."""

PADDED: Final[Mapping[str, float]] = {"jpeg-0-16x9": 16 / 9, "jpeg-0-9x16": 9 / 16}
"""The forms that are padded, with their aspect: nothing that is within NEAR_ASPECT of it needs to be."""

NEAR_ASPECT: Final = 0.02

FORMS: Final[Mapping[str, str]] = {
    "jpeg-0": "still-0",
    "jpeg-1": "still-1",
    "jpeg-2": "still-2",
    "jpeg-3": "still-3",
    "jpeg-0-16x9": "still-0",
    "jpeg-0-9x16": "still-0",
    "clip-3s": "video",
    "clip-5s": "video",
    "clip-5s-720p": "video",
    "clip-8s": "video",
    HUMAN_CLIP: "video",
}
"""What can be made of a character for a model that wants it, and of which variant: a JPEG of at most 3.5 MB and 2048 pixels a side, that
padded to an aspect, a silent cut of at most so many seconds; that on a screen of so many lines, 16:9 or 9:16 (1080 of a human)."""


class Subject(StrEnum):
    """What a character is to look like, where somebody said so: a person as filmed, or drawn, or an animal, or a thing."""

    HUMAN = "human"
    STYLISED = "stylised"
    ANIMAL = "animal"
    OBJECT = "object"


SubjectWord = Literal["human", "stylised", "animal", "object"]
"""How a request names a Subject."""


class CharacterState(StrEnum):
    PREPARING = "preparing"
    READY = "ready"
    FAILED = "failed"


class Fidelity(StrEnum):
    """How a character reaches a provider, best first."""

    NATIVE = "native"
    REFERENCE = "reference"
    DESCRIBED = "described"


class BindingState(StrEnum):
    MAKING = "making"
    READY = "ready"
    EXPIRED = "expired"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Note:
    """One warning or piece of advice: what was measured, what the limit is, and a sentence that says what to do."""

    code: str
    message: str
    param: str | None = None
    value: object = None
    limit: object = None


@dataclass(frozen=True, slots=True)
class Clip:
    """Facts about a character's clip as we keep it: seconds, pixels, frames per second, bytes."""

    seconds: float
    width: int
    height: int
    fps: float
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Binding:
    """One provider account's handle on a character: a cache entry, always re-makeable.

    While it is MAKING, `maker` is the process that asks for it, until `until`; or the provider makes it behind its `ticket`. `losses`
    counts how often in a row the provider had lost it soon after it was made. `rest` is what a newer version keeps of it.
    """

    provider: str
    account: str
    state: BindingState
    handle: str | None = None
    expires_at: datetime | None = None
    error: str | None = None
    made_at: datetime | None = None
    ticket: Mapping[str, object] | None = None
    maker: str | None = None
    until: datetime | None = None
    losses: int = 0
    rest: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)

    def at(self, now: datetime) -> "Binding":
        """The binding as it is then: a handle whose time is over is expired."""
        over = self.state is BindingState.READY and self.expires_at is not None and self.expires_at <= now
        return replace(self, state=BindingState.EXPIRED) if over else self


@dataclass(frozen=True, slots=True)
class Character:
    """A named being we own; immutable but for how far its derivation has come.

    `subject` is what it was said to be. `assets` maps a variant (`source-0`…, `video`, `still-0`…, `cutout_sequence`, `cutout`, `sheet`,
    and the FORMS made by need) to an asset id; `facts` holds what the cutout measured (`separable`, `box`, …), as the media child
    reported it. `targets` are models for which it is made ready before anybody asks. `rest` is what a newer version keeps of it.
    """

    id: str
    project: str
    name: str
    description: str
    state: CharacterState
    created_at: datetime
    digest: str
    clip: Clip | None = None
    assets: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)
    advice: tuple[Note, ...] = ()
    bindings: tuple[Binding, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    targets: tuple[str, ...] = ()
    range: tuple[float | None, float | None] | None = None
    source_kind: str = "video"
    error: str | None = None
    deleted_at: datetime | None = None
    subject: Subject | None = None
    rest: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)

    def has_use_of(self, form: str) -> bool:
        """Whether one of FORMS is made of it at all: HUMAN_CLIP only of a person's clip that is long and large enough, and a padded still
        only where its pictures are of another aspect."""
        if form in PADDED and self.clip is not None:
            return abs(self.clip.width / self.clip.height / PADDED[form] - 1) > NEAR_ASPECT
        if form != HUMAN_CLIP:
            return True
        if self.subject is not Subject.HUMAN or self.source_kind != "video" or self.clip is None:
            return False
        return self.clip.seconds >= HUMAN_SECONDS and min(self.clip.width, self.clip.height) >= HUMAN_LINES


@dataclass(frozen=True, slots=True)
class CastMember:
    """One character as a submission carries it: by handle, by media (variant -> asset id), or by words."""

    id: str
    name: str
    fidelity: Fidelity
    handle: str | None = None
    media: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)
    description: str = ""
    subject: Subject | None = None
