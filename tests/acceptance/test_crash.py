"""Killed without a goodbye in the middle of things: the next start goes on, nothing is lost, nothing is left over."""

import json
import os
import select
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import av
import pytest
from gateways import Served, serve

from castlist import samples
from processes import children

SCENE = {"prompt": "Luna walks through a forest at night", "model": "animatic", "seconds": "2", "size": "640x360"}


def leftovers(data: Path) -> list[str]:
    """Files in the scratch and pending folders."""
    return [str(path) for folder in ("scratch", "pending") for path in (data / folder).rglob("*") if path.is_file()]


def stored(data: Path) -> int:
    """Blobs that are there."""
    return sum(path.is_file() for path in (data / "assets").rglob("*"))


def wait_for_death(pids: list[int]) -> None:
    """Returns when none of the processes is alive."""
    for pid in pids:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        select.select([handle], [], [], 30)
        os.close(handle)
        assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def half_an_upload(gateway: Served) -> socket.socket:
    """An upload that has begun and goes no further."""
    address = urlsplit(gateway.url)
    connection = socket.create_connection((address.hostname, address.port))
    head = (
        "POST /v1/videos/characters HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5000000\r\n"
        "Content-Type: multipart/form-data; boundary=cut\r\n\r\n"
        '--cut\r\nContent-Disposition: form-data; name="video"; filename="luna.mp4"\r\n\r\n'
    )
    connection.sendall(head.encode() + samples.path("luna.mp4").read_bytes())
    while not any(path.is_file() and path.stat().st_size for path in (gateway.data / "scratch").rglob("*")):
        pass
    return connection


def test_a_kill_during_a_render_and_an_upload_loses_nothing(tmp_path):
    data = tmp_path / "data"
    with serve(data) as first:
        jobs = [first.ask("POST", "/v1/videos", SCENE)["id"] for _ in range(3)]
        assert first.wait(jobs[0], until="running")["status"] == "in_progress"
        connection = half_an_upload(first)
        rendering = list(children(first.process.pid))
        first.kill()
        connection.close()
    assert rendering
    wait_for_death(rendering)

    with serve(data) as second:
        working = second.wait(jobs[0], until="running")
        assert working["castlist"]["state"] in {"running", "storing", "succeeded"}
        ended = [second.wait(id) for id in jobs]
        assert [video["status"] for video in ended] == ["completed"] * 3
        assert all(len(video["castlist"]["attempts"]) == 1 for video in ended)
        assert second.ask("GET", "/v1/videos/characters")["data"] == []
        assert stored(data) == 9
    assert leftovers(data) == []

    for path in (data / "assets").rglob("*"):
        if path.is_file() and path.read_bytes()[4:8] == b"ftyp":
            with av.open(str(path)) as container:
                assert sum(1 for _ in container.decode(video=0)) == 48


@pytest.mark.slow
def test_a_kill_while_a_character_is_prepared_prepares_it_again(tmp_path):
    data = tmp_path / "data"
    with serve(data) as first:
        luna = first.upload("Luna", samples.path("luna.mp4"))
        job = first.ask("POST", "/v1/videos", {**SCENE, "seconds": "1", "characters": [luna["id"]]})["id"]
        first.kill()

    with serve(data) as second:
        video = second.wait(job)
        assert video["status"] == "completed", video["error"]
        assert [member["name"] for member in video["castlist"]["cast"]] == ["Luna"]
        assert second.ask("GET", f"/v1/videos/characters/{luna['id']}")["castlist"]["state"] == "ready"
    assert leftovers(data) == []


@pytest.mark.slow
def test_a_server_and_a_worker_share_a_directory(tmp_path):
    data = tmp_path / "data"
    with serve(data, "--no-worker") as front, serve(data) as back:
        job = front.ask("POST", "/v1/videos", {**SCENE, "seconds": "1"})["id"]

        assert front.wait(job)["status"] == "completed"
        assert back.ask("GET", f"/v1/videos/{job}")["status"] == "completed"


def test_a_worker_of_its_own_does_what_a_server_without_one_accepted_and_ends(tmp_path):
    data = tmp_path / "data"
    with serve(data, "--no-worker") as front:
        jobs = [front.ask("POST", "/v1/videos", {**SCENE, "seconds": "1"})["id"] for _ in range(2)]
        command = [sys.executable, "-m", "castlist.cli", "worker", "--until-idle", "--data", str(data), "--json"]

        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

        assert (done.returncode, json.loads(done.stdout)) == (0, {"unfinished": 0}), done.stderr
        ended = [front.ask("GET", f"/v1/videos/{id}") for id in jobs]
    assert [video["status"] for video in ended] == ["completed"] * 2
    assert leftovers(data) == []
