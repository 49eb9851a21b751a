"""The outbox as rows: written in the transaction that ends a job, whichever process ends it, for every endpoint that is to be told."""

import json
import os
from collections.abc import Iterable
from datetime import datetime

from castlist.model.ids import make_id
from castlist.model.jobs import Job, State
from castlist.model.telling import COMPLETED, EVENTS, FAILED, Delivery, Endpoint, Told, Try
from castlist.storage.codec import decode, encode
from castlist.storage.database import Connection, Row, from_micros, to_micros

ENDPOINT = "id, project, url, events, allow_private, configured, created_at, disabled_at"
DELIVERY = (
    "webhook_deliveries.id, webhook_deliveries.event, webhook_deliveries.type, webhook_deliveries.video, webhook_deliveries.project, "
    "webhook_deliveries.endpoint, webhook_endpoints.url, webhook_deliveries.state, webhook_deliveries.created_at, "
    "webhook_deliveries.due_at, webhook_endpoints.allow_private, webhook_deliveries.doc"
)
JOINED = "webhook_deliveries JOIN webhook_endpoints ON webhook_endpoints.id = webhook_deliveries.endpoint"


def tell(connection: Connection, job: Job) -> None:
    """A row for each endpoint that is told of the end of this job; nothing where nobody is."""
    own = job.operation.wishes.webhook
    now = job.completed_at or job.due_at
    if own is not None:
        add_endpoint(connection, project=job.project, url=own, now=now)
    sql = f"SELECT {ENDPOINT} FROM webhook_endpoints WHERE project = :project AND (configured OR url = :url)"
    found = [to_endpoint(row) for row in connection.execute(sql, {"project": job.project, "url": own or ""}).fetchall()]
    type = COMPLETED if job.state is State.SUCCEEDED else FAILED  # noqa: A001
    told = [endpoint for endpoint in found if endpoint.url == own or type in endpoint.events]
    event = new_id("evt", now=now)
    for endpoint in told:
        insert(connection, endpoint, event=event, type=type, video=job.id, now=now)


def insert(connection: Connection, endpoint: Endpoint, *, event: str, type: str, video: str, now: datetime) -> str:  # noqa: A002
    """One row of the outbox, due now; its id. What an endpoint that said it is gone would be told is kept, and not sent."""
    id = new_id("dlv", now=now)  # noqa: A001
    values = {
        "id": id,
        "event": event,
        "type": type,
        "video": video,
        "project": endpoint.project,
        "endpoint": endpoint.id,
        "state": (Told.PENDING if endpoint.disabled_at is None else Told.DISABLED).value,
        "now": to_micros(now),
        "doc": write_tries((), 0),
    }
    connection.execute(
        "INSERT INTO webhook_deliveries (id, event, type, video, project, endpoint, state, created_at, due_at, doc) "
        "VALUES (:id, :event, :type, :video, :project, :endpoint, :state, :now, :now, :doc)",
        values,
    )
    return id


def add_endpoint(
    connection: Connection,
    *,
    project: str,
    url: str,
    now: datetime,
    events: Iterable[str] | None = None,
    allow_private: bool = False,
) -> None:
    """An endpoint of that address, unless the project has it. With `events` it is one of the configuration, which says what holds."""
    values = {
        "id": new_id("we", now=now),
        "project": project,
        "url": url,
        "events": json.dumps(list(events or EVENTS)),
        "private": allow_private,
        "configured": events is not None,
        "now": to_micros(now),
    }
    sql = (
        "INSERT INTO webhook_endpoints (id, project, url, events, allow_private, configured, created_at) "
        "VALUES (:id, :project, :url, :events, :private, :configured, :now) ON CONFLICT (project, url) "
    )
    known = "DO UPDATE SET events = excluded.events, allow_private = excluded.allow_private, configured = TRUE"
    connection.execute(sql + ("DO NOTHING" if events is None else known), values)


def new_id(prefix: str, *, now: datetime) -> str:
    """A new id of that kind."""
    return make_id(prefix, milliseconds=int(now.timestamp() * 1000), random=os.urandom)


def to_endpoint(row: Row) -> Endpoint:
    """The endpoint in a row of ENDPOINT."""
    return Endpoint(
        id=row[0],
        project=row[1],
        url=row[2],
        events=tuple(json.loads(row[3])),
        allow_private=bool(row[4]),
        configured=bool(row[5]),
        created_at=from_micros(row[6]),
        disabled_at=None if row[7] is None else from_micros(row[7]),
    )


def to_delivery(row: Row) -> Delivery:
    """The delivery in a row of DELIVERY."""
    doc = json.loads(row[11])
    return Delivery(
        id=row[0],
        event=row[1],
        type=row[2],
        video=row[3],
        project=row[4],
        endpoint=row[5],
        url=row[6],
        state=Told(row[7]),
        created_at=from_micros(row[8]),
        due_at=from_micros(row[9]),
        private=bool(row[10]),
        tries=tuple(decode(Try, each) for each in doc["tries"]),
        round=doc["round"],
    )


def write_tries(tries: Iterable[Try], round: int) -> str:  # noqa: A002
    """What of a delivery has no column."""
    return json.dumps({"tries": [encode(each) for each in tries], "round": round}, separators=(",", ":"))
