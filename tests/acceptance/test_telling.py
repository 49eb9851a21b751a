"""Several processes on one data directory: who watches at one sees what another does, and a kill loses no webhook."""

import http.client
import json
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from gateways import Served, serve

from server.receiver import receive

SCENE = {"prompt": "A lamp in a library", "seconds": "1", "size": "320x180"}
WEBHOOKS = "castlist:\n  webhooks: [{url: '%s', allow_private: true}]\n"


def see_end_by_events(at: Served, id: str, seen: dict[str, float]) -> None:
    """When the stream of events at that gateway says that the video has ended."""
    connection = http.client.HTTPConnection(urlsplit(at.url).netloc, timeout=60)
    connection.request("GET", f"/v1/videos/{id}/events")
    answer = connection.getresponse()
    while line := answer.readline():
        if line.strip() == b"event: video.completed":
            seen["events"] = time.monotonic()
    connection.close()


def see_end_by_waiting(at: Served, id: str, seen: dict[str, float]) -> None:
    """The same by long polls."""
    assert at.wait(id)["status"] == "completed"
    seen["waiting"] = time.monotonic()


def watch(worker: Served, other: Served) -> dict[str, float]:
    """How many seconds after its own gateway the other one tells of a video's end, by each way of watching."""
    id, seen = str(worker.ask("POST", "/v1/videos", SCENE)["id"]), dict[str, float]()
    watching = [threading.Thread(target=each, args=(other, id, seen)) for each in (see_end_by_events, see_end_by_waiting)]
    for thread in watching:
        thread.start()
    assert worker.wait(id)["status"] == "completed"
    ended = time.monotonic()
    for thread in watching:
        thread.join(60)
    return {how: moment - ended for how, moment in seen.items()}


@pytest.mark.slow
def test_who_watches_at_one_gateway_sees_within_a_second_what_another_s_worker_did(tmp_path: Path) -> None:
    with serve(tmp_path / "data") as worker, serve(tmp_path / "data") as other:
        found = [watch(worker, other) for _ in range(3)]

    assert all(set(each) == {"events", "waiting"} for each in found)
    # The best of three: this machine has other things to do.
    assert min(each["events"] for each in found) < 1.0
    assert min(each["waiting"] for each in found) < 1.0


@pytest.mark.slow
def test_a_gateway_killed_while_a_webhook_is_under_way_loses_none(tmp_path: Path) -> None:
    with receive(0, 200) as hook:
        config = tmp_path / "config.yaml"
        config.write_text(WEBHOOKS % hook.url)
        with serve(tmp_path / "data", "--config", str(config)) as first:
            video = first.ask("POST", "/v1/videos", SCENE)["id"]
            hook.wait(1, timeout=100)
            first.kill()
        with serve(tmp_path / "data", "--config", str(config)) as second:
            begun = time.monotonic()
            one, two = hook.wait(2, timeout=100)
            took = time.monotonic() - begun
            assert second.ask("GET", f"/v1/videos/{video}")["status"] == "completed"

    assert one.headers["webhook-id"] == two.headers["webhook-id"]
    assert json.loads(two.body)["data"]["id"] == video
    # The lease of a dead process is free at once; without that it would take a minute.
    assert took < 30
