"""`castlist doctor`."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from castlist.assembly import open_gateway, outbound
from castlist.cli.printing import print_json, print_line
from castlist.cli.running import Json, tell_errors
from castlist.config import Overrides, Settings, load
from castlist.engine.doctor import Finding, Health, examine
from castlist.fetch import Fetcher

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog="Example: castlist doctor --config config.yaml")
def doctor(
    config: Annotated[Path | None, typer.Option(envvar="CASTLIST_CONFIG", help="A configuration file.")] = None,
    data: Annotated[Path | None, typer.Option(help="The data directory.")] = None,
    as_json: Json = False,
) -> None:
    """Look for what would keep videos from being made: accounts, clock, codecs, disk, public URL.

    Costs nothing. Ends with 1 when something is broken.
    """
    with tell_errors(as_json=as_json):
        settings = load(config, overrides=Overrides(data=data))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            findings = runner.run(look(settings))
    broken = any(finding.health is Health.BROKEN for finding in findings)
    if as_json:
        print_json({"ok": not broken, "checks": [describe(finding) for finding in findings]})
    else:
        show(findings)
    if broken:
        raise typer.Exit(1)


async def look(settings: Settings) -> Sequence[Finding]:
    """What there is to find about the gateway of these settings, beside one that may be running on the same directory."""
    gateway = await open_gateway(settings, serving=False, worker=False)
    try:
        return await examine(gateway.engine.kit, public_base_url=settings.public_base_url, fetch=Fetcher(outbound=outbound(settings)).fetch)
    finally:
        await gateway.stop()


def describe(finding: Finding) -> dict[str, str | None]:
    return {"subject": finding.subject, "health": str(finding.health), "message": finding.message, "help": finding.help or None}


def show(findings: Sequence[Finding]) -> None:
    width = max(len(health) for health in Health)
    for finding in findings:
        print_line(f"{finding.health.ljust(width)}  {finding.subject}: {finding.message}")
        if finding.help:
            print_line(f"{' ' * width}  {finding.help}")
