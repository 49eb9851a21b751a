"""What it costs to follow videos under way at a vendor: processor time a poll, polls a second, memory."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench import memory, servers
from bench.servers import PROJECT_KEY, Server
from bench.upstream import PACE

IN_FLIGHT = 5_000
SETTLED = PACE / 1000 + 5
"""Seconds after the vendor asks to be polled every second until all polls are at that pace, and anything is measured."""

LIMIT = 600.0
CLIP = servers.ROOT / "src" / "castlist" / "samples" / "luna.mp4"
VIDEO = {"prompt": "Luna walks through a forest", "model": "sora", "seconds": "4", "size": "1280x720"}


def figures(folder: Path, *, seconds: float, jobs: int = IN_FLIGHT) -> dict[str, float]:
    """One serving process with so many videos under way, each of which the vendor wants to be asked for every second, more than the
    process can. Everything that it does meanwhile counts as the polls' cost."""
    with servers.vendor(CLIP, "--endless") as vendor, servers.castlist(folder, upstream=vendor.url) as server:
        idle = memory.resident(server.pid)
        _submit(server, vendor, jobs=jobs)
        vendor.ask("/pace", method="POST", body={"milliseconds": 1000})
        time.sleep(SETTLED)
        begun, calls, spent = time.perf_counter(), _count(vendor, "retrieve"), _processor(server.pid)
        time.sleep(max(10.0, seconds))
        polls, took = _count(vendor, "retrieve") - calls, time.perf_counter() - begun
        return {
            "cpu": round((_processor(server.pid) - spent) / polls * 1e6, 1),
            "polls": round(polls / took, 1),
            "in flight": _count(vendor, "create"),
            "MiB": round(memory.resident(server.pid), 1),
            "MiB idle": round(idle, 1),
        }


def _submit(server: Server, vendor: Server, *, jobs: int) -> None:
    """That many videos taken and sent on. Raises SystemExit when one is refused, or all are not sent within LIMIT."""
    end = time.perf_counter() + LIMIT
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda _: server.ask("/v1/videos", method="POST", body=VIDEO, key=PROJECT_KEY), range(jobs))
        refused = next((answer for status, answer in answers if status != 200), None)
    if refused:
        raise SystemExit(f"a video was not taken: {refused}")
    while _count(vendor, "create") < jobs:
        if time.perf_counter() > end:
            raise SystemExit(f"{_count(vendor, 'create')} of {jobs} videos were sent on")
        time.sleep(0.5)


def _count(vendor: Server, name: str) -> int:
    return int(str(vendor.ask("/counts")[1].get(name, 0)))


def _processor(pid: int) -> float:
    """Seconds of processor time so far, of the process and all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
