"""Jobs as rows: read back as they were, one project apart from another, page by page."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from castlist.errors import NotFound
from castlist.model.jobs import AttemptState, Failure, State
from storage.samples import NOON, OPERATIONS, a_job, an_attempt, create, everything, extend, held

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.kind)
async def test_a_job_comes_back_as_it_was(storage, operation):
    job = a_job(operation)
    await storage.jobs.add(job)

    assert await storage.jobs.get("default", job.id) == job


async def test_every_field_of_a_job_is_kept(storage):
    job, _, _ = everything()
    await storage.jobs.add(job)

    assert await storage.jobs.any(job.id) == job
    assert await storage.jobs.get("default", job.id) is None  # it is marked deleted


async def test_another_project_s_job_reads_as_unknown(storage):
    job = a_job(project="theirs")
    await storage.jobs.add(job)

    assert await storage.jobs.get("default", job.id) is None
    assert await storage.jobs.seen("default", job.id) is None
    assert await storage.jobs.request_cancel("default", job.id) is None
    assert await storage.jobs.delete("default", job.id) is None
    assert await storage.jobs.any(job.id) == job


async def seen(storage, job, wanted):
    """Returns when that is so of what is seen; another process hears of a change a moment later."""
    async with asyncio.timeout(5):
        while not wanted(await storage.jobs.seen("default", job.id)):
            await asyncio.sleep(0.01)


async def test_what_is_seen_follows_every_change(storage, second):
    job = await held(storage, a_job())
    await seen(second, job, lambda found: found.job.state is State.QUEUED)

    attempt = an_attempt(job)
    await storage.jobs.open_attempt(job.to(State.SUBMITTING, attempt=attempt.id), attempt)
    await seen(second, job, lambda found: found.attempts == (attempt,))

    ticketed = replace(attempt, state=AttemptState.TICKETED, ticket={"id": "u1"})
    await storage.jobs.save_attempt(ticketed)
    await seen(second, job, lambda found: found.attempts == (ticketed,))
    assert await second.jobs.attempts(job.id) == (ticketed,)

    await storage.jobs.save_progress({job.id: 40})
    await seen(second, job, lambda found: found.job.progress == 40)

    await storage.jobs.delete("default", job.id)
    await seen(second, job, lambda found: found is None)


async def test_what_is_seen_is_read_once_while_it_does_not_change(storage):
    job = a_job()
    await storage.jobs.add(job)
    first = await storage.jobs.seen("default", job.id)
    await storage.jobs.add(a_job())

    assert await storage.jobs.seen("default", job.id) is first


async def test_attempts_come_oldest_first(storage):
    job = await held(storage, a_job())
    for number in (2, 1, 3):
        await storage.jobs.open_attempt(job, an_attempt(job, number))

    assert [attempt.number for attempt in await storage.jobs.attempts(job.id)] == [1, 2, 3]
    assert await storage.jobs.attempts("video_unknown") == ()


async def test_an_attempt_that_was_never_opened_cannot_be_saved(storage):
    with pytest.raises(NotFound, match="no attempt"):
        await storage.jobs.save_attempt(an_attempt(a_job()))


async def test_an_answer_that_comes_when_the_work_was_fetched_changes_nothing(storage):
    job = await held(storage, a_job())
    attempt = an_attempt(job)
    await storage.jobs.open_attempt(job.to(State.SUBMITTING, attempt=attempt.id), attempt)
    ticketed = replace(attempt, state=AttemptState.TICKETED, ticket={"id": "u1"})
    won = replace(ticketed, state=AttemptState.SUCCEEDED)
    assert await storage.jobs.finish(replace(job, state=State.SUCCEEDED), attempt=won, assets=())

    await storage.jobs.save_attempt(ticketed)

    assert await storage.jobs.attempts(job.id) == (won,)


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_pages_join_to_the_whole_in_order(storage, order):
    # Several made in the same microsecond, as jobs of one burst are.
    jobs = [a_job(at=NOON + timedelta(microseconds=i // 3)) for i in range(10)]
    await asyncio.gather(*(storage.jobs.add(job) for job in [*jobs, a_job(project="theirs")]))
    seen, after, more = [], None, True
    while more:
        page = await storage.jobs.page("default", after=after, limit=3, order=order, states=None, character=None)
        seen += [job.id for job in page.items]
        after, more = seen[-1], page.has_more

    expected = [job.id for job in sorted(jobs, key=lambda job: (job.created_at, job.id), reverse=order == "desc")]
    assert seen == expected


async def test_a_page_that_ends_exactly_has_no_more(storage):
    await asyncio.gather(*(storage.jobs.add(a_job()) for _ in range(3)))

    assert (await storage.jobs.page("default", after=None, limit=3, order="desc", states=None, character=None)).has_more is False
    assert (await storage.jobs.page("default", after=None, limit=2, order="desc", states=None, character=None)).has_more is True
    assert (await storage.jobs.page("nobody", after=None, limit=3, order="desc", states=None, character=None)).items == ()


async def test_a_page_filters_by_state_and_by_character(storage):
    plain, cast, ended = a_job(), a_job(create("char_1", "char_1")), a_job(create("char_1"), state=State.SUCCEEDED)
    for job in (plain, cast, ended):
        await storage.jobs.add(job)

    async def ids(**filters):
        page = await storage.jobs.page("default", after=None, limit=9, order="asc", **{"states": None, "character": None, **filters})
        return {job.id for job in page.items}

    assert await ids(character="char_1") == {cast.id, ended.id}
    assert await ids(states=frozenset({State.QUEUED})) == {plain.id, cast.id}
    assert await ids(states=frozenset({State.SUCCEEDED}), character="char_1") == {ended.id}
    assert await ids(states=frozenset()) == set()


async def test_a_cursor_nobody_gave_out_is_refused(storage):
    theirs = a_job(project="theirs")
    await storage.jobs.add(theirs)
    for after in ("video_unknown", theirs.id, "'; DROP TABLE jobs; --"):
        with pytest.raises(NotFound) as refusal:
            await storage.jobs.page("default", after=after, limit=3, order="desc", states=None, character=None)

        assert (refusal.value.code, refusal.value.param) == ("unknown_cursor", "after")


async def test_a_page_goes_on_after_a_job_that_was_deleted_meanwhile(storage):
    jobs = [a_job(at=NOON + timedelta(seconds=i)) for i in range(3)]
    for job in jobs:
        await storage.jobs.add(job)
    await storage.jobs.delete("default", jobs[1].id)

    page = await storage.jobs.page("default", after=jobs[1].id, limit=3, order="asc", states=None, character=None)

    assert [job.id for job in page.items] == [jobs[2].id]


async def test_a_cancel_is_due_at_once_and_asked_once(storage, watch):
    job = a_job(state=State.RUNNING, due_at=NOON + timedelta(hours=1))
    await storage.jobs.add(job)
    watch.advance(5)

    asked = await storage.jobs.request_cancel("default", job.id)

    assert (asked.cancel_requested, asked.due_at, asked.revision) == (True, watch.now, 1)
    assert await storage.jobs.request_cancel("default", job.id) == asked


@pytest.mark.parametrize("state", [State.QUEUED, State.PREPARING])
async def test_a_job_that_was_not_submitted_is_cancelled_at_once_whoever_has_it(storage, watch, state):
    job = await held(storage, a_job(state=state))
    watch.advance(5)

    ended = await storage.jobs.request_cancel("default", job.id)

    assert (ended.state, ended.error.code, ended.completed_at) == (State.CANCELLED, "cancelled", watch.now)
    assert await storage.jobs.save(job.to(State.PREPARING)) is False
    assert await storage.jobs.request_cancel("default", job.id) == ended


async def test_deleting_a_job_that_was_not_submitted_ends_it(storage):
    job = a_job()
    await storage.jobs.add(job)
    await storage.jobs.delete("default", job.id)

    assert (await storage.jobs.any(job.id)).state is State.CANCELLED
    assert await storage.jobs.unfinished() == 0


async def test_a_job_that_ended_is_not_cancelled(storage):
    job = a_job(state=State.SUCCEEDED)
    await storage.jobs.add(job)

    assert await storage.jobs.request_cancel("default", job.id) == job


async def test_deleting_hides_a_job_and_asks_for_its_end(storage):
    running, ended = a_job(state=State.RUNNING), a_job(state=State.SUCCEEDED)
    for job in (running, ended):
        await storage.jobs.add(job)

    assert (await storage.jobs.delete("default", running.id)).cancel_requested is True
    assert (await storage.jobs.delete("default", ended.id)).cancel_requested is False
    assert await storage.jobs.delete("default", ended.id) is None
    assert await storage.jobs.get("default", running.id) is None
    assert (await storage.jobs.page("default", after=None, limit=9, order="asc", states=None, character=None)).items == ()
    assert [job.id for job in await storage.jobs.claim(deployments=[], limit=9, lease=9)] == [running.id]


async def test_failing_queued_jobs_leaves_submitted_ones_alone(storage):
    queued, preparing, running = (a_job(create("char_1"), state=state) for state in (State.QUEUED, State.PREPARING, State.RUNNING))
    for job in (queued, preparing, running):
        await storage.jobs.add(job)
    assert sorted(await storage.jobs.queued_with_character("char_1")) == sorted([queued.id, preparing.id])

    await storage.jobs.fail_queued([queued.id, preparing.id, running.id, "video_unknown"], Failure("character_deleted", "gone"))

    failed = await storage.jobs.get("default", queued.id)
    assert (failed.state, failed.error.code, failed.completed_at) == (State.FAILED, "character_deleted", NOON)
    assert (await storage.jobs.get("default", preparing.id)).state is State.FAILED
    assert (await storage.jobs.get("default", running.id)).state is State.RUNNING


async def test_follow_ups_are_counted_until_they_end(storage):
    follow_up = await held(storage, a_job(extend("asset_1", video="video_1")))
    await storage.jobs.add(a_job(create(reference="asset_1")))

    assert await storage.jobs.followups("asset_1") == 1
    assert await storage.jobs.unfinished() == 2
    await storage.jobs.save(follow_up.to(State.FAILED))
    assert await storage.jobs.followups("asset_1") == 0
    assert await storage.jobs.unfinished() == 1


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize(
    "wanted",
    [
        {"states": frozenset({State.QUEUED, State.SUCCEEDED})},
        {"character": "char_1"},
        {"states": frozenset({State.QUEUED}), "character": "char_1"},
    ],
)
async def test_pages_of_a_filter_are_the_whole_in_its_order(storage, order, wanted):
    for number in range(12):
        states = (State.QUEUED, State.SUCCEEDED, State.FAILED)
        await storage.jobs.add(a_job(create("char_1") if number % 2 else create(), state=states[number % 3]))

    async def page(**more):
        found = {"after": None, "limit": 100, "states": None, "character": None, "order": order, **more}
        return await storage.jobs.page("default", **found)

    everything = (await page()).items
    states, character = wanted.get("states"), wanted.get("character")
    expected = [job.id for job in everything if (not states or job.state in states) and (not character or job.operation.characters)]
    found, after = [], None
    while True:
        part = await page(**wanted, after=after, limit=2)
        found += [job.id for job in part.items]
        if not part.has_more:
            break
        after = found[-1]

    assert found == expected
    assert len(found) >= 2


async def test_what_a_newer_version_keeps_of_a_job_survives_every_step_of_an_older_one(storage):
    job = await held(storage, a_job(deployment="d1"))
    attempt = an_attempt(job)
    await storage.jobs.open_attempt(job.to(State.SUBMITTING, attempt=attempt.id), attempt)

    def paint(connection):
        for table in ("jobs", "attempts"):
            doc = json.loads(connection.execute(f"SELECT doc FROM {table}").fetchone()[0])
            connection.execute(f"UPDATE {table} SET doc = :doc", {"doc": json.dumps({**doc, "colour": "red"})})

    await storage.write(paint)
    read = await storage.jobs.any(job.id)
    (tried,) = await storage.jobs.attempts(job.id)
    await storage.jobs.save_attempt(replace(tried, state=AttemptState.TICKETED, ticket={"id": "x"}))
    await storage.jobs.save(read.to(State.RUNNING))
    await storage.jobs.request_cancel("default", job.id)

    docs = await storage.write(lambda connection: [connection.execute(f"SELECT doc FROM {t}").fetchone()[0] for t in ("jobs", "attempts")])
    assert [json.loads(doc)["colour"] for doc in docs] == ["red", "red"]
    assert (await storage.jobs.any(job.id)).state is State.RUNNING


async def test_a_queued_job_with_work_at_a_provider_is_left_for_a_worker_to_end(storage):
    job = await held(storage, a_job(deployment="d1"))
    left = an_attempt(job, state=AttemptState.TICKETED, ticket={"id": "1"})
    assert await storage.jobs.open_attempt(job.to(State.PREPARING).to(State.SUBMITTING, attempt=left.id), left)

    assert await storage.jobs.save(job.to(State.QUEUED, attempt=left.id))
    asked = await storage.jobs.request_cancel("default", job.id)

    assert (asked.state, asked.cancel_requested) == (State.QUEUED, True)
