"""What answers about webhooks look like, as pydantic models."""

from typing import Literal

from castlist.server.wire.answers import Answer, PageAnswer


class EndpointExtras(Answer):
    """What is ours about an endpoint: whether it is of the configuration; `disabled_at` once it answered that it is gone."""

    configured: bool
    allow_private: bool
    disabled_at: int | None


class EndpointAnswer(Answer):
    """An address that is told of the end of videos, as OpenAI's API shows it; its secret is its project's."""

    id: str
    object: Literal["webhook_endpoint"]
    created_at: int
    name: str
    url: str
    event_types: list[str]
    castlist: EndpointExtras


class EndpointPage(PageAnswer):
    """All endpoints of a project."""

    data: list[EndpointAnswer]


class TryAnswer(Answer):
    """One request to an endpoint: the status it answered with, or why it did not."""

    at: int
    seconds: float
    status: int | None
    error: str | None


class DeliveryAnswer(Answer):
    """One event on its way to one endpoint. `event_id` is the `webhook-id` of each of its copies; `next_at` is when it is due."""

    id: str
    object: Literal["webhook_delivery"]
    created_at: int
    event_id: str
    type: str
    video_id: str
    endpoint_id: str
    url: str
    state: Literal["pending", "delivered", "dead", "disabled"]
    next_at: int | None
    attempts: list[TryAnswer]


class DeliveryPage(PageAnswer):
    """A page of deliveries."""

    data: list[DeliveryAnswer]


class TrialExtras(Answer):
    """What is ours about a trial."""

    delivery_id: str
    error: str | None


class TrialAnswer(Answer):
    """What an endpoint answered to a trial, as OpenAI's API shows it; `status_code` is null where it answered nothing."""

    object: Literal["webhook_endpoint.test"]
    webhook_endpoint_id: str
    event_type: str
    status_code: int | None
    success: bool
    castlist: TrialExtras


class CallbackAnswer(Answer):
    """A provider's message was taken."""

    received: Literal[True]


class SigningAnswer(Answer):
    """A secret that signs: since when, until when, and whether this gateway's master key opens it."""

    created_at: int
    until: int | None
    readable: bool


class SecretAnswer(Answer):
    """The secrets that sign a project's events, the newest first."""

    object: Literal["webhook_secret"]
    signing: list[SigningAnswer]


class NewSecretAnswer(SecretAnswer):
    """The same, with the new secret itself: shown this once."""

    secret: str
