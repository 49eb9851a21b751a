"""Requests that come twice: one key, one retry or one broken line makes one video, and two equal requests make two."""

import asyncio
import hashlib
import io
import json
import secrets
import socket
import threading
from collections.abc import Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from openai import OpenAI

from castlist import samples
from castlist.model.asks import Incoming
from castlist.server.app import App
from server.conftest import KEY, Server, make_form
from server.finished import add_finished
from server.test_videos import PNG


@pytest.fixture
def key() -> str:
    """A key of this test's own, and a part of what it asks for: the server is everybody's."""
    return secrets.token_hex(8)


def lamp(key: str, **more: object) -> dict[str, object]:
    return {"prompt": f"A lamp in library {key}", "model": "stuck", "seconds": "4", **more}


def send(server: Server, body: object, *, path: str = "/v1/videos", project: str | None = None, **headers: str):
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.ask("POST", path, body=json.dumps(body).encode(), headers={"Content-Type": "application/json", **more}, key=project)


def count(server: Server, key: str) -> int:
    """How many videos were made of this test's requests, in all projects."""
    sql = f"SELECT count(*) FROM jobs WHERE doc LIKE '%{key}%'"
    asked = server.gateway.storage.write(lambda connection: connection.execute(sql).fetchone()[0])
    return asyncio.run_coroutine_threadsafe(asked, server.loop).result(10)


def test_two_equal_requests_are_two_videos(server: Server, key: str) -> None:
    assert send(server, lamp(key)).json["id"] != send(server, lamp(key)).json["id"]


def test_the_same_key_gives_the_first_video_and_another_body_a_conflict(server: Server, key: str) -> None:
    first = send(server, lamp(key), idempotency_key=key)
    again = send(server, dict(reversed(lamp(key).items())), idempotency_key=key)
    other = send(server, lamp(key, prompt=f"A candle in library {key}"), idempotency_key=key)
    elsewhere = send(server, lamp(key), idempotency_key=key, project="sk-test-other")

    assert again.json["id"] == first.json["id"]
    assert (other.status, other.error["code"], other.error["param"]) == (409, "idempotency_key_reused", "Idempotency-Key")
    assert elsewhere.json["id"] != first.json["id"]
    assert count(server, key) == 2


@pytest.mark.parametrize("kind", ["edits", "extensions", "remix"])
def test_a_key_holds_for_each_way_to_make_a_video(server: Server, key: str, kind: str) -> None:
    source = add_finished(server, model="stuck")
    path = f"/v1/videos/{source}/remix" if kind == "remix" else f"/v1/videos/{kind}"
    body = (
        {"prompt": f"Go on {key}"}
        | ({} if kind == "remix" else {"video": {"id": source}})
        | ({"seconds": "4"} if kind == "extensions" else {})
    )

    first, again = (send(server, body, path=path, idempotency_key=key) for _ in range(2))

    assert (first.status, again.json["id"]) == (200, first.json["id"])
    assert send(server, lamp(key), idempotency_key=key).error["code"] == "idempotency_key_reused"


def test_one_key_sent_eight_times_at_once_makes_one_video(server: Server, key: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: send(server, lamp(key), idempotency_key=key), range(8)))

    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert count(server, key) == 1


def test_forms_of_one_request_with_other_boundaries_and_the_same_file_are_the_same(server: Server, key: str) -> None:
    source = samples.path("luna.mp4").read_bytes()

    def upload(clip: bytes, boundary: str):
        body, kind = make_form(("prompt", f"At dusk {key}", None), ("model", "stuck", None), ("video", clip, "a.mp4"), boundary=boundary)
        return server.ask("POST", "/v1/videos/edits", body=body, headers={"Content-Type": kind, "Idempotency-Key": key})

    first, again = upload(source, "one"), upload(source, "two")
    other = upload(source + b"\0", "three")

    assert (first.status, again.json["id"]) == (200, first.json["id"])
    assert other.status == 409
    assert not [name for name in server.left() if name.startswith("upload-")]


def test_a_request_that_says_it_was_sent_before_has_its_first_video(server: Server, key: str) -> None:
    first, second = send(server, lamp(key)).json["id"], send(server, lamp(key)).json["id"]

    again = [send(server, lamp(key), x_stainless_retry_count="1").json["id"] for _ in range(3)]

    assert again == [first, second, first]
    assert send(server, lamp(key, seconds="8"), x_stainless_retry_count="1").json["id"] not in {first, second}
    assert send(server, lamp(key), x_stainless_retry_count="0").json["id"] not in {first, second}


@pytest.mark.parametrize("wrong", ["two words", "x" * 256, "ключ".encode().decode("latin-1")])
def test_a_key_that_is_none_is_refused_by_name(server: Server, key: str, wrong: str) -> None:
    refused = send(server, lamp(key), idempotency_key=wrong)

    assert (refused.status, refused.error["code"]) == (400, "invalid_idempotency_key")
    assert count(server, key) == 0


def test_a_key_whose_video_was_deleted_makes_no_other_one(server: Server, key: str) -> None:
    first = send(server, lamp(key), idempotency_key=key).json["id"]
    server.ask("DELETE", f"/v1/videos/{first}")

    refused = send(server, lamp(key), idempotency_key=key)

    assert (refused.status, refused.error["code"]) == (409, "idempotency_key_reused")
    assert first in str(refused.error["message"])


def test_a_retry_of_what_equals_a_deleted_video_makes_one(server: Server, key: str) -> None:
    first = send(server, lamp(key)).json["id"]
    server.ask("DELETE", f"/v1/videos/{first}")

    retry, again = (send(server, lamp(key), x_stainless_retry_count="1") for _ in range(2))

    assert (retry.status, again.json["id"]) == (200, retry.json["id"])
    assert retry.json["id"] != first


