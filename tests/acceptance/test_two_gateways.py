"""Two gateways with folders of their own on one PostgreSQL database: what one takes, any does, and all see."""

import http.client
import json
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from gateways import Served, serve

from postgres import server
from server.receiver import receive

SCENE = {"prompt": "Luna walks through a forest at night", "model": "quick", "seconds": "2", "size": "320x180"}
CONFIG = """\
model_list:
  - model_name: quick
    litellm_params: {{model: '{kind}'}}
general_settings: {{master_key: sk-two-gateways}}
castlist: {{database_url: '{url}', webhooks: [{hooks}]}}
"""


def write(folder: Path, url: str, kind: str, *, hook: str | None = None) -> Path:
    """A configuration of one model for a gateway on the database."""
    path = folder / f"{kind.partition('?')[0].replace('/', '-')}.yaml"
    path.write_text(CONFIG.format(kind=kind, url=url, hooks=f"{{url: '{hook}', allow_private: true}}" if hook else ""))
    return path


@dataclass
class Pair:
    """Starts two gateways on the database at `url`; both keep files in one place, as in a bucket."""

    url: str
    folder: Path
    stack: ExitStack

    def __call__(self, kind: str, *, first: Sequence[str], hook: str | None = None) -> tuple[Served, Served]:
        config = write(self.folder, self.url, kind, hook=hook)
        (self.folder / "shared").mkdir()
        for name in ("near", "far"):
            (self.folder / name).mkdir()
            (self.folder / name / "assets").symlink_to(self.folder / "shared", target_is_directory=True)
        near = self.stack.enter_context(serve(self.folder / "near", "--config", str(config), *first))
        far = self.stack.enter_context(serve(self.folder / "far", "--config", str(config)))
        return near, far


@pytest.fixture
def pair(tmp_path, postgres):
    with postgres.database() as url, ExitStack() as stack:
        yield Pair(url, tmp_path, stack)


def ask(gateway: Served, method: str, path: str, body: object = None) -> dict:
    connection = connect(gateway, method, path, body)
    try:
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def connect(gateway: Served, method: str, path: str, body: object = None) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(urlsplit(gateway.url).netloc, timeout=60)
    headers = {"Authorization": "Bearer sk-two-gateways", "Content-Type": "application/json"}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    return connection


def follow(gateway: Served, id: str, seen: list[tuple[float, str]]) -> None:
    """Notes when the stream of events of a video says which state."""
    connection = connect(gateway, "GET", f"/v1/videos/{id}/events")
    for line in connection.getresponse():
        if line.startswith(b"data: {"):
            seen.append((time.monotonic(), json.loads(line[6:]).get("status", "")))
    connection.close()


def test_what_one_takes_the_other_works_on_and_both_tell_within_a_second(pair):
    near, far = pair("fake/slow?seconds=2", first=["--no-worker"])
    id = ask(near, "POST", "/v1/videos", SCENE)["id"]
    seen: list[tuple[float, str]] = []
    follower = threading.Thread(target=follow, args=(near, id, seen))
    follower.start()

    while ask(far, "GET", f"/v1/videos/{id}?wait=20")["status"] not in {"completed", "failed"}:
        pass
    ended = time.monotonic()
    follower.join(20)

    assert seen[-1][1] == "completed"
    assert abs(seen[-1][0] - ended) < 1
    there, here = [ask(gateway, "GET", f"/v1/videos/{id}") for gateway in (far, near)]
    assert {**there, "castlist": {**there["castlist"], "urls": None}} == {**here, "castlist": {**here["castlist"], "urls": None}}
    for gateway in (near, far):
        connection = connect(gateway, "GET", f"/v1/videos/{id}/content")
        answer = connection.getresponse()
        assert (answer.status, len(answer.read()) > 1000) == (200, True)
        connection.close()


def holder(url: str, job: str) -> int:
    """The process that has the job in hand."""
    with psycopg.connect(url) as connection:
        while True:
            row = connection.execute("SELECT lease_holder FROM castlist.jobs WHERE id = %s", (job,)).fetchone()
            connection.rollback()
            if row is not None and row[0] is not None:
                return int(row[0].partition("-")[0])


