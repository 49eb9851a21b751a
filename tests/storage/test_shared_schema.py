"""A PostgreSQL database's schema: fresh or migrated it is one, in a place of our own, and a newer one is left alone."""

import concurrent.futures

import psycopg
import pytest

from castlist.errors import Unavailable
from castlist.storage import Storage, schema, tables
from storage.samples import a_job

pytestmark = pytest.mark.anyio


@pytest.fixture
def url(postgres):
    with postgres.database() as found:
        yield found


def ask(url: str, sql: str) -> list[tuple]:
    with psycopg.connect(url) as connection:
        return connection.execute(sql).fetchall()


def read_schema(url: str) -> list[tuple]:
    columns = "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns WHERE table_schema = 'castlist'"
    indexes = "SELECT tablename, indexname, indexdef, '' FROM pg_indexes WHERE schemaname = 'castlist'"
    rules = (
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), '' FROM pg_constraint "
        "WHERE connamespace = 'castlist'::regnamespace AND contype <> 'n'"
    )
    return sorted(ask(url, f"{columns} UNION ALL {indexes} UNION ALL {rules}"))


def test_migrations_and_a_fresh_database_give_the_same_schema(postgres, url):
    schema.prepare_shared(url)
    with postgres.database() as other:
        schema.migrate(other)

        assert read_schema(url) == read_schema(other)
        assert ask(url, "SELECT version_num FROM castlist.alembic_version") == [(schema.HEAD,)]
    assert ("jobs", "doc", "text", "NO") in read_schema(url)


def test_the_schema_file_is_up_to_date():
    assert schema.SHARED_SCHEMA.read_text() == tables.write_ddl(tables.DIALECTS["schema.postgresql.sql"])


def test_a_database_that_is_behind_is_migrated(url):
    with psycopg.connect(url) as connection:
        connection.execute("CREATE SCHEMA castlist")
        connection.execute("CREATE TABLE castlist.alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")

    schema.prepare_shared(url)

    assert ask(url, "SELECT version_num FROM castlist.alembic_version") == [(schema.HEAD,)]


def test_another_programs_tables_in_the_same_database_are_none_of_ours(url):
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE jobs (what TEXT); CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('theirs')")

    schema.prepare_shared(url)

    assert ask(url, "SELECT version_num FROM public.alembic_version") == [("theirs",)]
    assert ask(url, "SELECT count(*) FROM castlist.jobs") == [(0,)]


def test_many_that_start_at_once_make_one_schema(url):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(schema.prepare_shared, url) for _ in range(8)]:
            done.result(60)

    assert ask(url, "SELECT version_num FROM castlist.alembic_version") == [(schema.HEAD,)]


async def test_a_newer_version_is_refused_by_name_and_who_is_at_work_goes_on(url, tmp_path):
    old = await Storage.open(tmp_path / "old", database_url=url)
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE castlist.alembic_version SET version_num = '0942'")

    with pytest.raises(Unavailable, match=r"the database has schema 0942.*upgrade Castlist, or use another database") as refusal:
        await Storage.open(tmp_path / "new", database_url=url)
    await old.jobs.add(a_job(at=old.clock()))

    assert refusal.value.code == "schema_too_new"
    assert await old.jobs.unfinished() == 1
    await old.close()
