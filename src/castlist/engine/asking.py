"""Questions about work that are due together, put to its provider in one request where its API takes several."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from castlist.errors import LostJob, ProviderError, Retry
from castlist.model.providing import Progress, Provider, Ticket

JOIN: Final = 0.25
"""Seconds that a question waits for others. Those that went together are answered together, and so are due together the next time."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A ticket that somebody waits for an answer about."""

    ticket: Ticket
    answer: asyncio.Future[Progress]


@dataclass(eq=False)
class Asker:
    """Asks one provider about its tickets."""

    provider: Provider
    _waiting: list[Question] = field(default_factory=list)
    _timer: asyncio.TimerHandle | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def ask(self, ticket: Ticket) -> Progress:
        """How far that ticket is. Raises what the provider says of it."""
        if self.provider.polls_at_once < 2:
            return (await self.provider.poll([ticket]))[0]
        loop = asyncio.get_running_loop()
        question = Question(ticket, loop.create_future())
        self._waiting.append(question)
        if len(self._waiting) >= self.provider.polls_at_once:
            self._send()
        elif self._timer is None:
            self._timer = loop.call_later(JOIN, self._send)
        return await question.answer

    def _send(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, waiting = None, [question for question in self._waiting if not question.answer.done()]
        self._waiting = []
        if waiting:
            task = asyncio.create_task(self._put(waiting))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            for question in waiting:
                question.answer.add_done_callback(lambda _: self._let_go(task, waiting))

    def _let_go(self, task: asyncio.Task[None], questions: Sequence[Question]) -> None:
        """Nobody waits for it any more."""
        if all(question.answer.cancelled() for question in questions):
            task.cancel()

    async def _put(self, questions: Sequence[Question]) -> None:
        try:
            answers = await self.provider.poll([question.ticket for question in questions])
            pairs = list(zip(questions, answers, strict=True))
        except Exception as error:  # whoever waits for the answer knows what to do with it
            if len(questions) > 1 and _is_about_one(error):
                await asyncio.gather(*(self._put([question]) for question in questions if not question.answer.done()))
                return
            for question in questions:
                if not question.answer.done():
                    question.answer.set_exception(error)
            return
        for question, progress in pairs:
            if not question.answer.done():
                question.answer.set_result(progress)


def _is_about_one(error: Exception) -> bool:
    """Whether one of several tickets may be what an error is about: then the others are asked about without it."""
    return isinstance(error, LostJob) or not isinstance(error, ProviderError) or error.retry is not Retry.SAME
