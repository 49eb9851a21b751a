"""Servers for one test: a raw TCP one, whose connections are closed with it so that none is found open in another test, and an HTTP one."""

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

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


@contextmanager
def serve_http(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    """An HTTP server on a free loopback port, which is given; one that hangs when the test is over is not waited for."""

    class Quiet(handler):
        def log_message(self, format: str, *args: object) -> None:
            """Nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
