"""`castlist worker`."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from castlist.assembly import open_gateway
from castlist.cli.ending import PATIENCE, Ending
from castlist.cli.printing import print_json, print_line
from castlist.cli.running import Json, tell_errors
from castlist.config import Overrides, Settings, load
from castlist.logs import log_to_stderr
from castlist.shares import Share

ALIVE = "worker.alive"
"""A file in the data folder that is touched while a worker runs: a probe looks at its age, as there is nothing to ask a worker."""

BEAT = 5.0
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog="Example: castlist worker --provider animatic --concurrency 4")
def worker(
    config: Annotated[Path | None, typer.Option(envvar="CASTLIST_CONFIG", help="A configuration file.")] = None,
    data: Annotated[Path | None, typer.Option(help="The data directory.")] = None,
    until_idle: Annotated[bool, typer.Option("--until-idle", help="End when nothing is left to do.")] = False,
    provider: Annotated[str | None, typer.Option(help="Only what this provider makes, and no characters.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, help="Videos of an account in hand at once. [limits.renders]")] = None,
    as_json: Json = False,
) -> None:
    """Work on the jobs of a data directory without serving."""
    with tell_errors(as_json=as_json):
        settings = load(config, overrides=Overrides(data=data))
        log_to_stderr()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            left = runner.run(work(settings, share=Share(provider, concurrency), until_idle=until_idle, as_json=as_json))
        if as_json:
            print_json({"unfinished": left})
        elif until_idle and not left:
            print_line("Nothing is left to do.")


async def work(settings: Settings, *, share: Share, until_idle: bool, as_json: bool) -> int:
    """Work until a signal, or until nothing is left; the number of unfinished jobs then."""
    gateway = await open_gateway(settings, serving=False, worker=True, yields=False)
    ending = Ending()
    try:
        if gateway.worker:
            gateway.worker.patience = PATIENCE
            share.check(gateway.engine.kit.deployments)
            gateway.worker.share = share
        gateway.storage.holders.mark("worker")
        await gateway.start()
        gateway.tasks.append(asyncio.create_task(beat(settings.data / ALIVE)))
        if not as_json:
            print_line(f"Working on {settings.data}")
        waits: list[asyncio.Task[object]] = [asyncio.create_task(ending.asked.wait())]
        if until_idle:
            waits.append(asyncio.create_task(gateway.until_idle()))
        done, others = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in others:
            task.cancel()
        for task in done:
            await task
        return await gateway.storage.jobs.unfinished()
    finally:
        await ending.finish(gateway.stop())


async def beat(path: Path) -> None:
    """Touch the file until cancelled; not at all when this process hangs."""
    while True:
        with suppress(OSError):  # a disk that is full stops no worker
            await asyncio.to_thread(path.touch, 0o600)
        await asyncio.sleep(BEAT)
