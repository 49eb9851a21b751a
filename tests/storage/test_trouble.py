"""Jobs in trouble, of all projects, and what was decided about them, over real rows."""

import asyncio
from dataclasses import replace

import pytest

from castlist.errors import Conflict
from castlist.model.characters import Note
from castlist.model.jobs import AttemptState, Failure, State
from castlist.model.providing import Ticket
from castlist.model.troubles import Verdict
from storage.samples import a_job, an_attempt

pytestmark = pytest.mark.anyio


async def bring(storage, job, state, *, note=None):
    """The job in a state, with one attempt, and in nobody's hands."""
    await storage.jobs.add(job)
    mine = next(each for each in await storage.jobs.claim(deployments=[], limit=9, lease=60) if each.id == job.id)
    attempt = an_attempt(job)
    opened = mine.to(State.PREPARING).to(State.SUBMITTING, attempt=attempt.id)
    assert await storage.jobs.open_attempt(opened, attempt)
    there = opened.to(state)
    there = there.warn(Note(note, "It takes long.")) if note else there
    await storage.jobs.save_attempt(replace(attempt, state=AttemptState.UNKNOWN, ticket={"id": f"work_{job.id}"}))
    assert await storage.jobs.save(there, release=True)
    return attempt


async def test_jobs_are_counted_and_listed_by_state_and_note(storage):
    unknown, slow, running = a_job(project="other"), a_job(), a_job()
    await bring(storage, unknown, State.UNKNOWN)
    await bring(storage, slow, State.RUNNING, note="stuck")
    await bring(storage, running, State.RUNNING)

    assert await storage.trouble.counts() == {State.UNKNOWN: 1, State.RUNNING: 2}
    assert await storage.trouble.noted("stuck") == 1
    assert [seen.job.id for seen in await storage.trouble.jobs(State.UNKNOWN, limit=9)] == [unknown.id]
    (found,) = await storage.trouble.jobs(State.RUNNING, note="stuck", limit=9)
    assert (found.job.id, [attempt.job for attempt in found.attempts]) == (slow.id, [slow.id])
    assert len(await storage.trouble.jobs(State.RUNNING, limit=1)) == 1


async def test_a_decision_is_kept_while_the_job_is_unknown_and_makes_it_due(storage, watch):
    unknown, running = a_job(), a_job()
    doubted, known = await bring(storage, unknown, State.UNKNOWN), await bring(storage, running, State.RUNNING)
    watch.advance(5)

    assert await storage.trouble.decide(unknown.id, replace(doubted, verdict=Verdict.FAIL, ticket={"id": "w"}))
    assert not await storage.trouble.decide(running.id, replace(known, verdict=Verdict.FAIL))

    (attempt,) = await storage.jobs.attempts(unknown.id)
    assert attempt.verdict is Verdict.FAIL
    assert (await storage.jobs.any(unknown.id)).due_at == watch.now


async def test_work_is_left_behind_by_ended_jobs_under_the_accounts_that_are_asked_for(storage):
    ended, running = a_job(), a_job()
    goes_on, left = await bring(storage, running, State.RUNNING), await bring(storage, ended, State.RUNNING)
    for attempt in (left, goes_on):
        await storage.jobs.save_attempt(replace(attempt, state=AttemptState.TICKETED, ticket={"id": "w"}))
    (mine,) = (each for each in await storage.jobs.claim(deployments=[], limit=9, lease=60) if each.id == ended.id)
    assert await storage.jobs.save(mine.to(State.FAILED, error=Failure("odd", "it broke")), release=True)

    assert [job.id for job in await storage.trouble.left_behind([left.account])] == [ended.id]
    assert not await storage.trouble.left_behind(["another"])


async def test_a_ticket_is_claimed_by_the_attempt_of_its_account_that_has_it(storage):
    one, two = a_job(), a_job()
    first, second = await bring(storage, one, State.UNKNOWN), await bring(storage, two, State.UNKNOWN)
    work = Ticket({"id": f"work_{one.id}"})

    assert not await storage.trouble.claimed(first, ticket=work)
    assert await storage.trouble.claimed(second, ticket=work)
    assert await storage.trouble.claimed(second, ticket=Ticket({"id": f"work_{one.id}", "model": "m"}))
    assert not await storage.trouble.claimed(replace(second, account="another"), ticket=work)
    assert not await storage.trouble.claimed(second, ticket=Ticket({"id": "work_of_nobody"}))
    await storage.jobs.save_attempt(replace(first, ticket={"id": "x"}, error=Failure("odd", f'it said "work_{one.id}"')))
    assert not await storage.trouble.claimed(second, ticket=work)


async def test_a_ticket_is_taken_once_by_whoever_found_it(storage, second):
    jobs = [a_job(), a_job()]
    mine, theirs = [await bring(storage, job, State.UNKNOWN) for job in jobs]
    found = [replace(attempt, ticket={"id": "work"}, state=AttemptState.TICKETED) for attempt in (mine, theirs)]

    taken = await asyncio.gather(storage.trouble.take(found[0]), second.trouble.take(found[1]))

    assert sorted(taken) == [False, True]
    loser = taken.index(False)
    with pytest.raises(Conflict, match="Another video is made by that work"):
        await storage.trouble.decide(jobs[loser].id, found[loser])
    assert [a.ticket for a in await storage.jobs.attempts(jobs[loser].id)] == [{"id": f"work_{jobs[loser].id}"}]
