"""What a browser does with a signed link: a `<video>` tag's requests on a film that was really rendered, and no leave for other sites."""

import io
from urllib.parse import urlsplit

import av
import pytest

from server.conftest import Reply, Server

NO_KEY = {"Authorization": ""}


@pytest.fixture(scope="module")
def link(server: Server) -> str:
    """Path and query of the signed link of a rendered second."""
    video = server.finish(server.video(prompt="A meadow in the morning", model="drawn", seconds="1", size="320x180"))
    assert video["status"] == "completed", video["error"]
    extras = video["castlist"]
    assert isinstance(extras, dict)
    parts = urlsplit(str(extras["urls"]["video"]))
    return f"{parts.path}?{parts.query}"


def _get(server: Server, link: str, start: int, end: int | str = "", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.ask("GET", link, headers={**NO_KEY, "Range": f"bytes={start}-{end}", **named})


def test_the_pieces_a_player_asks_for_make_the_film(server: Server, link: str) -> None:
    probe = _get(server, link, 0, 1)
    first = _get(server, link, 0)
    total = int(first.headers["content-range"].partition("/")[2])
    middle, tail = _get(server, link, total // 2), _get(server, link, total - 100)

    assert [reply.status for reply in (probe, first, middle, tail)] == [206] * 4
    assert (probe.headers["content-range"], len(probe.body)) == (f"bytes 0-1/{total}", 2)
    assert first.headers["content-range"] == f"bytes 0-{total - 1}/{total}"
    assert first.headers["content-type"] == "video/mp4"
    assert {reply.headers["etag"] for reply in (probe, first, middle, tail)} == {first.headers["etag"]}
    film = first.body[: total // 2] + middle.body
    assert tail.body == film[-100:]
    with av.open(io.BytesIO(film)) as container:
        pictures = [(frame.width, frame.height) for frame in container.decode(video=0)]
    assert pictures == [(320, 180)] * 24


def test_a_player_begins_before_it_has_the_whole_film(server: Server, link: str) -> None:
    whole = _get(server, link, 0).body

    # `moov` before `mdat`: the first bytes say where everything is.
    assert 0 < whole.index(b"moov") < whole.index(b"mdat")


def test_many_small_ranges_of_one_film(server: Server, link: str) -> None:
    total = int(_get(server, link, 0, 0).headers["content-range"].partition("/")[2])
    step = total // 60 + 1

    pieces = [_get(server, link, start, start + step - 1) for start in range(0, total, step)]

    assert {piece.status for piece in pieces} == {206}
    assert b"".join(piece.body for piece in pieces) == server.ask("GET", link, headers=NO_KEY).body


def test_a_seek_goes_on_only_in_the_same_film(server: Server, link: str) -> None:
    tag = _get(server, link, 0, 1).headers["etag"]

    same, other = _get(server, link, 10, If_Range=tag), _get(server, link, 10, If_Range='"another"')

    assert (same.status, other.status) == (206, 200)
    assert other.body[10:] == same.body


@pytest.mark.parametrize("path", ["/v1/videos", "/v1/videos/characters", "/v1/models"])
def test_no_other_site_is_told_that_it_may_ask(server: Server, path: str) -> None:
    asks = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    preflight = server.ask("OPTIONS", path, headers={**NO_KEY, **asks})
    answer = server.ask("GET", path, headers={"Origin": "http://evil.example"})

    assert (preflight.status, preflight.error["code"]) == (405, "method_not_allowed")
    assert "GET" in preflight.headers["allow"]
    assert answer.status == 200
    assert not [name for reply in (preflight, answer) for name in reply.headers if name.startswith("access-control-")]


def test_a_link_plays_on_another_site_whose_scripts_cannot_read_it(server: Server, link: str) -> None:
    reply = _get(server, link, 0, Origin="http://site.example", Sec_Fetch_Site="cross-site", Sec_Fetch_Dest="video")

    assert reply.status == 206
    assert reply.headers["cross-origin-resource-policy"] == "cross-origin"
    assert not [name for name in reply.headers if name.startswith("access-control-")]
