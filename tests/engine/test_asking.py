"""Questions that are due together: one request where the provider's API takes several, and nobody answered by another one's trouble."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar

import pytest

from castlist.engine.asking import Asker
from castlist.errors import LostJob, ProviderError, Retry
from castlist.model.providing import Account, Phase, Progress, Ticket
from castlist.testing.fake import FakeProvider

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


class Many(FakeProvider):
    """Answers up to three tickets a request, unless one of them has a trouble of its own; `asked` is what each request was about."""

    polls_at_once: ClassVar[int] = 3

    def __init__(self, **troubles: Exception) -> None:
        super().__init__(Account("many", "fake"), None)
        self.asked: list[list[str]] = []
        self.troubles = troubles
        self.gate: asyncio.Event | None = None
        self.stopped = 0

    async def poll(self, tickets: Sequence[Ticket]) -> Sequence[Progress]:
        names = [str(ticket.data["id"]) for ticket in tickets]
        self.asked.append(names)
        try:
            if self.gate:
                await self.gate.wait()
        except asyncio.CancelledError:
            self.stopped += 1
            raise
        for name in names:
            if name in self.troubles:
                raise self.troubles[name]
        return [Progress(Phase.RUNNING, percent=int(name)) for name in names]


class Single(Many):
    polls_at_once: ClassVar[int] = 1


def ask(asker: Asker, *names: int):
    return asyncio.gather(*(asker.ask(Ticket({"id": str(name)})) for name in names), return_exceptions=True)


async def test_questions_that_come_together_go_together_and_each_has_its_own_answer():
    provider = Many()

    answers = await ask(Asker(provider), 1, 2, 3, 4)

    assert [answer.percent for answer in answers] == [1, 2, 3, 4]
    assert provider.asked == [["1", "2", "3"], ["4"]]


async def test_one_that_takes_one_at_a_time_is_asked_at_once():
    provider = Single()

    answers = await asyncio.wait_for(ask(Asker(provider), 1, 2), 0.2)

    assert [answer.percent for answer in answers] == [1, 2]
    assert provider.asked == [["1"], ["2"]]


@pytest.mark.parametrize("trouble", [LostJob("no such task"), ProviderError("a strange task"), ValueError("an adapter's mistake")])
async def test_what_may_be_about_one_is_asked_about_alone_and_harms_no_other(trouble):
    provider = Many(**{"2": trouble})

    one, two, three = await ask(Asker(provider), 1, 2, 3)

    assert (one.percent, two, three.percent) == (1, trouble, 3)
    assert provider.asked == [["1", "2", "3"], ["1"], ["2"], ["3"]]


async def test_a_vendor_that_asks_for_patience_is_not_asked_again_for_each():
    busy = ProviderError("too many requests", code="provider_rate_limited", retry=Retry.SAME, after=7)
    provider = Many(**{"2": busy})

    assert await ask(Asker(provider), 1, 2, 3) == [busy] * 3
    assert provider.asked == [["1", "2", "3"]]


async def test_who_gives_up_takes_nobody_along_and_the_last_one_ends_the_request():
    provider = Many()
    provider.gate = asyncio.Event()
    asker = Asker(provider)
    tasks = [asyncio.create_task(asker.ask(Ticket({"id": str(number)}))) for number in (1, 2, 3)]
    while not provider.asked:
        await asyncio.sleep(0)

    tasks[0].cancel()
    await asyncio.wait(tasks[:1])
    still = provider.stopped
    for task in tasks[1:]:
        task.cancel()
    await asyncio.wait(tasks)
    await asyncio.sleep(0)

    assert (still, provider.stopped) == (0, 1)


async def test_a_question_that_nobody_waits_for_any_more_is_not_put():
    provider = Many()
    asker = Asker(provider)
    gone = asyncio.create_task(asker.ask(Ticket({"id": "1"})))
    await asyncio.sleep(0)
    gone.cancel()

    (answer,) = await ask(asker, 2)

    assert (answer.percent, provider.asked) == (2, [["2"]])
