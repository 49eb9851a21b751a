"""Time limits that one timer keeps."""

import asyncio

import pytest

from castlist.deadlines import LATE, Deadlines
from loops import Quick


def play(scene):
    """What the scene, given deadlines, returns; without waiting for the time that passes in it."""
    with asyncio.Runner(loop_factory=Quick) as runner:
        return runner.run(scene(Deadlines()))


@pytest.mark.parametrize("seconds", [0.0, 0.1, 1.0, 120.0])
def test_what_takes_too_long_is_told_so_and_hardly_late(seconds):
    async def scene(deadlines):
        begun = asyncio.get_running_loop().time()
        with pytest.raises(TimeoutError), deadlines.within(seconds):
            await asyncio.sleep(3600)
        return asyncio.get_running_loop().time() - begun

    assert seconds <= play(scene) <= seconds + LATE


def test_what_ends_in_time_is_left_alone():
    async def scene(deadlines):
        with deadlines.within(2.0):
            await asyncio.sleep(1)
        await asyncio.sleep(10)
        return "there"

    assert play(scene) == "there"


def test_each_has_its_own_time():
    async def scene(deadlines):
        async def wait(seconds):
            try:
                with deadlines.within(seconds):
                    await asyncio.sleep(5)
            except TimeoutError:
                return "late"
            return "done"

        return await asyncio.gather(wait(9.0), wait(1.0), wait(8.0), wait(2.0))

    assert play(scene) == ["done", "late", "done", "late"]


def test_an_error_of_its_own_is_not_taken_for_lateness():
    async def scene(deadlines):
        with deadlines.within(1.0):
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        play(scene)


def test_who_is_cancelled_by_others_is_cancelled_late_or_not():
    async def scene(deadlines):
        async def wait():
            try:
                with deadlines.within(1.0):
                    await asyncio.sleep(5)
            except TimeoutError:
                return "late"

        early, both = asyncio.create_task(wait()), asyncio.create_task(wait())
        asyncio.get_running_loop().call_later(0.5, early.cancel)
        asyncio.get_running_loop().call_at(1.0, both.cancel)
        await asyncio.wait([early, both])
        return early.cancelled(), both.cancelled()

    assert play(scene) == (True, True)


def test_a_limit_is_kept_again_after_nothing_was_under_way_for_long():
    async def scene(deadlines):
        for _ in range(3):
            with pytest.raises(TimeoutError), deadlines.within(1.0):
                await asyncio.sleep(60)
            await asyncio.sleep(600)
        return "kept"

    assert play(scene) == "kept"


def test_the_time_of_one_limit_inside_another_is_not_the_others():
    async def scene(deadlines):
        with deadlines.within(60.0):
            with pytest.raises(TimeoutError), deadlines.within(1.0):
                await asyncio.sleep(30)
            return "went on"

    assert play(scene) == "went on"
