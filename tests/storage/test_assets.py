"""Stored bytes: whole or not at all, streamed in pieces, gone when nobody needs them."""

import hashlib
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from castlist.errors import NotFound, Unavailable
from castlist.model.characters import CharacterState
from castlist.model.jobs import Result, State
from castlist.storage import Storage
from storage.samples import a_character, a_job, create, extend, held, store

pytestmark = pytest.mark.anyio
MIB = 1024 * 1024


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "assets").rglob("*") if path.is_file())


async def whole(storage: Storage, asset, **limits: int) -> bytes:
    return b"".join([chunk async for chunk in storage.assets.stream(asset, **limits)])


@pytest.mark.parametrize("length", [0, 1, MIB, 3 * MIB + 17])
async def test_bytes_come_back_with_their_facts(storage, tmp_path, watch, length):
    content = os.urandom(length)
    asset = await store(storage, tmp_path, content=content)

    assert (asset.bytes, asset.sha256, asset.created_at) == (length, hashlib.sha256(content).hexdigest(), watch.now)
    assert await whole(storage, asset) == content
    assert await storage.assets.get(asset.id) is None
    await storage.assets.add(asset)
    assert await storage.assets.get(asset.id) == asset


async def test_a_part_is_streamed_from_start_to_before_end_in_small_chunks(storage, tmp_path):
    content = os.urandom(3 * MIB)
    asset = await store(storage, tmp_path, content=content)

    assert await whole(storage, asset, start=5, end=MIB + 9) == content[5 : MIB + 9]
    assert await whole(storage, asset, start=3 * MIB - 1) == content[-1:]
    assert await whole(storage, asset, start=7, end=7) == b""
    assert await whole(storage, asset, start=0, end=99 * MIB) == content
    assert max([len(chunk) async for chunk in storage.assets.stream(asset)]) <= MIB


async def test_a_provider_reads_an_asset_as_a_file_as_bytes_and_as_facts(storage, tmp_path):
    asset = await store(storage, tmp_path, content=b"clip")
    await storage.assets.add(asset)

    async with storage.assets.local(asset.id) as path:
        assert path.read_bytes() == b"clip"
    assert await storage.assets.read(asset.id) == b"clip"
    media = await storage.assets.describe(asset.id)
    assert (media.asset, media.media_type, media.bytes) == (asset.id, "video/mp4", 4)


async def test_bytes_that_are_gone_are_not_found(storage, tmp_path):
    asset = await store(storage, tmp_path)
    await storage.assets.add(asset)
    await storage.assets.delete([asset.id, "asset_unknown"])
    await storage.assets.delete([])

    with pytest.raises(NotFound):
        await whole(storage, asset)
    with pytest.raises(NotFound):
        await storage.assets.read(asset.id)
    with pytest.raises(NotFound):
        await storage.assets.describe(asset.id)
    with pytest.raises(NotFound):
        async with storage.assets.local(asset.id):
            pass
    assert await storage.assets.get(asset.id) is None


async def test_storing_a_file_that_is_not_there_leaves_nothing(storage, folder, tmp_path):
    with pytest.raises(Unavailable, match="No such file"):
        await storage.assets.put(tmp_path / "nothing", project="default", media_type="video/mp4")

    assert files(folder) == []


def test_a_full_disk_is_said_and_leaves_nothing_behind(tmp_path):
    child = Path(__file__).with_name("child.py")

    done = subprocess.run(
        [sys.executable, str(child), "fill", str(tmp_path / "data"), ""],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8 * MIB, 8 * MIB)),
    )

    assert done.stdout.splitlines() == ["StorageFull storage_full 503", "small one stored"]
    assert len(files(tmp_path / "data")) == 1


async def test_a_store_and_a_stream_hold_little_memory(storage, tmp_path):
    source = tmp_path / "big"
    with source.open("wb") as file:
        file.truncate(150 * MIB)
    before = resident()
    asset = await storage.assets.put(source, project="default", media_type="video/mp4")
    total, peak = 0, resident()
    async for chunk in storage.assets.stream(asset):
        total += len(chunk)
        peak = max(peak, resident())

    assert total == 150 * MIB
    assert peak - before < 16 * MIB


def resident() -> int:
    if sys.platform == "linux":
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.fixture(params=["/dev/shm", "/"])
def volume(request, tmp_path) -> Iterator[Path]:
    """A folder in memory, on another volume than that of the root, where there is one; and one on disk."""
    memory = Path(request.param)
    with tempfile.TemporaryDirectory(dir=memory if memory != Path("/") and memory.is_dir() else tmp_path) as folder:
        yield Path(folder)


async def test_the_room_is_that_of_the_volume_of_the_folder(volume, come):
    storage = await come(volume / "data")
    whole = os.statvfs(volume)

    assert abs(storage.assets.room() - whole.f_bavail * whole.f_frsize) < 256 * MIB
    await storage.close()


