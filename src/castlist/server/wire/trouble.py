"""What a job in trouble looks like to the keeper of a gateway."""

from typing import Literal

from castlist.model.asks import Seen
from castlist.model.jobs import Attempt
from castlist.server.wire.answers import Answer, CostAnswer, PageAnswer
from castlist.server.wire.views import View, show_cost


class TroubleAnswer(Answer):
    """A job of any project with the attempt that is in doubt: `reference` is what its provider was told to call the work, `request_id` what
    the provider called the request, `since` when it was sent."""

    id: str
    object: Literal["job"]
    project: str
    state: str
    model: str
    provider: str | None
    provider_model: str | None
    deployment: str | None
    attempt: int | None
    reference: str | None
    request_id: str | None
    since: int | None
    message: str | None
    decided: str | None
    cost: CostAnswer


class TroublePage(PageAnswer):
    """Jobs in trouble, the oldest first."""

    data: list[TroubleAnswer]


def show_trouble(seen: Seen) -> View:
    """A job with its last attempt."""
    job, attempt = seen.job, seen.attempts[-1] if seen.attempts else None
    return {
        "id": job.id,
        "object": "job",
        "project": job.project,
        "state": job.state.value,
        "model": job.operation.model,
        "provider": job.provider,
        "provider_model": job.provider_model,
        "deployment": job.deployment,
        "attempt": attempt and attempt.number,
        "reference": attempt and attempt.reference,
        "request_id": attempt and attempt.request_id,
        "since": attempt and int(attempt.started_at.timestamp()),
        "message": _say(seen, attempt),
        "decided": attempt and attempt.verdict and attempt.verdict.value,
        "cost": show_cost(job.cost),
    }


def _say(seen: Seen, attempt: Attempt | None) -> str | None:
    """What is wrong: the word about a slow provider, else what became of the request."""
    slow = next((note.message for note in seen.job.warnings if note.code in {"stuck", "stalled"}), None)
    return slow or (attempt.error.message if attempt and attempt.error else None)
