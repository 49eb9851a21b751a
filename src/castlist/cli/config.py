"""`castlist config`."""

from pathlib import Path
from typing import Annotated

import typer

from castlist.assembly import check_settings
from castlist.cli.printing import print_json, print_line, print_notice, print_table
from castlist.cli.running import Json
from castlist.config import ModelEntry, load
from castlist.errors import ConfigError

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False, help="Check a configuration file.")


@app.callback()
def root() -> None:
    """Check a configuration file."""


@app.command(epilog="Example: castlist config check config.yaml")
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, readable=True, show_default=False)],
    as_json: Json = False,
) -> None:
    """Say what a configuration file comes to, or every mistake in it with its line."""
    try:
        settings = load(file)
        check_settings(settings)
    except ConfigError as error:
        if as_json:
            print_json({"ok": False, "mistakes": [{"line": line, "message": text} for line, text in error.mistakes]})
        else:
            for line in str(error).splitlines():
                print_notice(line)
        raise typer.Exit(1) from error
    if as_json:
        print_json({
            "ok": True,
            "models": [describe(entry) for entry in settings.models],
            "warnings": list(settings.warnings),
        })  # fmt: skip
        return
    print_table(
        ["model", "served by", "note"],
        [(entry.name, served_by(entry), entry.unavailable or retired(entry)) for entry in settings.models],
    )
    for warning in settings.warnings:
        print_line(f"warning: {warning}")


def served_by(entry: ModelEntry) -> str:
    return "animatic" if entry.stands_in else f"{entry.provider}/{entry.provider_model}"


def retired(entry: ModelEntry) -> str:
    return "" if entry.retired_on is None else f"{entry.provider}/{entry.provider_model} was shut down on {entry.retired_on:%Y-%m-%d}"


def describe(entry: ModelEntry) -> dict[str, object]:
    return {"model": entry.name, "served_by": served_by(entry), "line": entry.line, "unavailable": entry.unavailable, "id": entry.id}
