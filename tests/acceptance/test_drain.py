"""Two gateways on one database and one bucket: who is told to stop hands over what it has in hand."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from gateways import Served, serve

import buckets
import postgres as databases

SCENE = {"prompt": "Luna walks through a forest at night", "model": "slow", "seconds": "2", "size": "320x180"}
KEY = "sk-drain"


def write(folder: Path, url: str, s3: buckets.Server) -> Path:
    variables = "".join(f"  {name}: '{value}'\n" for name, value in s3.environ.items())
    path = folder / "castlist.yaml"
    path.write_text(
        "model_list:\n  - model_name: slow\n    litellm_params: {model: 'fake/slow?seconds=6'}\n"
        f"general_settings: {{master_key: {KEY}}}\n"
        f"environment_variables:\n{variables}"
        f"castlist: {{database_url: '{url}', assets: '{s3.bucket()}'}}\n"
    )
    return path


def ask(gateway: Served, path: str, body: object = None, **headers: str) -> tuple[int, bytes]:
    content = None if body is None else json.dumps(body).encode()
    sent = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", **headers}
    with urllib.request.urlopen(urllib.request.Request(f"{gateway.url}/v1/videos{path}", content, sent), timeout=60) as answer:
        return answer.status, answer.read()


@contextmanager
def listen(gateway: Served, job: str) -> Iterator[None]:
    """A stream of a video's events that is open and read from."""
    sent = {"Authorization": f"Bearer {KEY}"}
    with urllib.request.urlopen(urllib.request.Request(f"{gateway.url}/v1/videos/{job}/events", headers=sent), timeout=60) as stream:
        assert stream.read(1)
        yield


def holder(url: str, job: str) -> int:
    """The process that has the job in hand once its provider works."""
    with psycopg.connect(url, autocommit=True) as connection:
        while True:
            row = connection.execute("SELECT lease_holder FROM castlist.jobs WHERE id = %s AND state = 'running'", (job,)).fetchone()
            if row is not None and row[0] is not None:
                return int(row[0].partition("-")[0])


@pytest.mark.slow
def test_the_answer_of_a_request_that_may_cost_is_waited_for_and_all_else_handed_over(tmp_path):
    path = tmp_path / "castlist.yaml"
    models = {"slow": "fake/stuck?answer=12", "going": "fake/stuck"}
    entries = [{"model_name": name, "litellm_params": {"model": model}, "account": name} for name, model in models.items()]
    path.write_text(json.dumps({"model_list": entries, "general_settings": {"master_key": KEY}}))
    with serve(tmp_path / "data", "--config", str(path), "--no-worker") as server:
        sent, going = (json.loads(ask(server, "", {**SCENE, "model": name})[1])["id"] for name in models)
        command = [sys.executable, "-m", "castlist.cli", "worker", "--data", str(server.data), "--config", str(path)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as worker:
            for id, state in ((going, "running"), (sent, "submitting")):
                while json.loads(ask(server, f"/{id}")[1])["castlist"]["state"] != state:
                    pass
            worker.send_signal(signal.SIGTERM)
            with closing(sqlite3.connect(f"file:{server.data / 'castlist.db'}?mode=ro", uri=True)) as rows:
                while rows.execute("SELECT lease_holder FROM jobs WHERE id = ?", (going,)).fetchone() != (None,):
                    pass
            assert worker.poll() is None

            assert worker.wait(40) == 0
            assert json.loads(ask(server, f"/{sent}")[1])["castlist"]["attempts"][0]["state"] == "ticketed"


def test_a_second_signal_ends_a_worker_that_waits_for_an_answer(tmp_path):
    path = tmp_path / "castlist.yaml"
    model = "{model_name: slow, litellm_params: {model: 'fake/instant?answer=60'}}"
    path.write_text(f"model_list: [{model}]\ngeneral_settings: {{master_key: {KEY}}}\n")
    with serve(tmp_path / "data", "--config", str(path), "--no-worker") as server:
        id = json.loads(ask(server, "", SCENE)[1])["id"]
        command = [sys.executable, "-m", "castlist.cli", "worker", "--data", str(server.data), "--config", str(path)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as worker:
            while json.loads(ask(server, f"/{id}?wait=20")[1])["castlist"]["state"] != "submitting":
                pass
            worker.send_signal(signal.SIGTERM)
            with pytest.raises(subprocess.TimeoutExpired):
                worker.wait(1)
            told = time.monotonic()
            worker.send_signal(signal.SIGTERM)

            assert worker.wait(20) == 0
            assert time.monotonic() - told < 3.5


def test_work_in_hand_goes_over_at_once_and_its_file_is_read_from_the_bucket(tmp_path, postgres: databases.Server, s3: buckets.Server):
    with postgres.database() as url:
        config = str(write(tmp_path, url, s3))
        with serve(tmp_path / "near", "--config", config) as near, serve(tmp_path / "far", "--config", config) as far:
            id = json.loads(ask(near, "", SCENE)[1])["id"]
            leaver, other = (near, far) if holder(url, id) == near.process.pid else (far, near)

            # Somebody who listens and does not go holds up the end of the process, and not the work.
            with listen(leaver, id):
                leaver.process.send_signal(signal.SIGTERM)
                told = time.monotonic()
                while holder(url, id) != other.process.pid:
                    pass
                assert time.monotonic() - told < 4
                assert leaver.process.poll() is None
                leaver.process.send_signal(signal.SIGTERM)
                assert leaver.process.wait(20) == 0
            video = {"status": ""}
            while video["status"] not in {"completed", "failed"}:
                video = json.loads(ask(other, f"/{id}?wait=20")[1])

            assert (video["status"], len(video["castlist"]["attempts"])) == ("completed", 1)
            status, whole = ask(other, f"/{id}/content")
            assert (status, whole[4:8]) == (200, b"ftyp")
            assert ask(other, f"/{id}/content", Range="bytes=100-199") == (206, whole[100:200])
