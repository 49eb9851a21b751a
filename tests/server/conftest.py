"""A real gateway on a real socket, in a thread of its own, with the scripted fake provider and the embedded renderer."""

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from castlist.assembly import Gateway, open_gateway
from castlist.config import load
from castlist.model.operations import CreateVideo
from castlist.server.listen import make_server

T = TypeVar("T")

KEY = "sk-test-master"
OTHER_KEY = "sk-test-other"
CONFIG = """
model_list:
  - {model_name: sora-2, litellm_params: {model: fake/instant}}
  - {model_name: stuck, litellm_params: {model: fake/stuck}}
  - {model_name: broken, litellm_params: {model: fake/fail}}
  - {model_name: silent, litellm_params: {model: fake/ambiguous}}
  - {model_name: drawn, litellm_params: {model: animatic/animatic}}
general_settings: {master_key: sk-test-master}
castlist:
  projects:
    - {name: other, keys: [sk-test-other]}
"""
OPEN_CONFIG = """
model_list:
  - {model_name: sora-2, litellm_params: {model: animatic/animatic}}
castlist:
  limits: {upload_mib: 1}
"""


@dataclass
class Reply:
    """One answer: status, headers with lower-case names, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        value = json.loads(self.body)
        assert isinstance(value, dict)
        return value

    @property
    def error(self) -> dict[str, object]:
        error = self.json["error"]
        assert isinstance(error, dict)
        assert set(error) == {"message", "type", "param", "code"}
        return error


@dataclass
class Server:
    """A gateway that listens; `ask` sends one request on a connection of its own."""

    port: int
    gateway: Gateway
    loop: asyncio.AbstractEventLoop
    data: Path
    key: str | None = KEY
    defaults: dict[str, str] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None, key: str | None = None
    ) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        token = key or self.key
        sent = {**({"Authorization": f"Bearer {token}"} if token else {}), **self.defaults, **(headers or {})}
        try:
            connection.request(method, path, body=body, headers={name: value for name, value in sent.items() if value})
            answer = connection.getresponse()
            return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def post(self, path: str, value: object, *, key: str | None = None) -> Reply:
        return self.ask("POST", path, body=json.dumps(value).encode(), headers={"Content-Type": "application/json"}, key=key)

    def form(self, path: str, *parts: tuple[str, str | bytes, str | None], key: str | None = None) -> Reply:
        """Multipart: (name, value, file name or None)."""
        body, kind = make_form(*parts)
        return self.ask("POST", path, body=body, headers={"Content-Type": kind}, key=key)

    def video(self, **fields: object) -> str:
        reply = self.post("/v1/videos", {"prompt": "A lamp in a library", "model": "sora-2", **fields})
        assert reply.status == 200, reply.body
        return str(reply.json["id"])

    def finish(self, id: str) -> dict[str, object]:
        """The video once it has ended."""
        while True:
            video = self.ask("GET", f"/v1/videos/{id}?wait=10").json
            if video["status"] in {"completed", "failed"}:
                return video

    def run(self, work: Coroutine[None, None, T]) -> T:
        """The result of work in the gateway's own loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    def operation(self, id: str) -> CreateVideo:
        """What was understood of a request for a new video."""
        job = self.run(self.gateway.storage.jobs.any(id))
        assert job is not None
        assert isinstance(job.operation, CreateVideo)
        return job.operation

    def left(self) -> list[str]:
        """Files in the scratch folder."""
        return sorted(path.name for path in self.gateway.storage.scratch.iterdir())


def make_form(*parts: tuple[str, str | bytes, str | None], boundary: str = "frontier-7") -> tuple[bytes, str]:
    """A multipart body and its content type."""
    lines = bytearray()
    for name, value, filename in parts:
        tail = f'; filename="{filename}"\r\nContent-Type: application/octet-stream' if filename is not None else ""
        lines += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{tail}\r\n\r\n'.encode()
        lines += (value.encode() if isinstance(value, str) else value) + b"\r\n"
    return bytes(lines) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def run_server(folder: Path, config: str, *, key: str | None = KEY, environ: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A server until the generator is closed."""
    path = folder / "castlist.yaml"
    path.write_text(config)
    settings = load(path, environ={"CASTLIST_DATA": str(folder / "data"), **(environ or {})})
    ready: threading.Event = threading.Event()
    made: list[Server] = []
    stop: list[asyncio.Event] = []

    async def live() -> None:
        gateway = await open_gateway(settings, serving=True, worker=True)
        server = make_server(gateway.app)
        listener = socket.create_server(("127.0.0.1", 0))
        await gateway.start()
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        leave = asyncio.Event()
        stop.append(leave)
        made.append(Server(listener.getsockname()[1], gateway, asyncio.get_running_loop(), folder / "data", key))
        ready.set()
        await leave.wait()
        server.should_exit = server.force_exit = True
        await serving
        await gateway.stop()

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    while not ready.wait(0.2):
        assert thread.is_alive(), "the server did not start"
    yield made[0]
    made[0].loop.call_soon_threadsafe(stop[0].set)
    thread.join(30)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A gateway that wants a key, with two projects."""
    yield from run_server(tmp_path_factory.mktemp("server"), CONFIG)


@pytest.fixture(scope="session")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A gateway that takes anybody on this machine."""
    yield from run_server(tmp_path_factory.mktemp("open"), OPEN_CONFIG, key=None)
