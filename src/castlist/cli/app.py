"""The root of the command: names and one-line helps, each command loaded only when it is the one that was asked for."""

import importlib
import sys
from difflib import get_close_matches
from typing import Annotated, Any

import typer
import typer.core
from typer.main import get_command

from castlist import __version__

COMMANDS = {
    "serve": "Serve the API on this machine.",
    "worker": "Work on the jobs of a data directory without serving.",
    "demo": "Make a character and four takes with it, and a contact sheet.",
    "characters": "Create, list, show and delete characters.",
    "videos": "Create, edit, extend, remix, follow and download videos.",
    "jobs": "Look at jobs in trouble, and decide about them.",
    "models": "List the models, what they cost and how long they live.",
    "webhooks": "Who is told of the end of videos, and what was delivered.",
    "config": "Check a configuration file.",
    "doctor": "Look for what would keep videos from being made.",
    "db": "Look at the database, upgrade it, move it to PostgreSQL.",
    "key": "Show the key of a data directory.",
    "storage": "Show what is kept, and remove what nobody has.",
}

EPILOG = """
Examples:

  castlist demo

  castlist characters create Luna luna.mp4

  castlist videos create "Luna dances in a forest at dusk" --character Luna --seconds 4 --out dance.mp4

CASTLIST_BASE_URL and CASTLIST_API_KEY name a server; without them a gateway of its own works on the data directory (CASTLIST_DATA).
"""


class Commands(typer.core.TyperGroup):
    """A group that knows its commands by name and imports a command's module when it runs."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A stand-in that has a help text and nothing else."""
        return typer.core.TyperCommand(cmd_name, help=COMMANDS[cmd_name]) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The real command, for the one that is called."""
        name = args[0]
        if name not in COMMANDS:
            near = get_close_matches(name, COMMANDS, n=1)
            ctx.fail(f"No such command {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        command = get_command(importlib.import_module(f"castlist.cli.{name}").app)
        command.name = name
        return name, command, args[1:]


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, rich_markup_mode=None, epilog=EPILOG)


def show_version(wanted: object) -> None:
    if wanted:
        typer.echo(f"castlist {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """Create a character once, use it with every video model."""


def main() -> None:
    """The console script. Exits with 0, 1 for what failed, 2 for a wrong command line."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"castlist {__version__}\n")
        return
    app(prog_name="castlist")
