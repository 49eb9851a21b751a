"""The tables, as SQLAlchemy defines them: what migrations are compared with and `schema.sql` is generated from.

Not imported by a running gateway: importing SQLAlchemy takes about a second and 28 MB. After a change here write a migration and run
`python -m castlist.storage.tables`, which writes `schema.sql` and `schema.postgresql.sql` anew.
Times are integer microseconds since 1970, UTC; `doc` is the JSON
of what has no column of its own.
"""

from pathlib import Path

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, MetaData, Table, Text, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable

METADATA = MetaData()
LIVE = text("NOT ended")
DELETED = text("deleted_at IS NOT NULL")
MARKED = text("mark IS NOT NULL")
PREPARING = text("state = 'preparing'")
ENDING = text("cancel_requested AND NOT ended")
PENDING = text("state = 'pending'")
CURRENT = text("old_until IS NULL")

JOBS = Table(
    "jobs",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("project", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("ended", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("progress", Integer, nullable=False),
    Column("deployment", Text),
    Column("cancel_requested", Boolean, nullable=False),
    Column("deleted_at", BigInteger),
    Column("revision", BigInteger, nullable=False),
    Column("lease_holder", Text),
    Column("lease_until", BigInteger),
    Column("doc", Text, nullable=False),
    Index("jobs_page", "project", "created_at", "id"),
    Index("jobs_state", "project", "state", "created_at", "id"),
    Index("jobs_ending", "lease_holder", sqlite_where=ENDING, postgresql_where=ENDING),
    Index("jobs_at_work", "deployment", "state", sqlite_where=LIVE, postgresql_where=LIVE),
    Index("jobs_due", "due_at", sqlite_where=LIVE, postgresql_where=LIVE),
    Index("jobs_deleted", "deleted_at", sqlite_where=DELETED, postgresql_where=DELETED),
)

JOB_CHARACTERS = Table(
    "job_characters",
    METADATA,
    Column("job", Text, ForeignKey("jobs.id"), primary_key=True),
    Column("character", Text, primary_key=True),
    Index("job_characters_character", "character", "job"),
)

ATTEMPTS = Table(
    "attempts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("job", Text, ForeignKey("jobs.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("doc", Text, nullable=False),
    Index("attempts_job", "job", "number", unique=True),
)

CHARACTERS = Table(
    "characters",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("project", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("deleted_at", BigInteger),
    Column("lease_holder", Text),
    Column("lease_until", BigInteger),
    Column("doc", Text, nullable=False),
    Index("characters_page", "project", "created_at", "id"),
    Index("characters_name", "project", "name"),
    Index("characters_digest", "project", "digest"),
    Index("characters_preparing", "created_at", sqlite_where=PREPARING, postgresql_where=PREPARING),
    Index("characters_deleted", "deleted_at", sqlite_where=DELETED, postgresql_where=DELETED),
)

BINDINGS = Table(
    "bindings",
    METADATA,
    Column("character", Text, ForeignKey("characters.id"), primary_key=True),
    Column("account", Text, primary_key=True),
    Column("doc", Text, nullable=False),
)

EXPIRIES = Table(
    "expiries",
    METADATA,
    Column("owner", Text, primary_key=True),
    Column("due_at", BigInteger, nullable=False),
    Index("expiries_due", "due_at"),
)

WEBHOOK_ENDPOINTS = Table(
    "webhook_endpoints",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("project", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("events", Text, nullable=False),
    Column("allow_private", Boolean, nullable=False),
    Column("configured", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("disabled_at", BigInteger),
    Index("webhook_endpoints_url", "project", "url", unique=True),
)

WEBHOOK_DELIVERIES = Table(
    "webhook_deliveries",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("event", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("video", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("endpoint", Text, ForeignKey("webhook_endpoints.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("lease_holder", Text),
    Column("lease_until", BigInteger),
    Column("doc", Text, nullable=False),
    Index("webhook_deliveries_page", "project", "created_at", "id"),
    Index("webhook_deliveries_endpoint", "endpoint"),
    Index("webhook_deliveries_due", "due_at", sqlite_where=PENDING, postgresql_where=PENDING),
)

WEBHOOK_SECRETS = Table(
    "webhook_secrets",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("project", Text, nullable=False),
    Column("sealed", Text, nullable=False),
    Column("sealed_by", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("old_until", BigInteger),
    Index("webhook_secrets_current", "project", unique=True, sqlite_where=CURRENT, postgresql_where=CURRENT),
)

CALLBACKS = Table(
    "callbacks",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("job", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Index("callbacks_job", "job"),
    Index("callbacks_number", "number", unique=True),
    Index("callbacks_received", "received_at"),
)

CHARGES = Table(
    "charges",
    METADATA,
    Column("owner", Text, primary_key=True),
    Column("day", Text, nullable=False),
    Column("micros", BigInteger, nullable=False),
    Index("charges_day", "day", "micros"),
)

REQUESTS = Table(
    "requests",
    METADATA,
    Column("owner", Text, primary_key=True),
    Column("project", Text, nullable=False),
    Column("mark", Text),
    Column("digest", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("lost_at", BigInteger),
    Column("given", Integer, nullable=False),
    Index("requests_created", "created_at"),
    Index("requests_digest", "project", "digest"),
    Index("requests_mark", "project", "mark", unique=True, sqlite_where=MARKED, postgresql_where=MARKED),
)

HEALTH = Table(
    "health",
    METADATA,
    Column("deployment", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("cooled_until", BigInteger),
    Column("why", Text, nullable=False),
    Column("probe", Text),
    Column("probe_until", BigInteger),
    Column("pace", BigInteger),
    Column("samples", Integer, nullable=False),
)

SENDS = Table(
    "sends",
    METADATA,
    Column("attempt", Text, primary_key=True),
    Column("deployment", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("sends_at", "deployment", "at"),
)

ASSETS = Table(
    "assets",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("project", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

ASSET_USES = Table(
    "asset_uses",
    METADATA,
    Column("owner", Text, primary_key=True),
    Column("asset", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Index("asset_uses_asset", "asset"),
)

ORIGINS = Table("origins", METADATA, Column("id", Text, primary_key=True))


DIALECTS: dict[str, Dialect] = {"schema.sql": sqlite.dialect(), "schema.postgresql.sql": postgresql.dialect()}  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped


def write_ddl(dialect: Dialect) -> str:
    """Every CREATE statement, in an order in which they can run."""
    statements: list[str] = []
    for table in METADATA.sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=dialect)).strip())
        statements.extend(
            str(CreateIndex(index).compile(dialect=dialect)).strip() for index in sorted(table.indexes, key=lambda i: str(i.name))
        )
    lines = "\n".join(line.rstrip() for line in ";\n\n".join(statements).splitlines())
    return f"-- Generated from tables.py by `python -m castlist.storage.tables`.\n{lines};\n"


if __name__ == "__main__":
    for name, kind in DIALECTS.items():
        Path(__file__).with_name(name).write_text(write_ddl(kind))
