"""What goes over the wire, what is repeated, and what an answer becomes."""

import asyncio
import json
from pathlib import Path
from time import monotonic

import pytest

import castlist
from castlist import AsyncClient, Client, errors

VIDEO = {
    "id": "video_1", "object": "video", "model": "sora-2", "status": "queued", "progress": 0, "created_at": 1, "seconds": "4",
    "size": "320x180", "prompt": "Luna",
    "castlist": {
        "state": "queued", "cast": [{"id": "char_1", "name": "Luna", "fidelity": "native"}],
        "warnings": [{"code": "a", "message": "b", "param": None, "value": 1, "limit": 2}],
        "attempts": [{"deployment": "d", "state": "succeeded", "cost": {"amount_micros": 5, "currency": "EUR", "state": "billed"}}],
        "cost": {"amount_micros": 7, "currency": "USD", "state": "estimated"}, "urls": {"video": "http://x/v"},
    },
}  # fmt: skip
DONE = {**VIDEO, "status": "completed", "progress": 100}
FAILED = {**VIDEO, "status": "failed", "error": {"code": "moderation_blocked", "message": "no"}}
CHARACTER = {"id": "char_1", "object": "character", "name": "Luna", "created_at": 5, "castlist": {"state": "ready", "urls": {}}}


def refuse(code: str, *, message: str = "no", param: str | None = None) -> dict[str, object]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


def test_a_video_is_read_field_for_field(client, script):
    script.say(VIDEO)

    video = client.videos.get("video_1")

    assert (video.id, video.status, video.seconds, video.size, video.created_at) == ("video_1", "queued", "4", "320x180", 1)
    assert [(who.name, who.fidelity) for who in video.cast] == [("Luna", "native")]
    assert (video.warnings[0].code, video.warnings[0].limit) == ("a", 2)
    assert (video.attempts[0].cost.amount_micros, video.attempts[0].cost.state) == (5, "billed")
    assert video.cost.amount_micros == 7
    assert video.urls is not None
    assert video.urls.video == "http://x/v"
    assert video["id"] == video.get("id") == "video_1"
    assert "prompt" in video
    assert video.get("nothing", "else") == "else"


def test_unknown_fields_of_a_newer_server_are_ignored(client, script):
    script.say({**VIDEO, "new": 1, "castlist": {"surprise": [], "cast": "?"}})

    assert client.videos.get("video_1").cast == ()


def test_a_video_is_asked_for_in_json(client, script):
    script.say(VIDEO)

    client.videos.create(
        "Luna",
        characters=["char_1", {"id": "char_2"}],
        seconds=4,
        size="320x180",
        seed=3,
        metadata={"a": "b"},
        prompt_name="strict",
        on_unsupported="degrade",
        options={"animatic": {"fps": 12}},
    )

    assert script.asked[0].path == "/v1/videos"
    assert script.asked[0].headers["authorization"] == "Bearer sk-1"
    assert script.asked[0].json == {
        "prompt": "Luna",
        "characters": [{"id": "char_1"}, {"id": "char_2"}],
        "seconds": "4",
        "size": "320x180",
        "seed": 3,
        "metadata": {"a": "b"},
        "castlist": {"prompt_name": "strict", "on_unsupported": "degrade"},
        "animatic": {"fps": 12},
    }


def test_a_file_makes_it_multipart(client, script, tmp_path):
    script.say(VIDEO)
    still = tmp_path / "still.png"
    still.write_bytes(b"\x89PNG-bytes")

    client.videos.create("Luna", characters=["char_1", "char_2"], reference=still, seconds="4")

    body = script.asked[0].body
    assert script.asked[0].headers["content-type"].startswith("multipart/form-data")
    assert body.count(b'name="characters[][id]"') == 2
    assert b'name="input_reference"; filename="still.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG-bytes' in body


@pytest.mark.parametrize(
    "reference", ["https://example.org/a.png", "data:image/png;base64,AA==", {"image_url": "https://example.org/a.png"}]
)
def test_a_reference_may_be_a_url(client, script, reference):
    script.say(VIDEO)

    client.videos.create("Luna", reference=reference)

    url = reference["image_url"] if isinstance(reference, dict) else reference
    assert script.asked[0].json["input_reference"] == {"image_url": url}


