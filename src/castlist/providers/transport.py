"""HTTP to the upstreams, exact about whether the one request that may cost has left."""

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from castlist.errors import Ambiguous, NotSent, ProviderError, Refused, Retry
from castlist.fetch import Policy, check_ahead, guard_connector, is_public
from castlist.later import Later
from castlist.model.providing import AssetReader, Part, Reply, Stream
from castlist.model.publishing import Publish, keep_private, require_link
from castlist.outbound import Outbound
from castlist.providers.hearing import note
from castlist.providers.lines import CONNECT_SECONDS, LARGEST_REPLY, HungUp, Lines, Unreachable
from castlist.providers.multipart import encode_form
from castlist.providers.outgoing import Outgoing, as_payload
from castlist.providers.replies import judge_free

if TYPE_CHECKING:
    import aiohttp
    import yarl
else:
    aiohttp, yarl = Later("aiohttp"), Later("yarl")

_IDLE_SECONDS: Final = 60.0
DOWNLOAD_SECONDS: Final = 1800.0
_MOST_REDIRECTS: Final = 3
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


_STRAIGHT: Final = Outbound()


class Connections:
    """The connections of one process and event loop: lines and pooled ones for free requests, fresh ones for those that may cost, and
    guarded ones for addresses that an upstream names. aiohttp is imported with the first of its requests, so that a gateway without
    hosted providers does not pay for it."""

    def __init__(self, policy: Policy = is_public, outbound: Outbound = _STRAIGHT) -> None:
        self._policy = policy
        self._outbound = outbound
        self._sessions: dict[str, aiohttp.ClientSession] = {}
        self._lines = Lines(outbound.trust)

    def lines(self, method: str, url: str) -> Lines | None:
        """The lines, where such a request can go by one."""
        straight = self._outbound.proxy is None or self.proxy_for(url) is None
        return self._lines if straight and self._lines.takes(method, url) else None

    def pooled(self) -> "aiohttp.ClientSession":
        return self._sessions.get("pooled") or self._open("pooled")

    def fresh(self) -> "aiohttp.ClientSession":
        return self._sessions.get("fresh") or self._open("fresh")

    async def guarded(self, url: "yarl.URL") -> "aiohttp.ClientSession":
        """Fresh connections to addresses that an upstream names. Raises PermissionError for one that is not allowed."""
        if self._outbound.proxy_for(url.host) is None:
            return self._sessions.get("guarded") or self._open("guarded")
        await check_ahead(url.host or "", url.port or 0, policy=self._policy)
        return self.fresh()

    def proxy_for(self, url: "str | yarl.URL") -> str | None:
        """The proxy on the way there."""
        try:
            return self._outbound.proxy_for(yarl.URL(url).host)
        except ValueError:
            return None

    async def close(self) -> None:
        self._lines.close()
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()

    def _open(self, kind: str) -> "aiohttp.ClientSession":
        guarded = kind == "guarded"
        trust = True if self._outbound.trust is None else self._outbound.trust
        connector = (
            guard_connector(self._policy, self._outbound)
            if guarded
            else aiohttp.TCPConnector(limit=0, force_close=kind == "fresh", ssl=trust)
        )
        session = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, headers={"User-Agent": "castlist"}
        )
        self._sessions[kind] = session
        return session


