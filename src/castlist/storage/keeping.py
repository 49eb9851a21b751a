"""What is kept, counted; and what nobody has, removed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from castlist.storage.assets import drop_assets
from castlist.storage.blobs import Blob, Blobs
from castlist.storage.database import Clock, Database, from_micros, to_micros
from castlist.storage.origins import Origins


@dataclass(frozen=True, slots=True)
class Kept:
    """Files of one kind of a project: `result`, `reference`, `upload`, `character`, or `unowned`."""

    project: str
    kind: str
    files: int
    bytes: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found: bytes that no row has, rows that nobody has, and the ids of rows whose bytes are gone."""

    blobs: int
    bytes: int
    rows: int
    missing: tuple[str, ...]


class Keeping:
    """For whoever runs the gateway."""

    def __init__(self, database: Database, blobs: Blobs, *, origins: Origins, clock: Clock) -> None:
        self._database = database
        self._blobs = blobs
        self._origins = origins
        self._clock = clock

    @property
    def place(self) -> str:
        """Where the files are."""
        return self._blobs.place

    async def usage(self) -> Sequence[Kept]:
        """What is kept, by project and kind."""
        return [Kept(row[0], row[1], row[2], int(row[3]), from_micros(row[4])) for row in await self._database.rows(_USAGE)]

    async def sweep(self, *, grace: timedelta, remove: bool, adopt: str = "") -> Swept:
        """Find, and with `remove` delete, what nobody has and is older than `grace`: a file is stored before its row is written.
        What the database `adopt` stored counts as this one's, and with `remove` does so from now on.
        Raises Conflict where the files may be another database's."""
        before = self._clock() - grace
        # In this order: what is stored between two of these lines is younger than `before`, or has its row at the second.
        blobs = await asyncio.to_thread(lambda: list(self._blobs.find()))
        rows = {row[0] for row in await self._database.rows("SELECT id FROM assets")}
        await self._origins.check(files=len(blobs), rows=len(rows), adopted=adopt)
        if remove and adopt:
            await self._origins.adopt(adopt)
        unowned = {row[0] for row in await self._database.rows(_UNOWNED, {"before": to_micros(before)})}
        loose = [blob for blob in blobs if blob.modified < before and (blob.asset not in rows or blob.asset in unowned or not blob.whole)]
        there = {blob.asset for blob in blobs if blob.whole}
        old = {
            row[0] for row in await self._database.rows("SELECT id FROM assets WHERE created_at < :before", {"before": to_micros(before)})
        }
        if remove and unowned:
            await self._database.write(lambda connection: drop_assets(connection, unowned))
        if remove:
            await asyncio.to_thread(self._drop, loose)
        return Swept(len(loose), sum(blob.bytes for blob in loose), len(unowned), tuple(sorted(old - there - unowned)))

    def _drop(self, blobs: Sequence[Blob]) -> None:
        for blob in blobs:
            self._blobs.drop(blob)


_USAGE = """
SELECT project, kind, count(*), sum(bytes), min(created_at) FROM (
  SELECT assets.project AS project, assets.bytes AS bytes, assets.created_at AS created_at, COALESCE(
    (SELECT min(role) FROM asset_uses WHERE asset_uses.asset = assets.id AND role <> 'source'), 'unowned'
  ) AS kind FROM assets
) AS kept GROUP BY project, kind ORDER BY project, kind
"""
_UNOWNED = """
SELECT id FROM assets WHERE created_at < :before AND NOT EXISTS (SELECT 1 FROM asset_uses WHERE asset_uses.asset = assets.id)
"""