def test_a_follow_up_names_its_source_or_uploads_it(client, script, tmp_path):
    script.say(VIDEO)
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"clip")

    client.videos.edit("video_1", "warmer")
    client.videos.extend(clip, "on", seconds=4)
    client.videos.get("video_1").remix("else")

    assert script.asked[0].json == {"prompt": "warmer", "video": {"id": "video_1"}}
    assert b'name="video"; filename="clip.mp4"' in script.asked[1].body
    assert b'name="seconds"\r\n\r\n4' in script.asked[1].body
    assert script.asked[3].path == "/v1/videos/video_1/remix"


@pytest.mark.parametrize("source", ["path", "text", "file", "bytes", "tuple"])
def test_a_clip_may_come_in_any_form(client, script, tmp_path, source):
    script.say(CHARACTER)
    clip = tmp_path / "luna.mp4"
    clip.write_bytes(b"\0moving")

    with clip.open("rb") as file:
        forms = {"path": clip, "text": str(clip), "file": file, "bytes": b"\0moving", "tuple": ("luna.mp4", b"\0moving", "video/mp4")}
        made = client.characters.create("Luna", forms[source], start=0.5, metadata={"a": "b"})

    assert made.id == "char_1"
    assert b'name="video"; filename="' in script.asked[0].body
    assert b"\0moving" in script.asked[0].body
    assert b'name="start"\r\n\r\n0.5' in script.asked[0].body


def test_what_a_character_is_travels_both_ways(client, script):
    script.say({**CHARACTER, "castlist": {"state": "ready", "subject": "human"}})
    script.say(CHARACTER)

    made = client.characters.create("Luna", b"clip", subject="human")

    assert made.subject == "human"
    assert b'name="subject"\r\n\r\nhuman' in script.asked[0].body
    assert client.characters.get("char_1").subject is None


def test_images_are_sent_as_images(client, script, tmp_path):
    script.say(CHARACTER)
    for name in ("a.png", "b.jpg"):
        (tmp_path / name).write_bytes(b"picture")

    client.characters.create("Luna", [tmp_path / "a.png", tmp_path / "b.jpg"])
    client.characters.create("Luna", tmp_path / "a.png")

    assert script.asked[0].body.count(b'name="image"; filename="') == 2
    assert script.asked[1].body.count(b'name="image"; filename="') == 1


def test_a_file_open_as_text_is_refused_before_anything_is_sent(client, script, tmp_path):
    (tmp_path / "a.mp4").write_text("x")

    with (tmp_path / "a.mp4").open() as file, pytest.raises(TypeError, match="rb"):
        client.characters.create("Luna", file)

    assert script.asked == []


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_seconds", errors.InvalidRequest),
        (400, "unsupported_operation", errors.UnsupportedOperation),
        (400, "clip_too_short", errors.MediaRefused),
        (401, "invalid_api_key", errors.Unauthorized),
        (403, "foreign_host", errors.Forbidden),
        (404, "video_not_found", errors.NotFound),
        (409, "video_not_ready", errors.Conflict),
        (413, "file_too_large", errors.TooLarge),
        (500, "internal_error", errors.ServerError),
        (501, "not_implemented", errors.NotImplementedHere),
        (503, "unavailable", errors.Unavailable),
        (503, "storage_full", errors.StorageFull),
    ],
)
def test_a_refusal_is_an_error_of_ours(client, script, status, code, kind):
    script.say(refuse(code, message="why", param="p"), status=status)

    with pytest.raises(kind, match="why") as caught:
        client.videos.create("x")

    assert (caught.value.status, caught.value.code, caught.value.param) == (status, code, "p")
    assert type(caught.value) is kind


def test_an_answer_that_is_no_castlist_server_is_told(client, script):
    script.answers.append((502, {"Content-Type": "text/html"}, b"<html>bad gateway"))

    with pytest.raises(errors.ServerError, match="502"):
        client.videos.get("video_1")


def test_a_get_is_repeated_when_the_connection_breaks(client, script):
    script.break_off()
    script.say(VIDEO)

    assert client.videos.get("video_1").id == "video_1"
    assert len(script.asked) == 2


@pytest.mark.parametrize("call", ["create", "cancel", "character"])
def test_a_post_is_never_repeated(client, script, call):
    script.break_off()
    calls = {
        "create": lambda: client.videos.create("x"),
        "cancel": lambda: client.videos.cancel("video_1"),
        "character": lambda: client.characters.create("Luna", b"clip"),
    }

    with pytest.raises(castlist.ConnectionFailed, match="may have been taken"):
        calls[call]()

    assert len(script.asked) == 1