async def finished(storage: Storage, tmp_path: Path, job) -> tuple[str, ...]:
    """The ids of the assets the job ends with."""
    held_job = replace(await held(storage, job), state=State.STORING)
    assets = [await store(storage, tmp_path) for _ in range(3)]
    ids = tuple(asset.id for asset in assets)
    await storage.jobs.finish(held_job.to(State.SUCCEEDED, result=Result(*ids, 4.0, 1280, 720)), attempt=None, assets=assets)
    return ids


async def test_the_bytes_of_a_deleted_job_go_and_nobody_else_s(storage, folder, tmp_path):
    reference = await store(storage, tmp_path)
    await storage.assets.add(reference)
    job, other = a_job(create(reference=reference.id)), a_job()
    results, kept = await finished(storage, tmp_path, job), await finished(storage, tmp_path, other)

    assert await storage.jobs.purge() == []
    await storage.jobs.delete("default", job.id)
    gone = await storage.jobs.purge()
    await storage.assets.delete(gone)

    assert sorted(gone) == sorted([*results, reference.id])
    assert files(folder) == sorted(kept)
    assert await storage.jobs.purge() == []
    assert (await storage.jobs.any(job.id)).result is not None


async def test_a_queued_follow_up_keeps_its_source_until_it_ends(storage, tmp_path):
    first = a_job()
    results = await finished(storage, tmp_path, first)
    follow_up = await held(storage, a_job(extend(results[0], video=first.id)))
    await storage.jobs.delete("default", first.id)

    assert sorted(await storage.jobs.purge()) == sorted(results[1:])
    await storage.jobs.save(follow_up.to(State.FAILED))
    assert await storage.jobs.purge() == [results[0]]


async def test_deleting_a_follow_up_leaves_the_video_it_started_from(storage, tmp_path):
    first = a_job()
    results = await finished(storage, tmp_path, first)
    follow_up = a_job(extend(results[0], video=first.id))
    own = await finished(storage, tmp_path, follow_up)
    await storage.jobs.delete("default", follow_up.id)

    assert sorted(await storage.jobs.purge()) == sorted(own)
    assert await storage.assets.get(results[0]) is not None


async def test_an_uploaded_source_goes_with_its_job(storage, tmp_path):
    upload = await store(storage, tmp_path)
    await storage.assets.add(upload)
    job = a_job(extend(upload.id, video=None), state=State.FAILED)
    await storage.jobs.add(job)
    await storage.jobs.delete("default", job.id)

    assert await storage.jobs.purge() == [upload.id]


async def test_a_source_in_its_new_form_belongs_to_the_job_too(storage, folder, tmp_path, come):
    upload, clean = [await store(storage, tmp_path) for _ in range(2)]
    for asset in (upload, clean):
        await storage.assets.add(asset)
    job = await held(storage, a_job(extend(upload.id, video=None)))
    await storage.jobs.save(replace(job, operation=extend(clean.id, video=None)).to(State.FAILED))
    await storage.close()

    again = await come()
    assert files(folder) == sorted([upload.id, clean.id])
    await again.jobs.delete("default", job.id)
    assert sorted(await again.jobs.purge()) == sorted([upload.id, clean.id])
    await again.close()


async def test_a_deleted_job_that_still_runs_keeps_its_bytes(storage, tmp_path):
    reference = await store(storage, tmp_path)
    await storage.assets.add(reference)
    job = await held(storage, a_job(create(reference=reference.id), state=State.RUNNING))
    await storage.jobs.delete("default", job.id)

    assert await storage.jobs.purge() == []
    await storage.jobs.save(job.to(State.CANCELLED))
    assert await storage.jobs.purge() == [reference.id]


async def test_a_deleted_character_s_bytes_wait_for_the_jobs_that_play_it(storage, tmp_path):
    source, clip = [await store(storage, tmp_path) for _ in range(2)]
    await storage.assets.add(source)
    character = a_character(assets={"source-0": source.id})
    await storage.characters.add(character)
    [claimed] = await storage.characters.claim(limit=1, lease=30)
    await storage.characters.save(replace(claimed, state=CharacterState.READY, assets={**claimed.assets, "video": clip.id}), assets=[clip])
    running = await held(storage, a_job(create(character.id), state=State.RUNNING))
    await storage.characters.delete("default", character.id)

    assert await storage.jobs.purge() == []
    await storage.jobs.save(running.to(State.FAILED))
    assert sorted(await storage.jobs.purge()) == sorted([source.id, clip.id])


async def test_an_asset_that_found_no_owner_goes_when_its_process_leaves(folder, tmp_path, come):
    storage = await come()
    blob, row, owned = [await store(storage, tmp_path) for _ in range(3)]
    await storage.assets.add(row)
    await storage.assets.add(owned)
    await storage.jobs.add(a_job(create(reference=owned.id)))
    await storage.close()

    again = await come()
    assert files(folder) == [owned.id]
    assert [await again.assets.get(asset.id) for asset in (blob, row, owned)] == [None, None, owned]
    await again.close()


async def test_an_asset_on_its_way_is_left_alone_by_the_others(storage, folder, tmp_path, come):
    asset = await store(storage, tmp_path)
    other = await come()
    await store(other, tmp_path)
    await other.close()

    assert files(folder) == [asset.id]
