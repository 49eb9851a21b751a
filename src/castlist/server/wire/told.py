"""What answers about webhooks look like; endpoints and trials as OpenAI's API has them."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from castlist.engine.telling import NewSecret
from castlist.model.telling import Delivery, Endpoint, Told
from castlist.server.wire.views import View
from castlist.storage import SealedSecret


def _stamp(moment: datetime) -> int:
    return int(moment.timestamp())


def show_endpoint(endpoint: Endpoint) -> View:
    """An endpoint; its secret is its project's."""
    return {
        "id": endpoint.id,
        "object": "webhook_endpoint",
        "created_at": _stamp(endpoint.created_at),
        "name": urlsplit(endpoint.url).hostname or "",
        "url": endpoint.url,
        "event_types": list(endpoint.events),
        "castlist": {
            "configured": endpoint.configured,
            "allow_private": endpoint.allow_private,
            "disabled_at": endpoint.disabled_at and _stamp(endpoint.disabled_at),
        },
    }


def show_delivery(delivery: Delivery) -> View:
    """One event on its way to one endpoint, with every attempt."""
    return {
        "id": delivery.id,
        "object": "webhook_delivery",
        "created_at": _stamp(delivery.created_at),
        "event_id": delivery.event,
        "type": delivery.type,
        "video_id": delivery.video,
        "endpoint_id": delivery.endpoint,
        "url": delivery.url,
        "state": delivery.state.value,
        "next_at": _stamp(delivery.due_at) if delivery.state is Told.PENDING else None,
        "attempts": [
            {"at": _stamp(each.at), "seconds": each.seconds, "status": each.status, "error": each.error} for each in delivery.tries
        ],
    }


def show_trial(delivery: Delivery) -> View:
    """What an endpoint answered to a trial."""
    last = delivery.tries[-1]
    return {
        "object": "webhook_endpoint.test",
        "webhook_endpoint_id": delivery.endpoint,
        "event_type": delivery.type,
        "status_code": last.status,
        "success": last.status is not None,
        "castlist": {"delivery_id": delivery.id, "error": last.error},
    }


def show_secrets(secrets: Sequence[tuple[SealedSecret, bool]]) -> View:
    """Since when the project's secrets sign and until when, with whether this gateway can open them."""
    return {
        "object": "webhook_secret",
        "signing": [
            {"created_at": _stamp(each.created_at), "until": each.old_until and _stamp(each.old_until), "readable": readable}
            for each, readable in secrets
        ],
    }


def show_secret(made: NewSecret, secrets: Sequence[tuple[SealedSecret, bool]]) -> View:
    """The same, with the new secret itself: the only answer that ever holds it."""
    return {**show_secrets(secrets), "secret": made.text}
