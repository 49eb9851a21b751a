"""The emulator as a program of its own, and what it counts."""

import json
import subprocess
import sys
from urllib.request import Request, urlopen

import pytest

from castlist.testing.upstream import Upstream, serve_upstream


def call(url, body=None):
    request = Request(url, data=None if body is None else json.dumps(body).encode(), headers={"Content-Type": "application/json"})
    with urlopen(request, timeout=10) as response:
        return json.load(response)


def test_it_runs_as_a_program_and_says_where():
    command = [sys.executable, "-m", "castlist.testing.upstream", "--port", "0", "--lasts", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            base = running.stdout.readline().strip()
            video = call(f"{base}/videos", {"prompt": "x", "model": "m", "size": None})
            shown = call(f"{base}/videos/{video['id']}")
            counts = call(f"{base.removesuffix('/v1')}/_counts")
        finally:
            running.terminate()

    assert shown["status"] == "completed"
    assert counts == {"create": 1, "accepted": 1, "poll": 1}


def test_faults_are_planned_over_http_too():
    with serve_upstream(lasts=0) as upstream:
        call(f"{upstream.base_url.removesuffix('/v1')}/_break", {"job": ["fail", "strange"]})
        failed = call(f"{upstream.base_url}/videos", {"prompt": "x"})

    assert failed["status"] == "failed"
    assert failed["error"]["code"] == "video_generation_failed"


def test_a_fault_that_does_not_exist_is_an_error():
    with pytest.raises(ValueError, match="there is no fault 'loose' of create"):
        Upstream().break_next("create", "loose")


def test_a_json_body_is_recorded_without_nulls():
    with serve_upstream() as upstream:
        call(f"{upstream.base_url}/videos", {"prompt": "x", "seed": None, "characters": [{"id": "a", "name": None}]})

    assert upstream.requests[0].document == {"prompt": "x", "characters": [{"id": "a"}]}
