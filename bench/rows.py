"""The rows of the table: what is measured on whom, and what must be reached."""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import memory, polling, render, routing, scale, servers
from bench.fixtures import download, padded, upload
from bench.load import Shot, hammer, trickle
from bench.servers import KEY, PROJECT_KEY, ROOT, Server

MIB = 1024 * 1024
CLIP = ROOT / "src" / "castlist" / "samples" / "luna.mp4"
VIDEO = {"prompt": "Luna walks through a forest", "model": "sora", "seconds": "4", "size": "1280x720"}
SMALL = VIDEO | {"model": "hero", "seconds": "1", "size": "320x180"}

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Setting:
    """How long each measurement lasts, a scratch folder, and which round of how many this is."""

    folder: Path
    seconds: float
    round: int = 0


@dataclass(frozen=True, slots=True)
class Goal:
    """What one figure must be: `figure` at least (or at most) `factor` times the figure `of`, or the plain number `factor`."""

    figure: str
    factor: float
    of: str | None = None
    most: bool = False

    def judge(self, figures: Mapping[str, float]) -> tuple[str, bool] | None:
        """(in words, whether it is reached), or None where a figure is missing."""
        if self.figure not in figures or (self.of is not None and self.of not in figures):
            return None
        value, base = figures[self.figure], figures[self.of] if self.of else 1.0
        if base <= 0:
            return f"{self.figure}: nothing to compare with, as {self.of} is {base:g}", False
        ratio = value / base
        good = ratio <= self.factor if self.most else ratio >= self.factor
        bound = "<=" if self.most else ">="
        words = f"{ratio:.3g}x {self.of} (must be {bound} {self.factor:g}x)" if self.of else f"{value:g} (must be {bound} {self.factor:g})"
        return f"{self.figure}: {words}", good


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `measure` yields figures by name; each is the median of the rounds."""

    name: str
    what: str
    unit: str
    measure: Callable[[Setting], Figures]
    goals: tuple[Goal, ...]


def status(setting: Setting) -> Figures:
    """Reads of one finished video, 16 connections: Castlist, LiteLLM, nginx, one after the other in each round."""
    found: Figures = {}
    with _finished(setting) as (server, id):
        path = f"/v1/videos/{id}"
        constant = json.dumps(server.ask(path, key=PROJECT_KEY)[1])
        found["castlist"] = hammer(Shot(server.url + path, key=PROJECT_KEY), seconds=setting.seconds).per_second
    with _forwarding(setting) as (server, _):
        path = f"/v1/videos/{server.ask('/v1/videos', method='POST', body=VIDEO)[1]['id']}"
        found["litellm"] = hammer(Shot(server.url + path, key=KEY), seconds=setting.seconds).per_second
    if shutil.which("nginx"):
        with servers.nginx(setting.folder / f"nginx{setting.round}", constant) as server:
            found["nginx"] = hammer(Shot(server.url + "/"), seconds=setting.seconds).per_second
    return found


def freshness(setting: Setting) -> Figures:
    """Seconds from a change that another process committed until this one shows it."""
    folder = setting.folder / f"fresh{setting.round}"
    with servers.castlist(folder, extra=("--no-worker",)) as one, servers.castlist(folder, extra=("--no-worker",)) as other:
        id = one.ask("/v1/videos", method="POST", body=SMALL)[1]["id"]
        one.ask(f"/v1/videos/{id}")
        other.ask(f"/v1/videos/{id}/cancel", method="POST")
        committed = time.perf_counter()
        while one.ask(f"/v1/videos/{id}")[1]["status"] == "queued" and time.perf_counter() - committed < 10:
            pass
        return {"castlist": round(time.perf_counter() - committed, 4)}


def create(setting: Setting) -> Figures:
    """Accepted videos a second, 16 connections. Castlist stores each with synchronous=FULL and works on none meanwhile."""
    found: Figures = {}
    body = json.dumps(VIDEO)
    with servers.castlist(setting.folder / f"create{setting.round}", extra=("--no-worker",)) as server:
        shot = Shot(server.url + "/v1/videos", "POST", PROJECT_KEY, json.dumps(VIDEO | {"model": "hero"}))
        found["castlist"] = hammer(shot, seconds=setting.seconds).per_second
    with _forwarding(setting) as (server, _):
        found["litellm"] = hammer(Shot(server.url + "/v1/videos", "POST", KEY, body), seconds=setting.seconds).per_second
    return found


def upstream(setting: Setting) -> Figures:
    """Calls to the vendor for one video, and for one more that a client polls 1,000 times."""
    found: Figures = {}
    with servers.vendor(CLIP) as vendor:
        with servers.castlist(setting.folder / f"upstream{setting.round}", upstream=vendor.url) as server:
            found |= {f"castlist {name}": calls for name, calls in _calls(server, vendor, key=PROJECT_KEY, ends=True).items()}
        with servers.litellm(setting.folder / "litellm", upstream=vendor.url) as server:
            found |= {f"litellm {name}": calls for name, calls in _calls(server, vendor, key=KEY, ends=False).items()}
    return found


def imports(setting: Setting) -> Figures:
    """Seconds to import and touch one attribute, and to the answer of the first call of a new embedded client."""
    embedded = "import castlist; client = castlist.Client(data={0!r}); client.videos.list(); import os; os.write(1, b'x'); os._exit(0)"
    python, folder = sys.executable, setting.folder / f"embedded{setting.round}"
    return {
        "castlist": _seconds([python, "-c", "import castlist; castlist.avideo"]),
        "litellm": _seconds(
            [str(servers.peer("python")), "-c", "import litellm; litellm.avideo_generation"], LITELLM_LOCAL_MODEL_COST_MAP="True"
        ),
        "first call": _seconds([python, "-c", embedded.format(str(folder))]),
    }


def start(setting: Setting) -> Figures:
    """Seconds from the command to readiness and an accepted POST, and memory of the serving process then."""
    found: Figures = {}
    with servers.castlist(setting.folder / f"start{setting.round}") as server:
        found |= _started("castlist", server, VIDEO | {"model": "hero", "seconds": "1", "size": "320x180"})
    with servers.vendor(CLIP) as vendor, servers.litellm(setting.folder / "litellm", upstream=vendor.url) as server:
        found |= _started("litellm", server, VIDEO)
    return found


def bytes_held(setting: Setting) -> Figures:
    """MiB added to the serving process by a 100 MiB upload and by a 200 MB download."""
    big = padded(CLIP, setting.folder / "upload.mp4", size=100 * MIB)
    result = padded(CLIP, setting.folder / "result.mp4", size=200_000_000)
    found: Figures = {}
    with servers.vendor(result) as vendor:
        with servers.castlist(setting.folder / f"bytes{setting.round}", upstream=vendor.url) as server:
            found |= _moved("castlist", server, big, key=PROJECT_KEY)
        with servers.litellm(setting.folder / "litellm", upstream=vendor.url) as server:
            found |= _moved("litellm", server, big, key=KEY)
    return found


def beside(setting: Setting) -> Figures:
    """The 99th percentile of status reads at 200 a second, in milliseconds: idle, then beside two renders."""
    with _finished(setting) as (server, id):
        shot = Shot(f"{server.url}/v1/videos/{id}", key=PROJECT_KEY)
        trickle(shot, seconds=2)
        idle = trickle(shot, seconds=max(5.0, setting.seconds)).p99
        big = VIDEO | {"model": "hero", "seconds": "12"}
        renders = [server.ask("/v1/videos", method="POST", body=big, key=PROJECT_KEY)[1]["id"] for _ in range(2)]
        _until(server, str(renders[-1]), lambda video: int(str(video["progress"])) > 0, key=PROJECT_KEY)
        busy = trickle(shot, seconds=max(5.0, setting.seconds)).p99
        for render in renders:
            server.ask(f"/v1/videos/{render}/cancel", method="POST", key=PROJECT_KEY)
        return {"idle": idle, "beside two renders": busy}


@contextmanager
def _finished(setting: Setting) -> Iterator[tuple[Server, str]]:
    """A Castlist without work under way, and the id of a finished video of its project."""
    with servers.castlist(setting.folder / f"finished{setting.round}") as server:
        id = str(server.ask("/v1/videos", method="POST", body=SMALL, key=PROJECT_KEY)[1]["id"])
        _until(server, id, lambda video: video["status"] == "completed", key=PROJECT_KEY)
        yield server, id


@contextmanager
def _forwarding(setting: Setting) -> Iterator[tuple[Server, Server]]:
    """LiteLLM's proxy and the vendor behind it."""
    with servers.vendor(CLIP) as vendor, servers.litellm(setting.folder / "litellm", upstream=vendor.url) as server:
        yield server, vendor


