"""Keys of purposes of their own from the master key, and secrets sealed under one of them, so that the database alone opens nothing."""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

from castlist.errors import CastlistError
from castlist.later import Later

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import aead
else:
    aead = Later("cryptography.hazmat.primitives.ciphers.aead")

_NONCE: Final = 12
KEY_FILE: Final = "master.key"


def own_key(folder: Path) -> str:
    """The master key of a data directory, made at the first start and readable by its owner only."""
    path = folder / KEY_FILE
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = folder / f".{KEY_FILE}.{os.getpid()}.{secrets.token_hex(4)}"
    if not path.exists():
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(f"sk-castlist-{secrets.token_urlsafe(32)}\n")
            os.link(draft, path)  # unlike a rename, it never replaces the key another process has just made
        except FileExistsError:
            pass
        finally:
            draft.unlink(missing_ok=True)
    return path.read_text().strip()


class Unsealable(CastlistError):
    """A secret that was sealed under another master key, or that somebody changed."""

    code = "secret_unreadable"


def derive(master_key: str, purpose: str) -> bytes:
    """32 bytes that whoever has the master key comes to, and nobody who has those of another purpose (HKDF, RFC 5869, SHA-256)."""
    root = hmac.new(b"castlist", master_key.encode(), hashlib.sha256).digest()
    return hmac.new(root, purpose.encode() + b"\x01", hashlib.sha256).digest()


class Seal:
    """Seals texts (AES-256-GCM) for the project they belong to. `name` tells one master key's seal from another's, and nothing more."""

    def __init__(self, master_key: str) -> None:
        self._key = derive(master_key, "seal")
        self.name = derive(master_key, "seal's name").hex()[:16]

    def close(self, text: str, project: str) -> str:
        """The text as only `open` with the same project reads it."""
        nonce = os.urandom(_NONCE)
        return base64.b64encode(nonce + aead.AESGCM(self._key).encrypt(nonce, text.encode(), project.encode())).decode()

    def open(self, sealed: str, project: str) -> str:
        """The text that `close` was given. Raises Unsealable."""
        try:
            packed = base64.b64decode(sealed, validate=True)
            return aead.AESGCM(self._key).decrypt(packed[:_NONCE], packed[_NONCE:], project.encode()).decode()
        except (binascii.Error, ValueError) as error:
            raise Unsealable("a secret kept here is damaged") from error
        except Exception as error:
            # InvalidTag has no base class of its own, and importing it by name here would load the library at start.
            if type(error).__name__ != "InvalidTag":
                raise
            raise Unsealable("a secret kept here was sealed under another master key") from error
