"""What a server answers about webhooks, as frozen records: read from JSON, unknown fields ignored."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from castlist.sdk.records import Json, Record, read_map, read_maps, read_number, read_text, read_time


@dataclass(frozen=True)
class WebhookEndpoint(Record):
    """An address that is told of the end of videos. `configured` says that the server's configuration names it; `disabled_at` is set once
    it answered that it is gone."""

    id: str
    url: str = field(repr=False)
    event_types: tuple[str, ...]
    configured: bool
    allow_private: bool
    disabled_at: int | None
    created_at: int
    raw: Json = field(repr=False, compare=False)


@dataclass(frozen=True)
class WebhookTry(Record):
    """One request to an endpoint: the status it answered, or why it did not."""

    at: int
    seconds: float
    status: int | None
    error: str | None


@dataclass(frozen=True)
class WebhookDelivery(Record):
    """One event on its way to one endpoint; `state` is pending, delivered, dead or disabled, `next_at` when it is due."""

    id: str
    event_id: str
    type: str
    video_id: str
    endpoint_id: str
    url: str = field(repr=False)
    state: str
    created_at: int
    next_at: int | None
    attempts: tuple[WebhookTry, ...]
    raw: Json = field(repr=False, compare=False)


@dataclass(frozen=True)
class WebhookTrial(Record):
    """What an endpoint answered to a trial; `status_code` is None where it answered nothing, and `error` says why."""

    endpoint_id: str
    event_type: str
    status_code: int | None
    delivery_id: str
    error: str | None
    raw: Json = field(repr=False, compare=False)


@dataclass(frozen=True)
class Signing(Record):
    """A secret that signs: since when, until when, and whether the server's master key opens it."""

    created_at: int
    until: int | None
    readable: bool


@dataclass(frozen=True)
class WebhookSecret(Record):
    """The secrets that sign a project's events, the newest first; `secret` is the new one, where one was just made."""

    signing: tuple[Signing, ...]
    secret: str | None = field(default=None, repr=False)
    raw: Json = field(default_factory=dict, repr=False, compare=False)


def read_endpoint(json: Json) -> WebhookEndpoint:
    ours = read_map(json.get("castlist"))
    types = json.get("event_types")
    return WebhookEndpoint(
        id=_text(json, "id"),
        url=_text(json, "url"),
        event_types=tuple(map(str, types)) if isinstance(types, list) else (),
        configured=ours.get("configured") is True,
        allow_private=ours.get("allow_private") is True,
        disabled_at=read_time(ours.get("disabled_at")),
        created_at=read_time(json.get("created_at")) or 0,
        raw=json,
    )


def read_delivery(json: Json) -> WebhookDelivery:
    return WebhookDelivery(
        id=_text(json, "id"),
        event_id=_text(json, "event_id"),
        type=_text(json, "type"),
        video_id=_text(json, "video_id"),
        endpoint_id=_text(json, "endpoint_id"),
        url=_text(json, "url"),
        state=_text(json, "state"),
        created_at=read_time(json.get("created_at")) or 0,
        next_at=read_time(json.get("next_at")),
        attempts=tuple(_read_try(each) for each in read_maps(json.get("attempts"))),
        raw=json,
    )


def _read_try(json: Json) -> WebhookTry:
    return WebhookTry(
        at=read_time(json.get("at")) or 0,
        seconds=read_number(json.get("seconds")) or 0.0,
        status=_status(json.get("status")),
        error=read_text(json.get("error")),
    )


def read_trial(json: Json) -> WebhookTrial:
    ours = read_map(json.get("castlist"))
    return WebhookTrial(
        endpoint_id=_text(json, "webhook_endpoint_id"),
        event_type=_text(json, "event_type"),
        status_code=_status(json.get("status_code")),
        delivery_id=_text(ours, "delivery_id"),
        error=read_text(ours.get("error")),
        raw=json,
    )


def read_secret(json: Json) -> WebhookSecret:
    signing = [
        Signing(read_time(each.get("created_at")) or 0, read_time(each.get("until")), each.get("readable") is True)
        for each in read_maps(json.get("signing"))
    ]
    return WebhookSecret(tuple(signing), read_text(json.get("secret")), json)


def _text(json: Mapping[str, object], name: str) -> str:
    return read_text(json.get(name)) or ""


def _status(value: object) -> int | None:
    number = read_number(value)
    return None if number is None else int(number)
