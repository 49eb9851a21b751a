"""A load generator in a process of its own: so many connections as fast as they go, or so many requests a second, with latencies."""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import uvloop


@dataclass(frozen=True, slots=True)
class Shot:
    """One request, sent again and again."""

    url: str
    method: str = "GET"
    key: str = ""
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The request as it goes over the wire."""
        parts = urlsplit(self.url)
        lines = [f"{self.method} {parts.path}{'?' + parts.query if parts.query else ''} HTTP/1.1", f"Host: {parts.netloc}"]
        lines += [f"Authorization: Bearer {self.key}"] if self.key else []
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        body = self.body.encode()
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"] if body else []
        return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run gave: answers a second, refused or broken ones, and latencies in milliseconds."""

    per_second: float
    errors: int
    p50: float
    p99: float


class Connection(asyncio.Protocol):
    """Keep-alive HTTP/1.1, one request under way; `answered` is called with the status of each answer."""

    def __init__(self) -> None:
        self.buffer = b""
        self.waiting: asyncio.Future[int] | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one by its methods, not by its class

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, end, rest = self.buffer.partition(b"\r\n\r\n")
        if not end:
            return
        length = 0
        for line in head.split(b"\r\n")[1:]:
            if line[:15].lower() == b"content-length:":
                length = int(line[15:])
        if len(rest) >= length and self.waiting and not self.waiting.done():
            self.buffer = b""
            self.waiting.set_result(int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        if self.waiting and not self.waiting.done():
            self.waiting.set_exception(ConnectionError("closed"))

    async def ask(self, request: bytes) -> int:
        """The status of the answer."""
        assert self.transport
        self.waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.waiting


async def connect(shot: Shot) -> Connection:
    parts = urlsplit(shot.url)
    _, protocol = await asyncio.get_running_loop().create_connection(Connection, parts.hostname or "", parts.port or 80)
    return protocol


async def closed(shot: Shot, *, connections: int, seconds: float) -> Outcome:
    """As fast as `connections` go."""
    request, took, errors = shot.encode(), [], 0
    end = time.perf_counter() + seconds

    async def keep_asking() -> None:
        nonlocal errors
        connection = await connect(shot)
        while (begun := time.perf_counter()) < end:
            try:
                good = await connection.ask(request) < 300
            except ConnectionError:
                connection, good = await connect(shot), False
            took.append(time.perf_counter() - begun)
            errors += not good

    begun = time.perf_counter()
    await asyncio.gather(*(keep_asking() for _ in range(connections)))
    return summarise(took, time.perf_counter() - begun, errors=errors)


async def paced(shot: Shot, *, rate: float, seconds: float) -> Outcome:
    """`rate` requests a second, each timed from the moment it was due, so that a stall counts for all it held up."""
    request, took, errors = shot.encode(), [], 0
    idle = [await connect(shot) for _ in range(16)]

    async def ask(due: float) -> None:
        nonlocal errors
        connection = idle.pop() if idle else await connect(shot)
        try:
            errors += await connection.ask(request) >= 300
            idle.append(connection)
        except ConnectionError:
            errors += 1
        took.append(time.perf_counter() - due)

    begun = time.perf_counter()
    tasks = []
    for number in range(int(rate * seconds)):
        due = begun + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(ask(due)))
    await asyncio.gather(*tasks)
    return summarise(took, time.perf_counter() - begun, errors=errors)


def summarise(took: list[float], seconds: float, *, errors: int) -> Outcome:
    ordered = sorted(took) or [0.0]
    return Outcome(
        per_second=round((len(took) - errors) / seconds, 1),
        errors=errors,
        p50=round(ordered[len(ordered) // 2] * 1000, 3),
        p99=round(ordered[int(len(ordered) * 0.99)] * 1000, 3),
    )


def hammer(shot: Shot, *, connections: int = 16, seconds: float = 5.0) -> Outcome:
    """`connections` at full speed in another process; four times as long for a server so slow that none of its answers came in time."""
    outcome = _hammer(shot, connections=connections, seconds=seconds)
    return outcome if outcome.per_second else _hammer(shot, connections=connections, seconds=seconds * 4)


def _hammer(shot: Shot, *, connections: int, seconds: float) -> Outcome:
    """By wrk where it is installed, else by this module."""
    if shutil.which("wrk"):
        return wrk(shot, connections=connections, seconds=seconds)
    return elsewhere({"shot": asdict(shot), "connections": connections, "seconds": seconds})


def trickle(shot: Shot, *, rate: float = 200.0, seconds: float = 10.0) -> Outcome:
    """`rate` requests a second in another process."""
    return elsewhere({"shot": asdict(shot), "rate": rate, "seconds": seconds})


def elsewhere(order: dict[str, object]) -> Outcome:
    done = subprocess.run([sys.executable, "-m", "bench.load"], input=json.dumps(order), stdout=subprocess.PIPE, text=True, check=True)
    return Outcome(**json.loads(done.stdout))


REPORT = """
done = function(summary, latency, requests)
  local e = summary.errors
  local bad = e.status + e.connect + e.read + e.write + e.timeout
  local p50, p99 = latency:percentile(50.0) / 1000, latency:percentile(99.0) / 1000
  io.write(string.format("RESULT %d %d %d %f %f\\n", summary.requests, bad, summary.duration, p50, p99))
end
"""


def wrk(shot: Shot, *, connections: int, seconds: float) -> Outcome:
    headers = dict(shot.headers) | ({"Authorization": f"Bearer {shot.key}"} if shot.key else {})
    headers |= {"Content-Type": "application/json"} if shot.body else {}
    lines = [f"wrk.method = {json.dumps(shot.method)}", *([f"wrk.body = [==[{shot.body}]==]"] if shot.body else [])]
    lines += [f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers.items()]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shot.lua"
        path.write_text("\n".join([*lines, REPORT]))
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "30s", "-s", str(path), shot.url]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    words = next(line for line in done.stdout.splitlines() if line.startswith("RESULT")).split()[1:]
    requests, bad, microseconds = int(words[0]), int(words[1]), int(words[2])
    rate = (requests - bad) / (microseconds / 1_000_000)
    return Outcome(per_second=round(rate, 1), errors=bad, p50=round(float(words[3]), 3), p99=round(float(words[4]), 3))


def main() -> None:
    order = json.load(sys.stdin)
    shot = Shot(**order["shot"])
    if "rate" in order:
        run = paced(shot, rate=order["rate"], seconds=order["seconds"])
    else:
        run = closed(shot, connections=order["connections"], seconds=order["seconds"])
    sys.stdout.write(json.dumps(asdict(uvloop.run(run))))


if __name__ == "__main__":
    main()
