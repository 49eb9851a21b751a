"""Three processes that share their work, beside a fault lab and a receiver of webhooks that outlive them: to kill one, and look on.

On a data directory those are a server and two programs with a gateway of their own, else three servers.
"""

import json
import os
import select
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from gateways import read_url

import buckets
import postgres
from castlist.testing.lab_control import LabControl, Taken, run_lab
from server.receiver import Receiver, receive

KEY = "sk-fleet"
SENT_WITHIN = 10
"""Seconds that a submission may take to be answered; its lease is forty more."""

PROGRAM = """\
import sys
import castlist
client = castlist.Client()
client.videos.list()
print("ready", flush=True)
sys.stdin.read()
"""
SKEWED = """\
import datetime, sys, time
off, real, tick = datetime.timedelta(minutes=float(sys.argv.pop(1))), datetime.datetime, time.time
class Skewed(real):
    @classmethod
    def now(cls, tz=None): return real.now(tz) + off
datetime.datetime, time.time = Skewed, lambda: tick() + off.total_seconds()
from castlist.cli import main
main()
"""
CONFIG = """\
model_list:
  - {{model_name: listed, litellm_params: {{model: openai/sora-2, api_base: '{lab}', api_key: k}}, account: listed}}
  - {{model_name: named, litellm_params: {{model: lab/lab-1, api_base: '{lab}', api_key: k}}, settings: {{again: 0.1}}}}
  - {{model_name: slow, litellm_params: {{model: 'lab/lab-1?lasts=4', api_base: '{lab}', api_key: k}}, settings: {{again: 0.1}}}}
  - {{model_name: drawn, litellm_params: {{model: animatic/animatic}}}}
general_settings: {{master_key: {key}}}
router_settings: {{timeout: {timeout}}}
castlist:
  webhooks: [{{url: '{hook}', allow_private: true}}]
{more}
"""


@dataclass
class Member:
    """One process of a fleet; only one that `serves` has a `url`. On PostgreSQL each has a folder of its own, as on its own machine."""

    process: subprocess.Popen[str]
    folder: Path
    serves: bool
    url: str = ""

    def greet(self, log: Path) -> None:
        """Returns when it is ready."""
        assert self.process.stdout is not None
        if self.serves:
            self.url = read_url(self.process)
        else:
            assert self.process.stdout.readline() == "ready\n", log.read_text()[-4000:]

    def kill(self) -> float:
        """No goodbye; when that was."""
        os.kill(self.process.pid, signal.SIGKILL)
        killed = time.monotonic()
        self.bury()
        return killed

    def bury(self) -> None:
        """Returns when it is gone, with its pipes."""
        self.process.wait(30)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


@dataclass(frozen=True)
class Hold:
    """Who has a job in hand, and until when if nobody else may take it before."""

    pid: int | None
    state: str
    until: datetime | None


