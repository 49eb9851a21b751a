"""Who is asking and by which address: bearer keys, the rules under which a caller on this machine needs none, proxies before us."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final, Protocol
from urllib.parse import urlsplit

from starlette.types import Scope

from castlist.errors import CastlistError, Forbidden, Unauthorized
from castlist.model.asks import Caller

LOCAL = Caller("default", master=True)
_FORWARDED = (b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded-prefix", b"x-real-ip", b"forwarded", b"via")


class Accounts(Protocol):
    """What is asked of the engine's accounts."""

    @property
    def open_mode(self) -> bool:
        """Whether callers on loopback need no key."""
        ...

    def caller(self, key: str | None) -> Caller:
        """The caller behind a key. Raises Unauthorized."""
        ...


@dataclass(frozen=True, slots=True)
class Access:
    """How the app may be reached. `private_socket`: only this user's own processes can connect, so no key is asked for.
    `no_auth`: callers on loopback need no key although money may be involved. `root_path` is what a proxy before us has put before our
    paths, without a slash at its end; `trusted` is where the proxies are whose word about the caller's address of us is taken. `public`:
    the internet reaches the gateway by an address of its own."""

    no_auth: bool = False
    private_socket: bool = False
    root_path: str = ""
    trusted: tuple[IPv4Network | IPv6Network, ...] = ()
    public: bool = False

    @property
    def behind(self) -> bool:
        """Whether something stands before us, so that a caller may come from anywhere though its connection is this machine's."""
        return bool(self.public or self.root_path or self.trusted)


@dataclass(frozen=True, slots=True)
class Peer:
    """What a connection tells about the caller: its address (None on a Unix socket) and the request's headers."""

    address: str | None
    headers: Mapping[bytes, bytes]

    def key(self) -> str | None:
        """The bearer key, None when there is none."""
        value = self.headers.get(b"authorization")
        if value is None:
            api_key = self.headers.get(b"api-key")
            return api_key.decode("latin-1").strip() or None if api_key else None
        scheme, _, token = value.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthorized('the Authorization header is "Bearer KEY"')
        return token.strip()

    def outside(self) -> CastlistError | None:
        """None for a caller on this machine that no web page has sent, else the refusal that says why."""
        if self.address is None or not is_loopback(self.address) or any(name in self.headers for name in _FORWARDED):
            return Unauthorized("this gateway takes callers from another machine only with a key", code="missing_api_key")
        host = self.headers.get(b"host", b"").decode("latin-1")
        if not is_loopback(hostname(host)):
            return Forbidden(f"Host {host[:100]!r} is not this machine: use 127.0.0.1 or localhost, or send a key", code="foreign_host")
        origin = self.headers.get(b"origin")
        if origin is not None and not is_same_site(origin.decode("latin-1"), host):
            return Forbidden("another web site's page may not use this gateway without a key", code="foreign_origin")
        if self.headers.get(b"sec-fetch-site", b"none") not in {b"none", b"same-origin"}:
            return Forbidden("another web site's page may not use this gateway without a key", code="foreign_origin")
        return None


HOST: Final = re.compile(r"[A-Za-z0-9._~:\[\]-]+")
_PREFIX: Final = re.compile(r"(/[A-Za-z0-9._~-]+)+")


def arrive(scope: Scope, access: Access) -> None:
    """Note in the scope by which address the caller reached us (`castlist.host`, `castlist.root`, `scheme`), and take the root path away
    where the proxy has not. Nothing is believed about who the caller is."""
    root = access.root_path
    path: str = scope["path"]
    if root and (path == root or path.startswith(f"{root}/")):
        scope["path"] = path[len(root) :] or "/"
    if _is_trusted(scope, access):
        told = {name: value.decode("latin-1").rpartition(",")[2].strip() for name, value in scope["headers"] if name in _TOLD}
        scheme, host, prefix = (told.get(name, "") for name in _TOLD)
        scope["scheme"] = scheme if scheme in {"http", "https"} else scope.get("scheme", "http")
        if HOST.fullmatch(host):
            scope["castlist.host"] = host
        root = prefix.rstrip("/") if _PREFIX.fullmatch(prefix.rstrip("/")) else root
    scope["castlist.root"] = root


_TOLD: Final = (b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-prefix")


def _is_trusted(scope: Scope, access: Access) -> bool:
    client = scope.get("client")
    if not access.trusted or not client:
        return False
    try:
        address = ip_address(client[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in access.trusted)


def hostname(host: str) -> str:
    """The name in a Host header, without its port and brackets."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def is_same_site(origin: str, host: str) -> bool:
    """Whether an Origin header names the very site the request was sent to."""
    try:
        return urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False


def identify(peer: Peer, accounts: Accounts, access: Access) -> Caller:
    """The caller, or Unauthorized or Forbidden with the reason."""
    if access.private_socket:
        return LOCAL
    if not (accounts.open_mode or access.no_auth):
        return accounts.caller(peer.key())
    refusal = peer.outside()
    if refusal is None:
        return LOCAL
    key = peer.key()
    if key is None:
        raise refusal
    try:
        return accounts.caller(key)
    except Unauthorized:
        # In open mode any bearer is taken on loopback, so a wrong one says less than the reason it was needed.
        if isinstance(refusal, Forbidden):
            raise refusal from None
        raise


def require_insider(peer: Peer, accounts: Accounts, access: Access) -> None:
    """Let pass who may read what concerns the whole gateway: callers on this machine with nothing before us, or with a key."""
    if not access.private_socket and (access.behind or peer.outside() is not None):
        identify(peer, accounts, access)
