"""Links that carry their own permission: signed, expiring, for one variant of one thing."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, urlencode

from castlist.errors import Forbidden
from castlist.model.providing import Media

LIFE = 3600
"""Seconds a link lives at most."""
FETCH_LIFE = 24 * LIFE
"""The same for a link that a provider is given: it reads the file when it comes to the work, which may be hours later."""
BUCKET = 300
"""Links made within the same bucket of seconds are identical, so that repeated answers can be."""
KEY_FILE = "links.key"


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes and checks links. `public_base_url` replaces the scheme and host of the request when it is set."""

    key: bytes = field(repr=False)
    clock: Callable[[], datetime]
    public_base_url: str | None = None

    def bucket(self) -> int:
        """The current bucket; links change when it does."""
        return int(self.clock().timestamp()) // BUCKET

    def link(self, base: str, path: str, *, variant: str, life: int = LIFE) -> str:
        """An absolute URL of `path`, good without a key for `life` seconds, or up to five minutes less."""
        expires = self.bucket() * BUCKET + life
        query = urlencode({"variant": variant, "expires": expires, "signature": self._sign(path, variant, expires=expires)})
        return f"{(self.public_base_url or base).rstrip('/')}/v1{quote(path)}?{query}"

    def publish(self, media: Media) -> str | None:
        """A link to a stored file for a provider, or None where the gateway has no public address."""
        if self.public_base_url is None:
            return None
        path = f"/media/{media.asset}.{suffix(media.media_type)}"
        return self.link(self.public_base_url, path, variant="file", life=FETCH_LIFE)

    def check(self, path: str, variant: str, *, expires: str, signature: str) -> None:
        """Pass for a link of ours that has not expired. Raises Forbidden."""
        known = expires.isascii() and expires.isdigit() and len(expires) <= 12
        expected = self._sign(path, variant, expires=int(expires) if known else 0)
        if not known or not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
            raise Forbidden("this link was not made here, or was changed; get a new one from castlist.urls", code="invalid_link")
        if int(expires) < self.clock().timestamp():
            raise Forbidden("this link has expired; get a new one from castlist.urls", code="expired_link")

    def admits(self, path: str, query: Mapping[str, str]) -> None:
        """The same for a request's parameters, of a link that `publish` made."""
        self.check(path, query.get("variant", ""), expires=query.get("expires", ""), signature=query.get("signature", ""))

    def _sign(self, path: str, variant: str, *, expires: int) -> str:
        return hmac.new(self.key, f"{path}\n{variant}\n{expires}".encode(), hashlib.sha256).hexdigest()


_SUFFIXES = {"video/mp4": "mp4", "image/webp": "webp", "image/jpeg": "jpg", "image/png": "png"}


def suffix(media_type: str) -> str:
    """The end of a file's name, by which some readers know its type."""
    return _SUFFIXES.get(media_type, "bin")


def load_key(folder: Path) -> bytes:
    """The signing key of a data directory, made at first use and readable by its owner only."""
    path = folder / KEY_FILE
    draft = folder / f".{KEY_FILE}.{os.getpid()}.{secrets.token_hex(4)}"
    if not path.exists():
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(32))
            # A link fails where a rename would replace the key that another process has just made.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink(missing_ok=True)
    return path.read_bytes()
