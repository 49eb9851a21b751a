"""How a command runs: with a client, and with every error as one line and exit code 1."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

import typer

from castlist.cli.printing import print_json, print_notice
from castlist.errors import CastlistError, ConfigError
from castlist.sdk._sync.client import Client

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Order = Literal["asc", "desc"]
INTERRUPTED = 130


@contextmanager
def run(*, as_json: bool) -> Iterator[Client]:
    """A client for one command; what goes wrong in it is told and ends the command with code 1."""
    with tell_errors(as_json=as_json), Client() as client:
        yield client


@contextmanager
def tell_errors(*, as_json: bool) -> Iterator[None]:
    """An error becomes a line on standard error, and with `as_json` OpenAI's error body on standard output."""
    try:
        yield
    except CastlistError as error:
        if as_json:
            print_json({"error": {"message": error.message, "type": error.kind, "param": error.param, "code": error.code}})
        for line in error.message.splitlines() if isinstance(error, ConfigError) else [error.message]:
            print_notice(f"Error: {line}")
        raise typer.Exit(1) from error
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        if as_json:
            print_json({"error": {"message": what, "type": "server_error", "param": None, "code": "os_error"}})
        print_notice(f"Error: {what}")
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        raise typer.Exit(INTERRUPTED) from None
