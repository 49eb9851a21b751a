"""Which project a key speaks for."""

import hashlib
from collections.abc import Mapping

from castlist.errors import Unauthorized
from castlist.model.asks import Caller

DEFAULT_PROJECT = "default"


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


class Accounts:
    """Keys to callers. Only digests are kept, so a look-up takes the same time for any wrong key and nothing here can leak one.

    `open_mode` says that a caller on loopback needs no key; whether a request comes from there is the server's to decide.
    """

    def __init__(self, keys: Mapping[str, str], *, master_key: str | None, open_mode: bool) -> None:
        self.open_mode = open_mode
        self._callers = {_digest(key): Caller(project) for key, project in keys.items()}
        if master_key:
            self._callers[_digest(master_key)] = Caller(DEFAULT_PROJECT, master=True)

    def caller(self, key: str | None, *, trusted: bool = False) -> Caller:
        """Who sent `key`. With `trusted` (an open gateway, a request from this machine) any key or none speaks for the default project.

        Raises Unauthorized for a missing or unknown key.
        """
        found = self._callers.get(_digest(key)) if key else None
        if found:
            return found
        if trusted and self.open_mode:
            return Caller(DEFAULT_PROJECT, master=True)
        if not key:
            raise Unauthorized(
                "No API key was sent. Send `Authorization: Bearer KEY`; `castlist key show` prints it.", code="missing_api_key"
            )
        raise Unauthorized("The API key sent is not known here. `castlist key show` prints the gateway's own.")
