"""A job and its attempts: the durable rows that move through states."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from castlist.errors import Retry
from castlist.model.characters import CastMember, Note
from castlist.model.operations import Operation
from castlist.model.routes import Choice
from castlist.model.troubles import Verdict


class State(StrEnum):
    """Where a job is. Every state but the last three moves on by itself."""

    QUEUED = "queued"
    PREPARING = "preparing"
    SUBMITTING = "submitting"
    UNKNOWN = "unknown"
    RUNNING = "running"
    STORING = "storing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED})
WIRE = {
    State.QUEUED: "queued",
    State.PREPARING: "queued",
    State.SUBMITTING: "in_progress",
    State.UNKNOWN: "in_progress",
    State.RUNNING: "in_progress",
    State.STORING: "in_progress",
    State.SUCCEEDED: "completed",
    State.FAILED: "failed",
    State.CANCELLED: "failed",
}
"""The word of OpenAI's API for each state."""

_NEXT = {
    State.QUEUED: {State.PREPARING, State.SUBMITTING},
    State.PREPARING: {State.QUEUED, State.SUBMITTING},
    State.SUBMITTING: {State.RUNNING, State.UNKNOWN, State.QUEUED, State.PREPARING},
    State.UNKNOWN: {State.RUNNING, State.QUEUED},
    State.RUNNING: {State.STORING, State.UNKNOWN, State.QUEUED},
    State.STORING: {State.SUCCEEDED, State.RUNNING, State.QUEUED},
}


class CostState(StrEnum):
    ESTIMATED = "estimated"
    BILLED = "billed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Cost:
    """Money in millionths of the currency's unit."""

    micros: int = 0
    currency: str = "USD"
    state: CostState = CostState.ESTIMATED


def total(costs: Sequence[Cost]) -> Cost:
    """What several attempts cost together: unknown when one of them is, billed when nothing of it is an estimate."""
    states = {cost.state for cost in costs if cost.micros} | {cost.state for cost in costs if cost.state is CostState.UNKNOWN}
    worst = next((state for state in (CostState.UNKNOWN, CostState.ESTIMATED, CostState.BILLED) if state in states), None)
    last = costs[-1] if costs else Cost()
    return Cost(sum(cost.micros for cost in costs), last.currency, worst or last.state)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job failed, as OpenAI's `error` field shows it."""

    code: str
    message: str


class AttemptState(StrEnum):
    """`intent`: saved, the paid request not yet known to have left. `ticketed`: accepted upstream. `unknown`: sent, never answered."""

    INTENT = "intent"
    TICKETED = "ticketed"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Sent:
    """What a provider's list of works would show of a new video: the SHA-256 of its prompt, model, length and size."""

    prompt: str
    model: str
    seconds: int
    size: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One submission of a job to one deployment. `ticket` is the provider's JSON, `reference` what we told the provider to call it,
    `request_id` what the provider called the request, which its support asks for. `reason` says why the deployment was chosen, `others`
    why each of the others was not; `retry` what may follow the provider's refusal. `rest` is what a newer version keeps of it."""

    id: str
    job: str
    number: int
    deployment: str
    provider: str
    account: str
    provider_model: str
    state: AttemptState
    reference: str
    reason: str
    started_at: datetime
    ticket: Mapping[str, object] | None = None
    ended_at: datetime | None = None
    error: Failure | None = None
    cost: Cost = field(default_factory=Cost)
    request_id: str | None = None
    others: Mapping[str, str] = field(default_factory=dict)
    verdict: Verdict | None = None
    sent: Sent | None = None
    retry: Retry | None = None
    rest: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Result:
    """The stored bytes of a finished job: asset ids and what our probe measured."""

    video: str
    thumbnail: str
    spritesheet: str
    seconds: float
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Job:
    """One accepted operation of a project. `due_at` is when it next wants work; `tried` are deployment ids not to be asked again.

    `choice` says why its deployment was chosen, `avoid` is one that has just failed, `faults` are what each one said last, and `retries`
    counts the refusals that might have passed. `rest` is what a newer version keeps of it.
    """

    id: str
    project: str
    operation: Operation
    state: State
    created_at: datetime
    due_at: datetime
    progress: int = 0
    deployment: str | None = None
    provider: str | None = None
    provider_model: str | None = None
    cast: tuple[CastMember, ...] = ()
    warnings: tuple[Note, ...] = ()
    error: Failure | None = None
    cost: Cost = field(default_factory=Cost)
    result: Result | None = None
    attempt: str | None = None
    tried: tuple[str, ...] = ()
    waiting: str | None = None
    cancel_requested: bool = False
    completed_at: datetime | None = None
    expires_at: datetime | None = None
    deleted_at: datetime | None = None
    revision: int = 0
    choice: Choice | None = None
    avoid: str | None = None
    faults: Mapping[str, str] = field(default_factory=dict)
    retries: int = 0
    rest: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def outcome(self) -> str:
        """What became of an ended job, as the verb of a sentence."""
        return "was cancelled" if self.state is State.CANCELLED else str(self.state)

    def to(self, state: State, **changes: object) -> Self:
        """The job in another state, with other changes; raises ValueError for a transition that does not exist."""
        allowed = _NEXT.get(self.state, set()) | ({State.FAILED, State.CANCELLED} if not self.ended else set()) | {self.state}
        if state not in allowed:
            raise ValueError(f"job {self.id} cannot go from {self.state} to {state}")
        return replace(self, state=state, **changes)  # type: ignore[arg-type]  # replace() checks the field names

    def warn(self, note: Note) -> Self:
        """The job with one warning more, never the same one twice."""
        return self if note in self.warnings else replace(self, warnings=(*self.warnings, note))
