"""A page of a list, which goes on to the next page by itself when it is iterated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """`data` holds this page's items; iterating goes through the following pages too."""

    data: tuple[T, ...]
    has_more: bool
    last_id: str | None
    _follow: Callable[[str], Page[T]] = field(repr=False, compare=False)

    def next_page(self) -> Page[T] | None:
        """The page after this one, or None."""
        return self._follow(self.last_id) if self.has_more and self.last_id else None

    def __iter__(self) -> Iterator[T]:
        page: Page[T] | None = self
        while page is not None:
            yield from page.data
            page = page.next_page()
