"""Kept-alive connections for free requests without a body, thousands of which follow the work under way: a fraction of aiohttp's cost."""

import asyncio
import socket
import ssl
import zlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from castlist.deadlines import Deadlines
from castlist.later import Later
from castlist.model.providing import Reply

if TYPE_CHECKING:
    import aiohappyeyeballs
    import httptools
    import yarl
else:
    aiohappyeyeballs, httptools, yarl = Later("aiohappyeyeballs"), Later("httptools"), Later("yarl")

LARGEST_REPLY: Final = 8 * 1024 * 1024
CONNECT_SECONDS: Final = 15.0
_KEPT_SECONDS: Final = 15.0
_RACE_SECONDS: Final = 0.25
_WITHOUT_BODY: Final = frozenset({"GET", "DELETE"})
_PACKED: Final = frozenset({"gzip", "x-gzip", "deflate"})
_MOST_ORIGINS: Final = 256


class Unreachable(OSError):
    """There was no connection: nothing was sent."""


class HungUp(ConnectionError):
    """The connection ended before the first byte of an answer, as a kept-alive one may at any time."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection leads: the host as a resolver and a certificate know it, and as the Host header spells it."""

    host: str
    port: int
    tls: bool
    spelled: str


@dataclass(slots=True)
class _Answer:
    """One answer as it comes in."""

    done: asyncio.Future[Reply]
    length: int = 0
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: list[bytes] = field(default_factory=list)

    @property
    def ends_with_connection(self) -> bool:
        return self.status >= 200 and "content-length" not in self.headers and "chunked" not in self.headers.get("transfer-encoding", "")


class Line(asyncio.Protocol):
    """One connection, with one request on it at a time."""

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self.kept_at = 0.0
        self.usable = True
        self._wire: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: _Answer | None = None

    async def ask(self, head: bytes, *, timeout: float) -> Reply:
        """The answer to a request. Raises HungUp, TimeoutError, or OSError for an answer that cannot be read."""
        answer = self._answer = _Answer(asyncio.get_running_loop().create_future())
        if self._wire is None or not self.usable:
            raise HungUp
        self._wire.write(head)
        self._deadlines.begin(self, seconds=timeout)
        try:
            return await answer.done
        except asyncio.CancelledError:
            self.close()
            raise
        finally:
            self._deadlines.end(self)
            self._answer = None

    def expire(self) -> None:
        self._fail(TimeoutError())

    def close(self) -> None:
        """Use it no more."""
        self.usable = False
        if self._wire is not None:
            self._wire.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = cast("asyncio.Transport", transport)  # uvloop's are no subclasses of it

    def connection_lost(self, error: Exception | None) -> None:
        self.usable = False
        answer = self._answer
        if answer is None or answer.done.done():
            return
        if not answer.length:
            answer.done.set_exception(HungUp())
        elif error is None and answer.ends_with_connection:
            self._finish(answer)
        else:
            answer.done.set_exception(ConnectionError("the answer broke off"))

    def data_received(self, data: bytes) -> None:
        answer = self._answer
        if answer is None:
            self.close()  # it speaks without having been asked
            return
        answer.length += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade, ValueError):
            self._fail(ConnectionError("the answer is not HTTP"))
        if answer.length > LARGEST_REPLY:
            self._fail(ConnectionError(f"the answer is longer than {LARGEST_REPLY} bytes"))

    def on_message_begin(self) -> None:
        if self._answer is None or self._answer.done.done():
            self.usable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._answer:
            self._answer.headers[name.decode("ascii").lower()] = value.decode("utf-8", "surrogateescape")

    def on_headers_complete(self) -> None:
        if self._answer:
            self._answer.status = self._parser.get_status_code()

    def on_body(self, data: bytes) -> None:
        if self._answer:
            self._answer.body.append(data)

    def on_message_complete(self) -> None:
        answer = self._answer
        if answer is None:
            return
        if answer.status < 200:
            answer.headers.clear()
            return
        if not self._parser.should_keep_alive():
            self.usable = False
        self._finish(answer)

    def _finish(self, answer: _Answer) -> None:
        if answer.done.done():
            return
        try:
            answer.done.set_result(Reply(answer.status, answer.headers, _unpack(answer)))
        except (zlib.error, ValueError):
            self._fail(ConnectionError("the answer cannot be unpacked"))

    def _fail(self, error: Exception) -> None:
        if self._answer and not self._answer.done.done():
            self._answer.done.set_exception(error)
        self.close()


def _unpack(answer: _Answer) -> bytes:
    body = b"".join(answer.body)
    if answer.headers.get("content-encoding", "").lower() not in _PACKED or not body:
        return body
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 32)
    found = unpacking.decompress(body, LARGEST_REPLY)
    if unpacking.unconsumed_tail:
        raise ValueError("too long")
    return found


