"""Kling behind the engine: elements made once in the background, an answer that was lost, an extension that is none."""

import asyncio
import base64

import numpy as np
import pytest

import clips
from castlist.errors import Unsupported
from castlist.model.asks import Caller, VideoAsk
from castlist.model.characters import BindingState, Fidelity
from castlist.model.jobs import State
from castlist.model.operations import Size, Wishes
from providers.emulators.kling import serve_kling

ME = Caller("default", master=True)
HD = Size(1280, 720)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A result long and large enough to be edited: three still seconds."""
    still = np.full((720, 1280, 3), 90, np.uint8)
    return clips.write_video(tmp_path_factory.mktemp("films") / "film.mp4", [still] * 75).read_bytes()


@pytest.fixture
def upstream(film):
    with serve_kling(lasts=0, clip=film) as server:
        yield server


@pytest.fixture
def kling(stage, upstream):
    """A gateway over one model at the emulator."""
    return lambda: stage("hero: kling/kling-3.0-omni", params=f"api_base: '{upstream.base_url}', api_key: {upstream.key}")


async def play(s, luna, **ask):
    return await s.end(await s.create("Luna waves", model="hero", characters=(luna.id,), size=HD, seconds=4, **ask))


def run(coroutine):
    return asyncio.run(coroutine)


def test_two_videos_at_a_time_share_one_element_of_the_characters_own_stills(kling, upstream, luna):
    async def scene():
        async with kling() as s:
            ends = await asyncio.gather(play(s, luna), play(s, luna))
            known = await s.engine.character(ME, luna.id)
            names = [name for name in known.assets if name.startswith("jpeg-")]
            stills = [await s.engine.storage.assets.read(known.assets[name]) for name in sorted(names)]
            return ends, known.bindings, stills

    ends, (binding,), stills = run(scene())
    (element,) = upstream.elements.values()
    assert [end.job.state for end in ends] == [State.SUCCEEDED] * 2
    assert [(end.job.cast[0].fidelity, end.job.cast[0].handle) for end in ends] == [(Fidelity.NATIVE, str(element.id))] * 2
    assert (binding.state, binding.handle) == (BindingState.READY, str(element.id))
    assert [base64.b64decode(picture) for picture in element.pictures] == stills
    assert len(stills) > 1


def test_an_element_that_was_deleted_upstream_is_made_again(kling, upstream, luna):
    async def scene():
        async with kling() as s:
            await play(s, luna)
            next(iter(upstream.elements.values())).deleted = True
            return await play(s, luna)

    end = run(scene())
    assert end.job.state is State.SUCCEEDED
    assert [element.deleted for element in upstream.elements.values()] == [True, False]
    assert end.job.cast[0].handle == str(max(upstream.elements))


def test_a_character_that_kling_does_not_take_goes_in_pictures_where_that_is_allowed(kling, upstream, luna):
    upstream.break_next("making", "fail", "fail")

    async def scene():
        async with kling() as s:
            return await play(s, luna), await play(s, luna, degrade=True)

    strict, degraded = run(scene())
    (document,) = [each.document for each in upstream.requests if each.path == "/omni-video/kling-3.0-omni"]
    assert strict.job.state is State.FAILED
    assert "The pictures are not clear enough" in strict.job.error.message
    assert degraded.job.state is State.SUCCEEDED, degraded.job.error
    assert "character_by_reference" in {warning.code for warning in degraded.job.warnings}
    assert {item["type"] for item in document["contents"]} == {"prompt", "refer_image"}


def test_an_extension_by_way_of_degrade_is_put_after_its_source(kling, upstream):
    async def scene():
        async with kling() as s:
            first = await s.end(await s.create("A fox", model="hero", size=HD, seconds=4))
            return first, await s.end(await s.follow("extend", first.job.id, "It waves", seconds=4, wishes=Wishes(degrade=True)))

    first, end = run(scene())
    assert end.job.state is State.SUCCEEDED, end.job.error
    assert {"extended_by_next_shot", "extension_stitched"} <= {warning.code for warning in end.job.warnings}
    assert end.job.result.seconds == pytest.approx(2 * first.job.result.seconds, abs=0.1)


def test_an_answer_that_was_lost_is_found_again_and_nothing_is_sent_twice(kling, upstream, luna):
    upstream.break_next("create", "lose")

    async def scene():
        async with kling() as s:
            return await play(s, luna)

    end = run(scene())
    assert end.job.state is State.SUCCEEDED
    assert (upstream.counts["create"], upstream.counts["accepted"]) == (1, 1)


def test_an_extension_is_refused_in_words_that_name_the_way(kling, luna):
    async def scene():
        async with kling() as s:
            first = await play(s, luna)
            with pytest.raises(Unsupported) as caught:
                await s.follow("extend", first.job.id, seconds=4)
            return caught.value

    error = run(scene())
    assert (error.status, error.code) == (400, "unsupported_operation")
    assert "kling/kling-3.0-omni cannot extend a video; with on_unsupported: degrade" in error.message


def test_what_only_the_adapter_refuses_is_refused_as_its_plan_is_and_no_video_is_made_of_it(kling, upstream, luna):
    async def scene():
        async with kling() as s:
            ask = VideoAsk("create", "Luna waves " + "and waves " * 400, model="hero", characters=(luna.id,), size=HD, seconds=4)
            with pytest.raises(Unsupported) as planned:
                await s.engine.plan(ME, ask)
            with pytest.raises(Unsupported) as sent:
                await s.engine.submit(ME, ask)
            return planned.value, sent.value, await s.engine.storage.jobs.unfinished()

    planned, sent, jobs = run(scene())
    assert (sent.status, sent.code, sent.message, sent.reasons) == (400, planned.code, planned.message, planned.reasons)
    assert "kling-3.0-omni takes prompts of up to" in sent.message
    assert (jobs, upstream.counts["element"], upstream.counts["create"]) == (0, 0, 0)


def test_an_edit_of_its_own_video_needs_no_address_of_ours(kling, upstream, luna):
    async def scene():
        async with kling() as s:
            first = await s.end(await s.create("A fox", model="hero", size=HD, seconds=4))
            return await s.end(await s.follow("edit", first.job.id, "Warm light"))

    end = run(scene())
    (_, edit) = [each.document for each in upstream.requests if each.path == "/omni-video/kling-3.0-omni"]
    assert end.job.state is State.SUCCEEDED, end.job.error
    assert edit["contents"][1]["url"].startswith(f"{upstream.base_url}/out/")


def test_a_plan_names_the_element_and_the_prompt_that_will_be_sent(kling, upstream, luna):
    ask = VideoAsk("create", "Luna waves", model="hero", characters=(luna.id,), size=HD, seconds=4)

    async def scene():
        async with kling() as s:
            plan = await s.engine.plan(ME, ask)
            before = len(upstream.requests)
            return plan.deployments[0], before, await play(s, luna)

    planned, before, end = run(scene())
    (document,) = [each.document for each in upstream.requests if each.path == "/omni-video/kling-3.0-omni"]
    (member,), (element,) = planned.cast, upstream.elements.values()
    assert before == 0
    assert (member.fidelity, member.handle) == (Fidelity.NATIVE, "new")
    assert {sent.variant for sent in member.media} == {f"jpeg-{n}" for n in range(len(element.pictures))}
    assert planned.prompt == document["contents"][0]["text"] == "Luna (@luna) waves"
    assert planned.cost.micros == 4 * 84_000
    assert {note.code for note in planned.warnings} == {note.code for note in end.job.warnings} - {"length_differs"}


def test_a_plan_of_an_edit_asks_nobody(kling, upstream):
    async def scene():
        async with kling() as s:
            first = await s.end(await s.create("A fox", model="hero", size=HD, seconds=4))
            before = len(upstream.requests)
            plan = await s.engine.plan(ME, VideoAsk("edit", "Warm light", source=first.job.id))
            return plan.deployments[0], len(upstream.requests) - before

    planned, asked = run(scene())
    assert asked == 0
    assert planned.prompt == "Warm light"
    assert "plan_uncertain" not in {note.code for note in planned.warnings}


def test_several_videos_are_asked_about_in_one_request(kling, upstream, luna):
    async def scene():
        async with kling() as s:
            return await asyncio.gather(*(play(s, luna) for _ in range(4)))

    ends = run(scene())

    looks = [recorded.path.partition("task_ids=")[2] for recorded in upstream.requests if "external" not in recorded.path]
    assert [end.job.state for end in ends] == [State.SUCCEEDED] * 4
    assert max(len(look.replace("%2C", ",").split(",")) for look in looks) > 1
