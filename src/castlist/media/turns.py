"""Media work that no request waits for takes turns, so that it never keeps more cores busy than the machine has."""

import asyncio
import os
from collections.abc import Callable, Mapping
from typing import Final

from castlist.media.child import Limits, run

LONG: Final = frozenset({"finish", "forms", "source", "stitch"})
"""What decodes whole videos for jobs under way. Renders and new characters have limits of their own, and a look at what somebody
has just sent answers a request: none of them waits here."""

LEAST: Final = 2


class Turns:
    """At most `at_once` of the LONG tasks at a time, in the order in which they were asked for; all others at once."""

    def __init__(self, *, at_once: int | None = None) -> None:
        self.at_once = max(LEAST, os.cpu_count() or LEAST) if at_once is None else at_once
        self._free = asyncio.Semaphore(self.at_once)

    async def run(
        self, task: str, spec: Mapping[str, object], *, limits: Limits, report: Callable[[float], None] | None = None
    ) -> dict[str, object]:
        """As `castlist.media.child.run`, whose limits count from when the child starts."""
        if task not in LONG:
            return await run(task, spec, limits=limits, report=report)
        async with self._free:
            return await run(task, spec, limits=limits, report=report)
