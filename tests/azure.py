"""The little of Azure's Blob API that stored files need, on a free port of this machine: single blobs, and many deleted in one batch."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote, urlsplit

from castlist.model.places import Bucket
from listening import serve_http

ACCOUNT, KEY, CONTAINER = "castlisttests", "a2V5", "videos"
GONE = "404 The specified blob does not exist."
NOWHERE = "404 The specified container does not exist."


@dataclass
class Account:
    """What is stored, by container and name."""

    port: int = 0
    blobs: dict[str, bytes] = field(default_factory=dict)

    def container(self, name: str = CONTAINER) -> Bucket:
        """A place in it; only `videos` is there."""
        url = f"http://127.0.0.1:{self.port}/{ACCOUNT}"
        settings = {"azure_storage_account_name": ACCOUNT, "azure_storage_account_key": KEY, "azure_storage_endpoint": url}
        return Bucket("az", name, "kept", settings)

    def files(self) -> list[str]:
        """The names of the assets."""
        return sorted(name for name in (path.rpartition("/")[2] for path in self.blobs) if name.startswith("asset_"))

    def delete(self, path: str) -> str:
        """The line of status that Azure says of it."""
        if not path.startswith(f"/{ACCOUNT}/{CONTAINER}/"):
            return NOWHERE
        return GONE if self.blobs.pop(path, None) is None else "202 Accepted"


def batch(account: Account, body: str) -> bytes:
    """The answers to a batch of deletions, each as the whole answer to a request of its own."""
    parts = []
    for number, asked in enumerate(re.findall(r"^DELETE (\S+)", body, re.MULTILINE)):
        path = asked if asked.startswith(f"/{ACCOUNT}/") else f"/{ACCOUNT}{asked}"
        head = f"--batch\r\nContent-Type: application/http\r\nContent-ID: {number}\r\n\r\n"
        parts.append(f"{head}HTTP/1.1 {account.delete(unquote(urlsplit(path).path))}\r\nx-ms-version: 2023-11-03\r\n\r\n\r\n")
    return ("".join(parts) + "--batch--\r\n").encode()


@contextmanager
def serve_azure() -> Iterator[Account]:
    """An account with one container until the context ends."""
    account = Account()

    class Request(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            content, path = self._body(), unquote(urlsplit(self.path).path)
            if not path.startswith(f"/{ACCOUNT}/{CONTAINER}/"):
                self._answer(404, b"<Error><Code>ContainerNotFound</Code></Error>")
                return
            account.blobs[path] = content
            self._answer(201)

        def do_GET(self) -> None:
            content = account.blobs.get(unquote(urlsplit(self.path).path))
            if content is None:
                self._answer(404, b"<Error><Code>BlobNotFound</Code></Error>")
                return
            wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or self.headers.get("x-ms-range") or "")
            if not wanted:
                self._answer(200, content)
                return
            start, end = int(wanted[1]), min(int(wanted[2]), len(content) - 1)
            self._answer(206, content[start : end + 1], **{"Content-Range": f"bytes {start}-{end}/{len(content)}"})

        do_HEAD = do_GET  # noqa: N815  # the name that http.server looks for

        def do_POST(self) -> None:
            self._answer(202, batch(account, self._body().decode()), **{"Content-Type": "multipart/mixed; boundary=batch"})

        def _body(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def _answer(self, status: int, content: bytes = b"", **headers: str) -> None:
            self.send_response(status)
            facts = {"ETag": '"one"', "Last-Modified": formatdate(usegmt=True), "x-ms-version": "2023-11-03", **headers}
            for name, value in {**facts, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

    with serve_http(Request) as account.port:
        yield account
