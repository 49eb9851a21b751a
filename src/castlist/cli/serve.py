"""`castlist serve`."""

import asyncio
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
import uvloop

from castlist import __version__
from castlist.assembly import Gateway, open_gateway
from castlist.cli.ending import PATIENCE, Ending
from castlist.cli.printing import print_json, print_line, show_safely
from castlist.cli.running import Json, tell_errors
from castlist.config import Overrides, Settings, load
from castlist.errors import CastlistError
from castlist.logs import log_to_stderr
from castlist.sealing import KEY_FILE
from castlist.server.listen import make_server

app = typer.Typer(rich_markup_mode=None, add_completion=False)


class Server(uvicorn.Server):
    """Leaves signals to us: uvicorn would end the process before the gateway has let go of its directory."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@app.command(epilog="Example: castlist serve --port 4000 --config config.yaml")
def serve(  # noqa: PLR0913  # one option each, as the command line has them
    *,
    config: Annotated[Path | None, typer.Option(envvar="CASTLIST_CONFIG", help="A configuration file; LiteLLM's are read.")] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on; another one than 127.0.0.1 needs a key.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port; 0 chooses a free one. [4000]")] = None,
    data: Annotated[Path | None, typer.Option(help="The data directory.")] = None,
    no_auth: Annotated[bool, typer.Option("--no-auth", help="Take callers on this machine without a key, whatever it costs.")] = False,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Only serve; `castlist worker` does the work.")] = False,
    as_json: Json = False,
) -> None:
    """Serve the API on this machine."""
    with tell_errors(as_json=as_json):
        overrides = Overrides(data=data, host=host, port=port, no_auth=no_auth or None)
        settings = load(config, overrides=overrides)
        log_to_stderr()
        with listen(settings) as listener, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run(settings, listener, worker=not no_worker, as_json=as_json))


@contextmanager
def listen(settings: Settings) -> Iterator[socket.socket]:
    """The listening socket. Raises CastlistError when the address is taken or is none of this machine's."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CastlistError(f"cannot listen on {settings.host}:{settings.port}: {reason}; --port chooses another one") from error
    with listener:
        listener.listen(2048)
        yield listener


async def run(settings: Settings, listener: socket.socket, *, worker: bool, as_json: bool) -> None:
    """Open the gateway, serve until a signal, close it."""
    gateway = await open_gateway(settings, serving=True, worker=worker)
    if gateway.worker:
        gateway.worker.patience = PATIENCE
    server = Server(make_server(gateway.app).config)
    resting: list[asyncio.Task[None]] = []

    def stop() -> None:
        # Work goes over to others at once: whoever listens to a stream may hold up the rest.
        server.should_exit = True
        if gateway.worker:
            resting.append(asyncio.create_task(gateway.worker.stop()))

    ending = Ending(first=stop, second=lambda: setattr(server, "force_exit", True))
    try:
        await gateway.start()
        announce(gateway, listener, as_json=as_json)
        await server.serve(sockets=[listener])
    finally:
        await ending.finish(close(gateway, resting))


async def close(gateway: Gateway, resting: Sequence[asyncio.Task[None]]) -> None:
    """Let go of all, once the worker has let go of its work."""
    await asyncio.gather(*resting, return_exceptions=True)
    await gateway.stop()


def announce(gateway: Gateway, listener: socket.socket, *, as_json: bool) -> None:
    """Where it listens, what it serves, and how callers are known."""
    host, port = listener.getsockname()[:2]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    facts = describe(gateway)
    key_file = gateway.settings.source if gateway.settings.master_key else str(gateway.settings.data / KEY_FILE)
    needs_key = not (gateway.open_mode or gateway.settings.no_auth)
    if as_json:
        notices = list(gateway.notices)
        print_json({"url": url, "key_needed": needs_key, "key_file": key_file, "warnings": notices, **facts})
        sys.stdout.flush()
        return
    print_line(f"Castlist {__version__} listens on {url}")
    print_line(f"data:   {gateway.settings.data}")
    models = facts["models"]
    for name, served in models.items() if isinstance(models, dict) else ():
        print_line(f"model:  {name} ({served})")
    print_line(f"key:    {'needed' if needs_key else 'not needed on this machine'}; it is in {key_file}")
    for notice in gateway.notices:
        print_line(f"note:   {show_safely(notice)}")
    with suppress(BrokenPipeError):
        sys.stdout.flush()


def describe(gateway: Gateway) -> Mapping[str, object]:
    """What a start-up says: models with all that serves them, and how callers are known."""
    models: dict[str, dict[str, None]] = {}
    for each in gateway.engine.kit.deployments:
        models.setdefault(each.model, {})[f"{each.provider}/{each.provider_model}"] = None
    served = {name: ", ".join(by) for name, by in models.items()}
    return {"models": served, "open_mode": gateway.open_mode, "data": str(gateway.settings.data)}
