"""Files in a bucket: the same bytes and facts as in a folder, by a real S3 server, on its good days and its bad ones."""

import asyncio
import hashlib
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

import buckets
from buckets import Server
from castlist.errors import Conflict, NotFound, StorageFull, Unavailable
from castlist.model.places import Folder
from castlist.storage import Storage
from castlist.storage.buckets import BucketBlobs
from storage.samples import a_job, create, store, wall

pytestmark = pytest.mark.anyio
MIB = 1024 * 1024


@pytest.fixture
def place(s3: Server):
    return s3.bucket()


@pytest.fixture
async def kept(folder, watch, place):
    opened = await Storage.open(folder, clock=watch, place=place)
    yield opened
    await opened.close()


async def whole(storage: Storage, asset, **limits: int) -> bytes:
    return b"".join([chunk async for chunk in storage.assets.stream(asset, **limits)])


@pytest.mark.parametrize("length", [0, 1, 3 * MIB + 17, 20 * MIB + 5])
async def test_bytes_come_back_with_their_facts(kept, tmp_path, s3, place, length):
    content = os.urandom(length)
    asset = await store(kept, tmp_path, content=content)

    assert (asset.bytes, asset.sha256) == (length, hashlib.sha256(content).hexdigest())
    assert await whole(kept, asset) == content
    assert s3.files(place) == [asset.id]
    async with kept.assets.local(asset.id) as path:
        assert path.read_bytes() == content


async def test_a_part_is_streamed_from_start_to_before_end_in_small_chunks(kept, tmp_path):
    content = os.urandom(9 * MIB)
    asset = await store(kept, tmp_path, content=content)

    assert await whole(kept, asset, start=5, end=MIB + 9) == content[5 : MIB + 9]
    assert await whole(kept, asset, start=9 * MIB - 1) == content[-1:]
    assert await whole(kept, asset, start=7 * MIB + 3, end=99 * MIB) == content[7 * MIB + 3 :]
    assert max([len(chunk) async for chunk in kept.assets.stream(asset)]) <= MIB


async def test_bytes_that_are_gone_are_not_found(kept, tmp_path, s3, place):
    asset = await store(kept, tmp_path)
    await kept.assets.add(asset)
    await kept.assets.delete([asset.id, "asset_unknown"])

    assert s3.files(place) == []
    with pytest.raises(NotFound):
        await whole(kept, asset)
    with pytest.raises(NotFound):
        await kept.assets.read(asset.id)
    with pytest.raises(NotFound):
        async with kept.assets.local(asset.id):
            pass


async def test_a_copy_is_fetched_once_and_lasts_while_it_is_read(folder, watch, s3, tmp_path):
    place = s3.bucket(cache_bytes=3 * MIB)
    storage = await Storage.open(folder, clock=watch, place=place)
    first, *others = [await store(storage, tmp_path, content=os.urandom(MIB)) for _ in range(6)]

    async def read() -> bytes:
        async with storage.assets.local(first.id) as path:
            return path.read_bytes()

    async with storage.assets.local(first.id) as path:
        inode = path.stat().st_ino
        async with storage.assets.local(first.id) as again:
            assert again.stat().st_ino == inode
        for other in others:
            await storage.assets.read(other.id)
        assert len(path.read_bytes()) == MIB
    contents = await asyncio.gather(*(read() for _ in range(8)))

    assert len(set(contents)) == 1
    copies = [path for path in (folder / "copies").iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in copies) <= 3 * MIB
    assert list((folder / "copies" / "lent").iterdir()) == []
    await storage.close()


async def test_an_asset_that_found_no_owner_goes_when_its_process_leaves(folder, watch, place, s3, tmp_path):
    storage = await Storage.open(folder, clock=watch, place=place)
    row, owned, _ = [await store(storage, tmp_path) for _ in range(3)]
    await storage.assets.add(row)
    await storage.assets.add(owned)
    await storage.jobs.add(a_job(create(reference=owned.id)))
    await storage.close()

    assert s3.files(place) == [owned.id]


async def test_wrong_credentials_and_a_bucket_that_is_not_there_are_found_at_the_start(folder, watch, s3):
    with pytest.raises(Unavailable, match=r"files cannot be stored in s3://.*: it refuses these credentials \(SignatureDoesNotMatch\)"):
        await Storage.open(folder, clock=watch, place=s3.bucket(secret="another-secret"))
    with pytest.raises(Unavailable, match="there is no bucket 'no-such-bucket' there"):
        await Storage.open(folder, clock=watch, place=s3.bucket(name="no-such-bucket"))


async def test_a_bucket_that_is_away_at_the_start_is_said_soon(folder, watch):
    with buckets.server() as away:
        place = away.bucket()
        away.stop()
        with pytest.raises(Unavailable, match=r"files cannot be stored in s3://.*: it cannot be reached"):
            async with asyncio.timeout(15):
                await Storage.open(folder, clock=watch, place=place)
        away.start()
        await (await Storage.open(folder, clock=watch, place=place)).close()


