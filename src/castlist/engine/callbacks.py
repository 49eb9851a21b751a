"""What vendors call back with: an address for each attempt, and what comes there, which only ever wakes the poll of its job."""

import hashlib
import hmac
from dataclasses import dataclass, field

from castlist.engine.kit import Kit
from castlist.errors import Forbidden, NotFound
from castlist.model.providing import Callback

PATH = "/v1/callbacks"


@dataclass(frozen=True)
class CallbackAddress:
    """Makes the address that an attempt is called back at. The token in it is the attempt's id and a proof that it was made here: nobody
    who does not know the address finds it."""

    base: str
    key: bytes = field(repr=False)

    def of(self, attempt: str, *, provider: str) -> str:
        """The address of one attempt."""
        return f"{self.base.rstrip('/')}{PATH}/{provider}/{attempt}.{self._prove(attempt, provider)}"

    def attempt(self, token: str, *, provider: str) -> str | None:
        """The attempt that a token of ours is about, None for any other text."""
        attempt, _, proof = token.partition(".")
        return attempt if hmac.compare_digest(proof.encode(), self._prove(attempt, provider).encode()) else None

    def _prove(self, attempt: str, provider: str) -> str:
        return hmac.new(self.key, f"{provider}\n{attempt}".encode(), hashlib.sha256).hexdigest()[:40]


async def hear(kit: Kit, provider: str, token: str, *, callback: Callback) -> bool:
    """Take a vendor's message about an attempt: noted once, and then its job is asked about at once. Nothing that it says is believed.

    Raises NotFound for an address that was never given out, Forbidden for what the vendor did not sign.
    """
    addresses = kit.call_back
    id = addresses.attempt(token, provider=provider) if addresses else None  # noqa: A001
    attempt = await kit.storage.callbacks.attempt(id) if id else None
    adapter = kit.providers.get(attempt.account) if attempt else None
    if attempt is None or adapter is None:
        raise NotFound("nobody was told to call back here", code="unknown_callback")
    if attempt.provider != provider:
        raise Forbidden("this callback was not taken: another provider was told to call back here", code="callback_refused")
    message = await adapter.recognise(callback)
    fresh = await kit.storage.callbacks.hear(f"{attempt.id}:{message}", attempt.job)
    if fresh:
        kit.nudge()
    return fresh
