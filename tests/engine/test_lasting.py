"""Work that takes too long: asked about at the right pace, reported, and moved where that is wished."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from castlist.engine.lasting import pause, stop_left_behind
from castlist.model.jobs import AttemptState, CostState, Failure, State
from castlist.model.providing import Ticket
from engine.conftest import ME

pytestmark = pytest.mark.anyio

HERO = "hero: fake/instant"


@pytest.fixture
def anyio_backend():
    return "asyncio"


def rule(s, **troubles):
    kit = s.engine.kit
    s.engine.kit = replace(kit, policy=replace(kit.policy, troubles=replace(kit.policy.troubles, **troubles)))


async def cleared(s, seen):
    """The job once nothing of it is under way any more."""
    seen = await s.end(seen)
    while not all(attempt.ended_at for attempt in seen.attempts):
        await asyncio.sleep(0.05)
        seen = await s.engine.video(ME, seen.job.id)
    return seen


async def test_work_far_past_its_usual_time_is_reported_and_goes_on(stage):
    async with stage("hero: fake/stuck?again=0.1") as s:
        rule(s, slow_least=0.2, slow_after=4.0)
        await s.gateway.storage.health.measure("fake/stuck?again=0.1", 0.01)
        await s.gateway.storage.health.measure("fake/stuck?again=0.1", 0.01)
        seen = await s.until(await s.create(model="hero"), lambda now: now.job.warnings)

    assert seen.job.state is State.RUNNING
    assert [note.code for note in seen.job.warnings] == ["stuck"]
    assert "usually takes 0 seconds there" in seen.job.warnings[0].message
    assert s.provider("fake").cancels == 0


async def test_stalled_work_is_moved_once_it_is_stopped(stage):
    async with stage("hero: fake/stuck?again=0.1", HERO, params="output_cost_per_second: 1") as s:
        rule(s, stall_after=0.3)
        seen = await s.end(await s.create(model="hero"))

    assert seen.job.state is State.SUCCEEDED
    assert [(a.state, a.cost.micros) for a in seen.attempts] == [(AttemptState.CANCELLED, 0), (AttemptState.SUCCEEDED, 0)]
    assert seen.attempts[0].error.code == "stalled"
    assert s.provider("fake").cancels == 1


async def test_stalled_work_that_cannot_be_stopped_stays_where_it_is_and_says_so(stage):
    async with stage("hero: fake/stuck?again=0.1&stoppable=0", HERO) as s:
        rule(s, stall_after=0.3)
        seen = await s.until(await s.create(model="hero"), lambda now: now.job.warnings)
        await asyncio.sleep(0.5)

    assert (seen.job.state, len(seen.attempts)) == (State.RUNNING, 1)
    assert [note.code for note in seen.job.warnings] == ["stalled"]
    assert s.provider("fake").cancels == 1


@pytest.mark.parametrize(
    ("script", "discards", "state"), [("stuck?again=0.1", 0, CostState.UNKNOWN), ("slow?seconds=1&again=0.1", 1, None)]
)
async def test_with_leave_to_cost_twice_it_is_moved_all_the_same_and_what_comes_late_is_thrown_away(stage, script, discards, state):
    cost = {"params": "output_cost_per_second: 1"}
    async with stage(f"hero: fake/{script}&stoppable=0&micros=1500000", "hero: fake/slow?seconds=2", **cost) as s:
        rule(s, stall_after=0.3, allow_double_cost=True)
        seen = await cleared(s, await s.create(model="hero"))
        spent = await s.gateway.storage.jobs.spent()

    first, second = seen.attempts
    assert seen.job.state is State.SUCCEEDED
    assert (first.state, second.state) == (AttemptState.CANCELLED, AttemptState.SUCCEEDED)
    assert (first.cost.micros, first.cost.state) == ((2_000_000, state) if state else (1_500_000, CostState.BILLED))
    assert spent == first.cost.micros
    assert seen.cost == first.cost, "what the video costs has what came late"
    assert s.provider("fake").discards == discards


def leave_behind(connection):
    connection.execute("""UPDATE attempts SET doc = replace(doc, '"state":"cancelled"', '"state":"ticketed"')""")
    connection.execute("UPDATE jobs SET revision = revision + 1")


async def test_work_left_behind_by_a_process_that_died_is_stopped_by_another(stage):
    async with stage("hero: fake/stuck?again=0.1&stoppable=0", HERO) as s:
        rule(s, stall_after=0.3, allow_double_cost=True)
        seen = await cleared(s, await s.create(model="hero"))
        await s.gateway.storage.write(leave_behind)
        await stop_left_behind(s.engine.kit)
        soon = await s.gateway.storage.jobs.attempts(seen.job.id)
        await stop_left_behind(s.engine.kit, older=0.0)
        later = await s.gateway.storage.jobs.attempts(seen.job.id)

    assert soon[0].state is AttemptState.TICKETED
    assert [attempt.state for attempt in later] == [AttemptState.CANCELLED, AttemptState.SUCCEEDED]


async def test_work_that_was_being_stopped_when_its_process_died_is_given_to_another(stage):
    async with stage("hero: fake/lost", HERO) as s:
        seen = await s.until(await s.create(model="hero"), lambda now: now.job.state is State.RUNNING)
        await s.gateway.storage.jobs.save_attempt(replace(seen.attempts[0], error=Failure("stalled", "it is being stopped")))
        s.engine.kit.followed.clear()
        seen = await s.end(seen)

    assert [attempt.state for attempt in seen.attempts] == [AttemptState.FAILED, AttemptState.SUCCEEDED]


async def test_work_that_its_provider_cancels_is_given_to_another(stage):
    async with stage("hero: fake/stuck?again=0.1", HERO) as s:
        seen = await s.until(await s.create(model="hero"), lambda now: now.job.state is State.RUNNING)
        await s.provider("fake").cancel(Ticket(seen.attempts[0].ticket))
        seen = await s.end(seen)

    assert [attempt.state for attempt in seen.attempts] == [AttemptState.FAILED, AttemptState.SUCCEEDED]
    assert seen.attempts[0].error.code == "provider_cancelled"


async def test_work_is_not_moved_where_nobody_else_could_take_it(stage):
    async with stage("hero: fake/stuck?again=0.1") as s:
        rule(s, stall_after=0.2)
        seen = await s.until(await s.create(model="hero"), lambda now: now.job.state is State.RUNNING)
        await asyncio.sleep(0.8)

    assert (len(seen.attempts), s.provider("fake").cancels) == (1, 0)


async def test_polls_are_sparse_far_from_the_usual_end_and_close_near_it(stage):
    async with stage("hero: fake/stuck", worker=True) as s:
        seen = await s.until(await s.create(model="hero"), lambda now: now.job.state is State.RUNNING)
        attempt, kit = seen.attempts[0], s.engine.kit
        unknown = await pause(kit, seen.job, attempt, base=2.0)
        kit.paces[attempt.deployment] = (kit.clock() + timedelta(days=1), 30.0)
        passed = [replace(attempt, started_at=kit.clock() - timedelta(seconds=each)) for each in (0, 40, 46, 50, 70, 200, 900)]
        waits = [await pause(kit, seen.job, each, base=2.0) for each in passed]

    assert unknown == 2.0
    assert waits == pytest.approx([15.0, 4.0, 2.0, 2.0, 2.0, 2.0, 15.0], abs=0.1)
