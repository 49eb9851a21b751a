"""How many media processes there are at once, counted in the system's own table."""

import asyncio

import pytest

import clips
from castlist.engine.storing import FINISH
from castlist.media.child import UNTRUSTED
from castlist.media.turns import Turns
from processes import media_children

MANY = 4


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return clips.mascot_clip(tmp_path_factory.mktemp("turns") / "figure.mp4", 1.0, size=(128, 72))


def finish(turns, clip, folder):
    folder.mkdir()
    return turns.run("finish", {"path": str(clip), "out": str(folder)}, limits=FINISH)


async def most_while(work):
    """What came of the work, and the most children at `finish` that were seen meanwhile."""
    task, most = asyncio.ensure_future(work), 0
    while not task.done():
        most = max(most, len(media_children("finish")))
        await asyncio.sleep(0.05)
    return await task, most


def test_many_that_are_finished_at_once_take_turns(tmp_path, clip):
    async def scene():
        turns = Turns(at_once=2)
        return await most_while(asyncio.gather(*(finish(turns, clip, tmp_path / str(n)) for n in range(MANY))))

    found, most = asyncio.run(scene())

    assert [each["seconds"] for each in found] == [found[0]["seconds"]] * MANY
    assert most == 2


def test_whoever_gives_up_takes_no_turn_and_leaves_none_taken(tmp_path, clip):
    async def scene():
        turns = Turns(at_once=1)
        works = [asyncio.create_task(finish(turns, clip, tmp_path / str(n))) for n in range(MANY)]
        while not media_children("finish"):
            await asyncio.sleep(0)
        for each in works[:3]:  # one at work, two that wait
            each.cancel()
        ended = await asyncio.gather(*works[:3], return_exceptions=True)
        return ended, await works[3]

    ended, last = asyncio.run(scene())

    assert [type(each) for each in ended] == [asyncio.CancelledError] * 3
    assert last["seconds"] > 0


def test_a_look_at_what_somebody_sends_waits_for_none_of_them(tmp_path, clip):
    async def scene():
        turns = Turns(at_once=1)
        works = [asyncio.create_task(finish(turns, clip, tmp_path / str(n))) for n in range(3)]
        facts = await turns.run("probe", {"path": str(clip), "kind": "video", "role": "result"}, limits=UNTRUSTED)
        waiting = [not each.done() for each in works]
        for each in works:
            each.cancel()
        await asyncio.gather(*works, return_exceptions=True)
        return facts, waiting

    facts, waiting = asyncio.run(scene())

    assert facts["seconds"] > 0
    assert waiting[-1]
