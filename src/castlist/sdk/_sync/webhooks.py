"""Webhooks: who is told of the end of videos, what was delivered, once more, and another secret."""

from __future__ import annotations

from typing import Literal, Unpack

from castlist.sdk._sync.connection import Connection
from castlist.sdk._sync.page import Page
from castlist.sdk.arguments import takes
from castlist.sdk.paths import quote
from castlist.sdk.queries import DeliveryQuery
from castlist.sdk.records import read_maps, read_text
from castlist.sdk.told import (
    WebhookDelivery,
    WebhookEndpoint,
    WebhookSecret,
    WebhookTrial,
    read_delivery,
    read_endpoint,
    read_secret,
    read_trial,
)


class Webhooks:
    """`client.webhooks`. Endpoints are named by the server's configuration, or by a video's own `webhook`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self) -> tuple[WebhookEndpoint, ...]:
        """The project's endpoints: those of the configuration, and those that answered that they are gone."""
        return tuple(map(read_endpoint, read_maps((self._connection.get("/webhook_endpoints")).get("data"))))

    def get(self, endpoint: WebhookEndpoint | str) -> WebhookEndpoint:
        """One endpoint. Raises NotFound."""
        return read_endpoint(self._connection.get(f"/webhook_endpoints/{quote(endpoint)}"))

    def test(
        self, endpoint: WebhookEndpoint | str, *, event_type: Literal["video.completed", "video.failed"] = "video.completed"
    ) -> WebhookTrial:
        """Send an event about no video now, and say what the endpoint answered; one that takes it is told again, if it was disabled."""
        return read_trial(self._connection.post(f"/webhook_endpoints/{quote(endpoint)}/test", {"event_type": event_type}))

    @takes(DeliveryQuery, call="webhooks.history")
    def history(self, **query: Unpack[DeliveryQuery]) -> Page[WebhookDelivery]:
        """A page of deliveries with every attempt, newest first unless `order` is "asc"."""
        json = self._connection.get("/webhook_deliveries", query)

        def follow(after: str) -> Page[WebhookDelivery]:
            onward: DeliveryQuery = {**query, "after": after}
            return self.history(**onward)

        found = tuple(map(read_delivery, read_maps(json.get("data"))))
        last = read_text(json.get("last_id")) or (found[-1].id if found else None)
        return Page(found, has_more=bool(json.get("has_more")), last_id=last, _follow=follow)

    def delivery(self, delivery: WebhookDelivery | str) -> WebhookDelivery:
        """One delivery as it is now. Raises NotFound."""
        return read_delivery(self._connection.get(f"/webhook_deliveries/{quote(delivery)}"))

    def redeliver(self, delivery: WebhookDelivery | str) -> WebhookDelivery:
        """Send a delivery once more, whatever became of it, under the id of its event."""
        return read_delivery(self._connection.post(f"/webhook_deliveries/{quote(delivery)}/redeliver", {}))

    def secret(self) -> WebhookSecret:
        """Since when the secrets that sign were made, and until when; never what they are."""
        return read_secret(self._connection.get("/webhook_secret"))

    def rotate(self) -> WebhookSecret:
        """A new secret, shown this once; the one before it signs too for a day."""
        return read_secret(self._connection.post("/webhook_secret/rotate", {}))
