"""What is made of a character for the models that want it: forms, and handles that provider accounts hold."""

import asyncio
import io
from dataclasses import replace

import av
import pytest

from castlist.engine.binding import EARLY_AT_ONCE, bind, bind_early
from castlist.engine.forms import furnish
from castlist.model.asks import Caller, CharacterAsk
from castlist.model.characters import BindingState
from castlist.model.jobs import State
from castlist.testing.fake import FakeProvider
from castlist.testing.upstream import serve_upstream

ME = Caller("default", master=True)
FORMS = ("jpeg-0", "jpeg-0-9x16", "clip-3s")


def run(coroutine):
    return asyncio.run(coroutine)


async def play(s, luna, *, model="hero"):
    return await s.end(await s.create("Luna waves", model=model, characters=(luna.id,)))


async def bindings_of(s, luna):
    return (await s.engine.character(ME, luna.id)).bindings


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)


def test_forms_are_made_once_and_only_for_a_model_that_wants_them(stage, luna):
    async def scene():
        async with stage("plain: fake/instant", "hero: fake/instant?wants=jpeg-0,jpeg-0-9x16,clip-3s,video,jpeg-9") as s:
            await play(s, luna, model="plain")
            before = (await s.engine.character(ME, luna.id)).assets
            first, second = await asyncio.gather(play(s, luna), play(s, luna))
            media = s.provider("fake").last.cast[0].media
            clip = await s.engine.storage.assets.read(media["clip-3s"])
            facts = [await s.engine.storage.assets.describe(media[form]) for form in FORMS]
            return before, first, second, media, clip, facts

    before, first, second, media, clip, facts = run(scene())

    assert not set(FORMS) & set(before)
    assert first.job.state is second.job.state is State.SUCCEEDED
    assert [first.job.cast[0].media[form] for form in FORMS] == [second.job.cast[0].media[form] for form in FORMS]
    assert [fact.media_type for fact in facts] == ["image/jpeg", "image/jpeg", "video/mp4"]
    assert "jpeg-9" not in media
    with av.open(io.BytesIO(clip)) as container:
        assert not container.streams.audio
        assert container.duration <= 3.0 * av.time_base


def test_two_gateways_on_one_directory_make_forms_and_handles_once(stage, luna):
    settings = "binds: 1, answer: 0.2"

    async def prepare(s):
        kit = s.engine.kit
        while (found := await furnish(kit, luna, ["clip-3s"])) is None or (bound := await bind(kit, [found], kit.deployments[0])).wait:
            await asyncio.sleep(0.02)
        return found.assets["clip-3s"], bound.handles[luna.id]

    async def scene():
        async with stage(settings=settings, worker=False) as one, stage(settings=settings, worker=False) as other:
            made = await asyncio.gather(*(prepare(s) for s in (one, other) * 4))
            return made, [s.provider("fake").binds for s in (one, other)], await bindings_of(other, luna)

    made, binds, bindings = run(scene())

    assert len(set(made)) == 1
    assert sum(binds) == 1
    assert [(b.provider, b.account, b.state, b.handle) for b in bindings] == [("fake", "fake", BindingState.READY, made[0][1])]


def test_a_handle_is_made_at_the_first_use_and_used_again(stage, luna):
    async def scene():
        async with stage("hero: fake/instant", settings="binds: 1") as s:
            before = await bindings_of(s, luna)
            ends = [await play(s, luna), await play(s, luna)]
            return before, [end.job.cast[0].handle for end in ends], s.provider("fake")

    before, handles, fake = run(scene())

    assert before == ()
    assert handles == [*fake.handles] * 2
    assert fake.binds == 1


def test_a_handle_that_is_over_is_made_again(stage, luna):
    async def scene():
        async with stage("hero: fake/instant", settings="binds: 1, lives: 60") as s:
            return [await play(s, luna), await play(s, luna)], s.provider("fake").binds

    ends, binds = run(scene())

    assert binds == 2
    assert ends[0].job.cast[0].handle != ends[1].job.cast[0].handle


def test_an_expired_handle_is_shown_as_such(stage, luna):
    async def scene():
        async with stage("hero: fake/instant", settings="binds: 1, lives: 0.01") as s:
            await play(s, luna)
            await asyncio.sleep(0.02)
            return await bindings_of(s, luna)

    assert [binding.state for binding in run(scene())] == [BindingState.EXPIRED]


