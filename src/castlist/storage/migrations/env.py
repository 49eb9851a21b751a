"""What Alembic runs: the migrations against the SQLite file it was handed."""

from pathlib import Path

from alembic import context
from sqlalchemy import URL, create_engine, event
from sqlalchemy.pool import NullPool

from castlist.storage.tables import METADATA


def run(path: Path) -> None:
    """Bring the file at `path` to the revision asked for."""
    engine = create_engine(URL.create("sqlite", database=str(path)), poolclass=NullPool)

    # The sqlite3 module commits before DDL by itself; with transactions begun by hand a migration that fails leaves nothing behind.
    @event.listens_for(engine, "connect")
    def leave_transactions_to_us(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]  # a sqlite3.Connection, which SQLAlchemy hands over untyped

    @event.listens_for(engine, "begin")
    def begin(connection: object) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # type: ignore[attr-defined]  # a SQLAlchemy Connection, untyped here

    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=METADATA, transaction_per_migration=True, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()


run(context.config.attributes["path"])
