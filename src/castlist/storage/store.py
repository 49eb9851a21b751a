"""A data directory as one process has it open."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from castlist.errors import CastlistError, StorageFull, Unavailable
from castlist.storage.assets import Assets
from castlist.storage.bindings import Bindings
from castlist.storage.blobs import FULL, Blobs
from castlist.storage.changes import Changes
from castlist.storage.characters import Characters
from castlist.storage.database import Clock, Connection, Database
from castlist.storage.holders import Holders
from castlist.storage.jobs import Jobs
from castlist.storage.outbox import Outbox
from castlist.storage.pending import Pending
from castlist.storage.requests import Requests
from castlist.storage.schema import prepare
from castlist.storage.secrets import Secrets
from castlist.storage.sqlite import SqliteDatabase
from castlist.storage.sweep import drop_ownerless, release_leases, sweep

T = TypeVar("T")


@dataclass(frozen=True)
class _Parts:
    folder: Path
    database: Database
    holders: Holders
    blobs: Blobs
    pending: Pending


class Storage:
    """One for each process and data directory, made with `open` in the event loop that uses it."""

    def __init__(self, parts: _Parts, *, clock: Clock) -> None:
        self._parts = parts
        self._closed = False
        database, holders, pending = parts.database, parts.holders, parts.pending
        self.folder = parts.folder
        self.holders = holders
        self.holder = holders.me
        self.scratch = parts.folder / "scratch" / holders.me
        self.jobs = Jobs(database, holders, pending=pending, clock=clock)
        self.bindings = Bindings(database, holders, clock=clock)
        self.characters = Characters(database, holders, bindings=self.bindings, pending=pending, clock=clock)
        self.assets = Assets(database, parts.blobs, pending=pending, clock=clock)
        self.outbox = Outbox(database, holders, clock=clock)
        self.secrets = Secrets(database, clock=clock)
        self.requests = Requests(database, clock=clock)
        self.changes = Changes(database)

    @classmethod
    async def open(cls, folder: Path, *, clock: Clock) -> Self:
        """Open the folder, making it (0700) or migrating it where that is needed, and put right what dead processes left behind.

        Raises Unavailable when a newer version of Castlist made it or it cannot be used, StorageFull when there is no room to begin.
        """
        try:
            return cls(await asyncio.to_thread(_enter, folder), clock=clock)
        except (OSError, sqlite3.Error) as error:
            raise _refuse(folder, error) from error

    async def close(self) -> None:
        """Finish what was being written, give leases back, remove the scratch folder. A second time it does nothing."""
        if self._closed:
            return
        self._closed = True
        self.changes.close()
        await asyncio.to_thread(_leave, self._parts)

    def version(self) -> int:
        """Another number after any process has committed anything; a few microseconds."""
        return self._parts.database.version()

    async def check(self) -> None:
        """Prove that a transaction can be written. Raises Unavailable or StorageFull."""
        await self._parts.database.write(lambda connection: connection.execute("SELECT 1").fetchone())

    async def write(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` in a transaction on the one writing connection; its result once it is on disk."""
        return await self._parts.database.write(fn)


def _enter(folder: Path) -> _Parts:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    holders, path = Holders(folder), folder / "castlist.db"
    with holders.alone():
        prepare(path)
        database = SqliteDatabase(path)
        try:
            parts = _Parts(folder, database, holders, Blobs(folder / "assets"), Pending(folder, holders.me))
            holders.forget_half_made()
            gone = holders.dead()
            if gone:
                sweep(folder, database, holders=holders, blobs=parts.blobs, pending=parts.pending, gone=gone)
            holders.enter()
            parts.pending.enter()
            (folder / "scratch" / holders.me).mkdir(mode=0o700, parents=True)
        except BaseException:
            database.close()
            holders.leave()
            raise
    return parts


def _refuse(folder: Path, error: OSError | sqlite3.Error) -> CastlistError:
    full = error.errno in FULL if isinstance(error, OSError) else error.sqlite_errorcode == sqlite3.SQLITE_FULL
    if full:
        return StorageFull(f"there is no room to open {folder}: the disk is full")
    return Unavailable(f"{folder} cannot be used as a data directory: {error}", code="storage_failed")


def _leave(parts: _Parts) -> None:
    with parts.holders.alone():
        me = parts.holders.me
        parts.database.write_now(lambda connection: release_leases(connection, [me]))
        if parts.pending.of([me]):
            drop_ownerless(parts.database, parts.blobs, pending=parts.pending, living=parts.holders.living())
        parts.database.close()
        shutil.rmtree(parts.folder / "scratch" / me, ignore_errors=True)
        shutil.rmtree(parts.folder / "pending" / me, ignore_errors=True)
        parts.holders.leave()
