"""Several real processes on one data directory: nothing is lost, nothing is done twice, and a killed one leaves nothing behind."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from castlist.model.places import Folder
from castlist.storage import Storage
from storage.samples import a_character, a_job, create, store, wall

pytestmark = pytest.mark.anyio
CHILD = Path(__file__).with_name("child.py")


@pytest.fixture
def watch():
    """Processes share the machine's clock."""
    return wall


@contextmanager
def child(mode: str, folder: Path, url: str | None, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, str(CHILD), mode, str(folder), url or "", *arguments], stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait(20)
        process.stdout.close()


def run_three(mode: str, folder: Path, url: str | None, *arguments: str) -> list[list[str]]:
    ask = (mode, folder, url, *arguments)
    with child(*ask) as a, child(*ask) as b, child(*ask) as c:
        printed = [process.communicate(timeout=90)[0].split() for process in (a, b, c)]
        assert [process.returncode for process in (a, b, c)] == [0, 0, 0]
    return printed


async def test_three_processes_raise_one_counter_and_lose_nothing(storage, folder, database_url):
    await storage.jobs.add(a_job(id="counter"))

    run_three("count", folder, database_url, "200")

    job = await storage.jobs.get("default", "counter")
    assert (job.progress, job.revision) == (600, 600)


async def test_three_processes_claim_every_job_once(storage, folder, database_url):
    jobs = [a_job(at=wall()) for _ in range(90)]
    for job in jobs:
        await storage.jobs.add(job)

    claimed = [job for each in run_three("claim", folder, database_url) for job in each]

    assert sorted(claimed) == sorted(job.id for job in jobs)
    assert {(await storage.jobs.any(job.id)).progress for job in jobs} == {1}


async def test_three_processes_open_a_new_folder_at_once(tmp_path, come, database_url):
    folder = tmp_path / "new"

    added = [job for each in run_three("add", folder, database_url, "20") for job in each]

    storage = await come(folder)
    page = await storage.jobs.page("default", after=None, limit=100, order="asc", states=None, character=None)
    assert sorted(job.id for job in page.items) == sorted(added)
    assert len(added) == 60
    await storage.close()


async def test_what_another_process_stored_is_seen_at_once(storage, folder, database_url):
    version = storage.version()
    with child("add", folder, database_url, "3") as process:
        for line in process.stdout:
            assert await storage.jobs.seen("default", line.strip()) is not None

    assert storage.version() != version


async def test_a_killed_process_leaves_its_work_to_be_taken_over_and_nothing_on_disk(storage, folder, tmp_path, come, database_url):
    owned = await store(storage, tmp_path)
    await storage.assets.add(owned)
    jobs = [a_job(create(reference=owned.id), at=wall()), a_job(at=wall())]
    character = a_character(at=wall())
    for job in jobs:
        await storage.jobs.add(job)
    await storage.characters.add(character)
    with child("hang", folder, database_url) as process:
        taken, cast, holder = process.stdout.readline().split()
        assert (taken, cast) == ("2", "1")
        assert await storage.jobs.claim(deployments=[], limit=10, lease=60) == []
        assert (storage.holders.dead(), storage.holders.serving()) == ([], True)
        began = time.monotonic()

    assert [job.id for job in await storage.jobs.claim(deployments=[], limit=1, lease=0.001)] == [jobs[0].id]
    assert [found.id for found in await storage.characters.claim(limit=1, lease=0.001)] == [character.id]
    assert time.monotonic() - began < 5
    assert (storage.holders.dead(), storage.holders.serving()) == ([holder], False)

    await storage.close()
    again = await come()

    assert {job.id for job in await again.jobs.claim(deployments=[], limit=10, lease=60)} == {job.id for job in jobs}
    assert [found.id for found in await again.characters.claim(limit=10, lease=60)] == [character.id]
    assert [path.name for path in (folder / "assets").rglob("*") if path.is_file()] == [owned.id]
    assert [path.name for path in (folder / "scratch").iterdir()] == [again.holder]
    assert [path.name for path in (folder / "pending").iterdir()] == [again.holder]
    assert [path.stem for path in (folder / "holders").iterdir()] == [again.holder]
    assert await again.jobs.get("default", jobs[1].id) is not None
    await again.close()


async def test_what_was_answered_before_a_kill_is_there_after_it(tmp_path, come, database_url):
    folder = tmp_path / "data"
    with child("add", folder, database_url, "100000") as process:
        answered = [process.stdout.readline().strip() for _ in range(30)]

    storage = await come(folder)
    assert None not in [await storage.jobs.get("default", job) for job in answered]
    assert (await storage.jobs.seen("default", answered[0])).job.created_at <= wall()
    await storage.close()


async def test_leaving_removes_all_that_a_process_had(tmp_path, come, database_url):
    folder = tmp_path / "data"
    storage = await come(folder)
    (storage.scratch / "upload").write_bytes(b"x")
    await storage.close()

    rows = [] if database_url else ["castlist.db"]
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == [*rows, "lock"]


async def test_files_of_another_database_in_the_same_place_outlive_every_death(tmp_path, folder):
    """Whoever forgets the address of the database, or shares a folder of files, must lose no video."""
    place = Folder(tmp_path / "mounted")
    other = await Storage.open(tmp_path / "other", clock=wall, place=place)
    video = await store(other, tmp_path)
    await other.assets.add(video)
    await other.jobs.add(a_job(create(reference=video.id), at=wall()))
    (place.path / "notes.txt").write_text("somebody else's")
    with child("hang", folder, None) as process:
        process.stdout.readline()

    storage = await Storage.open(folder, clock=wall, place=place)
    assert storage.holders.dead() == []
    await store(storage, tmp_path)
    await storage.close()

    assert sorted(path.name for path in place.path.rglob("*") if path.is_file()) == sorted([video.id, "notes.txt"])
    await other.close()


async def test_what_a_process_of_the_shared_database_had_marked_is_left_to_those_of_that_database(folder, tmp_path, postgres):
    with postgres.database() as url:
        with child("hang", folder, url) as process:
            process.stdout.readline()
        marked = sorted(path.name for path in (folder / "pending").rglob("asset_*"))
        assert len(marked) == 2

        forgetful = await Storage.open(folder, clock=wall)
        await forgetful.close()
        assert sorted({path.name.partition("#")[0] for path in (folder / "assets").rglob("asset_*")}) == marked

        right = await Storage.open(folder, clock=wall, database_url=url)
        assert list((folder / "assets").rglob("asset_*")) == []
        await right.close()


@pytest.mark.parametrize("content", [b"", b"\0" * 128, b"\xff" * 128], ids=["empty", "zeros", "no text"])
async def test_a_lock_file_that_a_power_cut_emptied_keeps_nobody_from_starting(tmp_path, content):
    folder = tmp_path / "data"
    (folder / "holders").mkdir(parents=True)
    (folder / "holders" / "1-dead.lock").write_bytes(content)

    storage = await Storage.open(folder, clock=wall)
    left = storage.holders.dead(), storage.holders.serving()
    await storage.close()

    assert left == ([], False)
