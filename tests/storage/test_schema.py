"""A fresh database and a migrated one are the same, and a newer one is left alone."""

import sqlite3
import subprocess
import sys

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from castlist.errors import Unavailable
from castlist.storage import Storage, schema, tables
from storage.samples import a_job

pytestmark = pytest.mark.anyio


@pytest.fixture
def database_url():
    """SQLite's file; a PostgreSQL database's schema is in test_shared_schema.py."""
    return


def read_schema(path) -> dict[str, str]:
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {name: " ".join(sql.split()).replace("( ", "(").replace(" )", ")") for name, sql in found}


def read_stamp(path) -> list[tuple[str]]:
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    connection.close()
    return found


def test_migrations_and_a_fresh_database_give_the_same_schema(tmp_path):
    schema.prepare(tmp_path / "fresh.db")
    schema.migrate(tmp_path / "migrated.db")

    assert read_schema(tmp_path / "fresh.db") == read_schema(tmp_path / "migrated.db")
    assert read_stamp(tmp_path / "fresh.db") == read_stamp(tmp_path / "migrated.db") == [(schema.HEAD,)]


def test_the_schema_file_is_up_to_date():
    assert schema.SCHEMA.read_text() == tables.write_ddl(tables.DIALECTS["schema.sql"])


def test_the_revisions_are_those_of_the_migrations():
    config = Config()
    config.set_main_option("script_location", str(schema.SCHEMA.with_name("migrations")))
    scripts = ScriptDirectory.from_config(config)

    assert tuple(reversed([script.revision for script in scripts.walk_revisions()])) == schema.REVISIONS


def test_a_database_that_is_behind_is_migrated(tmp_path):
    path = tmp_path / "old.db"
    old = sqlite3.connect(path)
    old.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))")
    old.close()

    schema.prepare(path)

    assert read_stamp(path) == [(schema.HEAD,)]
    assert "jobs_due" in read_schema(path)


async def test_a_database_of_a_newer_version_is_refused_by_name_and_left_as_it_was(folder, watch):
    storage = await Storage.open(folder, clock=watch)
    await storage.write(lambda connection: connection.execute("UPDATE alembic_version SET version_num = '0042'").rowcount)
    await storage.close()

    with pytest.raises(Unavailable, match=rf"has schema 0042.*this version knows schema {schema.HEAD}: upgrade Castlist") as refusal:
        await Storage.open(folder, clock=watch)

    assert refusal.value.code == "schema_too_new"
    assert read_stamp(folder / "castlist.db") == [("0042",)]


async def test_a_folder_that_cannot_be_used_is_refused_by_name(tmp_path, watch):
    (tmp_path / "file").write_text("x")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "castlist.db").write_bytes(b"this is no database" * 100)

    for folder in (tmp_path / "file", broken):
        with pytest.raises(Unavailable, match=f"{folder.name} cannot be used as a data directory"):
            await Storage.open(folder, clock=watch)


async def test_what_was_stored_is_there_after_a_restart(folder, watch):
    job = a_job()
    first = await Storage.open(folder, clock=watch)
    await first.jobs.add(job)
    await first.close()

    again = await Storage.open(folder, clock=watch)

    assert await again.jobs.get("default", job.id) == job
    await again.close()


def test_opening_imports_neither_sqlalchemy_nor_alembic(tmp_path):
    code = (
        "import asyncio, sys, datetime, pathlib\n"
        "from castlist.storage import Storage\n"
        "async def main():\n"
        "    storage = await Storage.open(pathlib.Path(sys.argv[1]), clock=lambda: datetime.datetime.now(datetime.UTC))\n"
        "    await storage.close()\n"
        "asyncio.run(main())\n"
        "print([name for name in ('sqlalchemy', 'alembic', 'numpy', 'av', 'pydantic') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "d")], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout.strip() == "[]"


async def test_the_folder_is_for_its_owner_alone(storage, folder):
    assert {path.stat().st_mode & 0o777 for path in (folder, folder / "assets", storage.scratch)} == {0o700}
