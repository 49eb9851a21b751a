"""Three upstreams whose ids are the same: whatever is asked about a video or a character reaches the one that has it."""

import asyncio
from collections import Counter
from contextlib import ExitStack

import pytest

import clips
from castlist.assembly import open_gateway
from castlist.config import load
from castlist.model.asks import Caller
from castlist.model.characters import BindingState
from castlist.model.jobs import State
from castlist.testing.upstream import serve_upstream
from engine.conftest import Stage

ME = Caller("default", master=True)
NAMES = ("one", "two", "three")
LENGTHS = dict(zip(NAMES, (1.0, 1.5, 2.0), strict=True))
"""What each upstream makes of every prompt, in seconds: so a result tells who made it."""


@pytest.fixture
def upstreams(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    with ExitStack() as stack:
        made = {}
        for name, seconds in LENGTHS.items():
            clip = clips.mascot_clip(folder / f"{name}.mp4", seconds, size=(128, 72)).read_bytes()
            made[name] = stack.enter_context(serve_upstream(lasts=0.1, key=f"key-{name}", clip=clip))
        yield made


async def open_stage(tmp_path, clip, upstreams):
    entries = [
        f"  - {{model_name: hero, account: {name}, model_info: {{id: {name}, mode: video_generation}}, litellm_params: "
        f"{{model: openai/sora-2, api_base: '{upstream.base_url}', api_key: key-{name}, output_cost_per_second: 0}}}}"
        for name, upstream in upstreams.items()
    ]
    config = tmp_path / "three.yaml"
    config.write_text("model_list:\n" + "\n".join(entries) + "\nrouter_settings: {routing_strategy: least-busy}\n")
    gateway = await open_gateway(load(config, environ={"CASTLIST_DATA": str(tmp_path / "data")}), serving=True, worker=True)
    await gateway.start()
    return Stage(gateway, clip)


def test_nothing_that_is_asked_reaches_another_upstream(tmp_path, small_clip, upstreams):
    async def scene():
        s = await open_stage(tmp_path, small_clip, upstreams)
        try:
            luna = await s.ready(await s.character(targets=("hero",)))
            async with asyncio.timeout(60):
                while [b.state for b in luna.bindings] != [BindingState.READY] * 3:
                    await asyncio.sleep(0.05)
                    luna = await s.engine.character(ME, luna.id)
            cast = [(luna.id,) if n % 2 else () for n in range(12)]
            made = await asyncio.gather(*(s.create(f"Luna waves {n}", model="hero", seconds=4, characters=c) for n, c in enumerate(cast)))
            ended = [await s.end(seen) for seen in made]
            followed = [await s.end(await s.follow("remix", seen.job.id, f"Luna again {n}")) for n, seen in enumerate(ended)]
            for seen in ended[:6]:
                await s.engine.delete_video(ME, seen.job.id)
            return ended, followed
        finally:
            await s.gateway.stop()

    ended, followed = asyncio.run(scene())

    assert {seen.job.state for seen in (*ended, *followed)} == {State.SUCCEEDED}
    used = Counter(seen.job.deployment for seen in (*ended, *followed))
    assert set(used) == set(NAMES)
    assert len({seen.attempts[0].ticket["id"] for seen in ended}) < len(ended), "the ids of the upstreams are to collide"
    for seen in (*ended, *followed):
        maker = upstreams[seen.job.deployment]
        assert seen.job.result.seconds == pytest.approx(LENGTHS[seen.job.deployment], abs=0.1)
        assert maker.works[seen.attempts[0].ticket["id"]].fields["prompt"] == seen.job.operation.prompt
    assert [seen.job.deployment for seen in followed] == [seen.job.deployment for seen in ended]
    assert {name: upstream.counts["content"] for name, upstream in upstreams.items()} == used
    assert sum(upstream.accepted for upstream in upstreams.values()) == 24


def test_a_cancel_reaches_the_upstream_that_works(tmp_path, small_clip, upstreams):
    async def scene():
        s = await open_stage(tmp_path, small_clip, upstreams)
        try:
            for upstream in upstreams.values():
                upstream.lasts = 600.0
            made = await asyncio.gather(*(s.create(f"scene {n}", model="hero", seconds=4) for n in range(3)))
            running = [await s.until(seen, lambda now: now.job.state is State.RUNNING) for seen in made]
            await s.engine.cancel(ME, running[0].job.id)
            return await s.end(running[0]), running
        finally:
            await s.gateway.stop()

    cancelled, running = asyncio.run(scene())

    assert {seen.job.deployment for seen in running} == set(NAMES)
    assert {name: upstream.counts["delete"] for name, upstream in upstreams.items()} == {
        name: name == cancelled.job.deployment for name in NAMES
    }
