"""An accepted job ends, once, and a provider is asked once, whatever happens on the way."""

import asyncio

import pytest

from castlist.errors import Conflict, NotFound
from castlist.model.asks import Caller
from castlist.model.jobs import AttemptState, CostState, State

ME = Caller("default", master=True)


def run(coroutine):
    return asyncio.run(coroutine)


def test_a_job_ends_with_its_bytes_and_one_attempt(stage):
    async def scene():
        async with stage("hero: fake/slow?seconds=0.5") as s:
            seen = await s.end(await s.create(model="hero"))
            asset = await s.engine.video_asset(ME, seen.job.id, "video")
            thumbnail = await s.engine.video_asset(ME, seen.job.id, "thumbnail")
            return seen, asset, thumbnail, s.provider("fake").submits

    seen, asset, thumbnail, submits = run(scene())

    assert seen.job.state is State.SUCCEEDED
    assert seen.job.progress == 100
    assert [a.state for a in seen.attempts] == [AttemptState.SUCCEEDED]
    assert submits == 1
    assert (asset.media_type, thumbnail.media_type) == ("video/mp4", "image/webp")
    assert asset.bytes > 1000


def test_a_provider_that_fails_hands_on_to_the_next_deployment(stage):
    async def scene():
        async with stage("hero: fake/fail?retryable=1", "hero: fake/instant") as s:
            return await s.end(await s.create(model="hero"))

    seen = run(scene())

    assert seen.job.state is State.SUCCEEDED
    assert [a.state for a in seen.attempts] == [AttemptState.FAILED, AttemptState.SUCCEEDED]
    assert len({a.reference for a in seen.attempts}) == 2


def test_a_refusal_goes_elsewhere_and_moderation_never(stage):
    async def scene():
        async with stage("hero: fake/refuse?retry=elsewhere", "hero: fake/instant", "strict: fake/moderated", "strict: fake/instant") as s:
            return await s.end(await s.create(model="hero")), await s.end(await s.create(model="strict"))

    moved, blocked = run(scene())

    assert moved.job.state is State.SUCCEEDED
    assert [a.state for a in moved.attempts] == [AttemptState.REFUSED, AttemptState.SUCCEEDED]
    assert (blocked.job.state, blocked.job.error.code) == (State.FAILED, "moderation_blocked")
    assert len(blocked.attempts) == 1


def test_a_request_that_never_left_is_sent_again_to_the_same_deployment(stage):
    async def scene():
        async with stage("hero: fake/unreachable?times=1&after=0.1") as s:
            return await s.end(await s.create(model="hero"))

    seen = run(scene())

    assert seen.job.state is State.SUCCEEDED
    assert [a.state for a in seen.attempts] == [AttemptState.REFUSED, AttemptState.SUCCEEDED]


def test_one_that_cannot_be_reached_is_not_waited_for_while_another_can_be_asked(stage):
    async def scene():
        async with stage("hero: fake/unreachable", "hero: fake/instant") as s:
            return await s.end(await s.create(model="hero"))

    seen = run(scene())

    assert seen.job.state is State.SUCCEEDED
    assert [(a.state, a.error.code if a.error else None) for a in seen.attempts] == [
        (AttemptState.REFUSED, "provider_unreachable"),
        (AttemptState.SUCCEEDED, None),
    ]


def test_several_that_cannot_be_reached_are_asked_in_turn_until_one_can(stage):
    async def scene():
        async with stage("hero: fake/unreachable?after=0.1", "hero: fake/unreachable?times=3&after=0.1") as s:
            return await s.end(await s.create(model="hero"))

    seen = run(scene())

    assert seen.job.state is State.SUCCEEDED
    first, second = "fake/unreachable?after=0.1", "fake/unreachable?times=3&after=0.1"
    assert [a.deployment for a in seen.attempts] == [first, second, first, second]
    assert [a.state for a in seen.attempts] == [*[AttemptState.REFUSED] * 3, AttemptState.SUCCEEDED]


def test_a_lost_answer_is_held_and_never_sent_again(stage):
    async def scene():
        async with stage("hero: fake/ambiguous", "hero: fake/instant") as s:
            seen = await s.until(await s.create(model="hero"), lambda now: now.job.state is State.UNKNOWN)
            return await s.engine.watch(ME, seen.job.id, revision=seen.job.revision, timeout=1.0), s.provider("fake").submits

    seen, submits = run(scene())

    assert seen.job.state is State.UNKNOWN
    assert submits == 1
    assert seen.job.cost.state is CostState.UNKNOWN
    assert [a.state for a in seen.attempts] == [AttemptState.UNKNOWN]


