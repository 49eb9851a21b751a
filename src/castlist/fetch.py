"""The one guarded fetcher for URLs that somebody gave us."""

import asyncio
import base64
import binascii
import hashlib
import re
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from castlist.errors import InvalidRequest, TooLarge
from castlist.later import Later
from castlist.model.asks import Incoming
from castlist.outbound import Outbound

if TYPE_CHECKING:
    import aiohttp
    import yarl
else:
    aiohttp, yarl = Later("aiohttp"), Later("yarl")

Policy = Callable[[str, int], bool]
"""Whether a connection to that address (never a name) and port may be made."""

PARAM: Final = "input_reference"
PORTS: Final = frozenset({80, 443})
MOST_REDIRECTS: Final = 3
TOTAL_SECONDS: Final = 20.0
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_NAT64: Final = IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = IPv6Network("::/96")
_AZURE_HOST: Final = IPv4Address("168.63.129.16")  # a public number that every Azure machine reaches its own host by
_DATA_URL: Final = re.compile(r"data:(?P<type>[^,]*?)(?P<base64>;\s*base64)?,(?P<body>.*)", re.IGNORECASE | re.DOTALL)


def is_public(address: str, port: int) -> bool:
    """The default policy: addresses of the public internet, ports 80 and 443."""
    return port in PORTS and is_global(address)


def is_global(address: str) -> bool:
    """Whether an address is on the public internet, in whichever way an IPv4 address is wrapped in it."""
    found = ip_address(address)
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return is_global(str(found.ipv4_mapped))
        if found in _NAT64:
            return is_global(str(IPv4Address(int(found) & 0xFFFFFFFF)))
        if found in _COMPATIBLE or found.sixtofour is not None or found.teredo is not None or found.is_site_local:
            return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified) and found != _AZURE_HOST


_STRAIGHT: Final = Outbound()


@dataclass(slots=True)
class Guard:
    """Makes the sockets of a connector, and none to where the policy does not allow: what is checked is what is connected to."""

    policy: Policy
    refused: list[tuple[str, int]] = field(default_factory=list)

    def open_socket(self, target: tuple[object, ...]) -> socket.socket:
        """A socket for an entry of getaddrinfo. Raises PermissionError."""
        family, kind, protocol, _, place = target
        if not (isinstance(place, tuple) and isinstance(family, int) and isinstance(kind, int) and isinstance(protocol, int)):
            raise PermissionError("not an address")
        address, port = str(place[0]), int(place[1])
        if not self.policy(address, port):
            self.refused.append((address, port))
            raise PermissionError("the address is not allowed")
        return socket.socket(family, kind, protocol)


def guard_connector(policy: Policy, outbound: Outbound = _STRAIGHT) -> "aiohttp.TCPConnector":
    """A connector that reaches only what the policy allows."""
    return _connect_by(Guard(policy), outbound)


async def check_ahead(host: str, port: int, *, policy: Policy) -> None:
    """Raise PermissionError for a host that a proxy is to be asked for and whose address, as far as it is known here, is not allowed.

    A name that only the proxy can look up is the proxy's to judge.
    """
    spelled, _ = _read_address(host)
    try:
        found = [spelled] if spelled else [str(place[0]) for *_, place in await asyncio.get_running_loop().getaddrinfo(host, port)]
    except OSError:
        return
    if not all(policy(address, port) for address in found):
        raise PermissionError("the address is not allowed")


