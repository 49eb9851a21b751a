"""A receiver of webhooks on a real socket: it keeps what came and answers as it is told."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from listening import serve_http


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """`answers` are statuses, in turn, with the last one for all that follow; 0 hangs until the test is over, as does the first request
    that has a text of `hangs` in it."""

    answers: Sequence[int] = (200,)
    got: list[Received] = field(default_factory=list)
    hangs: set[str] = field(default_factory=set)
    location: str = ""
    port: int = 0
    arrived: threading.Condition = field(default_factory=threading.Condition)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def take(self, received: Received) -> int:
        with self.arrived:
            self.got.append(received)
            self.arrived.notify_all()
            if hung := {text for text in self.hangs if text.encode() in received.body}:
                self.hangs -= hung
                return 0
            return self.answers[min(len(self.got), len(self.answers)) - 1]

    def wait(self, count: int = 1, *, timeout: float = 30) -> list[Received]:
        """What came, once it is that much."""
        return self.wait_for(lambda got: len(got) >= count, timeout=timeout)

    def wait_for(self, wanted: Callable[[list[Received]], bool], *, timeout: float = 30) -> list[Received]:
        with self.arrived:
            assert self.arrived.wait_for(lambda: wanted(self.got), timeout), [each.path for each in self.got]
            return list(self.got)


@contextmanager
def receive(*answers: int, location: str = "") -> Iterator[Receiver]:
    """A receiver until the context ends."""
    receiver = Receiver(answers or (200,), location=location)

    class Request(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = receiver.take(Received(self.path, headers, body))
            if not status:
                receiver.over.wait(60)
                return
            self.send_response(status)
            if receiver.location:
                self.send_header("Location", receiver.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with serve_http(Request) as receiver.port:
        try:
            yield receiver
        finally:
            receiver.over.set()
