"""What it costs to follow videos under way at a vendor: processor time a poll, polls a second, memory."""

import json
import os
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path

from bench import memory, servers
from bench.servers import PROJECT_KEY, Server
from castlist.model.ids import make_id

FEW, IN_FLIGHT = 500, 5_000
SETTLED = 3.0
"""Seconds after the first question about the last video until anything is measured."""

LIMIT = 300.0
CLIP = servers.ROOT / "src" / "castlist" / "samples" / "luna.mp4"
VIDEO = {"prompt": "Luna walks through a forest", "model": "sora", "seconds": "4", "size": "1280x720"}


def figures(folder: Path, *, seconds: float) -> dict[str, float]:
    """One serving process with so many videos under way, each of which the vendor wants to be asked for every second: what FEW take, and
    IN_FLIGHT, which are more than the process can. Everything that it does meanwhile counts as the polls' cost.

    One video is made as any other. The rest are copies of its rows, which the process finds when it starts, as after an update.
    """
    with servers.vendor(CLIP, "--endless") as vendor:
        with servers.castlist(folder, upstream=vendor.url) as server:
            server.ask("/v1/videos", method="POST", body=VIDEO, key=PROJECT_KEY)
            _follow(vendor, jobs=1)
        few = _measure(folder, vendor, jobs=FEW, seconds=seconds)
        many = _measure(folder, vendor, jobs=IN_FLIGHT, seconds=seconds)
    own = {f"cpu of {FEW}": few["cpu"], f"cpu of {IN_FLIGHT}": many["cpu"]}
    return own | {"polls": many["polls"], "MiB": many["MiB"], "MiB idle": few["MiB idle"]}


def _measure(folder: Path, vendor: Server, *, jobs: int, seconds: float) -> dict[str, float]:
    _multiply(folder / "data" / "castlist.db", jobs=jobs)
    with servers.castlist(folder, upstream=vendor.url) as server:
        idle = memory.resident(server.pid)
        _follow(vendor, jobs=jobs)
        time.sleep(SETTLED)
        begun, polls, spent = time.perf_counter(), _count(vendor, "retrieve"), _processor(server.pid)
        time.sleep(max(10.0, seconds))
        polls, spent = _count(vendor, "retrieve") - polls, _processor(server.pid) - spent
        return {
            "cpu": round(spent / polls * 1e6, 1),
            "polls": round(polls / (time.perf_counter() - begun), 1),
            "MiB": round(memory.resident(server.pid), 1),
            "MiB idle": round(idle, 1),
        }


def _multiply(database: Path, *, jobs: int) -> None:
    """As many videos under way as that, all like the first one, each with a number of its own at the vendor."""
    connection = sqlite3.connect(database)
    connection.row_factory = sqlite3.Row
    with connection:
        attempt = dict(connection.execute("SELECT * FROM attempts LIMIT 1").fetchone())
        job = dict(connection.execute("SELECT * FROM jobs WHERE id = ?", (attempt["job"],)).fetchone())
        there = connection.execute("SELECT count(*) FROM jobs").fetchone()[0]
        for number in range(there, jobs):
            ids = {job["id"]: _new_id("video", job), attempt["id"]: _new_id("att", job)}
            ticket = {"id": f"video_{number + 1:08d}"}
            document = json.dumps(json.loads(attempt["doc"]) | {"ticket": ticket})
            _insert(connection, "jobs", job, ids)
            _insert(connection, "attempts", attempt | {"doc": document}, ids)
    connection.close()


def _new_id(prefix: str, job: Mapping[str, object]) -> str:
    return make_id(prefix, milliseconds=int(str(job["created_at"])) // 1000, random=os.urandom)


def _insert(connection: sqlite3.Connection, table: str, row: Mapping[str, object], ids: Mapping[str, str]) -> None:
    """The row with other ids, wherever they stand in it."""
    values = {name: value for name, value in row.items() if name not in {"lease_holder", "lease_until"}}
    for old, new in ids.items():
        values = {name: value.replace(old, new) if isinstance(value, str) else value for name, value in values.items()}
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", values)


def _follow(vendor: Server, *, jobs: int) -> None:
    """Wait until the vendor was asked about so many videos. Raises SystemExit after LIMIT."""
    end = time.perf_counter() + LIMIT
    while (asked := int(str(vendor.ask("/followed")[1]["videos"]))) < jobs:
        if time.perf_counter() > end:
            raise SystemExit(f"the vendor was asked about {asked} of {jobs} videos")
        time.sleep(0.25)


def _count(vendor: Server, name: str) -> int:
    return int(str(vendor.ask("/counts")[1].get(name, 0)))


def _processor(pid: int) -> float:
    """Seconds of processor time so far, of the process and all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
