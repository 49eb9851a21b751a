"""A line between two servers that loses what it is told to lose: an answer, or a request that it brings much later."""

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

SETTLE: Final = b"/requests/settle"


class CuttingLine:
    """Passes HTTP on to `port` from `own`. Of the next POSTs that create, each fares as `plan` says: the "answer" is lost on the way back,
    or the request comes "late": it is kept until `bring()`, which gives the status it is answered with."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.own = 0
        self.plan: deque[str] = deque()
        self._late: deque[bytes] = deque()
        self._loop = asyncio.new_event_loop()
        # The loop itself forgets a task that waits for a connection which nobody else knows.
        self._tasks: set[asyncio.Task[None]] = set()

    def bring(self) -> int:
        """Deliver the oldest request that was kept; the status of its answer."""
        return asyncio.run_coroutine_threadsafe(self._bring(self._late.popleft()), self._loop).result(20)

    async def _bring(self, request: bytes) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        status = (await reader.readline()).split()[1]
        await _close(writer)
        return int(status)

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        task = self._loop.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            creates = head.startswith(b"POST") and SETTLE not in head.split(b"\r\n")[0]
            fate = self.plan.popleft() if creates and self.plan else ""
            await self._carry(head, reader, writer, fate=fate)
        await _close(writer)

    async def _carry(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, fate: str) -> None:
        if fate == "late":
            self._late.append(head + await reader.readexactly(_length(head)))
            return
        there, back = await asyncio.open_connection("127.0.0.1", self.port)
        back.write(head)
        up = asyncio.ensure_future(_pump(reader, back))
        try:
            if fate == "answer":
                await there.readuntil(b"\r\n\r\n")
            else:
                await _pump(there, writer)
        finally:
            up.cancel()
            await _close(back)

    def run(self, ready: threading.Event, leave: asyncio.Event) -> None:
        async def live() -> None:
            server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
            self.own = server.sockets[0].getsockname()[1]
            ready.set()
            await leave.wait()
            server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
                await asyncio.wait([task])

        self._loop.run_until_complete(live())
        self._loop.close()

    def stop(self, leave: asyncio.Event) -> None:
        self._loop.call_soon_threadsafe(leave.set)


def _length(head: bytes) -> int:
    lines = [line.partition(b":") for line in head.lower().split(b"\r\n")]
    return int(next(value for name, _, value in lines if name == b"content-length"))


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()


@contextmanager
def cut(port: int) -> Iterator[CuttingLine]:
    """A line to that port, for the time of the context."""
    line, ready, leave = CuttingLine(port), threading.Event(), asyncio.Event()
    thread = threading.Thread(target=line.run, args=(ready, leave))
    thread.start()
    ready.wait(10)
    yield line
    line.stop(leave)
    thread.join(10)