def test_a_handle_that_the_provider_lost_is_made_again_and_the_job_goes_on(stage, luna):
    async def scene():
        async with stage("hero: fake/instant", settings="binds: 1, gone: 1") as s:
            first = await play(s, luna)
            return first, s.provider("fake")

    first, fake = run(scene())

    assert first.job.state is State.SUCCEEDED
    assert (fake.binds, fake.submits) == (2, 2)
    assert first.job.cast[0].handle not in fake.lost


def test_a_provider_that_loses_every_handle_is_left(stage, luna):
    async def scene():
        async with stage("hero: fake/instant", settings="binds: 1, gone: 100") as s:
            return await play(s, luna), s.provider("fake").submits

    end, submits = run(scene())

    assert (end.job.state, end.job.error.code, submits) == (State.FAILED, "provider_handle_gone", 3)
    assert "3 times in a row" in end.job.error.message


def test_a_handle_made_in_the_background_is_waited_for(stage, luna):
    async def scene():
        async with stage("hero: fake/instant", settings="binds: 1, binding: slow, seconds: 0.4") as s:
            seen = [await s.create("Luna", model="hero", characters=(luna.id,)) for _ in range(2)]
            waiting = await s.until(seen[0], lambda now: now.job.waiting is not None)
            during = await bindings_of(s, luna)
            return waiting, during, [await s.end(each) for each in seen], s.provider("fake").binds

    waiting, during, ends, binds = run(scene())

    assert (waiting.job.state, waiting.job.waiting) == (State.PREPARING, "character")
    assert [binding.state for binding in during] == [BindingState.MAKING]
    assert [end.job.state for end in ends] == [State.SUCCEEDED] * 2
    assert ends[0].job.cast[0].handle == ends[1].job.cast[0].handle
    assert binds == 1


@pytest.mark.parametrize("how", ["refused", "broken"])
def test_a_character_that_the_provider_does_not_take_fails_the_job_with_its_word(stage, luna, how):
    async def scene():
        async with stage("hero: fake/instant", settings=f"binds: 1, binding: {how}") as s:
            return await play(s, luna), await bindings_of(s, luna), s.provider("fake").submits

    end, bindings, submits = run(scene())

    assert (end.job.state, submits) == (State.FAILED, 0)
    assert [binding.state for binding in bindings] == [BindingState.FAILED]
    assert bindings[0].error


def test_what_a_process_that_died_was_making_is_made_by_another(stage, luna):
    async def scene():
        async with stage("hero: fake/instant", settings="binds: 1, answer: 60") as gone:
            seen = await gone.create("Luna", model="hero", characters=(luna.id,))
            await until(lambda: gone.provider("fake").binds == 1)
        async with stage("hero: fake/instant", settings="binds: 1") as s:
            return await s.end(seen), s.provider("fake").binds

    end, binds = run(scene())

    assert (end.job.state, binds) == (State.SUCCEEDED, 1)


def test_deleting_a_character_removes_its_handle_once_nothing_needs_it(stage, luna):
    async def scene():
        async with stage("hero: fake/instant", "long: fake/slow?seconds=1", settings="binds: 1") as s:
            await play(s, luna)
            running = await s.create("Luna", model="long", characters=(luna.id,))
            await s.until(running, lambda now: now.job.state is State.RUNNING)
            await s.engine.delete_character(ME, luna.id)
            await asyncio.sleep(0.2)
            early = s.provider("fake").unbinds
            end = await s.end(running)
            await until(lambda: s.provider("fake").unbinds == 1)
            await until(lambda: not s.engine.kit.unbroken)
            return early, end, s.provider("fake").handles, await s.engine.storage.bindings.list(luna.id)

    early, end, handles, left = run(scene())

    assert (early, end.job.state) == (0, State.SUCCEEDED)
    assert handles == set()
    assert left == ()


def test_a_server_with_characters_of_its_own_gets_each_once_and_again_when_it_lost_it(stage, luna):
    async def scene(upstream):
        params = f"api_base: '{upstream.base_url}', api_key: sk-test"
        async with stage("native: openai/sora-2", params=params, settings="characters: native") as s:
            ends = [await play(s, luna, model="native"), await play(s, luna, model="native")]
            upstream.characters.clear()
            ends.append(await play(s, luna, model="native"))
            kept = dict(upstream.characters)
            await s.engine.delete_character(ME, luna.id)
            await until(lambda: not upstream.characters)
            return ends, kept, upstream.counts["character"]

    with serve_upstream(key="sk-test") as upstream:
        ends, kept, made = run(scene(upstream))

    assert [end.job.state for end in ends] == [State.SUCCEEDED] * 3
    first, second, third = (end.job.cast[0].handle for end in ends)
    assert first == second != third
    assert list(kept) == [third]
    assert kept[third][0] == "Luna"
    assert made == 2


