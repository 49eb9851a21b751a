"""A raw TCP server for one test: whatever it accepted is closed with it, so that nothing of it is found open in another test."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

Meet = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]
TURNS = 8
"""Of the loop, within which a connection that was just accepted has come to `meet`; until then only the loop knows of it, and
forgets it when the server is closed."""


@asynccontextmanager
async def listen(meet: Meet, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[asyncio.Server]:
    """A server on a free loopback port, each of whose connections meets `meet` in a task of its own."""
    open_now: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Not left to `meet`: a task that is cancelled before its first step runs no `finally`.
        task = asyncio.create_task(meet(reader, writer))
        open_now[task] = writer
        task.add_done_callback(lambda done: open_now.pop(done).close())

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    try:
        yield server
    finally:
        for _ in range(TURNS):
            await asyncio.sleep(0)
        server.close()
        left = list(open_now)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
