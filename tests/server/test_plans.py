"""Plans over HTTP, with the Python client and on the command line."""

import json
import os
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from castlist import Client, InvalidRequest, NotFound
from castlist.cli.app import app
from castlist.sdk.arguments import Wishes
from castlist.sdk.plans import VideoPlan
from server.conftest import KEY, OTHER_KEY, Server
from server.finished import add_character, add_finished


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(server.base, api_key=KEY) as client:
        yield client


def count(server: Server) -> int:
    return len(server.ask("GET", "/v1/videos?limit=100").json["data"])


def test_a_plan_is_answered_and_nothing_is_kept(server: Server) -> None:
    before = count(server)
    reply = server.post("/v1/videos/plan", {"prompt": "A lamp", "model": "sora-2", "seconds": "4"})

    assert reply.status == 200
    assert (reply.json["object"], reply.json["operation"], reply.json["left_out"]) == ("video.plan", "create", [])
    (planned,) = reply.json["deployments"]
    assert (planned["provider"], planned["prompt"], planned["seconds"], planned["audio"]) == ("fake", "A lamp", "4", "auto")
    assert count(server) == before
    assert server.left() == []


@pytest.mark.parametrize(
    ("said", "holds"), [({}, "hold"), ({"unknown_policy": "resubmit"}, "resubmit"), ({"unknown_policy": None}, "hold")]
)
def test_a_plan_says_what_becomes_of_a_request_that_nobody_answers(server: Server, said: dict, holds: str) -> None:
    reply = server.post("/v1/videos/plan", {"prompt": "A lamp", "model": "sora-2", "castlist": said})

    assert (reply.status, reply.json["unknown_policy"]) == (200, holds)


def test_another_word_for_that_is_refused_and_names_those_there_are(server: Server) -> None:
    error = server.post("/v1/videos", {"prompt": "A lamp", "model": "sora-2", "castlist": {"unknown_policy": "retry"}}).error

    assert (error["code"], error["param"]) == ("invalid_value", "castlist.unknown_policy")
    assert "'hold', 'fail' or 'resubmit'" in error["message"]


def test_a_plan_reads_a_form_with_a_file_and_leaves_nothing_of_it(server: Server) -> None:
    frame = b"\x89PNG no picture"
    reply = server.form("/videos/plan", ("prompt", "A lamp", None), ("input_reference", frame, "frame.png"))

    assert (reply.status, reply.error["param"]) == (400, "input_reference")
    assert server.left() == []


@pytest.mark.parametrize(
    ("fields", "code", "param", "says"),
    [
        ({}, "missing_required_parameter", "operation", '"edit", "extend" or "remix"'),
        ({"operation": "cut"}, "invalid_value", "operation", "'cut'"),
        ({"operation": "create"}, "unknown_field", "video", "video"),
        ({"operation": "extend"}, "missing_required_parameter", "seconds", "length to add"),
        ({"operation": "edit", "size": "1280x720"}, "unknown_field", "size", "size"),
        ({"operation": "remix", "castlist": {"audio": "loud"}}, "invalid_value", "castlist.audio", "'auto', 'on' or 'off'"),
        ({"operation": "remix", "castlist": {"audio": "off"}}, "unsupported_audio", "castlist.audio", "decides on the sound by itself"),
    ],
)
def test_a_plan_is_refused_as_its_request_would_be(server: Server, fields: dict, code: str, param: str, says: str) -> None:
    source = add_finished(server)
    reply = server.post("/v1/videos/plan", {"prompt": "On", "video": {"id": source}, **fields})

    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, code, param), reply.error
    assert says in reply.error["message"]


def test_another_projects_video_is_not_planned_with(server: Server) -> None:
    body = {"prompt": "On", "operation": "remix", "video": {"id": add_finished(server)}}

    assert server.post("/v1/videos/plan", body).status == 200
    assert server.post("/v1/videos/plan", body, key=OTHER_KEY).status == 404


def test_the_client_plans_every_operation(server: Server, client: Client) -> None:
    source, mossy = add_finished(server, model="drawn"), add_character(server, "Mossy")

    wishes: Wishes = {"model": "drawn", "on_unsupported": "degrade", "audio": "off", "unknown_policy": "fail"}
    created = client.videos.plan("waving", characters=[mossy], seconds=30, **wishes)
    follow_ups = [client.videos.plan("On", operation=kind, video=source, **more) for kind, more in FOLLOW_UPS.items()]

    assert isinstance(created, VideoPlan)
    assert (created.first.seconds, created.first.audio, created.first.cost.amount_micros) == ("20", "off", 0)
    assert [note.code for note in created.first.conflicts] == ["seconds_changed"]
    assert (created.unknown_policy, follow_ups[0].unknown_policy) == ("fail", "hold")
    assert [(member.id, member.name) for member in created.first.cast] == [(mossy, "Mossy")]
    assert [plan.operation for plan in follow_ups] == list(FOLLOW_UPS)
    with pytest.raises(InvalidRequest, match="animatic makes clips of 1 to 20 seconds, not 30"):
        client.videos.plan("waving", model="drawn", seconds=30)
    with pytest.raises(NotFound):
        client.videos.plan("On", operation="edit", video="video_none")
    with pytest.raises(TypeError, match="did you mean 'seconds'"):
        client.videos.plan("On", second=4)  # type: ignore[call-arg]  # what a caller may mistype


FOLLOW_UPS = {"edit": {}, "extend": {"seconds": 4}, "remix": {}}


def command(server: Server, *words: str) -> tuple[int, str]:
    environment = {**os.environ, "CASTLIST_BASE_URL": server.base, "CASTLIST_API_KEY": KEY}
    done = CliRunner().invoke(app, ["videos", "plan", *words], env=environment)
    return done.exit_code, done.output


def test_the_command_shows_who_would_be_asked_with_what_and_for_how_much(server: Server) -> None:
    wishes = ("--on-unsupported", "degrade", "--unknown-policy", "resubmit")
    code, shown = command(server, "waving", "--model", "drawn", "--seconds", "30", *wishes)

    assert code == 0, shown
    for part in ("animatic/animatic", "20 s at 1280x720", "0.00 USD", "conflict", "not 30", "sent once more"):
        assert part in shown


def test_the_command_prints_json_and_takes_follow_ups(server: Server) -> None:
    source = add_finished(server, model="drawn")
    code, shown = command(server, "On", "--extend", source, "--seconds", "4", "--json")

    assert code == 0, shown
    assert json.loads(shown)["operation"] == "extend"
    assert command(server, "On", "--extend", source, "--edit", source)[0] == 2
