"""A job is worked on by one process at a time, and only that one can save it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from castlist.errors import NotFound
from castlist.model.characters import CharacterState
from castlist.model.jobs import AttemptState, Failure, Result, State
from castlist.storage import Storage
from storage.samples import NOON, a_character, a_job, an_attempt, create, held, store

pytestmark = pytest.mark.anyio


async def claim(storage: Storage, *deployments: str, limit: int = 100, lease: float = 30) -> list[str]:
    return [job.id for job in await storage.jobs.claim(deployments=deployments, limit=limit, lease=lease)]


async def test_the_oldest_due_comes_first_and_the_future_not_at_all(storage, watch):
    jobs = [a_job(due_at=NOON - timedelta(seconds=seconds)) for seconds in (1, 3, 2, -60)]
    for job in jobs:
        await storage.jobs.add(job)

    assert await claim(storage, limit=2) == [jobs[1].id, jobs[2].id]
    assert await claim(storage) == [jobs[0].id]
    watch.advance(61)
    assert jobs[3].id in await claim(storage)


async def test_only_jobs_of_no_deployment_or_of_ours_are_claimed(storage):
    jobs = [a_job(deployment=deployment) for deployment in (None, "d1", "d2")]
    for job in jobs:
        await storage.jobs.add(job)

    assert await claim(storage, "d2", "d3") == [jobs[0].id, jobs[2].id] or await claim(storage) == []
    assert await claim(storage, "d1") == [jobs[1].id]


async def test_a_claimed_job_is_nobody_else_s_until_its_lease_runs_out(storage, second, watch):
    job = await held(storage, a_job())

    assert await claim(second) == []
    watch.advance(31)
    assert await claim(second) == [job.id]
    assert await storage.jobs.save(job.to(State.PREPARING)) is False
    assert (await storage.jobs.any(job.id)).state is State.QUEUED
    assert await storage.jobs.renew([job.id], lease=30) == set()


@pytest.mark.parametrize("answered", [False, True])
async def test_the_lease_of_a_request_is_shortened_by_its_answer_and_no_renewal(storage, second, watch, answered):
    job = (await held(storage, a_job())).to(State.PREPARING)
    attempt = an_attempt(job)
    sending = job.to(State.SUBMITTING, attempt=attempt.id)
    assert await storage.jobs.open_attempt(sending, attempt)
    await storage.jobs.renew([job.id], lease=600)
    if answered:
        assert await storage.jobs.save(sending.to(State.RUNNING))
    watch.advance(20)

    assert await storage.jobs.renew([job.id], lease=120) == {job.id}
    watch.advance(121 if answered else 579)
    assert (await claim(second) == [job.id]) is answered
    watch.advance(2)
    assert (await claim(second) == [job.id]) is not answered


async def test_an_answer_leaves_the_lease_that_jobs_are_taken_with(storage, second, watch):
    job = (await held(storage, a_job())).to(State.PREPARING)
    attempt = an_attempt(job)
    sending = job.to(State.SUBMITTING, attempt=attempt.id)
    assert await storage.jobs.open_attempt(sending, attempt)
    await storage.jobs.renew([job.id], lease=600)
    assert await storage.jobs.save(sending.to(State.RUNNING))

    watch.advance(29)
    assert await claim(second) == []
    watch.advance(2)
    assert await claim(second) == [job.id]


async def test_renewing_keeps_a_lease(storage, second, watch):
    mine, theirs = await held(storage, a_job()), await held(second, a_job())
    watch.advance(20)

    assert await storage.jobs.renew([mine.id, theirs.id, "video_unknown"], lease=30) == {mine.id}
    assert await storage.jobs.renew([], lease=30) == set()
    watch.advance(20)
    assert await claim(second) == [theirs.id]


async def test_a_lease_of_a_process_that_left_is_free_at_once(storage, come):
    other = await come()
    job = await held(other, a_job())
    await other.close()

    assert await claim(storage) == [job.id]


async def test_releasing_makes_a_job_wait_for_its_time(storage, second, watch):
    job = await held(storage, a_job())

    assert await storage.jobs.save(replace(job, due_at=NOON + timedelta(seconds=10), waiting="for room"), release=True)
    assert await claim(second) == []
    watch.advance(10)
    assert await claim(second) == [job.id]


async def test_the_end_gives_the_lease_back(storage):
    job = await held(storage, a_job())
    assert await storage.jobs.save(job.to(State.FAILED))

    assert await storage.jobs.renew([job.id], lease=30) == set()
    assert await storage.jobs.save(job.to(State.FAILED)) is False


async def test_a_cancel_that_came_meanwhile_survives_the_save_and_keeps_the_job_due(storage, watch):
    job = await held(storage, a_job(state=State.RUNNING))
    watch.advance(1)
    await storage.jobs.request_cancel("default", job.id)

    await storage.jobs.save(replace(job.to(State.STORING), due_at=NOON + timedelta(hours=1)), release=True)

    found = await storage.jobs.get("default", job.id)
    assert (found.state, found.cancel_requested, found.due_at) == (State.STORING, True, watch.now)
    later = replace(found, due_at=NOON + timedelta(hours=1))
    assert await claim(storage) == [job.id]
    await storage.jobs.save(later)
    assert (await storage.jobs.get("default", job.id)).due_at == later.due_at


async def test_a_delete_that_came_meanwhile_survives_the_save(storage):
    job = await held(storage, a_job(state=State.RUNNING))
    await storage.jobs.delete("default", job.id)

    assert await storage.jobs.save(job.to(State.STORING)) is True
    assert await storage.jobs.get("default", job.id) is None


async def test_failing_a_queued_job_stops_its_worker(storage):
    job = await held(storage, a_job(create("char_1")))
    await storage.jobs.fail_queued([job.id], Failure("character_deleted", "gone"))

    assert await storage.jobs.save(job.to(State.PREPARING)) is False
    assert await storage.jobs.open_attempt(job.to(State.SUBMITTING), an_attempt(job)) is False
    assert await storage.jobs.attempts(job.id) == ()


async def test_progress_is_saved_for_jobs_of_ours_where_it_changed(storage, second):
    mine, same, theirs = await held(storage, a_job()), await held(storage, a_job(progress=7)), await held(second, a_job())

    await storage.jobs.save_progress({mine.id: 5, same.id: 7, theirs.id: 9})

    found = [await storage.jobs.any(job.id) for job in (mine, same, theirs)]
    assert [(job.progress, job.revision) for job in found] == [(5, 1), (7, 0), (0, 0)]


async def test_a_ticket_is_saved_though_the_lease_is_lost(storage, second, watch):
    job = await held(storage, a_job())
    attempt = an_attempt(job)
    assert await storage.jobs.open_attempt(job.to(State.SUBMITTING, attempt=attempt.id), attempt)
    watch.advance(31)
    assert await claim(second) == [job.id]

    await storage.jobs.save_attempt(replace(attempt, state=AttemptState.TICKETED, ticket={"id": "u"}))

    assert (await second.jobs.attempts(job.id))[0].ticket == {"id": "u"}


async def test_the_end_of_a_job_is_one_transaction(storage, tmp_path):
    job = await held(storage, a_job())
    attempt = an_attempt(job)
    await storage.jobs.open_attempt(job.to(State.SUBMITTING), attempt)
    assets = [await store(storage, tmp_path) for _ in range(3)]
    done = job.to(State.PREPARING).to(State.SUBMITTING).to(State.RUNNING).to(State.STORING)
    done = done.to(State.SUCCEEDED, result=Result(*(asset.id for asset in assets), 4.0, 1280, 720))

    with pytest.raises(NotFound):
        await storage.jobs.finish(done, attempt=an_attempt(job, 2), assets=assets)
    assert (await storage.jobs.any(job.id)).state is State.SUBMITTING
    assert await storage.assets.get(assets[0].id) is None

    assert await storage.jobs.finish(done, attempt=replace(attempt, state=AttemptState.SUCCEEDED), assets=assets) is True
    seen = await storage.jobs.seen("default", job.id)
    assert (seen.job.state, seen.attempts[0].state) == (State.SUCCEEDED, AttemptState.SUCCEEDED)
    assert [await storage.assets.get(asset.id) for asset in assets] == assets
    assert await storage.jobs.finish(done, attempt=None, assets=()) is False


async def test_many_claims_at_once_give_each_job_once(storage, second):
    await asyncio.gather(*(storage.jobs.add(a_job()) for _ in range(60)))

    claims = await asyncio.gather(*(claim(each, limit=3) for each in (storage, second) for _ in range(15)))

    claimed = [job for found in claims for job in found]
    assert len(claimed) == len(set(claimed)) == 60


async def test_characters_are_claimed_and_saved_like_jobs(storage, second, watch):
    older, newer = a_character("A"), a_character("B", at=NOON + timedelta(seconds=1))
    ready = a_character("C", state=CharacterState.READY)
    for character in (newer, older, ready):
        await storage.characters.add(character)

    assert [found.id for found in await storage.characters.claim(limit=1, lease=30)] == [older.id]
    assert [found.id for found in await second.characters.claim(limit=9, lease=30)] == [newer.id]
    watch.advance(20)
    assert await storage.characters.renew([older.id, newer.id], lease=30) == {older.id}
    watch.advance(20)
    assert [found.id for found in await storage.characters.claim(limit=9, lease=30)] == [newer.id]
    assert await second.characters.save(replace(newer, state=CharacterState.READY)) is False
    assert await storage.characters.save(replace(newer, state=CharacterState.READY)) is True
    assert await storage.characters.renew([newer.id], lease=30) == set()


async def test_a_character_is_held_by_one_task_of_one_process_until_its_time_is_over(storage, second, watch):
    luna = a_character(state=CharacterState.READY)
    await storage.characters.add(luna)

    assert await storage.characters.hold(luna.id, lease=30) is True
    assert await storage.characters.hold(luna.id, lease=30) is False
    assert await second.characters.hold(luna.id, lease=30) is False
    await second.characters.release(luna.id)
    assert await second.characters.hold(luna.id, lease=30) is False
    await storage.characters.release(luna.id)
    assert await second.characters.hold(luna.id, lease=30) is True
    watch.advance(31)
    assert await storage.characters.hold(luna.id, lease=30) is True
    await storage.characters.delete("default", luna.id)
    watch.advance(31)
    assert await second.characters.hold(luna.id, lease=30) is False


async def test_forms_are_added_only_by_who_holds_the_character(storage, second, tmp_path):
    luna = a_character(state=CharacterState.READY, assets={"video": "asset_1"})
    await storage.characters.add(luna)
    (tmp_path / "still.jpg").write_bytes(b"a picture")
    still = await storage.assets.put(tmp_path / "still.jpg", project="default", media_type="image/jpeg")
    await second.characters.hold(luna.id, lease=30)

    assert await storage.characters.add_forms(luna.id, {"jpeg-0": still}) is False
    assert (await storage.characters.any(luna.id)).assets == {"video": "asset_1"}
    await second.characters.release(luna.id)
    await storage.characters.hold(luna.id, lease=30)
    assert await storage.characters.add_forms(luna.id, {"jpeg-0": still}) is True
    assert (await storage.characters.any(luna.id)).assets == {"video": "asset_1", "jpeg-0": still.id}
    assert await storage.assets.get(still.id) == still


async def test_what_waits_for_a_deployment_that_nobody_has_can_be_given_to_another(storage, watch):
    gone, late, ours = a_job(deployment="gone"), a_job(deployment="gone"), a_job(deployment="d1")
    await storage.jobs.add(ours)
    await storage.jobs.add(gone)
    watch.advance(59)
    await storage.jobs.add(replace(late, due_at=watch.now))

    assert await storage.jobs.forsaken(["d1"], limit=9) == []
    watch.advance(2)
    assert [job.id for job in await storage.jobs.forsaken(["d1"], limit=9)] == [gone.id]
    await storage.jobs.unassign([gone.id, late.id, ours.id], besides=["d1"])
    assert [(await storage.jobs.any(job.id)).deployment for job in (gone, late, ours)] == [None, "gone", "d1"]
    assert sorted(await claim(storage, "d1")) == sorted([gone.id, ours.id])
    assert await storage.jobs.forsaken(["d1"], limit=9) == []
