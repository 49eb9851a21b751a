"""Writes are grouped and on disk when they are answered; reads see whole transactions."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from castlist.errors import StorageFull, Unavailable
from castlist.storage.sqlite import SqliteDatabase, explain
from storage.samples import a_job

pytestmark = pytest.mark.anyio


@pytest.fixture
def database(tmp_path):
    found = SqliteDatabase(tmp_path / "one.db")
    found.write_now(lambda connection: connection.execute("CREATE TABLE counts (name TEXT PRIMARY KEY, value INTEGER, pad BLOB)").rowcount)
    found.write_now(lambda connection: connection.execute("INSERT INTO counts VALUES ('a', 0, ''), ('b', 0, '')").rowcount)
    yield found
    found.close()


def add_one(connection: sqlite3.Connection) -> int:
    return connection.execute("UPDATE counts SET value = value + 1 WHERE name = 'a' RETURNING value").fetchone()[0]


async def test_writes_that_come_together_share_a_commit(database):
    before = database.commits

    results = await asyncio.gather(*(database.write(add_one) for _ in range(200)))

    assert sorted(results) == list(range(1, 201))
    assert database.commits - before <= 20
    assert await database.row("SELECT value FROM counts WHERE name = 'a'") == (200,)


async def test_a_write_that_fails_takes_nothing_else_of_its_group_with_it(database):
    def break_off(connection: sqlite3.Connection) -> None:
        add_one(connection)
        raise LookupError("no")

    results = await asyncio.gather(*(database.write(break_off if i % 3 else add_one) for i in range(30)), return_exceptions=True)

    assert sum(isinstance(result, LookupError) for result in results) == 20
    assert await database.row("SELECT value FROM counts WHERE name = 'a'") == (10,)


async def test_a_write_is_visible_as_soon_as_it_is_answered(database):
    for expected in range(1, 50):
        await database.write(add_one)

        assert await database.row("SELECT value FROM counts WHERE name = 'a'") == (expected,)


async def test_a_read_never_sees_half_a_transaction(database):
    def move(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE counts SET value = value - 1 WHERE name = 'a'")
        connection.execute("UPDATE counts SET value = value + 1 WHERE name = 'b'")

    writes = [asyncio.ensure_future(database.write(move)) for _ in range(300)]
    sums = set()
    while not all(write.done() for write in writes):
        sums.add(await database.row("SELECT sum(value) FROM counts"))
        await asyncio.sleep(0)

    assert sums == {(0,)}
    assert await database.row("SELECT value FROM counts WHERE name = 'b'") == (300,)


async def test_the_version_changes_with_a_commit_and_only_then(database):
    first = database.version()
    second = database.version()
    await database.write(add_one)

    assert first == second != database.version()


async def test_a_cancelled_wait_does_not_hurt_the_group(database):
    writes = [asyncio.ensure_future(database.write(add_one)) for _ in range(10)]
    await asyncio.sleep(0)
    writes[3].cancel()
    await asyncio.gather(*writes, return_exceptions=True)

    assert await database.write(add_one) in (10, 11)


async def test_a_full_disk_is_said_and_undoes_only_what_did_not_fit(database):
    pages = (await database.row("PRAGMA page_count"))[0]
    await database.write(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages + 3}").fetchone())

    def fill(connection: sqlite3.Connection) -> None:
        add_one(connection)
        connection.execute("INSERT INTO counts VALUES ('big', 0, zeroblob(1000000))")

    results = await asyncio.gather(database.write(add_one), database.write(fill), return_exceptions=True)

    assert isinstance(results[1], StorageFull)
    assert results[1].status == 503
    stored = (await database.row("SELECT value FROM counts WHERE name = 'a'"))[0]
    assert stored == (0 if isinstance(results[0], StorageFull) else 1)
    assert await database.write(add_one) == stored + 1
    assert await database.row("SELECT count(*) FROM counts WHERE name = 'big'") == (0,)
    assert await database.row("PRAGMA integrity_check") == ("ok",)


async def test_the_reading_connection_cannot_write(database):
    with pytest.raises(Unavailable, match="readonly"):
        await database.rows("UPDATE counts SET value = 9")


async def test_writes_asked_for_before_the_close_are_kept_and_later_ones_refused(come):
    storage = await come()
    jobs = [a_job() for _ in range(20)]
    writes = [asyncio.ensure_future(storage.jobs.add(job)) for job in jobs]
    await asyncio.sleep(0)
    await storage.close()
    await asyncio.gather(*writes)

    with pytest.raises(Unavailable, match="closed"):
        await storage.jobs.add(a_job())
    again = await come()
    assert await again.jobs.unfinished() == 20
    await again.close()


def test_a_file_that_cannot_be_opened_or_written_is_said_as_ours(tmp_path):
    path = tmp_path / "one.db"
    sqlite3.connect(path).execute("CREATE TABLE counts (value INTEGER)").connection.close()
    with pytest.raises(sqlite3.Error) as missing:
        sqlite3.connect(tmp_path / "nowhere" / "one.db")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as guarding, pytest.raises(sqlite3.Error) as guarded:
        guarding.execute("INSERT INTO counts VALUES (1)")

    assert [type(explain(error.value)) for error in (missing, guarded)] == [Unavailable, Unavailable]
