"""A data directory as one process has it open."""

import asyncio
import secrets
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar

from castlist.model.places import Place
from castlist.storage.assets import Assets
from castlist.storage.bindings import Bindings
from castlist.storage.callbacks import Callbacks
from castlist.storage.changes import Changes
from castlist.storage.characters import Characters
from castlist.storage.database import Clock, Connection
from castlist.storage.health import Health
from castlist.storage.jobs import Jobs
from castlist.storage.keeping import Keeping
from castlist.storage.opening import Parts, enter, leave, refuse
from castlist.storage.origins import Origins
from castlist.storage.outbox import Outbox
from castlist.storage.requests import Requests
from castlist.storage.secrets import Secrets
from castlist.storage.sweep import IDLE, WORK, release_leases
from castlist.storage.trouble import Trouble

T = TypeVar("T")

_LARGE = 16384
"""Bytes of a row that wants pages of its own: more than what is free within those of a full database."""


class Storage:
    """One for each process and data directory, made with `open` in the event loop that uses it."""

    def __init__(self, parts: Parts, *, clock: Clock) -> None:
        self._parts = parts
        self.clock = clock
        self._closed = False
        database, holders, pending = parts.database, parts.holders, parts.pending
        self.folder = parts.folder
        self.holders = holders
        self.holder = holders.me
        self.scratch = parts.folder / "scratch" / holders.me
        self.jobs = Jobs(database, holders, pending=pending, clock=clock)
        self.bindings = Bindings(database, holders, clock=clock)
        self.characters = Characters(database, holders, bindings=self.bindings, pending=pending, clock=clock)
        self.origins = Origins(database, parts.blobs)
        self.assets = Assets(database, parts.blobs, origins=self.origins, pending=pending, clock=clock)
        self.keeping = Keeping(database, parts.blobs, origins=self.origins, clock=clock)
        self.outbox = Outbox(database, holders, clock=clock)
        self.callbacks = Callbacks(database, clock=clock)
        self.secrets = Secrets(database, clock=clock)
        self.requests = Requests(database, clock=clock)
        self.trouble = Trouble(database, clock=clock)
        self.health = Health(database, clock=clock)
        self.changes = Changes(database)

    @classmethod
    async def open(cls, folder: Path, *, clock: Clock | None = None, database_url: str | None = None, place: Place | None = None) -> Self:
        """Open the folder, making it (0700) or migrating it where that is needed, and put right what dead processes left behind. The rows
        are in a file there, or in the PostgreSQL database at `database_url`; the files are there too, or in
        `place`. Without a `clock` it is this machine's, or that database's.

        Raises Unavailable when a newer version of Castlist made it or it cannot be used, StorageFull when there is no room to begin.
        """
        try:
            parts = await asyncio.to_thread(enter, folder, database_url, place)
        except (OSError, sqlite3.Error) as error:
            raise refuse(folder, error) from error
        return cls(parts, clock=clock or parts.clock)

    async def close(self) -> None:
        """Finish what was being written, give leases back, remove the scratch folder. A second time it does nothing."""
        if self._closed:
            return
        self._closed = True
        self.changes.close()
        await asyncio.to_thread(leave, self._parts)

    async def give_back_idle(self) -> None:
        """Free the jobs that this process had in hand, but for those of which something is under way that must end first."""
        await self._parts.database.write(lambda connection: release_leases(connection, [self.holder], held=IDLE))

    async def give_back(self) -> None:
        """Free the jobs and characters that this process had in hand, for a process that goes on without working."""
        await self._parts.database.write(lambda connection: release_leases(connection, [self.holder], held=WORK))

    def version(self) -> int:
        """Another number after any process has committed anything; a few microseconds."""
        return self._parts.database.version()

    async def check(self) -> None:
        """Prove that a transaction can be written, and that files can be stored. Once a write found no room, prove that a large one does.
        Raises Unavailable or StorageFull."""
        database = self._parts.database
        if database.full:
            await database.write(_prove_room)
            database.note_room()
        else:
            await database.write(lambda connection: connection.execute("SELECT 1").fetchone())
        await self.assets.check()

    async def write(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` in a transaction on the one writing connection; its result once it is on disk."""
        return await self._parts.database.write(fn)


def _prove_room(connection: Connection) -> None:
    """Write a large row and take it away again."""
    values = {"name": f"room {secrets.token_hex(8)}", "large": secrets.token_hex(_LARGE // 2)}
    connection.execute("INSERT INTO health (deployment, failures, since, why, samples) VALUES (:name, 0, 0, :large, 0)", values)
    connection.execute("DELETE FROM health WHERE deployment = :name", {"name": values["name"]})
