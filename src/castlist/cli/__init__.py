"""The `castlist` command: a file per noun, over a client of the SDK."""

from castlist.cli.app import main

__all__ = ["main"]
