"""Several processes on one PostgreSQL: what they accept and complete in a second, and how soon another goes on where one was killed."""

import importlib
import json
import os
import signal
import sqlite3
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol, cast

import psycopg

from bench import servers
from bench.load import Shot, hammer
from bench.servers import PROJECT_KEY, ROOT, Server

CLIP = ROOT / "src" / "castlist" / "testing" / "clip.mp4"
VIDEO = {"prompt": "Luna walks through a forest", "model": "sora", "seconds": "4", "size": "1280x720"}
PROCESSES = (1, 2, 4)
COMPLETED = 60
TOLD = 60
KILLED = 8
LIMIT = 240.0


class Cluster(Protocol):
    """The PostgreSQL that the tests use."""

    def database(self) -> AbstractContextManager[str]: ...


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A running one."""
    folder = str(ROOT / "tests")
    if folder not in sys.path:
        sys.path.append(folder)
    make: Callable[[], AbstractContextManager[object]] = importlib.import_module("postgres").server
    with make() as found:
        yield cast("Cluster", found)


def work(folder: Path, *, seconds: float) -> dict[str, float]:
    """Videos accepted in a second by 1, 2 and 4 processes on one database, and brought to their end in a second by as many."""
    found: dict[str, float] = {}
    with cluster() as shared:
        for count in PROCESSES:
            with shared.database() as url, _fleet(folder / f"accept{count}", url, count=count, extra=("--no-worker",)) as fleet:
                found[f"accepted by {count}"] = _accept(fleet, seconds=seconds)
            with ExitStack() as stack:
                vendor = stack.enter_context(servers.vendor(CLIP, "--polls", "1"))
                url = stack.enter_context(shared.database())
                fleet = stack.enter_context(_fleet(folder / f"complete{count}", url, count=count, upstream=vendor.url))
                found[f"completed by {count}"] = _complete(fleet, url)
    return found


def _accept(fleet: Sequence[Server], *, seconds: float) -> float:
    shots = [Shot(f"{server.url}/v1/videos", "POST", PROJECT_KEY, json.dumps(VIDEO)) for server in fleet]
    with ThreadPoolExecutor(len(shots)) as pool:
        outcomes = pool.map(lambda shot: hammer(shot, connections=16 // len(shots), seconds=seconds), shots)
        return round(sum(outcome.per_second for outcome in outcomes), 1)


def _complete(fleet: Sequence[Server], url: str) -> float:
    begun = time.perf_counter()
    _submit(fleet, COMPLETED)
    rows = Rows(url=url)
    while rows.count("SELECT count(*) FROM jobs WHERE NOT ended"):
        _check(begun)
        time.sleep(0.1)
    return round(COMPLETED / (time.perf_counter() - begun), 2)


def recovery(folder: Path) -> dict[str, float]:
    """Seconds from a SIGKILL until other processes have all that the dead one had: on one folder, and on two with one PostgreSQL."""
    found: dict[str, float] = {}
    with servers.vendor(CLIP, "--endless") as vendor:
        with _fleet(folder / "one", None, count=2, upstream=vendor.url) as fleet:
            found["one directory"] = _kill_one(fleet, Rows(path=folder / "one" / "data" / "castlist.db"))
        with cluster() as shared, shared.database() as url, _fleet(folder / "two", url, count=2, upstream=vendor.url) as fleet:
            found["across machines"] = _kill_one(fleet, Rows(url=url))
    return found


def _kill_one(fleet: Sequence[Server], rows: "Rows") -> float:
    begun = time.perf_counter()
    _submit(fleet, KILLED)
    while rows.count("SELECT count(*) FROM jobs WHERE state = 'running' AND lease_holder IS NOT NULL") < KILLED:
        _check(begun)
        time.sleep(0.05)
    holders = [row[0] for row in rows.ask("SELECT lease_holder FROM jobs")]
    victim = statistics.mode(holders)
    os.kill(int(victim.partition("-")[0]), signal.SIGKILL)
    killed = time.perf_counter()
    while rows.count(f"SELECT count(*) FROM jobs WHERE lease_holder IS NULL OR lease_holder = '{victim}'"):
        _check(killed)
        time.sleep(0.02)
    return round(time.perf_counter() - killed, 2)


def webhooks(folder: Path) -> dict[str, float]:
    """Milliseconds from the end of a video, as its row has it, until its endpoint is told."""
    with _endpoint() as endpoint, servers.vendor(CLIP, "--polls", "1") as vendor, cluster() as shared, shared.database() as url:
        hook = {"webhooks": [{"url": endpoint.url, "project": "bench", "allow_private": True}]}
        with _fleet(folder / "told", url, count=2, upstream=vendor.url, castlist=hook) as fleet:
            begun = time.perf_counter()
            _submit(fleet, TOLD)
            while len(endpoint.heard) < TOLD:
                _check(begun)
                time.sleep(0.1)
            rows = Rows(url=url).ask("SELECT id, doc FROM jobs")
    lags = sorted(endpoint.heard[id] - datetime.fromisoformat(json.loads(doc)["completed_at"]).timestamp() for id, doc in rows)
    return {"p50": round(lags[len(lags) // 2] * 1000, 1), "p99": round(lags[int(len(lags) * 0.99)] * 1000, 1)}


@dataclass(frozen=True)
class Rows:
    """The rows of a database, in a file or a server."""

    path: Path | None = None
    url: str = ""

    def count(self, sql: str) -> int:
        return int(self.ask(sql)[0][0])

    def ask(self, sql: str) -> list[tuple[str, ...]]:
        if self.path is not None:
            connection = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)
            try:
                return connection.execute(sql).fetchall()
            finally:
                connection.close()
        with psycopg.connect(self.url, options="-c search_path=castlist") as link:
            return list(link.execute(sql.encode()).fetchall())


@dataclass
class Endpoint:
    """Who is told, and when it heard of each video first."""

    url: str
    heard: dict[str, float] = field(default_factory=dict)


@contextmanager
def _endpoint() -> Iterator[Endpoint]:
    found = Endpoint("")

    class Hear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found.heard.setdefault(event["data"]["id"], time.time())
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            """Keeps quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hear)
    found.url = f"http://127.0.0.1:{server.server_address[1]}/"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _fleet(
    folder: Path,
    url: str | None,
    *,
    count: int,
    upstream: str = "http://127.0.0.1:9",
    extra: tuple[str, ...] = (),
    castlist: Mapping[str, object] | None = None,
) -> Iterator[Sequence[Server]]:
    """So many processes: on one folder, or each in its own with one database and one place for files."""
    more = dict(castlist or {}) | ({"database_url": url, "assets": (folder / "assets").as_uri()} if url else {})
    with ExitStack() as stack:
        homes = [folder / str(number) if url else folder for number in range(count)]
        yield [stack.enter_context(servers.castlist(home, upstream=upstream, extra=extra, more=more)) for home in homes]


def _submit(fleet: Sequence[Server], jobs: int) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = range(jobs)
        answers = pool.map(lambda number: fleet[number % len(fleet)].ask("/v1/videos", method="POST", body=VIDEO, key=PROJECT_KEY), numbers)
        refused = next((answer for status, answer in answers if status != 200), None)
    if refused:
        raise SystemExit(f"a video was not taken: {refused}")


def _check(begun: float) -> None:
    if time.perf_counter() - begun > LIMIT:
        raise SystemExit(f"it did not come that far within {LIMIT:g} seconds")
