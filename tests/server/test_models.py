"""Models, health, metrics, and the answers' own schemas."""

import asyncio
from collections.abc import MutableMapping

from castlist.engine import Engine, ModelInfo
from castlist.server.access import Access
from castlist.server.app import App, build_app
from castlist.server.wire.answers import CharacterAnswer, CharacterPage, HealthAnswer, ModelPage
from server.conftest import KEY, Server
from server.finished import add_character, add_finished


def test_each_model_says_what_it_can_do(server: Server) -> None:
    page = ModelPage.model_validate(server.ask("GET", "/v1/models").json, strict=True)

    assert [model.id for model in page.data] == ["sora-2", "stuck", "broken", "silent", "drawn"]
    assert page.data[0].castlist.default
    drawn = page.data[4].castlist.deployments[0]
    assert (drawn.provider, drawn.capabilities["characters"]) == ("animatic", 2)
    assert server.ask("GET", "/v1/models/drawn").json == page.data[4].model_dump()


def test_a_character_s_shape(server: Server) -> None:
    id = add_character(server, "Mossy")

    reply = server.ask("GET", f"/v1/videos/characters/{id}")

    CharacterAnswer.model_validate(reply.json, strict=True)
    assert set(reply.json) == {"id", "created_at", "name", "castlist"}
    page = server.ask("GET", "/v1/videos/characters?name=Mossy&limit=1").json
    assert CharacterPage.model_validate(page, strict=True).data[0].id == id
    assert server.ask("DELETE", f"/videos/characters/{id}").json == {"id": id, "object": "character.deleted", "deleted": True}
    assert server.ask("GET", f"/v1/videos/characters/{id}").error["code"] == "unknown_character"


def test_health(server: Server) -> None:
    for path, status in (("/health/liveliness", "alive"), ("/health/readiness", "ready")):
        assert HealthAnswer.model_validate(server.ask("GET", path).json).status == status
        assert server.ask("HEAD", path).body == b""


def test_metrics_count_routes_not_ids(server: Server) -> None:
    id = add_finished(server)
    server.ask("GET", f"/v1/videos/{id}")
    server.ask("GET", f"/v1/videos/{id}x")

    text = server.ask("GET", "/metrics").body.decode()

    assert 'castlist_requests_total{method="GET",route="/videos/{video_id}",status="200"}' in text
    assert 'castlist_requests_total{method="GET",route="/videos/{video_id}",status="404"}' in text
    assert id not in text
    assert KEY not in text


def test_metrics_count_status_words_that_nobody_knows(server: Server) -> None:
    strange = server.gateway.engine.kit
    for _ in range(3):
        strange.count_strange("fake", 'warming "up"')
        server.ask("GET", "/metrics")

    text = server.ask("GET", "/metrics").body.decode()

    assert 'castlist_unknown_statuses_total{provider="fake",word="warming \\"up\\""} 3.0' in text


def test_the_docs_need_nothing_from_elsewhere(server: Server) -> None:
    reply = server.ask("GET", "/docs")

    assert reply.headers["content-type"].startswith("text/html")
    page = reply.body.decode()
    assert "/v1/videos/{video_id}" in page
    assert "http://" not in page.replace(server.base, "")
    assert "<script" not in page


class BrokenEngine(Engine):
    """An engine with a defect."""

    def models(self) -> list[ModelInfo]:
        raise RuntimeError("secret internals")


def _ask(app: App) -> list[MutableMapping[str, object]]:
    sent: list[MutableMapping[str, object]] = []

    async def send(message: MutableMapping[str, object]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    headers = [(b"host", b"a"), (b"authorization", f"Bearer {KEY}".encode())]
    scope = {"type": "http", "method": "GET", "path": "/v1/models", "query_string": b"", "headers": headers, "client": ("127.0.0.1", 1)}
    asyncio.run(app(scope, receive, send))
    return sent


def test_what_nobody_foresaw_tells_the_caller_nothing(server: Server) -> None:
    engine = BrokenEngine(server.gateway.engine.kit, server.gateway.engine.accounts, server.gateway.engine.courier)
    signer = server.gateway.app.front.signer
    app = build_app(engine, Access(), signer, fetch=server.gateway.app.front.fetch, version="1", providers=())

    start, body = _ask(app)

    assert start["status"] == 500
    text = bytes(body["body"]).decode()  # type: ignore[call-overload]  # ASGI message
    assert "secret" not in text
    assert '"code":"internal_error"' in text
    headers = dict(start["headers"])  # type: ignore[call-overload]  # ASGI message
    assert headers[b"x-request-id"].decode() in text
