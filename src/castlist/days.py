"""What happens when a day (UTC) ends while a gateway runs."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime
from typing import Final

import structlog

from castlist.errors import ConfigError

log = structlog.get_logger("castlist.days")

LOOK: Final = 60.0


async def watch_days(turn: Callable[[date], None], now: Callable[[], datetime]) -> None:
    """Call `turn` with each new day, within a minute of its beginning."""
    day = now().date()
    while True:
        await asyncio.sleep(LOOK)
        today = now().date()
        if today == day:
            continue
        try:
            turn(today)
            day = today
        except ConfigError as error:
            # Something that the configuration names is not there now: the models stay as they are, and this is tried again.
            log.warning("models.not_renewed", error=error.message)
