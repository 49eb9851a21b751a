"""A character made once, and what happens to the videos that use it."""

import asyncio

import pytest

import clips
from castlist import samples
from castlist.errors import Conflict, InvalidRequest, NotFound
from castlist.model.asks import Caller, VideoAsk
from castlist.model.characters import CharacterState, Fidelity
from castlist.model.jobs import State

ME = Caller("default", master=True)
OTHER = Caller("elsewhere")


def run(coroutine):
    return asyncio.run(coroutine)


def test_a_character_is_derived_once_and_played_in_a_scene(stage):
    async def scene():
        async with stage("drawn: animatic/animatic") as s:
            luna = await s.ready(await s.character(clip=samples.path("luna.mp4")))
            made = await s.end(await s.create("Luna waves", model="drawn", characters=(luna.id,), seconds=1))
            variants = [await s.engine.character_asset(ME, luna.id, v) for v in ("video", "still", "cutout", "sheet")]
            return luna, made, variants

    luna, made, variants = run(scene())

    assert luna.state is CharacterState.READY
    assert luna.advice == ()
    assert made.job.state is State.SUCCEEDED
    assert [(m.name, m.fidelity) for m in made.job.cast] == [("Luna", Fidelity.NATIVE)]
    assert [v.media_type for v in variants] == ["video/mp4", "image/png", "image/png", "image/png"]


def test_a_follow_up_keeps_the_cast_of_its_source(stage):
    async def scene():
        async with stage("hero: fake/instant") as s:
            luna = await s.character()
            first = await s.end(await s.create("Luna runs", model="hero", characters=(luna.id,)))
            ends = [
                await s.end(await s.follow(kind, first.job.id, seconds=2 if kind == "extend" else None))
                for kind in ("edit", "extend", "remix")
            ]
            await s.engine.delete_character(ME, luna.id)
            return first, ends, await s.end(await s.follow("edit", first.job.id))

    _, ends, after = run(scene())

    assert all(end.job.state is State.SUCCEEDED for end in ends)
    assert all([m.name for m in end.job.cast] == ["Luna"] for end in ends)
    assert [note.code for note in after.job.warnings] == ["character_deleted"]


def test_the_same_clip_and_name_within_the_hour_is_the_same_character(stage):
    async def scene():
        async with stage("hero: fake/instant", worker=False) as s:
            first, again = await s.character(), await s.character()
            other = await s.character("Nova")
            await s.engine.delete_character(ME, first.id)
            return first, again, other, await s.character()

    first, again, other, anew = run(scene())

    assert first.id == again.id
    assert len({first.id, other.id, anew.id}) == 3


def test_deleting_a_character_fails_its_queued_jobs_and_leaves_finished_ones(stage):
    async def scene():
        async with stage("hero: fake/instant") as s:
            luna = await s.character()
            done = await s.end(await s.create("Luna", model="hero", characters=(luna.id,)))
        async with stage("hero: fake/instant", worker=False) as s:
            queued = await s.create("Luna", model="hero", characters=(luna.id,))
            await s.engine.delete_character(ME, luna.id)
            return await s.engine.video(ME, queued.job.id), await s.engine.video(ME, done.job.id)

    queued, done = run(scene())

    assert (queued.job.state, queued.job.error.code) == (State.FAILED, "character_deleted")
    assert done.job.state is State.SUCCEEDED


@pytest.mark.parametrize(
    ("ids", "code"),
    [
        (["luna", "luna"], "duplicate_character"),
        (["luna", "nova", "mossy"], "too_many_characters"),
        (["luna", "twin"], "ambiguous_character_name"),
    ],
)
def test_a_cast_that_cannot_be_is_refused(stage, ids, code):
    async def scene():
        async with stage("hero: fake/instant", worker=False) as s:
            made = {"luna": await s.character(), "nova": await s.character("Nova"), "mossy": await s.character("Mossy")}
            made["twin"] = await s.character(clip=samples.path("mossy.mp4"))
            with pytest.raises(InvalidRequest) as refused:
                await s.create("Luna", model="hero", characters=tuple(made[key].id for key in ids))
            return refused.value

    refused = run(scene())

    assert (refused.code, refused.param) == (code, "characters")


