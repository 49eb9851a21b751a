"""The bytes of assets, by asset id: what any place for them can do, and the folder that is the usual one."""

import asyncio
import errno
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore

from castlist.errors import CastlistError, NotFound, StorageFull, Unavailable

CHUNK = 1024 * 1024
SIGNERS = "castlist.databases"
"""The folder or prefix with the names of the databases whose files these are."""

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class Blob:
    """What lies in the store under `key`; not `whole` when it was left half-stored."""

    asset: str
    key: str
    bytes: int
    modified: datetime
    whole: bool = True


class Blobs(Protocol):
    """A place for bytes. A blob appears whole or not at all; what cannot be reached raises Unavailable."""

    @property
    def place(self) -> str:
        """Where it is, for people."""
        ...

    def put(self, asset: str, source: Path) -> tuple[int, str]:
        """Store a file under `asset`; its length and SHA-256. Blocks; holds a few chunks in memory. Raises StorageFull."""
        ...

    def stream(self, asset: str, *, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to and without `end`, in chunks of at most CHUNK. Raises NotFound."""
        ...

    def local(self, asset: str) -> AbstractAsyncContextManager[Path]:
        """The blob as a file of this machine for the time of the context. Raises NotFound."""
        ...

    def delete(self, assets: Collection[str]) -> None:
        """Remove the blobs, those that are there. Blocks."""
        ...

    def find(self, among: Collection[str] | None = None) -> Iterator[Blob]:
        """Every blob, or those that may be there of the given, and what was left of half-stored ones. Blocks."""
        ...

    def drop(self, blob: Blob) -> None:
        """Remove what `find` found. Blocks."""
        ...

    def sign(self, name: str) -> None:
        """Note that a database of that name stores here. Blocks."""
        ...

    def signers(self) -> Collection[str]:
        """The names of all that did. Blocks."""
        ...

    def room(self) -> int:
        """Free bytes on the volume that storing needs."""
        ...

    def tidy(self, living: Collection[str]) -> None:
        """Remove what processes of this data directory left on this machine that are not among the `living`. Blocks."""
        ...

    async def check(self) -> None:
        """Raises Unavailable when nothing could be stored now."""
        ...


class FolderBlobs:
    """A folder on this machine, or one that several have mounted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._store = LocalStore(folder)

    @property
    def place(self) -> str:
        """Its path."""
        return str(self.folder)

    def put(self, asset: str, source: Path) -> tuple[int, str]:
        """Store a file, through to the disk."""
        reading = _Reading(source)
        try:
            obstore.put(self._store, make_key(asset), reading.chunks(), chunk_size=CHUNK, max_concurrency=1)
            self._settle(asset)
        except (BaseError, OSError) as error:
            self.delete([asset])
            raise explain(error) from error
        return reading.bytes, reading.hash.hexdigest()

    async def stream(self, asset: str, *, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to and without `end`."""
        if start >= end:
            return
        try:
            found = await obstore.get_async(self._store, make_key(asset), options={"range": (start, end)})
        except (NotFoundError, FileNotFoundError) as error:
            raise missing(asset) from error
        async for chunk in found.stream(min_chunk_size=CHUNK):
            yield bytes(chunk)

    @asynccontextmanager
    async def local(self, asset: str) -> AsyncIterator[Path]:
        """The file itself."""
        path = self.path(asset)
        if not await asyncio.to_thread(path.is_file):
            raise missing(asset)
        yield path

    def delete(self, assets: Collection[str]) -> None:
        """Remove the files."""
        for asset in assets:
            self.path(asset).unlink(missing_ok=True)

    def path(self, asset: str) -> Path:
        """Where the blob is."""
        return self.folder / make_key(asset)

    def find(self, among: Collection[str] | None = None) -> Iterator[Blob]:
        """Every file there that is an asset's."""
        names = ["*/*"] if among is None else [f"{make_key(asset)}*" for asset in among]
        for path in (path for name in names for path in self.folder.glob(name)):
            # The store writes to `asset#1` and renames at the end.
            asset = path.name.partition("#")[0]
            if asset in among if among is not None else make_key(asset) == f"{path.parent.name}/{asset}":
                with suppress(FileNotFoundError):
                    facts = path.stat()
                    yield Blob(asset, str(path), facts.st_size, datetime.fromtimestamp(facts.st_mtime, UTC), asset == path.name)

    def drop(self, blob: Blob) -> None:
        """Remove the file."""
        Path(blob.key).unlink(missing_ok=True)

    def sign(self, name: str) -> None:
        """Make a folder of that name among the signers."""
        try:
            (self.folder / SIGNERS / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise explain(error) from error

    def signers(self) -> Collection[str]:
        """The folders there."""
        return [path.name for path in (self.folder / SIGNERS).glob("*")]

    def room(self) -> int:
        """What is free where the folder is."""
        return shutil.disk_usage(self.folder).free

    def tidy(self, living: Collection[str]) -> None:
        """Nothing is copied of what is on this machine."""

    async def check(self) -> None:
        """A folder of this machine is there; its room is asked for with `room`."""
        if not self.folder.is_dir():
            raise Unavailable(f"the folder of files {self.folder} is gone", code="storage_failed")

    def _settle(self, asset: str) -> None:
        path = self.path(asset)
        for place in (path, path.parent, self.folder):
            descriptor = os.open(place, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


class _Reading:
    """A file read once: its chunks, and on the way their hash and count."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.bytes = 0
        self.hash = hashlib.sha256()

    def chunks(self) -> Iterator[bytes]:
        with self.source.open("rb") as file:
            while chunk := file.read(CHUNK):
                self.hash.update(chunk)
                self.bytes += len(chunk)
                yield chunk


def missing(asset: str) -> NotFound:
    """The error for bytes that are not here."""
    return NotFound(f"there is no asset {asset[:80]}", code="unknown_asset")


def explain(error: Exception) -> CastlistError:
    """A failure to write as ours: StorageFull when the volume or quota takes no more."""
    number = error.errno if isinstance(error, OSError) else None
    # obstore says the operating system's error number only in its text.
    if number in FULL or any(f"(os error {code})" in str(error) for code in FULL):
        return StorageFull("the disk is full: free some space, then repeat the request")
    return Unavailable(f"the file could not be stored: {str(error).splitlines()[0]}", code="storage_failed")


def make_key(asset: str) -> str:
    """The name of an asset's blob: folders by the end of the id, which is random."""
    return f"{asset[-2:]}/{asset}"
