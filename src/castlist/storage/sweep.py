"""Puts right what processes left behind: leases, half-stored and ownerless assets. Only while `FolderHolders.alone`."""

from collections.abc import Collection, Mapping

from castlist.storage.assets import drop_assets
from castlist.storage.blobs import Blobs
from castlist.storage.database import Connection, Database, many
from castlist.storage.pending import Pending

IDLE = {"jobs": "NOT ended AND state NOT IN ('submitting', 'storing')"}
"""What can be another process's at any moment: nothing of it is under way that must not be broken off."""

WORK = {"jobs": "NOT ended", "characters": "lease_holder IS NOT NULL"}
ALL = {**WORK, "webhook_deliveries": "state = 'pending'"}


def release_leases(connection: Connection, holders: Collection[str], *, held: Mapping[str, str] = ALL) -> None:
    """Free everything these processes held."""
    for table, condition in held.items():
        connection.execute(
            f"UPDATE {table} SET lease_holder = NULL, lease_until = NULL "
            f"WHERE {condition} AND lease_holder IN (SELECT value FROM json_each(?))",
            (many(holders),),
        )


def drop_ownerless(database: Database, blobs: Blobs, *, pending: Pending, living: Collection[str], among: Collection[str]) -> None:
    """Remove the blobs and rows `among` the given, which dead processes had marked, that no job or character has and no living process
    is storing. Never anything else: files of another database may lie in the same place."""
    # In this order: what gets its owner between two of these lines still has its mark at the second or its owner at the third.
    files = list(blobs.find(among))
    rows = {row[0] for row in database.rows_now("SELECT id FROM assets WHERE id IN (SELECT value FROM json_each(?))", (many(among),))}
    marked = pending.of(living)
    owned = {
        row[0]
        for row in database.rows_now(
            "SELECT DISTINCT asset FROM asset_uses WHERE asset IN (SELECT value FROM json_each(?))", (many(among),)
        )
    }
    ownerless = rows - marked - owned
    if ownerless:
        database.write_now(lambda connection: drop_assets(connection, ownerless))
    for blob in files:
        if blob.asset not in marked and (blob.asset not in owned or not blob.whole):
            blobs.drop(blob)
