"""A gateway of this process's own: the same server in a background thread, on a private socket, stopped when the process ends."""

import asyncio
import atexit
import concurrent.futures.thread  # noqa: F401  # registers the end of its pools, which ours must come before: the last one is called first
import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import structlog
import uvicorn

from castlist.assembly import Gateway, open_gateway
from castlist.config import Overrides, Settings, config_path, load
from castlist.errors import CastlistError
from castlist.logs import log_to_stderr

LONGEST_PATH = 100
"""Bytes of a socket's path that every platform takes."""

GRACE = 10.0
"""Seconds the end of the process waits for the gateway to let go of its directory."""


@dataclass
class Home:
    """One running gateway; `routes` is its configuration where a Router brought it. `failure` is why it could not start."""

    data: Path
    routes: str | None = None
    pid: int = field(default_factory=os.getpid)
    started: threading.Event = field(default_factory=threading.Event)
    socket: str = ""
    failure: BaseException | None = None
    quiet: bool = False
    gateway: Gateway | None = None
    loop: asyncio.AbstractEventLoop | None = None
    leave: asyncio.Event | None = None
    thread: threading.Thread | None = None

    def run(self) -> None:
        """The thread's life."""
        try:
            with asyncio.Runner(loop_factory=new_loop) as runner:
                runner.run(self.serve())
        except BaseException as error:
            self.failure = error
        finally:
            self.started.set()

    async def serve(self) -> None:
        """Open, serve until asked to leave, and close."""
        self.loop, self.leave = asyncio.get_running_loop(), asyncio.Event()
        settings = read_settings(self.data, self.routes)
        # A server on the same directory may not have the models of a Router.
        gateway = self.gateway = await open_gateway(settings, serving=False, worker=True, yields=self.routes is None)
        try:
            server = uvicorn.Server(configure(gateway))
            listener, folder = listen(gateway.storage.scratch)
            self.socket = listener.getsockname()
            await gateway.start()
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            self.started.set()
            await self.leave.wait()
            await self.tell_what_is_left(gateway)
            server.should_exit = server.force_exit = True
            await serving
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            await gateway.stop()

    async def tell_what_is_left(self, gateway: Gateway) -> None:
        """One line for work that nobody is going on with."""
        left = await gateway.storage.jobs.unfinished()
        if not left or self.quiet or gateway.storage.holders.working():
            return
        what = "1 video is" if left == 1 else f"{left} videos are"
        print(  # noqa: T201  # the one line a program's user must see
            f"castlist: {what} not finished; `castlist worker` or the next program that uses {self.data} goes on with it.", file=sys.stderr
        )

    def close(self) -> None:
        """Stop serving and let go of the directory."""
        if self.loop is None or self.leave is None or self.thread is None or not self.thread.is_alive():
            return
        self.loop.call_soon_threadsafe(self.leave.set)
        self.thread.join(GRACE)


@dataclass
class Homes:
    """The gateways of this process by data directory; after a fork the child's are its own."""

    by_place: dict[tuple[Path, str | None], Home] = field(default_factory=dict)
    door: threading.Lock = field(default_factory=threading.Lock)

    def find(self, data: Path, routes: str | None = None) -> Home:
        """The running gateway on `data`, started when there is none. Raises what kept it from starting."""
        with self.door:
            home = self.by_place.get((data, routes))
            if home is None or home.pid != os.getpid() or home.thread is None or not home.thread.is_alive():
                home = self.by_place[data, routes] = Home(data, routes)
                home.thread = threading.Thread(target=home.run, name="castlist", daemon=True)
                home.thread.start()
        home.started.wait()
        if home.failure is not None:
            raise home.failure
        return home

    def close(self) -> None:
        for home in list(self.by_place.values()):
            if home.pid == os.getpid():
                home.close()

    def reopen_doors(self) -> None:
        """In a forked child: the lock may have been held, and no thread of the parent's is here."""
        self.door = threading.Lock()
        self.by_place.clear()


def reach(data: Path, routes: str | None = None) -> tuple[str, str | None]:
    """The socket of this process's gateway on `data`, and the key it wants: none, only this user can reach the socket."""
    return HOMES.find(data.expanduser().absolute(), routes).socket, None


def hand_over(data: Path) -> bool:
    """Leave unfinished work on `data` to a process of its own, unless another process serves the directory."""
    home = HOMES.find(data.expanduser().absolute())
    home.quiet = True
    if home.gateway is None or home.gateway.storage.holders.serving():
        return False
    subprocess.Popen(
        [sys.executable, "-m", "castlist.cli", "worker", "--until-idle", "--data", str(home.data)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return True


def read_settings(data: Path, routes: str | None = None) -> Settings:
    """The settings of the file that the environment names, or of a Router. Raises ConfigError."""
    return load(config_path() if routes is None else Path("castlist.Router"), overrides=Overrides(data=data), text=routes)


def configure(gateway: Gateway) -> uvicorn.Config:
    return uvicorn.Config(
        gateway.app,
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="critical",
        proxy_headers=False,
        timeout_keep_alive=30,
        ws="none",
    )


def listen(scratch: Path) -> tuple[socket.socket, Path | None]:
    """A private socket in the scratch folder, or in a folder of its own (which is returned) when that path is too long."""
    scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
    path, folder = scratch / "socket", None
    if len(os.fsencode(path)) > LONGEST_PATH:
        folder = Path(tempfile.mkdtemp(prefix="castlist-", dir=None if len(tempfile.gettempdir()) < LONGEST_PATH - 40 else "/tmp"))
        path = folder / "socket"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o600)
    # From here on a client may connect; it is answered as soon as the server runs.
    listener.listen(256)
    return listener, folder


def new_loop() -> asyncio.AbstractEventLoop:
    if sys.platform == "win32":
        raise CastlistError("a gateway inside a program needs Unix sockets; start `castlist serve` and set CASTLIST_BASE_URL")
    if sys.version_info >= (3, 12):
        # Where uvloop forks, these clear what other threads of the application keep for themselves, in the child: PyAV's scalers wait there
        # for threads that were not forked, and the loop for the child. asyncio's own loop runs no Python between fork and exec.
        return asyncio.new_event_loop()
    import uvloop  # noqa: PLC0415  # it does not exist on Windows

    return uvloop.new_event_loop()


def at_end(close: Callable[[], None]) -> None:
    """Call `close` while threads can still be used: `atexit` comes after the interpreter has shut its thread pools."""
    register: Callable[[Callable[[], None]], object] = getattr(threading, "_register_atexit", None) or atexit.register
    register(close)


HOMES = Homes()
os.register_at_fork(after_in_child=HOMES.reopen_doors)
at_end(HOMES.close)
if not structlog.is_configured():
    log_to_stderr(logging.ERROR)
