"""Raw TCP servers that behave as a test says, a transport to reach them with, and what comes of a download."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from castlist.fetch import Policy, is_public
from castlist.model.providing import Provider, Ticket
from castlist.model.publishing import Publish, keep_private
from castlist.providers.transport import Connections, HttpTransport
from castlist.testing import FolderAssets
from listening import listen

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Wire:
    """What arrived at a raw server: connections, and the requests read from them."""

    url: str = ""
    port: int = 0
    connections: int = 0
    heads: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def serve_raw(*behaviours: Behaviour) -> AsyncIterator[Wire]:
    """A server on loopback whose nth connection meets the nth behaviour, the last one from then on."""
    wire = Wire()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behaviour = behaviours[min(wire.connections, len(behaviours) - 1)]
        wire.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await behaviour(_Noting(reader, wire), writer)

    async with listen(meet) as server:
        wire.port = server.sockets[0].getsockname()[1]
        wire.url = f"http://127.0.0.1:{wire.port}"
        yield wire


class _Noting:
    """A reader that notes each request head in the wire."""

    def __init__(self, reader: asyncio.StreamReader, wire: Wire) -> None:
        self._reader = reader
        self._wire = wire

    async def head(self) -> bytes:
        head = await self._reader.readuntil(b"\r\n\r\n")
        self._wire.heads.append(head)
        return head

    async def request(self) -> bytes:
        head = await self.head()
        length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
        return await self._reader.readexactly(length)


def answer(status: int, body: bytes = b"", *headers: str, claim: int | None = None) -> Behaviour:
    """Read the whole request, answer it, close. `claim` is a Content-Length other than the body's."""

    async def behave(reader: _Noting, writer: asyncio.StreamWriter) -> None:
        await reader.request()
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body) if claim is None else claim}", *headers]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()

    return behave


async def close_at_once(_: _Noting, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def close_after_head(reader: _Noting, writer: asyncio.StreamWriter) -> None:
    await reader.head()
    writer.transport.abort()


async def close_after_body(reader: _Noting, writer: asyncio.StreamWriter) -> None:
    await reader.request()
    writer.close()


async def hang(reader: _Noting, _: asyncio.StreamWriter) -> None:
    await reader.request()
    await asyncio.Event().wait()


@asynccontextmanager
async def reach(
    folder: Path, *, api_base: str | None = None, policy: Policy = is_public, publish: Publish = keep_private
) -> AsyncIterator[HttpTransport]:
    """A transport for one test."""
    connections = Connections(policy)
    try:
        yield HttpTransport(FolderAssets(folder), scratch=folder, connections=connections, api_base=api_base, publish=publish)
    finally:
        await connections.close()


async def take(provider: Provider, ticket: Ticket, *, offset: int = 0, into: bytearray | None = None) -> bytes:
    """The video downloaded; what came before it broke off is in `into`."""
    got = bytearray() if into is None else into
    async with provider.download(ticket, offset=offset) as stream:
        async for chunk in stream.chunks:
            got.extend(chunk)
    return bytes(got)
