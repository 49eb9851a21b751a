"""Sign and deliver one outbox row, as Standard Webhooks has it: the convention that OpenAI signs its own with."""

import asyncio
import base64
import json
import secrets as randomness
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import inf
from random import uniform
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import structlog

from castlist.fetch import Policy, check_ahead, guard_connector, is_public
from castlist.later import Later
from castlist.model.telling import Delivery, Told, Try, origin
from castlist.outbound import Outbound
from castlist.sealing import Seal, Unsealable
from castlist.storage import Outbox, SealedSecret, Secrets

if TYPE_CHECKING:
    import aiohttp
    import standardwebhooks
else:
    aiohttp, standardwebhooks = Later("aiohttp"), Later("standardwebhooks")

log = structlog.get_logger("castlist.webhooks")

PAUSES: Final = (5.0, 60.0, 300.0, 1_800.0, 7_200.0, 25_200.0, 50_400.0)
"""Seconds between the eight attempts of a round, which together are a little less than a day."""

JITTER: Final = 0.1
PREFIX: Final = "whsec_"
WITHIN: Final = 15.0
CONNECT_WITHIN: Final = 5.0
GONE: Final = 410
LAGS: Final = (0.1, 0.5, 2.0, 10.0, 60.0, 600.0, 7_200.0)


@dataclass(frozen=True)
class Way:
    """How endpoints are reached: by which policy of addresses, through which proxy, and within how many seconds."""

    policy: Policy = is_public
    outbound: Outbound = field(default_factory=Outbound)
    within: float = WITHIN


@dataclass(frozen=True)
class Answer:
    """What came of one request to an endpoint."""

    status: int | None = None
    error: str | None = None

    @property
    def arrived(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True)
class Carried:
    """What this process has carried: requests to endpoints by what the delivery came to, and how many of the events that arrived did so
    within which of LAGS (seconds since they came about; beyond the last, infinity), with the sum of those seconds."""

    outcomes: Counter[Told] = field(default_factory=Counter)
    within: Counter[float] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=lambda: [0.0])

    def note(self, delivery: Delivery, *, at: datetime) -> None:
        """A request was answered, or was not. What was sent anew by hand says nothing of how late events are."""
        self.outcomes[delivery.state] += 1
        if delivery.state is Told.DELIVERED and delivery.round == 0:
            lag = max(0.0, (at - delivery.created_at).total_seconds())
            self.within[next((bound for bound in LAGS if lag <= bound), inf)] += 1
            self.seconds[0] += lag


