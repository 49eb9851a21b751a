"""Puts right what processes left behind: leases, scratch files, half-stored and ownerless assets. Only while `Holders.alone`."""

import shutil
from collections.abc import Collection
from pathlib import Path

from castlist.storage.assets import drop_assets
from castlist.storage.blobs import Blobs
from castlist.storage.database import Connection, Database, many
from castlist.storage.holders import Holders
from castlist.storage.pending import Pending


def sweep(folder: Path, database: Database, *, holders: Holders, blobs: Blobs, pending: Pending, gone: Collection[str]) -> None:
    """Make it as if the processes `gone` had never had anything in hand. Their rows stay; what they held is free."""
    database.write_now(lambda connection: release_leases(connection, gone))
    drop_ownerless(database, blobs, pending=pending, living=holders.living())
    for holder in gone:
        shutil.rmtree(folder / "scratch" / holder, ignore_errors=True)
        shutil.rmtree(folder / "pending" / holder, ignore_errors=True)
        holders.remove(holder)


def release_leases(connection: Connection, holders: Collection[str]) -> None:
    """Free everything these processes held."""
    for table, condition in (
        ("jobs", "NOT ended"),
        ("characters", "lease_holder IS NOT NULL"),
        ("webhook_deliveries", "state = 'pending'"),
    ):
        connection.execute(
            f"UPDATE {table} SET lease_holder = NULL, lease_until = NULL "
            f"WHERE {condition} AND lease_holder IN (SELECT value FROM json_each(?))",
            (many(holders),),
        )


def drop_ownerless(database: Database, blobs: Blobs, *, pending: Pending, living: Collection[str]) -> None:
    """Remove the blobs and rows that no job or character has and no living process is storing."""
    # In this order: what gets its owner between two of these lines still has its mark at the second or its owner at the third.
    files = list(blobs.ids())
    rows = {row[0] for row in database.rows_now("SELECT id FROM assets")}
    marked = pending.of(living)
    owned = {row[0] for row in database.rows_now("SELECT DISTINCT asset FROM asset_uses")}
    ownerless = rows - marked - owned
    if ownerless:
        database.write_now(lambda connection: drop_assets(connection, ownerless))
    for asset, path in files:
        if asset not in marked and (asset not in owned or asset != path.name):
            path.unlink(missing_ok=True)
