"""What becomes of a job whose step broke: put off as it is stored, and given up where that happens again and again."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Final

import structlog

from castlist.engine import Engine
from castlist.errors import CastlistError, MediaCrashed, Unavailable
from castlist.model.jobs import Failure, Job, State

log = structlog.get_logger("castlist.worker")

AGAIN: Final = 1.0
"""Seconds until the storage is tried again."""

MOST: Final = 5
MOST_SENT: Final = 20
"""How often in a row a step may break before the job is given up; more often, and over many minutes, when it may be paid already."""

LONGEST: Final = 60.0
SENT: Final = frozenset({State.SUBMITTING, State.UNKNOWN, State.RUNNING, State.STORING})


class Mishaps:
    """The steps in a row that broke, by job, in this process. What the storage is to blame for is not counted."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._counts: dict[str, int] = {}

    def forget(self, id: str) -> None:  # noqa: A002
        """A step of the job went well, or was its last."""
        if self._counts:
            self._counts.pop(id, None)

    async def after(self, job: Job, error: Exception) -> Job | None:
        """The job as it is stored, which may be further than the step knew, put off; or failed when this happens again and again."""
        stored = await self._read(job)
        if isinstance(error, Unavailable) and not isinstance(error, MediaCrashed):
            log.warning("job.storage", job=job.id, state=str(job.state), error=error.message)
            return self._put_off(stored, AGAIN)
        count = self._counts[job.id] = self._counts.get(job.id, 0) + 1
        detail = error.detail if isinstance(error, MediaCrashed) else ""
        log.error("job.step_failed", job=job.id, state=str(job.state), count=count, detail=detail, exc_info=error)
        # A finished video may be paid: it is stored once this machine is well again, within the time that any work has.
        finished = stored.state is State.STORING and isinstance(error, MediaCrashed)
        if finished or count < (MOST_SENT if stored.state in SENT else MOST):
            return self._put_off(stored, min(LONGEST, 0.1 * 2 ** min(count, MOST_SENT)))
        message = error.message if isinstance(error, CastlistError) else f"An error of Castlist's own in state {job.state}."
        try:
            return await self._engine.give_up(stored, Failure(getattr(error, "code", "internal_error"), message))
        except Unavailable as away:
            log.warning("job.storage", job=job.id, state=str(job.state), error=away.message)
            return self._put_off(stored, AGAIN)

    def _put_off(self, job: Job, seconds: float) -> Job:
        return replace(job, due_at=self._engine.kit.clock() + timedelta(seconds=seconds))

    async def _read(self, job: Job) -> Job:
        """The job as it is stored, once that can be read: what the step knew may be older, and must not be begun again from there."""
        while True:
            try:
                return await self._engine.storage.jobs.any(job.id) or job
            except Unavailable:
                await asyncio.sleep(AGAIN)