def test_a_crash_between_intent_and_ticket_asks_the_provider_first(stage, tmp_path):
    async def scene():
        async with stage("hero: fake/instant?answer=30") as s:
            s.gateway.worker.patience = 0.1
            seen = await s.until(await s.create(model="hero"), lambda now: now.job.state is State.SUBMITTING)
        async with stage("hero: fake/instant?answer=30") as s:
            held = await s.until(seen, lambda now: now.job.state is State.UNKNOWN)
            return held, s.provider("fake").submits

    held, submits = run(scene())

    assert submits == 0
    assert [a.state for a in held.attempts] == [AttemptState.UNKNOWN]


def test_a_cut_download_is_fetched_again(stage):
    async def scene():
        async with stage("hero: fake/cut") as s:
            return await s.end(await s.create(model="hero")), s.provider("fake").submits

    seen, submits = run(scene())

    assert (seen.job.state, submits) == (State.SUCCEEDED, 1)


def test_cancelling_stops_the_work_and_a_second_time_is_refused(stage):
    async def scene():
        async with stage("hero: fake/stuck") as s:
            seen = await s.until(await s.create(model="hero"), lambda now: now.job.state is State.RUNNING)
            await s.engine.cancel(ME, seen.job.id)
            ended = await s.end(seen)
            with pytest.raises(Conflict) as refused:
                await s.engine.cancel(ME, seen.job.id)
            return ended, refused.value, s.provider("fake").cancels

    ended, refused, cancels = run(scene())

    assert (ended.job.state, ended.job.error.code) == (State.CANCELLED, "cancelled")
    assert (refused.status, refused.code) == (409, "video_already_ended")
    assert "was cancelled already" in refused.message
    assert cancels == 1


def test_a_queued_job_is_cancelled_without_a_worker(stage):
    async def scene():
        async with stage("hero: fake/stuck", worker=False) as s:
            seen = await s.create(model="hero")
            return await s.engine.cancel(ME, seen.job.id)

    assert run(scene()).job.state is State.CANCELLED


def test_deleting_a_running_job_cancels_it_first(stage):
    async def scene():
        async with stage("hero: fake/stuck") as s:
            seen = await s.until(await s.create(model="hero"), lambda now: now.job.state is State.RUNNING)
            await s.engine.delete_video(ME, seen.job.id)
            with pytest.raises(NotFound):
                await s.engine.video(ME, seen.job.id)
            async with asyncio.timeout(60):
                while await s.gateway.storage.jobs.unfinished():
                    await asyncio.sleep(0.05)
            return s.provider("fake").cancels

    assert run(scene()) == 1


def test_who_waits_for_a_sweep_finds_the_bytes_gone_that_another_is_removing(stage):
    async def scene():
        async with stage("hero: fake/instant") as s:
            made = await s.end(await s.create(model="hero"))
        async with stage("hero: fake/instant", worker=False) as s:
            stored = list((s.gateway.storage.folder / "assets").rglob("asset_*"))
            await s.gateway.storage.jobs.delete(ME.project, made.job.id)
            other = asyncio.create_task(s.engine.sweep())
            await asyncio.sleep(0)
            await s.engine.sweep()
            left = [path for path in stored if path.exists()]
            await other
            return stored, left

    stored, left = run(scene())

    assert len(stored) == 3
    assert left == []


def test_work_goes_on_where_a_stopped_gateway_left_it(stage):
    async def scene():
        async with stage("hero: fake/slow?seconds=2") as s:
            seen = await s.until(await s.create(model="hero"), lambda now: now.job.state is State.RUNNING)
        async with stage("hero: fake/slow?seconds=2") as s:
            ended = await s.end(seen)
            return ended, s.provider("fake").submits

    ended, submits = run(scene())

    assert (ended.job.state, submits) == (State.SUCCEEDED, 0)


def test_a_poll_that_finds_nothing_does_not_fail_the_job(stage):
    async def scene():
        async with stage("hero: fake/lost") as s:
            seen = await s.until(await s.create(model="hero"), lambda now: now.job.state is State.RUNNING)
            return await s.engine.watch(ME, seen.job.id, revision=seen.job.revision, timeout=1.0)

    assert run(scene()).job.state is State.RUNNING
