"""Bad input at the wire: the right status, code and param, at once, and nothing left behind."""

import socket

import pytest

from server.conftest import KEY, Reply, Server, make_form

CLIP = b"\x00\x00\x00\x18ftypmp42" + b"\0" * 100
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("fields", "code", "param", "says"),
    [
        ({}, "missing_required_parameter", "prompt", "missing"),
        ({"prompt": None}, "missing_required_parameter", "prompt", "missing"),
        ({"prompt": " \n\t"}, "invalid_prompt", "prompt", "blank"),
        ({"prompt": "x" * 40_000}, "invalid_prompt", "prompt", "32,000"),
        ({"prompt": 7}, "invalid_prompt", "prompt", "text"),
        ({"seconds": 0}, "invalid_seconds", "seconds", "1 to 120"),
        ({"seconds": "0"}, "invalid_seconds", "seconds", "1 to 120"),
        ({"seconds": -1}, "invalid_seconds", "seconds", "-1"),
        ({"seconds": "eight"}, "invalid_seconds", "seconds", "eight"),
        ({"seconds": 121}, "invalid_seconds", "seconds", "121"),
        ({"seconds": 8.5}, "invalid_seconds", "seconds", "8.5"),
        ({"seconds": "8.5"}, "invalid_seconds", "seconds", "8.5"),
        ({"seconds": True}, "invalid_seconds", "seconds", "True"),
        ({"seconds": "٨"}, "invalid_seconds", "seconds", "8"),
        ({"size": "1280"}, "invalid_size", "size", "1280x720"),
        ({"size": "0x0"}, "invalid_size", "size", "0x0"),
        ({"size": "99999x99999"}, "invalid_size", "size", "8192"),
        ({"size": 1280}, "invalid_size", "size", "1280x720"),
        ({"seed": -1}, "invalid_seed", "seed", "-1"),
        ({"seed": "x"}, "invalid_seed", "seed", "x"),
        ({"characters": "char_1"}, "invalid_characters", "characters", "list"),
        ({"characters": {"id": "char_1"}}, "invalid_characters", "characters", "list"),
        ({"characters": [7]}, "invalid_characters", "characters", "id"),
        ({"characters": [{"id": ""}]}, "invalid_characters", "characters", "id"),
        ({"characters": [{"name": "Mossy"}]}, "unknown_field", "characters", "name"),
        ({"metadata": {"a": 1}}, "invalid_metadata", "metadata", "texts, for example"),
        ({"metadata": {str(n): "" for n in range(17)}}, "invalid_metadata", "metadata", "16"),
        ({"metadata": {"a": "x" * 513}}, "invalid_metadata", "metadata", "512"),
        ({"input_reference": {"file_id": "file_1"}}, "unsupported_input_reference", "input_reference", "send the image itself"),
        ({"input_reference": "lamp.png"}, "invalid_input_reference", "input_reference", "image_url"),
        ({"input_reference": {"image_url": "ftp://a/b.png"}}, "invalid_input_reference", "input_reference", "image_url"),
        ({"promt": "x"}, "unknown_field", "promt", "did you mean 'prompt'"),
        ({"character": []}, "unknown_field", "character", "characters"),
        ({"castlist": {"on_unsuported": "error"}}, "unknown_field", "castlist.on_unsuported", "on_unsupported"),
        ({"castlist": {"max_cots": 5}}, "unknown_field", "castlist.max_cots", "max_cost"),
        ({"castlist": {"max_cost": "much"}}, "invalid_max_cost", "castlist.max_cost", "0.50"),
        ({"castlist": {"max_cost": "1e3"}}, "invalid_max_cost", "castlist.max_cost", "1e3"),
        ({"castlist": {"max_cost": 10_000_001}}, "invalid_max_cost", "castlist.max_cost", "0.50"),
        ({"castlist": {"max_cost": -1}}, "invalid_max_cost", "castlist.max_cost", "-1"),
        ({"castlist": {"max_cost": True}}, "invalid_max_cost", "castlist.max_cost", "0.50"),
        ({"castlist": {"on_unsupported": "maybe"}}, "invalid_value", "castlist.on_unsupported", "degrade"),
        ({"castlist": "x"}, "invalid_value", "castlist", "object"),
        ({"prompt_name": "strict"}, "unknown_field", "prompt_name", "under castlist"),
        ({"api_base": "http://a"}, "forbidden_field", "api_base", "configuration"),
        ({"api_key": "sk"}, "forbidden_field", "api_key", "configuration"),
        ({"extra_body": {"api_key": "sk"}}, "forbidden_field", "api_key", "configuration"),
        ({"fake": {"api_key": "sk"}}, "forbidden_field", "api_key", "configuration"),
        ({"model": "os.environ/HOME"}, "forbidden_field", "model", "os.environ/HOME"),
        ({"metadata": {"a": "os.environ/HOME"}}, "forbidden_field", "metadata", "os.environ/HOME"),
        ({"fake": "fast"}, "invalid_value", "fake", "object"),
        ({"castlist": {"fake": "fast"}}, "invalid_value", "fake", "object"),
        ({"model": "drawn", "animatic": {"audio": "loud"}}, "invalid_option", "animatic.audio", '"on" or "off"'),
        ({"model": "drawn", "castlist": {"animatic": {"audio": False}}}, "invalid_option", "animatic.audio", '"on" or "off"'),
        ({"model": "drawn", "castlist": {"animatic": {"sound": "off"}}}, "unknown_option", "animatic.sound", "audio"),
        ({"model": "drawn", "castlist": {"kling": {"audio": "off"}}}, "unknown_option", "kling", "drawn is served by animatic"),
        ({"custom_llm_provider": "opnai"}, "unknown_provider", "custom_llm_provider", "openai"),
    ],
)
def test_a_wrong_field_of_a_video(server: Server, fields: dict[str, object], code: str, param: str, says: str) -> None:
    sent = fields if not fields or "prompt" in fields or "promt" in fields else {"prompt": "A lamp", **fields}

    reply = server.post("/v1/videos", sent)

    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, code, param), reply.body
    assert says in str(reply.error["message"])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"null",
        b'{"prompt": "x",}',
        b'{"prompt": "\xff"}',
        b'\xef\xbb\xbf{"prompt": "x"}',
        b'{"prompt": "\\ud800"}',
        b'{"\\udfff": "x"}',
        b'{"prompt": "x", "prompt": "y"}',
        b'{"prompt": "x", "metadata": {"a": "1", "a": "2"}}',
        b'{"prompt": "x", "seed": NaN}',
        b'{"prompt": "x", "seed": 1e999}',
        b'{"prompt": "x", "seed": ' + b"9" * 100_000 + b"}",
        b'{"prompt": "x", "characters": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"[" * 200_000,
        b'{"prompt": "x", "metadata": ' + b'{"a":' * 50 + b"1" + b"}" * 51,
    ],
)
def test_what_is_not_good_json(server: Server, body: bytes) -> None:
    reply = server.ask("POST", "/v1/videos", body=body, headers=JSON)

    assert reply.status == 400
    assert reply.error["code"] in {"invalid_json", "duplicate_field"}


