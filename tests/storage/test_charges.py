"""What is reserved, spent and given back of a day's money, over real rows."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from castlist.errors import SpendLimit
from castlist.model.jobs import AttemptState, Cost, Failure, State
from storage.samples import a_job, an_attempt

pytestmark = pytest.mark.anyio

LIMIT = 1_000


def costing(micros: int, **more):
    return replace(a_job(**more), cost=Cost(micros))


async def held(storage, job, *, micros, limit=LIMIT):
    """The job claimed and its attempt opened."""
    (mine,) = [each for each in await storage.jobs.claim(deployments=[], limit=9, lease=60) if each.id == job.id]
    attempt = replace(an_attempt(job), cost=Cost(micros))
    opened = mine.to(State.PREPARING).to(State.SUBMITTING, attempt=attempt.id)
    assert await storage.jobs.open_attempt(opened, attempt, limit=limit)
    return opened, attempt


async def test_what_a_job_may_cost_is_reserved_with_it_and_refused_past_the_limit(storage):
    await storage.jobs.add(costing(600), limit=LIMIT)

    with pytest.raises(SpendLimit):
        await storage.jobs.add(costing(401), limit=LIMIT)
    await storage.jobs.add(costing(400), limit=LIMIT)
    await storage.jobs.add(costing(0), limit=LIMIT)

    assert await storage.jobs.spent() == LIMIT


async def test_of_many_requests_at_once_only_as_many_pass_as_there_is_money_for(storage):
    jobs = [costing(300) for _ in range(12)]

    found = await asyncio.gather(*(storage.jobs.add(job, limit=LIMIT) for job in jobs), return_exceptions=True)

    refused = [error for error in found if isinstance(error, SpendLimit)]
    assert len(refused) == 9
    assert await storage.jobs.spent() == 900
    assert sum([await storage.jobs.any(job.id) is not None for job in jobs]) == 3


async def test_two_processes_share_the_limit(storage, second):
    await storage.jobs.add(costing(700), limit=LIMIT)

    with pytest.raises(SpendLimit):
        await second.jobs.add(costing(700), limit=LIMIT)


async def test_a_refusal_says_what_is_spent_what_the_limit_is_and_when_it_ends(storage, watch):
    await storage.jobs.add(costing(19_600_000), limit=20_000_000)

    with pytest.raises(SpendLimit) as caught:
        await storage.jobs.add(costing(800_000), limit=20_000_000)

    end = datetime.combine(watch().date() + timedelta(days=1), datetime.min.time(), UTC)
    for words in ("0.80 USD", "20.00 USD", "19.60 USD", f"{end:%Y-%m-%d} 00:00 UTC", "castlist.max_spend_per_day"):
        assert words in caught.value.message
    assert (caught.value.status, caught.value.code) == (402, "max_spend_per_day_reached")


async def test_the_next_day_begins_with_nothing_spent(storage, watch):
    await storage.jobs.add(costing(LIMIT), limit=LIMIT)
    watch.advance(24 * 3600)

    await storage.jobs.add(costing(LIMIT), limit=LIMIT)

    assert await storage.jobs.spent() == LIMIT


async def test_an_attempt_takes_over_what_was_reserved_and_is_settled_by_what_it_cost(storage):
    job = costing(600)
    await storage.jobs.add(job, limit=LIMIT)
    opened, attempt = await held(storage, job, micros=600)
    assert await storage.jobs.spent() == 600

    billed = replace(attempt, state=AttemptState.SUCCEEDED, cost=Cost(250))
    await storage.jobs.finish(opened.to(State.FAILED, error=Failure("x", "y")), attempt=billed, assets=())

    assert await storage.jobs.spent() == 250


async def test_a_dearer_attempt_than_was_reserved_is_held_to_the_limit_too(storage):
    job = costing(100)
    await storage.jobs.add(job, limit=LIMIT)
    await storage.jobs.add(costing(500), limit=LIMIT)

    with pytest.raises(SpendLimit):
        await held(storage, job, micros=600)

    assert await storage.jobs.spent() == 600
    assert await storage.jobs.attempts(job.id) == ()


async def test_a_refused_attempt_gives_back_to_its_job_and_the_job_when_it_ends(storage):
    job = costing(600)
    await storage.jobs.add(job, limit=LIMIT)
    opened, attempt = await held(storage, job, micros=600)

    await storage.jobs.save_attempt(replace(attempt, state=AttemptState.REFUSED, cost=Cost()))
    assert await storage.jobs.spent() == 600
    await storage.jobs.finish(opened.to(State.FAILED, error=Failure("x", "y")), attempt=None, assets=())

    assert await storage.jobs.spent() == 0


async def test_an_attempt_that_is_refused_late_gives_nothing_back_beside_what_its_job_holds(storage):
    job = costing(600)
    await storage.jobs.add(job, limit=LIMIT)
    opened, first = await held(storage, job, micros=300)
    again = replace(an_attempt(job, 2), cost=Cost(500))
    assert await storage.jobs.open_attempt(replace(opened, attempt=again.id), again, limit=LIMIT)
    await storage.jobs.save_attempt(replace(again, state=AttemptState.REFUSED, cost=Cost()))
    assert await storage.jobs.spent() == 800

    await storage.jobs.save_attempt(replace(first, state=AttemptState.REFUSED, cost=Cost()))

    assert await storage.jobs.spent() == 500


async def test_an_attempt_nobody_knows_the_end_of_stays_counted(storage):
    job = costing(600)
    await storage.jobs.add(job, limit=LIMIT)
    opened, attempt = await held(storage, job, micros=600)

    unknown = replace(attempt, state=AttemptState.UNKNOWN)
    await storage.jobs.finish(opened.to(State.FAILED, error=Failure("x", "y")), attempt=unknown, assets=())

    assert await storage.jobs.spent() == 600


async def test_a_job_cancelled_or_deleted_before_it_was_sent_costs_nothing(storage):
    cancelled, deleted = costing(300), costing(300)
    for job in (cancelled, deleted):
        await storage.jobs.add(job, limit=LIMIT)

    await storage.jobs.request_cancel("default", cancelled.id)
    assert await storage.jobs.spent() == 300
    await storage.jobs.delete("default", deleted.id)

    assert await storage.jobs.spent() == 0


async def test_deleting_a_video_that_was_paid_for_gives_nothing_back(storage):
    job = costing(600)
    await storage.jobs.add(job, limit=LIMIT)
    opened, attempt = await held(storage, job, micros=600)
    ended = opened.to(State.FAILED, error=Failure("x", "y"))
    await storage.jobs.finish(ended, attempt=replace(attempt, state=AttemptState.FAILED), assets=())

    await storage.jobs.delete("default", job.id)

    assert await storage.jobs.spent() == 600


async def test_without_a_limit_what_is_spent_is_still_known(storage):
    await storage.jobs.add(costing(5_000))

    assert await storage.jobs.spent() == 5_000
    with pytest.raises(SpendLimit):
        await storage.jobs.check_spend(1, limit=LIMIT)
    await storage.jobs.check_spend(0, limit=LIMIT)
