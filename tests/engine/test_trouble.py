"""What goes wrong between two lines of the engine: nothing is sent twice, nothing is lost, nothing is stuck."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from castlist import samples
from castlist.errors import Conflict, StorageFull, Unavailable
from castlist.mishaps import Mishaps
from castlist.model.asks import Caller
from castlist.model.jobs import AttemptState, CostState, State
from castlist.model.providing import Ticket
from castlist.testing.fake import FakeProvider
from castlist.worker import Worker
from engine.failing import Failing

ME = Caller("default", master=True)


def run(coroutine):
    return asyncio.run(coroutine)


class BreaksAfterSending(FakeProvider):
    """Takes the work, and then trips over the answer."""

    async def submit(self, prepared):
        await super().submit(prepared)
        raise KeyError("id")


class BreaksWhenPreparing(FakeProvider):
    async def prepare(self, order):
        raise ValueError("a mistake in an adapter")


class BreaksWhenPolled(FakeProvider):
    async def poll(self, tickets):
        if self.polls < 7:
            self.polls += 1
            raise ValueError("a mistake in an adapter")
        return await super().poll(tickets)


class BreaksWhenAskedForWhatItTook(FakeProvider):
    async def find(self, reference):
        raise ValueError("a mistake in an adapter")

    async def cancel(self, ticket):
        self.cancels += 1
        raise ValueError("another mistake")


class LongTickets(FakeProvider):
    """A ticket that does not fit in the pages the database has."""

    async def submit(self, prepared):
        ticket = await super().submit(prepared)
        return Ticket({**ticket.data, "much": "x" * 400_000})


def put_in(s, adapter):
    """The adapter in the place of the fake's, with all it was made with."""
    name = next(name for name in s.engine.kit.providers if name.startswith("fake"))
    old = s.engine.kit.providers[name]
    s.engine.kit.providers[name] = adapter(old.account, old.http)


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


async def none_left(folder):
    """Returns when no file is left in the folder."""
    async with asyncio.timeout(60):
        while files(folder):
            await asyncio.sleep(0.05)


def test_an_adapter_that_breaks_after_sending_is_never_asked_to_send_again(stage):
    async def scene():
        async with stage("hero: fake/instant") as s:
            put_in(s, BreaksAfterSending)
            seen = await s.until(await s.create(model="hero"), lambda now: now.job.state is State.UNKNOWN)
            await s.engine.watch(ME, seen.job.id, revision=seen.job.revision + 1, timeout=3.0)
            return await s.engine.video(ME, seen.job.id), s.provider("fake").submits

    seen, submits = run(scene())

    assert (seen.job.state, submits) == (State.UNKNOWN, 1)
    assert [(a.state, a.cost.state) for a in seen.attempts] == [(AttemptState.UNKNOWN, CostState.UNKNOWN)]


def test_running_work_whose_ticket_is_gone_is_asked_for_and_never_sent_again(stage, tmp_path):
    async def scene():
        async with stage("hero: fake/stuck") as s:
            seen = await s.until(await s.create(model="hero"), lambda now: now.job.state is State.RUNNING)
            submits = s.provider("fake").submits
        with closing(sqlite3.connect(tmp_path / "data" / "castlist.db")) as database, database:
            database.execute("UPDATE attempts SET doc = json_set(doc, '$.ticket', NULL)")
        async with stage("hero: fake/stuck") as s:
            found = await s.until(seen, lambda now: now.job.state is not State.RUNNING)
            return found, submits + s.provider("fake").submits

    seen, submits = run(scene())

    assert (seen.job.state, len(seen.attempts), submits) == (State.UNKNOWN, 1, 1)


def test_a_second_attempt_is_looked_for_under_the_name_it_was_sent_with(stage):
    async def scene():
        async with stage("hero: fake/refuse?retry=elsewhere", "hero: fake/ambiguous?found=ticket") as s:
            return await s.end(await s.create(model="hero")), s.provider("fake").submits

    seen, submits = run(scene())

    assert (seen.job.state, submits) == (State.SUCCEEDED, 2)
    assert [a.state for a in seen.attempts] == [AttemptState.REFUSED, AttemptState.SUCCEEDED]
    assert seen.job.cost.state is CostState.BILLED


