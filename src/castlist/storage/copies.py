"""Copies of what is kept elsewhere, on this machine: each fetched once, the longest unused ones removed when there are too many."""

import asyncio
import os
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress
from pathlib import Path

Fetch = Callable[[str, Path], Awaitable[None]]
"""Writes an asset's bytes to a path."""


class Copies:
    """A folder of copies that the processes of a data directory share, this one among them as `me`; `most` bytes stay of those nobody
    reads."""

    def __init__(self, folder: Path, *, me: str, most: int, fetch: Fetch) -> None:
        self._folder = folder
        self._me = me
        self._most = most
        self._fetch = fetch
        self._doors: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._lent = folder / "lent"
        self._lent.mkdir(mode=0o700, parents=True, exist_ok=True)

    @asynccontextmanager
    async def lend(self, asset: str) -> AsyncIterator[Path]:
        """The copy of an asset for the time of the context, under a name of its own: whoever removes the copy meanwhile takes nothing
        away. Raises NotFound and Unavailable."""
        own = self._name()
        async with self._doors[asset]:
            while not await asyncio.to_thread(_link, self._folder / asset, own):
                await self._bring(asset)
        self._doors.pop(asset, None)
        try:
            yield own
        finally:
            await asyncio.to_thread(own.unlink, missing_ok=True)

    def _name(self) -> Path:
        return self._lent / f"{self._me}.{secrets.token_hex(6)}"

    async def _bring(self, asset: str) -> None:
        draft = self._name()
        try:
            await self._fetch(asset, draft)
            await asyncio.to_thread(draft.replace, self._folder / asset)
        finally:
            draft.unlink(missing_ok=True)
        await asyncio.to_thread(self._trim, asset)

    def forget(self, asset: str) -> None:
        """Remove the copy, if there is one."""
        (self._folder / asset).unlink(missing_ok=True)

    def clear(self, living: Collection[str]) -> None:
        """Remove what processes had on loan that are neither this one nor among the `living`."""
        for path in self._lent.iterdir():
            if path.name.partition(".")[0] not in {self._me, *living}:
                path.unlink(missing_ok=True)

    def _trim(self, newest: str) -> None:
        """Remove the copies that were lent longest ago, beyond `most` bytes; never the newest."""
        found = []
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):
                facts = path.stat()
                if path != self._lent and path.name != newest:
                    found.append((facts.st_mtime_ns, facts.st_size, path))
        room = self._most - (self._folder / newest).stat().st_size
        for _, size, path in sorted(found, reverse=True):
            room -= size
            if room < 0:
                path.unlink(missing_ok=True)


def _link(copy: Path, own: Path) -> bool:
    """Whether the copy was there."""
    try:
        os.link(copy, own)
        os.utime(own)
    except FileNotFoundError:
        return False
    return True
