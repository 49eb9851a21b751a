"""The bytes of assets in a bucket: S3 and what speaks its API, Google Cloud Storage, Azure."""

import asyncio
import hashlib
import re
import shutil
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import obstore
from obstore.exceptions import BaseError, GenericError, NotFoundError
from obstore.store import AzureStore, GCSStore, S3Store

from castlist.errors import CastlistError, StorageFull, Unavailable
from castlist.model.places import Bucket
from castlist.storage.blobs import CHUNK, SIGNERS, Blob, explain, make_key, missing
from castlist.storage.copies import Copies

T = TypeVar("T")
PART = 8 << 20
"""Bytes of one part of an upload; a smaller file goes in one request."""

PROBE = "castlist.probe"
"""A small object that says whether the bucket can be written and read."""

PATIENT = {"max_retries": 30, "retry_timeout": timedelta(seconds=10)}
"""For what is written: a store that is away for a moment delays it."""

HASTY = {"max_retries": 1, "retry_timeout": timedelta(seconds=3)}
BACKOFF = {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2}
MISSING = (NotFoundError, FileNotFoundError)
FAILED = (BaseError, OSError)
REFUSED = re.compile(r"<Code>(\w+)</Code>")
NO_BUCKET = re.compile(r"<Code>(NoSuchBucket|PermanentRedirect)</Code>|ContainerNotFound|container does not exist")
OWN_GOOGLE = re.compile(r'"gcs_base_url"\s*:\s*"http://')


