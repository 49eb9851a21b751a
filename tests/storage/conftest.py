"""A data directory and a storage open on it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from castlist.storage import Storage
from storage.samples import Watch


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
async def storage(folder: Path, watch: Watch) -> AsyncIterator[Storage]:
    opened = await Storage.open(folder, clock=watch)
    yield opened
    await opened.close()


@pytest.fixture
async def second(storage: Storage, folder: Path, watch: Watch) -> AsyncIterator[Storage]:
    """The same directory, open a second time as by another process."""
    opened = await Storage.open(folder, clock=watch)
    yield opened
    await opened.close()
