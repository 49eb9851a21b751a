"""Videos over HTTP: the shapes clients rely on, and every way to say the same thing."""

import base64

import pytest
from openai.types import Video
from openai.types.video_delete_response import VideoDeleteResponse

from castlist.server.wire.answers import VideoAnswer, VideoPage
from server.conftest import OTHER_KEY, Server
from server.finished import add_character, add_finished

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")


def test_a_created_video_has_openai_s_shape(server: Server) -> None:
    reply = server.post("/v1/videos", {"prompt": "A lamp in a library", "model": "stuck", "seconds": "8", "size": "1280x720"})

    assert reply.status == 200, reply.body
    video = Video.model_validate(reply.json)
    assert set(video.model_extra or {}) == {"castlist"}
    assert (video.status, video.seconds, video.size, video.model) == ("queued", "8", "1280x720", "stuck")
    assert int(reply.headers["openai-poll-after-ms"]) >= 300
    VideoAnswer.model_validate(reply.json, strict=True)


def test_defaults_are_openai_s(server: Server) -> None:
    video = server.post("/v1/videos", {"prompt": "A lamp in a library"}).json

    assert (video["model"], video["seconds"], video["size"]) == ("sora-2", "4", "720x1280")


@pytest.mark.parametrize("path", ["/v1/videos", "/videos"])
def test_both_prefixes_lead_to_the_same(server: Server, path: str) -> None:
    id = server.video()

    assert server.ask("GET", f"{path}/{id}").json["id"] == id


def test_the_short_way_and_the_long_way_say_the_same(server: Server) -> None:
    id = add_finished(server)

    short, long = server.ask("GET", f"/v1/videos/{id}"), server.ask("GET", f"/v1/videos/{id}?wait=0")

    assert short.json == long.json
    assert {**short.headers, "x-request-id": ""} == {**long.headers, "x-request-id": ""}


def test_an_ended_video_asks_nobody_to_poll(server: Server) -> None:
    reply = server.ask("GET", f"/v1/videos/{add_finished(server)}")

    assert reply.json["status"] == "completed"
    assert "openai-poll-after-ms" not in reply.headers


def test_a_change_shows_in_the_next_status_read(server: Server) -> None:
    id = server.video(model="stuck")
    assert server.ask("GET", f"/v1/videos/{id}").json["status"] in {"queued", "in_progress"}

    assert server.ask("POST", f"/v1/videos/{id}/cancel").status == 200
    ended = server.finish(id)

    assert server.ask("GET", f"/v1/videos/{id}").json == ended
    assert ended["status"] == "failed"
    assert isinstance(ended["error"], dict)
    assert ended["error"]["code"] == "cancelled"


def test_a_long_poll_answers_when_there_is_news(server: Server) -> None:
    id = server.video(model="broken")

    states = [server.ask("GET", f"/v1/videos/{id}").json["status"]]
    while states[-1] not in {"completed", "failed"}:
        states.append(server.ask("GET", f"/v1/videos/{id}?wait=60").json["status"])

    assert states[-1] == "failed"


def test_pages_follow_one_another(server: Server) -> None:
    ids = [server.video(prompt=f"Take {number}", model="stuck") for number in range(3)]

    first = server.ask("GET", "/v1/videos?limit=2")
    second = server.ask("GET", f"/v1/videos?limit=1&after={first.json['last_id']}")

    assert [video["id"] for video in first.json["data"]] == [ids[2], ids[1]]  # type: ignore[attr-defined]  # JSON
    assert [video["id"] for video in second.json["data"]] == [ids[0]]  # type: ignore[attr-defined]  # JSON
    assert (first.json["object"], first.json["has_more"], first.json["first_id"]) == ("list", True, ids[2])
    VideoPage.model_validate(first.json, strict=True)


def test_a_deleted_video_is_gone(server: Server) -> None:
    id = server.video(model="stuck")

    reply = server.ask("DELETE", f"/v1/videos/{id}")

    assert VideoDeleteResponse.model_validate(reply.json).deleted
    assert reply.json["object"] == "video.deleted"
    assert server.ask("GET", f"/v1/videos/{id}").error["code"] == "video_not_found"


@pytest.mark.parametrize(
    "characters",
    [
        [("characters[][id]", 0), ("characters[][id]", 1)],
        [("characters[0][id]", 0), ("characters[1][id]", 1)],
        [("characters[]", 0), ("characters[]", 1)],
        [("characters", 0), ("characters", 1)],
    ],
)
def test_every_form_of_characters_names_the_same_cast(server: Server, characters: list[tuple[str, int]]) -> None:
    cast = [add_character(server, "Mossy"), add_character(server, "Luna")]
    parts = [(name, cast[index], None) for name, index in characters]

    reply = server.form("/v1/videos", ("prompt", "Mossy meets Luna", None), ("model", "stuck", None), *parts)

    assert reply.status == 200, reply.body
    assert server.operation(str(reply.json["id"])).characters == tuple(cast)


