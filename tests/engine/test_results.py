"""What a provider delivers in place of a video: the attempt fails with a sentence, and another deployment is tried."""

import asyncio

import pytest

from castlist.model.jobs import AttemptState, State


def run(coroutine):
    return asyncio.run(coroutine)


@pytest.mark.parametrize("what", ["garbage", "hollow", "endless"])
def test_what_is_no_video_is_a_failure_of_the_attempt_and_nothing_is_stored(stage, what):
    async def scene():
        async with stage(f"hero: fake/{what}") as s:
            return await s.end(await s.create(model="hero")), s.provider("fake").submits, list(s.gateway.storage.scratch.glob("store-*"))

    seen, submits, left = run(scene())

    assert (seen.job.state, submits, left) == (State.FAILED, 1, [])
    assert seen.job.error.code == "provider_output_unusable"
    assert [(a.state, a.error.code) for a in seen.attempts] == [(AttemptState.FAILED, "provider_output_unusable")]
    assert seen.job.result is None


def test_a_page_in_place_of_a_finished_video_does_not_have_it_made_again(stage):
    async def scene():
        async with stage("hero: fake/garbage?times=2", "hero: fake/instant") as s:
            ended = await s.end(await s.create(model="hero"))
            return ended, s.provider("fake").submits, s.provider("fake").downloads

    seen, submits, downloads = run(scene())

    assert (seen.job.state, submits, downloads) == (State.SUCCEEDED, 1, 3)
    assert [a.state for a in seen.attempts] == [AttemptState.SUCCEEDED]


@pytest.mark.parametrize(("seconds", "told"), [(2, []), (4, [("length_differs", 2.0, 4)])])
def test_a_video_that_is_not_as_long_as_was_asked_says_so(stage, seconds, told):
    async def scene():
        async with stage("hero: fake/instant") as s:
            return await s.end(await s.create(model="hero", seconds=seconds))

    seen = run(scene())

    assert seen.job.state is State.SUCCEEDED
    assert [(note.code, note.value, note.limit) for note in seen.job.warnings] == told
