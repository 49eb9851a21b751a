"""Whether what a vendor called back with is the vendor's own: signatures, and the minutes within which they count."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from castlist.errors import CastlistError, Forbidden, ProviderError
from castlist.later import Later
from castlist.model.providing import Callback, Transport

if TYPE_CHECKING:
    import standardwebhooks
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
else:
    standardwebhooks = Later("standardwebhooks")
    hashes = Later("cryptography.hazmat.primitives.hashes")
    ed25519 = Later("cryptography.hazmat.primitives.asymmetric.ed25519")
    padding = Later("cryptography.hazmat.primitives.asymmetric.padding")
    rsa = Later("cryptography.hazmat.primitives.asymmetric.rsa")

WINDOW: Final = timedelta(minutes=5)
KEPT: Final = timedelta(hours=24)
AGAIN: Final = timedelta(minutes=1)
"""How soon keys are read anew for a signature that none of them made: forged ones must not make us ask without end."""

_PREFIX: Final = "whsec_"
MOST_KEYS: Final = 64 * 1024


def check_standard(callback: Callback, secret: str) -> str:
    """The id of a message signed as Standard Webhooks has it. Raises Forbidden."""
    id, stamp = _header(callback, "webhook-id"), _header(callback, "webhook-timestamp")  # noqa: A001
    at = _check_window(callback, stamp)
    if len(secret) <= len(_PREFIX):
        raise _forged("the account has an empty secret")
    try:
        expected = standardwebhooks.Webhook(secret).sign(id, at, callback.body.decode())
    except (ValueError, RuntimeError) as error:
        raise _forged("its secret or its body cannot be read") from error
    given = _header(callback, "webhook-signature").split(" ")
    if not any(hmac.compare_digest(expected.encode(), each.encode("latin-1", "replace")) for each in given):
        raise _forged("the signature is not the vendor's")
    return id


def _header(callback: Callback, name: str) -> str:
    found = callback.headers.get(name, "")
    if not found or len(found) > 8192:
        raise _forged(f"the header {name} is missing")
    return found


def _check_window(callback: Callback, stamp: str) -> datetime:
    at = datetime.fromtimestamp(int(stamp), UTC) if stamp.isascii() and stamp.isdigit() and len(stamp) < 12 else None
    if at is None or abs(callback.received_at - at) > WINDOW:
        raise _forged("it is too old, or from a clock that is wrong")
    return at


def _forged(why: str) -> Forbidden:
    return Forbidden(f"this callback was not taken: {why}", code="callback_refused")


@dataclass
class KeySet:
    """A vendor's public keys (JWKS), read through the account's guarded transport and kept for a day."""

    url: str
    http: Transport
    keys: Sequence[Mapping[str, object]] = ()
    read_at: datetime | None = field(default=None)

    async def current(self, now: datetime) -> Sequence[Mapping[str, object]]:
        """The keys as they were read within a day."""
        if self.read_at is None or now - self.read_at > KEPT:
            await self._read(now)
        return self.keys

    async def newer(self, now: datetime) -> Sequence[Mapping[str, object]]:
        """The keys read anew, unless that was a moment ago: then none."""
        if self.read_at is not None and now - self.read_at < AGAIN:
            return ()
        await self._read(now)
        return self.keys

    async def _read(self, now: datetime) -> None:
        found = bytearray()
        try:
            async with self.http.stream(self.url, headers={}) as stream:
                async for chunk in stream.chunks:
                    found += chunk
                    if len(found) > MOST_KEYS:
                        raise _forged("the vendor's keys are longer than keys are")
        except ProviderError as error:
            raise CastlistError("the vendor's keys cannot be read now", code="callback_keys_away", status=503) from error
        try:
            keys = json.loads(found)["keys"]
        except (ValueError, KeyError, TypeError) as error:
            raise CastlistError("the vendor's keys cannot be read now", code="callback_keys_away", status=503) from error
        self.keys = [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []
        self.read_at = now


async def check_fal(callback: Callback, keys: KeySet) -> str:
    """The id of a message that fal signed with one of its keys (Ed25519). Raises Forbidden.

    Source: fal.ai/docs, webhooks: the signature, in hex, is over id, user, timestamp and the SHA-256 of the body, in lines.
    """
    id, stamp = _header(callback, "x-fal-webhook-request-id"), _header(callback, "x-fal-webhook-timestamp")  # noqa: A001
    _check_window(callback, stamp)
    digest = hashlib.sha256(callback.body).hexdigest()
    message = "\n".join((id, _header(callback, "x-fal-webhook-user-id"), stamp, digest)).encode()
    try:
        signature = bytes.fromhex(_header(callback, "x-fal-webhook-signature"))
    except ValueError as error:
        raise _forged("the signature is not hexadecimal") from error
    for known in (keys.current, keys.newer):
        if any(_signed(key, signature, message) for key in await known(callback.received_at)):
            return id
    raise _forged("the signature is not the vendor's")


def _signed(key: Mapping[str, object], signature: bytes, message: bytes) -> bool:
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(_unpack(key.get("x"))).verify(signature, message)
    except Exception as error:
        return _no(error)
    return True


async def check_token(callback: Callback, keys: KeySet) -> str:
    """The id of a message whose `webhook-signature` is a JWT by one of Google's keys (RS256), within its time. Raises Forbidden.

    Source: ai.google.dev, webhooks: those of a request are signed so. That the token says nothing of the body is borne: nothing of the
    body is used.
    """
    token = _header(callback, "webhook-signature")
    head, _, rest = token.partition(".")
    body, _, signature = rest.partition(".")
    header, claims = _read_json(head), _read_json(body)
    if header.get("alg") != "RS256":
        raise _forged("its signature is of another kind")
    _check_claims(callback, claims)
    for known in (keys.current, keys.newer):
        fitting = [key for key in await known(callback.received_at) if key.get("kid") == header.get("kid")]
        if any(_signed_rsa(key, signature, f"{head}.{body}".encode()) for key in fitting):
            return callback.headers.get("webhook-id") or hashlib.sha256(token.encode()).hexdigest()
    raise _forged("the signature is not the vendor's")


def _check_claims(callback: Callback, claims: Mapping[str, object]) -> None:
    now, end, begin = callback.received_at.timestamp(), claims.get("exp"), claims.get("iat")
    if not isinstance(end, int | float) or now > end + 60:
        raise _forged("it is too old")
    if isinstance(begin, int | float) and abs(now - begin) > WINDOW.total_seconds():
        raise _forged("it is too old, or from a clock that is wrong")


def _read_json(part: str) -> Mapping[str, object]:
    try:
        found = json.loads(_unpack(part))
    except (ValueError, binascii.Error) as error:
        raise _forged("its signature cannot be read") from error
    if not isinstance(found, dict):
        raise _forged("its signature cannot be read")
    return found


def _signed_rsa(key: Mapping[str, object], signature: str, message: bytes) -> bool:
    try:
        numbers = rsa.RSAPublicNumbers(int.from_bytes(_unpack(key.get("e"))), int.from_bytes(_unpack(key.get("n"))))
        numbers.public_key().verify(_unpack(signature), message, padding.PKCS1v15(), hashes.SHA256())
    except Exception as error:
        return _no(error)
    return True


def _unpack(text: object) -> bytes:
    """Base 64 for URLs, with or without the signs that fill it up."""
    plain = str(text).rstrip("=")
    return base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))


def _no(error: Exception) -> bool:
    """False for a key or a signature that does not fit; what else went wrong goes on."""
    if isinstance(error, ValueError | TypeError) or type(error).__name__ == "InvalidSignature":
        return False
    raise error