class Lines:
    """The connections of one event loop. `trust` is None for the system's certificates."""

    def __init__(self, trust: ssl.SSLContext | None) -> None:
        self._trust = trust
        self._deadlines = Deadlines()
        self._idle: dict[Origin, deque[Line]] = {}
        self._origins: dict[str, Origin | None] = {}
        self._sweep: asyncio.TimerHandle | None = None

    def takes(self, method: str, url: str) -> bool:
        """Whether such a request can go by a line; what cannot is left to a client that knows everything."""
        return method in _WITHOUT_BODY and self._find(url) is not None

    async def ask(self, method: str, url: str, *, headers: Mapping[str, str], timeout: float) -> Reply:
        """The answer. Raises Unreachable, HungUp, TimeoutError, OSError, and ValueError for what cannot be sent."""
        origin = self._find(url)
        if origin is None:
            raise ValueError("not for a line")
        head = _write_head(method, url, origin, headers)
        line = self._take(origin) or await self._open(origin, within=min(timeout, CONNECT_SECONDS))
        reply = await line.ask(head, timeout=timeout)
        if line.usable:
            self._keep(origin, line)
        else:
            line.close()
        return reply

    def close(self) -> None:
        """Close those that nobody uses."""
        if self._sweep is not None:
            self._sweep.cancel()
        for lines in self._idle.values():
            for line in lines:
                line.close()
        self._idle.clear()

    def _find(self, url: str) -> Origin | None:
        end = url.find("/", len("https://"))
        whole = url if end < 0 else url[:end]
        try:
            return self._origins[whole]
        except KeyError:
            if len(self._origins) >= _MOST_ORIGINS:
                self._origins.clear()
            found = self._origins[whole] = _read_origin(whole)
            return found

    def _take(self, origin: Origin) -> Line | None:
        lines = self._idle.get(origin)
        while lines:
            line = lines.pop()
            if line.usable:
                return line
        return None

    def _keep(self, origin: Origin, line: Line) -> None:
        loop = asyncio.get_running_loop()
        line.kept_at = loop.time()
        self._idle.setdefault(origin, deque()).append(line)
        if self._sweep is None:
            self._sweep = loop.call_later(_KEPT_SECONDS, self._close_old)

    def _close_old(self) -> None:
        loop = asyncio.get_running_loop()
        oldest = loop.time() - _KEPT_SECONDS
        for lines in self._idle.values():
            while lines and (lines[0].kept_at <= oldest or not lines[0].usable):
                lines.popleft().close()
        self._idle = {origin: lines for origin, lines in self._idle.items() if lines}
        self._sweep = loop.call_later(_KEPT_SECONDS / 4, self._close_old) if self._idle else None

    async def _open(self, origin: Origin, *, within: float) -> Line:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(within):
                found = await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
                wire = await aiohappyeyeballs.start_connection(found, happy_eyeballs_delay=_RACE_SECONDS, interleave=1, loop=loop)
                try:
                    return await self._begin(origin, wire)
                except BaseException:
                    wire.close()
                    raise
        except (OSError, ssl.CertificateError) as error:
            raise Unreachable(type(error).__name__) from error

    def _line(self) -> Line:
        return Line(self._deadlines)

    async def _begin(self, origin: Origin, wire: socket.socket) -> Line:
        loop = asyncio.get_running_loop()
        if not origin.tls:
            return (await loop.create_connection(self._line, sock=wire))[1]
        if self._trust is None:
            self._trust = ssl.create_default_context()
        return (await loop.create_connection(self._line, sock=wire, ssl=self._trust, server_hostname=origin.host))[1]


def _read_origin(text: str) -> Origin | None:
    try:
        url = yarl.URL(text)
        sound = url.scheme in {"http", "https"} and url.user is None and url.password is None and not url.query_string
        if not sound or not url.raw_host or not url.port or not text.isascii():
            return None
        return Origin(url.raw_host, url.port, url.scheme == "https", str(url.host_port_subcomponent))
    except ValueError:
        return None


def _write_head(method: str, url: str, origin: Origin, headers: Mapping[str, str]) -> bytes:
    target = "/" + url.partition("://")[2].partition("/")[2].partition("#")[0]
    if not target.isascii() or " " in target:
        target = yarl.URL(url).raw_path_qs
    text = f"{method} {target} HTTP/1.1\r\nHost: {origin.spelled}\r\nUser-Agent: castlist\r\nAccept-Encoding: gzip, deflate\r\n"
    for name, value in headers.items():
        text += f"{name}: {value}\r\n"
    text += "\r\n"
    ends = len(headers) + 5
    if text.count("\r") != ends or text.count("\n") != ends or "\0" in text:
        raise ValueError("a line break in a request")
    return text.encode()
