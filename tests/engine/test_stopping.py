"""Cancelling reaches the provider where it can, and says what could not be stopped; a result is fetched until there is one."""

import asyncio
from datetime import timedelta

import pytest

from castlist.errors import Refused, Retry
from castlist.model.jobs import CostState, State
from castlist.testing.fake import FakeProvider
from engine.conftest import ME
from engine.test_trouble import put_in

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


class Away(FakeProvider):
    """Cannot be reached the first time it is to stop something."""

    async def cancel(self, ticket):
        if not self.cancels:
            self.cancels += 1
            raise Refused("the upstream is busy", retry=Retry.SAME, after=0.1)
        return await super().cancel(ticket)


class Refusing(FakeProvider):
    """Never stops anything; `asked` are the moments when it was to."""

    asked: tuple[float, ...] = ()

    async def cancel(self, ticket):
        self.asked = (*self.asked, asyncio.get_running_loop().time())
        raise Refused("the key may not stop anything", code="provider_auth_failed", retry=Retry.SAME)


class Expiring(FakeProvider):
    """Its links are dead when they are used, until it was asked for new ones often enough."""

    async def poll(self, tickets):
        found = await super().poll(tickets)
        self.fresh = self.polls > 3
        return found

    def download(self, ticket, *, offset=0):
        if not self.fresh:
            raise Refused("the link has expired", code="link_expired", retry=Retry.SAME, after=0.1)
        return super().download(ticket, offset=offset)


async def cancelled(s, model="hero"):
    seen = await s.until(await s.create(model=model), lambda now: now.job.state is State.RUNNING)
    await s.engine.cancel(ME, seen.job.id)
    return await s.end(seen)


async def test_work_that_was_stopped_costs_nothing(stage):
    async with stage("hero: fake/stuck", params="output_cost_per_second: 1") as s:
        ended = await cancelled(s)
        spent = await s.gateway.storage.jobs.spent()

    assert (ended.job.state, ended.job.cost.micros, ended.job.warnings, spent) == (State.CANCELLED, 0, (), 0)
    assert s.provider("fake").cancels == 1


async def test_work_that_cannot_be_stopped_is_said_to_go_on_and_counts_for_the_day(stage):
    async with stage("hero: fake/stuck?stoppable=0", params="output_cost_per_second: 1") as s:
        ended = await cancelled(s)
        spent = await s.gateway.storage.jobs.spent()

    assert ended.job.state is State.CANCELLED
    assert (ended.job.cost.state, ended.job.cost.micros, spent) == (CostState.UNKNOWN, 2_000_000, 2_000_000)
    assert [note.code for note in ended.job.warnings] == ["cancel_not_stopped"]
    assert "fake could not stop the work (unsupported); it may still cost." in ended.job.warnings[0].message


async def test_a_provider_that_cannot_be_reached_is_asked_to_stop_again(stage):
    async with stage("hero: fake/stuck") as s:
        put_in(s, Away)
        ended = await cancelled(s)

    assert (ended.job.state, s.provider("fake").cancels) == (State.CANCELLED, 2)


async def test_a_provider_that_refuses_to_stop_is_not_asked_for_ever(stage):
    async with stage("hero: fake/stuck", params="output_cost_per_second: 1") as s:
        put_in(s, Refusing)
        seen = await s.until(await s.create(model="hero"), lambda now: now.job.state is State.RUNNING)
        await s.engine.cancel(ME, seen.job.id)
        async with asyncio.timeout(30):
            while len(s.provider("fake").asked) < 2:
                await asyncio.sleep(0.05)
        since = s.engine.kit.unstopped_since
        since.update({attempt: moment - timedelta(minutes=11) for attempt, moment in since.items()})
        ended = await s.end(seen)
        # The end is seen as soon as it is saved, a moment before its process has forgotten the attempt.
        async with asyncio.timeout(30):
            while since:
                await asyncio.sleep(0.05)
        first, second, *_ = s.provider("fake").asked

    assert second - first > 1.5
    assert (ended.job.state, ended.job.cost.state, ended.job.cost.micros) == (State.CANCELLED, CostState.UNKNOWN, 2_000_000)
    assert [note.code for note in ended.job.warnings] == ["cancel_not_stopped"]
    assert "the key may not stop anything" in ended.job.warnings[0].message


async def test_a_result_whose_link_has_expired_is_fetched_by_a_fresh_one_and_made_once(stage):
    async with stage("hero: fake/instant") as s:
        put_in(s, Expiring)
        ended = await s.end(await s.create(model="hero"))

    assert (ended.job.state, len(ended.attempts), s.provider("fake").submits) == (State.SUCCEEDED, 1, 1)
    assert s.provider("fake").polls > 3
