"""Looking at a database, upgrading it, and moving a file's rows to PostgreSQL."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import traceback
from contextlib import closing
from dataclasses import replace

import psycopg
import pytest

from buckets import server
from castlist.errors import Conflict, NotFound, Unavailable
from castlist.model.jobs import State
from castlist.model.telling import Wanted
from castlist.storage import Storage, schema, upkeep
from castlist.storage.blobs import FolderBlobs
from storage.samples import a_character, a_job, an_attempt, create, held, store, wall

pytestmark = pytest.mark.anyio


@pytest.fixture
def url(postgres):
    with postgres.database() as found:
        yield found


async def fill(folder, tmp_path) -> tuple[list[str], str]:
    """A file with a little of everything."""
    storage = await Storage.open(folder)
    character = a_character(at=wall())
    asset = await store(storage, tmp_path)
    await storage.assets.add(asset)
    await storage.characters.add(character)
    jobs = [a_job(create(character.id, reference=asset.id), at=wall()) for _ in range(30)]
    for job in jobs:
        await storage.jobs.add(job)
    await storage.jobs.claim(deployments=["d1"], limit=1, lease=60)
    await storage.jobs.open_attempt(jobs[0], an_attempt(jobs[0]))
    await storage.close()
    return [job.id for job in jobs], character.id


def test_a_database_that_is_not_there_yet_lacks_everything_and_an_upgrade_makes_it(tmp_path, url):
    for place in (None, url):
        before = upkeep.look(tmp_path / "data", place)
        assert (before.schema, before.pending, before.rows) == (None, schema.REVISIONS, {})

        upkeep.upgrade(tmp_path / "data", place)
        after = upkeep.look(tmp_path / "data", place)

        assert (after.schema, after.pending, set(after.rows.values())) == (schema.HEAD, (), {0})


async def test_every_row_is_copied_once_however_often_it_is_run(tmp_path, url):
    jobs, character = await fill(tmp_path / "data", tmp_path)

    first = {each.table: (each.rows, each.there) for each in upkeep.copy(tmp_path / "data", url).tables}
    again = {each.table: (each.rows, each.there) for each in upkeep.copy(tmp_path / "data", url).tables}

    assert (first["jobs"], first["characters"], first["attempts"], first["asset_uses"]) == ((30, 0), (1, 0), (1, 0), (30, 0))
    assert (again["jobs"], again["attempts"]) == ((30, 30), (1, 1))
    storage = await Storage.open(tmp_path / "data", database_url=url)
    page = await storage.jobs.page("default", after=None, limit=100, order="asc", states=None, character=character)
    assert sorted(job.id for job in page.items) == sorted(jobs)
    assert len(await storage.jobs.attempts(jobs[0])) == 1
    assert len(await storage.jobs.claim(deployments=["d1"], limit=100, lease=60)) == 30
    await storage.close()


async def test_a_file_that_was_copied_is_not_worked_on_by_who_forgets_the_address(tmp_path, url):
    folder = tmp_path / "data"
    await fill(folder, tmp_path)
    upkeep.copy(folder, url)

    with pytest.raises(Unavailable, match=r"the rows of .*castlist.db were copied to a PostgreSQL.*: set CASTLIST_DATABASE_URL"):
        await Storage.open(folder)

    upkeep.copy(folder, url)
    with closing(sqlite3.connect(folder / "castlist.db")) as file, file:
        file.execute("PRAGMA user_version = 0")
    await (await Storage.open(folder)).close()


async def with_webhooks(storage) -> str:
    """An endpoint of the configuration, a secret of the project, and a finished video of which it is told."""
    await storage.outbox.register([Wanted("default", "https://told.example/hook")])
    await storage.secrets.ensure("default", lambda: f"sealed of {storage.folder.name}", sealed_by="key")
    job = replace(await held(storage, a_job(at=wall())), completed_at=wall())
    await storage.jobs.finish(job.to(State.CANCELLED), attempt=None, assets=())
    return job.id


async def test_a_gateway_that_was_started_on_the_database_before_is_in_the_way_of_nothing(tmp_path, url):
    """With `webhooks:` in the file both have the endpoint and a secret, each under an id of its own."""
    old = await Storage.open(tmp_path / "data")
    told = [await with_webhooks(old)]
    await old.close()
    new = await Storage.open(tmp_path / "other", database_url=url)
    told.append(await with_webhooks(new))
    [here] = await new.outbox.endpoints("default")

    for _ in range(2):
        upkeep.copy(tmp_path / "data", url)

    page = await new.outbox.page("default", after=None, limit=10, order="asc", state=None, video=None)
    assert sorted((each.video, each.endpoint) for each in page.items) == sorted((video, here.id) for video in told)
    assert [endpoint.id for endpoint in await new.outbox.endpoints("default")] == [here.id]
    signing = await new.secrets.signing("default")
    assert sorted((each.sealed, each.old_until is None) for each in signing) == [("sealed of data", False), ("sealed of other", True)]
    await new.close()


async def test_what_has_gone_on_in_the_database_is_not_overwritten(tmp_path, url):
    jobs, _ = await fill(tmp_path / "data", tmp_path)
    upkeep.copy(tmp_path / "data", url)
    storage = await Storage.open(tmp_path / "other", database_url=url)
    await storage.jobs.request_cancel("default", jobs[1])
    await storage.close()

    upkeep.copy(tmp_path / "data", url)

    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT state FROM castlist.jobs WHERE id = %s", (jobs[1],)).fetchone() == ("cancelled",)


async def test_a_copy_that_breaks_off_leaves_nothing(tmp_path, url):
    await fill(tmp_path / "data", tmp_path)
    with closing(sqlite3.connect(tmp_path / "data" / "castlist.db")) as file, file:
        file.execute("UPDATE jobs SET created_at = 'never' WHERE id = (SELECT max(id) FROM jobs)")

    with pytest.raises(Unavailable, match="does not take it: invalid input syntax"):
        upkeep.copy(tmp_path / "data", url)

    assert set(upkeep.look(tmp_path, url).rows.values()) == {0}


async def test_a_folder_in_use_is_not_copied_nor_one_that_is_none(tmp_path, url):
    storage = await Storage.open(tmp_path / "data")
    with pytest.raises(Conflict, match=r"a process works on .*data: stop it"):
        upkeep.copy(tmp_path / "data", url)
    await storage.close()

    with pytest.raises(NotFound, match="is no data directory"):
        upkeep.copy(tmp_path / "nothing", url)


async def fill_files(folder, tmp_path, count=3, length=1000):
    """A data folder with files that videos have; their contents by asset."""
    storage = await Storage.open(folder)
    contents = {}
    for number in range(count):
        asset = await store(storage, tmp_path, content=bytes([number]) * length)
        await storage.assets.add(asset)
        await storage.jobs.add(a_job(create(reference=asset.id), at=wall()))
        contents[asset.id] = bytes([number]) * length
    await storage.close()
    return contents


async def read_all(folder, url, place, ids):
    storage = await Storage.open(folder, database_url=url, place=place)
    try:
        return {id: await storage.assets.read(id) for id in ids}
    finally:
        await storage.close()


async def test_files_go_to_the_bucket_once_and_what_is_lost_is_named(tmp_path, url, s3):
    place, folder = s3.bucket(), tmp_path / "data"
    contents = await fill_files(folder, tmp_path, count=5)
    gone, spoilt, *whole = contents
    blobs = FolderBlobs(folder / "assets")
    blobs.path(gone).unlink()
    blobs.path(spoilt).write_bytes(b"something else")

    first, again = (upkeep.copy(folder, url, place=place).files for _ in range(2))

    assert (first.place, first.files, first.there, set(first.lost)) == (str(place), 5, 0, {gone, spoilt})
    assert (again.there, set(again.lost)) == (3, {gone, spoilt})
    assert s3.files(place) == sorted(whole)
    assert await read_all(tmp_path / "elsewhere", url, place, whole) == {id: contents[id] for id in whole}


async def test_a_bucket_that_is_away_leaves_the_folder_as_it_was(tmp_path, url):
    folder = tmp_path / "data"
    await fill_files(folder, tmp_path)
    with server() as away:
        place = away.bucket()
        away.stop()
        with pytest.raises(Unavailable, match="cannot be reached"):
            upkeep.copy(folder, url, place=place)

    assert set(upkeep.look(tmp_path, url).rows.values()) == {0}
    await (await Storage.open(folder)).close()


async def test_a_copy_that_is_killed_among_the_files_goes_on_where_it_was(tmp_path, url, s3):
    place, folder = s3.bucket(), tmp_path / "data"
    contents = await fill_files(folder, tmp_path, count=60, length=2 << 20)
    more = {**s3.environ, "CASTLIST_ASSETS": str(place)}

    with start(tmp_path, url, "copy", **more) as copying:
        while len(s3.files(place)) < 5 and copying.poll() is None:
            await asyncio.sleep(0.01)
        copying.kill()
    arrived = len(s3.files(place))
    nothing = upkeep.look(folder, url).rows
    done = run(tmp_path, url, "copy", "--json", **more)
    files = json.loads(done.stdout)["files"]

    assert 5 <= arrived < 60
    assert set(nothing.values()) in ({0}, set())
    assert (done.returncode, files["files"], files["lost"]) == (0, 60, []), done.stderr
    assert arrived - 4 <= files["there"] < 60
    assert len(s3.files(place)) == 60
    few = list(contents)[::15]
    assert await read_all(tmp_path / "elsewhere", url, place, few) == {id: contents[id] for id in few}
    assert upkeep.look(folder, url).rows["assets"] == 60


def test_a_database_that_cannot_be_reached_is_said_without_its_password(tmp_path):
    with pytest.raises(Unavailable, match="the database cannot be opened") as refusal:
        upkeep.look(tmp_path, "postgresql://me:hunter2@127.0.0.1:1/x")

    assert "hunter2" not in refusal.value.message


def start(tmp_path, url, *words, **more) -> subprocess.Popen[str]:
    environ = {**os.environ, "CASTLIST_DATABASE_URL": url, "CASTLIST_DATA": str(tmp_path / "data"), **more}
    command = [sys.executable, "-m", "castlist.cli", "db", *words]
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("password", ["SeCrEt%zz", "SeCrEt with a space", "x/SeCrEt", "x@SeCrEt", "SeCrEt/x", "SeCrEt@x"])
def test_a_password_that_makes_the_address_unreadable_is_not_said(tmp_path, password):
    for ask in (upkeep.look, upkeep.upgrade):
        with pytest.raises(Unavailable, match="percent-encoded") as refusal:
            ask(tmp_path, f"postgresql://me:{password}@127.0.0.1:1/x")

        assert "SeCrEt" not in "".join(traceback.format_exception(refusal.value))


def run(tmp_path, url, *words, **more) -> subprocess.CompletedProcess[str]:
    with start(tmp_path, url, *words, **more) as running:
        out, said = running.communicate(timeout=120)
    return subprocess.CompletedProcess(words, running.returncode, out, said)


async def test_the_command_says_what_is_lacking_upgrades_and_copies(tmp_path, url):
    await fill(tmp_path / "data", tmp_path)

    before = run(tmp_path, url, "check")
    upgraded = run(tmp_path, url, "upgrade")
    copied = run(tmp_path, url, "copy", "--json")
    after = run(tmp_path, url, "check", "--json")

    assert (before.returncode, upgraded.returncode, copied.returncode, after.returncode) == (1, 0, 0, 0), copied.stderr
    assert schema.HEAD in before.stdout
    assert f"has schema {schema.HEAD}" in upgraded.stdout
    assert {"table": "jobs", "rows": 30, "there": 0} in json.loads(copied.stdout)["tables"]
    assert json.loads(after.stdout)["rows"]["jobs"] == 30


def test_the_command_says_that_a_database_is_of_a_newer_version(tmp_path, url):
    upkeep.upgrade(tmp_path / "data", url)
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE castlist.alembic_version SET version_num = '9999_later'")

    found = run(tmp_path, url, "check")

    assert found.returncode == 1
    assert "9999_later" in found.stdout
    assert "it is of a newer version" in found.stdout