def test_an_unknown_character_and_somebody_elses_read_alike(stage):
    async def scene():
        async with stage("hero: fake/instant", worker=False) as s:
            luna = await s.character()
            with pytest.raises(NotFound) as unknown:
                await s.create("x", model="hero", characters=("char_nothing",))
            with pytest.raises(NotFound) as foreign:
                await s.engine.character(OTHER, luna.id)
            return unknown.value, foreign.value

    unknown, foreign = run(scene())

    assert unknown.code == foreign.code == "unknown_character"


def test_a_video_that_is_not_ready_cannot_be_followed_up(stage):
    async def scene():
        async with stage("hero: fake/stuck", "bad: fake/fail") as s:
            running = await s.create(model="hero")
            failed = await s.end(await s.create(model="bad"))
            with pytest.raises(Conflict) as early:
                await s.follow("edit", running.job.id)
            with pytest.raises(Conflict) as broken:
                await s.follow("edit", failed.job.id)
            with pytest.raises(NotFound):
                await s.engine.submit(OTHER, VideoAsk("edit", "x", source=failed.job.id))
            return early.value, broken.value

    early, broken = run(scene())

    assert (early.status, early.code) == (409, "video_not_ready")
    assert (broken.status, broken.code) == (409, "video_failed")


@pytest.mark.parametrize(
    ("id", "says"),
    [
        ("char_01m80bp65cfgn115p5f6ecg6qm1", "id of a character"),
        ("video_bGl0ZWxsbTpjdXN0b21fbGxtX3Byb3ZpZGVyOm9wZW5haTttb2RlbF9pZDphYmM7dmlkZW9faWQ6dmlkZW9fMTIz", "LiteLLM"),
        ("video_68e0f2a3b4c5d6e7f8", "another provider"),
        ("5f0c1f5e-1111-2222-3333-444455556666", "another provider"),
        ("video_01m80q8cmm8zkmw9dd9httttpnw", "deleted"),
        ("video_01m80q8cmm8zkmw9dd9httttpn0", "mistyped"),
    ],
)
def test_an_id_that_leads_nowhere_is_recognised(stage, id, says):
    async def scene():
        async with stage("hero: fake/instant", worker=False) as s:
            with pytest.raises(NotFound, match=says) as missing:
                await s.engine.video(ME, id)
            return missing.value

    assert run(scene()).code == "video_not_found"


def test_what_was_taken_of_a_long_clip_is_told(stage, tmp_path):
    clip = clips.mascot_clip(tmp_path / "long.mp4", 5.0, size=(426, 240))

    async def scene():
        async with stage("hero: fake/instant") as s:
            return await s.ready(await s.character(clip=clip))

    luna = run(scene())
    told = {note.code: note.value for note in luna.advice}

    assert luna.clip.seconds == pytest.approx(3, abs=0.1)
    assert list(luna.range) == told["clip_range_chosen"]
    assert luna.range[1] - luna.range[0] == 3


def test_the_cast_of_a_queued_video_is_shown_at_once(stage):
    async def scene():
        async with stage("hero: animatic/animatic", worker=False) as s:
            luna = await s.character("Luna")
            return luna, await s.create("Luna waves", model="hero", characters=(luna.id,))

    luna, seen = asyncio.run(scene())

    assert seen.job.state is State.QUEUED
    assert [(member.id, member.name, member.fidelity) for member in seen.job.cast] == [(luna.id, "Luna", Fidelity.NATIVE)]


def test_a_follow_up_is_not_told_of_a_name_that_nobody_adds(stage):
    async def scene():
        async with stage("hero: fake/instant") as s:
            luna = await s.ready(await s.character("Luna"))
            first = await s.end(await s.create("A dance", model="hero", characters=(luna.id,)))
            return first, await s.follow("edit", first.job.id, "Golden light")

    first, edit = run(scene())

    assert [note.code for note in first.job.warnings] == ["character_name_added"]
    assert edit.job.operation.characters == first.job.operation.characters
    assert edit.job.warnings == ()
