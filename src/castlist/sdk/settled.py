"""What a server says became of a request."""

from dataclasses import dataclass

from castlist.sdk.records import Json, Record, read_text, read_time


@dataclass(frozen=True)
class Settled(Record):
    """What became of a request: the id of what it `made`; else it was not taken, and will not be. Nothing is known of requests from before
    `since` (Unix seconds)."""

    idempotency_key: str
    made: str | None = None
    since: int | None = None


def read_settled(json: Json) -> Settled:
    """What a server says of a key."""
    return Settled(str(json.get("idempotency_key", "")), made=read_text(json.get("made")), since=read_time(json.get("since")))
