"""Files in Azure, which unlike S3 says of a file that is to be removed that it is not there."""

from collections.abc import Iterator

import pytest

from azure import Account, serve_azure
from castlist.errors import NotFound, Unavailable
from castlist.storage import Storage
from castlist.storage.buckets import BucketBlobs
from storage.samples import a_job, create, store

pytestmark = pytest.mark.anyio


@pytest.fixture
def azure() -> Iterator[Account]:
    with serve_azure() as account:
        yield account


async def test_bytes_come_back_and_what_is_gone_is_not_found(folder, tmp_path, azure):
    storage = await Storage.open(folder, place=azure.container())
    asset = await store(storage, tmp_path, content=b"a clip")

    assert azure.files() == [asset.id]
    assert await storage.assets.read(asset.id) == b"a clip"
    assert b"".join([chunk async for chunk in storage.assets.stream(asset, start=2, end=5)]) == b"cli"
    await storage.assets.delete([asset.id])
    with pytest.raises(NotFound):
        await storage.assets.read(asset.id)
    await storage.close()


async def test_what_is_gone_already_keeps_nothing_else_from_being_removed(folder, tmp_path, azure):
    storage = await Storage.open(folder, place=azure.container())
    gone, there, owned = [await store(storage, tmp_path) for _ in range(3)]
    await storage.assets.add(owned)
    await storage.jobs.add(a_job(create(reference=owned.id)))
    await storage.assets.delete([gone.id])

    await storage.assets.delete([gone.id, there.id])
    left = azure.files()
    await storage.close()  # what the process had without an owner goes with it, its file or not

    assert left == azure.files() == [owned.id]
    await (await Storage.open(folder, place=azure.container())).close()


def test_a_container_that_is_not_there_is_no_file_that_is_gone(tmp_path, azure):
    blobs = BucketBlobs(azure.container("nowhere"), tmp_path, me="me")

    for ask in (blobs.prove, lambda: blobs.delete(["asset_1"])):
        with pytest.raises(Unavailable, match=r"there is no bucket 'nowhere' there \(ContainerNotFound\)"):
            ask()


async def test_credentials_that_are_missing_are_told_with_where_to_read_of_them(folder, azure):
    place = azure.container()
    place.settings.pop("azure_storage_account_name")

    with pytest.raises(Unavailable, match=r"Account must be specified; docs/deploy.md names the variables"):
        await Storage.open(folder, place=place)
