"""How this colour of the client waits: it blocks."""

from collections.abc import Callable
from time import sleep
from typing import ParamSpec, TypeVar

__all__ = ["sleep", "to_thread"]

P = ParamSpec("P")
T = TypeVar("T")


def to_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call it here: who calls the blocking client has chosen to wait."""
    return function(*args, **kwargs)