class BucketBlobs:
    """One bucket; `folder` is where copies of it lie on this machine, for this process (`me`) and the others of the data directory."""

    def __init__(self, place: Bucket, folder: Path, *, me: str) -> None:
        self._bucket = place
        self._folder = folder
        self._store = _open(place, PATIENT, seconds=20)
        self._quick = _open(place, HASTY, seconds=8)
        self._copies = Copies(folder, me=me, most=place.cache_bytes, fetch=self._fetch)

    @property
    def place(self) -> str:
        """Its address."""
        return str(self._bucket)

    def prove(self) -> None:
        """Write something. Blocks. Raises Unavailable with what is wrong: unknown bucket, wrong credentials, no answer."""
        try:
            obstore.put(self._quick, PROBE, b"castlist")
        except FAILED as error:
            raise self._explain(error) from error

    def tidy(self, living: Collection[str]) -> None:
        """Remove what dead processes had copied for themselves."""
        self._copies.clear(living)

    async def check(self) -> None:
        """Look whether it answers."""
        try:
            await obstore.head_async(self._quick, PROBE)
        except MISSING:
            await asyncio.to_thread(self.prove)
        except FAILED as error:
            raise self._explain(error) from error

    def put(self, asset: str, source: Path) -> tuple[int, str]:
        """Store a file; in parts when it is long."""
        try:
            with source.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            length = source.stat().st_size
        except OSError as error:
            raise explain(error) from error
        self._try(lambda: obstore.put(self._store, make_key(asset), source, chunk_size=PART, use_multipart=length > PART))
        return length, digest

    async def stream(self, asset: str, *, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to and without `end`."""
        if start >= end:
            return
        try:
            found, begin = await self._get(asset, start, end)
            left = end - start
            async for chunk in found.stream(min_chunk_size=CHUNK):
                part = bytes(chunk)[begin : begin + left]
                begin = max(0, begin - len(chunk))
                left -= len(part)
                for at in range(0, len(part), CHUNK):
                    yield part[at : at + CHUNK]
                if not left:
                    return
        except MISSING as error:
            raise missing(asset) from error
        except FAILED as error:
            raise self._explain(error, "a file cannot be read from") from error

    async def _get(self, asset: str, start: int, end: int) -> tuple[Any, int]:
        """What the store answers, and how many bytes of it come before `start`."""
        try:
            return await obstore.get_async(self._quick, make_key(asset), options={"range": (start, end)}), 0
        except GenericError as error:
            # Some servers that speak S3's API answer every range with 200, which obstore takes for a mistake.
            if "non-partial" not in str(error):
                raise
        return await obstore.get_async(self._quick, make_key(asset)), start

    def local(self, asset: str) -> AbstractAsyncContextManager[Path]:
        """A copy on this machine."""
        return self._copies.lend(asset)

    async def _fetch(self, asset: str, path: Path) -> None:
        try:
            found = await obstore.get_async(self._quick, make_key(asset))
            await asyncio.to_thread(_append, path, b"")
            async for chunk in found.stream(min_chunk_size=CHUNK):
                await asyncio.to_thread(_append, path, memoryview(chunk))
        except MISSING as error:
            raise missing(asset) from error
        except FAILED as error:
            raise self._explain(error, "a file cannot be read from") from error

    def delete(self, assets: Collection[str]) -> None:
        """Remove the objects and this machine's copies of them. What is not there is removed already."""
        for asset in assets:
            self._copies.forget(asset)
        keys = [make_key(asset) for asset in assets]
        if not self._remove(keys) and len(keys) > 1:
            # Where one is missing, what became of the others is not said.
            for key in keys:
                self._remove([key])

    def _remove(self, keys: Sequence[str]) -> bool:
        """Whether all of them were there, as far as the store tells: Amazon's does not, Google's and Azure do."""
        try:
            obstore.delete(self._store, keys)
        except FAILED as error:
            if isinstance(error, MISSING) and not NO_BUCKET.search(str(error)):
                return False
            raise self._explain(error) from error
        return True

    def find(self, among: Collection[str] | None = None) -> Iterator[Blob]:
        """Every object under the prefix that is an asset's; of the given ones each, whether it is there or not, as asking costs more."""
        if among is not None:
            yield from (Blob(asset, make_key(asset), 0, datetime.now(UTC)) for asset in among)
            return
        pages = iter(obstore.list(self._store, chunk_size=1000))
        while page := self._try(lambda: next(pages, None)):
            for each in page:
                name = each["path"].rpartition("/")[2]
                if each["path"] == make_key(name):
                    yield Blob(name, each["path"], each["size"], each["last_modified"])

    def drop(self, blob: Blob) -> None:
        """Remove the object."""
        self.delete([blob.asset])

    def sign(self, name: str) -> None:
        """Store a small object of that name among the signers."""
        self._try(lambda: obstore.put(self._store, f"{SIGNERS}/{name}", b"castlist"))

    def signers(self) -> Collection[str]:
        """The objects there."""
        found = self._try(lambda: [each["path"] for page in obstore.list(self._store, prefix=SIGNERS) for each in page])
        return [path.rpartition("/")[2] for path in found]

    def room(self) -> int:
        """What is free on this machine, where files are worked on before they are stored."""
        return shutil.disk_usage(self._folder.parent).free

    def _try(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except FAILED as error:
            raise self._explain(error) from error

    def _explain(self, error: BaseException, what: str = "files cannot be stored in") -> CastlistError:
        """A failure as ours: what the store said, by its own code where it gave one."""
        text = str(error)
        code = next(iter(REFUSED.findall(text)), "")
        if NO_BUCKET.search(text):
            why = f"there is no bucket {self._bucket.name!r} there ({code or 'ContainerNotFound'})"
        elif code in _WRONG or "403 Forbidden" in text or "401 Unauthorized" in text:
            why = f"it refuses these credentials ({code or 'not allowed'})"
        elif code in {"QuotaExceeded", "StorageFull", "XMinioStorageFull"} or "507 Insufficient" in text:
            return StorageFull(f"{self.place} takes no more: free some space, then repeat the request")
        else:
            why = f"it cannot be reached ({text.splitlines()[0].rpartition(' - ')[2][:120]})"
        return Unavailable(f"{what} {self.place}: {why}; try again", code="storage_failed")


def _append(path: Path, chunk: bytes | memoryview) -> None:
    """Blocks. What goes wrong on this machine is not the store's."""
    try:
        with path.open("ab") as file:
            file.write(chunk)
    except OSError as error:
        raise explain(error) from error


_WRONG = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "AuthenticationFailed"}


def _open(place: Bucket, retry: Mapping[str, object], *, seconds: int) -> Any:
    known: dict[str, Any] = {"s3": S3Store, "gs": GCSStore, "az": AzureStore}
    plain = any(_is_plain(name, value) for name, value in place.settings.items())
    # A stream that goes on is no trouble however long it lasts: the limit is on how long nothing comes.
    client = {"connect_timeout": f"{min(seconds, 5)}s", "read_timeout": f"{min(seconds, 20)}s", "timeout": None, "allow_http": plain}
    options = {name: value for name, value in client.items() if value is not None}
    try:
        return known[place.kind](
            place.name,
            prefix=place.prefix or None,
            config=dict(place.settings),
            client_options=options,
            retry_config={**retry, "backoff": BACKOFF},
        )
    except (BaseError, ValueError) as error:
        text = f"files cannot be stored in {place}: {str(error).splitlines()[0]}; docs/deploy.md names the variables that hold credentials"
        raise Unavailable(text, code="storage_failed") from error


def _is_plain(name: str, value: str) -> bool:
    """Whether it is the address of a server without TLS: one of one's own, which Google's clients read from the key of an account."""
    return value.startswith("http://") if "endpoint" in name else bool(OWN_GOOGLE.search(value))
