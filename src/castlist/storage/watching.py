"""One connection that hears of other processes' commits, keeps the database's time, and knows which processes live."""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from castlist.later import Later
from castlist.storage.database import from_micros
from castlist.storage.postgres import CHANNEL, LOCKS, Link, connect

if TYPE_CHECKING:
    import psycopg
else:
    psycopg = Later("psycopg")

BEAT: Final = 1.0
GRACE: Final = 5.0
"""Seconds a process that is no longer seen counts as living: it may only be on its way back to the database."""

KINDS: Final[Mapping[str, int]] = {"embedded": 2, "worker": 3, "serve": 4}
_AGAIN = 0.2
_NOW = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_THERE = (
    "SELECT classid::bigint - %s, objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2 "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND classid::bigint BETWEEN %s AND %s"
)
_HOLDING = (
    "SELECT lease_holder FROM jobs WHERE NOT ended AND lease_holder IS NOT NULL "
    "UNION SELECT lease_holder FROM characters WHERE lease_holder IS NOT NULL "
    "UNION SELECT lease_holder FROM webhook_deliveries WHERE lease_holder IS NOT NULL"
)


class Watch:
    """A thread of its own. `me` is this process's holder id; its lock is on this connection, and goes when the process does."""

    def __init__(self, url: str, me: str, *, changed: Callable[[], None]) -> None:
        self._url = url
        self._me = me
        self._changed = changed
        self._kind = "embedded"
        self._there: Mapping[int, int] = {}
        self._missed: dict[str, float] = {}
        self._holding: Collection[str] = ()
        self._base = 0
        self._marked = threading.Event()
        self._closing = False
        self._sounded = 0.0
        self._link: Link = self._join()
        self._thread = threading.Thread(target=self._run, name="castlist-watch", daemon=True)
        self._thread.start()

    def now(self) -> datetime:
        """The database's time, whatever the clock of this machine says; it goes on while the database cannot be reached."""
        return from_micros(self._base + _ticks())

    def mark(self, kind: str) -> None:
        """Say what this process does."""
        self._kind = kind
        self._marked.set()

    def others(self, *, besides: Collection[str]) -> Collection[str]:
        """What the living processes do, but for this one and those."""
        names = {number: kind for kind, number in KINDS.items()}
        unwanted = {key_of(holder) for holder in (self._me, *besides)}
        return [names[number] for key, number in self._there.items() if key not in unwanted]

    def dead(self) -> list[str]:
        """Holders of leases that have not been there for a while."""
        return [holder for holder in self._holding if self.is_dead(holder)]

    def is_dead(self, holder: str) -> bool:
        """Whether that process has not been there for GRACE seconds, as far as this one could see."""
        if holder == self._me or key_of(holder) in self._there:
            self._missed.pop(holder, None)
            return False
        return time.monotonic() - self._missed.setdefault(holder, time.monotonic()) > GRACE

    def close(self) -> None:
        """Leave; blocks for up to a second."""
        self._closing = True
        self._thread.join()
        self._link.close()

    def _join(self) -> Link:
        link = connect(self._url, name=f"watch {self._me}")
        link.execute(f"LISTEN {CHANNEL}")
        link.execute("SELECT pg_advisory_lock(%s, %s)", (LOCKS + KINDS[self._kind], _signed(key_of(self._me))))
        self._missed = {}
        self._look(link)
        return link

    def _run(self) -> None:
        while not self._closing:
            try:
                if self._link.closed:
                    self._link = self._join()
                self._listen()
            except psycopg.Error:
                self._link.close()
                # What others do is not heard now, so nothing that is kept may be trusted for long.
                if time.monotonic() - self._sounded >= BEAT:
                    self._sounded = time.monotonic()
                    self._changed()
                time.sleep(_AGAIN)

    def _listen(self) -> None:
        looked = time.monotonic()
        while not self._closing:
            for _ in self._link.notifies(timeout=max(0.01, looked + BEAT - time.monotonic()), stop_after=1):
                self._changed()
            if self._marked.is_set():
                self._marked.clear()
                self._remark()
            if time.monotonic() - looked >= BEAT:
                looked = time.monotonic()
                self._look(self._link)
                self._changed()

    def _remark(self) -> None:
        key = _signed(key_of(self._me))
        self._link.execute("SELECT pg_advisory_lock(%s, %s)", (LOCKS + KINDS[self._kind], key))
        for kind, number in KINDS.items():
            if kind != self._kind:
                self._link.execute("SELECT pg_advisory_unlock(%s, %s)", (LOCKS + number, key))

    def _look(self, link: Link) -> None:
        before = _ticks()
        (found,) = link.execute(_NOW).fetchone() or (0,)
        after = _ticks()
        base = int(found) - (before + after) // 2
        # Within what the question itself took, the old answer is as good as the new one, and a clock that stands still is better.
        if abs(base - self._base) > (after - before) // 2:
            self._base = base
        first = min(KINDS.values())
        rows = link.execute(_THERE, (LOCKS, LOCKS + first, LOCKS + max(KINDS.values()))).fetchall()
        self._there = {int(key): int(number) for number, key in rows}
        self._holding = [row[0] for row in link.execute(_HOLDING).fetchall()]
        for holder in self._holding:
            self.is_dead(holder)


def key_of(holder: str) -> int:
    """The number under which a holder's lock is found: half of what is random in its id."""
    return int(holder.rpartition("-")[2][:8], 16)


def _signed(key: int) -> int:
    return key - (1 << 32) if key >= 1 << 31 else key


def _ticks() -> int:
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime_ns(clock) // 1000