@pytest.mark.parametrize(("body", "says"), [(b"", "is empty"), (b" \n", "is empty"), (b"[1]", "not a list"), (b"7", "single value")])
def test_a_body_that_holds_no_object_is_told_what_would_work(server: Server, body: bytes, says: str) -> None:
    reply = server.ask("POST", "/v1/videos", body=body, headers=JSON)

    assert (reply.status, reply.error["code"]) == (400, "invalid_json")
    assert says in str(reply.error["message"])
    assert '{"prompt": ' in str(reply.error["message"])


def test_a_body_of_no_type_is_said_to_have_none(server: Server) -> None:
    reply = server.ask("POST", "/v1/videos", body=b"prompt=x", headers={"Content-Type": ""})

    assert str(reply.error["message"]).endswith("and not a body without a Content-Type")


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "", "image/png"])
def test_a_wrong_content_type(server: Server, kind: str) -> None:
    for path in ("/v1/videos", "/v1/videos/characters", "/v1/videos/edits"):
        reply = server.ask("POST", path, body=b"prompt=x", headers={"Content-Type": kind})
        assert (reply.status, reply.error["code"]) == (415, "unsupported_media_type")


def test_characters_are_not_made_from_json(server: Server) -> None:
    assert server.post("/v1/videos/characters", {"name": "Mossy"}).status == 415


