"""Own due jobs and characters, and move them until they wait or end."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog

from castlist.engine import Engine
from castlist.errors import CastlistError, MediaCrashed, Unavailable
from castlist.mishaps import Mishaps
from castlist.model.characters import Character
from castlist.model.jobs import Job, State
from castlist.rounds import Rounds
from castlist.shares import Room, Share

T = TypeVar("T")
log = structlog.get_logger("castlist.worker")

LEASE = 120.0
RENEWALS = 4
"""How often a lease is renewed before it would run out."""

BEAT = 0.25
LOOK = 1.0
SWEEP = 60.0
MOST_DERIVATIONS = 2
FETCHED_AT_ONCE = 8
"""Finished videos of an account that are fetched, looked through and stored at once: each of them keeps a core busy for a while."""

PATIENCE = 5.0
"""Seconds a stop waits for a request that has left and may cost."""


@dataclass
class Owned:
    """A job in this process's hands: its latest value and the progress that is kept of it. It has no `task` while its provider works,
    and is then only asked about; `asked` says that an answer is on its way. It has a place of `account`, and of the deployment `place`."""

    job: Job
    account: str
    place: str | None = None
    noted: int = 0
    cancel: bool = False
    asked: bool = False
    task: asyncio.Task[None] | None = None

    @property
    def sending(self) -> bool:
        """Whether it is on its way to a provider: neither followed nor fetched."""
        return self.task is not None and self.job.state is not State.STORING


class Worker:
    """Runs in the serving process, in `castlist worker` and in embedded clients; any number may share one data directory.

    `yields` says when another process serves the directory, so that this one should take nothing.
    """

    def __init__(
        self, engine: Engine, *, derivations: int = 1, yields: bool = False, patience: float = PATIENCE, lease: float = LEASE
    ) -> None:
        self.engine = engine
        self.lease = lease
        self.derivations = derivations
        self.yields = yields
        self.patience = patience
        self._owned: dict[str, Owned] = {}
        self._deriving: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._rounds = Rounds(self._ask, self._spawn)
        self._fetching: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(FETCHED_AT_ONCE))
        self._bell = asyncio.Event()
        self._progress: dict[str, int] = {}
        self._mishaps = Mishaps(engine)
        self._strays: Mapping[str, Sequence[str]] = {}
        self.share = Share()
        self._stopping = False
        self._sweep_wanted = True
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
        """Take nothing more, stop where every step can be repeated, and give the rest back. A second time does nothing."""
        if self._stopping:
            return
        self._stopping = True
        self._bell.set()
        if self._loop:
            await self._loop
        self._rounds.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(CastlistError):
            await self.engine.storage.give_back_idle()
        await self.engine.settle(patience=self.patience)
        with suppress(CastlistError):
            await self.engine.storage.give_back()
        with suppress(CastlistError):
            await self.engine.sweep()

    @property
    def busy(self) -> bool:
        return bool(self._owned or self._deriving)

    async def until_idle(self) -> None:
        """Return when nothing is left that a worker with this configuration could move."""
        while True:
            # A storage that is away for a moment says nothing of what is left.
            with suppress(Unavailable):
                if not await self._has_more():
                    return
            await asyncio.sleep(BEAT)

    async def _has_more(self) -> bool:
        storage = self.engine.storage
        known = [d.id for d in self.engine.kit.deployments if self.share.takes(d)]
        left = await storage.jobs.unfinished() - sum((await storage.jobs.stranded(known)).values())
        return self.busy or left > 0 or (not self.share.provider and await storage.characters.unfinished() > 0)

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        looked = renewed = swept = -SWEEP
        while not self._stopping:
            try:
                rung, changed = self._bell.is_set(), self._has_changed()
                self._bell.clear()
                if rung or changed or clock() - looked > LOOK:
                    looked = clock()
                    await self._take()
                await self._flush()
                if changed:
                    await self._look_for_cancels()
                if clock() - renewed > self.lease / RENEWALS:
                    renewed = clock()
                    await self._renew()
                if clock() - swept > (LOOK if self._sweep_wanted else SWEEP):
                    swept, self._sweep_wanted = clock(), False
                    await self._tidy()
            except CastlistError as error:
                log.warning("worker.storage", error=error.message)
            except Exception:
                log.exception("worker.beat_failed")
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT):
                    await self._bell.wait()

    def _has_changed(self) -> bool:
        known, self._version = self._version, self.engine.storage.version()
        return known != self._version

    async def _tidy(self) -> None:
        await self.engine.sweep()
        # Who only stands in for a server knows less of its configuration than that does.
        if not self.yields:
            await self.engine.adopt()
        self._strays = await self.engine.strays(forsaken=not self.yields)

    async def _take(self) -> None:
        if self._stopping or (self.yields and self.engine.storage.holders.serving()):
            return
        for account, deployments in self._accounts():
            await self._claim(account, deployments)
        room = 0 if self.share.provider else self.derivations - len(self._deriving)
        if room > 0:
            found = await self.engine.storage.characters.claim(limit=room, lease=self.lease, besides=list(self._deriving))
            for character in found:
                self._deriving[character.id] = self._spawn(self._derive(character))

    async def _claim(self, account: str, deployments: Collection[str]) -> None:
        """Take what the account has room for; jobs that its provider works on already may take none, so there may be more of them."""
        while (room := self._room(account, deployments)).most > 0:
            # Those without a task hold their lease: they need no mention, however many they are.
            held = [id for id, owned in self._owned.items() if owned.task]  # noqa: A001
            jobs = await self.engine.storage.jobs.claim(deployments=room.able, limit=room.most, lease=self.lease, besides=held)
            new = [job for job in jobs if job.id not in self._owned]
            for job in new:
                self._own(job, account)
            if not new or len(jobs) < room.most:
                return

    def _accounts(self) -> list[tuple[str, Collection[str]]]:
        groups: dict[str, list[str]] = {}
        for deployment in filter(self.share.takes, self.engine.kit.deployments):
            groups.setdefault(deployment.account.name, []).append(deployment.id)
        return [(account, [*ids, *self._strays.get(account, ())]) for account, ids in groups.items()]

    def _room(self, account: str, deployments: Collection[str], *, besides: Owned | None = None) -> Room:
        known = [each for each in self.engine.kit.deployments if each.account.name == account]
        others = (owned for owned in self._owned.values() if owned.account == account and owned is not besides)
        mine = [(owned.job.deployment, owned.sending) for owned in others]
        return self.share.find_room(known, deployments, mine=mine)

    def _own(self, job: Job, account: str) -> None:
        owned = self._owned[job.id] = Owned(job, account, place=job.deployment, noted=job.progress)
        if job.attempt:
            self.engine.kit.followed.pop(job.attempt, None)  # another process may have learnt more of it
        if job.state is State.RUNNING and not job.cancel_requested:
            self._follow(owned)
        else:
            owned.task = self._spawn(self._move(owned))

    def _spawn(self, coroutine: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _follow(self, owned: Owned) -> None:
        """Ask about the job when it is due, which takes no task until then."""
        owned.task = None
        if owned.job.progress > owned.noted:
            owned.noted = self._progress[owned.job.id] = owned.job.progress
        cancelled = owned.cancel and not owned.job.cancel_requested
        wait = 0.0 if cancelled else (owned.job.due_at - self.engine.kit.clock()).total_seconds()
        self._rounds.put(owned.job.id, owned.account, seconds=max(0.0, wait))

    async def _ask(self, id: str) -> None:  # noqa: A002
        """One question about a job that its provider works on; whatever follows from another answer than "not yet" is a task."""
        owned = self._owned.get(id)
        if owned is None:
            return
        owned.asked = True
        try:
            moved = await self._try(owned, self.engine.look)
        except Exception as error:
            # Whoever has it next, perhaps this process, begins with what is stored.
            log.exception("job.not_followed", job=id, error=type(error).__name__)
            moved = None
        finally:
            owned.asked = False
        if self._owned.get(id) is not owned:
            return
        if isinstance(moved, float):
            self._rounds.put(id, owned.account, seconds=0.0 if owned.cancel else moved)
        elif moved is None:
            self._let_go(owned)
        elif moved.state is State.RUNNING:
            owned.job = moved
            self._follow(owned)
        else:
            owned.task = self._spawn(self._move(owned, moved))

    async def _move(self, owned: Owned, moved: Job | None = None) -> None:
        """Step by step, the first of which may be taken already, until the job ends, waits or is only followed."""
        followed = False
        try:
            followed = await self._carry(owned, moved)
        except CastlistError as error:
            log.warning("job.not_given_back", job=owned.job.id, error=error.message)
        finally:
            if not followed and self._owned.get(owned.job.id) is owned:
                self._let_go(owned)
            self._bell.set()

    async def _carry(self, owned: Owned, moved: Job | None) -> bool:
        """Whether the job is still ours, and followed."""
        while not owned.job.ended:
            moved = moved or await self._step(owned)
            if moved is None:
                return False
            owned.job, moved = moved, None
            if not self._fits(owned):
                await self.engine.storage.jobs.save(owned.job, release=True)
                return False
            if owned.job.state is State.RUNNING:
                self._follow(owned)
                return True
            wait = (owned.job.due_at - self.engine.kit.clock()).total_seconds()
            if wait > 0 and not owned.job.ended and not await self._wait(owned, wait):
                return False
        self._mishaps.forget(owned.job.id)
        log.info("job.ended", job=owned.job.id, state=str(owned.job.state), error=owned.job.error and owned.job.error.code)
        return False

    def _let_go(self, owned: Owned) -> None:
        self._owned.pop(owned.job.id, None)
        self._progress.pop(owned.job.id, None)
        self._rounds.drop(owned.job.id)
        self._sweep_wanted = True
        self._bell.set()

    def _fits(self, owned: Owned) -> bool:
        """Whether the deployment chosen now has a place for the job, which was taken under another one or under none."""
        chosen = self.engine.kit.deployment(owned.job.deployment)
        if chosen is None or owned.job.ended:
            owned.place = owned.job.deployment
            return True
        if not self.share.takes(chosen):
            return False
        fits = chosen.id == owned.place or self._room(chosen.account.name, [chosen.id], besides=owned).most > 0
        if fits:
            owned.account, owned.place = chosen.account.name, chosen.id
        return fits

    async def _wait(self, owned: Owned, seconds: float) -> bool:
        """Whether the job is still ours after the wait; one that waits for a slot or a character is given back meanwhile."""
        if owned.job.state is State.STORING:
            await asyncio.sleep(seconds)
            return True
        try:
            await self.engine.storage.jobs.save(owned.job, release=True)
        except Unavailable:
            # A job that cannot be given back is kept, and tried again as soon as the storage takes something.
            await asyncio.sleep(LOOK)
            return True
        return False

    async def _step(self, owned: Owned) -> Job | None:
        async with self._fetching[owned.account] if owned.job.state is State.STORING else nullcontext():
            return await self._try(owned, self.engine.advance)

    async def _try(self, owned: Owned, step: Callable[[Job], Awaitable[T]]) -> T | Job | None:
        job = replace(owned.job, cancel_requested=True) if owned.cancel else owned.job
        try:
            moved = await step(job)
        except Exception as error:
            return await self._mishaps.after(job, error)
        self._mishaps.forget(job.id)
        return moved

    async def _derive(self, character: Character) -> None:
        failures = 0
        try:
            while failures < MOST_DERIVATIONS:
                try:
                    await self.engine.derive(character)
                    return
                except Exception as error:
                    ours = isinstance(error, Unavailable) and not isinstance(error, MediaCrashed)
                    failures += not ours
                    log.exception(
                        "character.derivation_failed", character=character.id, count=failures, detail=getattr(error, "detail", "")
                    )
                    await asyncio.sleep(LOOK if not ours else SWEEP / 12)
            await self.engine.give_up_character(character, "its preparation broke off again and again; try another clip.")
        finally:
            self._deriving.pop(character.id, None)
            self._bell.set()

    async def _flush(self) -> None:
        changed, self._progress = self._progress, {}
        if not changed:
            return
        try:
            await self.engine.storage.jobs.save_progress(changed)
        except CastlistError:
            self._progress = {**changed, **self._progress}
            raise

    async def _look_for_cancels(self) -> None:
        for id in await self.engine.storage.jobs.cancels():  # noqa: A001
            owned = self._owned.get(id)
            if owned is None or owned.cancel:
                continue
            owned.cancel = True
            if owned.task is None and not owned.asked:
                self._rounds.put(id, owned.account, seconds=0.0)

    def ring(self, id: str) -> bool:  # noqa: A002
        """Ask about a job now, as its provider called back; False while it is being asked about, which may have been too early."""
        owned = self._owned.get(id)
        if owned is not None and owned.task is None and not owned.asked:
            owned.job = replace(owned.job, due_at=self.engine.kit.clock())  # what follows from the answer does not wait either
            self._rounds.put(id, owned.account, seconds=0.0)
        return owned is None or not owned.asked

    async def _renew(self) -> None:
        """Hold on to what is ours; what another process has taken meanwhile is let go of at once."""
        held = dict(self._owned)
        kept = await self.engine.storage.jobs.renew(list(held), lease=self.lease)
        for id, owned in held.items():  # noqa: A001
            if id in kept or self._owned.get(id) is not owned:
                continue
            if owned.task:
                owned.task.cancel()
            else:
                self._let_go(owned)
        if self._deriving:
            await self.engine.storage.characters.renew(list(self._deriving), lease=self.lease)
