"""What a server tells its keeper of jobs in trouble."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from castlist.sdk.records import Cost, Json, Record, read_cost, read_map, read_text, read_time

Outcome = Literal["made", "absent", "failed", "resubmit"]


@dataclass(frozen=True)
class TroubleRecord(Record):
    """A job of any project: `reference` is what its provider was told to call the work, `since` when it was sent (Unix seconds)."""

    id: str
    project: str
    state: str
    model: str
    provider: str | None = None
    provider_model: str | None = None
    deployment: str | None = None
    attempt: int | None = None
    reference: str | None = None
    request_id: str | None = None
    since: int | None = None
    message: str | None = None
    decided: str | None = None
    cost: Cost = field(default_factory=Cost)
    raw: Json = field(default_factory=dict, repr=False, compare=False)


def read_trouble(json: Json) -> TroubleRecord:
    """A job in trouble as the server sends it."""
    named = ("provider", "provider_model", "deployment", "reference", "request_id", "message", "decided")
    texts = {name: read_text(json.get(name)) for name in named}
    return TroubleRecord(
        id=str(json["id"]),
        project=str(json.get("project", "")),
        state=str(json.get("state", "")),
        model=str(json.get("model", "")),
        attempt=read_time(json.get("attempt")),
        since=read_time(json.get("since")),
        cost=read_cost(read_map(json.get("cost"))),
        raw=json,
        **texts,
    )
