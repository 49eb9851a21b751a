"""Files in Google Cloud Storage, by its own client: the requests and answers are S3's, and what is gone is an error there."""

import os
from collections.abc import Iterator

import pytest

import buckets
from buckets import Server
from castlist.errors import NotFound, Unavailable
from castlist.storage import Storage
from castlist.storage.buckets import BucketBlobs
from storage.samples import store

pytestmark = pytest.mark.anyio
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def google() -> Iterator[Server]:
    with buckets.server(signed=False) as found:
        yield found


@pytest.mark.parametrize("length", [0, 6, 20 * MIB + 5])
async def test_bytes_come_back_whole_and_in_part_and_can_be_removed(folder, tmp_path, google, length):
    place, content = google.google(), os.urandom(length)
    storage = await Storage.open(folder, place=place)
    asset = await store(storage, tmp_path, content=content)

    assert google.files(place) == [asset.id]
    assert await storage.assets.read(asset.id) == content
    assert b"".join([chunk async for chunk in storage.assets.stream(asset, start=2, end=5)]) == content[2:5]
    await storage.assets.delete(["asset_unknown", asset.id])
    assert google.files(place) == []
    with pytest.raises(NotFound):
        await storage.assets.read(asset.id)
    await storage.check()
    await storage.close()


async def test_files_of_another_process_are_seen(folder, tmp_path, google):
    place = google.google()
    storage = await Storage.open(folder, place=place)
    asset = await store(storage, tmp_path, content=b"a clip")
    other = BucketBlobs(place, tmp_path / "other", me="other")
    other.sign("other")

    assert [(blob.asset, blob.bytes) for blob in other.find()] == [(asset.id, 6)]
    assert "other" in BucketBlobs(place, tmp_path / "third", me="third").signers()
    await storage.close()


def test_a_bucket_that_is_not_there_is_told(tmp_path, google):
    blobs = BucketBlobs(google.google(name="nowhere"), tmp_path, me="me")

    with pytest.raises(Unavailable, match=r"files cannot be stored in gs://nowhere/.*there is no bucket 'nowhere' there \(NoSuchBucket\)"):
        blobs.prove()
