"""A working folder that is gone afterwards, and a disk that is full said as such."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from castlist.engine.kit import Kit
from castlist.errors import MediaCrashed, StorageFull
from castlist.storage.blobs import FULL

WORKING_ROOM = 16 << 20
"""With less free than this a media process that died is taken to have died of it."""


@contextmanager
def folder(path: Path) -> Iterator[Path]:
    """The folder, made for the time of the context and removed with all that is in it."""
    path.mkdir(parents=True, exist_ok=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def full_disk(kit: Kit) -> Iterator[None]:
    """What fails in here for want of room raises StorageFull, so that it is tried again when there is some."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise StorageFull("the disk is full: free some space, and the work goes on") from error
    except MediaCrashed as error:
        if kit.storage.assets.room() >= WORKING_ROOM:
            raise
        raise StorageFull("the disk ran full while a video was worked on; it begins again when there is room") from error