class Fetcher:
    """Downloads what a URL names, from the public internet only. `allow` is the seam for tests on loopback."""

    def __init__(self, allow: Policy = is_public, *, total: float = TOTAL_SECONDS, outbound: Outbound = _STRAIGHT) -> None:
        self._allow = allow
        self._outbound = outbound
        self._total = total

    async def fetch(self, url: str, into: Path, *, limit: int) -> Incoming:
        """Fetch an http, https or data URL into a file, or into a new file of a folder; nothing is left behind on an error.

        Raises InvalidRequest with code `invalid_url`, `private_address`, `fetch_failed` or `file_too_large` (TooLarge).
        """
        target = _choose(into)
        try:
            if url[:5].lower() == "data:":
                return _keep_data(url, target, limit=limit)
            async with asyncio.timeout(self._total):
                return await self._download(_parse(url), target, limit=limit)
        except TimeoutError as error:
            target.unlink(missing_ok=True)
            raise _failed(f"the URL did not deliver within {self._total:g} seconds") from error
        except BaseException:
            target.unlink(missing_ok=True)
            raise

    async def _download(self, url: "yarl.URL", target: Path, *, limit: int) -> Incoming:
        here = url
        for _ in range(MOST_REDIRECTS + 1):
            self._check_literal(here)
            proxy = self._outbound.proxy_for(here.host)
            guard = Guard(self._allow if proxy is None else _allow_any)
            if proxy is not None:
                await self._check_ahead(here)
            async with _open_session(guard, self._outbound) as session:
                async with _get(session, here, guard=guard, proxy=proxy) as response:
                    follow = response.headers.get("Location")
                    if response.status not in _REDIRECTS or follow is None:
                        return await _keep(response, target, limit=limit)
                here = _join(here, follow)
        raise _failed(f"the URL redirects more than {MOST_REDIRECTS} times")

    async def _check_ahead(self, url: "yarl.URL") -> None:
        try:
            await check_ahead(url.host or "", url.port or 0, policy=self._allow)
        except PermissionError as error:
            raise _forbidden([("127.0.0.1", 0)]) from error

    def _check_literal(self, url: "yarl.URL") -> None:
        # Numbers that only some parsers read as an address (octal, hexadecimal, short forms) never reach one that might.
        address, canonical = _read_address(url.host or "")
        if address is not None and not self._allow(address, url.port or 0):
            raise _forbidden([(address, url.port or 0)])
        if address is not None and not canonical:
            raise _invalid("write the address of the URL in its usual form, or use a host name")


def _choose(into: Path) -> Path:
    return into / f"fetched-{secrets.token_hex(8)}" if into.is_dir() else into


def _parse(text: str) -> "yarl.URL":
    if len(text) > 8192:
        raise _invalid("a URL has at most 8192 characters; send the image itself as a file or a data URL")
    if any(character <= " " or character in {"\\", "\x7f"} for character in text):
        raise _invalid("a URL has no spaces, backslashes or control characters")
    try:
        url = yarl.URL(text)
        port = url.port
    except ValueError as error:
        raise _invalid("that is not a URL; use https://… or send the image itself") from error
    return _accept(url, port)


def _join(base: "yarl.URL", location: str) -> "yarl.URL":
    try:
        url = base.join(yarl.URL(location))
        port = url.port
    except ValueError as error:
        raise _failed("the URL redirects to something that is not a URL") from error
    return _accept(url, port)


def _accept(url: "yarl.URL", port: int | None) -> "yarl.URL":
    if url.scheme not in {"http", "https"}:
        raise _invalid(f"only http, https and data URLs are fetched, not {url.scheme[:20] or 'a relative one'!r}")
    if not url.host or not port:
        raise _invalid("the URL names no host")
    if not re.fullmatch(r"[A-Za-z0-9._-]+|.*:.*", url.raw_host or ""):
        raise _invalid("the host of the URL is not a name")
    if url.user is not None or url.password is not None:
        address, _ = _read_address(url.host)
        raise _forbidden([(address, port)]) if address and not is_global(address) else _invalid("a URL must not carry a user name")
    return url


def _read_address(host: str) -> tuple[str | None, bool]:
    """The address a host spells, and whether in its usual form; (None, False) for a name that must be looked up."""
    bare = host.rstrip(".")
    if bare.lower() == "localhost" or bare.lower().endswith(".localhost"):
        return "127.0.0.1", True
    try:
        return str(ip_address(bare)), bare == host
    except ValueError:
        pass
    if not re.fullmatch(r"[0-9a-fx.]+", bare, re.IGNORECASE):
        return None, False
    try:
        return socket.inet_ntoa(socket.inet_aton(bare)), False
    except OSError:
        return None, False


