"""Callbacks in, over real sockets: emulated vendors call early, twice and late, others forge; only its own poll moves a job."""

import base64
import hashlib
import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from standardwebhooks import Webhook

from castlist.model.providing import Provider
from castlist.testing.emulator import serve
from providers.emulators.fal_ai import KEY as FAL_KEY
from providers.emulators.fal_ai import FalEmulator
from providers.emulators.gemini import GeminiEmulator
from providers.emulators.kling import KlingEmulator
from server.conftest import Reply, Server, run_server

PUBLIC = "https://video.example.com"
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
CONFIG = """
model_list:
  - {{model_name: patient, litellm_params: {{model: 'fake/slow?seconds=0.3&again=900'}}}}
  - {{model_name: late, litellm_params: {{model: 'fake/slow?answer=1.5&seconds=0.1&again=900'}}}}
  - {{model_name: quick, litellm_params: {{model: fake/instant}}}}
  - {{model_name: fal, litellm_params: {{model: fal_ai/fal-ai/veo3.1, api_base: '{fal}', api_key: '{fal_key}'}}}}
  - model_name: kling
    litellm_params: {{model: kling/kling-3.0-omni, api_base: '{kling}', api_key: '{kling_key}'}}
    settings: {{webhook_secret: {secret}}}
  - {{model_name: gemini, litellm_params: {{model: gemini/gemini-omni-1.2-flash, api_base: '{gemini}', api_key: '{gemini_key}'}}}}
general_settings: {{master_key: sk-test-master}}
castlist:
  media: {{public_base_url: '{public}'}}
"""