def test_a_key_holds_for_a_character_too(server: Server, key: str) -> None:
    clip = samples.path("luna.mp4").read_bytes()

    def upload(name: str):
        body, kind = make_form(("name", name, None), ("video", clip, "a.mp4"))
        return server.ask("POST", "/v1/videos/characters", body=body, headers={"Content-Type": kind, "Idempotency-Key": key})

    first, again, other = upload(f"Luna {key}"), upload(f"Luna {key}"), upload("Mossy")

    assert (first.status, again.json["id"]) == (200, first.json["id"])
    assert (other.status, other.error["code"]) == (409, "idempotency_key_reused")
    assert send(server, lamp(key), idempotency_key=key).status == 409


class Swallow:
    """A proxy that takes the first answer to a POST for itself and hangs up."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.requests = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, socket.create_connection(("127.0.0.1", self.target)) as upstream:
                self.requests += 1
                upstream.sendall(read_request(client))
                answer = b"".join(iter(lambda: upstream.recv(1 << 16), b""))
                if self.requests > 1:
                    client.sendall(answer)


def read_request(client: socket.socket) -> bytes:
    """One whole request with a Content-Length; the answer to it is to close the connection."""
    seen = b""
    while b"\r\n\r\n" not in seen:
        seen += client.recv(1 << 16)
    head, _, body = seen.partition(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    while len(body) < length:
        body += client.recv(1 << 16)
    return head + b"\r\nconnection: close\r\n\r\n" + body


@pytest.fixture
def swallow(server: Server) -> Iterator[Swallow]:
    proxy = Swallow(server.port)
    yield proxy
    proxy.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("reference", [False, True])
def test_openais_client_whose_first_answer_was_lost_makes_one_video(server: Server, key: str, swallow: Swallow, reference: bool) -> None:
    client = OpenAI(base_url=f"http://127.0.0.1:{swallow.port}/v1", api_key=KEY, max_retries=2)
    more = {"input_reference": ("frame.png", io.BytesIO(PNG), "image/png")} if reference else {}

    video = client.videos.create(prompt=f"A lamp in library {key}", model="stuck", seconds="4", size="1280x720", **more)

    assert swallow.requests == 2
    assert count(server, key) == 1
    assert OpenAI(base_url=f"{server.base}/v1", api_key=KEY).videos.list().data[0].id == video.id


def hang_up_before_the_answer(server: Server, key: str) -> None:
    """Send a whole request and be gone before it is answered."""
    body = json.dumps(lamp(key)).encode()
    head = (
        f"POST /v1/videos HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as line:
        line.sendall(head.encode() + body)


def lost(server: Server, key: str) -> int:
    """How many answers nobody was there for any more."""
    sql = f"SELECT count(*) FROM requests JOIN jobs ON jobs.id = owner WHERE lost_at IS NOT NULL AND jobs.doc LIKE '%{key}%'"
    asked = server.gateway.storage.write(lambda c: c.execute(sql).fetchone()[0])
    return asyncio.run_coroutine_threadsafe(asked, server.loop).result(10)


class Line:
    """One request for a video to an app, its client hanging up when told to."""

    def __init__(self, app: App, key: str, **headers: str) -> None:
        body = json.dumps(lamp(key, input_reference={"image_url": "https://far.example/frame.png"})).encode()
        self._messages = asyncio.Queue[dict[str, object]]()
        self._messages.put_nowait({"type": "http.request", "body": body, "more_body": False})
        self.told: list[MutableMapping[str, object]] = []
        more = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        head = [(b"host", b"127.0.0.1"), (b"authorization", f"Bearer {KEY}".encode()), (b"content-type", b"application/json"), *more]
        scope = {"type": "http", "method": "POST", "path": "/v1/videos", "query_string": b"", "headers": head, "client": ("127.0.0.1", 1)}
        self.done = asyncio.create_task(app({**scope, "scheme": "http"}, self._messages.get, self._hear))

    async def _hear(self, message: MutableMapping[str, object]) -> None:
        self.told.append(message)

    def hang_up(self) -> None:
        self._messages.put_nowait({"type": "http.disconnect"})


def test_a_second_try_that_overtakes_the_first_makes_one_video(server: Server, key: str) -> None:
    """The first one waits for a picture from far away when its client gives up and sends the same again."""
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def fetch(url: str, into: Path, *, limit: int) -> Incoming:
        if not arrived.is_set():
            arrived.set()
            await go_on.wait()
        path = into / f"fetched-{secrets.token_hex(6)}"
        path.write_bytes(PNG)
        return Incoming(path, "frame.png", len(PNG), hashlib.sha256(PNG).hexdigest())

    async def race() -> list[MutableMapping[str, object]]:
        app = App(replace(server.gateway.app.front, fetch=fetch))
        first = Line(app, key)
        await arrived.wait()
        first.hang_up()
        retry = Line(app, key, x_stainless_retry_count="1")
        await retry.done
        go_on.set()
        await first.done
        return retry.told

    told = server.run(race())

    assert told[0]["status"] == 200
    assert count(server, key) == 1
    assert not [name for name in server.left() if name.startswith(("fetched-", "reference-"))]


def test_a_request_after_a_broken_line_means_the_first_video_once(server: Server, key: str) -> None:
    hang_up_before_the_answer(server, key)
    while not lost(server, key):
        pass

    again, another = send(server, lamp(key)).json["id"], send(server, lamp(key)).json["id"]

    assert again != another
    assert count(server, key) == 2
