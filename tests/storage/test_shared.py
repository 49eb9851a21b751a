"""A PostgreSQL database that processes on several machines share: who is dead, what time it is, and what happens while it is away."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from castlist.errors import Unavailable
from castlist.model.jobs import State
from castlist.storage import Storage
from listening import listen
from postgres import Server, server
from storage.samples import a_job, an_attempt, wall

pytestmark = pytest.mark.anyio
CHILD = Path(__file__).with_name("child.py")


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    with postgres.database() as found:
        yield found


@pytest.fixture
def watch():
    """The database's own time."""
    return


@pytest.fixture
def database_url(url):
    return url


@pytest.fixture
async def far(storage, come, tmp_path):
    """The same database, open in another folder as on another machine."""
    opened = await come(tmp_path / "far")
    yield opened
    await opened.close()


def child(mode: str, folder: Path, url: str) -> AbstractContextManager[subprocess.Popen[str]]:
    return running([sys.executable, str(CHILD), mode, str(folder), url])


@contextmanager
def running(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait(20)
        process.stdout.close()


async def until(met, *, patience: float = 20) -> float:
    """Seconds until `met()` is true."""
    began = time.monotonic()
    async with asyncio.timeout(patience):
        while not await met():
            await asyncio.sleep(0.05)
    return time.monotonic() - began


async def test_who_waits_here_is_woken_by_what_is_done_elsewhere(storage, far):
    job = a_job(at=storage.clock())
    await storage.jobs.add(job)
    waiting = asyncio.ensure_future(storage.changes.wait(job.id, revision=0, timeout=10))
    await far.jobs.claim(deployments=[], limit=1, lease=30)
    began = time.monotonic()
    await far.jobs.save(replace(job, state=State.SUCCEEDED, progress=100))

    assert await waiting
    assert time.monotonic() - began < 1
    assert (await storage.jobs.seen("default", job.id)).job.state is State.SUCCEEDED


async def test_who_does_nothing_wakes_nobody(storage, far):
    await asyncio.sleep(0.2)
    before = far.version()
    for _ in range(5):
        await storage.jobs.claim(deployments=[], limit=5, lease=30)

    assert far.version() - before <= 1  # the sweep of each second


async def test_a_server_elsewhere_is_seen_and_missed(storage, far):
    assert not storage.holders.serving()
    far.holders.mark("serve")

    async def serving() -> bool:
        return storage.holders.serving()

    assert await until(serving) < 3
    assert not far.holders.serving()


async def test_the_time_is_the_databases_whatever_a_process_thinks(storage, url, tmp_path):
    program = (
        "import datetime, sys, time\n"
        "sys.path[:0] = [sys.argv[1]]\n"
        "off, real, tick = datetime.timedelta(minutes=int(sys.argv[4])), datetime.datetime, time.time\n"
        "class Skewed(real):\n"
        "    @classmethod\n"
        "    def now(cls, tz=None): return real.now(tz) + off\n"
        "datetime.datetime, time.time = Skewed, lambda: tick() + off.total_seconds()\n"
        "import asyncio, json, pathlib\n"
        "from castlist.storage import Storage\n"
        "async def main():\n"
        "    storage = await Storage.open(pathlib.Path(sys.argv[2]), database_url=sys.argv[3])\n"
        "    jobs = await storage.jobs.claim(deployments=[], limit=1, lease=30)\n"
        "    print(json.dumps([storage.clock().isoformat(), Skewed.now(datetime.UTC).isoformat(), len(jobs)]), flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    for minutes, taken in ((7, 1), (-7, 0)):
        if taken:
            await storage.jobs.add(a_job(at=storage.clock()))
        command = [sys.executable, "-c", program, str(CHILD.parent), str(tmp_path / str(minutes)), url, str(minutes)]
        with running(command) as process:
            told, thought, claimed = json.loads(process.stdout.readline())
            now = storage.clock()

        assert abs(type(now).fromisoformat(told) - now) < timedelta(seconds=2)
        assert abs(type(now).fromisoformat(thought) - now) > timedelta(minutes=6)
        assert claimed == taken


async def test_a_dead_processs_work_elsewhere_is_taken_over_but_for_what_may_be_on_its_way(storage, url, tmp_path):
    jobs = [a_job(at=storage.clock()) for _ in range(3)]
    for job in jobs:
        await storage.jobs.add(job)
    with child("hang", tmp_path / "far", url) as process:
        taken, _, holder = process.stdout.readline().split()
        sending = jobs[0].to(State.PREPARING).to(State.SUBMITTING)
        sql = "UPDATE jobs SET state = 'submitting' WHERE id = :id"
        await storage.write(lambda connection: connection.execute(sql, {"id": sending.id}).rowcount)
        await asyncio.sleep(7)
        assert (taken, storage.holders.dead()) == ("3", [])
        process.send_signal(signal.SIGKILL)
        process.wait()

    found: set[str] = set()

    async def taken_over() -> bool:
        found.update(job.id for job in await storage.jobs.claim(deployments=[], limit=5, lease=60))
        return len(found) >= 2

    assert await until(taken_over) < 8
    assert found == {jobs[1].id, jobs[2].id}
    assert (storage.holders.dead(), storage.holders.surely_dead()) == ([holder], [])


async def test_a_password_is_in_no_error(tmp_path, postgres):
    address = f"postgresql://castlist:hunter2@127.0.0.1:{postgres.port}/nowhere"
    for url in (address, "postgresql://castlist:hunter2@127.0.0.1:1/x"):
        with pytest.raises(Unavailable, match="the database cannot be opened") as refusal:
            await Storage.open(tmp_path / "data", database_url=url)

        assert "hunter2" not in str(refusal.value)
        assert refusal.value.code == "storage_unreachable"


@pytest.fixture
def own() -> Iterator[Server]:
    """A server that one test may stop and start."""
    with server() as found:
        yield found


async def test_a_database_that_is_away_is_said_and_comes_back_by_itself(own, tmp_path):
    with own.database() as url:
        storage, far = [await Storage.open(tmp_path / name, database_url=url) for name in ("near", "far")]
        job, other = a_job(at=storage.clock()), a_job(at=storage.clock())
        await storage.jobs.add(job)
        (held,) = await storage.jobs.claim(deployments=[], limit=1, lease=600)
        waiting = asyncio.ensure_future(far.changes.wait(job.id, revision=0, timeout=60))
        before = storage.clock()
        own.kill()

        for asked in (storage.check(), storage.jobs.add(other), storage.jobs.save(held), storage.jobs.get("default", other.id)):
            with pytest.raises(Unavailable) as refusal:
                await asked
            assert (refusal.value.status, refusal.value.code) == (503, "storage_unreachable")
        assert before < storage.clock() < before + timedelta(seconds=30)

        own.start()

        async def ready() -> bool:
            try:
                await storage.check()
            except Unavailable:
                return False
            return True

        assert await until(ready) < 3
        assert await storage.jobs.get("default", other.id) is None
        assert await storage.jobs.save(replace(held, progress=7))
        assert await waiting
        assert far.holders.dead() == []
        await storage.close()
        await far.close()


class Line:
    """A connection to the server that breaks once: when a COMMIT has been sent, before its answer arrives. Afterwards it is whole."""

    def __init__(self, server: asyncio.Server, cut: asyncio.Event, armed: asyncio.Event) -> None:
        self.server, self.cut, self.armed = server, cut, armed
        self.port = server.sockets[0].getsockname()[1]


@asynccontextmanager
async def breaking_line(port: int) -> AsyncIterator[Line]:
    cut, armed = asyncio.Event(), asyncio.Event()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lost: asyncio.Event, *, up: bool) -> None:
        try:
            while chunk := await reader.read(65536):
                if up and armed.is_set() and b"COMMIT" in chunk:
                    armed.clear()
                    lost.set()
                    cut.set()
                elif not up and lost.is_set():
                    break
                writer.write(chunk)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def carry(near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        far_in, far_out = await asyncio.open_connection("127.0.0.1", port)
        lost = asyncio.Event()
        await asyncio.gather(pump(near_in, far_out, lost, up=True), pump(far_in, near_out, lost, up=False))

    async with listen(carry) as server:
        yield Line(server, cut, armed)


async def test_a_commit_whose_answer_is_lost_is_looked_up_and_not_repeated(url, tmp_path):
    port = urlsplit(url).port
    async with breaking_line(port) as line:
        storage = await Storage.open(tmp_path / "data", database_url=url.replace(f":{port}/", f":{line.port}/"))
        job = a_job(at=storage.clock())
        line.armed.set()

        await storage.jobs.add(job)

        assert line.cut.is_set()
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT id FROM castlist.jobs").fetchall() == [(job.id,)]
        await storage.jobs.claim(deployments=["d1"], limit=1, lease=30)
        assert await storage.jobs.open_attempt(replace(job, deployment="d1"), an_attempt(job))
        await storage.close()


@pytest.mark.slow
async def test_a_process_that_is_suspended_while_it_writes_holds_nobody_up_for_long(storage, url, tmp_path):
    with child("stall", tmp_path / "far", url) as process:
        assert process.stdout.readline() == "writing\n"
        began = time.monotonic()

        await storage.jobs.add(a_job(at=wall()))

        assert time.monotonic() - began < 15
