"""A Castlist whose upstream is another one, over a line that loses answers and requests: each video is made and paid once."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from castlist import Client
from server.conftest import KEY, OTHER_KEY, Server, run_server
from server.cutting import CuttingLine, cut

FAR = """
model_list: [{model_name: far, litellm_params: {model: fake/instant}}]
general_settings: {master_key: sk-test-master}
castlist: {projects: [{name: other, keys: [sk-test-other]}]}
"""
NEAR = """
model_list:
  - model_name: near
    litellm_params: {{model: openai/far, api_base: 'http://127.0.0.1:{port}/v1', api_key: sk-test-master}}
general_settings: {{master_key: sk-test-master}}
castlist: {{jobs: {{unknown_policy: hold}}}}
"""


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from run_server(tmp_path_factory.mktemp("far"), FAR)


@pytest.fixture(scope="module")
def line(far: Server) -> Iterator[CuttingLine]:
    with cut(far.port) as found:
        yield found


@pytest.fixture(scope="module")
def near(line: CuttingLine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from run_server(tmp_path_factory.mktemp("near"), NEAR.format(port=line.own))


pytestmark = pytest.mark.timeout(240)
KINDS = ("create", "edits", "extensions")


def paid(far: Server) -> int:
    """How many videos the far gateway made."""
    return far.ask("GET", "/v1/videos?limit=100").body.count(b'"object":"video"')


def states(video: dict[str, Any]) -> list[str]:
    return [attempt["state"] for attempt in video["castlist"]["attempts"]]


@pytest.fixture(scope="module")
def source(near: Server) -> str:
    """A finished video that the far gateway made for the near one."""
    id = near.video(model="near")
    assert near.finish(id)["status"] == "completed"
    return id


def send(near: Server, kind: str, source: str) -> str:
    """A request of that kind; the video's id."""
    body: dict[str, object] = {"prompt": "A lamp, once"}
    match kind:
        case "create":
            path, body = "/v1/videos", {**body, "model": "near", "seconds": "4"}
        case "edits":
            path, body = "/v1/videos/edits", {**body, "video": {"id": source}}
        case _:
            path, body = "/v1/videos/extensions", {**body, "video": {"id": source}, "seconds": "4"}
    reply = near.post(path, body)
    assert reply.status == 200, reply.body
    return str(reply.json["id"])


def test_videos_whose_answers_were_lost_are_found_and_paid_once(far: Server, near: Server, line: CuttingLine, source: str) -> None:
    before = paid(far)
    line.plan.extend(["answer"] * len(KINDS))

    videos = [near.finish(id) for id in [send(near, kind, source) for kind in KINDS]]

    assert [(video["status"], states(video)) for video in videos] == [("completed", ["succeeded"])] * len(KINDS)
    assert paid(far) == before + len(KINDS)


def test_a_request_that_did_not_come_is_sent_again_and_comes_too_late_for_anything(
    far: Server, near: Server, line: CuttingLine, source: str
) -> None:
    before = paid(far)
    line.plan.append("late")

    video = near.finish(send(near, "edits", source))
    status = line.bring()

    assert (video["status"], states(video)) == ("completed", ["refused", "succeeded"])
    assert video["castlist"]["attempts"][0]["error"]["code"] == "not_sent"
    assert status == 409
    assert paid(far) == before + 1


def settle(server: Server, key: str | None, *, project: str = KEY) -> tuple[int, dict[str, Any]]:
    reply = server.ask("POST", "/v1/requests/settle", headers={"Idempotency-Key": key} if key else {}, key=project)
    return reply.status, reply.json


def create(server: Server, key: str, *, project: str = KEY) -> tuple[int, dict[str, Any]]:
    body = json.dumps({"prompt": f"A lamp {key}", "model": "far"}).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    reply = server.ask("POST", "/v1/videos", body=body, headers=headers, key=project)
    return reply.status, reply.json


def test_a_key_says_what_was_made_under_it(far: Server) -> None:
    id = create(far, "made")[1]["id"]

    status, settled = settle(far, "made")

    assert (status, settled["object"], settled["made"], settled["closed"]) == (200, "request", id, False)
    assert create(far, "made")[1]["id"] == id


def test_a_key_that_was_settled_first_makes_nothing_in_its_project_only(far: Server) -> None:
    settled = settle(far, "too-late")[1]

    refused, elsewhere = create(far, "too-late"), create(far, "too-late", project=OTHER_KEY)

    assert (settled["made"], settled["closed"]) == (None, True)
    assert (refused[0], refused[1]["error"]["code"]) == (409, "idempotency_key_closed")
    assert elsewhere[0] == 200
    assert settle(far, "too-late")[1]["made"] is None
    assert settle(far, "too-late", project=OTHER_KEY)[1]["made"] == elsewhere[1]["id"]


def test_the_clients_and_the_command_ask_what_became_of_a_key(far: Server, tmp_path: Path) -> None:
    id = create(far, "asked")[1]["id"]
    environ = {"CASTLIST_BASE_URL": f"{far.base}/v1", "CASTLIST_API_KEY": KEY, "PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-m", "castlist.cli", "videos", "settle", "asked"]

    with Client(f"{far.base}/v1", api_key=KEY) as client:
        known, never = client.videos.settle("asked"), client.videos.settle("never")
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, cwd=tmp_path)

    assert (known.made, never.made, never.idempotency_key) == (id, None, "never")
    assert known.since is not None
    assert (done.returncode, id in done.stdout) == (0, True)


def test_a_settling_without_a_key_or_a_caller_is_refused(far: Server) -> None:
    status, answer = settle(far, None)
    connection = http.client.HTTPConnection("127.0.0.1", far.port, timeout=20)
    connection.request("POST", "/v1/requests/settle", headers={"Idempotency-Key": "nobody's"})

    assert (status, answer["error"]["param"]) == (400, "Idempotency-Key")
    assert connection.getresponse().status == 401
    connection.close()
