"""Looking for work whose answer was lost: by our own name for it, or as the one unclaimed work that is just what was sent."""

import hashlib

import structlog

from castlist.engine.kit import Kit
from castlist.engine.moves import provider_of
from castlist.errors import CastlistError, ProviderError
from castlist.model.jobs import Attempt, Sent
from castlist.model.operations import CreateVideo
from castlist.model.providing import Absent, CannotTell, Prepared, Provider, Ticket

log = structlog.get_logger("castlist.engine")


def describe(prepared: Prepared) -> Sent | None:
    """What a list of works would show of the order; None for what such a list does not tell apart."""
    order = prepared.order
    if not isinstance(order.operation, CreateVideo):
        return None
    prompt = order.prompt if prepared.prompt is None else prepared.prompt
    digest = hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest()
    return Sent(digest, order.provider_model, order.operation.seconds, str(order.operation.size))


async def find(kit: Kit, attempt: Attempt) -> Ticket | Absent | CannotTell:
    """What the attempt's provider knows of it."""
    provider = provider_of(kit, attempt)
    if provider is None:
        return CannotTell()
    try:
        found = await provider.find(attempt.reference)
        return await _find_alike(kit, attempt, provider) if isinstance(found, CannotTell) else found
    except ProviderError:
        return CannotTell()
    except CastlistError:
        raise
    except Exception as error:
        log.exception("find.broke", attempt=attempt.id, provider=attempt.provider, error=type(error).__name__)
        return CannotTell()


async def _find_alike(kit: Kit, attempt: Attempt, provider: Provider) -> Ticket | CannotTell:
    if attempt.sent is None:
        return CannotTell()
    try:
        alike = await provider.find_alike(attempt.sent, since=attempt.started_at)
    except NotImplementedError:
        return CannotTell()
    free = [ticket for ticket in alike if not await kit.storage.trouble.claimed(attempt, ticket=ticket)]
    return free[0] if len(free) == 1 else CannotTell()
