"""A data directory and a storage open on it, on each engine."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
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


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Where the rows are: a file in the folder, or a database of this test's own."""
    if request.param == "sqlite":
        yield None
        return
    with request.getfixturevalue("postgres").database() as url:
        yield url


@pytest.fixture
def come(folder: Path, watch: Watch, database_url: str | None) -> Callable[..., Awaitable[Storage]]:
    """Opens the folder, or another one on the same database, as a process of its own would."""
    return lambda at=folder, place=None: Storage.open(at, clock=watch, database_url=database_url, place=place)


@pytest.fixture
async def storage(come: Callable[..., Awaitable[Storage]]) -> AsyncIterator[Storage]:
    opened = await come()
    yield opened
    await opened.close()


@pytest.fixture
async def second(storage: Storage, come: Callable[..., Awaitable[Storage]]) -> AsyncIterator[Storage]:
    """The same directory, open a second time as by another process."""
    opened = await come()
    yield opened
    await opened.close()
