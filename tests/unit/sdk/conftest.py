"""A small real HTTP server that answers as a test has written it down, and keeps what it was asked."""

import json
import socket
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

import pytest

from castlist import Client
from listening import serve_http

Answer = tuple[int, dict[str, str], bytes] | Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        return json.loads(self.body)


@dataclass
class Script:
    """Answers in order; when they run out, the last one is given again."""

    answers: deque[Answer] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def say(self, json_body: object, *, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.answers.append((status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(json_body).encode()))

    def send(self, content: bytes, **headers: str) -> None:
        self.answers.append((200, headers, content))

    def break_off(self) -> None:
        self.answers.append(hang_up)

    def next(self) -> Answer:
        return self.answers.popleft() if len(self.answers) > 1 else self.answers[0]


def hang_up(exchange: BaseHTTPRequestHandler) -> None:
    """Close the connection without a word."""
    exchange.close_connection = True


def make_answerer(script: Script) -> type[BaseHTTPRequestHandler]:
    class Answerer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            script.asked.append(Asked(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            answer = script.next()
            if callable(answer):
                answer(self)
                return
            status, headers, content = answer
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815

    return Answerer


@pytest.fixture
def script() -> Iterator[Script]:
    script = Script()
    with serve_http(make_answerer(script)) as port:
        script.url = f"http://127.0.0.1:{port}"
        yield script


@pytest.fixture
def client(script: Script) -> Iterator[Client]:
    with Client(script.url, api_key="sk-1") as client:
        yield client


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
