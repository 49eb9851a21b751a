"""What a database is to the rest of the storage, whichever engine keeps the rows."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
Clock = Callable[[], datetime]
Row = tuple[Any, ...]
Values = Mapping[str, object] | Sequence[object]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Cursor(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...
    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """The writing connection inside a transaction. Statements are SQLite's, with `:name` or `?`; see `dialect` for what may be in them."""

    def execute(self, sql: str, parameters: Values = ..., /) -> Cursor: ...
    def executemany(self, sql: str, parameters: Iterable[Values], /) -> Cursor: ...


Write = Callable[[Connection], T]


class Database(Protocol):
    """Reads for an event loop, and transactions one after the other: no two `write`s of whichever process ever overlap."""

    async def rows(self, sql: str, values: Values = ()) -> list[Row]:
        """All rows of one SELECT, at one moment."""
        ...

    async def row(self, sql: str, values: Values = ()) -> Row | None:
        """The first row of one SELECT."""
        ...

    def rows_now(self, sql: str, values: Values = ()) -> list[Row]:
        """`rows` for a thread that may block."""
        ...

    def version(self) -> int:
        """A number that is another one after any process committed anything."""
        ...

    def after_commit(self, listener: Callable[[], None]) -> None:
        """Call `listener`, in another thread, after each commit of this process, and of others as soon as that is known."""
        ...

    async def write(self, fn: Write[T]) -> T:
        """Run `fn` in a transaction and return its result once it is on disk.

        What `fn` raises undoes what it wrote, and nothing else. Raises StorageFull when the disk takes no more.
        """
        ...

    def write_now(self, fn: Write[T]) -> T:
        """`write` for a thread that may block."""
        ...

    @property
    def full(self) -> bool:
        """Whether a write of this process found no room. A small one may still find some."""
        ...

    def note_room(self) -> None:
        """Somebody has proved that there is room again."""
        ...

    def close(self) -> None:
        """Finish the writes that were asked for, and close; blocks."""
        ...


def to_micros(moment: datetime) -> int:
    """A time as the tables keep it: microseconds since 1970, UTC."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_micros(value: int) -> datetime:
    """The time that `to_micros` kept."""
    return _EPOCH + timedelta(microseconds=value)


def many(values: Collection[str]) -> str:
    """A list as one parameter, for `IN (SELECT value FROM json_each(:it))`: the statement stays the same whatever its length."""
    return json.dumps(list(values))