def test_a_lost_answer_to_a_free_request_is_asked_again(stage, luna):
    async def scene(upstream):
        params = f"api_base: '{upstream.base_url}', api_key: sk-test"
        async with stage("native: openai/sora-2", params=params, settings="characters: native") as s:
            upstream.break_next("character", "error")
            return await play(s, luna, model="native"), await bindings_of(s, luna)

    with serve_upstream(key="sk-test") as upstream:
        end, bindings = run(scene(upstream))

    assert end.job.state is State.SUCCEEDED
    assert [binding.state for binding in bindings] == [BindingState.READY]


def test_a_character_made_for_a_model_is_made_ready_before_anybody_asks(stage):
    async def scene():
        async with stage("hero: fake/instant", settings="binds: 1, wants: clip-3s") as s:
            luna = await s.ready(await s.character(targets=["hero"]))
            while not (bindings := await bindings_of(s, luna)) or bindings[0].state is BindingState.MAKING:
                await asyncio.sleep(0.05)
            return bindings, (await s.engine.character(ME, luna.id)).assets, s.provider("fake").submits

    bindings, assets, submits = run(scene())

    assert [binding.state for binding in bindings] == [BindingState.READY]
    assert "clip-3s" in assets
    assert submits == 0


@pytest.mark.parametrize("derived", [True, False])
def test_a_character_uploaded_again_is_made_ready_for_models_named_now(stage, derived):
    async def scene():
        async with stage("hero: fake/instant", settings="binds: 1") as s:
            first = await s.character()
            first = await s.ready(first) if derived else first
            again = await s.character(targets=["hero"])
            await s.ready(again)
            while not (bindings := await bindings_of(s, first)) or bindings[0].state is BindingState.MAKING:
                await asyncio.sleep(0.05)
            return first.id, again, (await s.engine.character(ME, first.id)).targets, bindings

    first, again, targets, bindings = run(scene())

    assert again.id == first
    assert again.targets == targets == ("hero",)
    assert [binding.state for binding in bindings] == [BindingState.READY]


def test_the_same_clip_with_other_metadata_is_another_character(stage):
    async def scene():
        async with stage(worker=False) as s:
            asks = [CharacterAsk("Luna", "video", (s.incoming(s.clip),), metadata=each) for each in ({}, {"scene": "1"}, {"scene": "1"})]
            return [(await s.engine.create_character(ME, ask)).id for ask in asks]

    plain, first, again = run(scene())

    assert plain != first == again


def test_an_adapter_that_breaks_keeps_no_other_from_being_made_ready(stage, luna):
    class Broken(FakeProvider):
        async def bind(self, character, media):
            raise ZeroDivisionError

    async def scene(upstream):
        params = f"api_base: '{upstream.base_url}', api_key: sk-test"
        async with stage("hero: fake/instant?binds=1", "native: openai/sora-2", params=params, worker=False) as s:
            kit = s.engine.kit
            account = kit.deployments[0].account
            kit.providers[account.name] = Broken(account, s.provider("fake").http)
            await bind_early(kit, replace(luna, targets=("hero", "native")))
            return {binding.provider: binding.state for binding in await bindings_of(s, luna)}

    with serve_upstream(key="sk-test") as upstream:
        states = run(scene(upstream))

    assert states == {"fake": BindingState.FAILED, "openai": BindingState.READY}


def test_handles_are_made_early_some_at_once_and_no_more(stage, luna):
    under_way, most, full = 0, 0, asyncio.Event()

    class Counting(FakeProvider):
        async def bind(self, character, media):
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            if under_way == EARLY_AT_ONCE:
                full.set()
            await full.wait()
            await asyncio.sleep(0.05)
            under_way -= 1
            return await super().bind(character, media)

    async def scene():
        async with stage("hero: fake/instant?binds=1", worker=False) as s:
            kit = s.engine.kit
            (one,) = kit.deployments
            accounts = [replace(one.account, name=f"account-{number}") for number in range(EARLY_AT_ONCE + 4)]
            kit.deployments[:] = [replace(one, id=each.name, account=each) for each in accounts]
            kit.providers.update({each.name: Counting(each, s.provider("fake").http) for each in accounts})
            async with asyncio.timeout(60):
                await bind_early(kit, replace(luna, targets=("hero",)))
            return [binding.state for binding in await bindings_of(s, luna)]

    states = run(scene())

    assert states == [BindingState.READY] * (EARLY_AT_ONCE + 4)
    assert most == EARLY_AT_ONCE