def test_a_server_that_is_not_there_is_named(unused_port):
    with Client(f"http://127.0.0.1:{unused_port}") as client, pytest.raises(castlist.ConnectionFailed, match="castlist serve") as caught:
        client.videos.create("x")

    assert str(unused_port) in str(caught.value)


def test_a_list_goes_on_by_itself(client, script):
    script.say({"object": "list", "data": [{**VIDEO, "id": "video_1"}], "has_more": True, "last_id": "video_1"})
    script.say({"object": "list", "data": [{**VIDEO, "id": "video_2"}], "has_more": False, "last_id": "video_2"})

    ids = [video.id for video in client.videos.list(limit=1, status="completed", character="char_1")]

    assert ids == ["video_1", "video_2"]
    assert script.asked[0].path == "/v1/videos?limit=1&status=completed&character=char_1"
    assert "after=video_1" in script.asked[1].path


def test_waiting_tells_each_view_and_returns_the_last(client, script):
    script.say(VIDEO)
    script.say({**VIDEO, "status": "in_progress", "progress": 40})
    script.say(DONE)
    seen = []

    done = client.videos.wait("video_1", progress=lambda video: seen.append(video.progress))

    assert done.status == "completed"
    assert seen == [0, 40, 100]
    assert "wait=" in script.asked[1].path


@pytest.mark.parametrize("status", [502, 503, 504])
def test_waiting_outlives_a_proxy_with_nobody_behind_it(client, script, status):
    script.say(VIDEO)
    script.say("<html>nobody is here</html>", status=status)
    script.say({"error": {"message": "stopping", "code": "unavailable"}}, status=status)
    script.say(DONE)

    assert client.videos.wait("video_1").status == "completed"
    assert len(script.asked) == 4


@pytest.mark.parametrize("status", [502, 503, 504])
def test_waiting_outlives_a_server_that_is_away_at_the_first_question(client, script, status):
    script.say("<html>nobody is here</html>", status=status)
    script.break_off()
    script.say(DONE)

    assert client.videos.wait("video_1").status == "completed"
    assert len(script.asked) == 3


def test_waiting_for_a_character_outlives_a_server_that_is_restarted(client, script):
    script.say("<html>nobody is here</html>", status=502)
    script.say({"id": "char_1", "name": "Luna", "castlist": {"state": "preparing"}})
    script.break_off()
    script.say({"id": "char_1", "name": "Luna", "castlist": {"state": "ready"}})

    assert client.characters.wait("char_1").state == "ready"
    assert len(script.asked) == 4


@pytest.mark.parametrize("known", [False, True])
def test_waiting_ends_in_time_while_nobody_answers(client, script, known):
    if known:
        script.say(VIDEO)
    script.say("<html>too long</html>", status=504)

    with pytest.raises(castlist.WaitTimeout, match="no answer came from /videos/video_1"):
        client.videos.wait("video_1", timeout=0.6)

    waits = [float(asked.path.partition("?wait=")[2] or 0) for asked in script.asked]
    assert all(wait <= 0.6 for wait in waits)
    assert len(waits) < 6


def test_a_long_poll_that_a_proxy_cuts_off_is_shorter_the_next_time(client, script):
    script.say(VIDEO)
    script.say("<html>too long</html>", status=504)
    script.say(DONE)

    client.videos.wait("video_1")

    assert [asked.path.partition("?wait=")[2] for asked in script.asked] == ["", "50.000", "25.000"]


def test_waiting_at_a_wrong_address_is_told_soon(unused_port):
    begun = monotonic()

    with Client(f"http://127.0.0.1:{unused_port}") as client, pytest.raises(castlist.ConnectionFailed, match="castlist serve"):
        client.videos.wait("video_1")

    assert monotonic() - begun < 10


def test_a_single_question_is_answered_as_the_server_answers(client, script):
    script.say("<html>nobody is here</html>", status=502)

    with pytest.raises(castlist.ServerError):
        client.videos.get("video_1")

    assert len(script.asked) == 1


def test_waiting_for_what_fails_raises_unless_told_otherwise(client, script):
    script.say(FAILED)

    with pytest.raises(castlist.VideoFailed, match="no") as caught:
        client.videos.wait("video_1")

    assert caught.value.code == "moderation_blocked"
    assert client.videos.wait("video_1", raises=False).error.code == "moderation_blocked"


