"""Who is let in: keys, this machine, web pages."""

import pytest

from castlist.accounts import Accounts
from castlist.errors import CastlistError
from castlist.model.asks import Caller
from castlist.server.access import Access, Peer, identify
from server.conftest import KEY, Server

OPEN = Accounts({"sk-p": "p"}, master_key="sk-m", open_mode=True)
CLOSED = Accounts({"sk-p": "p"}, master_key="sk-m", open_mode=False)


def _peer(address: str | None = "127.0.0.1", **headers: str) -> Peer:
    given = {"host": "127.0.0.1:4000", **headers}
    return Peer(address, {name.replace("_", "-").encode(): value.encode() for name, value in given.items()})


@pytest.mark.parametrize(
    "peer",
    [
        _peer(),
        _peer("::1", host="[::1]:4000"),
        _peer("::ffff:127.0.0.1"),
        _peer("127.8.8.8", host="localhost"),
        _peer(authorization="Bearer anything"),
        _peer(origin="http://127.0.0.1:4000", sec_fetch_site="same-origin"),
        _peer(sec_fetch_site="none"),
    ],
)
def test_an_open_gateway_takes_anybody_on_this_machine(peer: Peer) -> None:
    assert identify(peer, OPEN, Access()).project == "default"


@pytest.mark.parametrize(
    ("peer", "status", "code"),
    [
        (_peer("192.168.1.7"), 401, "missing_api_key"),
        (_peer(None), 401, "missing_api_key"),
        (_peer("10.0.0.1", authorization="Bearer wrong"), 401, "invalid_api_key"),
        (_peer(x_forwarded_for="8.8.8.8"), 401, "missing_api_key"),
        (_peer(host="evil.example"), 403, "foreign_host"),
        (_peer(host="evil.example", authorization="Bearer wrong"), 403, "foreign_host"),
        (_peer(host=""), 403, "foreign_host"),
        (_peer(host="127.0.0.1.evil.example"), 403, "foreign_host"),
        (_peer(host="[::1"), 403, "foreign_host"),
        (_peer(origin="http://evil.example"), 403, "foreign_origin"),
        (_peer(origin="null"), 403, "foreign_origin"),
        (_peer(origin="http://127.0.0.1:9999"), 403, "foreign_origin"),
        (_peer(sec_fetch_site="cross-site"), 403, "foreign_origin"),
        (_peer(sec_fetch_site="same-site"), 403, "foreign_origin"),
    ],
)
def test_an_open_gateway_refuses_the_rest(peer: Peer, status: int, code: str) -> None:
    with pytest.raises(CastlistError) as caught:
        identify(peer, OPEN, Access())

    assert (caught.value.status, caught.value.code) == (status, code)


def test_a_key_opens_an_open_gateway_from_anywhere() -> None:
    assert identify(_peer("8.8.8.8", host="gate.example", authorization="bearer sk-p"), OPEN, Access()) == Caller("p")


def test_a_closed_gateway_wants_a_key_on_this_machine_too() -> None:
    with pytest.raises(CastlistError) as caught:
        identify(_peer(), CLOSED, Access())
    assert caught.value.code == "missing_api_key"
    assert identify(_peer(authorization="Bearer sk-m"), CLOSED, Access()).master
    assert identify(_peer(api_key="sk-p"), CLOSED, Access()).project == "p"


def test_no_auth_means_this_machine_only() -> None:
    assert identify(_peer(), CLOSED, Access(no_auth=True)).project == "default"
    with pytest.raises(CastlistError):
        identify(_peer("8.8.8.8"), CLOSED, Access(no_auth=True))


def test_a_private_socket_asks_nobody() -> None:
    assert identify(_peer(None), CLOSED, Access(private_socket=True)).master


@pytest.mark.parametrize("header", ["", "Basic abc", "Bearer", "Bearer wrong", "sk-test-master"])
def test_without_the_right_key(server: Server, header: str) -> None:
    reply = server.ask("POST", "/v1/videos", body=b"{}", headers={"Authorization": header, "Content-Type": "application/json"})

    assert reply.status == 401
    assert reply.error["code"] in {"missing_api_key", "invalid_api_key"}
    assert reply.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", ["/metrics", "/openapi.json", "/docs"])
def test_what_concerns_the_gateway_is_for_this_machine_or_a_key(server: Server, path: str) -> None:
    inside = server.ask("GET", path, headers={"Authorization": ""})
    outside = server.ask("GET", path, headers={"Authorization": "", "Host": "gate.example"})
    with_key = server.ask("GET", path, headers={"Host": "gate.example", "Authorization": f"Bearer {KEY}"})

    assert (inside.status, outside.status, with_key.status) == (200, 401, 200)


@pytest.mark.parametrize("header", ["X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Prefix"])
def test_who_comes_through_a_proxy_that_says_no_more_than_our_address_is_not_on_this_machine(
    server: Server, open_server: Server, header: str
) -> None:
    """nginx sends its own `Host: 127.0.0.1:4000` where it is told of no other one."""
    passed_on = {"Authorization": "", header: "https"}

    assert [server.ask("GET", path, headers=passed_on).status for path in ("/metrics", "/openapi.json", "/docs")] == [401, 401, 401]
    assert open_server.ask("GET", "/v1/videos", headers=passed_on).status == 401


@pytest.mark.parametrize("path", ["/health/liveliness", "/health/readiness", "/v1/health/readiness"])
def test_health_needs_no_key(server: Server, path: str) -> None:
    assert server.ask("GET", path, headers={"Authorization": "", "Host": "gate.example"}).status == 200


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_web_page_cannot_use_an_open_gateway(open_server: Server, headers: dict[str, str]) -> None:
    before = open_server.ask("GET", "/v1/videos").json["data"]

    reply = open_server.ask("POST", "/v1/videos", body=b'{"prompt":"x"}', headers={"Content-Type": "application/json", **headers})

    assert reply.status == 403
    assert open_server.ask("GET", "/v1/videos").json["data"] == before
