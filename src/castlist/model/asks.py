"""Requests as they arrive: defaults not filled in, files received but not yet kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from castlist.model.characters import Subject
from castlist.model.jobs import Attempt, Cost, Job, total
from castlist.model.operations import Size, Wishes


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the project whose rows these are; `master` may also do what concerns the whole gateway."""

    project: str
    master: bool = False


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file received into the scratch folder; whoever takes the request deletes or keeps it."""

    path: Path
    filename: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class CharacterAsk:
    """A new character: one video or one to four images; `start` and `end` in seconds of the video."""

    name: str
    kind: Literal["video", "image"]
    files: Sequence[Incoming]
    description: str = ""
    start: float | None = None
    end: float | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    model: str | None = None
    custom_llm_provider: str | None = None
    target_model_names: Sequence[str] = ()
    subject: Subject | None = None


@dataclass(frozen=True, slots=True)
class VideoAsk:
    """A video wanted. `source` is a video id or an uploaded file; None fields take the defaults of the API."""

    kind: Literal["create", "edit", "extend", "remix"]
    prompt: str
    model: str | None = None
    seconds: int | None = None
    size: Size | None = None
    characters: Sequence[str] = ()
    reference: Incoming | None = None
    source: str | Incoming | None = None
    seed: int | None = None
    wishes: Wishes = field(default_factory=Wishes)


@dataclass(frozen=True, slots=True)
class Listing:
    """Which part of a list: up to `limit` items after the id `after`, newest first when `order` is "desc"."""

    after: str | None = None
    limit: int = 20
    order: Literal["asc", "desc"] = "desc"


@dataclass(frozen=True, slots=True)
class Seen:
    """A job with its attempts: what every view of a video is made from."""

    job: Job
    attempts: tuple[Attempt, ...] = ()

    @property
    def cost(self) -> Cost:
        """What the video costs. Work that was left behind at a provider may end, and tell what it cost, after the job has."""
        return total([attempt.cost for attempt in self.attempts]) if self.job.ended and self.attempts else self.job.cost