def test_json_forms_of_characters(server: Server) -> None:
    mossy, luna = add_character(server, "Mossy"), add_character(server, "Luna")
    for value in ([{"id": mossy}, {"id": luna}], [mossy, luna]):
        id = server.video(prompt="Mossy meets Luna", model="stuck", characters=value)
        assert server.operation(id).characters == (mossy, luna)
    text = f'[{{"id": "{mossy}"}}, {{"id": "{luna}"}}]'
    reply = server.form("/v1/videos", ("prompt", "Mossy meets Luna", None), ("model", "stuck", None), ("characters", text, None))
    assert server.operation(str(reply.json["id"])).characters == (mossy, luna)


@pytest.mark.parametrize("name", ["video[id]", "video"])
def test_a_source_is_named_in_a_form(server: Server, name: str) -> None:
    source = add_finished(server, model="drawn")
    value = source if name == "video[id]" else f'{{"id": "{source}"}}'

    reply = server.form("/v1/videos/edits", ("prompt", "At dusk", None), (name, value, None))

    assert reply.status == 200, reply.body
    assert reply.json["remixed_from_video_id"] == source


def test_follow_ups_in_json(server: Server) -> None:
    source = add_finished(server, model="drawn")

    edited = server.post("/videos/edits", {"prompt": "At dusk", "video": {"id": source}})
    longer = server.post("/videos/extensions", {"prompt": "She waves", "seconds": 2, "video": {"id": source}})
    remixed = server.post(f"/videos/{source}/remix", {"prompt": "In a market"})

    assert [reply.status for reply in (edited, longer, remixed)] == [200, 200, 200], (edited.body, longer.body, remixed.body)
    assert longer.json["seconds"] == "6"
    assert remixed.json["remixed_from_video_id"] == source


@pytest.mark.parametrize("form", ["file", "bracket", "data", "object"])
def test_every_form_of_an_opening_frame(server: Server, form: str) -> None:
    url = "data:image/png;base64," + base64.b64encode(PNG).decode()
    base = (("prompt", "A lamp", None), ("model", "drawn", None))
    if form == "file":
        reply = server.form("/v1/videos", *base, ("input_reference", PNG, "lamp.png"))
    elif form == "bracket":
        reply = server.form("/v1/videos", *base, ("input_reference[image_url]", url, None))
    elif form == "data":
        reply = server.post("/v1/videos", {"prompt": "A lamp", "model": "drawn", "input_reference": url})
    else:
        reply = server.post("/v1/videos", {"prompt": "A lamp", "model": "drawn", "input_reference": {"image_url": url}})

    assert reply.status == 200, reply.body
    assert server.operation(str(reply.json["id"])).reference is not None
    assert not [name for name in server.left() if name.startswith(("upload-", "fetched-"))]


def test_what_litellm_and_openai_define_is_known(server: Server) -> None:
    extra = {"user": "u1", "timeout": 600, "custom_llm_provider": "openai", "extra_headers": {"X-A": "b"}, "extra_body": {"seed": 7}}

    id = server.video(model="stuck", metadata={"take": "one"}, fake={}, **extra)

    assert server.operation(id).seed == 7
    castlist = server.ask("GET", f"/v1/videos/{id}").json["castlist"]
    assert isinstance(castlist, dict)
    assert castlist["metadata"] == {"take": "one"}


def test_our_own_wishes_are_understood(server: Server) -> None:
    id = server.video(model="stuck", castlist={"on_unsupported": "degrade", "prompt_name": "strict"})

    wishes = server.operation(id).wishes
    assert (wishes.degrade, wishes.prompt_strict) == (True, True)


def test_options_of_a_provider_under_castlist_join_those_beside_it(server: Server) -> None:
    beside = server.video(model="drawn", seconds=1, animatic={"audio": "on"}, castlist={"animatic": {}})
    inside = server.video(model="drawn", seconds=1, animatic={"audio": "on"}, castlist={"animatic": {"audio": "off"}})

    assert server.operation(beside).wishes.options == {"animatic": {"audio": "on"}}
    assert server.operation(inside).wishes.options == {"animatic": {"audio": "off"}}


def test_urlencoded_bodies_are_read(server: Server) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}

    reply = server.ask("POST", "/v1/videos", body=b"prompt=A+lamp&model=stuck&seconds=8", headers=kind)

    assert reply.json["seconds"] == "8"


def test_prompts_are_kept_verbatim(server: Server) -> None:
    prompt = "A\0lamp \x1b[31mred\x1b[0m [bold]x[/bold] \u202eשלום\u202c 🫖"

    id = server.video(prompt=prompt, model="stuck")

    assert server.ask("GET", f"/v1/videos/{id}").json["prompt"] == prompt


def test_another_project_s_video_reads_like_no_video(server: Server) -> None:
    id = add_finished(server)
    unknown = "video_" + "0" * 27
    for method, tail in [("GET", ""), ("DELETE", ""), ("GET", "/content"), ("GET", "/events"), ("POST", "/cancel"), ("GET", "?wait=0")]:
        mine, none = (server.ask(method, f"/v1/videos/{v}{tail}", key=OTHER_KEY) for v in (id, unknown))
        assert (mine.status, mine.error["code"], mine.error["param"]) == (404, "video_not_found", "video_id"), (method, tail)
        assert none.status == 404
        assert str(mine.error["message"]).replace(id, "") == str(none.error["message"]).replace(unknown, "")