class AwayOnce:
    """In the place of the database of `rows`, a part of the storage: it is away for the next read."""

    def __init__(self, rows):
        self.real, self.part, self.failed = rows._database, rows, 0
        rows._database = self

    def __getattr__(self, name):
        return getattr(self.real, name)

    async def rows(self, sql, values=()):
        self.part._database = self.real
        self.failed += 1
        raise Unavailable("the database went away", code="storage_unreachable")

    row = rows


def test_a_database_that_is_away_for_a_moment_ends_no_wait_for_the_end_of_all_work(stage):
    async def scene():
        async with stage("hero: fake/instant") as s:
            seen = await s.create(model="hero")
            storage = s.gateway.storage
            away = [AwayOnce(storage.jobs), AwayOnce(storage.outbox)]
            await s.gateway.until_idle()
            return away, await s.engine.video(ME, seen.job.id)

    away, seen = run(scene())

    assert ([each.failed for each in away], seen.job.state) == ([1, 1], State.SUCCEEDED)


@pytest.mark.parametrize("first", ["fake/refuse?retry=elsewhere", "fake/fail?retryable=1"])
def test_a_database_that_is_away_while_another_deployment_is_sought_fails_no_job(stage, first):
    away = []

    class Loses(FakeProvider):
        async def submit(self, prepared):
            if not away:
                away.append(AwayOnce(s.gateway.storage.health))
            return await super().submit(prepared)

    async def scene():
        nonlocal s
        async with stage(f"hero: {first}", "hero: fake/instant") as s:
            put_in(s, Loses)
            return await s.end(await s.create(model="hero"))

    s = None
    seen = run(scene())

    assert (seen.job.state, away[0].failed) == (State.SUCCEEDED, 1)


