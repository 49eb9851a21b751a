"""Webhooks: who is told of the end of videos, what was delivered, once more, and another secret."""

from __future__ import annotations

from typing import Literal, Unpack

from castlist.sdk._async.connection import AsyncConnection
from castlist.sdk._async.page import AsyncPage
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


class AsyncWebhooks:
    """`client.webhooks`. Endpoints are named by the server's configuration, or by a video's own `webhook`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def list(self) -> tuple[WebhookEndpoint, ...]:
        """The project's endpoints: those of the configuration, and those that answered that they are gone."""
        return tuple(map(read_endpoint, read_maps((await self._connection.get("/webhook_endpoints")).get("data"))))

    async def get(self, endpoint: WebhookEndpoint | str) -> WebhookEndpoint:
        """One endpoint. Raises NotFound."""
        return read_endpoint(await self._connection.get(f"/webhook_endpoints/{quote(endpoint)}"))

    async def test(
        self, endpoint: WebhookEndpoint | str, *, event_type: Literal["video.completed", "video.failed"] = "video.completed"
    ) -> WebhookTrial:
        """Send an event about no video now, and say what the endpoint answered; one that takes it is told again, if it was disabled."""
        return read_trial(await self._connection.post(f"/webhook_endpoints/{quote(endpoint)}/test", {"event_type": event_type}))

    @takes(DeliveryQuery, call="webhooks.history")
    async def history(self, **query: Unpack[DeliveryQuery]) -> AsyncPage[WebhookDelivery]:
        """A page of deliveries with every attempt, newest first unless `order` is "asc"."""
        json = await self._connection.get("/webhook_deliveries", query)

        async def follow(after: str) -> AsyncPage[WebhookDelivery]:
            onward: DeliveryQuery = {**query, "after": after}
            return await self.history(**onward)

        found = tuple(map(read_delivery, read_maps(json.get("data"))))
        last = read_text(json.get("last_id")) or (found[-1].id if found else None)
        return AsyncPage(found, has_more=bool(json.get("has_more")), last_id=last, _follow=follow)

    async def delivery(self, delivery: WebhookDelivery | str) -> WebhookDelivery:
        """One delivery as it is now. Raises NotFound."""
        return read_delivery(await self._connection.get(f"/webhook_deliveries/{quote(delivery)}"))

    async def redeliver(self, delivery: WebhookDelivery | str) -> WebhookDelivery:
        """Send a delivery once more, whatever became of it, under the id of its event."""
        return read_delivery(await self._connection.post(f"/webhook_deliveries/{quote(delivery)}/redeliver", {}))

    async def secret(self) -> WebhookSecret:
        """Since when the secrets that sign were made, and until when; never what they are."""
        return read_secret(await self._connection.get("/webhook_secret"))

    async def rotate(self) -> WebhookSecret:
        """A new secret, shown this once; the one before it signs too for a day."""
        return read_secret(await self._connection.post("/webhook_secret/rotate", {}))
