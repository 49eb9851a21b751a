"""Files to move: real clips made as long as wanted by a box that players pass over, and a stream that sends one without holding it."""

import http.client
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

CHUNK = 256 * 1024
BOUNDARY = "castlist-bench"


def padded(clip: Path, into: Path, *, size: int) -> Path:
    """`clip` with a `free` box at its end, `size` bytes in all."""
    content = clip.read_bytes()
    box = size - len(content)
    with into.open("wb") as file:
        file.write(content)
        file.write(box.to_bytes(4, "big") + b"free")
        file.truncate(size)
    return into


def upload(url: str, path: str, *, key: str, fields: dict[str, str], file: tuple[str, Path]) -> int:
    """POSTs a form with a file from disk, a chunk at a time; the status of the answer."""
    head = "".join(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in fields.items())
    name, source = file
    head += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="clip.mp4"\r\nContent-Type: video/mp4\r\n\r\n'
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()
    length = len(head.encode()) + source.stat().st_size + len(tail)

    def body() -> Iterator[bytes]:
        yield head.encode()
        with source.open("rb") as opened:
            while part := opened.read(CHUNK):
                yield part
        yield tail

    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=120)
    headers = {"Authorization": f"Bearer {key}", "Content-Length": str(length), "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    connection.request("POST", path, body(), headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def download(url: str, path: str, *, key: str) -> int:
    """Reads a whole answer without keeping it; its length in bytes."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=120)
    connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
    answer = connection.getresponse()
    length = 0
    while part := answer.read(CHUNK):
        length += len(part)
    connection.close()
    return length if answer.status == 200 else 0
