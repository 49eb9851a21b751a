"""The one thread of a process that writes: what is asked for together is committed together."""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Generic, Protocol, TypeVar

from castlist.errors import StorageFull, Unavailable
from castlist.storage.database import Connection, Write

T = TypeVar("T")
_GROUP = 512


class Ask(Generic[T]):
    """One write on its way to the writer thread, and where its result is wanted."""

    def __init__(self, fn: Write[T]) -> None:
        self.fn = fn
        self.done: Future[T] = Future()
        self.error: Exception | None = None
        self._results: list[T] = []

    def run(self, connection: Connection) -> None:
        self._results[:] = [self.fn(connection)]

    def settle(self) -> None:
        if not self.done.set_running_or_notify_cancel():
            return
        if self.error is None:
            self.done.set_result(self._results[0])
        else:
            self.done.set_exception(self.error)


class Pen(Protocol):
    """What the thread writes with: used in that thread alone."""

    def commit(self, asks: Sequence[Ask[Any]]) -> bool:
        """Run a group in one transaction, giving each that failed its `error`; whether anything was committed."""
        ...

    def close(self) -> None: ...


class Writer:
    """Takes writes from any thread, in order. It is `full` once one found no room, until who has proved that there is some says so."""

    def __init__(self, pen: Pen) -> None:
        self.commits = 0
        self.full = False
        self.listeners: list[Callable[[], None]] = []
        self._pen = pen
        self._queue: queue.SimpleQueue[Ask[Any] | None] = queue.SimpleQueue()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="castlist-writer", daemon=True)
        self._thread.start()

    async def write(self, fn: Write[T]) -> T:
        """The result of `fn` once it is on disk."""
        ask = Ask(fn)
        self._put(ask)
        return await asyncio.wrap_future(ask.done)

    def write_now(self, fn: Write[T]) -> T:
        """`write` for a thread that may block."""
        ask = Ask(fn)
        self._put(ask)
        return ask.done.result()

    def close(self) -> None:
        """Finish the writes that were asked for; blocks."""
        self._closing = True
        self._queue.put(None)
        self._thread.join()

    def _put(self, ask: Ask[Any]) -> None:
        if self._closing:
            raise Unavailable("the storage is closed", code="storage_closed")
        self._queue.put(ask)

    def _run(self) -> None:
        last = False
        while not last:
            group, last = self._take()
            if group and self._pen.commit(group):
                self.commits += 1
                for listener in self.listeners:
                    listener()
            self.full = self.full or any(isinstance(ask.error, StorageFull) for ask in group)
            for ask in group:
                ask.settle()
        self._pen.close()

    def _take(self) -> tuple[list[Ask[Any]], bool]:
        group: list[Ask[Any]] = []
        ask = self._queue.get()
        while ask is not None:
            group.append(ask)
            if len(group) == _GROUP:
                return group, False
            try:
                ask = self._queue.get_nowait()
            except queue.Empty:
                return group, False
        return group, True


class Written:
    """What a database does through its writer thread, whichever engine it is."""

    def __init__(self, pen: Pen) -> None:
        self._writer = Writer(pen)

    @property
    def commits(self) -> int:
        """How many groups of this process were committed."""
        return self._writer.commits

    def after_commit(self, listener: Callable[[], None]) -> None:
        """Call `listener`, in the writer thread, after each commit of this process."""
        self._writer.listeners.append(listener)

    async def write(self, fn: Write[T]) -> T:
        """Run `fn` in a transaction, no other of any process beside it; its result once it is on disk.

        Raises Unavailable while the database cannot be reached, and StorageFull when its disk is full.
        """
        return await self._writer.write(fn)

    def write_now(self, fn: Write[T]) -> T:
        """`write` for a thread that may block."""
        return self._writer.write_now(fn)

    @property
    def full(self) -> bool:
        """Whether a write of this process found no room."""
        return self._writer.full

    def note_room(self) -> None:
        """There is room again."""
        self._writer.full = False
