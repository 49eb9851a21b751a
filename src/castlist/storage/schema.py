"""Brings a database to the schema this version knows, importing Alembic only when it is behind."""

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from castlist.errors import Unavailable
from castlist.later import Later
from castlist.storage.postgres import LOCKS, SCHEMA_NAME, Link, connect
from castlist.storage.sqlite import connect_writer

if TYPE_CHECKING:
    import psycopg
else:
    psycopg = Later("psycopg")

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")
"""Every revision of the schema, oldest first; the last one is what this version reads and writes."""

HEAD = REVISIONS[-1]
SCHEMA = Path(__file__).with_name("schema.sql")
SHARED_SCHEMA = Path(__file__).with_name("schema.postgresql.sql")
MOVED = 1
"""The `user_version` of a file whose rows are in another database now."""

_UPGRADING = 0
_STAMP = (
    "CREATE TABLE alembic_version (\n\tversion_num VARCHAR(32) NOT NULL, \n\tCONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)\n)"
)


def prepare(path: Path, *, moved: bool = False) -> None:
    """Create the tables or migrate them. Only one process at a time. Raises Unavailable for a database of a newer version, and for one
    whose rows were moved away, unless `moved`."""
    connection = connect_writer(path)
    try:
        if not moved and connection.execute("PRAGMA user_version").fetchone()[0] == MOVED:
            raise Unavailable(
                f"the rows of {path} were copied to a PostgreSQL database, where the work goes on: set CASTLIST_DATABASE_URL or "
                f"castlist.database_url; docs/database.md says how to come back to the file",
                code="storage_moved",
            )
        found = read_revision(connection)
        if found == HEAD:
            return
        if found is None:
            create(connection)
            return
    finally:
        connection.close()
    check_known(found, str(path), instead="use another data directory")
    migrate(path)


def prepare_shared(url: str) -> None:
    """`prepare` for a PostgreSQL database, whose other processes go on meanwhile. Raises Unavailable also when it cannot be reached."""
    try:
        link = connect(url, name="schema")
    except psycopg.Error as error:
        raise Unavailable(f"the database cannot be opened: {say(error)}", code="storage_unreachable") from error
    with link:
        if read_shared_revision(link) == HEAD:
            return
        link.execute("SELECT pg_advisory_lock(%s, %s)", (LOCKS, _UPGRADING))
        found = read_shared_revision(link)
        if found is None:
            create_shared(link)
        elif found != HEAD:
            check_known(found, "the database", instead="use another database")
            migrate(url)


def say(error: Exception) -> str:
    """A database's word in one line; it names host and user, and never a password."""
    return " ".join(str(error).split())


def retire(path: Path) -> None:
    """Let nobody work on this file any more: what it says would be old, and files that it does not know would be nobody's."""
    connection = connect_writer(path)
    try:
        connection.execute(f"PRAGMA user_version = {MOVED}")
    finally:
        connection.close()


def check_known(found: str, place: str, *, instead: str) -> None:
    """Raise Unavailable for a revision that is none of ours."""
    if found and found not in REVISIONS:
        raise Unavailable(
            f"{place} has schema {found}, made by a newer version of Castlist; this version knows schema {HEAD}: "
            f"upgrade Castlist, or {instead}",
            code="schema_too_new",
        )


def read_shared_revision(link: Link) -> str | None:
    """`read_revision` of a PostgreSQL database, where other programs' tables are none of ours."""
    row = link.execute("SELECT to_regclass(%s), to_regclass(%s)", (f"{SCHEMA_NAME}.alembic_version", f"{SCHEMA_NAME}.jobs")).fetchone()
    if row is None or row[0] is None:
        return "" if row and row[1] else None
    stamp = link.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(stamp[0]) if stamp else ""


def create_shared(link: Link) -> None:
    """`create` in a PostgreSQL database, in a schema of our own."""
    with link.transaction():
        link.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA_NAME}")
        link.execute(_STAMP)
        link.execute(SHARED_SCHEMA.read_text())
        link.execute("INSERT INTO alembic_version VALUES (%s)", (HEAD,))


def read_revision(connection: sqlite3.Connection) -> str | None:
    """The schema's revision; None for an empty database, "" for one that Alembic has not brought to any revision yet."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "alembic_version" not in tables:
        return "" if tables else None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else ""


def create(connection: sqlite3.Connection) -> None:
    """All tables at once in an empty database, stamped with the newest revision; the same schema as every migration in turn gives."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(_STAMP)
    for statement in SCHEMA.read_text().split(";\n"):
        if statement.strip():
            connection.execute(statement)
    connection.execute("INSERT INTO alembic_version VALUES (?)", (HEAD,))
    connection.execute("COMMIT")


def migrate(place: Path | str) -> None:
    """Run the migrations that the file, or the database at a URL, lacks, each in a transaction of its own."""
    from alembic import command  # noqa: PLC0415  # two seconds to import, and needed once per upgrade
    from alembic.config import Config  # noqa: PLC0415  # as above

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["place"] = place
    command.upgrade(config, "head")
