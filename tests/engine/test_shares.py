"""A worker may take a part of the work: what one provider makes, and so much of it at once."""

import pytest

from castlist.errors import InvalidRequest
from castlist.model.jobs import State
from castlist.shares import Share
from engine.conftest import ME

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def test_what_another_provider_makes_is_left_to_other_workers(stage):
    async with stage("drawn: animatic/animatic", "instant: fake/instant") as s:
        s.gateway.worker.share = Share("fake")
        drawn = await s.create(model="drawn")
        made = await s.end(await s.create(model="instant"))

        left = await s.engine.video(ME, drawn.job.id)
        assert made.job.state is State.SUCCEEDED
        assert (left.job.state in {State.QUEUED, State.PREPARING}, left.attempts) == (True, ())
        await s.engine.cancel(ME, drawn.job.id)


async def test_no_more_are_in_hand_than_it_is_told(stage):
    async with stage("slow: fake/slow?seconds=1") as s:
        s.gateway.worker.share = Share("fake", most=1)
        first, second = await s.create(model="slow"), await s.create(model="slow")

        await s.until(first, lambda seen: seen.job.state is State.RUNNING)
        assert (await s.engine.video(ME, second.job.id)).attempts == ()
        done = [await s.end(each) for each in (first, second)]

        assert [seen.job.state for seen in done] == [State.SUCCEEDED] * 2
        assert done[1].attempts[0].started_at >= done[0].attempts[0].ended_at


async def test_a_provider_of_no_model_is_refused(stage):
    async with stage() as s:
        with pytest.raises(InvalidRequest, match="no model of this configuration is made by 'animatik'; known here: fake"):
            Share("animatik").check(s.engine.kit.deployments)
