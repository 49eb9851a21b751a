"""When what is under way is to be asked about again, and by whom: a few tasks for each account, however much there is to follow."""

import asyncio
import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final

AT_ONCE: Final = 128
"""Questions to one account that have no answer yet."""

GRAIN: Final = 0.01
"""Seconds within which questions that fall due are taken together."""

Spawn = Callable[[Coroutine[None, None, None]], object]


class Rounds:
    """Calls `ask` with each key when it is due, the one that has been due longest first. It is asked for once; `put` it again.

    Waiting costs no task and no timer of its own: those of five thousand jobs were most of what a poll cost.
    """

    def __init__(self, ask: Callable[[str], Awaitable[None]], spawn: Spawn, *, at_once: int = AT_ONCE) -> None:
        self._ask = ask
        self._spawn = spawn
        self._at_once = at_once
        self._due: dict[str, float] = {}
        self._waiting: list[tuple[float, str, str]] = []
        self._ready: defaultdict[str, deque[str]] = defaultdict(deque)
        self._asking: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def put(self, key: str, account: str, *, seconds: float) -> None:
        """Ask about the key in so many seconds; what it was put for before counts no more."""
        if self._closed:
            return
        due = self._due[key] = asyncio.get_running_loop().time() + seconds
        heapq.heappush(self._waiting, (due, key, account))
        self._arm()

    def drop(self, key: str) -> None:
        """Ask about the key no more."""
        self._due.pop(key, None)

    def close(self) -> None:
        """Ask about nothing any more."""
        self._closed = True
        self._due.clear()
        self._ready.clear()
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        first = self._waiting[0][0] if self._waiting else None
        if first is None or (self._timer is not None and self._timer.when() <= first + GRAIN):
            return
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(max(first, loop.time()) + GRAIN, self._turn)

    def _turn(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        accounts: set[str] = set()
        while self._waiting and self._waiting[0][0] <= now:
            due, key, account = heapq.heappop(self._waiting)
            if self._due.get(key) == due:
                self._ready[account].append(key)
                accounts.add(account)
        for account in accounts:
            for _ in range(min(self._at_once - self._asking[account], len(self._ready[account]))):
                self._asking[account] += 1
                self._spawn(self._go(account))
        self._arm()

    async def _go(self, account: str) -> None:
        try:
            while self._ready[account]:
                key = self._ready[account].popleft()
                if self._due.pop(key, None) is not None:
                    await self._ask(key)
        finally:
            self._asking[account] -= 1