def _until(server: Server, id: str, reached: Callable[[Mapping[str, object]], bool], *, key: str, limit: float = 120) -> None:
    end = time.perf_counter() + limit
    while not reached(video := server.ask(f"/v1/videos/{id}", key=key)[1]):
        if time.perf_counter() > end or video.get("status") == "failed":
            raise SystemExit(f"the video {id} did not come that far: {video}")
        time.sleep(0.1)


def _calls(server: Server, vendor: Server, *, key: str, ends: bool) -> Figures:
    def one(polls: int) -> float:
        before = sum(map(int, map(str, vendor.ask("/counts")[1].values())))
        id = str(server.ask("/v1/videos", method="POST", body=VIDEO, key=key)[1]["id"])
        for _ in range(polls):
            server.ask(f"/v1/videos/{id}", key=key)
        if ends:
            _until(server, id, lambda video: video["status"] == "completed", key=key)
        return sum(map(int, map(str, vendor.ask("/counts")[1].values()))) - before

    return {"alone": one(0), "polled": one(1000)}


def _seconds(command: list[str], **environ: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin", "HOME": folder, **environ}, cwd=folder)
        return round(time.perf_counter() - begun, 3)


def _started(name: str, server: Server, body: object) -> Figures:
    begun = time.perf_counter()
    status, _ = server.ask("/v1/videos", method="POST", body=body)
    if status != 200:
        raise SystemExit(f"{name} answered {status} to the first POST")
    seconds = server.ready_after + time.perf_counter() - begun
    return {f"{name} seconds": round(seconds, 3), f"{name} MiB": round(memory.resident(server.pid), 1)}


def _moved(name: str, server: Server, big: Path, *, key: str) -> Figures:
    upload(server.url, "/v1/videos/characters", key=key, fields={"name": "Warm", "model": "sora"}, file=("video", CLIP))
    # Eight seconds, as a gateway that bounds what it fetches by a video's length takes no 200 MB for four.
    id = str(server.ask("/v1/videos", method="POST", body=VIDEO | {"seconds": "8"}, key=key)[1]["id"])
    _until(server, id, lambda video: video["status"] == "completed", key=key)
    statuses, lengths = [], []
    up = memory.added_by(
        server.pid,
        lambda: statuses.append(
            upload(server.url, "/v1/videos/characters", key=key, fields={"name": "Luna", "model": "sora"}, file=("video", big))
        ),
    )
    down = memory.added_by(server.pid, lambda: lengths.append(download(server.url, f"/v1/videos/{id}/content", key=key)))
    if statuses != [200] or lengths != [200_000_000]:
        raise SystemExit(f"{name} answered {statuses} to the upload and gave {lengths} bytes")
    return {f"{name} upload": round(up, 1), f"{name} download": round(down, 1)}


def median(rounds: list[Figures]) -> Figures:
    """Each figure's median."""
    names = dict.fromkeys(name for figures in rounds for name in figures)
    return {name: statistics.median(figures[name] for figures in rounds if name in figures) for name in names}


RENDERED = (Goal("render cpu", 3, "libx264 cpu", most=True), Goal("wall", 10, most=True), Goal("1080p MiB", 400, most=True))

ROWS = (
    Row(
        "status", "GET /v1/videos/{id}, 16 connections, key and owner checked", "requests/s", status,
        (Goal("castlist", 50, "litellm"), Goal("castlist", 0.15, "nginx")),
    ),
    Row("freshness", "a change committed by another process shows after", "s", freshness, (Goal("castlist", 1, most=True),)),
    Row("create", "POST /v1/videos, 16 connections, synchronous=FULL", "requests/s", create, (Goal("castlist", 8, "litellm"),)),
    Row(
        "upstream", "calls to the vendor, without and with 1,000 client polls", "calls", upstream,
        (Goal("castlist polled", 1, "castlist alone", most=True),),
    ),
    Row(
        "import", "import and first attribute; first call of an embedded client", "s", imports,
        (Goal("castlist", 0.05, "litellm", most=True), Goal("first call", 2.5, most=True)),
    ),
    Row(
        "start", "command to readiness and a stored POST; memory of the serving process then", "s, MiB", start,
        (Goal("castlist seconds", 0.25, "litellm seconds", most=True), Goal("castlist MiB", 1 / 3, "litellm MiB", most=True)),
    ),
    Row(
        "memory", "added by a 100 MiB upload, by a 200 MB download", "MiB", bytes_held,
        (Goal("castlist upload", 16, most=True), Goal("castlist download", 16, most=True)),
    ),
    Row(
        "beside", "status p99 at 200 requests/s, idle and beside two renders", "ms", beside,
        (Goal("beside two renders", 3, "idle", most=True),),
    ),
    Row(
        "polls", "500 and 5,000 videos under way at a vendor: processor time a poll; polls a second and memory of the process with 5,000",
        "us, polls/s, MiB",
        lambda setting: polling.figures(setting.folder / f"polls{setting.round}", seconds=setting.seconds),
        (Goal("cpu of 500", 250, most=True), Goal("cpu of 5000", 250, most=True)),
    ),
    Row(
        "scale", "videos accepted, and completed, by 1, 2 and 4 processes on one PostgreSQL", "videos/s",
        lambda setting: scale.work(setting.folder / f"scale{setting.round}", seconds=setting.seconds), (),
    ),
    Row(
        "recovery", f"after a SIGKILL others have its videos ({scale.KILLED} are under way): on one folder, on one PostgreSQL", "s",
        lambda setting: scale.recovery(setting.folder / f"recovery{setting.round}"),
        (Goal("one directory", 2, most=True), Goal("across machines", 122, most=True)),
    ),
    Row(
        "webhook", "from the end of a video until its endpoint is told, two processes on one PostgreSQL", "ms",
        lambda setting: scale.webhooks(setting.folder / f"webhook{setting.round}"), (),
    ),
    Row(
        "routing", f"calls for {routing.VIDEOS} videos of two deployments that went to the wrong one: status, download, deletion", "calls",
        lambda setting: routing.figures(setting.folder / f"routing{setting.round}"), (Goal("castlist misrouted", 0, most=True),),
    ),
    Row(
        "render", f"an {render.SECONDS} s 720p scene: processor time beside libx264 veryfast crf 20, wall time; memory at 1080p", "s, MiB",
        lambda setting: render.figures("one"), RENDERED,
    ),
    Row(
        "render-two", "the same with two characters who dance in a market at night, push in", "s, MiB",
        lambda setting: render.figures("two"), RENDERED,
    ),
)  # fmt: skip
