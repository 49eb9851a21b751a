"""`castlist key`."""

from pathlib import Path
from typing import Annotated

import typer

from castlist.cli.printing import print_facts, print_json
from castlist.cli.running import Json, tell_errors
from castlist.config import Overrides, load
from castlist.sealing import KEY_FILE, own_key

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False, help="Show the key of a data directory.")


@app.callback()
def root() -> None:
    """Show the key of a data directory."""


@app.command()
def show(
    config: Annotated[Path | None, typer.Option(envvar="CASTLIST_CONFIG", help="A configuration file.")] = None,
    data: Annotated[Path | None, typer.Option(help="The data directory.")] = None,
    as_json: Json = False,
) -> None:
    """Show the key that opens this data directory's gateway; it is made when there is none."""
    with tell_errors(as_json=as_json):
        settings = load(config, overrides=Overrides(data=data))
        key = str(settings.master_key or own_key(settings.data))
        source = settings.source if settings.master_key else str(settings.data / KEY_FILE)
        if as_json:
            print_json({"key": key, "source": source})
        else:
            print_facts({"key": key, "from": source})
