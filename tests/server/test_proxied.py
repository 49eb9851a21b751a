"""The gateway behind a reverse proxy that puts it under a path, takes that path away or leaves it, and says how callers reach it."""

import asyncio
import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from castlist.assembly import open_gateway
from castlist.config import Overrides, load
from castlist.errors import ConfigError
from listening import serve_http
from server.conftest import KEY, Server, run_server
from server.finished import VIDEO_BYTES, add_finished

CONFIG = f"model_list: [{{model_name: sora-2, litellm_params: {{model: fake/instant}}}}]\ngeneral_settings: {{master_key: {KEY}}}\n"
ROOT = "/castlist"
OPEN = "model_list: [{model_name: drawn, litellm_params: {model: animatic/animatic}}]\n"
TOLD = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "video.example.com", "X-Forwarded-For": "203.0.113.7"}


@contextmanager
def proxy(port: int, *, strips: bool, says: dict[str, str] | None = None) -> Iterator[str]:
    """The address of a proxy that passes on what comes to ROOT, with or without that path and with what it `says`."""

    class Passing(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            behind = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            path = self.path.removeprefix(ROOT) if strips else self.path
            behind.request(self.command, path, body or None, {**dict(self.headers), **(says or {})})
            answer = behind.getresponse()
            text = answer.read()
            behind.close()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

    with serve_http(Passing) as own:
        yield f"http://127.0.0.1:{own}{ROOT}"


def get(url: str, *, key: str | None = KEY) -> tuple[int, bytes]:
    """Status and body of one answer."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
    connection.request("GET", f"{parts.path}?{parts.query}", headers={"Authorization": f"Bearer {key}"} if key else {})
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def links(base: str, video: str) -> dict[str, str]:
    """The links in the view of a video."""
    status, body = get(f"{base}/v1/videos/{video}")
    assert status == 200, body
    return json.loads(body)["castlist"]["urls"]


@pytest.fixture(scope="module")
def rooted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from run_server(tmp_path_factory.mktemp("rooted"), f"{CONFIG}castlist: {{server: {{root_path: {ROOT}/}}}}")


@pytest.fixture(scope="module")
def trusting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from run_server(
        tmp_path_factory.mktemp("trusting"), f"{CONFIG}castlist: {{server: {{root_path: {ROOT}, trusted_proxies: [127.0.0.0/8]}}}}"
    )


@pytest.mark.parametrize("strips", [True, False])
def test_a_link_leads_through_the_proxy_whether_or_not_it_takes_its_path_away(rooted: Server, strips: bool) -> None:
    video = add_finished(rooted)

    with proxy(rooted.port, strips=strips) as base:
        link = links(base, video)["video"]
        found = get(link, key=None)

    assert link.startswith(f"{base}/v1/videos/{video}/content?")
    assert found == (200, VIDEO_BYTES)


@pytest.mark.parametrize("path", ["/v1/videos", "/videos", "/v1/models", "/health/liveliness", "/openapi.json", "/docs"])
def test_every_kind_of_path_is_found_under_the_root(rooted: Server, path: str) -> None:
    with proxy(rooted.port, strips=False) as base:
        assert get(f"{base}{path}")[0] == 200


def test_what_only_begins_like_the_root_is_not_under_it(rooted: Server) -> None:
    assert rooted.ask("GET", f"{ROOT}s/v1/videos").status == 404


def test_the_description_says_under_which_path_to_ask(rooted: Server) -> None:
    assert rooted.ask("GET", "/openapi.json").json["servers"] == [{"url": ROOT}]


def test_a_trusted_proxy_says_by_which_address_callers_come(trusting: Server) -> None:
    video = add_finished(trusting)

    with proxy(trusting.port, strips=True, says=TOLD) as base:
        link = links(base, video)["video"]

    assert link.startswith(f"https://video.example.com{ROOT}/v1/videos/{video}/content?")


def test_a_trusted_proxy_says_its_own_path(trusting: Server) -> None:
    video = add_finished(trusting)

    with proxy(trusting.port, strips=True, says={**TOLD, "X-Forwarded-Prefix": "/films/"}) as base:
        link = links(base, video)["video"]

    assert link.startswith("https://video.example.com/films/v1/videos/")


def test_nobody_else_is_believed(rooted: Server) -> None:
    video = add_finished(rooted)

    with proxy(rooted.port, strips=True, says={**TOLD, "X-Forwarded-Prefix": "/films"}) as base:
        link = links(base, video)["video"]

    assert link.startswith(f"{base}/v1/")


@pytest.mark.parametrize(
    "says",
    [
        {"X-Forwarded-Host": 'evil"><script>'},
        {"X-Forwarded-Host": "a b"},
        {"X-Forwarded-Proto": "javascript"},
        {"X-Forwarded-Prefix": "//evil.example"},
        {"X-Forwarded-Prefix": "/a?b"},
    ],
)
def test_what_cannot_be_part_of_an_address_is_passed_over(trusting: Server, says: dict[str, str]) -> None:
    video = add_finished(trusting)

    with proxy(trusting.port, strips=True, says=says) as base:
        link = links(base, video)["video"]

    assert link.startswith(f"{base}/v1/")


@pytest.mark.parametrize("setting", ["root_path: /a", "trusted_proxies: [10.0.0.1]"])
def test_behind_a_proxy_a_key_is_needed_on_this_machine_too(tmp_path: Path, setting: str) -> None:
    for server in run_server(tmp_path, f"{OPEN}castlist: {{server: {{{setting}}}}}", key=None):
        assert server.ask("GET", "/v1/videos").status == 401


@pytest.mark.parametrize(
    "setting", ["server: {root_path: /a}", "server: {trusted_proxies: [10.0.0.1]}", "media: {public_base_url: https://video.example}"]
)
def test_behind_a_proxy_that_says_nothing_the_numbers_and_the_description_need_a_key_too(tmp_path: Path, setting: str) -> None:
    for server in run_server(tmp_path, f"{OPEN}castlist: {{{setting}}}", key=None):
        assert [server.ask("GET", path).status for path in ("/metrics", "/openapi.json", "/docs")] == [401, 401, 401]


async def _open(path: Path) -> None:
    settings = load(path, environ={"CASTLIST_DATA": str(path.parent / "data")}, overrides=Overrides(no_auth=True))
    await open_gateway(settings, serving=True, worker=False)


def test_no_auth_and_a_proxy_exclude_each_other(tmp_path: Path) -> None:
    path = tmp_path / "castlist.yaml"
    path.write_text(f"{OPEN}castlist: {{server: {{root_path: /a}}}}")

    with pytest.raises(ConfigError, match="--no-auth"):
        asyncio.run(_open(path))


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("root_path: castlist", "server.root_path is a path"),
        ("root_path: '/a?b'", "server.root_path is a path"),
        ("root_path: //evil.example", "server.root_path is a path"),
        ("trusted_proxies: [proxy.example]", "is no address and no network"),
        ("rootpath: /a", "did you mean 'root_path'"),
    ],
)
def test_a_mistake_in_it_is_told(tmp_path: Path, said: str, word: str) -> None:
    path = tmp_path / "castlist.yaml"
    path.write_text(f"castlist: {{server: {{{said}}}}}")

    with pytest.raises(ConfigError, match=word):
        load(path, environ={})
