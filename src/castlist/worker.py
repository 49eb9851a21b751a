"""Own due jobs and characters, and move them until they wait or end."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog

from castlist.engine import Engine
from castlist.errors import CastlistError, MediaCrashed
from castlist.model.characters import Character
from castlist.model.jobs import Failure, Job, State

log = structlog.get_logger("castlist.worker")

LEASE = 120.0
RENEW = 30.0
BEAT = 0.25
SWEEP = 1.0
MOST_FAILURES = 5
UNLIMITED = 32


@dataclass
class Owned:
    """A job in this process's hands: its latest value, and a bell that ends its wait early."""

    job: Job
    account: str
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    cancel: bool = False


class Worker:
    """Runs in the serving process, in `castlist worker` and in embedded clients; any number may share one data directory.

    `yields` says when another process serves the directory, so that this one should take nothing.
    """

    def __init__(self, engine: Engine, *, derivations: int = 1, yields: bool = False) -> None:
        self.engine = engine
        self.derivations = derivations
        self.yields = yields
        self._owned: dict[str, Owned] = {}
        self._deriving: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._bell = asyncio.Event()
        self._progress: dict[str, int] = {}
        self._failures: dict[str, int] = {}
        self._stopping = False
        self._loop: asyncio.Task[None] | None = None
        self._version = -1

    async def start(self) -> None:
        """Begin to take work."""
        self.engine.kit.wake.append(self.wake)
        self._loop = asyncio.create_task(self._run())

    def wake(self) -> None:
        """Look for work now; called from the worker's own loop."""
        self._bell.set()

    async def stop(self) -> None:
        """Take nothing more, stop where every step can be repeated, and give the rest back."""
        self._stopping = True
        self._bell.set()
        if self._loop:
            await self._loop
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def busy(self) -> bool:
        return bool(self._owned or self._deriving)

    async def until_idle(self) -> None:
        """Return when no job of the directory is unfinished and no character is being prepared."""
        while self.busy or await self.engine.storage.jobs.unfinished() or await self.engine.storage.characters.unfinished():  # noqa: ASYNC110  # other processes finish jobs too, and nothing tells of it
            await asyncio.sleep(BEAT)

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        renewed = swept = clock()
        while not self._stopping:
            try:
                await self._take()
                await self._flush()
                await self._look_for_cancels()
                if clock() - renewed > RENEW:
                    renewed = clock()
                    await self._renew()
                if clock() - swept > SWEEP * 60:
                    swept = clock()
                    await self.engine.sweep()
            except CastlistError as error:
                log.warning("worker.storage", error=error.message)
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT):
                    await self._bell.wait()
            self._bell.clear()

    async def _take(self) -> None:
        if self.yields and self.engine.storage.holders.serving():
            return
        for account, deployments in self._free_accounts():
            limit = self._room(account)
            for job in await self.engine.storage.jobs.claim(deployments=deployments, limit=limit, lease=LEASE):
                self._own(job, account)
        room = self.derivations - len(self._deriving)
        if room > 0:
            for character in await self.engine.storage.characters.claim(limit=room, lease=LEASE):
                self._deriving.add(character.id)
                self._spawn(self._derive(character))

    def _free_accounts(self) -> list[tuple[str, Collection[str]]]:
        groups: dict[str, list[str]] = {}
        for deployment in self.engine.kit.deployments:
            groups.setdefault(deployment.account.name, []).append(deployment.id)
        return [(account, ids) for account, ids in groups.items() if self._room(account) > 0]

    def _room(self, account: str) -> int:
        limits = [d.max_parallel for d in self.engine.kit.deployments if d.account.name == account and d.max_parallel]
        return (min(limits) if limits else UNLIMITED) - sum(owned.account == account for owned in self._owned.values())

    def _own(self, job: Job, account: str) -> None:
        owned = Owned(job, account)
        self._owned[job.id] = owned
        self._spawn(self._move(owned))

    def _spawn(self, coroutine: object) -> None:
        task: asyncio.Task[None] = asyncio.create_task(coroutine)  # type: ignore[arg-type]  # both callers pass a coroutine of None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _move(self, owned: Owned) -> None:
        try:
            while not owned.job.ended:
                moved = await self._step(replace(owned.job, cancel_requested=True) if owned.cancel else owned.job)
                if moved is None:
                    return
                owned.job = moved
                wait = (moved.due_at - self.engine.kit.clock()).total_seconds()
                if wait > 0 and not await self._wait(owned, wait):
                    return
            log.info("job.ended", job=owned.job.id, state=str(owned.job.state), error=owned.job.error and owned.job.error.code)
        finally:
            self._owned.pop(owned.job.id, None)
            self._progress.pop(owned.job.id, None)
            self._failures.pop(owned.job.id, None)
            self._bell.set()

    async def _wait(self, owned: Owned, seconds: float) -> bool:
        """Whether the job is still ours after the wait; one that waits for a slot or a character is given back meanwhile."""
        job = owned.job
        if job.state in (State.RUNNING, State.STORING):
            self._progress[job.id] = job.progress
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await owned.bell.wait()
            owned.bell.clear()
            return True
        await self.engine.storage.jobs.save(job, release=True)
        return False

    async def _step(self, job: Job) -> Job | None:
        try:
            return await self.engine.advance(job)
        except Exception as error:
            count = self._failures[job.id] = self._failures.get(job.id, 0) + 1
            detail = error.detail if isinstance(error, MediaCrashed) else ""
            log.exception("job.step_failed", job=job.id, state=str(job.state), count=count, detail=detail)
            if count < MOST_FAILURES:
                return replace(job, due_at=self.engine.kit.clock() + timedelta(seconds=count))
            message = error.message if isinstance(error, CastlistError) else f"An error of Castlist's own in state {job.state}."
            return await self.engine.give_up(job, Failure(getattr(error, "code", "internal_error"), message))

    async def _derive(self, character: Character) -> None:
        try:
            await self.engine.derive(character)
        except Exception:
            log.exception("character.derivation_failed", character=character.id)
        finally:
            self._deriving.discard(character.id)
            self._bell.set()

    async def _flush(self) -> None:
        changed, self._progress = self._progress, {}
        if changed:
            await self.engine.storage.jobs.save_progress(changed)

    async def _look_for_cancels(self) -> None:
        version = self.engine.storage.version()
        if version == self._version:
            return
        self._version = version
        for owned in list(self._owned.values()):
            fresh = None if owned.cancel else await self.engine.storage.jobs.any(owned.job.id)
            if fresh and fresh.cancel_requested:
                owned.cancel = True
                owned.bell.set()

    async def _renew(self) -> None:
        if self._owned:
            await self.engine.storage.jobs.renew(list(self._owned), lease=LEASE)
        if self._deriving:
            await self.engine.storage.characters.renew(list(self._deriving), lease=LEASE)
