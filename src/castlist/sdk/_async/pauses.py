"""How this colour of the client waits and keeps slow work off the event loop."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def sleep(seconds: float) -> None:
    """Wait without holding up the event loop."""
    import asyncio  # noqa: PLC0415  # who awaits has it; who only imports us need not

    await asyncio.sleep(seconds)


async def to_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call what blocks in a thread."""
    import asyncio  # noqa: PLC0415  # see sleep

    return await asyncio.to_thread(function, *args, **kwargs)