class CallingFal(FalEmulator):
    """fal with its keys, which calls back before it answers a submission, where it knows the gateway."""

    def __init__(self) -> None:
        super().__init__(sticks={"fal-ai/veo3.1"})
        self.secret = ed25519.Ed25519PrivateKey.generate()
        self.old = ed25519.Ed25519PrivateKey.generate()
        self.gateway = ""
        self.early: list[int] = []

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/.well-known/jwks.json", self.show_keys), *super().routes()]

    async def show_keys(self, request: web.Request) -> web.Response:
        self.counts["keys"] += 1
        public = base64.urlsafe_b64encode(self.secret.public_key().public_bytes_raw()).decode()
        # Not zeros: those are a point of small order, under which a signature of zeros holds one time in four.
        old = base64.urlsafe_b64encode(self.old.public_key().public_bytes_raw()).decode().rstrip("=")
        return web.json_response({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": old}, {"kty": "OKP", "crv": "Ed25519", "x": public}]})

    async def create(self, request: web.Request) -> web.StreamResponse:
        url = request.query.get("fal_webhook")
        if url and self.gateway:
            body = b'{"request_id": "early", "status": "OK"}'
            place, signed = self.gateway + urlsplit(url).path, self.sign(body, "early")
            async with aiohttp.ClientSession() as session, session.post(place, data=body, headers=signed) as called:
                self.early.append(called.status)
        answer: web.StreamResponse = await super().create(request)
        return answer

    def sign(self, body: bytes, id: str, *, at: int | None = None) -> dict[str, str]:
        stamp = str(at or int(time.time()))
        message = f"{id}\nuser-1\n{stamp}\n{hashlib.sha256(body).hexdigest()}".encode()
        return {
            "X-Fal-Webhook-Request-Id": id,
            "X-Fal-Webhook-User-Id": "user-1",
            "X-Fal-Webhook-Timestamp": stamp,
            "X-Fal-Webhook-Signature": self.secret.sign(message).hex(),
        }


class CallingGemini(GeminiEmulator):
    """Google with its keys."""

    def __init__(self) -> None:
        super().__init__(lasts=600)
        self.secret = rsa.generate_private_key(65537, 2048)

    def routes(self) -> Iterator[web.AbstractRouteDef]:
        yield web.get("/.well-known/jwks.json", self.show_keys)
        yield from super().routes()

    async def show_keys(self, request: web.Request) -> web.Response:
        numbers = self.secret.public_key().public_numbers()
        return web.json_response({"keys": [{"kid": "k1", "kty": "RSA", "n": pack(numbers.n), "e": pack(numbers.e)}]})

    def sign(self, id: str, *, kid: str = "k1", life: int = 300, alg: str = "RS256") -> dict[str, str]:
        now = int(time.time())
        head = encode({"alg": alg, "kid": kid})
        claims = encode({"iat": now, "exp": now + life})
        signature = self.secret.sign(f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
        token = f"{head}.{claims}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"
        return {"webhook-id": id, "webhook-timestamp": str(now), "webhook-signature": token}


def encode(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def pack(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8)).decode().rstrip("=")


@dataclass
class Stage:
    """A gateway, and the vendors that it was told of."""

    server: Server
    fal: CallingFal
    kling: KlingEmulator
    gemini: CallingGemini

    def video(self, model: str, **fields: object) -> str:
        shape = {"patient": {}, "late": {}, "quick": {}, "kling": {"seconds": "5"}, "gemini": {"seconds": "5"}}.get(model, {"seconds": "8"})
        return self.server.video(model=model, size="1280x720", **shape, **fields)

    def provider(self, name: str) -> Provider:
        return next(each for account, each in self.server.gateway.engine.kit.providers.items() if account.startswith(name))

    def told(self, model: str) -> str:
        """The address that the last order of a vendor was given."""
        upstream = {"fal": self.fal, "kling": self.kling, "gemini": self.gemini}[model]
        while True:
            for recorded in reversed(upstream.requests):
                if url := find_url(recorded.path, recorded.document):
                    return url
            self.server.ask("GET", "/v1/videos?limit=1")

    def call(self, url: str, body: bytes = b"{}", headers: Mapping[str, str] | None = None) -> Reply:
        assert url.startswith(f"{PUBLIC}/v1/callbacks/")
        return self.server.ask("POST", urlsplit(url).path, body=body, headers={"Authorization": "", **(headers or {})})

    def state(self, id: str) -> tuple[object, ...]:
        """All of a video that a callback could have changed."""
        video = self.server.ask("GET", f"/v1/videos/{id}").json
        ours = video["castlist"]
        assert isinstance(ours, dict)
        return video["status"], video["error"], ours["state"], ours["cost"], [each["state"] for each in ours["attempts"]]

    def heard(self) -> int:
        """How many messages were taken so far."""
        return self.server.run(self.server.gateway.storage.callbacks.last())

    def until(self, id: str, state: str) -> None:
        while True:
            ours = self.server.ask("GET", f"/v1/videos/{id}?wait=2").json["castlist"]
            assert isinstance(ours, dict)
            if ours["state"] == state:
                return


def find_url(path: str, document: object) -> str | None:
    query = parse_qs(urlsplit(path).query).get("fal_webhook")
    if query:
        return query[0]
    document = document if isinstance(document, dict) else {}
    found = document.get("options", {}).get("callback_url") if isinstance(document.get("options"), dict) else None
    return found or next(iter(document.get("webhook_config", {}).get("uris", [])), None)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with ExitStack() as stack:
        fal = stack.enter_context(serve(CallingFal()))
        kling, gemini = stack.enter_context(serve(KlingEmulator(lasts=600))), stack.enter_context(serve(CallingGemini()))
        config = CONFIG.format(
            fal=fal.base_url,
            fal_key=FAL_KEY,
            kling=kling.base_url,
            kling_key=kling.key,
            gemini=gemini.base_url,
            gemini_key=gemini.key,
            secret=SECRET,
            public=PUBLIC,
        )
        for server in run_server(tmp_path_factory.mktemp("callbacks"), config):
            yield Stage(server, fal, kling, gemini)


def test_a_callback_wakes_the_poll_long_before_it_was_due(stage: Stage) -> None:
    fake = stage.provider("fake")
    video = stage.video("patient")
    stage.until(video, "running")
    url = fake.last.callback  # type: ignore[attr-defined]  # the scripted provider keeps its last order

    while stage.state(video)[0] != "completed":
        assert stage.call(url, f'{{"try": {time.monotonic()}}}'.encode()).status == 200
        stage.server.ask("GET", f"/v1/videos/{video}?wait=1")

    assert fake.polls >= 2  # type: ignore[attr-defined]  # as above


def test_a_callback_before_the_answer_to_the_submission_changes_nothing(stage: Stage) -> None:
    fake = stage.provider("fake")
    submits = fake.submits  # type: ignore[attr-defined]  # the scripted provider counts
    video = stage.video("late")
    while fake.submits == submits:  # type: ignore[attr-defined]  # as above
        stage.state(video)
    url, before = fake.last.callback, stage.state(video)  # type: ignore[attr-defined]  # as above

    assert stage.call(url, b"early").status == 200

    assert before[2] == "submitting"
    while stage.state(video)[0] != "completed":
        stage.call(url, f"again {time.monotonic()}".encode())
        stage.server.ask("GET", f"/v1/videos/{video}?wait=1")
    assert fake.submits == submits + 1  # type: ignore[attr-defined]  # as above


def test_a_callback_after_the_end_and_one_for_nobody_change_nothing(stage: Stage) -> None:
    video = stage.video("quick")
    stage.server.finish(video)
    url = stage.provider("fake").last.callback  # type: ignore[attr-defined]  # the scripted provider keeps its last order
    before, heard = stage.state(video), stage.heard()

    assert stage.call(url, b"late").status == 200
    assert stage.call(url[:-1] + ("0" if url[-1] != "0" else "1")).error["code"] == "unknown_callback"
    assert stage.call(url.replace("/fake/", "/kling/")).status == 404
    assert stage.call(f"{PUBLIC}/v1/callbacks/fake/att_0.0").status == 404
    assert (stage.state(video), stage.heard()) == (before, heard)


def test_fal_signs_with_its_keys(stage: Stage) -> None:
    video = stage.video("fal")
    url = stage.told("fal")
    stage.until(video, "running")
    before, heard, polls = stage.state(video), stage.heard(), stage.fal.counts["keys"]
    body = b'{"request_id": "r1", "status": "OK", "payload": {"video": {"url": "https://evil.example.com/x.mp4"}}}'
    signed = stage.fal.sign(body, "r1")

    assert stage.call(url, body, signed).status == 200
    assert stage.call(url, body, signed).status == 200
    assert stage.call(url, body, stage.fal.sign(body, "r1")).status == 200
    assert stage.heard() == heard + 1

    for forged in (
        {},
        {**signed, "X-Fal-Webhook-Request-Id": "r2"},
        {**signed, "X-Fal-Webhook-Signature": "00" * 64},
        {**signed, "X-Fal-Webhook-Signature": "no"},
        stage.fal.sign(body, "r3", at=int(time.time()) - 400),
        stage.fal.sign(body + b" ", "r4"),
    ):
        assert stage.call(url, body, forged).error["code"] == "callback_refused"
    assert (stage.state(video), stage.heard()) == (before, heard + 1)
    assert stage.fal.counts["keys"] - polls <= 2


def test_fal_may_call_before_it_has_answered(stage: Stage) -> None:
    stage.fal.gateway = stage.server.base
    try:
        video = stage.video("fal")
        stage.until(video, "running")
    finally:
        stage.fal.gateway = ""

    assert stage.fal.early == [200]
    assert stage.state(video)[4] == ["ticketed"]


def test_kling_signs_by_the_account_s_secret(stage: Stage) -> None:
    video = stage.video("kling")
    url = stage.told("kling")
    stage.until(video, "running")
    before, heard = stage.state(video), stage.heard()
    body = b'{"id":"1234567890","status":"failed","message":"forged or not, it is not believed"}'
    now = int(time.time())

    def sign(id: str, *, at: int = now, secret: str = SECRET) -> dict[str, str]:
        then = datetime.fromtimestamp(at, UTC)
        return {"webhook-id": id, "webhook-timestamp": str(at), "webhook-signature": Webhook(secret).sign(id, then, body.decode())}

    assert stage.call(url, body, sign("m1")).status == 200
    assert stage.call(url, body, sign("m1")).status == 200
    other = "whsec_" + base64.b64encode(b"another secret of 32 bytes......").decode()
    for forged in ({}, sign("m2", at=now - 301), sign("m2", at=now + 400), sign("m2", secret=other), {**sign("m2"), "webhook-id": "m3"}):
        assert stage.call(url, body, forged).error["code"] == "callback_refused"
    assert (stage.state(video), stage.heard()) == (before, heard + 1)


def test_google_signs_with_a_token_of_its_keys(stage: Stage) -> None:
    video = stage.video("gemini")
    url = stage.told("gemini")
    stage.until(video, "running")
    before, heard = stage.state(video), stage.heard()
    good = stage.gemini.sign("g1")
    head, claims, signature = good["webhook-signature"].split(".")
    longer = encode({"iat": int(time.time()), "exp": int(time.time()) + 9999})

    assert stage.call(url, b"{}", good).status == 200
    assert stage.call(url, b"{}", good).status == 200
    for forged in (
        {},
        stage.gemini.sign("g2", kid="k2"),
        stage.gemini.sign("g2", life=-120),
        stage.gemini.sign("g2", alg="none"),
        {**good, "webhook-id": "g2", "webhook-signature": f"{head}.{longer}.{signature}"},
        {**good, "webhook-id": "g2", "webhook-signature": f"{head}.{claims}."},
        {**good, "webhook-id": "g2", "webhook-signature": "v1,AAAA"},
    ):
        assert stage.call(url, b"{}", forged).error["code"] == "callback_refused"
    assert (stage.state(video), stage.heard()) == (before, heard + 1)


def test_each_attempt_has_an_address_of_its_own_and_no_view_or_row_shows_it(stage: Stage) -> None:
    first, second = stage.video("fal"), ""
    url = stage.told("fal")
    stage.until(first, "running")
    second = stage.video("fal")
    stage.until(second, "running")

    other = stage.told("fal")

    assert other != url
    token = url.rpartition("/")[2].partition(".")[2].encode()
    assert token not in stage.server.ask("GET", f"/v1/videos/{first}").body
    assert not [path for path in stage.server.data.rglob("castlist.db*") if token in path.read_bytes()]


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("kling", {"kling": {"callback_url": "https://mine.example.com"}}),
        ("fal", {"fal_ai": {"fal_webhook": "https://mine.example.com"}}),
        ("gemini", {"gemini": {"webhook_config": {"uris": ["https://mine.example.com"]}}}),
        ("kling", {"callback_url": "https://mine.example.com"}),
    ],
)
def test_a_caller_s_callback_is_refused(stage: Stage, model: str, options: dict[str, object]) -> None:
    reply = stage.server.post("/v1/videos", {"prompt": "A lamp", "model": model, "seconds": "8", "size": "1280x720", **options})

    assert reply.status == 400, reply.body


def test_a_caller_s_webhook_never_reaches_a_vendor(stage: Stage) -> None:
    video = stage.video("fal", castlist={"webhook": {"url": "https://mine.example.com/hook"}})
    stage.until(video, "running")

    assert "mine.example.com" not in repr(stage.fal.requests)


def test_a_vendor_that_hangs_up_is_counted_as_gone_and_not_as_a_fault(stage: Stage) -> None:
    with socket.create_connection(("127.0.0.1", stage.server.port)) as line:
        line.sendall(b"POST /v1/callbacks/fal_ai/nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf")

    def count(status: int) -> bool:
        text = stage.server.ask("GET", "/metrics").body.decode()
        return any("/callbacks/" in each and f'status="{status}"' in each for each in text.splitlines())

    while not (count(499) or count(500)):
        pass
    assert count(499)