async def test_a_bucket_that_goes_away_while_a_file_is_read_ends_nothing_as_if_it_were_whole(folder, watch, tmp_path):
    with buckets.server() as away:
        storage = await Storage.open(folder, clock=watch, place=away.bucket())
        asset = await store(storage, tmp_path, content=bytes(48 * MIB))
        stream = storage.assets.stream(asset)
        got = [len(await anext(stream))]
        away.stop()
        with pytest.raises(Unavailable, match=r"a file cannot be read from s3://"):
            await count(stream, got)
        await storage.close()

    assert 0 < sum(got) < asset.bytes


async def count(stream, got: list[int]) -> None:
    async for chunk in stream:
        got.append(len(chunk))


async def test_a_store_that_is_away_is_said_and_nothing_is_half_there(kept, tmp_path, s3, place):
    asset = await store(kept, tmp_path)
    s3.stop()
    try:
        with pytest.raises(Unavailable, match="it cannot be reached"):
            await kept.check()
        storing = asyncio.create_task(store(kept, tmp_path, content=b"later"))
        with pytest.raises(Unavailable, match="it cannot be reached"):
            await whole(kept, asset)
    finally:
        s3.start()

    later = await storing
    await kept.check()
    assert s3.files(place) == sorted([asset.id, later.id])
    assert await whole(kept, later) == b"later"


async def test_a_sweep_of_a_bucket_with_another_database_is_refused(kept, tmp_path, watch, place, s3):
    await store(kept, tmp_path)
    wrong = await Storage.open(tmp_path / "wrong", clock=watch, place=place)

    with pytest.raises(Conflict, match=r"files of another database \(\w+\) lie in s3://"):
        await wrong.keeping.sweep(grace=timedelta(0), remove=True)
    await wrong.close()
    assert len(s3.files(place)) == 1

    watch.now = wall() + timedelta(hours=1)
    assert (await kept.keeping.sweep(grace=timedelta(0), remove=True)).blobs == 1


async def test_files_may_lie_in_another_folder_that_two_share(folder, watch, tmp_path):
    shared = Folder(tmp_path / "mounted" / "files")
    one = await Storage.open(folder, clock=watch, place=shared)
    two = await Storage.open(tmp_path / "other", clock=watch, place=shared)
    asset = await store(one, tmp_path, content=b"clip")

    assert await whole(two, asset) == b"clip"
    async with two.assets.local(asset.id) as path:
        assert path.is_relative_to(shared.path)
    await two.close()
    await one.close()


LENDING = """
import asyncio, os, signal, sys
from pathlib import Path
from castlist.model.places import Bucket
from castlist.storage import Storage

async def main(folder, asset, name, prefix, settings):
    storage = await Storage.open(Path(folder), place=Bucket("s3", name, prefix, settings))
    async with storage.assets.local(asset) as path:
        print(path, flush=True)
        await asyncio.to_thread(sys.stdin.read)

folder, asset, name, prefix, *pairs = sys.argv[1:]
asyncio.run(main(folder, asset, name, prefix, dict(pair.split("=", 1) for pair in pairs)))
"""


def lend_elsewhere(folder, place, asset) -> tuple[subprocess.Popen[str], Path]:
    """A process that reads the asset until its input ends, and the path that it reads."""
    pairs = [f"{name}={value}" for name, value in place.settings.items()]
    command = [sys.executable, "-c", LENDING, str(folder), asset.id, place.name, place.prefix, *pairs]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return process, Path(process.stdout.readline().strip())


async def test_what_a_killed_process_had_on_loan_goes_and_that_of_a_living_one_stays(folder, place, tmp_path):
    storage = await Storage.open(folder, place=place)
    asset = await store(storage, tmp_path, content=b"lent")
    await storage.assets.add(asset)
    await storage.jobs.add(a_job(create(reference=asset.id)))
    (killed, gone), (living, kept) = [lend_elsewhere(folder, place, asset) for _ in range(2)]
    killed.kill()
    killed.communicate()

    async with storage.assets.local(asset.id) as mine:
        second = await Storage.open(folder, place=place)
        there = [path.exists() for path in (gone, kept, mine)]
        await second.close()
    living.communicate()
    await storage.close()

    assert there == [False, True, True]
    assert list((folder / "copies" / "lent").iterdir()) == []


async def test_a_disk_that_is_full_here_is_not_taken_for_a_bucket_that_is_away(tmp_path, place):
    source = tmp_path / "source"
    source.write_bytes(b"castlist")
    blobs = BucketBlobs(place, tmp_path / "copies", me="me")
    await asyncio.to_thread(blobs.put, "asset_1", source)

    with pytest.raises(StorageFull, match="the disk is full"):
        await blobs._fetch("asset_1", Path("/dev/full"))  # whatever is written there meets a full disk
