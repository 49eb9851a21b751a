"""The database locked, full or gone: the gateway says so, says when to come again, writes nothing half, and goes on by itself."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
import pytest

import postgres as databases
from castlist.errors import StorageFull
from castlist.storage.database import Connection
from castlist.storage.postgres import ALONE, LOCKS
from server.conftest import Reply, Server, run_server

CONFIG = """
model_list:
  - {model_name: sora-2, litellm_params: {model: fake/instant}}
  - {model_name: slow, litellm_params: {model: 'fake/slow?seconds=1'}}
general_settings: {master_key: sk-test-master}
"""
FULL = """
CREATE FUNCTION castlist.be_full() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON castlist.jobs FOR EACH ROW EXECUTE FUNCTION castlist.be_full();
CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON castlist.health FOR EACH ROW EXECUTE FUNCTION castlist.be_full();
"""


@dataclass
class Case:
    """A gateway, and what a bad day does to its database."""

    server: Server
    locked: Callable[[], AbstractContextManager[None]]
    full: Callable[[], AbstractContextManager[None]]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    folder = tmp_path_factory.mktemp("bad-days")
    if request.param == "sqlite":
        yield from (Case(server, partial(lock_file, server), partial(fill_file, server)) for server in run_server(folder, CONFIG))
        return
    found: databases.Server = request.getfixturevalue("postgres")
    with found.database() as url:
        shared = f"{CONFIG}castlist: {{database_url: '{url}'}}\n"
        yield from (Case(server, partial(lock_shared, server, url), partial(fill_shared, url)) for server in run_server(folder, shared))


def tell(server: Server, sql: str) -> object:
    """The first value of what the gateway's own writing connection answers."""

    def say(connection: Connection) -> object:
        row = connection.execute(sql).fetchone()
        return row[0] if row else None

    return server.run(server.gateway.storage.write(say))


def set_patience(server: Server, sql: str) -> None:
    """So that a test need not wait as long as a gateway does."""
    server.run(server.gateway.storage.write(lambda connection: connection.execute(sql).rowcount))


@contextmanager
def lock_file(server: Server) -> Iterator[None]:
    """As a program that has the file open and does not let go."""
    set_patience(server, "PRAGMA busy_timeout = 200")
    other = sqlite3.connect(server.data / "castlist.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()
        set_patience(server, "PRAGMA busy_timeout = 30000")


@contextmanager
def fill_file(server: Server) -> Iterator[None]:
    most, pages = tell(server, "PRAGMA max_page_count"), tell(server, "PRAGMA page_count")
    tell(server, f"PRAGMA max_page_count = {pages}")
    # What is free within the file is used up first.
    with suppress(StorageFull):
        tell(server, "CREATE TABLE IF NOT EXISTS filler (bytes BLOB)")
        while True:
            tell(server, "INSERT INTO filler VALUES (zeroblob(3000)) RETURNING 1")
    try:
        yield
    finally:
        tell(server, f"PRAGMA max_page_count = {most}")


@contextmanager
def lock_shared(server: Server, url: str) -> Iterator[None]:
    """As a process that is suspended while it writes."""
    set_patience(server, "SET lock_timeout = '200ms'")
    with psycopg.connect(url) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCKS, ALONE))
        yield
    set_patience(server, "SET lock_timeout = '20s'")


@contextmanager
def fill_shared(url: str) -> Iterator[None]:
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(FULL)
        try:
            yield
        finally:
            other.execute("DROP FUNCTION castlist.be_full CASCADE")


def told(reply: Reply) -> tuple[int, str | None, object]:
    return reply.status, reply.headers.get("retry-after"), reply.error["code"]


def submit(server: Server, prompt: str = "A lamp in a library") -> Reply:
    return server.post("/v1/videos", {"prompt": prompt, "model": "sora-2"})


def listed(server: Server) -> list[object]:
    found = server.ask("GET", "/v1/videos?limit=100").json["data"]
    assert isinstance(found, list)
    return [video["id"] for video in found]


def test_while_it_is_locked_reads_go_on_and_writes_are_to_come_again(case: Case) -> None:
    server = case.server
    working = server.video(model="slow")
    before = listed(server)
    with case.locked():
        found = [told(submit(server)), told(server.ask("GET", "/health/readiness"))]
        during, alive = listed(server), server.ask("GET", "/health/liveliness")

    assert found == [(503, "5", "storage_busy")] * 2
    assert (during, alive.status) == (before, 200)
    assert server.finish(working)["status"] == "completed"
    assert server.finish(server.video())["status"] == "completed"
    assert server.ask("GET", "/health/readiness").status == 200
    assert len(listed(server)) == len(before) + 1


def test_while_it_is_full_nothing_is_taken_and_what_is_under_way_ends_later(case: Case) -> None:
    server = case.server
    working = server.video(model="slow")
    before = listed(server)
    with case.full():
        # More than the space that is free within the pages of the file.
        found = [told(submit(server, "A lamp in a library. " * 400)), *(told(server.ask("GET", "/health/readiness")) for _ in range(2))]
        during, alive = listed(server), server.ask("GET", "/health/liveliness")

    assert found == [(503, "5", "storage_full")] * 3
    assert (during, alive.status) == (before, 200)
    assert server.ask("GET", "/health/readiness").status == 200
    ended = server.finish(working)
    assert ended["status"] == "completed"
    assert server.finish(server.video())["status"] == "completed"


@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_a_file_that_is_no_longer_there_takes_no_more_requests(tmp_path: Path, how: str) -> None:
    """What is written into a deleted file is gone with the process: nothing may be accepted into it."""
    for server in run_server(tmp_path, CONFIG):
        server.finish(server.video())
        file = server.data / "castlist.db"
        if how == "replaced":
            (tmp_path / "another.db").write_bytes(file.read_bytes())
            (tmp_path / "another.db").replace(file)
        else:
            file.rename(tmp_path / "away.db")
        found = [told(submit(server)), told(server.ask("GET", "/health/readiness"))]
        alive = server.ask("GET", "/health/liveliness").status
        if how == "deleted":
            (tmp_path / "away.db").rename(file)
            assert server.finish(server.video())["status"] == "completed"

    assert (found, alive) == ([(503, "5", "storage_gone")] * 2, 200)