@dataclass
class Fleet:
    """The processes on one storage. `shared` says that they stand on PostgreSQL and S3; then `skews` are by how many minutes their
    clocks are wrong, in turn."""

    folder: Path
    lab: LabControl
    hook: Receiver
    environ: Mapping[str, str]
    database: str | None
    members: list[Member] = field(default_factory=list)
    number: int = 0
    took: list[float] = field(default_factory=list)
    skews: Sequence[float] = ()

    @property
    def shared(self) -> bool:
        return self.database is not None

    def fill(self) -> None:
        """Start what is missing, all of it at once."""
        self.members = [member for member in self.members if member.process.poll() is None]
        begun = [*self.members]
        if self.shared:
            for _ in range(3 - len(begun)):
                self.number += 1
                begun.append(self._serve(self.folder / f"machine-{self.number}"))
        else:
            begun += [self._serve(self.folder / "data")] if not any(member.serves for member in begun) else []
            begun += [self._program() for _ in range(3 - len(begun))]
        for member in begun[len(self.members) :]:
            member.greet(self.folder / "log")
        self.members = begun

    def _serve(self, data: Path) -> Member:
        config = ["--config", str(self.folder / "castlist.yaml")]
        skew = self.skews[self.number % len(self.skews)] if self.skews else None
        program = ["-m", "castlist.cli"] if skew is None else ["-c", SKEWED, str(skew)]
        command = [sys.executable, *program, "serve", "--port", "0", "--data", str(data), "--json", *config]
        return Member(self._start(command), data, serves=True)

    def _program(self) -> Member:
        return Member(self._start([sys.executable, "-c", PROGRAM]), self.folder / "data", serves=False)

    def _start(self, command: Sequence[str]) -> subprocess.Popen[str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH") if name in os.environ}
        own = {"CASTLIST_DATA": str(self.folder / "data"), "CASTLIST_CONFIG": str(self.folder / "castlist.yaml")}
        with (self.folder / "log").open("a") as log:
            around = {**kept, **own, **self.environ}
            return subprocess.Popen(command, env=around, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)

    def stop(self) -> None:
        for member in self.members:
            member.process.terminate()
        for member in self.members:
            member.bury()

    def ask(self, method: str, path: str, body: object = None, *, typed: str = "application/json") -> dict[str, Any]:
        """A request to a server that lives; its JSON."""
        url = next(member.url for member in self.members if member.serves and member.process.poll() is None)
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": typed}
        request = urllib.request.Request(f"{url}{path}", content, headers, method=method)
        with urllib.request.urlopen(request, timeout=70) as answer:
            found = json.load(answer)
        assert isinstance(found, dict)
        return found

    def submit(self, model: str, prompt: str, **fields: object) -> str:
        """A small video's id."""
        return str(self.ask("POST", "/v1/videos", {"prompt": prompt, "model": model, "seconds": "2", "size": "320x180", **fields})["id"])

    def upload(self, name: str, clip: Path) -> str:
        """A character that is ready."""
        parts = f'--cut\r\nContent-Disposition: form-data; name="name"\r\n\r\n{name}\r\n--cut\r\n'
        head = f'{parts}Content-Disposition: form-data; name="video"; filename="clip.mp4"\r\n\r\n'.encode()
        body = head + clip.read_bytes() + b"\r\n--cut--\r\n"
        made = self.ask("POST", "/v1/videos/characters", body, typed="multipart/form-data; boundary=cut")
        while made["castlist"]["state"] == "preparing":
            made = self.ask("GET", f"/v1/videos/characters/{made['id']}")
            select.select([], [], [], 0.1)
        assert made["castlist"]["state"] == "ready", made
        return str(made["id"])

    def until(self, job: str, *states: str) -> dict[str, Any]:
        """The video once it is in one of these states."""
        while True:
            video = self.ask("GET", f"/v1/videos/{job}?wait=10")
            if video["castlist"]["state"] in states:
                return video
            assert video["castlist"]["state"] not in {"succeeded", "failed", "cancelled"}, video

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the database says now."""
        if self.database:
            with psycopg.connect(self.database, options="-c search_path=castlist") as shared:
                return list(shared.execute(sql))
        connection = sqlite3.connect(f"file:{self.folder / 'data' / 'castlist.db'}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def hold(self, job: str) -> Hold:
        """Who has the job in hand."""
        ((holder, state, until),) = self.rows(f"SELECT lease_holder, state, lease_until FROM jobs WHERE id = '{job}'")
        pid = int(str(holder).partition("-")[0]) if holder else None
        return Hold(pid, str(state), datetime.fromtimestamp(int(until) / 1e6, UTC) if until else None)

    def holder(self, job: str) -> Member:
        """The process that has the job in hand, once there is one."""
        return self.member(lambda: self.hold(job).pid)

    def teller(self, job: str) -> Member:
        """The process that is telling of the job's end."""

        def look() -> int | None:
            found = self.rows(f"SELECT lease_holder FROM webhook_deliveries WHERE video = '{job}' AND lease_holder IS NOT NULL")
            return int(str(found[0][0]).partition("-")[0]) if found else None

        return self.member(look)

    def member(self, look: Callable[[], int | None]) -> Member:
        while True:
            pid = look()
            for member in self.members:
                if member.process.pid == pid:
                    return member

    def recovered(self, job: str, victim: Member, *, within: float) -> Hold:
        """The job once it is in other hands, or was moved by others."""
        end = time.monotonic() + within
        while (held := self.hold(job)).pid == victim.process.pid:
            assert time.monotonic() < end, f"{job} is still held by a dead process after {within:g} s: {held}"
            select.select([], [], [], 0.02)
        return held

    def audit(self, jobs: Sequence[str]) -> None:
        """What holds whatever died: everything that the upstream took is an attempt of ours, no job has two that succeeded, and whoever
        is to be told of an end was told of it under one id."""
        taken: defaultdict[str, list[Taken]] = defaultdict(list)
        for each in self.lab.accounts().taken:
            taken[each.prompt].append(each)
        for job in jobs:
            video = self.ask("GET", f"/v1/videos/{job}")
            attempts = video["castlist"]["attempts"]
            states = Counter(attempt["state"] for attempt in attempts)
            assert states["succeeded"] == (video["status"] == "completed"), attempts
            if video["model"] != "drawn":
                sent = [attempt for attempt in attempts if attempt["state"] != "refused"]
                assert len(taken[video["prompt"]]) == len(sent), (video, taken[video["prompt"]])
        ended = [job for job in jobs if self.hold(job).state in {"succeeded", "failed"}]
        got = self.hook.wait_for(lambda got: {json.loads(each.body)["data"]["id"] for each in got} >= set(ended))
        for job in ended:
            told = {each.headers["webhook-id"] for each in got if json.loads(each.body)["data"]["id"] == job}
            assert len(told) == 1, told


@contextmanager
def run_fleet(folder: Path, database: str | None, s3: buckets.Server | None, *, skews: Sequence[float] = ()) -> Iterator[Fleet]:
    """A whole fleet, on PostgreSQL and S3 where they are given."""
    with ExitStack() as stack:
        lab = stack.enter_context(run_lab(lasts=0))
        hook = stack.enter_context(receive(200))
        shared = f"  database_url: '{database}'\n  assets: '{s3.bucket()}'\n" if database and s3 else ""
        config = CONFIG.format(lab=lab.base_url, hook=hook.url, key=KEY, timeout=SENT_WITHIN, more=shared)
        (folder / "castlist.yaml").write_text(config)
        fleet = Fleet(folder, lab, hook, dict(s3.environ) if s3 else {}, database, skews=skews)
        stack.callback(fleet.stop)
        fleet.fill()
        yield fleet


@contextmanager
def run_shared_fleet(folder: Path, server: postgres.Server, s3: buckets.Server, *, skews: Sequence[float] = ()) -> Iterator[Fleet]:
    """A fleet on a database and in a bucket of its own."""
    with server.database() as url, run_fleet(folder, url, s3, skews=skews) as fleet:
        yield fleet