@pytest.mark.parametrize("content", [b"<html>Welcome</html>", b"", b"[]", b'"ok"'])
@pytest.mark.parametrize("call", ["create", "list", "models", "delete"])
def test_a_page_of_something_else_is_never_taken_for_an_answer(client, script, call, content):
    script.send(content)
    calls = {
        "create": lambda: client.videos.create("x"),
        "list": client.videos.list,
        "models": client.models.list,
        "delete": lambda: client.videos.delete("video_1"),
    }

    with pytest.raises(castlist.ServerError, match="answered 200 with something that is no JSON object; is it a Castlist server") as caught:
        calls[call]()

    assert caught.value.code == "not_castlist"
    assert len(script.asked) == 1


def test_a_redirect_is_no_video(client, script, tmp_path):
    script.answers.append((302, {"Location": "https://login.example.com"}, b""))

    with pytest.raises(castlist.CastlistError, match="answered 302 without a reason; is it a Castlist server"):
        client.videos.download("video_1", tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_waiting_has_a_limit(client, script):
    script.say(VIDEO)

    with pytest.raises(castlist.WaitTimeout):
        client.videos.wait("video_1", timeout=0.3)


def test_a_download_appears_only_when_it_is_whole(client, script, tmp_path):
    def cut_off(exchange):
        exchange.send_response(200)
        exchange.send_header("Content-Length", "1000")
        exchange.end_headers()
        exchange.wfile.write(b"half")
        exchange.wfile.flush()
        exchange.close_connection = True

    script.answers.append(cut_off)

    with pytest.raises(castlist.ConnectionFailed):
        client.videos.download("video_1", tmp_path / "a.mp4")

    assert list(tmp_path.iterdir()) == []


def test_a_download_into_a_folder_takes_the_id_as_its_name(client, script, tmp_path):
    script.send(b"bytes")

    saved = client.videos.download("video_1", tmp_path, variant="thumbnail")

    assert saved == tmp_path / "video_1-thumbnail.webp"
    assert saved.read_bytes() == b"bytes"
    assert [path.name for path in tmp_path.iterdir()] == [saved.name]


def test_an_id_cannot_leave_its_place_in_the_path(client, script):
    script.say(VIDEO)

    client.videos.get("../characters/char_1?x#y")

    assert script.asked[0].path == "/v1/videos/..%2Fcharacters%2Fchar_1%3Fx%23y"
    with pytest.raises(castlist.InvalidRequest):
        client.videos.get("")


@pytest.mark.parametrize("base", ["{}", "{}/", "{}/v1", "{}/v1/"])
def test_a_base_url_may_end_as_it_likes(script, base):
    script.say(VIDEO)
    with Client(base.format(script.url)) as client:
        client.videos.get("video_1")

    assert script.asked[0].path == "/v1/videos/video_1"


@pytest.mark.parametrize("base", ["http://[", "http://host:port", "http://host:99999", "http://:4000", "host:4000", "ftp://host"])
def test_a_base_url_that_is_none_is_told(base, monkeypatch):
    monkeypatch.setenv("CASTLIST_BASE_URL", base)

    with pytest.raises(castlist.InvalidRequest, match="a base URL is like") as told, Client() as client:
        client.videos.get("video_1")
    assert (told.value.code, told.value.param, base in str(told.value)) == ("invalid_url", "base_url", True)


def test_the_environment_names_the_server(script, monkeypatch):
    script.say(VIDEO)
    monkeypatch.setenv("CASTLIST_BASE_URL", script.url)
    monkeypatch.setenv("CASTLIST_API_KEY", "sk-env")
    with Client() as client:
        client.videos.get("video_1")

    assert script.asked[0].headers["authorization"] == "Bearer sk-env"


def test_a_server_on_this_machine_gets_the_key_of_the_data_directory(script, monkeypatch, tmp_path):
    (tmp_path / "master.key").write_text("sk-kept\n")
    monkeypatch.setenv("CASTLIST_DATA", str(tmp_path))
    script.say(VIDEO)
    with Client(script.url) as client:
        client.videos.get("video_1")

    assert script.asked[0].headers["authorization"] == "Bearer sk-kept"


async def read_async(url: str, into: Path) -> list[object]:
    async with AsyncClient(url) as client:
        video = await client.videos.get("video_1")
        listed = [each.id async for each in await client.videos.list()]
        saved = await video.download(into / "a.mp4")
        return [video.id, listed, saved.read_bytes()]


def test_the_asynchronous_client_does_the_same(script, tmp_path):
    script.say(VIDEO)
    script.say({"object": "list", "data": [VIDEO], "has_more": False})
    script.send(json.dumps({}).encode())

    assert asyncio.run(read_async(script.url, tmp_path)) == ["video_1", ["video_1"], b"{}"]
