"""Pages of jobs that few of many belong to: each way of asking goes along an index, however many jobs there are."""

from collections.abc import Collection
from typing import Final

from castlist.model.jobs import State
from castlist.storage import job_rows
from castlist.storage.database import Database, Row, many
from castlist.storage.page import Order, find_cursor

_KNOWN: Final = "project = :project AND deleted_at IS NULL"


async def list_in_states(database: Database, states: Collection[State], *, values: dict[str, object], order: Order) -> list[Row]:
    """Jobs in any of the states, as `read_page` gives them: the first of each state, of which those of the page are taken."""
    values = await find_cursor(database, "jobs", values=values)
    if not states:
        return []
    direction, beyond = ("ASC", ">") if order == "asc" else ("DESC", "<")
    behind = "" if values["after"] is None else f" AND (created_at, id) {beyond} (:after_at, :after)"
    ordered = f"ORDER BY created_at {direction}, id {direction} LIMIT :limit + 1"
    parts = []
    for number, state in enumerate(sorted(states)):
        values = {**values, f"state_{number}": state.value}
        inner = f"SELECT {job_rows.COLUMNS} FROM jobs WHERE {_KNOWN} AND state = :state_{number}{behind} {ordered}"
        parts.append(f"SELECT * FROM ({inner}) AS part_{number}")
    return await database.rows(f"SELECT * FROM ({' UNION ALL '.join(parts)}) AS parts {ordered}", values)


async def list_with_character(
    database: Database, character: str, *, states: Collection[State] | None, values: dict[str, object], order: Order
) -> list[Row]:
    """Jobs with a character, by id, which sorts by the time it was made at."""
    values = {**await find_cursor(database, "jobs", values=values), "character": character}
    direction, beyond = ("ASC", ">") if order == "asc" else ("DESC", "<")
    wanted = ["jobs.id = job_characters.job", "character = :character", _KNOWN]
    if values["after"] is not None:
        wanted.append(f"job_characters.job {beyond} :after")
    if states is not None:
        wanted.append("state IN (SELECT value FROM json_each(:states))")
        values["states"] = many(sorted(states))
    # A cross join keeps SQLite from going through all jobs of the project.
    sql = f"SELECT {job_rows.COLUMNS} FROM job_characters CROSS JOIN jobs WHERE {' AND '.join(wanted)} "
    return await database.rows(f"{sql}ORDER BY job_characters.job {direction} LIMIT :limit + 1", values)