@pytest.mark.parametrize(
    ("parts", "code", "param"),
    [
        ([("video", CLIP, "a.mp4")], "missing_required_parameter", "name"),
        ([("name", "", None), ("video", CLIP, "a.mp4")], "invalid_name", "name"),
        ([("name", " ", None), ("video", CLIP, "a.mp4")], "invalid_name", "name"),
        ([("name", "x" * 1000, None), ("video", CLIP, "a.mp4")], "invalid_name", "name"),
        ([("name", "Mo\0ssy", None), ("video", CLIP, "a.mp4")], "invalid_name", "name"),
        ([("name", "\x1b[31mMossy", None), ("video", CLIP, "a.mp4")], "invalid_name", "name"),
        ([("name", "Mossy\n", None), ("video", CLIP, "a.mp4")], "invalid_name", "name"),
        ([("name", "Mossy", None)], "missing_file", "video"),
        ([("name", "Mossy", None), ("video", "a.mp4", None)], "missing_file", "video"),
        ([("name", "Mossy", None), ("video", b"", "a.mp4")], "empty_file", "video"),
        ([("name", "Mossy", None), ("video", CLIP, "a.mp4"), ("video", CLIP, "b.mp4")], "duplicate_field", "video"),
        ([("name", "Mossy", None), ("video", CLIP, "a.mp4"), ("image", CLIP, "b.png")], "conflicting_files", "image"),
        ([("name", "Mossy", None), *[("image", CLIP, "b.png")] * 5], "too_many_images", "image"),
        ([("name", "Mossy", None), ("video", CLIP, "a.mp4"), ("start", "x", None)], "invalid_range", "start"),
        ([("name", "Mossy", None), ("video", CLIP, "a.mp4"), ("end", "nan", None)], "invalid_range", "end"),
        ([("name", "Mossy", None), ("video", CLIP, "a.mp4"), ("start", "2", None), ("end", "1", None)], "invalid_range", "start"),
        ([("name", "Mossy", None), ("image", CLIP, "a.png"), ("start", "1", None)], "invalid_range", "start"),
        ([("name", "Mossy", None), ("video", CLIP, "a.mp4"), ("description", "x" * 2001, None)], "invalid_description", "description"),
        ([("name", "Mossy", None), ("video", CLIP, "a.mp4"), ("descripton", "x", None)], "unknown_field", "descripton"),
        ([("name", "Mossy", None), ("video", CLIP, "a.mp4"), ("subject", "person", None)], "invalid_value", "subject"),
        ([("name", b"Mossy\xff", None), ("video", CLIP, "a.mp4")], "invalid_utf8", "name"),
        ([("name", "Mossy", None), ("video", CLIP, "a.mp4"), ("api_key", "sk", None)], "forbidden_field", "api_key"),
        (
            [("name", "Mossy", None), ("video", CLIP, "a.mp4"), ("custom_llm_provider", "x", None)],
            "unknown_provider",
            "custom_llm_provider",
        ),
    ],
)
def test_a_wrong_part_of_a_character(server: Server, parts: list[tuple[str, str | bytes, str | None]], code: str, param: str) -> None:
    reply = server.form("/v1/videos/characters", *parts)

    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, code, param), reply.body
    assert not server.left()