@pytest.mark.slow
def test_what_a_killed_gateway_had_in_hand_the_other_brings_to_its_end(pair):
    near, far = pair("animatic", first=())
    ids = [ask(near, "POST", "/v1/videos", SCENE)["id"] for _ in range(3)]
    while ask(far, "GET", f"/v1/videos/{ids[0]}?wait=20")["castlist"]["state"] != "running":
        pass
    working = holder(pair.url, ids[0])
    victim, other = (near, far) if working == near.process.pid else (far, near)
    victim.kill()
    began = time.monotonic()

    while holder(pair.url, ids[0]) != other.process.pid:
        pass

    assert time.monotonic() - began < 10
    for id in ids:
        while (video := ask(other, "GET", f"/v1/videos/{id}?wait=20"))["status"] not in {"completed", "failed"}:
            pass
        assert (video["status"], len(video["castlist"]["attempts"])) == ("completed", 1)


def bearer(url: str) -> int:
    """The process that has a webhook on its way."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT lease_holder FROM castlist.webhook_deliveries WHERE lease_holder IS NOT NULL").fetchone()
    assert row is not None
    return int(row[0].partition("-")[0])


@pytest.mark.slow
def test_a_webhook_that_a_killed_gateway_was_delivering_is_delivered_by_the_other(pair):
    with receive(0, 200) as hook:
        near, far = pair("fake/instant", first=(), hook=hook.url)
        id = ask(near, "POST", "/v1/videos", SCENE)["id"]
        hook.wait(1, timeout=100)
        carrying = bearer(pair.url)
        victim, other = (near, far) if carrying == near.process.pid else (far, near)
        victim.kill()
        began = time.monotonic()

        one, two = hook.wait(2, timeout=100)
        took = time.monotonic() - began
        while (found := ask(other, "GET", f"/v1/webhook_deliveries?video={id}")["data"][0])["state"] != "delivered":
            pass

    assert one.headers["webhook-id"] == two.headers["webhook-id"] == found["event_id"]
    assert json.loads(two.body)["data"]["id"] == id
    assert len(found["attempts"]) == 1
    # A process that is gone is missed within seconds: the lease of a delivery is a minute.
    assert took < 30


def refused(gateway: Served, method: str, path: str, body: object = None) -> tuple[int, str | None, str]:
    connection = connect(gateway, method, path, body)
    answer = connection.getresponse()
    found = answer.status, answer.getheader("retry-after"), json.loads(answer.read())["error"]["code"]
    connection.close()
    return found


@pytest.mark.slow
def test_a_database_that_goes_away_costs_no_job_and_no_restart(tmp_path):
    with server() as own, own.database() as url, ExitStack() as stack:
        near, far = Pair(url, tmp_path, stack)("fake/slow?seconds=4", first=())
        ids = [ask(near, "POST", "/v1/videos", SCENE)["id"] for _ in range(6)]
        while any(ask(far, "GET", f"/v1/videos/{id}")["castlist"]["state"] != "running" for id in ids):
            pass
        own.kill()

        for gateway in (near, far):
            assert refused(gateway, "GET", "/health/readiness") == (503, "5", "storage_unreachable")
            assert refused(gateway, "POST", "/v1/videos", SCENE) == (503, "5", "storage_unreachable")
            assert refused(gateway, "GET", "/v1/videos") == (503, "5", "storage_unreachable")
            assert ask(gateway, "GET", "/health/liveliness")["status"] == "alive"
        # Long enough for the work to be done and not be saved.
        threading.Event().wait(6)
        own.start()
        began = time.monotonic()

        for id in ids:
            while (video := look(far, id))["status"] not in {"completed", "failed"}:
                pass
            assert (video["status"], len(video["castlist"]["attempts"])) == ("completed", 1)
        assert time.monotonic() - began < 30
        assert ask(near, "GET", "/v1/videos")["data"][0]["id"] == ids[-1]


def look(gateway: Served, id: str) -> dict:
    """The video; what is asked while the database is on its way back is asked again."""
    while "error" in (video := ask(gateway, "GET", f"/v1/videos/{id}?wait=5")) and "status" not in video:
        pass
    return video
