"""The `castlist` command as people type it, against a server and on its own."""

import json
import socket
import subprocess
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from acceptance.conftest import Desk, Served, start_server, stop_server
from acceptance.watching import watch
from castlist import Client
from castlist.cli.app import app

SMALL = ("--seconds", "1", "--size", "320x180")
Castlist = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def castlist(desk: Desk, served: Served) -> Castlist:
    """The command with CASTLIST_BASE_URL set."""

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return desk.castlist(*arguments, CASTLIST_BASE_URL=served.url)

    return call


@pytest.fixture(scope="module")
def luna(served: Served) -> str:
    with Client(served.url) as client:
        return client.characters.create("Luna", "src/castlist/samples/luna.mp4", subject="stylised").wait().id


def ask(castlist: Castlist, *arguments: str) -> dict[str, object]:
    """The JSON a command prints; its failure is the test's."""
    done = castlist(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_character_is_made_listed_shown_and_deleted(castlist, luna):
    made = castlist("characters", "create", "Luna", "luna.mp4", "--subject", "stylised")
    listed = ask(castlist, "characters", "list", "--name", "Luna")
    shown = ask(castlist, "characters", "show", "Luna")

    assert luna in made.stdout
    assert "ready" in made.stdout
    assert {each["name"] for each in listed["data"]} == {"Luna"}
    # The data directory holds another Luna, of whom nothing is said.
    assert [each["id"] for each in listed["data"] if each["castlist"]["subject"]] == [luna]
    assert (shown["id"], shown["castlist"]["subject"]) == (luna, "stylised")
    assert castlist("characters", "show", "Nobody").returncode == 1
    assert "did you mean 'Luna'?" in castlist("characters", "show", "Lunna").stderr


def test_a_video_is_made_with_its_cast_and_saved(castlist, luna, desk):
    done = castlist("videos", "create", "Luna on a beach at noon", "--character", "Luna", *SMALL, "--seed", "3", "--out", "beach.mp4")

    assert done.returncode == 0, done.stderr
    assert "completed" in done.stdout
    assert "Luna (native)" in done.stdout
    assert "completed 100 %" in done.stderr
    seen = watch(desk.folder / "beach.mp4")
    assert (seen.size, seen.frames) == ((320, 180), 24)
    assert seen.shows_luna


def test_a_video_is_followed_downloaded_and_deleted(castlist, luna, desk):
    made = ask(castlist, "videos", "create", "Luna in a city", "--character", luna, *SMALL, "--no-wait")
    id_ = str(made["id"])

    waited = ask(castlist, "videos", "wait", id_)
    shown = ask(castlist, "videos", "show", id_)
    told = castlist("videos", "show", id_).stdout
    listed = ask(castlist, "videos", "list", "--character", "Luna", "--status", "completed")
    saved = castlist("videos", "download", id_, "--variant", "thumbnail")
    table = castlist("videos", "list")
    gone = ask(castlist, "videos", "delete", id_)

    assert waited["status"] == shown["status"] == "completed"
    assert "attempt 1: " in told
    assert "because  the only one able to take it" in told
    assert id_ in [each["id"] for each in listed["data"]]
    assert (desk.folder / f"{id_}-thumbnail.webp").read_bytes()[8:12] == b"WEBP"
    assert f"{id_}-thumbnail.webp" in saved.stdout
    assert "Luna in a city" in table.stdout
    assert gone["deleted"] is True
    assert castlist("videos", "show", id_).returncode == 1


@pytest.mark.slow
def test_follow_ups_keep_the_cast(castlist, luna, desk):
    made = ask(castlist, "videos", "create", "Luna at noon", "--character", luna, *SMALL)
    id_ = str(made["id"])

    edited = ask(castlist, "videos", "edit", id_, "Warm golden light")
    extended = ask(castlist, "videos", "extend", id_, "Luna waves", "--seconds", "1", "--out", "extended.mp4")
    remixed = ask(castlist, "videos", "remix", id_, "Luna in a forest")

    for video in (edited, extended, remixed):
        assert [who["name"] for who in video["castlist"]["cast"]] == ["Luna"]
    assert (extended["seconds"], remixed["remixed_from_video_id"]) == ("2", id_)
    assert watch(desk.folder / "extended.mp4").frames == 48


def test_a_cancelled_video_is_a_failure(castlist):
    made = ask(castlist, "videos", "create", "Nobody for long", "--seconds", "20", "--size", "1280x720", "--no-wait")

    cancelled = castlist("videos", "cancel", str(made["id"]))
    waited = castlist("videos", "wait", str(made["id"]))
    again = castlist("videos", "cancel", str(made["id"]), "--json")

    assert cancelled.returncode == 0
    assert waited.returncode == 1
    assert "cancel" in waited.stderr
    assert again.returncode == 1
    assert json.loads(again.stdout)["error"]["code"] == "video_already_ended"


@pytest.mark.parametrize(
    "arguments",
    [
        ("videos", "create"),
        ("videos", "create", "x", "--seconds", "0"),
        ("videos", "create", "x", "--seconds", "eight"),
        ("videos", "create", "x", "--size", "1280"),
        ("videos", "create", "x", "--no-wait", "--out", "x.mp4"),
        ("videos", "extend", "video_1", "x"),
        ("videos", "download", "video_1", "--variant", "poster"),
        ("characters", "create", "Luna"),
        ("characters", "create", "Luna", "nowhere.mp4"),
        ("characters", "create", "Luna", "src/castlist/samples/luna.mp4", "src/castlist/samples/mossy.mp4"),
        ("videos", "create", "x", "--out", "nowhere/x.mp4"),
        ("videos", "download", "video_1", "--out", "nowhere/x.mp4"),
        ("config", "check", "nowhere.yaml"),
        ("vidoes",),
        (),
    ],
)
def test_a_wrong_command_line_is_2(arguments):
    done = CliRunner().invoke(app, arguments)

    assert done.exit_code == 2
    assert done.output


def test_what_fails_is_1_and_says_why(castlist, desk):
    (desk.folder / "text.mp4").write_text("not a film")

    missing = castlist("videos", "show", "video_1", "--json")
    refused = castlist("characters", "create", "Luna", "text.mp4")
    unreachable = desk.castlist("videos", "list", CASTLIST_BASE_URL="http://127.0.0.1:9")

    assert (missing.returncode, refused.returncode, unreachable.returncode) == (1, 1, 1)
    assert json.loads(missing.stdout)["error"]["code"] == "video_not_found"
    assert "Error: " in refused.stderr
    assert "castlist serve" in unreachable.stderr
    assert "Traceback" not in missing.stderr + refused.stderr + unreachable.stderr


def test_names_cannot_speak_to_the_terminal(castlist, served):
    with Client(served.url) as client:
        made = client.characters.create("[bold]Lu\u202ena[/bold] 🦊", "src/castlist/samples/luna.mp4")
        video = client.videos.create("\x1b[31mred\x07 [link=x]here[/link]", seconds=1, size="320x180")
        shown = castlist("characters", "show", made.id)
        listed = castlist("videos", "list")
        made.delete()
        video.delete()

    assert "[bold]Lu\\u202ena[/bold] 🦊" in shown.stdout
    assert "\\x1b[31mred\\x07 [link=x]here[/link]" in listed.stdout
    assert "\x1b" not in shown.stdout + listed.stdout
    assert "\u202e" not in shown.stdout


def test_help_is_there_and_version_too(desk):
    version, root, videos = desk.castlist("--version"), desk.castlist("--help"), desk.castlist("videos", "create", "--help")

    assert version.stdout.startswith("castlist ")
    assert all(command in root.stdout for command in ("serve", "worker", "demo", "characters", "videos", "config", "key"))
    assert "castlist videos create" in videos.stdout
    assert [done.returncode for done in (version, root, videos)] == [0, 0, 0]


def test_a_configuration_is_checked(desk):
    good = (
        "model_list:\n  - model_name: sora-2\n    litellm_params:\n      model: openai/sora-2\n      api_key: os.environ/OPENAI_API_KEY\n"
    )
    (desk.folder / "good.yaml").write_text(good)
    (desk.folder / "bad.yaml").write_text(good.replace("model_name", "model_nam"))

    checked = desk.castlist("config", "check", "good.yaml", "--json")
    refused = desk.castlist("config", "check", "bad.yaml")

    assert json.loads(checked.stdout)["models"][0]["served_by"] == "animatic"
    assert refused.returncode == 1
    assert "bad.yaml:2" in refused.stderr
    assert "model_name" in refused.stderr


def test_every_mistake_of_a_configuration_is_a_line_of_its_own(own_desk):
    (own_desk.folder / "bad.yaml").write_text("model_lst: []\ngenral_settings: {}\n")

    done = own_desk.castlist("serve", "--config", "bad.yaml")

    assert done.returncode == 1
    assert [line.partition(": unknown")[0] for line in done.stderr.splitlines()] == ["Error: bad.yaml:1", "Error: bad.yaml:2"]


def test_the_key_is_shown(own_desk):
    key = json.loads(own_desk.castlist("key", "show", "--json").stdout)

    assert key["key"] == (own_desk.data / "master.key").read_text().strip()
    assert (own_desk.data / "master.key").stat().st_mode & 0o077 == 0


def test_a_server_tells_that_its_port_is_taken(own_desk):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = own_desk.castlist("serve", "--port", str(taken.getsockname()[1]))

    assert done.returncode == 1
    assert "cannot listen on 127.0.0.1" in done.stderr


def test_a_server_ends_in_order_when_it_is_told_to(tmp_path):
    served = start_server(tmp_path)
    with Client(served.url) as client:
        assert client.models.list()

    assert stop_server(served) == 0
    assert list((tmp_path / "holders").iterdir()) == []


def test_no_wait_without_a_server_leaves_a_worker_at_it(own_desk):
    made = own_desk.castlist("videos", "create", "Nobody", *SMALL, "--no-wait", "--json")
    id_ = json.loads(made.stdout)["id"]

    waited = own_desk.castlist("videos", "wait", id_, "--json")

    assert "worker" in made.stderr
    assert json.loads(waited.stdout)["status"] == "completed"
