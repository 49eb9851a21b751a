"""What the processes of a gateway log: one line an event, without the values of variables, in which keys could stand."""

import logging
import sys
from typing import TextIO

import structlog


def configure(*, json: bool = False, level: str = "info", to: TextIO | None = None) -> None:
    """Log to `to` (standard error), as JSON lines or for people's eyes."""
    stream = to or sys.stderr
    plain = structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([structlog.processors.format_exc_info, structlog.processors.JSONRenderer()] if json else [plain]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
