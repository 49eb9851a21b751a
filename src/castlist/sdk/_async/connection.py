"""One server as a client talks to it: requests, refusals, streamed uploads and downloads."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from math import inf
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Self

from castlist.errors import CastlistError, ConnectionFailed, ServerError, Unavailable, WaitTimeout
from castlist.sdk._async.pauses import sleep, to_thread
from castlist.sdk._connect import Target, Wanted, find_target
from castlist.sdk.extras import Extras
from castlist.sdk.records import Json, read_map
from castlist.sdk.refusals import name_refusal, name_silence, name_stranger
from castlist.sdk.uploads import Form, flatten, open_files

if TYPE_CHECKING:
    import ssl

    import httpx2

PAUSES = (0.2, 0.8)
PATIENT_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0)
PASSING = frozenset({502, 503, 504})
"""What a gateway that is being restarted answers, or a proxy in its place."""

CUT_OFF = 504
"""What a proxy answers for which a long poll was too long: the next one is half as long."""

CHUNK = 1 << 20
IDLE = 2.0
"""Seconds an idle connection is kept: less than any server or proxy keeps it, so that no request meets a closing one."""


@dataclass
class AsyncPool:
    """The open HTTP client, made at the first call; one that does not `last` is opened for each request.
    It has `met` its server once anything answered there."""

    wanted: Wanted
    lasting: bool = True
    met: bool = False
    target: Target | None = None
    http: httpx2.AsyncClient | None = None

    @asynccontextmanager
    async def borrow(self) -> AsyncIterator[httpx2.AsyncClient]:
        """The HTTP client for one request."""
        target = self.target
        if target is None:
            target = self.target = await to_thread(find_target, self.wanted)
        if not self.lasting:
            async with open_http(target) as http:
                yield http
            return
        self.http = self.http or open_http(target)
        yield self.http

    async def aclose(self) -> None:
        """Close the connections; another call opens them again."""
        http, self.http = self.http, None
        if http is not None:
            await http.aclose()


def open_http(target: Target) -> httpx2.AsyncClient:
    """A client for `target`. No proxy and no TLS set-up where there is nothing to encrypt on this machine."""
    import httpx2  # noqa: PLC0415  # a quarter of a second that `import castlist` does not pay

    limits = httpx2.Limits(keepalive_expiry=IDLE)
    headers = {"Authorization": f"Bearer {target.key}"} if target.key else {}
    if target.socket:
        transport = httpx2.AsyncHTTPTransport(uds=target.socket, verify=False, limits=limits)
        return httpx2.AsyncClient(base_url=target.url, transport=transport, headers=headers)
    secure = trust_system() if target.url.startswith("https:") else False
    return httpx2.AsyncClient(base_url=target.url, verify=secure, limits=limits, headers=headers)


@cache
def trust_system() -> ssl.SSLContext:
    """The certificates to trust; reading them takes longer than most requests."""
    import httpx2  # noqa: PLC0415  # see open_http

    return httpx2.create_ssl_context()


@dataclass(frozen=True)
class AsyncConnection:
    """Sends requests through a pool. Only GETs are repeated, when the connection failed or the server is away for a moment."""

    pool: AsyncPool
    extras: Extras = field(default_factory=Extras)

    def carry(self, extras: Extras) -> Self:
        """The same connection with other extras."""
        return replace(self, extras=extras)

    async def get(self, path: str, query: Mapping[str, object] | None = None) -> Json:
        """The JSON at `path`."""
        for pause in (*PAUSES, None):
            try:
                return await self._ask("GET", path, query=query)
            except ConnectionFailed:
                if pause is None:
                    raise
                await sleep(pause)
        raise AssertionError("unreachable")

    async def watch(self, path: str, *, wait: float, until: float = inf) -> Json:
        """The JSON at `path`, once it has changed or after `wait` seconds, asked for also while a server is being restarted.
        Raises WaitTimeout where that lasts `until` then on the monotonic clock."""
        for turn, pause in enumerate((*PATIENT_PAUSES, None)):
            left = max(0.0, min(wait, until - monotonic()))
            try:
                query = {"wait": f"{left:.3f}"} if left else None
                return await self._ask("GET", path, query=query, timeout=self.extras.timeout + left)
            except (ConnectionFailed, ServerError, Unavailable) as error:
                if pause is None or not self._passes(error, turn):
                    raise
                if monotonic() >= until:
                    raise WaitTimeout(f"the time to wait is over, and no answer came from {path}: {error}") from error
                if error.status == CUT_OFF:
                    wait /= 2
            await sleep(max(0.0, min(pause, until - monotonic())))
        raise AssertionError("unreachable")

    def _passes(self, error: CastlistError, turn: int) -> bool:
        """Whether it is worth asking again. An address that has never answered may be a wrong one, which is told soon."""
        if isinstance(error, ConnectionFailed):
            return self.pool.met or turn < len(PAUSES)
        return error.status in PASSING

    async def post(self, path: str, body: Mapping[str, object]) -> Json:
        """POST a JSON body, once."""
        return await self._ask("POST", path, json={**body, **self.extras.body})

    async def upload(self, path: str, form: Form) -> Json:
        """POST a multipart body, once, its files read from disk while they are sent."""
        fields = flatten({**form.fields, **self.extras.body})
        with open_files(form) as files:
            return await self._ask("POST", path, data=fields, files=files)

    async def delete(self, path: str) -> Json:
        return await self._ask("DELETE", path)

    async def read(self, path: str, query: Mapping[str, object]) -> bytes:
        """The bytes at `path`, whole."""
        async with self._stream("GET", path, query=query) as answer:
            return await answer.aread()

    async def save(self, path: str, query: Mapping[str, object], *, into: Path) -> Path:
        """Stream the bytes at `path` into a file that appears only when it is whole."""
        part = into.with_name(f"{into.name}.part")
        with ExitStack() as undo:
            undo.callback(lambda: part.unlink(missing_ok=True))
            async with self._stream("GET", path, query=query) as answer:
                with part.open("wb") as file:
                    async for chunk in answer.aiter_bytes(CHUNK):
                        file.write(chunk)
            part.replace(into)
        return into

    async def _ask(self, method: str, path: str, **content: object) -> Json:
        async with self._stream(method, path, **content) as answer:
            found = read_json(await answer.aread())
            if found is None:
                raise name_stranger(str(answer.url), status=answer.status_code)
            return found

    @asynccontextmanager
    async def _stream(self, method: str, path: str, **content: object) -> AsyncIterator[httpx2.Response]:
        import httpx2  # noqa: PLC0415  # see open_http

        query = {**read_map(content.pop("query", None)), **self.extras.query}
        timeout = content.pop("timeout", self.extras.timeout)
        async with self.pool.borrow() as http:
            try:
                async with http.stream(
                    method,
                    path,
                    params={name: str(value) for name, value in query.items() if value is not None},
                    headers=dict(self.extras.headers),
                    timeout=timeout,  # type: ignore[arg-type]  # seconds
                    **content,  # type: ignore[arg-type]  # json, data and files as built above
                ) as answer:
                    self.pool.met = True
                    if answer.status_code >= 300:
                        raise name_refusal(answer.status_code, read_json(await answer.aread()) or {})
                    yield answer
            except httpx2.TransportError as error:
                sent = not isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout)
                raise name_silence(error, url=f"{str(http.base_url).rstrip('/')}{path}", method=method, sent=sent) from error


def read_json(content: bytes) -> Json | None:
    """The object in an answer, where there is one."""
    with suppress(ValueError):
        found = json.loads(content)
        return read_map(found) if isinstance(found, dict) else None
    return None
