"""The files of a data folder, brought to another place: what is there already is not brought again."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from castlist.storage.blobs import Blobs, make_key

AT_ONCE: Final = 4
"""Files on their way at the same time: more does not make a line wider."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file as its row has it."""

    asset: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Brought:
    """How many files there are and how long they are together, how many of them were there already, and the ids of those that could not be
    brought, for they are gone or are no longer what they were."""

    place: str
    files: int
    bytes: int
    there: int
    lost: tuple[str, ...]


def bring(wanted: Sequence[Wanted], folder: Path, target: Blobs) -> Brought:
    """Bring files of `folder`. Broken off, it can be begun again: a file appears in its new place whole or not at all. Blocks.

    Raises StorageFull and Unavailable.
    """
    there = {blob.asset: blob.bytes for blob in target.find() if blob.whole}
    left = [each for each in wanted if there.get(each.asset) != each.bytes]
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="castlist-moving") as threads:
        going = [threads.submit(_bring, each, folder, target) for each in left]
        try:
            arrived = [future.result() for future in going]
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise
    lost = tuple(each.asset for each, whole in zip(left, arrived, strict=True) if not whole)
    return Brought(target.place, len(wanted), sum(each.bytes for each in wanted), len(wanted) - len(left), lost)


def _bring(wanted: Wanted, folder: Path, target: Blobs) -> bool:
    path = folder / make_key(wanted.asset)
    if not path.is_file():
        return False
    if target.put(wanted.asset, path) == (wanted.bytes, wanted.sha256):
        return True
    target.delete([wanted.asset])
    return False
