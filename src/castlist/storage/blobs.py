"""The bytes of assets, by asset id, in an object store: here a folder."""

import errno
import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore

from castlist.errors import CastlistError, NotFound, StorageFull, Unavailable

CHUNK = 1024 * 1024
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Blobs:
    """A blob appears whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)
        self._store = LocalStore(folder)

    def put(self, asset: str, source: Path) -> tuple[int, str]:
        """Store a file under `asset`; its length and SHA-256. Blocks; holds a few chunks in memory. Raises StorageFull."""
        reading = _Reading(source)
        try:
            obstore.put(self._store, _key(asset), reading.chunks(), chunk_size=CHUNK, max_concurrency=1)
            self._settle(asset)
        except (BaseError, OSError) as error:
            self.delete(asset)
            raise explain(error) from error
        return reading.bytes, reading.hash.hexdigest()

    async def stream(self, asset: str, *, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to and without `end`, in chunks of at most CHUNK. Raises NotFound."""
        if start >= end:
            return
        try:
            found = await obstore.get_async(self._store, _key(asset), options={"range": (start, end)})
        except (NotFoundError, FileNotFoundError) as error:
            raise missing(asset) from error
        async for chunk in found.stream(min_chunk_size=CHUNK):
            yield bytes(chunk)

    def delete(self, asset: str) -> None:
        """Remove the blob, if there is one."""
        self.path(asset).unlink(missing_ok=True)

    def path(self, asset: str) -> Path:
        """Where the blob is as a local file."""
        return self.folder / _key(asset)

    def ids(self) -> Iterator[tuple[str, Path]]:
        """Every blob, and what was left of half-stored ones, with the id each belongs to."""
        for folder, _, names in os.walk(self.folder):
            for name in names:
                # The store writes to `asset#1` and renames at the end.
                yield name.partition("#")[0], Path(folder) / name

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


def _key(asset: str) -> str:
    return f"{asset[-2:]}/{asset}"
