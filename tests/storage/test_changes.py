"""Whoever waits for a job is woken by its next change, whichever process made it."""

import asyncio
import time

import pytest

from castlist.model.jobs import State
from castlist.storage.changes import Changes
from castlist.storage.sqlite import SqliteDatabase
from storage.samples import a_job, an_attempt, held

pytestmark = pytest.mark.anyio


async def test_a_waiter_wakes_at_the_change(storage):
    job = await held(storage, a_job())
    waiting = asyncio.ensure_future(storage.changes.wait(job.id, revision=0, timeout=20))
    await asyncio.sleep(0)
    began = time.monotonic()
    await storage.jobs.save(job.to(State.PREPARING))

    assert await waiting is True
    assert time.monotonic() - began < 0.3


async def test_a_change_that_was_there_before_is_not_waited_for(storage):
    job = await held(storage, a_job())
    await storage.jobs.save(job)

    assert await storage.changes.wait(job.id, revision=0, timeout=0) is True


async def test_no_change_is_false_after_the_time(storage):
    job = a_job()
    await storage.jobs.add(job)

    assert await storage.changes.wait(job.id, revision=0, timeout=0.05) is False
    assert await storage.changes.wait("video_unknown", revision=0, timeout=0.05) is False


async def test_another_job_wakes_nobody(storage):
    job, other = a_job(), await held(storage, a_job())
    await storage.jobs.add(job)
    waiting = asyncio.ensure_future(storage.changes.wait(job.id, revision=0, timeout=0.2))
    await asyncio.sleep(0)
    await storage.jobs.save(other)

    assert await waiting is False


async def test_a_change_through_another_process_s_connection_shows_within_a_third_of_a_second(storage, second):
    job = await held(storage, a_job())
    waiting = [asyncio.ensure_future(second.changes.wait(job.id, revision=0, timeout=20)) for _ in range(100)]
    for _ in range(3):  # the feed has looked once, and found nothing
        await asyncio.sleep(0)
    began = time.monotonic()
    await storage.jobs.save(job)

    assert await asyncio.gather(*waiting) == [True] * 100
    assert time.monotonic() - began < 0.4


async def test_a_saved_attempt_is_a_change(storage):
    job = await held(storage, a_job())
    attempt = an_attempt(job)
    await storage.jobs.open_attempt(job, attempt)
    revision = (await storage.jobs.any(job.id)).revision
    await storage.jobs.save_attempt(attempt)

    assert await storage.changes.wait(job.id, revision=revision, timeout=0) is True


async def test_closing_lets_the_waiters_go(come):
    storage = await come()
    job = a_job()
    await storage.jobs.add(job)
    waiting = asyncio.ensure_future(storage.changes.wait(job.id, revision=0, timeout=60))
    await asyncio.sleep(0)
    await storage.close()

    assert await waiting is False


async def test_a_commit_while_closing_is_looked_at_by_nobody(tmp_path):
    database = SqliteDatabase(tmp_path / "one.db")
    database.write_now(lambda connection: connection.execute("CREATE TABLE jobs (id TEXT, revision INTEGER)").rowcount)
    changes = Changes(database)
    waiting = asyncio.ensure_future(changes.wait("video_1", revision=0, timeout=60))
    await asyncio.sleep(0)
    changes.close()
    database.write_now(lambda connection: connection.execute("INSERT INTO jobs VALUES ('video_1', 1)").rowcount)
    database.close()

    assert await waiting is False
