"""Clocks that are minutes apart, files that cannot be stored for a while, and what keeps a gateway from starting."""

import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from fleet import run_shared_fleet

import buckets
import postgres as databases
from server.conftest import run_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

MODELS = """
model_list:
  - {model_name: slow, litellm_params: {model: 'fake/slow?seconds=1'}}
  - {model_name: drawn, litellm_params: {model: animatic/animatic}}
general_settings: {master_key: sk-test-master}
"""


def test_clocks_that_are_minutes_apart_cost_nothing(tmp_path: Path, postgres: databases.Server, s3: buckets.Server) -> None:
    with run_shared_fleet(tmp_path, postgres, s3, skews=(7, -7, 0)) as fleet:
        jobs = [fleet.submit("slow", f"A lamp by a wrong clock, {number}") for number in range(6)]
        fleet.lab.close("poll")
        fleet.lab.wait_held("poll", count=6)
        assert Counter(fleet.hold(job).state for job in jobs) == {"running": 6}
        before = {job: fleet.hold(job).pid for job in jobs}
        victim = fleet.holder(jobs[0])
        killed = victim.kill()
        fleet.recovered(jobs[0], victim, within=15)
        took = time.monotonic() - killed
        left = {job: pid for job, pid in before.items() if pid != victim.process.pid}
        kept = {job: fleet.hold(job).pid for job in left}
        fleet.lab.open("poll")
        videos = [fleet.until(job, "succeeded", "failed") for job in jobs]
        fleet.audit(jobs)
        accounts = fleet.lab.accounts()

        assert took > 4, "a process that is only late was taken for dead"
        assert kept == left
        assert Counter(video["status"] for video in videos) == {"completed": 6}
        assert [len(video["castlist"]["attempts"]) for video in videos] == [1] * 6
        assert len(accounts.taken) == accounts.counts["create"] == 6
        assert all(abs(video["created_at"] - time.time()) < 120 for video in videos)
        stamps = [int(each.headers["webhook-timestamp"]) for each in fleet.hook.got]
        assert all(abs(stamp - time.time()) < 120 for stamp in stamps), "no receiver would take these"


def test_files_that_cannot_be_stored_for_a_while_are_stored_later(tmp_path: Path, s3: buckets.Server) -> None:
    place = s3.bucket()
    for server in run_server(tmp_path, f"{MODELS}castlist: {{assets: '{place}'}}\n", environ=s3.environ):
        jobs = [server.video(model=model, seconds="2", size="320x180") for model in ("slow", "slow", "slow", "drawn")]
        s3.stop()
        away = time.monotonic()
        try:
            ready = server.ask("GET", "/health/readiness")
            waiting = {job: server.ask("GET", f"/v1/videos/{job}?wait=2").json for job in jobs}
            alive = server.ask("GET", "/v1/videos")
            threading.Event().wait(20 - (time.monotonic() - away))
        finally:
            s3.start()
        ended = [server.finish(job) for job in jobs]
        # A render stays for a while, as it may be asked for once more.
        left = [name for name in server.left() if not name.startswith("render-")]

    assert (ready.status, ready.headers["retry-after"], ready.error["code"]) == (503, "5", "storage_failed")
    assert alive.status == 200
    assert {video["status"] for video in waiting.values()} <= {"queued", "in_progress"}
    assert [(video["status"], len(video["castlist"]["attempts"])) for video in ended] == [("completed", 1)] * 4
    assert len(s3.files(place)) == 3 * len(jobs)
    assert left == []


STARTS = {
    "a database that is away": (
        "castlist: {database_url: 'postgresql://castlist:pw-secret@127.0.0.1:9/none'}",
        "the database cannot be opened",
    ),
    "wrong credentials": ("castlist: {assets: 's3://videos/kept'}", "it refuses these credentials"),
    "a file in the folder's place": ("castlist: {data: castlist.yaml}", "cannot be used as a data directory"),
}


@pytest.mark.parametrize("why", STARTS)
def test_what_keeps_a_gateway_from_starting_is_one_sentence(tmp_path: Path, s3: buckets.Server, why: str) -> None:
    more, sentence = STARTS[why]
    config = tmp_path / "castlist.yaml"
    config.write_text(f"{MODELS}{more}\n")
    command = [sys.executable, "-m", "castlist.cli", "serve", "--port", "0", "--config", str(config)]
    environ = {**s3.environ, "AWS_SECRET_ACCESS_KEY": "a-wrong-secret"}
    data = {} if "data:" in more else {"CASTLIST_DATA": str(tmp_path / "data")}

    done = subprocess.run(
        command, env={**environ, **data, "PATH": "", "HOME": str(tmp_path)}, capture_output=True, text=True, timeout=90, check=False
    )

    assert done.returncode == 1
    assert sentence in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stdout + done.stderr
