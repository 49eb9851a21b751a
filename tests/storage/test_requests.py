"""How a request that comes again is known, over real rows and a clock of the test's own."""

from datetime import timedelta

import pytest

from castlist.errors import Conflict
from castlist.model.repeats import Mark
from storage.samples import a_job

pytestmark = pytest.mark.anyio

PLAIN = Mark("default", "digest")
KEYED = Mark("default", "digest", key="hash of a key")
AGAIN = Mark("default", "digest", again=True)


async def add(storage, mark):
    job = a_job()
    return job.id if await storage.jobs.add(job, mark=mark) else None


async def test_a_key_stands_for_its_first_request_for_a_day(storage, watch):
    first = await add(storage, KEYED)

    watch.now += timedelta(hours=23, minutes=59)
    assert await storage.requests.first(KEYED) == first
    assert await add(storage, KEYED) is None

    watch.now += timedelta(minutes=2)
    assert await storage.requests.first(KEYED) is None
    assert await add(storage, KEYED) is not None


async def test_a_key_with_another_request_is_a_conflict_and_adds_nothing(storage):
    first = await add(storage, KEYED)
    other = Mark("default", "other digest", key=KEYED.key)

    with pytest.raises(Conflict, match=first) as refused:
        await storage.requests.first(other)
    with pytest.raises(Conflict):
        await add(storage, other)

    assert refused.value.code == "idempotency_key_reused"
    assert await storage.jobs.unfinished() == 1


async def test_a_key_means_nothing_in_another_project(storage):
    await add(storage, KEYED)

    assert await storage.requests.first(Mark("other", "digest", key=KEYED.key)) is None


async def test_equal_requests_are_two_unless_one_says_that_it_comes_again(storage, watch):
    first = await add(storage, PLAIN)
    watch.advance(1)
    second = await add(storage, PLAIN)

    assert first != second
    assert await storage.requests.first(PLAIN) is None
    assert [await storage.requests.first(AGAIN) for _ in range(3)] == [first, second, first]


async def test_a_second_try_that_was_added_first_makes_no_other_one(storage, watch):
    arrived = watch.now
    watch.advance(1)
    retry = await add(storage, AGAIN)

    assert retry is not None
    assert await add(storage, Mark("default", "digest", lost_since=arrived)) is None
    assert await add(storage, AGAIN) is None
    assert await add(storage, Mark("default", "digest", lost_since=watch.now + timedelta(seconds=1))) is not None
    assert await add(storage, PLAIN) is not None


@pytest.mark.parametrize("comes", ["again", "after a broken line"])
async def test_a_deleted_video_stands_for_no_request_that_comes_again(storage, comes):
    deleted = await add(storage, PLAIN)
    mark = AGAIN if comes == "again" else PLAIN
    await storage.requests.lose(deleted)
    await storage.jobs.delete("default", deleted)

    assert await storage.requests.first(mark) is None
    kept = await add(storage, mark)
    assert kept is not None
    assert await storage.requests.first(AGAIN) == kept


async def test_one_that_says_so_after_an_hour_is_a_new_one(storage, watch):
    await add(storage, PLAIN)
    watch.now += timedelta(minutes=61)

    assert await storage.requests.first(AGAIN) is None


async def test_a_broken_line_is_healed_by_one_equal_request_within_ten_minutes(storage, watch):
    await add(storage, PLAIN)
    lost = await add(storage, PLAIN)
    await storage.requests.lose(lost)

    watch.now += timedelta(minutes=9)
    assert await storage.requests.first(Mark("default", "other digest")) is None
    assert await storage.requests.first(PLAIN) == lost
    assert await storage.requests.first(PLAIN) is None

    await storage.requests.lose(lost)
    watch.now += timedelta(minutes=11)
    assert await storage.requests.first(PLAIN) is None


async def test_a_request_under_a_key_is_not_given_to_those_without(storage):
    keyed = await add(storage, KEYED)
    await storage.requests.lose(keyed)

    assert await storage.requests.first(PLAIN) is None
    assert await storage.requests.first(AGAIN) is None


async def test_what_is_a_day_old_is_forgotten(storage, watch):
    await add(storage, PLAIN)
    watch.now += timedelta(hours=25)
    kept = await add(storage, PLAIN)

    await storage.jobs.purge()

    rows = await storage.write(lambda connection: connection.execute("SELECT owner FROM requests").fetchall())
    assert [row[0] for row in rows] == [kept]
