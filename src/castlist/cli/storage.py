"""`castlist storage`."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from castlist.assembly import open_storage
from castlist.cli.printing import print_facts, print_json, print_line, print_table, show_bytes, show_time
from castlist.cli.running import Json, tell_errors
from castlist.config import Overrides, Settings, load
from castlist.storage import Storage

T = TypeVar("T")
app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False, help="Show what is kept, and remove what nobody has.")
Config = Annotated[Path | None, typer.Option(envvar="CASTLIST_CONFIG", help="A configuration file.")]
Data = Annotated[Path | None, typer.Option(help="The data directory.")]


@app.callback()
def root() -> None:
    """Show what is kept, and remove what nobody has."""


@app.command(epilog="Example: castlist storage show --config config.yaml")
def show(config: Config = None, data: Data = None, as_json: Json = False) -> None:
    """Show what is kept and where: files and bytes of each project and kind, and the oldest of them."""
    with tell_errors(as_json=as_json):
        settings = load(config, overrides=Overrides(data=data))
        found = with_storage(settings, lambda storage: storage.keeping.usage())
        place = str(settings.place or settings.data / "assets")
        rows = [
            {"project": each.project, "kind": each.kind, "files": each.files, "bytes": each.bytes, "oldest": int(each.oldest.timestamp())}
            for each in found
        ]
        if as_json:
            print_json({"place": place, "keep_days": settings.keep_days, "bytes": sum(each.bytes for each in found), "kept": rows})
            return
        print_facts({"place": place, "kept": f"{settings.keep_days} days" if settings.keep_days else "for ever"})
        table = [(each.project, each.kind, each.files, show_bytes(each.bytes), show_time(int(each.oldest.timestamp()))) for each in found]
        print_table(("project", "kind", "files", "size", "oldest"), table)


@app.command(epilog="Example: castlist storage sweep --dry-run")
def sweep(
    config: Config = None,
    data: Data = None,
    grace: Annotated[int, typer.Option(min=1, help="Hours for which what is young is left alone.")] = 24,
    adopt: Annotated[str, typer.Option(help="The name of a database that is gone for good: its files are this one's to remove.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    as_json: Json = False,
) -> None:
    """Remove files that no video and no character has, and name those that are gone."""
    with tell_errors(as_json=as_json):
        settings = load(config, overrides=Overrides(data=data))
        found = with_storage(settings, lambda storage: storage.keeping.sweep(grace=timedelta(hours=grace), remove=not dry_run, adopt=adopt))
        if as_json:
            print_json({"removed": not dry_run, "files": found.blobs, "bytes": found.bytes, "rows": found.rows, "missing": found.missing})
            return
        what = "would be removed" if dry_run else "removed"
        print_line(f"{found.blobs} files ({show_bytes(found.bytes)}) and {found.rows} rows {what}")
        for asset in found.missing:
            print_line(f"missing: {asset} has a row and no file")


def with_storage(settings: Settings, ask: Callable[[Storage], Awaitable[T]]) -> T:
    """The answer of what is kept under these settings."""

    async def run() -> T:
        storage = await open_storage(settings)
        try:
            return await ask(storage)
        finally:
            await storage.close()

    return asyncio.run(run())
