"""What becomes of the embedded renderer's options and of its child processes, front to back."""

import asyncio
import os
import signal

import av
import numpy as np
import pytest

from castlist.model.asks import Caller, Seen
from castlist.model.jobs import State
from castlist.model.operations import Wishes
from processes import media_children

ME = Caller("default", master=True)
OFF = Wishes(options={"animatic": {"audio": "off"}})


def run(coroutine):
    return asyncio.run(coroutine)


async def loudness(s, seen: Seen) -> float:
    asset = await s.engine.video_asset(ME, seen.job.id, "video")
    async with s.gateway.storage.assets.local(asset.id) as path:
        with av.open(str(path)) as container:
            samples = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    return float(np.sqrt(np.mean(samples**2)))


async def kill(s, seen: Seen, *, times: int) -> tuple[Seen, int]:
    """The job once it has ended, after that many of its children were killed, each as soon as it was seen."""
    killed: set[int] = set()
    async with asyncio.timeout(100):
        while not seen.job.ended:
            for pid in media_children("animatic") - killed if len(killed) < times else ():
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
            await asyncio.sleep(0.02)
            seen = await s.engine.video(ME, seen.job.id)
    return seen, len(killed)


@pytest.mark.parametrize(("times", "state"), [(1, State.SUCCEEDED), (9, State.FAILED)])
def test_a_killed_render_is_begun_once_more_and_no_oftener(stage, times: int, state: State):
    async def scene():
        async with stage("drawn: animatic/animatic") as s:
            return await kill(s, await s.create(model="drawn", seconds=1), times=times)

    ended, killed = run(scene())

    assert (ended.job.state, killed) == (state, min(times, 2))
    assert len(ended.attempts) == 1
    if state is State.FAILED:
        assert ended.job.error is not None
        assert (ended.job.error.code, "SIGKILL, 2 times in a row" in ended.job.error.message) == ("render_failed", True)


def test_a_scene_is_silent_where_audio_is_off_and_an_extension_does_as_its_source(stage):
    async def scene():
        async with stage("drawn: animatic/animatic") as s:
            muted = await s.end(await s.create("a beach", model="drawn", seconds=1, wishes=OFF))
            more = await s.end(await s.follow("extend", muted.job.id, seconds=1))
            return [await loudness(s, seen) for seen in (muted, more)]

    assert run(scene()) == [0, 0]
