"""Time limits of many waits by one timer: half a second late at most, for a tenth of what a timer each costs."""

import asyncio
from types import TracebackType
from typing import Final, Protocol

LATE: Final = 0.5
"""Seconds between looks at what has run out."""


class Expires(Protocol):
    """What can be told that its time has run out."""

    def expire(self) -> None: ...


class Deadlines:
    """What is under way in one event loop, each with its own time."""

    def __init__(self) -> None:
        self._until: dict[Expires, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, what: Expires, *, seconds: float) -> None:
        """Let it expire in so many seconds, unless it ends before."""
        loop = asyncio.get_running_loop()
        self._until[what] = loop.time() + seconds
        if self._timer is None:
            self._timer = loop.call_later(LATE, self._look)

    def end(self, what: Expires) -> None:
        """It has ended; nothing is said to it any more."""
        self._until.pop(what, None)

    def within(self, seconds: float) -> "Within":
        """As `asyncio.timeout`, with `with`: raises TimeoutError where the block takes longer."""
        return Within(self, seconds)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for what in [each for each, until in self._until.items() if until <= now]:
            del self._until[what]
            what.expire()
        self._timer = loop.call_later(LATE, self._look) if self._until else None


class Within:
    """A block of one task that is cancelled when its time has run out, and then raises TimeoutError."""

    __slots__ = ("_asked_before", "_deadlines", "_expired", "_seconds", "_task")

    def __init__(self, deadlines: Deadlines, seconds: float) -> None:
        self._deadlines = deadlines
        self._seconds = seconds
        self._expired = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None, "there is no task to cancel"
        self._task: asyncio.Task[object] = task
        self._asked_before = task.cancelling()
        self._deadlines.begin(self, seconds=self._seconds)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._deadlines.end(self)
        # Who was asked to stop by others too stops.
        if self._expired and self._task.uncancel() <= self._asked_before and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def expire(self) -> None:
        self._expired = True
        self._task.cancel()
