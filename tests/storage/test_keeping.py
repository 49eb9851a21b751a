"""What is kept is counted, kept until its day, and what nobody has is found."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from castlist.errors import Conflict
from castlist.model.jobs import Result, State
from castlist.model.places import Folder
from castlist.storage import Storage
from storage.samples import a_job, create, extend, held, store

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)


async def finished(storage: Storage, tmp_path: Path, job) -> list[str]:
    assets = [await store(storage, tmp_path) for _ in range(3)]
    ids = [asset.id for asset in assets]
    busy = replace(await held(storage, job), state=State.STORING)
    await storage.jobs.finish(busy.to(State.SUCCEEDED, result=Result(*ids, 4.0, 1280, 720)), attempt=None, assets=assets)
    return ids


async def test_result_files_go_on_their_day_and_the_video_stays(storage, tmp_path, watch):
    job, lasting = a_job(expires_at=watch.now + 7 * DAY), a_job()
    files, kept = await finished(storage, tmp_path, job), await finished(storage, tmp_path, lasting)

    watch.advance(7 * 86_400 - 1)
    assert await storage.jobs.purge() == []
    watch.advance(1)
    assert sorted(await storage.jobs.purge()) == sorted(files)

    assert await storage.jobs.purge() == []
    assert [await storage.assets.get(id) is None for id in (*files, *kept)] == [True] * 3 + [False] * 3
    assert (await storage.jobs.get("default", job.id)).state is State.SUCCEEDED


async def test_a_file_that_an_unfinished_video_starts_from_is_kept_until_that_one_ends(storage, tmp_path, watch):
    first = a_job(expires_at=watch.now + DAY)
    files = await finished(storage, tmp_path, first)
    follow_up = await held(storage, a_job(extend(files[0], video=first.id)))
    watch.advance(86_400)

    assert sorted(await storage.jobs.purge()) == sorted(files[1:])
    await storage.jobs.save(follow_up.to(State.FAILED))
    assert await storage.jobs.purge() == [files[0]]


async def test_what_is_kept_is_counted_by_project_and_kind(storage, tmp_path):
    reference = await store(storage, tmp_path, content=b"four")
    await storage.assets.add(reference)
    await storage.jobs.add(a_job(create(reference=reference.id), project="default"))
    await finished(storage, tmp_path, a_job())

    found = {(each.project, each.kind): (each.files, each.bytes) for each in await storage.keeping.usage()}

    assert found == {("default", "reference"): (1, 4), ("default", "result"): (3, 15)}


async def test_a_sweep_removes_what_nobody_has_and_names_what_is_gone(storage, folder, tmp_path, watch):
    loose, unowned, gone = [await store(storage, tmp_path) for _ in range(3)]
    await storage.assets.add(unowned)
    kept = await finished(storage, tmp_path, a_job(create(reference=None)))
    for asset in (gone,):
        await storage.assets.add(asset)
        await storage.jobs.add(a_job(create(reference=asset.id)))
        (folder / "assets" / asset.id[-2:] / asset.id).unlink()
    for path in (folder / "assets").rglob("asset_*"):
        os.utime(path, (0, 0))
    watch.advance(2 * 86_400)

    seen = await storage.keeping.sweep(grace=DAY, remove=False)
    done = await storage.keeping.sweep(grace=DAY, remove=True)

    assert seen == done
    assert (done.blobs, done.bytes, done.rows, done.missing) == (2, 10, 1, (gone.id,))
    left = sorted(path.name for path in (folder / "assets").rglob("asset_*"))
    assert left == sorted(kept)
    assert await storage.assets.get(unowned.id) is None
    assert loose.id not in left


async def old_files(storage: Storage, tmp_path: Path, place: Path) -> list[str]:
    asset = await store(storage, tmp_path)
    await storage.assets.add(asset)
    await storage.jobs.add(a_job(create(reference=asset.id)))
    return age(place)


def age(place: Path) -> list[str]:
    files = list(place.rglob("asset_*"))
    for path in files:
        os.utime(path, (0, 0))
    return sorted(path.name for path in files)


async def test_a_sweep_with_the_wrong_database_removes_nothing(come, folder, tmp_path, watch):
    place = tmp_path / "mounted"
    right = await come(folder, Folder(place))
    kept = await old_files(right, tmp_path, place)
    await right.close()
    wrong = await Storage.open(tmp_path / "other", clock=watch, place=Folder(place))
    (name,) = [path.name for path in (place / "castlist.databases").iterdir()]

    with pytest.raises(Conflict, match=rf"files of another database \({name}\) lie in .*mounted too, so nothing was removed"):
        await wrong.keeping.sweep(grace=DAY, remove=True)
    assert sorted(path.name for path in place.rglob("asset_*")) == kept

    assert (await wrong.keeping.sweep(grace=DAY, remove=True, adopt=name)).blobs == 1
    assert (await wrong.keeping.sweep(grace=DAY, remove=True)).blobs == 0
    await wrong.close()


@pytest.mark.parametrize(("remove", "stranger"), [(False, False), (True, True)])
async def test_a_sweep_that_removes_nothing_adopts_nothing(come, folder, tmp_path, watch, remove, stranger):
    place = tmp_path / "mounted"
    gone = await come(folder, Folder(place))
    await old_files(gone, tmp_path, place)
    await gone.close()
    (name,) = [path.name for path in (place / "castlist.databases").iterdir()]
    if stranger:
        (place / "castlist.databases" / "somebody-else").mkdir()
    ours = await Storage.open(tmp_path / "other", clock=watch, place=Folder(place))

    if stranger:
        with pytest.raises(Conflict, match=r"another database \(somebody-else\)"):
            await ours.keeping.sweep(grace=DAY, remove=remove, adopt=name)
    else:
        assert (await ours.keeping.sweep(grace=DAY, remove=remove, adopt=name)).blobs == 1

    with pytest.raises(Conflict, match=name):
        await ours.keeping.sweep(grace=DAY, remove=True)
    await ours.close()


async def test_two_databases_that_store_in_one_place_remove_nothing_of_each_other_s(come, folder, tmp_path, watch):
    place = tmp_path / "mounted"
    one, two = await come(folder, Folder(place)), await Storage.open(tmp_path / "other", clock=watch, place=Folder(place))
    for storage in (one, two):
        kept = await old_files(storage, tmp_path, place)
    for storage in (one, two):
        with pytest.raises(Conflict, match="files of another database"):
            await storage.keeping.sweep(grace=DAY, remove=True)
        await storage.close()

    assert sorted(path.name for path in place.rglob("asset_*")) == kept
    assert len(kept) == 2


async def test_files_from_before_databases_had_names_are_not_swept_by_one_that_knows_none(storage, folder, tmp_path):
    await store(storage, tmp_path)
    [signer] = (folder / "assets" / "castlist.databases").iterdir()
    signer.rmdir()

    with pytest.raises(Conflict, match=r"1 files lie in .*assets and this database knows of none"):
        await storage.keeping.sweep(grace=DAY, remove=True)


async def test_a_sweep_leaves_what_is_young(storage, tmp_path):
    await store(storage, tmp_path)

    found = await storage.keeping.sweep(grace=DAY, remove=True)

    assert (found.blobs, found.rows) == (0, 0)
