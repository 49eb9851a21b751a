"""What Alembic runs: the migrations against the SQLite file or the PostgreSQL database it was handed."""

from pathlib import Path

from alembic import context
from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.pool import NullPool

from castlist.storage.postgres import SCHEMA_NAME, connect
from castlist.storage.tables import METADATA


def run(place: Path | str) -> None:
    """Bring the file or the database to the revision asked for."""
    if isinstance(place, Path):
        run_on_file(place)
    else:
        run_on_server(place)


def run_on_file(path: Path) -> None:
    """Bring a file there."""
    engine = create_engine(URL.create("sqlite", database=str(path)), poolclass=NullPool)

    # The sqlite3 module commits before DDL by itself; with transactions begun by hand a migration that fails leaves nothing behind.
    @event.listens_for(engine, "connect")
    def leave_transactions_to_us(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]  # a sqlite3.Connection, which SQLAlchemy hands over untyped

    @event.listens_for(engine, "begin")
    def begin(connection: object) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # type: ignore[attr-defined]  # a SQLAlchemy Connection, untyped here

    with engine.connect() as connection:
        migrate(connection)


def run_on_server(url: str) -> None:
    """Bring a database there, in the schema of our own."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: connect(url, name="upgrade"), poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA_NAME}")
        connection.commit()
        migrate(connection)


def migrate(connection: Connection) -> None:
    """Run what is lacking, each migration in a transaction of its own."""
    batch = connection.dialect.name == "sqlite"
    context.configure(connection=connection, target_metadata=METADATA, transaction_per_migration=True, render_as_batch=batch)
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["place"])
