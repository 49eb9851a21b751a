"""What is asked about webhooks: who is told, what was delivered, once more, another secret. Every question begins with who asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from castlist.engine.missing import shown
from castlist.errors import InvalidRequest, NotFound
from castlist.fetch import is_global
from castlist.model.asks import Caller, Listing
from castlist.model.telling import Delivery, Endpoint, Told, origin
from castlist.storage import Outbox, Page, SealedSecret
from castlist.webhooks import Courier

LEASE = 60.0
STATES = tuple(state.value for state in Told)


@dataclass(frozen=True)
class NewSecret:
    """A secret as it is shown once, and how it is kept."""

    text: str
    kept: SealedSecret


class Webhooks:
    """The webhooks of projects: their endpoints, deliveries and secrets."""

    def __init__(self, outbox: Outbox, courier: Courier) -> None:
        self._outbox = outbox
        self._courier = courier

    async def endpoints(self, caller: Caller) -> Sequence[Endpoint]:
        """The project's endpoints of the configuration, and those that said they are gone."""
        return await self._outbox.endpoints(caller.project)

    async def endpoint(self, caller: Caller, id: str) -> Endpoint:  # noqa: A002
        """One endpoint. Raises NotFound."""
        found = await self._outbox.endpoint(caller.project, id)
        if found is None:
            raise NotFound(f"No webhook endpoint {shown(id)} in this project.", code="webhook_endpoint_not_found", param="endpoint_id")
        return found

    async def trial(self, caller: Caller, id: str, *, type: str) -> Delivery:  # noqa: A002
        """An event about no video, sent at once and once; one that arrives makes a disabled endpoint be told again. Raises NotFound."""
        endpoint = await self.endpoint(caller, id)
        return await self._courier.deliver(await self._outbox.add_trial(endpoint, type, lease=LEASE), last=True)

    async def deliveries(self, caller: Caller, listing: Listing, *, state: str | None, video: str | None) -> Page[Delivery]:
        """A page of deliveries, newest first unless `order` is "asc". Raises InvalidRequest for a state that is none."""
        if state is not None and state not in STATES:
            raise InvalidRequest(f"state is one of {', '.join(STATES)}, not {state[:40]!r}", code="invalid_state", param="state")
        return await self._outbox.page(
            caller.project,
            after=listing.after,
            limit=listing.limit,
            order=listing.order,
            state=Told(state) if state else None,
            video=video,
        )

    async def delivery(self, caller: Caller, id: str) -> Delivery:  # noqa: A002
        """One delivery. Raises NotFound."""
        return _found(await self._outbox.get(caller.project, id), id)

    async def redeliver(self, caller: Caller, id: str) -> Delivery:  # noqa: A002
        """The delivery, due once more under its event's id. Raises NotFound."""
        return _found(await self._outbox.redeliver(caller.project, id), id)

    async def secrets(self, caller: Caller) -> Sequence[SealedSecret]:
        """The project's secrets that sign now, the newest first; none before the first is needed."""
        return await self._courier.signing(caller.project)

    def opens(self, secret: SealedSecret) -> bool:
        """Whether this gateway's master key opens it."""
        return secret.sealed_by == self._courier.seal.name

    async def rotate(self, caller: Caller) -> NewSecret:
        """A new secret, shown this once; the one before signs too for a day."""
        return NewSecret(*await self._courier.rotate(caller.project))

    async def check(self, caller: Caller, url: str | None) -> None:
        """Refuse a webhook at an address that is spelled out and private, at once rather than with every attempt. Names are looked up
        when they are told. Raises InvalidRequest."""
        host = urlsplit(url or "").hostname or ""
        if url is None or not _is_private(host) or await self._outbox.allows_private(caller.project, url):
            return
        message = (
            f"the webhook {origin(url)} is a private address, which is told only under an endpoint of the configuration with allow_private"
        )
        raise InvalidRequest(message, code="private_address", param="castlist.webhook")


def _is_private(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return not is_global(host)


def _found(delivery: Delivery | None, id: str) -> Delivery:  # noqa: A002
    if delivery is None:
        raise NotFound(f"No webhook delivery {shown(id)} in this project.", code="webhook_delivery_not_found", param="delivery_id")
    return delivery