def _allow_any(address: str, port: int) -> bool:
    return True


def _connect_by(guard: Guard, outbound: Outbound) -> "aiohttp.TCPConnector":
    return aiohttp.TCPConnector(
        socket_factory=guard.open_socket, use_dns_cache=False, force_close=True, ssl=True if outbound.trust is None else outbound.trust
    )


def _open_session(guard: Guard, outbound: Outbound) -> "aiohttp.ClientSession":
    return aiohttp.ClientSession(
        connector=_connect_by(guard, outbound),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        headers={"User-Agent": "castlist", "Accept-Encoding": "identity", "Accept": "image/*, */*;q=0.5"},
    )


@asynccontextmanager
async def _get(
    session: "aiohttp.ClientSession", url: "yarl.URL", *, guard: Guard, proxy: str | None
) -> AsyncIterator["aiohttp.ClientResponse"]:
    try:
        async with session.get(url, allow_redirects=False, proxy=proxy, timeout=aiohttp.ClientTimeout(total=None)) as response:
            yield response
    except aiohttp.ClientConnectorError as error:
        if guard.refused:
            raise _forbidden(guard.refused) from error
        raise _failed(f"{url.host} could not be reached") from error
    except (aiohttp.ClientError, ConnectionError) as error:
        raise _failed(f"{url.host} broke off the download") from error


async def _keep(response: "aiohttp.ClientResponse", target: Path, *, limit: int) -> Incoming:
    if response.status != 200:
        raise _failed(f"{response.url.host} answered {response.status}")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise _failed(f"{response.url.host} sent the file compressed, which was not asked for")
    if response.content_length is not None and response.content_length > limit:
        raise _too_large(limit)
    digest = hashlib.sha256()
    count = 0
    with target.open("wb") as file:
        async for chunk in response.content.iter_any():
            count += len(chunk)
            if count > limit:
                raise _too_large(limit)
            digest.update(chunk)
            file.write(chunk)
    if not count:
        raise _failed(f"{response.url.host} sent an empty file")
    return Incoming(target, _name(response.url.name), count, digest.hexdigest())


def _keep_data(url: str, target: Path, *, limit: int) -> Incoming:
    parts = _DATA_URL.fullmatch(url)
    if parts is None:
        raise _invalid("a data URL reads data:image/png;base64,… and this one has no comma")
    text = parts["body"]
    if len(text) > 4 * limit + 1024:
        raise _too_large(limit)
    content = unquote_to_bytes(text)
    if parts["base64"]:
        packed = b"".join(content.split()).translate(bytes.maketrans(b"-_", b"+/"))
        try:
            content = base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
        except binascii.Error as error:
            raise _invalid("the data URL says base64, but its content is not") from error
    if len(content) > limit:
        raise _too_large(limit)
    if not content:
        raise _invalid("the data URL is empty")
    target.write_bytes(content)
    return Incoming(target, "reference", len(content), hashlib.sha256(content).hexdigest())


def _name(last: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", last).strip("-.")[-80:] or "reference"


def _forbidden(refused: list[tuple[str, int]]) -> InvalidRequest:
    if all(is_global(address) for address, _ in refused):
        return _invalid("only ports 80 and 443 are fetched from; send the image itself as a file or a data URL")
    text = "the URL leads to a private address, and only the public internet is fetched from; send the image itself as a file or a data URL"
    return InvalidRequest(text, code="private_address", param=PARAM)


def _invalid(text: str) -> InvalidRequest:
    return InvalidRequest(text, code="invalid_url", param=PARAM)


def _failed(text: str) -> InvalidRequest:
    return InvalidRequest(f"{text}; send the image itself as a file or a data URL", code="fetch_failed", param=PARAM)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the file behind the URL is longer than the {limit} bytes that are taken", code="file_too_large", param=PARAM)
