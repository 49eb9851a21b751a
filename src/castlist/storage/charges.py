"""What videos may have cost, by day: reserved with a job, carried by its attempts, settled by what was really charged.

A row belongs to a job until its first attempt, and then to the attempt that the money was spent for. Deleting a video takes no row away:
what it cost was spent.
"""

from datetime import UTC, datetime, time, timedelta

from castlist.errors import SpendLimit
from castlist.model.pricing import show_usd
from castlist.storage.database import Connection

SPENT = "SELECT COALESCE(SUM(micros), 0) FROM charges WHERE day = ?"
_HOLD = (
    "INSERT INTO charges (owner, day, micros) VALUES (?, ?, ?) "
    "ON CONFLICT (owner) DO UPDATE SET day = excluded.day, micros = excluded.micros"
)
_GIVE_BACK = (
    "UPDATE charges SET owner = :job WHERE owner = :owner AND EXISTS (SELECT 1 FROM jobs WHERE id = :job AND NOT ended) "
    "AND NOT EXISTS (SELECT 1 FROM charges WHERE owner = :job)"
)


def reserve(connection: Connection, owner: str, *, micros: int, now: datetime, limit: int | None) -> None:
    """Hold that much of today for `owner`. Raises SpendLimit, with what is held already, when the limit of a day has no room for it."""
    if not micros:
        return
    day = day_of(now)
    (spent,) = connection.execute(SPENT, (day,)).fetchone()
    check(micros, now=now, spent=int(spent), limit=limit)
    connection.execute(_HOLD, (owner, day, micros))


def settle(connection: Connection, owner: str, *, micros: int) -> None:
    """What was held for `owner` is what it cost, on the day it was held for."""
    connection.execute("UPDATE charges SET micros = ? WHERE owner = ? AND micros <> ?", (micros, owner, micros))


def release(connection: Connection, owner: str) -> None:
    """Nothing is held for `owner` any more."""
    connection.execute("DELETE FROM charges WHERE owner = ?", (owner,))


def give_back(connection: Connection, owner: str, *, job: str) -> None:
    """What was held for an attempt that came to nothing is held for its job again, unless that has ended or holds another one's."""
    connection.execute(_GIVE_BACK, {"job": job, "owner": owner})
    settle(connection, owner, micros=0)


def check(micros: int, *, now: datetime, spent: int, limit: int | None) -> None:
    """Raise SpendLimit when that much more is past the limit of a day; what costs nothing never is."""
    if limit is None or not micros or spent + micros <= limit:
        return
    end = datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
    hours, minutes = divmod(int((end - now).total_seconds()) // 60, 60)
    text = (
        f"This video would cost up to {show_usd(micros)}, and of the {show_usd(limit)} that may be spent a day {show_usd(spent)} are spent "
        f"or reserved. The day ends at {end:%Y-%m-%d %H:%M} UTC, in {hours} h {minutes} min. The limit is `castlist.max_spend_per_day` in "
        "the configuration; a model that costs less or nothing goes on."
    )
    raise SpendLimit(text)


def day_of(now: datetime) -> str:
    """The day (UTC) that a charge made now belongs to."""
    return now.astimezone(UTC).date().isoformat()
