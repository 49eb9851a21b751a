"""How a process comes to a data directory, and to the shared database if there is one, and how it leaves them."""

import shutil
import sqlite3
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from castlist.errors import CastlistError, StorageFull, Unavailable
from castlist.model.places import Bucket, Folder, Place
from castlist.storage.blobs import FULL, Blobs, FolderBlobs
from castlist.storage.buckets import BucketBlobs
from castlist.storage.database import Clock, Database
from castlist.storage.holders import FolderHolders, Holders, SharedHolders
from castlist.storage.pending import Pending
from castlist.storage.postgres import PostgresDatabase
from castlist.storage.schema import prepare, prepare_shared
from castlist.storage.sqlite import SqliteDatabase
from castlist.storage.sweep import drop_ownerless, release_leases
from castlist.storage.watching import Watch


@dataclass(frozen=True)
class Parts:
    """What a storage is made of."""

    folder: Path
    database: Database
    here: FolderHolders
    holders: Holders
    blobs: Blobs
    pending: Pending
    clock: Clock
    close: Callable[[], None]


def enter(folder: Path, database_url: str | None, place: Place | None = None) -> Parts:
    """Open, migrate and put right. Blocks. Raises Unavailable, StorageFull, OSError and sqlite3.Error."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    here = FolderHolders(folder, shared=bool(database_url))
    with here.alone():
        blobs = open_blobs(folder, place, me=here.me)
        blobs.tidy(here.living())
        parts = _open_shared(folder, here, blobs, url=database_url) if database_url else _open_file(folder, here, blobs)
        try:
            here.forget_half_made()
            gone = here.fellows(here.dead())
            if gone:
                _sweep(parts, gone)
            here.enter()
            parts.pending.enter()
            (folder / "scratch" / here.me).mkdir(mode=0o700, parents=True)
        except BaseException:
            parts.close()
            here.leave()
            raise
    return parts


def open_blobs(folder: Path, place: Place | None, *, me: str) -> Blobs:
    """Where the files are, for this process of the folder. Raises Unavailable for a bucket that cannot be written."""
    match place:
        case Bucket():
            bucket = BucketBlobs(place, folder / "copies", me=me)
            bucket.prove()
            return bucket
        case Folder():
            return FolderBlobs(place.path)
    return FolderBlobs(folder / "assets")


def _open_file(folder: Path, here: FolderHolders, blobs: Blobs) -> Parts:
    path = folder / "castlist.db"
    prepare(path)
    database = SqliteDatabase(path)
    pending = Pending(folder, here.me)
    return Parts(folder, database, here, here, blobs, pending, clock=_now, close=database.close)


def _open_shared(folder: Path, here: FolderHolders, blobs: Blobs, *, url: str) -> Parts:
    prepare_shared(url)
    database = PostgresDatabase(url)
    try:
        watch = Watch(url, here.me, changed=database.bump)
    except BaseException:
        database.close()
        raise

    def close() -> None:
        database.close()
        watch.close()

    pending = Pending(folder, here.me)
    return Parts(folder, database, here, SharedHolders(here, watch), blobs, pending, clock=watch.now, close=close)


def _sweep(parts: Parts, gone: Collection[str]) -> None:
    """Make it as if the processes `gone` had never had anything in hand. Their rows stay; what they held is free."""
    parts.database.write_now(lambda connection: release_leases(connection, gone))
    _drop(parts, gone)
    for holder in gone:
        shutil.rmtree(parts.folder / "scratch" / holder, ignore_errors=True)
        shutil.rmtree(parts.folder / "pending" / holder, ignore_errors=True)
        parts.here.remove(holder)


def _drop(parts: Parts, gone: Collection[str]) -> None:
    if marked := parts.pending.of(gone):
        drop_ownerless(parts.database, parts.blobs, pending=parts.pending, living=parts.here.living(), among=marked)


def _now() -> datetime:
    return datetime.now(UTC)


def refuse(folder: Path, error: OSError | sqlite3.Error) -> CastlistError:
    """Why the folder cannot be opened."""
    full = error.errno in FULL if isinstance(error, OSError) else error.sqlite_errorcode == sqlite3.SQLITE_FULL
    if full:
        return StorageFull(f"there is no room to open {folder}: the disk is full")
    return Unavailable(f"{folder} cannot be used as a data directory: {error}", code="storage_failed")


def leave(parts: Parts) -> None:
    """Give everything back. Blocks."""
    me = parts.here.me
    with parts.here.alone():
        # Leases in a database that is away end by themselves, and the next process here finds what this one had marked.
        with suppress(Unavailable):
            parts.database.write_now(lambda connection: release_leases(connection, [me]))
            _drop(parts, [me])
            shutil.rmtree(parts.folder / "pending" / me, ignore_errors=True)
        parts.close()
        shutil.rmtree(parts.folder / "scratch" / me, ignore_errors=True)
        parts.here.leave()
