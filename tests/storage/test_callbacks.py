"""What vendors called back about: each message once, while its job goes on, in numbers that every process sees."""

import asyncio
from datetime import timedelta

import pytest

from castlist.model.jobs import State
from castlist.storage.callbacks import MOST
from storage.samples import NOON, a_job, an_attempt, held

pytestmark = pytest.mark.anyio


async def test_a_message_is_heard_once_by_whichever_process(storage, second):
    job = await held(storage, a_job(state=State.RUNNING, deployment="d1"))

    heard = [await each.callbacks.hear("m1", job.id) for each in (storage, second, storage)]

    assert heard == [True, False, False]
    assert [each.job for each in await second.callbacks.after(0)] == [job.id]
    assert await second.callbacks.after(await second.callbacks.last()) == []


async def test_numbers_go_up_whoever_writes(storage, second):
    job = await held(storage, a_job(state=State.RUNNING, deployment="d1"))

    await asyncio.gather(*(each.callbacks.hear(f"m{n}", job.id) for n in range(10) for each in (storage, second)))

    numbers = [each.number for each in await storage.callbacks.after(0)]
    assert numbers == list(range(1, 11))


async def test_a_message_about_an_ended_or_unknown_job_is_not_kept(storage):
    job = await held(storage, a_job(state=State.RUNNING, deployment="d1"))
    await storage.jobs.finish(job.to(State.FAILED, completed_at=NOON), attempt=None, assets=())

    assert not await storage.callbacks.hear("m1", job.id)
    assert not await storage.callbacks.hear("m1", "video_0")
    assert await storage.callbacks.last() == 0


async def test_a_job_that_nobody_has_in_hand_is_due_and_one_that_waits_for_a_slot_is_not(storage, watch):
    later = watch() + timedelta(hours=1)
    unknown, queued = a_job(state=State.UNKNOWN, due_at=later), a_job(state=State.QUEUED, due_at=later)
    for job in (unknown, queued):
        await storage.jobs.add(job)
        await storage.callbacks.hear(f"m-{job.id}", job.id)

    assert [job.id for job in await storage.jobs.claim(deployments=[], limit=9, lease=30)] == [unknown.id]


async def test_messages_that_never_end_are_heard_so_often(storage):
    job = await held(storage, a_job(state=State.RUNNING, deployment="d1"))

    heard = [await storage.callbacks.hear(f"m{n}", job.id) for n in range(MOST + 3)]

    assert sum(heard) == MOST


async def test_old_messages_are_forgotten_and_the_numbers_go_on(storage, watch):
    job = await held(storage, a_job(state=State.RUNNING, deployment="d1"))
    await storage.callbacks.hear("m1", job.id)
    await storage.callbacks.hear("m2", job.id)
    watch.advance(86_401)
    await storage.callbacks.hear("m3", job.id)
    await storage.callbacks.hear("m4", job.id)

    assert [each.number for each in await storage.callbacks.after(0)] == [3, 4]


async def test_an_attempt_is_found_by_its_id(storage):
    job = await held(storage, a_job(state=State.SUBMITTING, deployment="d1"))
    attempt = an_attempt(job)
    await storage.jobs.open_attempt(job, attempt)

    assert await storage.callbacks.attempt(attempt.id) == attempt
    assert await storage.callbacks.attempt("att_0") is None
