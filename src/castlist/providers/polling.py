"""Asking for work that was accepted: one request a ticket, and the words of its status."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from castlist.model.providing import Phase, Ticket

T = TypeVar("T")
_LONGEST_WORD = 40


async def ask_each(look: Callable[[Ticket], Awaitable[T]], tickets: Sequence[Ticket]) -> list[T]:
    """What `look` finds for each ticket, in their order. All are asked; an error about one is then raised for all, so ask for that
    one alone to know which."""
    if len(tickets) == 1:
        return [await look(tickets[0])]
    answers = await asyncio.gather(*map(look, tickets), return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return [answer for answer in answers if not isinstance(answer, BaseException)]


def read_phase(word: str, phases: Mapping[str, Phase]) -> tuple[Phase, str | None]:
    """The phase of a status word, and the word itself where it is not known: that is work that goes on, and worth being counted."""
    known = phases.get(word)
    return (known, None) if known else (Phase.RUNNING, word[:_LONGEST_WORD])
