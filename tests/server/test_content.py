"""Stored bytes over HTTP: ranges, tags, safe headers, and links that need no key."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from castlist.errors import Forbidden
from castlist.server.signing import LIFE, Signer
from server.conftest import Server
from server.finished import VIDEO_BYTES, add_character, add_finished


@pytest.fixture(scope="module")
def video(server: Server) -> str:
    return add_finished(server, prompt="A lamp, lit; é 🫖 / ..")


def _urls(server: Server, path: str) -> dict[str, str]:
    castlist = server.ask("GET", path).json["castlist"]
    assert isinstance(castlist, dict)
    return dict(castlist["urls"])


def _get(server: Server, url: str) -> tuple[int, bytes]:
    parts = urlsplit(url)
    reply = server.ask("GET", f"{parts.path}?{parts.query}", headers={"Authorization": ""})
    return reply.status, reply.body


def test_the_whole_file(server: Server, video: str) -> None:
    reply = server.ask("GET", f"/v1/videos/{video}/content")

    assert (reply.status, reply.body) == (200, VIDEO_BYTES)
    assert reply.headers["content-type"] == "video/mp4"
    assert reply.headers["content-length"] == str(len(VIDEO_BYTES))
    assert reply.headers["accept-ranges"] == "bytes"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in reply.headers["content-security-policy"]
    assert reply.headers["content-disposition"] == f'inline; filename="{video}-a-lamp-lit.mp4"'


@pytest.mark.parametrize(("variant", "media_type"), [("thumbnail", "image/webp"), ("spritesheet", "image/jpeg")])
def test_other_variants(server: Server, video: str, variant: str, media_type: str) -> None:
    reply = server.ask("GET", f"/v1/videos/{video}/content?variant={variant}&video_id={video}")

    assert (reply.status, reply.headers["content-type"]) == (200, media_type)


def test_a_range(server: Server, video: str) -> None:
    reply = server.ask("GET", f"/v1/videos/{video}/content", headers={"Range": "bytes=-3"})

    assert (reply.status, reply.body) == (206, b"end")
    assert reply.headers["content-range"] == f"bytes {len(VIDEO_BYTES) - 3}-{len(VIDEO_BYTES) - 1}/{len(VIDEO_BYTES)}"


def test_a_range_past_the_end(server: Server, video: str) -> None:
    reply = server.ask("GET", f"/v1/videos/{video}/content", headers={"Range": "bytes=9999999-"})

    assert (reply.status, reply.error["code"]) == (416, "range_not_satisfiable")
    assert reply.headers["content-range"] == f"bytes */{len(VIDEO_BYTES)}"


def test_head_says_what_get_would(server: Server, video: str) -> None:
    head, get = (server.ask(method, f"/v1/videos/{video}/content") for method in ("HEAD", "GET"))

    assert (head.status, head.body) == (200, b"")
    assert {**head.headers, "x-request-id": "", "date": ""} == {**get.headers, "x-request-id": "", "date": ""}


def test_a_tag_saves_the_second_download(server: Server, video: str) -> None:
    tag = server.ask("HEAD", f"/v1/videos/{video}/content").headers["etag"]

    again = server.ask("GET", f"/v1/videos/{video}/content", headers={"If-None-Match": tag})

    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)


def test_an_unknown_variant_names_those_that_exist(server: Server, video: str) -> None:
    reply = server.ask("GET", f"/v1/videos/{video}/content?variant=gif")

    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, "invalid_variant", "variant")
    assert "thumbnail" in str(reply.error["message"])


def test_content_before_its_time(server: Server) -> None:
    reply = server.ask("GET", f"/v1/videos/{server.video(model='stuck')}/content")

    assert (reply.status, reply.error["code"]) == (409, "video_not_ready")
    assert int(reply.headers["retry-after"]) > 0


def test_links_need_no_key_and_stay_the_same_for_a_while(server: Server, video: str) -> None:
    urls = _urls(server, f"/v1/videos/{video}")

    assert set(urls) == {"video", "thumbnail", "spritesheet"}
    assert urls["video"].startswith(server.base)
    assert _get(server, urls["video"]) == (200, VIDEO_BYTES)
    assert _get(server, urls["thumbnail"])[0] == 200


def test_a_character_s_links(server: Server) -> None:
    id = add_character(server, "Mossy")

    assert _get(server, _urls(server, f"/v1/videos/characters/{id}")["still"]) == (200, b"\xff\xd8-still")


@pytest.mark.parametrize("change", [{"variant": "thumbnail"}, {"expires": "9999999999"}, {"signature": "0" * 64}, {"signature": "é"}])
def test_a_changed_link_is_dead(server: Server, video: str, change: dict[str, str]) -> None:
    parts = urlsplit(_urls(server, f"/v1/videos/{video}")["video"])
    query = urlencode({**dict(parse_qsl(parts.query)), **change})

    status, body = _get(server, f"{server.base}{parts.path}?{query}")

    assert status == 403
    assert b"invalid_link" in body


def test_a_link_for_one_video_opens_no_other(server: Server, video: str) -> None:
    other = add_finished(server)
    url = _urls(server, f"/v1/videos/{video}")["video"]

    assert _get(server, url.replace(video, other))[0] == 403


def test_a_link_of_a_deleted_video_is_dead(server: Server) -> None:
    id = add_finished(server)
    url = _urls(server, f"/v1/videos/{id}")["video"]

    server.ask("DELETE", f"/v1/videos/{id}")

    assert _get(server, url)[0] == 404


def test_links_expire_within_the_hour() -> None:
    now = [datetime(2026, 11, 22, 12, 4, 59, tzinfo=UTC)]
    signer = Signer(b"k" * 32, lambda: now[0])
    query = dict(parse_qsl(urlsplit(signer.link("http://a", "/videos/v/content", variant="video")).query))

    now[0] += timedelta(seconds=LIFE - 300)
    signer.check("/videos/v/content", "video", expires=query["expires"], signature=query["signature"])
    now[0] += timedelta(seconds=301)

    with pytest.raises(Forbidden, match="expired"):
        signer.check("/videos/v/content", "video", expires=query["expires"], signature=query["signature"])


def test_the_signing_key_is_the_owner_s_alone(server: Server) -> None:
    path = server.gateway.settings.data / "links.key"

    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_bytes()) == 32
