"""`castlist serve` as a process of its own, to talk to, to stop and to kill."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass
class Served:
    """A serving process; `url` is where it listens."""

    process: subprocess.Popen[str]
    url: str
    data: Path

    def ask(self, method: str, path: str, body: object = None) -> dict[str, object]:
        """One request with a JSON body; the JSON answer."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=70)
        try:
            headers = {"Content-Type": "application/json"} if body is not None else {}
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            value = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        assert isinstance(value, dict)
        return value

    def upload(self, name: str, clip: Path) -> dict[str, object]:
        """A character from a clip."""
        boundary = "cut-here"
        parts = f'--{boundary}\r\nContent-Disposition: form-data; name="name"\r\n\r\n{name}\r\n--{boundary}\r\n'
        head = f'{parts}Content-Disposition: form-data; name="video"; filename="clip.mp4"\r\n\r\n'.encode()
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=70)
        try:
            body = head + clip.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
            connection.request("POST", "/v1/videos/characters", body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})
            value = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        assert isinstance(value, dict)
        return value

    def wait(self, id: str, *, until: str = "end") -> dict[str, object]:
        """The video once it has ended, or once its `castlist.state` is `until`."""
        while True:
            video = self.ask("GET", f"/v1/videos/{id}?wait=20")
            if video["status"] in {"completed", "failed"} or video["castlist"]["state"] == until:
                return video

    def kill(self) -> None:
        """No goodbye."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def serve(data: Path, *options: str) -> Iterator[Served]:
    """A gateway on `data` until the context ends."""
    command = [sys.executable, "-m", "castlist.cli", "serve", "--port", "0", "--data", str(data), "--json", *options]
    with (data.parent / f"{data.name}.log").open("a") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            yield Served(process, read_url(process), data)
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(20)
            process.stdout.close()


def read_url(process: subprocess.Popen[str]) -> str:
    """Where the process says it listens."""
    text = ""
    for line in process.stdout:
        text += line
        with contextlib.suppress(ValueError):
            return str(json.loads(text)["url"])
    raise AssertionError(f"the server said no address: {text!r}")
