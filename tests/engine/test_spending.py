"""Money over a job's whole life: reserved, held for its attempts, settled, and the end of a job that there is none left for."""

import pytest

from castlist.errors import SpendLimit, Unsupported
from castlist.model.asks import VideoAsk
from castlist.model.jobs import AttemptState, CostState, State
from castlist.model.operations import Wishes
from castlist.testing.upstream import serve_upstream
from engine.conftest import ME, SMALL

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


def entry(model: str, cost: float, name: str) -> str:
    return f"  - {{model_name: hero, litellm_params: {{model: '{model}', output_cost_per_second: {cost}}}, model_info: {{id: {name}}}}}\n"


async def spent(s) -> int:
    return await s.gateway.storage.jobs.spent()


async def test_what_a_video_may_cost_is_held_until_it_is_known_what_it_did(stage):
    async with stage("hero: fake/instant?micros=1500000", params="output_cost_per_second: 1") as s:
        waiting = await s.create(model="hero")
        assert await spent(s) == 2_000_000

        ended = await s.end(waiting)

        assert (ended.job.state, ended.job.cost.micros, await spent(s)) == (State.SUCCEEDED, 1_500_000, 1_500_000)


async def test_a_request_past_the_limit_is_refused_and_leaves_nothing(stage):
    async with stage("hero: fake/stuck", params="output_cost_per_second: 1", extra="castlist: {max_spend_per_day: 3}\n") as s:
        await s.create(model="hero")

        with pytest.raises(SpendLimit):
            await s.create(model="hero")

        assert len((await s.engine.videos(ME, after=None, limit=9, order="asc", status=None, character=None)).items) == 1
        assert await spent(s) == 2_000_000


async def test_without_a_limit_nothing_is_refused(stage):
    async with stage("hero: fake/stuck", params="output_cost_per_second: 90", extra="castlist: {max_spend_per_day: unlimited}\n") as s:
        await s.create(model="hero")

        assert await spent(s) == 180_000_000


async def test_a_job_that_only_a_dearer_deployment_is_left_for_fails_for_want_of_money(stage):
    extra = entry("fake/instant", 2, "dear") + "castlist: {max_spend_per_day: 3}\n"
    async with stage("hero: fake/refuse?retry=elsewhere", params="output_cost_per_second: 1", extra=extra) as s:
        ended = await s.end(await s.create(model="hero"))

        assert (ended.job.state, ended.job.error.code) == (State.FAILED, "max_spend_per_day_reached")
        assert [attempt.deployment for attempt in ended.attempts] == ["fake/refuse?retry=elsewhere"]
        assert await spent(s) == 0


async def test_an_accepted_job_waits_until_the_day_has_money_for_the_deployment_that_is_left(stage):
    others = entry("fake/instant", 1, "dear") + "  - {model_name: busy, litellm_params: {model: fake/stuck, output_cost_per_second: 1}}\n"
    async with stage(
        "hero: fake/refuse?retry=elsewhere", params="output_cost_per_second: 0.5", extra=others + "castlist: {max_spend_per_day: 3}\n"
    ) as s:
        busy = await s.until(await s.create(model="busy"), lambda now: now.job.state is State.RUNNING)
        waiting = await s.until(await s.create(model="hero"), lambda now: now.job.waiting == "spend_limit")
        held = await spent(s)
        await s.engine.cancel(ME, busy.job.id)
        await s.end(busy)
        await s.soon(waiting)
        ended = await s.end(waiting)

    assert (waiting.job.state, held) == (State.QUEUED, 3_000_000)
    assert waiting.job.due_at > waiting.job.created_at
    assert (ended.job.state, ended.job.deployment) == (State.SUCCEEDED, "dear")


async def test_max_cost_holds_for_later_attempts_with_what_the_first_has_left(stage):
    extra = entry("fake/instant", 1, "second")
    async with stage("hero: fake/fail?micros=1500000&retryable=1", params="output_cost_per_second: 1", extra=extra) as s:
        ask = VideoAsk("create", "a scene", model="hero", seconds=2, size=SMALL, wishes=Wishes(max_cost=3_000_000))
        ended = await s.end(await s.engine.submit(ME, ask))

        assert ended.job.state is State.FAILED
        assert [attempt.deployment for attempt in ended.attempts] == ["fake/fail?micros=1500000&retryable=1"]
        assert await spent(s) == 1_500_000


async def test_a_max_cost_below_every_price_is_refused_at_once(stage):
    async with stage("hero: fake/instant", params="output_cost_per_second: 1") as s:
        with pytest.raises(Unsupported, match=r"2\.00 USD"):
            await s.engine.submit(ME, VideoAsk("create", "a scene", model="hero", seconds=2, size=SMALL, wishes=Wishes(max_cost=1_990_000)))

        assert await spent(s) == 0


async def test_a_video_costs_what_all_its_attempts_did(stage):
    async with stage("hero: fake/fail?retryable=1&micros=1500000", "hero: fake/refuse", params="output_cost_per_second: 1") as s:
        ended = await s.end(await s.create(model="hero"))

        assert [attempt.state for attempt in ended.attempts] == [AttemptState.FAILED, AttemptState.REFUSED]
        assert (ended.job.cost.micros, await spent(s)) == (1_500_000, 1_500_000)


async def test_a_made_video_costs_what_failed_before_it_too(stage):
    async with stage(
        "hero: fake/fail?retryable=1&micros=1500000", "hero: fake/instant?micros=250000", params="output_cost_per_second: 1"
    ) as s:
        ended = await s.end(await s.create(model="hero"))

        assert (ended.job.cost.micros, ended.job.cost.state, await spent(s)) == (1_750_000, CostState.BILLED, 1_750_000)


async def test_a_video_that_was_never_sent_costs_nothing(stage):
    async with stage("hero: fake/instant", params="output_cost_per_second: 1", worker=False) as s:
        waiting = await s.create(model="hero")
        ended = await s.engine.cancel(ME, waiting.job.id)

        assert (waiting.job.cost.micros, ended.job.cost.micros, await spent(s)) == (2_000_000, 0, 0)


async def test_a_refusal_counts_as_one_attempt(stage):
    async with stage("hero: fake/refuse") as s:
        await s.end(await s.create(model="hero"))

        assert list(s.engine.kit.tally.attempts.values()) == [1]


@pytest.mark.parametrize(("price", "state"), [("", CostState.UNKNOWN), (", output_cost_per_second: 0", CostState.BILLED)])
async def test_a_price_that_nobody_knows_is_not_taken_for_none(stage, price, state):
    with serve_upstream() as upstream:
        async with stage("hero: openai/of-the-house", params=f"api_base: '{upstream.base_url}', api_key: k{price}") as s:
            ended = await s.end(await s.create(model="hero", seconds=4))

    assert (ended.job.state, ended.job.cost.micros, ended.job.cost.state) == (State.SUCCEEDED, 0, state)
    assert ended.attempts[0].cost == ended.job.cost
