"""When what is under way is to be asked about again, and by whom: a few tasks for each account, however much there is to follow."""

import asyncio
import heapq
import math
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final

AT_ONCE: Final = 128
"""Questions to one account that have no answer yet."""

GRAINS: Final = ((2.0, 1 / 4), (1.0, 1 / 8), (0.5, 1 / 16), (0.0, 1 / 64))
"""For waits of at least so many seconds, the moments at which questions are asked: those of one moment are asked together, which takes
half the processor time of as many that are asked one by one. A finer moment's multiples hold the coarser ones."""

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
        self._moments: list[float] = []
        self._waiting: dict[float, list[tuple[str, str]]] = {}
        self._ready: defaultdict[str, deque[tuple[str, float]]] = defaultdict(deque)
        self._asking: Counter[str] = Counter()
        self._timer: asyncio.Handle | None = None
        self._rings_at = math.inf
        self._closed = False

    def put(self, key: str, account: str, *, seconds: float) -> None:
        """Ask about the key in so many seconds or a little later; what it was put for before counts no more."""
        if self._closed:
            return
        grain = next(grain for least, grain in GRAINS if seconds >= least)
        moment = math.ceil((asyncio.get_running_loop().time() + seconds) / grain) * grain
        if self._due.get(key) == moment:
            return
        self._due[key] = moment
        if moment in self._waiting:
            self._waiting[moment].append((key, account))
            return
        self._waiting[moment] = [(key, account)]
        heapq.heappush(self._moments, moment)
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
        self._moments.clear()
        self._disarm()

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._rings_at = None, math.inf

    def _arm(self) -> None:
        first = self._moments[0] if self._moments else math.inf
        if first >= self._rings_at:
            return
        self._disarm()
        self._rings_at = first
        # What a loop gives for a moment that has passed may not say which one it was for.
        self._timer = asyncio.get_running_loop().call_at(first, self._turn)

    def _turn(self) -> None:
        self._disarm()
        now = asyncio.get_running_loop().time()
        accounts: set[str] = set()
        while self._moments and self._moments[0] <= now:
            moment = heapq.heappop(self._moments)
            for key, account in self._waiting.pop(moment):
                if self._due.get(key) == moment:
                    self._ready[account].append((key, moment))
                    accounts.add(account)
        for account in accounts:
            for _ in range(min(self._at_once - self._asking[account], len(self._ready[account]))):
                self._asking[account] += 1
                self._spawn(self._go(account))
        self._arm()

    async def _go(self, account: str) -> None:
        try:
            while self._ready[account]:
                key, moment = self._ready[account].popleft()
                if self._due.get(key) == moment:
                    del self._due[key]
                    await self._ask(key)
        finally:
            self._asking[account] -= 1
