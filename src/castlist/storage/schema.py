"""Brings a database file to the schema this version knows, importing Alembic only when it is behind."""

import sqlite3
from pathlib import Path

from castlist.errors import Unavailable
from castlist.storage.sqlite import connect_writer

REVISIONS = ("0001", "0002", "0003", "0004")
"""Every revision of the schema, oldest first; the last one is what this version reads and writes."""

HEAD = REVISIONS[-1]
SCHEMA = Path(__file__).with_name("schema.sql")
_STAMP = (
    "CREATE TABLE alembic_version (\n\tversion_num VARCHAR(32) NOT NULL, \n\tCONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)\n)"
)


def prepare(path: Path) -> None:
    """Create the tables or migrate them. Only one process at a time. Raises Unavailable for a database of a newer version."""
    connection = connect_writer(path)
    try:
        found = read_revision(connection)
        if found == HEAD:
            return
        if found is None:
            create(connection)
            return
    finally:
        connection.close()
    if found and found not in REVISIONS:
        raise Unavailable(
            f"{path} has schema {found}, made by a newer version of Castlist; this version knows schema {HEAD}: "
            "upgrade Castlist, or use another data directory",
            code="schema_too_new",
        )
    migrate(path)


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


def migrate(path: Path) -> None:
    """Run the migrations that the database lacks, each in a transaction of its own."""
    from alembic import command  # noqa: PLC0415  # two seconds to import, and needed once per upgrade
    from alembic.config import Config  # noqa: PLC0415  # as above

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["path"] = path
    command.upgrade(config, "head")
