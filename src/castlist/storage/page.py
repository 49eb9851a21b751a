"""One page of a listing, and the condition that starts it after a cursor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from castlist.errors import NotFound
from castlist.storage.database import Database, Row

T = TypeVar("T")
Order = Literal["asc", "desc"]


@dataclass(frozen=True)
class Page(Generic[T]):
    """Items in the order asked for, and whether there are more behind them."""

    items: tuple[T, ...]
    has_more: bool


async def read_page(database: Database, select: str, conditions: Sequence[str], *, values: dict[str, object], order: Order) -> list[Row]:
    """Rows of `select` under the conditions by time of creation, after the row whose id is `values["after"]` (None: from the start)
    and one more than `values["limit"]`, so that one can tell whether there are more.

    Raises NotFound when the project never had that row.
    """
    table = select.rsplit(" ", 1)[1]
    direction, beyond = ("ASC", ">") if order == "asc" else ("DESC", "<")
    wanted = ["project = :project", "deleted_at IS NULL", *conditions]
    values = await find_cursor(database, table, values=values)
    if values["after"] is not None:
        wanted.append(f"(created_at, id) {beyond} (:after_at, :after)")
    sql = f"{select} WHERE {' AND '.join(wanted)} ORDER BY created_at {direction}, id {direction} LIMIT :limit + 1"
    return await database.rows(sql, values)


async def find_cursor(database: Database, table: str, *, values: dict[str, object]) -> dict[str, object]:
    """The values with the time `after_at` of the row that a page begins behind. Raises NotFound when the project never had that row."""
    if values["after"] is None:
        return values
    row = await database.row(f"SELECT created_at FROM {table} WHERE id = :after AND project = :project", values)
    if row is None:
        text = f"after is the id of an item of an earlier page, and {str(values['after'])[:80]!r} is not one"
        raise NotFound(text, code="unknown_cursor", param="after")
    return {**values, "after_at": row[0]}
