"""A page of a list, which goes on to the next page by itself when it is iterated."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class AsyncPage(Generic[T]):
    """`data` holds this page's items; iterating goes through the following pages too."""

    data: tuple[T, ...]
    has_more: bool
    last_id: str | None
    _follow: Callable[[str], Awaitable[AsyncPage[T]]] = field(repr=False, compare=False)

    async def next_page(self) -> AsyncPage[T] | None:
        """The page after this one, or None."""
        return await self._follow(self.last_id) if self.has_more and self.last_id else None

    async def __aiter__(self) -> AsyncIterator[T]:
        page: AsyncPage[T] | None = self
        while page is not None:
            for item in page.data:
                yield item
            page = await page.next_page()