class HttpTransport:
    """What the adapters of one account reach the world through; `api_base` is the one place that may be a private address."""

    rehearses = False

    def __init__(
        self,
        assets: AssetReader,
        *,
        scratch: Path,
        connections: Connections,
        api_base: str | None = None,
        publish: Publish = keep_private,
        download_seconds: float = DOWNLOAD_SECONDS,
    ) -> None:
        self.assets = assets
        self.scratch = scratch
        self._connections = connections
        self._api_base = api_base
        self._publish = publish
        self._download_seconds = download_seconds

    async def link(self, asset: str) -> str:
        """An address of the asset for whoever reads it by one. Raises Refused where the gateway has no public address."""
        return require_link(self._publish(await self.assets.describe(asset)))

    async def ask(self, method: str, url: str, *, headers: Mapping[str, str], timeout: float = 30.0) -> Reply:
        """A free request on a pooled connection; repeated once, on a fresh one, when the pooled one broke.

        Raises NotSent when there was no connection, Ambiguous when there was no answer.
        """
        try:
            lines = self._connections.lines(method, url)
            if lines is not None:
                return await lines.ask(method, url, headers=headers, timeout=timeout)
            return await self._exchange(self._connections.pooled(), method, url, headers=headers, timeout=timeout)
        except (Unreachable, aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError) as error:
            raise NotSent(_unreachable(url, error)) from error
        except (HungUp, aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            return await self._ask_again(method, url, headers=headers, timeout=timeout)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unanswered(url, error) from error
        except ValueError as error:
            raise _unsendable(url) from error

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | Sequence[Part],
        timeout: float = 60.0,
        named: bool = False,
    ) -> Reply:
        """One request, never repeated, on a fresh connection. Redirects are not followed. `named` says that an upstream named the
        address: it must then be a public one, or the account's own.

        Raises NotSent before the first body byte left, Ambiguous for a time-out or a broken connection after it.
        """
        outgoing, typed = _lower(body)
        try:
            session = await self._guarded(yarl.URL(url)) if named else self._connections.fresh()
            async with session.request(
                method,
                url,
                proxy=self._connections.proxy_for(url),
                headers={**headers, **typed},
                data=as_payload(outgoing),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=min(timeout, CONNECT_SECONDS)),
            ) as response:
                return note(await _read_paid(response))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if outgoing.left:
                raise _unanswered(url, error) from error
            raise NotSent(_unreachable(url, error)) from error
        except ValueError as error:
            raise (_unanswered(url, error) if outgoing.left else _unsendable(url)) from error

    @asynccontextmanager
    async def stream(self, url: str, *, headers: Mapping[str, str], offset: int = 0) -> AsyncIterator[Stream]:
        """A download from `offset` on, whether or not the server knows ranges. Redirects are followed: to another origin without any
        of the headers, and never to a private address other than the account's own `api_base`.

        Raises LostJob, Refused or ProviderError for a status other than 200 and 206, and ProviderError when the download breaks or goes on
        past `download_seconds`, however little of it comes at a time.
        """
        response = await self._open_download(url, headers=headers, offset=offset)
        try:
            yield await _begin(response, offset=offset)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _broken(url, error) from error
        finally:
            response.close()

    async def _exchange(
        self, session: "aiohttp.ClientSession", method: str, url: str, *, headers: Mapping[str, str], timeout: float
    ) -> Reply:
        limits = aiohttp.ClientTimeout(total=timeout, sock_connect=min(timeout, CONNECT_SECONDS))
        proxy = self._connections.proxy_for(url)
        async with session.request(method, url, headers=headers, allow_redirects=False, timeout=limits, proxy=proxy) as response:
            return Reply(response.status, _lower_names(response), await _read(response))

    async def _ask_again(self, method: str, url: str, *, headers: Mapping[str, str], timeout: float) -> Reply:
        try:
            return await self._exchange(self._connections.fresh(), method, url, headers=headers, timeout=timeout)
        except (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError) as error:
            raise NotSent(_unreachable(url, error)) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _unanswered(url, error) from error

    async def _open_download(self, url: str, *, headers: Mapping[str, str], offset: int) -> "aiohttp.ClientResponse":
        start = here = _read_url(url)
        limits = aiohttp.ClientTimeout(total=self._download_seconds, sock_connect=CONNECT_SECONDS, sock_read=_IDLE_SECONDS)
        for _ in range(_MOST_REDIRECTS + 1):
            own = headers if here.origin() == start.origin() else {}
            wanted = {**own, "Accept-Encoding": "identity"} | ({"Range": f"bytes={offset}-"} if offset else {})
            try:
                session = self._connections.pooled() if self._is_home(here) else await self._connections.guarded(here)
                proxy = self._connections.proxy_for(here)
                response = await session.get(here, headers=wanted, allow_redirects=False, timeout=limits, proxy=proxy)
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                raise _broken(str(here), error) from error
            target = response.headers.get("Location")
            if response.status not in _REDIRECTS or target is None:
                return response
            response.close()
            here = _read_url(target, base=here)
        raise Refused(f"the upstream redirects the download more than {_MOST_REDIRECTS} times", retry=Retry.SAME)

    async def _guarded(self, url: "yarl.URL") -> "aiohttp.ClientSession":
        return self._connections.fresh() if self._is_home(url) else await self._connections.guarded(url)

    def _is_home(self, url: "yarl.URL") -> bool:
        return self._api_base is not None and url.origin() == _read_url(self._api_base).origin()


