"""Asking about many things by a few tasks, each when it is due."""

import asyncio
from itertools import pairwise

import pytest

from castlist.rounds import Rounds
from loops import Held, Quick


class Asker:
    """Notes what is asked; each question takes until `answer` lets it go, where one is given."""

    def __init__(self, *, wanted: int, answer: asyncio.Event | None = None) -> None:
        self.asked: list[str] = []
        self.at_once = self.most = 0
        self.enough = asyncio.Event()
        self._wanted = wanted
        self._answer = answer

    async def ask(self, key: str) -> None:
        self.asked.append(key)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        if len(self.asked) >= self._wanted:
            self.enough.set()
        if self._answer:
            await self._answer.wait()
        self.at_once -= 1


def play(act, *, wanted, answer=None, at_once=128):
    """What was asked when `act(rounds)` has put what it puts and so many questions were asked."""

    async def scene():
        asker, tasks = Asker(wanted=wanted, answer=answer), set()

        def spawn(coroutine):
            task = asyncio.create_task(coroutine)
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            return task

        rounds = Rounds(asker.ask, spawn, at_once=at_once)
        act(rounds)
        async with asyncio.timeout(30):
            await asker.enough.wait()
            if answer:
                answer.set()
            while tasks:
                await asyncio.wait(tasks)
                await asyncio.sleep(0)  # what is done leaves them only in the loop's next turn
        rounds.close()
        return asker

    return asyncio.run(scene())


def test_what_is_due_first_is_asked_first():
    def act(rounds):
        for key, seconds in {"late": 0.2, "now": 0.0, "soon": 0.1}.items():
            rounds.put(key, "account", seconds=seconds)

    assert play(act, wanted=3).asked == ["now", "soon", "late"]


def test_what_is_put_again_is_asked_once_at_the_later_word():
    def act(rounds):
        rounds.put("a", "account", seconds=0.0)
        rounds.put("a", "account", seconds=0.1)
        rounds.put("end", "account", seconds=0.2)

    assert play(act, wanted=2).asked == ["a", "end"]


def test_what_is_hastened_does_not_wait_for_its_time():
    def act(rounds):
        rounds.put("a", "account", seconds=3600.0)
        rounds.put("end", "account", seconds=0.1)
        rounds.put("a", "account", seconds=0.0)

    assert play(act, wanted=2).asked == ["a", "end"]


def test_what_is_dropped_is_not_asked():
    def act(rounds):
        rounds.put("gone", "account", seconds=0.0)
        rounds.drop("gone")
        rounds.put("end", "account", seconds=0.1)

    assert play(act, wanted=1).asked == ["end"]


def test_an_account_is_asked_so_much_at_once_and_no_other_waits_for_it():
    def act(rounds):
        for number in range(9):
            rounds.put(f"slow {number}", "slow", seconds=0.0)
        rounds.put("other", "other", seconds=0.0)

    found = play(act, wanted=4, answer=asyncio.Event(), at_once=3)

    assert found.most == 4
    assert sorted(found.asked) == sorted([*(f"slow {number}" for number in range(9)), "other"])


def test_nothing_is_asked_after_the_end():
    def act(rounds):
        rounds.put("a", "account", seconds=0.0)

    async def scene():
        asked, tasks = [], []

        async def ask(key):
            asked.append(key)

        rounds = Rounds(ask, lambda coroutine: tasks.append(asyncio.create_task(coroutine)))
        act(rounds)
        rounds.close()
        act(rounds)
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)
        return asked, tasks

    assert asyncio.run(scene()) == ([], [])


def follow(loop, *, jobs, pace, seconds):
    """The moments at which so many jobs are asked about when each wants to be after so many seconds, the last of them left out."""
    asked, tasks = {}, set()

    async def scene():
        async def ask(key):
            asked.setdefault(key, []).append(asyncio.get_running_loop().time())
            rounds.put(key, "account", seconds=pace)

        def spawn(coroutine):
            task = asyncio.create_task(coroutine)
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        rounds = Rounds(ask, spawn)
        for number in range(jobs):
            rounds.put(str(number), "account", seconds=pace + number / jobs)
        while asyncio.get_running_loop().time() < seconds:
            await asyncio.sleep(0.5)
        rounds.close()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(scene())
    return asked


@pytest.mark.parametrize(("pace", "grain"), [(0.1, 1 / 64), (0.5, 1 / 16), (1.0, 1 / 8), (2.0, 1 / 4), (60.0, 1 / 4)])
def test_jobs_are_asked_about_together_and_hardly_later_than_they_want(pace, grain):
    asked = follow(Quick, jobs=100, pace=pace, seconds=20 * pace)

    assert len(asked) == 100
    assert len({moment for moments in asked.values() for moment in moments}) <= 21 * pace / grain
    for moments in asked.values():
        waits = [later - earlier for earlier, later in pairwise(moments)]
        assert waits
        assert all(pace <= wait <= pace + grain for wait in waits)


def test_nothing_is_lost_when_a_moment_has_passed_before_it_was_waited_for():
    asked = follow(Held, jobs=3, pace=0.1, seconds=5.0)

    assert len(asked) == 3
    assert min(len(moments) for moments in asked.values()) > 3
