"""Who is told of the end of videos, and what is on its way to them: leased, tried and kept like jobs."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Literal

from castlist.errors import NotFound
from castlist.model.telling import Delivery, Endpoint, Told, Wanted, origin
from castlist.storage.database import Clock, Connection, Database, many, to_micros
from castlist.storage.holders import Holders
from castlist.storage.outbox_rows import (
    DELIVERY,
    ENDPOINT,
    JOINED,
    add_endpoint,
    insert,
    new_id,
    to_delivery,
    to_endpoint,
    write_tries,
)
from castlist.storage.page import Page

SAMPLE = "video_sample"
"""The video that a trial's event is about."""


class Outbox:
    """Rows of endpoints and deliveries. What is due may be claimed by any process; no two hold the same one at once."""

    def __init__(self, database: Database, holders: Holders, *, clock: Clock) -> None:
        self._database = database
        self._holders = holders
        self._clock = clock

    async def register(self, wanted: Sequence[Wanted]) -> None:
        """Make these the endpoints of the configuration, for whichever process ends a video; others of an earlier one are told no more."""

        def write(connection: Connection) -> None:
            connection.execute("UPDATE webhook_endpoints SET configured = FALSE, allow_private = FALSE WHERE configured")
            for each in wanted:
                add_endpoint(
                    connection,
                    project=each.project,
                    url=each.url,
                    now=self._clock(),
                    events=each.events,
                    allow_private=each.allow_private,
                )

        if wanted or await self.configured():
            await self._database.write(write)

    async def configured(self) -> bool:
        """Whether any endpoint is of a configuration."""
        return await self._database.row("SELECT id FROM webhook_endpoints WHERE configured LIMIT 1") is not None

    async def endpoints(self, project: str) -> list[Endpoint]:
        """The project's endpoints of the configuration, and those that said they are gone, oldest first."""
        sql = (
            f"SELECT {ENDPOINT} FROM webhook_endpoints WHERE project = :project AND (configured OR disabled_at IS NOT NULL) "
            "ORDER BY created_at, id"
        )
        return [to_endpoint(row) for row in await self._database.rows(sql, {"project": project})]

    async def endpoint(self, project: str, id: str) -> Endpoint | None:  # noqa: A002
        """One of the project's endpoints."""
        sql = f"SELECT {ENDPOINT} FROM webhook_endpoints WHERE id = :id AND project = :project"
        row = await self._database.row(sql, _named(project, id))
        return to_endpoint(row) if row else None

    async def get(self, project: str, id: str) -> Delivery | None:  # noqa: A002
        """One of the project's deliveries."""
        sql = f"SELECT {DELIVERY} FROM {JOINED} WHERE webhook_deliveries.id = :id AND webhook_deliveries.project = :project"
        row = await self._database.row(sql, _named(project, id))
        return to_delivery(row) if row else None

    async def page(
        self, project: str, *, after: str | None, limit: int, order: Literal["asc", "desc"], state: Told | None, video: str | None
    ) -> Page[Delivery]:
        """One page of a project's deliveries by time of creation. Raises NotFound for an `after` that is none of them."""
        values: dict[str, object] = {"project": project, "after": after, "limit": limit + 1, "state": state and state.value, "video": video}
        direction, beyond = ("ASC", ">") if order == "asc" else ("DESC", "<")
        wanted = ["webhook_deliveries.project = :project"]
        if state is not None:
            wanted.append("webhook_deliveries.state = :state")
        if video is not None:
            wanted.append("webhook_deliveries.video = :video")
        if after is not None:
            values["after_at"] = await self._place(project, after)
            wanted.append(f"(webhook_deliveries.created_at, webhook_deliveries.id) {beyond} (:after_at, :after)")
        sql = (
            f"SELECT {DELIVERY} FROM {JOINED} WHERE {' AND '.join(wanted)} "
            f"ORDER BY webhook_deliveries.created_at {direction}, webhook_deliveries.id {direction} LIMIT :limit"
        )
        rows = await self._database.rows(sql, values)
        return Page(tuple(to_delivery(row) for row in rows[:limit]), len(rows) > limit)

    async def _place(self, project: str, after: str) -> int:
        sql = "SELECT created_at FROM webhook_deliveries WHERE id = :id AND project = :project"
        row = await self._database.row(sql, _named(project, after))
        if row is None:
            text = f"after is the id of an item of an earlier page, and {after[:80]!r} is not one"
            raise NotFound(text, code="unknown_cursor", param="after")
        return int(row[0])

    async def waiting(self) -> tuple[int, float]:
        """How many deliveries have not come to an end, and how many seconds ago the oldest of their events came about."""
        row = await self._database.row("SELECT count(*), min(created_at) FROM webhook_deliveries WHERE state = 'pending'")
        count, oldest = row or (0, None)
        return int(count), 0.0 if oldest is None else max(0.0, (to_micros(self._clock()) - oldest) / 1_000_000)

    async def due(self, *, sealed_by: str) -> bool:
        """Whether `claim` would find something."""
        values = {"now": to_micros(self._clock()), "dead": many(self._holders.dead()), "sealed_by": sealed_by}
        return await self._database.row(f"SELECT id FROM webhook_deliveries WHERE {_FREE} LIMIT 1", values) is not None

    async def claim(self, *, limit: int, lease: float, sealed_by: str, besides: Collection[str] = ()) -> list[Delivery]:
        """Lease due deliveries to this process, oldest due first: of projects whose secret `sealed_by` sealed, or that have none yet, and
        none to the endpoints `besides`."""

        def write(connection: Connection) -> list[Delivery]:
            now = self._clock()
            values: dict[str, object] = {
                "holder": self._holders.me,
                "now": to_micros(now),
                "until": to_micros(now + timedelta(seconds=lease)),
                "dead": many(self._holders.dead()),
                "limit": limit,
                "sealed_by": sealed_by,
                "besides": many(besides),
            }
            ids = [row[0] for row in connection.execute(_CLAIM, values).fetchall()]
            sql = f"SELECT {DELIVERY} FROM {JOINED} WHERE webhook_deliveries.id IN (SELECT value FROM json_each(:ids))"
            return [to_delivery(row) for row in connection.execute(sql, {"ids": many(ids)}).fetchall()] if ids else []

        return await self._database.write(write)

    async def save(self, delivery: Delivery, *, gone: bool = False, well: bool = False) -> bool:
        """What became of a delivery, whose lease ends with it. Fenced, but for a success: that it arrived is true whoever has it now.
        `gone` disables its endpoint, and what waits for it; `well` makes it be told again."""
        values: dict[str, object] = {
            "id": delivery.id,
            "holder": self._holders.me,
            "state": delivery.state.value,
            "due_at": to_micros(delivery.due_at),
            "doc": write_tries(delivery.tries, delivery.round),
            "arrived": delivery.state is Told.DELIVERED,
            "endpoint": delivery.endpoint,
            "now": to_micros(self._clock()),
        }

        def write(connection: Connection) -> bool:
            done = connection.execute(_SAVE, values).rowcount == 1
            if gone:
                connection.execute("UPDATE webhook_endpoints SET disabled_at = :now WHERE id = :endpoint AND disabled_at IS NULL", values)
                connection.execute(_DROP, values)
            if well:
                connection.execute("UPDATE webhook_endpoints SET disabled_at = NULL WHERE id = :endpoint", values)
            return done

        return await self._database.write(write)

    async def redeliver(self, project: str, id: str) -> Delivery | None:  # noqa: A002
        """Send a delivery anew, whatever became of it: under the id of its event, with all its attempts before it again."""
        found = await self.get(project, id)
        if found is None:
            return None
        values: dict[str, object] = {
            "id": id,
            "now": to_micros(self._clock()),
            "doc": write_tries(found.tries, len(found.tries)),
        }
        sql = (
            "UPDATE webhook_deliveries SET state = 'pending', due_at = :now, doc = :doc, lease_holder = NULL, lease_until = NULL "
            "WHERE id = :id"
        )
        await self._database.write(lambda connection: connection.execute(sql, values).rowcount)
        return await self.get(project, id)

    async def add_trial(self, endpoint: Endpoint, type: str, *, lease: float) -> Delivery:  # noqa: A002
        """An event of that type about no video, held by this process, which is to send it at once."""

        def write(connection: Connection) -> Delivery:
            now = self._clock()
            id = insert(connection, endpoint, event=new_id("evt", now=now), type=type, video=SAMPLE, now=now)  # noqa: A001
            values = {"id": id, "holder": self._holders.me, "until": to_micros(now + timedelta(seconds=lease))}
            connection.execute(
                "UPDATE webhook_deliveries SET state = 'pending', lease_holder = :holder, lease_until = :until WHERE id = :id", values
            )
            row = connection.execute(f"SELECT {DELIVERY} FROM {JOINED} WHERE webhook_deliveries.id = :id", values).fetchone()
            return to_delivery(row)

        return await self._database.write(write)

    async def allows_private(self, project: str, url: str) -> bool:
        """Whether the configuration lets the project's events go to private addresses under that scheme, host and port."""
        sql = "SELECT url FROM webhook_endpoints WHERE project = :project AND allow_private"
        return any(origin(row[0]) == origin(url) for row in await self._database.rows(sql, {"project": project}))

    async def prune(self, *, days: int) -> None:
        """Forget what came to its end that long ago, and the endpoints that only such deliveries knew."""
        before = to_micros(self._clock() - timedelta(days=days))

        def write(connection: Connection) -> None:
            connection.execute("DELETE FROM webhook_deliveries WHERE state <> 'pending' AND due_at < :before", {"before": before})
            connection.execute(
                "DELETE FROM webhook_endpoints WHERE NOT configured AND created_at < :before "
                "AND id NOT IN (SELECT endpoint FROM webhook_deliveries)",
                {"before": before},
            )

        await self._database.write(write)


def _named(project: str, id: str) -> dict[str, object]:  # noqa: A002
    return {"project": project, "id": id}


_FREE = """
state = 'pending' AND due_at <= :now
AND (lease_holder IS NULL OR lease_until < :now OR lease_holder IN (SELECT value FROM json_each(:dead)))
AND project NOT IN (SELECT project FROM webhook_secrets WHERE old_until IS NULL AND sealed_by <> :sealed_by)
"""
_CLAIM = f"""
UPDATE webhook_deliveries SET lease_holder = :holder, lease_until = :until
WHERE id IN (
  SELECT id FROM webhook_deliveries WHERE {_FREE} AND endpoint NOT IN (SELECT value FROM json_each(:besides)) ORDER BY due_at LIMIT :limit
) RETURNING id
"""
_SAVE = """
UPDATE webhook_deliveries SET state = :state, due_at = :due_at, doc = :doc, lease_holder = NULL, lease_until = NULL
WHERE id = :id AND (lease_holder = :holder OR :arrived)
"""
_DROP = """
UPDATE webhook_deliveries SET state = 'disabled', lease_holder = NULL, lease_until = NULL
WHERE endpoint = :endpoint AND state = 'pending'
"""
