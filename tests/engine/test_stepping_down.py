"""Characters that a provider does not take as its own: shown by reference where that is allowed, with a word about it."""

import asyncio

from castlist.model.asks import Caller
from castlist.model.characters import BindingState, Fidelity
from castlist.model.jobs import State
from castlist.testing.upstream import serve_upstream

ME = Caller("default", master=True)


def run(coroutine):
    return asyncio.run(coroutine)


def told(end):
    return [note.code for note in end.job.warnings]


async def play(s, luna, *, model="hero", **ask):
    return await s.end(await s.create("Luna waves", model=model, characters=(luna.id,), **ask))


def test_a_refused_character_goes_by_reference_where_the_caller_allows_it(stage, luna):
    async def scene():
        async with stage("hero: fake/instant", settings="binds: 1, native: 1, binding: refused") as s:
            strict, lenient = await play(s, luna), await play(s, luna, degrade=True)
            return strict, lenient, s.provider("fake").last.cast[0], (await s.engine.character(ME, luna.id)).bindings

    strict, lenient, member, bindings = run(scene())

    assert (strict.job.state, strict.job.error.code) == (State.FAILED, "provider_refused")
    assert (lenient.job.state, lenient.job.cast[0].fidelity) == (State.SUCCEEDED, Fidelity.REFERENCE)
    assert (member.handle, "still-0" in member.media) == (None, True)
    assert "character_by_reference" in told(lenient)
    assert "does not take Luna" in next(n.message for n in lenient.job.warnings if n.code == "character_by_reference")
    assert [binding.state for binding in bindings] == [BindingState.FAILED]


def test_what_cannot_go_by_reference_fails_also_where_a_step_down_is_allowed(stage, luna):
    async def scene():
        async with stage("hero: fake/instant", settings="binds: 1, binding: refused") as s:
            return await play(s, luna, degrade=True), s.provider("fake").submits

    end, submits = run(scene())

    assert (end.job.state, submits) == (State.FAILED, 0)


def test_an_account_that_keeps_no_characters_is_asked_for_one_only_once(stage, luna):
    async def scene():
        async with stage("hero: fake/instant", settings="binds: 1, native: 1, binding: absent") as s:
            return [await play(s, luna), await play(s, luna)], s.provider("fake").binds

    ends, binds = run(scene())

    assert [end.job.cast[0].fidelity for end in ends] == [Fidelity.REFERENCE] * 2
    assert all("character_by_reference" in told(end) for end in ends)
    assert binds == 1


def test_a_server_of_openais_shape_without_characters_is_shown_pictures(stage, luna):
    async def scene(upstream):
        async with stage("hero: openai/wan", params=f"api_base: '{upstream.base_url}', api_key: sk-test") as s:
            return [await play(s, luna), await play(s, luna)]

    with serve_upstream(key="sk-test", native=False) as upstream:
        ends = run(scene(upstream))
        pictures = [[field.name for field in request.fields].count("input_references") for request in upstream.requests[1:]]

    assert [end.job.state for end in ends] == [State.SUCCEEDED] * 2
    assert upstream.counts["character"] == 1
    assert pictures[0] == pictures[1] > 0


def test_one_that_is_said_to_keep_characters_and_does_not_is_an_error(stage, luna):
    async def scene(upstream):
        params = f"api_base: '{upstream.base_url}', api_key: sk-test"
        async with stage("hero: openai/wan", params=params, settings="characters: native") as s:
            return await play(s, luna)

    with serve_upstream(key="sk-test", native=False) as upstream:
        end = run(scene(upstream))

    assert (end.job.state, end.job.error.code) == (State.FAILED, "characters_not_native")
    assert upstream.counts["create"] == 0


def test_a_follow_up_that_carries_no_characters_asks_for_no_handle(stage, luna):
    async def scene(upstream):
        params = f"api_base: '{upstream.base_url}', api_key: sk-test"
        async with stage("made: fake/instant", "hero: openai/sora-2", params=params, settings="characters: native") as s:
            first = await play(s, luna, model="made")
            return await s.end(await s.follow("edit", first.job.id, "Make it snow", model="hero"))

    with serve_upstream(key="sk-test") as upstream:
        end = run(scene(upstream))

    assert (end.job.state, [member.name for member in end.job.cast]) == (State.SUCCEEDED, ["Luna"])
    assert (upstream.counts["character"], upstream.characters) == (0, {})


def test_work_that_fails_for_want_of_a_handle_is_asked_for_once_more_with_a_new_one(stage, luna):
    async def scene(late):
        async with stage("hero: fake/instant", settings=f"binds: 1, late: {late}") as s:
            return await play(s, luna), s.provider("fake")

    end, fake = run(scene(1))
    assert (end.job.state, fake.binds, fake.submits) == (State.SUCCEEDED, 2, 2)
    assert [attempt.error and attempt.error.code for attempt in end.attempts] == ["provider_handle_gone", None]


def test_work_that_fails_for_want_of_handles_again_and_again_fails(stage, luna):
    async def scene():
        async with stage("hero: fake/instant", settings="binds: 1, late: 9") as s:
            return await play(s, luna), s.provider("fake").submits

    end, submits = run(scene())
    assert (end.job.state, submits) == (State.FAILED, 2)


def test_a_status_word_that_nobody_knows_is_counted_and_the_work_goes_on(stage):
    async def scene():
        async with stage("hero: fake/slow?seconds=0.3&strange=warming_up") as s:
            end = await s.end(await s.create("A fox", model="hero"))
            return end, dict(s.engine.kit.strange)

    end, counted = run(scene())

    assert end.job.state is State.SUCCEEDED
    assert list(counted) == [("fake", "warming_up")]
    assert counted["fake", "warming_up"] >= 1
