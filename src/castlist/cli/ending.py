"""How a command that runs for long ends: in order at the first signal, at once at the second."""

import asyncio
import signal
from collections.abc import Callable, Coroutine

PATIENCE = 45.0
"""Seconds that the answer of a request that may cost is waited for: broken off, nobody would know what became of it. The minute
and a half that container platforms are told to give leaves the rest for handing over."""


class Ending:
    """Hears SIGINT and SIGTERM. `asked` is set by the first one, which also calls `first`; the next ones call `second`."""

    def __init__(self, *, first: Callable[[], object] = lambda: None, second: Callable[[], object] = lambda: None) -> None:
        self.asked = asyncio.Event()
        self._hurried = asyncio.Event()
        self._first = first
        self._second = second
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._hear)

    def _hear(self) -> None:
        if self.asked.is_set():
            self._hurried.set()
            self._second()
        else:
            self.asked.set()
            self._first()

    async def finish(self, work: Coroutine[None, None, None]) -> None:
        """Do what is left to do. At a second signal it is broken off: what this process had is then free for others as if it had died."""
        done, hurry = asyncio.ensure_future(work), asyncio.ensure_future(self._hurried.wait())
        await asyncio.wait({done, hurry}, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        if not done.done():
            done.cancel()
            await asyncio.gather(done, return_exceptions=True)
            return
        await done