class Courier:
    """Delivers what this process claimed of the outbox. `pauses` lie between the attempts of a round; one more than they are is made."""

    def __init__(
        self, outbox: Outbox, secrets: Secrets, seal: Seal, *, clock: Callable[[], datetime], way: Way, pauses: Sequence[float] = PAUSES
    ) -> None:
        self.outbox = outbox
        self.seal = seal
        self._secrets = secrets
        self._clock = clock
        self._way = way
        self._pauses = tuple(pauses)
        self.carried = Carried()

    async def deliver(self, delivery: Delivery, *, last: bool = False) -> Delivery:
        """One request to the endpoint, and what became of it saved; a row that was claimed must come here before its lease ends. No other
        attempt follows the `last`."""
        begun = self._clock()
        answer = await self._send(delivery)
        seconds = round((self._clock() - begun).total_seconds(), 3)
        tried = replace(delivery, tries=(*delivery.tries, Try(begun, max(0.0, seconds), answer.status, answer.error)))
        after = self._judge(tried, answer, last=last)
        await self.outbox.save(after, gone=answer.status == GONE, well=answer.arrived)
        self.carried.note(after, at=self._clock())
        _report(after, answer)
        return after

    async def rotate(self, project: str) -> tuple[str, SealedSecret]:
        """A new secret of the project, as it is shown this once, and how it is kept. The one before signs too for a day."""
        secret = make_secret()
        kept = await self._secrets.replace(project, self.seal.close(secret, project), sealed_by=self.seal.name)
        return secret, kept

    async def signing(self, project: str) -> Sequence[SealedSecret]:
        """The project's secrets that sign now, the newest first."""
        return await self._secrets.signing(project)

    def _judge(self, delivery: Delivery, answer: Answer, *, last: bool) -> Delivery:
        """The delivery as it is after that answer: done, given up, or due again."""
        if answer.arrived:
            return replace(delivery, state=Told.DELIVERED)
        if answer.status == GONE:
            return replace(delivery, state=Told.DISABLED)
        if last or delivery.count > len(self._pauses):
            return replace(delivery, state=Told.DEAD)
        pause = self._pauses[delivery.count - 1] * uniform(1 - JITTER, 1)
        return replace(delivery, due_at=self._clock() + timedelta(seconds=pause))

    async def _send(self, delivery: Delivery) -> Answer:
        try:
            body = write_event(delivery)
            headers = sign(body, delivery.event, await self._open(delivery.project), at=self._clock())
            private = delivery.private or await self.outbox.allows_private(delivery.project, delivery.url)
            async with asyncio.timeout(self._way.within):
                return await self._post(delivery.url, body, headers=headers, policy=_allow_any if private else self._way.policy)
        except TimeoutError:
            return Answer(error=f"no answer within {self._way.within:g} seconds")
        except Unsealable as error:
            return Answer(error=f"{error.message}; castlist webhooks rotate makes a new one")

    async def _open(self, project: str) -> Sequence[str]:
        """The secrets to sign with, the newest first; made at the first need."""
        made = await self._secrets.ensure(project, lambda: self.seal.close(make_secret(), project), sealed_by=self.seal.name)
        return [self.seal.open(each.sealed, project) for each in made if each.sealed_by == self.seal.name or each.old_until is None]

    async def _post(self, url: str, body: str, *, headers: Mapping[str, str], policy: Policy) -> Answer:
        refused: list[str] = []
        outbound = self._way.outbound

        def allows(address: str, port: int) -> bool:
            allowed = policy(address, port)
            refused.extend([] if allowed else [address])
            return allowed

        parts = urlsplit(url)
        proxy = outbound.proxy_for(parts.hostname)
        try:
            if proxy is not None:
                await check_ahead(parts.hostname or "", parts.port or _PORTS[parts.scheme], policy=allows)
            connector = guard_connector(allows if proxy is None else _allow_any, outbound)
            limits = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_WITHIN)
            async with (
                aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False) as session,
                session.post(url, data=body.encode(), headers=headers, allow_redirects=False, proxy=proxy, timeout=limits) as response,
            ):
                return _read(response.status)
        except PermissionError:
            return Answer(error=_REFUSED)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(error=_REFUSED if refused else f"could not be reached ({type(error).__name__})")


_PORTS: Final = {"http": 80, "https": 443}
_REFUSED: Final = (
    "the address is private, or its port is neither 80 nor 443: only an endpoint of the configuration with allow_private may be there"
)


def make_secret() -> str:
    """A new secret in the form that Standard Webhooks gives it."""
    return PREFIX + base64.b64encode(randomness.token_bytes(32)).decode()


def write_event(delivery: Delivery) -> str:
    """The body that is sent: OpenAI's event, the same in every copy."""
    event = {
        "id": delivery.event,
        "object": "event",
        "created_at": int(delivery.created_at.timestamp()),
        "type": delivery.type,
        "data": {"id": delivery.video},
    }
    return json.dumps(event, separators=(",", ":"))


def sign(body: str, event: str, secrets: Sequence[str], *, at: datetime) -> Mapping[str, str]:
    """The headers of a delivery, with a signature by each of the secrets."""
    signatures = [standardwebhooks.Webhook(secret).sign(event, at, body) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": "castlist",
        "webhook-id": event,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _read(status: int) -> Answer:
    if 300 <= status < 400:
        return Answer(status, "it redirects, which is not followed: name the address that it leads to")
    return Answer(status)


def _allow_any(address: str, port: int) -> bool:
    return True


def _report(delivery: Delivery, answer: Answer) -> None:
    """One line of the log, which names of the address no more than its origin."""
    facts = {"delivery": delivery.id, "webhook_id": delivery.event, "endpoint": delivery.endpoint, "to": origin(delivery.url)}
    outcome = {"state": str(delivery.state), "attempt": delivery.count, "status": answer.status, "error": answer.error}
    match delivery.state:
        case Told.DELIVERED:
            log.info("webhook.delivered", **facts, attempt=delivery.count)
        case Told.DISABLED:
            log.warning("webhook.endpoint_disabled", **facts, why="it answered 410, which says that it is gone", **outcome)
        case Told.DEAD:
            log.error("webhook.given_up", **facts, **outcome)
        case Told.PENDING:
            log.warning("webhook.put_off", **facts, **outcome, due_at=delivery.due_at.isoformat())
