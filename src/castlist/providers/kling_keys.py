"""Kling's two kinds of keys: an API key as it is, and an access key with its secret, of which a token is signed."""

import hashlib
import hmac
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Final

_PAIR: Final = re.compile(r"(?P<access>[A-Za-z0-9_-]{8,128}):(?P<secret>[A-Za-z0-9_-]{8,128})")
_LIVES: Final = 1800
_EARLIER: Final = 5


def is_pair(key: str | None) -> bool:
    """Whether a key is ACCESS:SECRET; such a pair is good for the older API only, so that is what it is used with."""
    return bool(key and _PAIR.fullmatch(key))


def authorise(key: str | None, now: datetime) -> Mapping[str, str]:
    """The header for a key: a pair becomes a token that lives half an hour and began 5 seconds ago, as the vendor's example has it."""
    pair = _PAIR.fullmatch(key or "")
    token = sign(pair["access"], pair["secret"], now) if pair else key
    return {"Authorization": f"Bearer {token}"} if token else {}


def sign(access: str, secret: str, now: datetime) -> str:
    """A JSON Web Token by HS256."""
    at = int(now.timestamp())
    claims = {"iss": access, "exp": at + _LIVES, "nbf": at - _EARLIER}
    text = f"{_pack({'alg': 'HS256', 'typ': 'JWT'})}.{_pack(claims)}"
    return f"{text}.{_encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())}"


def _pack(value: Mapping[str, object]) -> str:
    return _encode(json.dumps(value, separators=(",", ":")).encode())


def _encode(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
