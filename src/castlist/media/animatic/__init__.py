"""The embedded renderer: paints scenes, places the cast in them and writes the film."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from castlist.media.animatic.tasks import render as render

__all__ = ["render"]


def __getattr__(name: str) -> object:
    """Load the painters only in the child process that renders (PEP 562)."""
    if name == "render":
        return importlib.import_module("castlist.media.animatic.tasks").render
    raise AttributeError(name)
