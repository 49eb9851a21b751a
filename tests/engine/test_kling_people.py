"""A person at Kling, behind the engine: by a clip where the vendor can read it, else an error, or stills where that is allowed."""

import asyncio
from dataclasses import replace

import pytest

import clips
from castlist.errors import Unsupported
from castlist.model.asks import Caller, VideoAsk
from castlist.model.characters import HUMAN_CLIP, BindingState, CharacterState, Fidelity, Subject
from castlist.model.jobs import State
from castlist.model.operations import Size, Wishes
from providers.emulators.kling import serve_kling

ME = Caller("default", master=True)
HD = Size(1280, 720)
PUBLIC = "castlist: {media: {public_base_url: 'https://video.example.com'}}\n"
WORDS = "set media.public_base_url"


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return clips.mascot_clip(tmp_path_factory.mktemp("films") / "film.mp4", 3.2, size=(426, 240)).read_bytes()


@pytest.fixture
def upstream(film):
    with serve_kling(lasts=0, clip=film) as server:
        yield server


@pytest.fixture
def kling(stage, upstream):
    """A gateway over one model at the emulator, with an address on the internet or without one."""
    return lambda extra="": stage(
        "hero: kling/kling-3.0-omni", params=f"api_base: '{upstream.base_url}', api_key: {upstream.key}", extra=extra
    )


@pytest.fixture
def ana(luna, film, tmp_path):
    """The prepared character, known as a person and with a clip that is long and large enough: no second derivation for a test."""

    async def mark(s):
        asset = await _keep(s, tmp_path, film)
        known = await s.engine.character(ME, luna.id)
        clip = replace(known.clip, seconds=3.2, width=1280, height=720)
        person = replace(known, subject=Subject.HUMAN, clip=clip, assets={**known.assets, "video": asset.id})
        kept = s.engine.storage.characters
        assert await kept.hold(luna.id, lease=60)
        assert await kept.save(replace(person, state=CharacterState.READY), assets=(asset,))
        return luna.id

    return mark


async def _keep(s, folder, film):
    path = folder / "ana.mp4"
    path.write_bytes(film)
    return await s.engine.storage.assets.put(path, project="default", media_type="video/mp4")


def ask(id, *, degrade=False):
    return VideoAsk("create", "Luna waves", model="hero", characters=(id,), size=HD, seconds=4, wishes=Wishes(degrade=degrade))


async def play(s, id, **wishes):
    return await s.end(await s.engine.submit(ME, ask(id, **wishes)))


def run(coroutine):
    return asyncio.run(coroutine)


def codes(notes):
    return {note.code for note in notes}


def test_a_person_is_an_element_of_the_clip_made_once(kling, upstream, ana):
    async def scene():
        async with kling(PUBLIC) as s:
            id = await ana(s)
            plan = await s.engine.plan(ME, ask(id))
            ends = await asyncio.gather(play(s, id), play(s, id))
            return plan, ends, await s.engine.character(ME, id)

    plan, ends, known = run(scene())
    (element,) = upstream.elements.values()
    (planned,) = plan.deployments
    assert [end.job.state for end in ends] == [State.SUCCEEDED] * 2
    assert {end.job.cast[0].fidelity for end in ends} == {planned.cast[0].fidelity} == {Fidelity.NATIVE}
    assert [piece.variant for piece in planned.cast[0].media] == [HUMAN_CLIP]
    assert planned.prompt == "Luna (@luna) waves"
    assert known.assets[HUMAN_CLIP] in element.film
    assert not codes(ends[0].job.warnings) & {"character_by_stills", "character_by_picture", "character_by_reference"}


def test_without_a_public_address_plan_and_submission_name_the_setting_and_nothing_is_sent(kling, upstream, ana):
    async def scene():
        async with kling() as s:
            id = await ana(s)
            with pytest.raises(Unsupported) as planned:
                await s.engine.plan(ME, ask(id))
            with pytest.raises(Unsupported) as sent:
                await s.engine.submit(ME, ask(id))
            return planned.value, sent.value

    planned, sent = run(scene())
    assert (sent.code, sent.message) == (planned.code, planned.message)
    assert sent.code == "public_url_required"
    assert WORDS in sent.message
    assert (upstream.counts["element"], upstream.counts["create"]) == (0, 0)


def test_stills_stand_in_for_the_clip_where_that_is_allowed_in_the_plan_as_well(kling, upstream, ana):
    async def scene():
        async with kling() as s:
            id = await ana(s)
            plan = await s.engine.plan(ME, ask(id, degrade=True))
            ends = [await play(s, id, degrade=True) for _ in range(2)]
            with pytest.raises(Unsupported, match=WORDS):
                await s.engine.submit(ME, ask(id))
            return plan, ends, await s.engine.character(ME, id)

    plan, (end, again), known = run(scene())
    (element,) = upstream.elements.values()
    (planned,) = plan.deployments
    (note,) = [each for each in end.job.warnings if each.code == "character_by_stills"]
    assert [end.job.state, again.job.state] == [State.SUCCEEDED] * 2
    assert (element.film, len(element.pictures)) == (None, len(planned.cast[0].media))
    assert {piece.variant.partition("-")[0] for piece in planned.cast[0].media} == {"jpeg"}
    assert "character_by_stills" in codes(planned.warnings) & codes(again.job.warnings)
    assert WORDS in note.message
    assert end.job.cast[0].fidelity is planned.cast[0].fidelity is Fidelity.NATIVE
    assert known.bindings[0].state is BindingState.READY


def test_once_there_is_a_public_address_the_element_is_made_again_of_the_clip(kling, upstream, ana):
    async def scene():
        async with kling() as s:
            id = await ana(s)
            first = await play(s, id, degrade=True)
        async with kling(PUBLIC) as s:
            return first, await play(s, id)

    first, second = run(scene())
    assert [each.film is not None for each in upstream.elements.values()] == [False, True]
    assert second.job.state is State.SUCCEEDED, second.job.error
    assert first.job.cast[0].handle != second.job.cast[0].handle
