"""Videos whose deployment nobody has any more: who keeps the work going takes them, and who only stands in for a server does not. Those
that were sent end, though nobody has their account."""

from dataclasses import replace

import pytest

from castlist.model.jobs import CostState, State
from castlist.model.troubles import UnknownPolicy
from castlist.worker import Worker
from engine.conftest import ME
from engine.test_unknown import rule

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.mark.parametrize("yields", [True, False])
async def test_a_process_that_yields_to_a_server_adopts_nothing_while_that_is_away(stage, yields):
    async with stage("hero: fake/instant", worker=False) as s:
        theirs, ours = await s.create(model="hero"), await s.create(model="hero")
        sql = "UPDATE jobs SET deployment = 'theirs', due_at = 0 WHERE id = ?"
        await s.gateway.storage.write(lambda connection: connection.execute(sql, (theirs.job.id,)).rowcount)
        worker = Worker(s.engine, yields=yields)
        await worker.start()
        await s.end(ours)
        await worker.stop()  # ends with the whole beat, and so with what is tidied in it
        left = await s.engine.video(ME, theirs.job.id)

    assert (left.job.deployment == "theirs") is yields


async def take_up(s, seen):
    """Have the video looked at by a gateway that comes to it long after it was due."""
    await s.soon(seen)
    worker = Worker(s.engine)
    await worker.start()
    return worker


async def test_work_whose_account_never_comes_back_ends_when_it_had_its_time(stage):
    async with stage("hero: fake/stuck") as s:
        seen = await s.until(await s.create(model="hero"), lambda now: now.job.state is State.RUNNING)
    async with stage("drawn: animatic/animatic", worker=False) as s:
        s.engine.kit = replace(s.engine.kit, policy=replace(s.engine.kit.policy, max_age=0.1))
        worker = await take_up(s, seen)
        waits = await s.until(seen, lambda now: now.job.waiting == "deployment_missing")
        await s.soon(waits)
        ended = await s.end(waits)
        await worker.stop()

    assert (ended.job.state, ended.job.error.code, ended.job.cost.state) == (State.FAILED, "provider_lost_job", CostState.UNKNOWN)
    assert "the account of fake/stuck has left the configuration" in ended.job.error.message


async def test_a_process_that_yields_to_a_server_ends_nothing_of_an_account_it_does_not_know(stage):
    async with stage("hero: fake/stuck") as s:
        seen = await s.until(await s.create(model="hero"), lambda now: now.job.state is State.RUNNING)
    async with stage("drawn: animatic/animatic", worker=False) as s:
        await s.soon(seen)
        before = await s.engine.video(ME, seen.job.id)
        worker = Worker(s.engine, yields=True)
        await worker.start()
        await s.end(await s.create(model="drawn"))
        await worker.stop()  # ends with the whole beat, and so with what is tidied in it
        left = await s.engine.video(ME, seen.job.id)

    assert left.job == before.job


async def test_what_is_decided_about_work_whose_account_is_gone_is_done(stage):
    async with stage("hero: fake/ambiguous") as s:
        seen = await s.until(await s.create(model="hero"), lambda now: now.job.waiting == "unknown")
    async with stage("drawn: animatic/animatic", worker=False) as s:
        await s.engine.resolve_job(ME, seen.job.id, outcome="failed", ticket=None)
        worker = await take_up(s, seen)
        ended = await s.end(seen)
        await worker.stop()

    assert (ended.job.state, ended.job.error.code) == (State.FAILED, "provider_unknown")


@pytest.mark.parametrize("policy", [UnknownPolicy.FAIL, UnknownPolicy.RESUBMIT])
async def test_who_cannot_ask_about_a_request_decides_nothing_about_it(stage, policy):
    async with stage("hero: fake/ambiguous") as s:
        seen = await s.until(await s.create(model="hero"), lambda now: now.job.waiting == "unknown")
    async with stage("drawn: animatic/animatic", worker=False) as s:
        rule(s, unknown_policy=policy, settles=0.0)
        worker = await take_up(s, seen)
        looked = await s.until(seen, lambda now: now.job.revision > seen.job.revision and now.job.due_at > s.engine.kit.clock())
        await worker.stop()

    assert (looked.job.state, len(looked.attempts)) == (State.UNKNOWN, 1)
