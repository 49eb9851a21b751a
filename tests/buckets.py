"""A real S3 server for tests, rclone's from its wheel, on a free port of this machine."""

import json
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from castlist.model.places import Bucket

NAME = "videos"
KEY, SECRET = "castlist-tests", "castlist-tests-secret"


class Server:
    """Buckets are folders of its own; `stop` and `start` are what a bad day does to it."""

    def __init__(self, folder: Path, *, signed: bool = True) -> None:
        self._folder = folder
        self._keys = ["--auth-key", f"{KEY},{SECRET}"] if signed else []
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.url,
        }

    def start(self) -> None:
        """Come up, on the same port as before; returns when it takes connections."""
        program = Path(sys.executable).with_name("rclone")
        address = ["--addr", f"127.0.0.1:{self.port}", *self._keys, "--config", "/dev/null"]
        with (self._folder / "log").open("ab") as log:
            command = [str(program), "serve", "s3", *address, str(self._folder / "buckets")]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
                return
            except OSError:
                if self._process.poll() is not None:
                    raise RuntimeError((self._folder / "log").read_text()) from None
                # Until it listens there is nothing to wait on but time.
                subprocess.run(["sleep", "0.05"], check=True)

    def stop(self) -> None:
        """Go, as when the network does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            self._process = None

    def bucket(self, *, secret: str = SECRET, name: str = NAME, cache_bytes: int = 64 << 20) -> Bucket:
        """A new empty place in a bucket."""
        settings = {
            "access_key_id": KEY,
            "secret_access_key": secret,
            "region": "us-east-1",
            "endpoint": self.url,
            "virtual_hosted_style_request": "false",
        }
        return Bucket("s3", name, f"kept/{secrets.token_hex(6)}", settings, cache_bytes)

    def google(self, *, name: str = NAME) -> Bucket:
        """The same as Google's client sees it, which speaks the older of its two APIs: S3's, but for signatures."""
        key = {"gcs_base_url": self.url, "disable_oauth": True, "client_email": "", "private_key": "", "private_key_id": ""}
        return Bucket("gs", name, f"kept/{secrets.token_hex(6)}", {"google_service_account_key": json.dumps(key)})

    def files(self, place: Bucket) -> list[str]:
        """The names of the assets in a place."""
        found = (self._folder / "buckets" / place.name / place.prefix).rglob("*")
        return sorted(path.name for path in found if path.is_file() and path.name.startswith("asset_"))


@contextmanager
def server(*, signed: bool = True) -> Iterator[Server]:
    """A running server; one that asks for no signature if it is not `signed`."""
    folder = Path(tempfile.mkdtemp(prefix="castlist-s3-"))
    (folder / "buckets" / NAME).mkdir(parents=True)
    found = Server(folder, signed=signed)
    try:
        found.start()
        yield found
    finally:
        found.stop()
        shutil.rmtree(folder)
