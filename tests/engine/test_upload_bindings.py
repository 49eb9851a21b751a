"""Uploads that a vendor keeps for a while are handles like any other: made once, made again when they are gone."""

import asyncio
from contextlib import contextmanager

import pytest

from castlist.engine.binding import bind
from castlist.engine.forms import furnish, wants_of
from castlist.model.asks import Caller
from castlist.model.characters import BindingState
from castlist.model.jobs import State
from castlist.model.operations import Size
from castlist.testing.emulator import serve
from providers.emulators import fal_ai, runwayml
from providers.emulators.gemini import GeminiEmulator

ME = Caller("default", master=True)


def gemini():
    return GeminiEmulator(lasts=60), "gemini/gemini-omni-1.2-flash", "AIza-live"


def runway():
    return runwayml.Runway(sticks={"kling_4"}), "runwayml/kling_4", runwayml.KEY


def fal():
    return fal_ai.FalEmulator(sticks={"kling/v4/reference-to-video"}), "fal_ai/kling/v4", fal_ai.KEY


def stored(upstream):
    """The files that this upstream has been given, those given twice twice."""
    return upstream.counts["store"] or upstream.counts["upload"]


@contextmanager
def serving(make, stage):
    emulator, model, key = make()
    with serve(emulator) as upstream:
        params = f"api_base: '{upstream.base_url}', api_key: '{key}'"
        yield upstream, lambda **more: stage(f"hero: {model}", params=params, **more)


async def start(s, luna):
    """A video of the character, once the upstream has taken it."""
    seen = await s.create("Luna waves", model="hero", characters=(luna.id,), seconds=4, size=Size(1280, 720))
    seen = await s.until(seen, lambda now: now.job.state is State.RUNNING or now.job.ended)
    assert seen.job.state is State.RUNNING, seen.job.error
    return seen


async def bindings_of(s, luna):
    return (await s.engine.character(ME, luna.id)).bindings


@pytest.mark.parametrize("make", [gemini, runway, fal])
def test_two_videos_of_a_character_need_its_files_once(stage, luna, make):
    async def scene(open_stage, upstream):
        async with open_stage() as s:
            first, once = await start(s, luna), stored(upstream)
            second, twice = await start(s, luna), stored(upstream)
            return first.job.cast[0], second.job.cast[0], once, twice, await bindings_of(s, luna)

    with serving(make, stage) as (upstream, open_stage):
        first, second, once, twice, bindings = asyncio.run(scene(open_stage, upstream))

    assert first.handle
    assert first.handle == second.handle
    assert once == twice > 1
    assert [(binding.state, binding.expires_at is not None) for binding in bindings] == [(BindingState.READY, True)]


@pytest.mark.parametrize("make", [gemini, runway, fal])
def test_two_gateways_upload_a_character_once(stage, luna, make):
    async def prepare(s):
        kit = s.engine.kit
        deployment = kit.deployments[0]
        while (found := await furnish(kit, luna, wants_of(kit, deployment))) is None:
            await asyncio.sleep(0.02)
        while (bound := await bind(kit, [found], deployment)).wait is not None:
            await asyncio.sleep(0.02)
        return bound.handles[luna.id]

    async def scene(open_stage):
        async with open_stage(worker=False) as one, open_stage(worker=False) as other:
            return await asyncio.gather(*(prepare(s) for s in (one, other) * 3))

    with serving(make, stage) as (upstream, open_stage):
        handles = asyncio.run(scene(open_stage))

    assert len(set(handles)) == 1
    assert stored(upstream) == handles[0].count(": ")


@pytest.mark.parametrize("make", [gemini, runway])
def test_files_that_the_vendor_no_longer_has_are_uploaded_again(stage, luna, make):
    async def scene(open_stage, upstream):
        async with open_stage() as s:
            await start(s, luna)
            once = stored(upstream)
            (upstream.uploads if make is runway else upstream.files).clear()
            second = await start(s, luna)
            return second, once, stored(upstream)

    with serving(make, stage) as (upstream, open_stage):
        second, once, twice = asyncio.run(scene(open_stage, upstream))

    assert twice == 2 * once
    assert [attempt.error and attempt.error.code for attempt in second.attempts] == ["provider_handle_gone", None]


def test_another_account_has_uploads_of_its_own(stage, luna):
    async def use(open_stage):
        async with open_stage() as s:
            await start(s, luna)
            return {binding.account for binding in await bindings_of(s, luna)}

    with serving(runway, stage) as (first, open_first), serving(runway, stage) as (second, open_second):
        one, two = asyncio.run(use(open_first)), asyncio.run(use(open_second))

    assert stored(first) == stored(second) > 1
    assert (len(one), len(two)) == (1, 2)
