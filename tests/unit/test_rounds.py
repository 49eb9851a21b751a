"""Asking about many things by a few tasks, each when it is due."""

import asyncio

from castlist.rounds import Rounds


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
                await asyncio.gather(*tasks)
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
