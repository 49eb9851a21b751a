"""Stored bytes with facts: the blob in the object store, the row in the database."""

import asyncio
import os
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from castlist.model.ids import make_id
from castlist.model.providing import Media
from castlist.storage.blobs import Blobs, explain, missing
from castlist.storage.database import Clock, Connection, Database, from_micros, many, to_micros
from castlist.storage.origins import Origins
from castlist.storage.pending import Pending

Role = Literal["result", "reference", "upload", "source", "character"]
"""Why an owner has an asset. A `source` belongs to somebody else and is only needed; the others go when their owner is deleted."""

_COLUMNS = "id, project, media_type, bytes, sha256, created_at"


@dataclass(frozen=True, slots=True)
class StoredAsset:
    """Facts about stored bytes: the media type is what our probe said."""

    id: str
    project: str
    media_type: str
    bytes: int
    sha256: str
    created_at: datetime


class Assets:
    """The assets of one data directory; also how providers read them."""

    def __init__(self, database: Database, blobs: Blobs, *, origins: Origins, pending: Pending, clock: Clock) -> None:
        self._database = database
        self._blobs = blobs
        self._origins = origins
        self._pending = pending
        self._clock = clock

    async def put(self, path: Path, *, project: str, media_type: str) -> StoredAsset:
        """Store a copy of the file. The row is for the owner to write: with `add`, or as part of saving a job or character; without
        one the blob goes when this process does. Raises StorageFull and then leaves nothing behind."""
        now = self._clock()
        asset = make_id("asset", milliseconds=int(now.timestamp() * 1000), random=os.urandom)
        await self._origins.sign()
        length, digest = await asyncio.to_thread(self._put, asset, path)
        return StoredAsset(asset, project, media_type, length, digest, now)

    def _put(self, asset: str, path: Path) -> tuple[int, str]:
        try:
            self._pending.mark(asset)
        except OSError as error:
            raise explain(error) from error
        try:
            return self._blobs.put(asset, path)
        except BaseException:
            self._pending.settle([asset])
            raise

    async def add(self, asset: StoredAsset) -> None:
        """Write the row alone; an owner must follow in this process, or the asset is swept away with it."""
        await self._database.write(lambda connection: insert_assets(connection, [asset]))

    async def get(self, asset: str) -> StoredAsset | None:
        """The facts of an asset."""
        row = await self._database.row(f"SELECT {_COLUMNS} FROM assets WHERE id = ?", (asset,))
        return StoredAsset(row[0], row[1], row[2], row[3], row[4], from_micros(row[5])) if row else None

    def stream(self, asset: StoredAsset, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` up to and without `end`, in chunks of at most 1 MiB. Raises NotFound when they are gone."""
        return self._blobs.stream(asset.id, start=start, end=asset.bytes if end is None else min(end, asset.bytes))

    async def delete(self, ids: Collection[str]) -> None:
        """Remove rows and bytes; ids that are not there are passed over. The bytes go also when the disk is too full to write of it."""
        if ids:
            try:
                await self._database.write(lambda connection: drop_assets(connection, ids))
            finally:
                await asyncio.to_thread(self._delete, ids)

    def _delete(self, ids: Collection[str]) -> None:
        self._blobs.delete(ids)
        self._pending.settle(ids)

    def room(self) -> int:
        """Free bytes on the volume."""
        return self._blobs.room()

    async def check(self) -> None:
        """Raises Unavailable when no bytes could be stored now."""
        await self._blobs.check()

    def local(self, asset: str) -> AbstractAsyncContextManager[Path]:
        """The asset as a readable local file for the time of the context. Raises NotFound."""
        return self._blobs.local(asset)

    async def read(self, asset: str) -> bytes:
        """The whole asset; for stills and small clips. Raises NotFound."""
        async with self._blobs.local(asset) as path:
            return await asyncio.to_thread(path.read_bytes)

    async def describe(self, asset: str) -> Media:
        """Its type and length. Raises NotFound."""
        found = await self.get(asset)
        if found is None:
            raise missing(asset)
        return Media(found.id, found.media_type, found.bytes)


def insert_assets(connection: Connection, assets: Iterable[StoredAsset]) -> None:
    """Write the rows; one that exists stays as it is."""
    connection.executemany(
        f"INSERT INTO assets ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(a.id, a.project, a.media_type, a.bytes, a.sha256, to_micros(a.created_at)) for a in assets],
    )


def link_assets(connection: Connection, owner: str, *, assets: Iterable[str], role: Role) -> None:
    """Say that a job or character has these assets."""
    connection.executemany(
        "INSERT INTO asset_uses (owner, asset, role) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", [(owner, asset, role) for asset in assets]
    )


def drop_assets(connection: Connection, ids: Collection[str]) -> None:
    """Remove rows and everybody's claims on them."""
    values = {"ids": many(ids)}
    connection.execute("DELETE FROM asset_uses WHERE asset IN (SELECT value FROM json_each(:ids))", values)
    connection.execute("DELETE FROM assets WHERE id IN (SELECT value FROM json_each(:ids))", values)


def purge_assets(connection: Connection) -> list[str]:
    """Remove the rows of assets whose every owner is deleted and ended, and which no unfinished job needs; their ids."""
    found = [row[0] for row in connection.execute(_PURGEABLE)]
    drop_assets(connection, found)
    return found


_PURGEABLE = """
WITH gone (owner) AS (
  SELECT id FROM jobs WHERE deleted_at IS NOT NULL AND ended
  UNION ALL
  SELECT id FROM characters WHERE deleted_at IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM job_characters played JOIN jobs busy ON busy.id = played.job WHERE played.character = characters.id AND NOT busy.ended
  )
)
SELECT DISTINCT mine.asset FROM gone JOIN asset_uses mine ON mine.owner = gone.owner
WHERE mine.role <> 'source' AND NOT EXISTS (
  SELECT 1 FROM asset_uses other
  LEFT JOIN jobs job ON job.id = other.owner
  LEFT JOIN characters being ON being.id = other.owner
  WHERE other.asset = mine.asset
  AND (NOT job.ended OR (other.role <> 'source' AND job.deleted_at IS NULL AND being.deleted_at IS NULL))
)
"""
