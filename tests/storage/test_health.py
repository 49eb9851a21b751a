"""How deployments fare, over real rows: failures, the one job that tries again, places and the submissions of a minute."""

from dataclasses import replace
from datetime import timedelta

import pytest

from castlist.model.capabilities import Capabilities
from castlist.model.jobs import State
from castlist.model.providing import Account, Deployment
from castlist.storage.health import NoRoom
from storage.samples import a_job, an_attempt

pytestmark = pytest.mark.anyio

D1 = Deployment("d1", "hero", "fake", "instant", Account("fake", "fake"), Capabilities("fake"))


async def known(storage, deployment=D1):
    return (await storage.health.standings([deployment])).get(deployment.id)


async def send(storage, gate=D1):
    """A new job, claimed and let through; raises NoRoom."""
    job = a_job(deployment=gate.id)
    await storage.jobs.add(job)
    (mine,) = [each for each in await storage.jobs.claim(deployments=[gate.id], limit=99, lease=60) if each.id == job.id]
    attempt = replace(an_attempt(job), deployment=gate.id)
    opened = mine.to(State.PREPARING).to(State.SUBMITTING, attempt=attempt.id)
    assert await storage.jobs.open_attempt(opened, attempt, gate=gate)
    return opened


async def test_only_failures_within_a_minute_count(storage, watch):
    for _ in range(2):
        assert await storage.health.fail("d1", "it said no", allowed=2, cooldown=30) is None
    watch.advance(61)
    assert await storage.health.fail("d1", "it said no", allowed=2, cooldown=30) is None

    assert (await known(storage)).failures == 1


async def test_a_deployment_is_left_alone_by_every_process_and_tried_by_one_job(storage, second, watch):
    assert await storage.health.fail("d1", "it said no", allowed=0, cooldown=30)
    with pytest.raises(NoRoom) as closed:
        await send(second)
    assert (closed.value.code, closed.value.after) == ("cooldown", 30)

    watch.advance(31)
    await send(second)
    with pytest.raises(NoRoom) as tried:
        await send(storage)
    assert tried.value.code == "cooldown"
    assert (await known(storage)).probe is not None

    assert await second.health.recover("d1")
    await send(storage)
    assert not await storage.health.recover("d1")


async def test_a_failure_of_the_one_that_tries_begins_it_again(storage, watch):
    await storage.health.fail("d1", "it said no", allowed=0, cooldown=30)
    watch.advance(31)
    await send(storage)

    assert await storage.health.fail("d1", "it said no again", allowed=5, cooldown=30)
    assert (await known(storage)).is_cooling(watch())


async def test_one_that_tries_and_is_never_heard_of_again_is_followed_by_another(storage, watch):
    await storage.health.fail("d1", "it said no", allowed=0, cooldown=30)
    watch.advance(31)
    await send(storage)

    watch.advance(181)
    await send(storage)


async def test_no_more_than_its_places_are_taken(storage, second):
    gate = replace(D1, parallel=2)
    first = await send(storage, gate)
    await send(second, gate)

    with pytest.raises(NoRoom) as full:
        await send(storage, gate)
    assert full.value.code == "slot"
    await storage.jobs.save(first.to(State.RUNNING).to(State.STORING))
    await send(second, gate)


async def test_no_more_than_its_rate_leave_within_any_minute(storage, second, watch):
    gate = replace(D1, rpm=2)
    await send(storage, gate)
    watch.advance(40)
    await send(second, gate)

    with pytest.raises(NoRoom) as full:
        await send(storage, gate)
    assert (full.value.code, full.value.after) == ("rate_limit", 20)
    watch.advance(21)
    await send(storage, gate)
    with pytest.raises(NoRoom):
        await send(second, gate)


async def test_who_is_not_let_through_leaves_no_trace(storage):
    gate = replace(D1, parallel=1)
    await send(storage, gate)
    with pytest.raises(NoRoom):
        await send(storage, gate)

    assert ((await known(storage, gate)).running, (await known(storage, gate)).sent) == (1, 1)


async def test_the_pace_follows_what_was_measured_last(storage):
    for seconds in (10.0, 20.0):
        await storage.health.measure("d1", seconds)

    assert ((await known(storage)).pace, (await known(storage)).samples) == (13.0, 2)


async def test_who_waited_longest_is_woken(storage, watch):
    later, jobs = watch() + timedelta(hours=1), []
    for _ in range(3):
        watch.advance(1)
        job = a_job(deployment="d1", at=watch())
        await storage.jobs.add(replace(job, due_at=later))
        jobs.append(job.id)

    assert await storage.health.wake(["d1", "d2"], limit=2) == 2
    claimed = await storage.jobs.claim(deployments=["d1"], limit=9, lease=60)
    assert sorted(job.id for job in claimed) == sorted(jobs[:2])
