"""`castlist db`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from castlist.cli.printing import print_facts, print_json, print_line, show_bytes
from castlist.cli.running import Json, tell_errors
from castlist.config import Overrides, Settings, load
from castlist.errors import ConfigError
from castlist.storage import upkeep
from castlist.storage.moving import Brought

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False, help="Look at the database, upgrade it, move it.")
Config = Annotated[Path | None, typer.Option(envvar="CASTLIST_CONFIG", help="A configuration file.")]
Data = Annotated[Path | None, typer.Option(help="The data directory.")]


@app.callback()
def root() -> None:
    """Look at the database, bring it to this version's schema, or move a folder to PostgreSQL and a bucket."""


@app.command()
def check(config: Config = None, data: Data = None, as_json: Json = False) -> None:
    """Say where the database is, whether it can be reached, its schema and what it lacks. Exits with 1 when it needs an upgrade."""
    with tell_errors(as_json=as_json):
        settings = load(config, overrides=Overrides(data=data))
        found = upkeep.look(settings.data, _url(settings))
        if as_json:
            print_json(asdict(found))
        else:
            newer = found.schema not in (None, found.known) and not found.pending
            lacking = ", ".join(found.pending) or (
                "nothing: it is of a newer version, which this one does not work on" if newer else "nothing"
            )
            schema = "none yet" if found.schema is None else found.schema or "none"
            facts = {"database": found.place, "schema": schema, "this version": found.known, "lacks": lacking}
            print_facts(facts | {name: str(count) for name, count in found.rows.items()})
    if found.pending or found.schema not in (None, found.known):
        raise typer.Exit(1)


@app.command()
def upgrade(config: Config = None, data: Data = None, as_json: Json = False) -> None:
    """Bring the database to this version's schema, while others go on working on it. A gateway that starts does the same."""
    with tell_errors(as_json=as_json):
        settings = load(config, overrides=Overrides(data=data))
        before = upkeep.look(settings.data, _url(settings)).schema
        upkeep.upgrade(settings.data, _url(settings))
        after = upkeep.look(settings.data, _url(settings))
        if as_json:
            print_json({"database": after.place, "from": before, "to": after.schema})
        else:
            print_line(f"{after.place} has schema {after.schema}" + (", as before." if after.schema == before else "."))


@app.command(epilog="Example: CASTLIST_DATABASE_URL=postgresql://castlist@db/castlist castlist db copy --from ~/.local/share/castlist")
def copy(
    config: Config = None,
    data: Annotated[Path | None, typer.Option("--from", help="The data directory that is copied.")] = None,
    as_json: Json = False,
) -> None:
    """Copy all rows of a data directory to the PostgreSQL database of the configuration, and its files to the bucket or folder that is set
    as `assets`. Run again, it adds what is missing."""
    with tell_errors(as_json=as_json):
        settings = load(config, overrides=Overrides(data=data))
        url = _url(settings)
        if url is None:
            text = "castlist db copy needs the database to copy to: set castlist.database_url, or CASTLIST_DATABASE_URL"
            raise ConfigError([(0, text)], source=settings.source)
        moved = upkeep.copy(settings.data, url, place=settings.place)
        if as_json:
            print_json({"from": str(settings.data), **asdict(moved)})
            return
        print_facts({each.table: f"{each.rows} rows" + _there(each.there) for each in moved.tables if each.rows})
        _show_files(settings, moved.files)


def _show_files(settings: Settings, files: Brought | None) -> None:
    if files is None:
        print_line(f"All rows of {settings.data} are in the database. Files stay where they are: `assets` names no other place.")
        return
    print_facts({"files": f"{files.files} ({show_bytes(files.bytes)})" + _there(files.there)})
    for asset in files.lost:
        print_line(f"missing: {asset} has a row and no file, or another one than was stored")
    print_line(f"All rows of {settings.data} are in the database, and its files in {files.place}.")


def _there(count: int) -> str:
    return f", {count} were there" if count else ""


def _url(settings: Settings) -> str | None:
    return str(settings.database_url) if settings.database_url else None