def test_a_ticket_that_the_database_has_no_room_for_is_kept_until_it_has(stage):
    async def scene():
        async with stage("hero: fake/instant?answer=0.5") as s:
            put_in(s, LongTickets)
            write = s.gateway.storage.write
            seen = await s.until(await s.create(model="hero"), lambda now: now.job.state is State.SUBMITTING)
            pages = await write(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
            await write(lambda c: c.execute(f"PRAGMA max_page_count = {pages}").fetchone())
            held = await s.engine.watch(ME, seen.job.id, revision=seen.job.revision, timeout=1.5)
            await write(lambda c: c.execute("PRAGMA max_page_count = 1000000").fetchone())
            return held, await s.end(held), s.provider("fake").submits

    held, ended, submits = run(scene())

    assert held.job.state is State.SUBMITTING
    assert (ended.job.state, submits) == (State.SUCCEEDED, 1)
    assert len(ended.attempts) == 1


def test_a_stop_waits_for_the_answer_of_a_request_that_has_left(stage):
    async def scene():
        async with stage("hero: fake/instant?answer=1") as s:
            seen = await s.until(await s.create(model="hero"), lambda now: now.job.state is State.SUBMITTING)
        async with stage("hero: fake/instant?answer=1") as s:
            return await s.end(seen), s.provider("fake").submits

    ended, submits = run(scene())

    assert (ended.job.state, submits) == (State.SUCCEEDED, 0)
    assert [a.state for a in ended.attempts] == [AttemptState.SUCCEEDED]


def test_a_step_that_breaks_again_and_again_fails_its_job(stage):
    async def scene():
        async with stage("hero: fake/instant") as s:
            put_in(s, BreaksWhenPreparing)
            return await s.end(await s.create(model="hero"))

    ended = run(scene())

    assert (ended.job.state, ended.job.error.code) == (State.FAILED, "internal_error")
    assert ended.job.cost.state is not CostState.UNKNOWN
    assert ended.attempts == ()


def test_a_job_that_cannot_be_given_up_now_is_given_up_later(stage):
    async def scene():
        async with stage("hero: fake/instant") as s:
            put_in(s, BreaksWhenPreparing)
            database = Failing(s.gateway.storage.jobs, "finish")
            return await s.end(await s.create(model="hero")), database.failed

    ended, failed = run(scene())

    assert (ended.job.state, ended.job.error.code, failed) == (State.FAILED, "internal_error", 1)


def test_a_followed_job_is_taken_again_whatever_broke_while_it_was_asked_about(stage):
    async def scene():
        async with stage("hero: fake/slow?seconds=1", worker=False) as s:
            worker = Worker(s.engine, lease=2.0)
            await worker.start()
            try:
                seen = await s.until(await s.create(model="hero"), lambda now: now.job.state is State.RUNNING)
                database = Failing(s.gateway.storage.jobs, "save", reads=1)
                return await s.end(seen), database.failed
            finally:
                await worker.stop()

    ended, failed = run(scene())

    assert (ended.job.state, failed) == (State.SUCCEEDED, 1)


def test_polls_that_break_never_fail_an_accepted_job(stage):
    async def scene():
        async with stage("hero: fake/instant") as s:
            put_in(s, BreaksWhenPolled)
            seen = await s.create(model="hero")
            async with asyncio.timeout(30):
                while not seen.job.ended:
                    s.gateway.worker.ring(seen.job.id)
                    await asyncio.sleep(0.02)
                    seen = await s.engine.video(ME, seen.job.id)
            return seen, s.provider("fake")

    ended, provider = run(scene())

    assert (ended.job.state, provider.submits, provider.cancels) == (State.SUCCEEDED, 1, 0)


def test_an_adapter_that_breaks_when_it_is_to_find_or_stop_a_work_cannot_tell(stage):
    async def scene():
        async with stage("lost: fake/ambiguous") as s:
            put_in(s, BreaksWhenAskedForWhatItTook)
            held = await s.until(await s.create(model="lost"), lambda now: now.job.waiting == "unknown")
            await s.engine.cancel(ME, held.job.id)
            while not s.engine.kit.unstopped_since:
                await asyncio.sleep(0.02)
            since = s.engine.kit.unstopped_since
            since.update({attempt: moment - timedelta(minutes=11) for attempt, moment in since.items()})
            return await s.end(held)

    ended = run(scene())

    assert (ended.job.state, ended.job.cost.state) == (State.CANCELLED, CostState.UNKNOWN)
    assert "ValueError" in ended.job.warnings[0].message


def test_what_a_provider_works_on_is_given_up_after_minutes_and_not_at_once(stage):
    async def scene():
        async with stage("hero: fake/stuck") as s:
            seen = await s.until(await s.create(model="hero"), lambda now: now.job.state is State.RUNNING)
            mishaps, waited = Mishaps(s.engine), 0.0
            moved = await mishaps.after(seen.job, ValueError("a mistake"))
            while not moved.ended:
                waited += (moved.due_at - s.engine.kit.clock()).total_seconds()
                moved = await mishaps.after(seen.job, ValueError("a mistake"))
            return waited, await s.end(seen), s.provider("fake").cancels

    waited, ended, cancels = run(scene())

    assert 600 < waited < 1200
    assert (ended.job.state, ended.job.error.code, cancels) == (State.FAILED, "internal_error", 1)
    assert [(a.state, a.ended_at is not None) for a in ended.attempts] == [(AttemptState.FAILED, True)]


def test_work_that_the_provider_has_lost_can_be_cancelled(stage):
    async def scene():
        async with stage("hero: fake/lost") as s:
            seen = await s.until(await s.create(model="hero"), lambda now: now.job.state is State.RUNNING)
            await s.engine.cancel(ME, seen.job.id)
            return await s.end(seen)

    assert run(scene()).job.state is State.CANCELLED


def test_progress_never_falls_when_another_deployment_takes_over(stage):
    async def scene():
        async with stage("hero: fake/fail?retryable=1&seconds=1&again=0.2", "hero: fake/slow?seconds=1&again=0.2") as s:
            seen, all_seen = await s.create(model="hero"), []
            while not seen.job.ended:
                seen = await s.engine.watch(ME, seen.job.id, revision=seen.job.revision, timeout=1.0)
                all_seen.append(seen.job.progress)
            return seen, all_seen

    seen, progress = run(scene())

    assert seen.job.state is State.SUCCEEDED
    assert progress == sorted(progress)
    assert len({note.code for note in seen.job.warnings}) == len(seen.job.warnings)


def test_a_result_waits_for_room_says_so_once_and_is_stored_when_there_is_some(stage):
    async def scene():
        async with stage("hero: fake/slow?seconds=0.5") as s:
            kit = s.engine.kit
            seen = await s.create(model="hero")
            s.engine.kit = replace(kit, policy=replace(kit.policy, low_water=1 << 62))
            full = await s.until(seen, lambda now: now.job.waiting == "storage_full")
            still = await s.engine.watch(ME, seen.job.id, revision=full.job.revision, timeout=4.0)
            s.engine.kit = kit
            return full, still, await s.end(still), s.provider("fake").submits

    full, still, ended, submits = run(scene())

    assert full.job.state is State.STORING
    assert still.job.revision > full.job.revision
    assert [note.code for note in still.job.warnings] == ["storage_full"]
    assert (ended.job.state, ended.job.waiting, submits) == (State.SUCCEEDED, None, 1)


def test_uploads_are_refused_before_the_disk_is_full_and_leave_nothing(stage):
    async def scene():
        async with stage("hero: fake/instant", worker=False) as s:
            s.engine.kit = replace(s.engine.kit, policy=replace(s.engine.kit.policy, low_water=1 << 62))
            with pytest.raises(StorageFull) as character:
                await s.character()
            with pytest.raises(StorageFull):
                await s.follow("edit", s.incoming(samples.path("luna.mp4")), model="hero")
            with pytest.raises(StorageFull):
                await s.engine.ready()
            return character.value, files(s.gateway.storage.folder / "assets"), files(s.gateway.storage.scratch)

    refused, stored, left = run(scene())

    assert (refused.status, refused.code) == (503, "storage_full")
    assert (stored, left) == ([], [])


def test_a_gateway_that_keeps_no_room_is_not_ready_with_next_to_none(stage):
    async def scene():
        async with stage("hero: fake/instant", worker=False) as s:
            await s.engine.ready()
            for _ in range(20):  # what else uses the volume may make room in between
                left = s.gateway.storage.assets.room() - (1 << 19)
                s.engine.kit = replace(s.engine.kit, policy=replace(s.engine.kit.policy, low_water=left))
                await s.engine.ready()

    with pytest.raises(StorageFull, match="1 MiB more would leave less"):
        run(scene())


def test_a_deployment_that_left_the_configuration_is_still_polled_by_its_account(stage):
    async def scene():
        async with stage("hero: fake/slow?seconds=1") as s:
            seen = await s.until(await s.create(model="hero"), lambda now: now.job.state is State.RUNNING)
        async with stage("other: fake/instant") as s:
            return await s.end(seen)

    assert run(scene()).job.state is State.SUCCEEDED


def test_work_whose_account_is_gone_can_be_cancelled_and_keeps_nobody_from_ending(stage):
    async def scene():
        async with stage("hero: fake/stuck") as s:
            seen = await s.until(await s.create(model="hero"), lambda now: now.job.state is State.RUNNING)
        async with stage("drawn: animatic/animatic") as s:
            async with asyncio.timeout(60):
                await s.gateway.worker.until_idle()
            assert (await s.engine.video(ME, seen.job.id)).job.state is State.RUNNING
            await s.engine.cancel(ME, seen.job.id)
            return await s.end(seen)

    ended = run(scene())

    assert (ended.job.state, ended.job.cost.state) == (State.CANCELLED, CostState.UNKNOWN)


def test_a_job_in_hand_is_not_taken_again_when_its_lease_ran_out(stage):
    async def scene():
        async with stage("hero: fake/stuck", worker=False) as s:
            job = (await s.create(model="hero")).job
            claim, names = s.gateway.storage.jobs.claim, [d.id for d in s.engine.kit.deployments]
            taken = await claim(deployments=names, limit=9, lease=-1)
            besides = await claim(deployments=names, limit=9, lease=60, besides=[job.id])
            return taken, besides, await claim(deployments=names, limit=9, lease=60)

    taken, besides, again = run(scene())

    assert (len(taken), besides, len(again)) == (1, [], 1)


def test_a_ticket_is_never_overwritten_by_who_did_not_know_of_it(stage):
    async def scene():
        async with stage("hero: fake/stuck") as s:
            seen = await s.until(await s.create(model="hero"), lambda now: now.job.state is State.RUNNING)
            stale = replace(seen.attempts[0], ticket=None, state=AttemptState.UNKNOWN)
            await s.gateway.storage.jobs.save_attempt(stale)
            return await s.gateway.storage.jobs.attempts(seen.job.id)

    attempts = run(scene())

    assert [(a.state, bool(a.ticket)) for a in attempts] == [(AttemptState.TICKETED, True)]


def test_two_gateways_on_one_directory_send_each_of_thirty_jobs_once(stage):
    async def scene():
        async with stage("hero: fake/slow?seconds=0.2") as one, stage("hero: fake/slow?seconds=0.2") as two:
            made = [await (one, two)[number % 2].create(model="hero") for number in range(30)]
            ended = [await two.end(seen) for seen in made]
            return ended, one.provider("fake").submits, two.provider("fake").submits

    ended, first, second = run(scene())

    assert {seen.job.state for seen in ended} == {State.SUCCEEDED}
    assert {len(seen.attempts) for seen in ended} == {1}
    assert first + second == 30
    assert min(first, second) > 0


def test_a_source_deleted_while_a_follow_up_waits_serves_it_and_goes_after_it(stage):
    async def scene():
        async with stage("hero: fake/instant") as s:
            first = await s.end(await s.create(model="hero"))
        async with stage("hero: fake/instant", worker=False) as s:
            follow = await s.follow("edit", first.job.id)
            await s.engine.delete_video(ME, first.job.id)
            assert len(files(s.gateway.storage.folder / "assets")) == 1
            with pytest.raises(Exception, match="No video"):
                await s.follow("edit", first.job.id)
        async with stage("hero: fake/instant") as s:
            ended = await s.end(follow)
            await s.engine.delete_video(ME, follow.job.id)
            await none_left(s.gateway.storage.folder / "assets")
            return ended

    assert run(scene()).job.state is State.SUCCEEDED


def test_a_deleted_running_video_leaves_no_bytes(stage):
    async def scene():
        async with stage("hero: fake/slow?seconds=0.5") as s:
            made = [await s.create(model="hero") for _ in range(4)]
            await s.until(made[3], lambda now: now.job.state in (State.RUNNING, State.STORING))
            for seen in made:
                await s.engine.delete_video(ME, seen.job.id)
            async with asyncio.timeout(60):
                while await s.gateway.storage.jobs.unfinished():
                    await asyncio.sleep(0.05)
            await none_left(s.gateway.storage.folder / "assets")
            return files(s.gateway.storage.folder / "scratch")

    assert run(scene()) == []


def test_an_ended_job_stays_as_it_ended(stage):
    async def scene():
        async with stage("hero: fake/instant") as s:
            seen = await s.end(await s.create(model="hero"))
            with pytest.raises(Conflict):
                await s.engine.cancel(ME, seen.job.id)
            return seen, await s.engine.video(ME, seen.job.id)

    before, after = run(scene())

    assert before.job == after.job
