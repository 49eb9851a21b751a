"""Whose files lie in a place: each database that stores there leaves its name, so that none takes another's files for nobody's."""

import asyncio
import secrets

from castlist.errors import Conflict
from castlist.storage.blobs import Blobs
from castlist.storage.database import Connection, Database


class Origins:
    """The names of this database: its own, those of databases that were copied into it, and those it was told to adopt."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database = database
        self._blobs = blobs
        self._signed = False

    async def sign(self) -> None:
        """Leave this database's name where its files are; a second time it does nothing."""
        if not self._signed:
            name = min(await self._names() or await self._database.write(_name))
            await asyncio.to_thread(self._blobs.sign, name)
            self._signed = True

    async def adopt(self, name: str) -> None:
        """What a database of that name stored is this one's from now on, to keep or to remove."""
        await self._database.write(lambda connection: connection.execute(_INSERT, (name,)).rowcount)

    async def check(self, *, files: int, rows: int, adopted: str = "") -> None:
        """Raises Conflict where `files` found in the place may be another database's than the one with these `rows` of files, or than
        the one called `adopted`."""
        there = await asyncio.to_thread(self._blobs.signers)
        strange = sorted(set(there).difference(await self._names(), (adopted,)))
        if strange:
            raise Conflict(
                f"files of another database ({', '.join(strange)}) lie in {self._blobs.place} too, so nothing was removed: is "
                "castlist.database_url, or CASTLIST_DATABASE_URL, the right one? Where that database is gone for good, say so with --adopt",
                code="storage_shared",
            )
        if files and not rows and not there:
            raise Conflict(
                f"{files} files lie in {self._blobs.place} and this database knows of none, so nothing was removed: "
                "is castlist.database_url, or CASTLIST_DATABASE_URL, the right one?",
                code="storage_shared",
            )

    async def _names(self) -> set[str]:
        return {str(row[0]) for row in await self._database.rows("SELECT id FROM origins")}


def _name(connection: Connection) -> set[str]:
    connection.execute("INSERT INTO origins (id) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM origins)", (secrets.token_hex(8),))
    return {str(row[0]) for row in connection.execute("SELECT id FROM origins")}


_INSERT = "INSERT INTO origins (id) VALUES (?) ON CONFLICT DO NOTHING"