def _read_url(text: str, base: "yarl.URL | None" = None) -> "yarl.URL":
    """A web address as it was written: quoting it anew would break the signature of a signed link."""
    try:
        url = yarl.URL(text, encoded=text.isascii() and " " not in text)
        whole = base.join(url) if base else url
        sound = whole.scheme in {"http", "https"} and bool(whole.host) and 0 < (whole.port or 0) < 65536
    except ValueError:
        sound = False
    if not sound:
        raise Refused("the upstream names something that is not a web address for the download", retry=Retry.SAME)
    return whole


def _lower(body: bytes | Sequence[Part]) -> tuple[Outgoing, Mapping[str, str]]:
    if isinstance(body, bytes):
        return Outgoing((body,)), {}
    boundary = secrets.token_hex(16)
    return Outgoing(encode_form(body, boundary=boundary)), {"Content-Type": f"multipart/form-data; boundary={boundary}"}


async def _read_paid(response: "aiohttp.ClientResponse") -> Reply:
    names = _lower_names(response)
    try:
        return Reply(response.status, names, await _read(response))
    except (aiohttp.ClientError, TimeoutError, OSError):
        if 400 <= response.status < 500:
            return Reply(response.status, names, b"")  # the status alone says what it means
        raise


async def _read(response: "aiohttp.ClientResponse") -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > LARGEST_REPLY:
            raise aiohttp.ClientPayloadError(f"the answer is longer than {LARGEST_REPLY} bytes")
    return bytes(body)


async def _begin(response: "aiohttp.ClientResponse", *, offset: int) -> Stream:
    if response.status == 416 and response.headers.get("Content-Range") == f"bytes */{offset}":
        return Stream(_nothing(), "application/octet-stream", 0)
    if response.status not in {200, 206}:
        reply = Reply(response.status, _lower_names(response), await _read(response))
        judge_free(reply)
        raise ProviderError(f"the upstream answered the download with {response.status}", retry=Retry.SAME)
    skip = 0
    if response.status == 206 and not response.headers.get("Content-Range", "").startswith(f"bytes {offset}-"):
        raise ProviderError("the upstream answered the download with another range than asked for", retry=Retry.SAME)
    if response.status == 200:
        skip = offset
    length = None if response.content_length is None else max(0, response.content_length - skip)
    return Stream(_chunks(response, skip=skip), response.content_type, length)


async def _chunks(response: "aiohttp.ClientResponse", *, skip: int) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.content.iter_any():
            if skip < len(chunk):
                yield chunk[skip:]
            skip = max(0, skip - len(chunk))
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise _broken(str(response.url), error) from error


async def _nothing() -> AsyncIterator[bytes]:
    nothing: tuple[bytes, ...] = ()
    for chunk in nothing:
        yield chunk


def _lower_names(response: "aiohttp.ClientResponse") -> Mapping[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _unreachable(url: str, error: BaseException) -> str:
    return f"{_name_origin(url)} could not be reached ({type(error).__name__}): nothing was sent"


def _unsendable(url: str) -> NotSent:
    # A host name no resolver takes, or a key with a line break in it: waiting does not help.
    return NotSent(f"{_name_origin(url)} cannot be asked: its address or the key is not well formed", retry=Retry.ELSEWHERE)


def _unanswered(url: str, error: BaseException) -> Ambiguous:
    return Ambiguous(f"{_name_origin(url)} did not answer what was sent ({type(error).__name__})")


def _broken(url: str, error: BaseException) -> ProviderError:
    text = f"the download from {_name_origin(url)} broke off ({type(error).__name__})"
    return ProviderError(text, code="provider_download_broken", retry=Retry.SAME)


def _name_origin(url: str) -> str:
    # The path and query of a signed link are a secret, and so is what stands before an @.
    try:
        return str(yarl.URL(url).origin())
    except ValueError:
        return "the upstream"