def test_text_named_mp4_is_refused_and_gone(server: Server) -> None:
    reply = server.form("/v1/videos/characters", ("name", "Mossy", None), ("video", "just text " * 100, "a.mp4"))

    assert reply.status == 400, reply.body
    assert reply.error["param"] == "video"
    assert not server.left()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "incomplete_body"),
        (b"nonsense", "invalid_multipart"),
        (b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n", "invalid_multipart"),
        (b"--b\r\n\r\nx\r\n--b--\r\n", "invalid_multipart"),
        (b'--b\r\nContent-Disposition: attachment; name="name"\r\n\r\nx\r\n--b--\r\n', "invalid_multipart"),
        (b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nMossy', "incomplete_body"),
        (b'--b\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n' + b"x" * 300_000, "incomplete_body"),
        (b'--b\r\nContent-Disposition: form-data; name="a[b][c][d][e]"\r\n\r\nx\r\n--b--\r\n', "unknown_field"),
        (b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\ny\r\n' * 200 + b"--b--\r\n", "too_many_parts"),
    ],
)
def test_what_is_not_good_multipart(server: Server, body: bytes, code: str) -> None:
    kind = {"Content-Type": "multipart/form-data; boundary=b"}

    reply = server.ask("POST", "/v1/videos/characters", body=body, headers=kind)

    assert (reply.status, reply.error["code"]) == (400, code), reply.body
    assert not server.left()


def test_a_missing_boundary(server: Server) -> None:
    reply = server.ask("POST", "/v1/videos", body=b"x", headers={"Content-Type": "multipart/form-data"})

    assert (reply.status, reply.error["code"]) == (400, "invalid_multipart")


def _say(server: Server, head: bytes, *, body: bytes = b"") -> Reply:
    """The answer to a request that is not sent to its end."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head + body)
        received = b""
        while b"\r\n\r\n" not in received or not received.rstrip().endswith(b"}}"):
            chunk = connection.recv(65536)
            assert chunk, received
            received += chunk
    top, _, rest = received.partition(b"\r\n\r\n")
    return Reply(int(top.split()[1]), {}, rest)


def _head(length: int) -> bytes:
    lines = ["POST /v1/videos/characters HTTP/1.1", "Host: a", f"Authorization: Bearer {KEY}", f"Content-Length: {length}"]
    return "\r\n".join([*lines, "Content-Type: multipart/form-data; boundary=b", "", ""]).encode()


def test_too_large_a_body_is_refused_before_it_is_sent(server: Server) -> None:
    reply = _say(server, _head(150 * 1024 * 1024))

    assert (reply.status, reply.error["code"]) == (413, "file_too_large")
    assert "100 MiB" in str(reply.error["message"])


def test_the_limit_is_the_configured_one(open_server: Server) -> None:
    body, kind = make_form(("name", "Mossy", None), ("video", bytes((1 << 20) + 1), "a.mp4"))

    reply = open_server.ask("POST", "/v1/videos/characters", body=body, headers={"Content-Type": kind})

    assert (reply.status, reply.error["code"], reply.error["param"]) == (413, "file_too_large", "video")
    assert " 1 MiB" in str(reply.error["message"])


def test_150_megabytes_are_refused_and_the_answer_arrives(server: Server) -> None:
    body, kind = make_form(("name", "Mossy", None), ("video", bytes(150 * 1024 * 1024), "a.mp4"))

    reply = server.ask("POST", "/v1/videos/characters", body=body, headers={"Content-Type": kind})

    assert reply.status == 413
    assert not server.left()


def test_too_large_a_file_is_refused_while_it_is_read(server: Server) -> None:
    lines = ["POST /v1/videos/characters HTTP/1.1", "Host: a", f"Authorization: Bearer {KEY}", "Transfer-Encoding: chunked"]
    head = "\r\n".join([*lines, "Content-Type: multipart/form-data; boundary=b", "", ""]).encode()
    part = b'--b\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n'
    chunk = f"{1 << 20:x}\r\n".encode() + bytes(1 << 20) + b"\r\n"

    reply = _say(server, head + f"{len(part):x}\r\n".encode() + part + b"\r\n" + chunk * 101)

    assert (reply.status, reply.error["code"], reply.error["param"]) == (413, "file_too_large", "video")
    assert not server.left()


def test_a_wrong_key_is_told_before_the_upload(server: Server) -> None:
    reply = _say(server, _head(90 * 1024 * 1024).replace(KEY.encode(), b"sk-wrong"))

    assert reply.status == 401


def test_a_body_cut_off_midway_leaves_nothing(server: Server) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n' + bytes(2 << 20)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(_head(50 << 20) + part)
        while not server.left():
            assert server.ask("GET", "/health/liveliness").status == 200

    for _ in range(200):
        if not server.left():
            break
        assert server.ask("GET", "/health/liveliness").status == 200
    assert not server.left()


@pytest.mark.parametrize(
    ("path", "code", "param"),
    [
        ("/v1/videos?limit=0", "invalid_limit", "limit"),
        ("/v1/videos?limit=1000", "invalid_limit", "limit"),
        ("/v1/videos?limit=ten", "invalid_limit", "limit"),
        ("/v1/videos?order=up", "invalid_order", "order"),
        ("/v1/videos?status=done", "invalid_status", "status"),
        ("/v1/videos?staus=done", "unknown_field", "staus"),
        ("/v1/videos?limit=1&limit=2", "duplicate_field", "limit"),
        ("/v1/videos/characters?limit=0", "invalid_limit", "limit"),
    ],
)
def test_a_wrong_query(server: Server, path: str, code: str, param: str) -> None:
    reply = server.ask("GET", path)

    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, code, param)


@pytest.mark.parametrize("path", ["/v1/videos?after=video_x", "/v1/videos/characters?after=char_x", "/videos?after=%00"])
def test_an_unknown_cursor(server: Server, path: str) -> None:
    reply = server.ask("GET", path)

    assert (reply.status, reply.error["code"], reply.error["param"]) == (404, "unknown_cursor", "after")


@pytest.mark.parametrize("wait", ["61", "-1", "x", "nan", "inf"])
def test_a_wrong_wait(server: Server, wait: str) -> None:
    reply = server.ask("GET", f"/v1/videos/{server.video(model='stuck')}?wait={wait}")

    assert (reply.status, reply.error["code"]) == (400, "invalid_wait")


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/video", "/v1/videos/", "/v1/videos/video_x/y", "/v2/videos", "/v1/videos//content"])
def test_an_unknown_route(server: Server, path: str) -> None:
    reply = server.ask("GET", path)

    assert (reply.status, reply.error["code"], reply.error["type"]) == (404, "unknown_url", "invalid_request_error")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/v1/videos", "GET, HEAD, POST"),
        ("PATCH", "/v1/videos/video_x", "DELETE, GET, HEAD"),
        ("GET", "/v1/videos/edits", "POST"),
        ("GET", "/videos/extensions", "POST"),
        ("DELETE", "/v1/videos/characters", "GET, HEAD, POST"),
        ("OPTIONS", "/v1/models", "GET, HEAD"),
    ],
)
def test_a_wrong_method_names_the_right_ones(server: Server, method: str, path: str, allow: str) -> None:
    reply = server.ask(method, path)

    assert (reply.status, reply.error["code"], reply.headers["allow"]) == (405, "method_not_allowed", allow)


def test_an_unknown_model_gets_the_nearest_names(server: Server) -> None:
    reply = server.ask("GET", "/v1/models/sora-3")

    assert (reply.status, reply.error["code"]) == (404, "model_not_found")
    assert "sora-2" in str(reply.error["message"])


def test_follow_ups_take_no_cast(server: Server) -> None:
    reply = server.post("/v1/videos/edits", {"prompt": "x", "video": {"id": "video_x"}, "characters": []})

    assert (reply.status, reply.error["param"]) == (400, "characters")
    assert "keep the cast" in str(reply.error["message"])


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"prompt": "x"}, "missing_required_parameter"),
        ({"prompt": "x", "video": {}}, "invalid_video"),
        ({"prompt": "x", "video": 7}, "invalid_video"),
        ({"prompt": "x", "video": {"id": "video_x", "url": "http://a"}}, "unknown_field"),
    ],
)
def test_a_wrong_source(server: Server, fields: dict[str, object], code: str) -> None:
    reply = server.post("/v1/videos/edits", fields)

    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, code, "video")


def test_every_answer_has_a_request_id_of_its_own(server: Server) -> None:
    ids = {server.ask("GET", path).headers["x-request-id"] for path in ("/v1/models", "/nothing", "/v1/videos/video_x", "/v1/videos")}

    assert len(ids) == 4


def test_an_unknown_target_is_named_as_such(server: Server) -> None:
    reply = server.form("/v1/videos/characters", ("name", "Mossy", None), ("video", CLIP, "a.mp4"), ("target_model_names", "sora2", None))

    assert (reply.status, reply.error["code"], reply.error["param"]) == (404, "model_not_found", "target_model_names")
