"""The embedded renderer as a provider: free, deterministic, in child processes of this machine."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import structlog

from castlist.errors import MediaCrashed, MediaRefused, NotFound, Refused, Retry, StorageFull
from castlist.media.child import RENDER, run
from castlist.model.capabilities import Capabilities
from castlist.model.characters import Fidelity
from castlist.model.jobs import Cost, CostState, Failure
from castlist.model.operations import CreateVideo, EditVideo, ExtendVideo, Operation, RemixVideo
from castlist.model.providing import (
    Absent,
    Account,
    Cancelled,
    Order,
    Phase,
    Prepared,
    Progress,
    Provider,
    SettingNames,
    Stopped,
    Stream,
    Ticket,
    Transport,
)

log = structlog.get_logger("castlist.animatic")

CHUNK = 1 << 20
AGAIN = 0.25
LEAST_ROOM = 64 << 20
TRIES = 2
"""How often a render is begun whose child dies: once more, as whatever killed it may have been chance, but no poison for ever."""

LINGER = 30.0
"""Seconds a render stays after it was fetched whole: whoever could not store it comes again sooner than that."""


@dataclass
class Render:
    """One render of this process: its child's task, how far it is, and where it writes."""

    folder: Path
    percent: int = 0
    result: Mapping[str, object] | None = None
    error: Exception | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)
    leaving: asyncio.TimerHandle | None = field(default=None, repr=False)

    def report(self, done: float) -> None:
        self.percent = max(self.percent, min(99, int(done * 100)))


class Animatic(Provider):
    """Renders on this machine. A ticket holds all that a render needs, so any process can start it again after a crash."""

    name = "animatic"
    settings: ClassVar[SettingNames | None] = {}

    def __init__(self, account: Account, http: Transport) -> None:
        super().__init__(account, http)
        self.linger = LINGER
        self._renders: dict[str, Render] = {}

    def capabilities(self, model: str) -> Capabilities:
        """1-20 s a video, extensions up to 120 s in all, up to 1080p in any orientation, two characters, an opening frame, sound."""
        return Capabilities(
            model=model,
            implements=frozenset({"create", "edit", "extend", "remix"}),
            min_seconds=1,
            max_seconds=20,
            max_side=1920,
            max_pixels=1920 * 1080,
            characters=2,
            fidelity=Fidelity.NATIVE,
            native_variant="cutout_sequence",
            reference=True,
            reference_with_characters=True,
            uploaded_source=True,
            seed=True,
            cancel=True,
            returns_full=True,
            options={"audio": ("on", "off")},
            micros_per_second=0,
        )

    async def prepare(self, order: Order) -> Prepared:
        """The render's spec; stored files go by their asset ids, so the ticket means something on any process of the directory."""
        return Prepared(order, body=_spec(order))

    async def submit(self, prepared: Prepared) -> Ticket:
        """Nothing leaves this machine and nothing costs: the ticket is the spec, and polling it renders."""
        return Ticket({"reference": prepared.order.reference, "spec": dict(prepared.body)})

    async def find(self, reference: str) -> Absent:
        """A render without a ticket never began."""
        return Absent()

    async def poll(self, tickets: Sequence[Ticket]) -> Sequence[Progress]:
        """How far each is; one that this process does not run is started, whoever was at it before."""
        return [self._progress(ticket) for ticket in tickets]

    def _progress(self, ticket: Ticket) -> Progress:
        reference = str(ticket.data["reference"])
        render = self._renders.get(reference)
        if render is None:
            render = self._start(reference, ticket)
        if render.error:
            return self._failed(ticket, render.error)
        if render.result is None:
            return Progress(Phase.RUNNING, percent=render.percent, again=AGAIN)
        known = ticket.data.get("scene") == render.result.get("scene")
        kept = None if known else Ticket({**ticket.data, "scene": render.result.get("scene")})
        return Progress(Phase.DONE, percent=100, cost=Cost(state=CostState.BILLED), ticket=kept)

    def _start(self, reference: str, ticket: Ticket) -> Render:
        room = shutil.disk_usage(self.http.scratch).free
        if room < LEAST_ROOM:
            raise StorageFull(f"{room >> 20} MiB are free, and a render needs {LEAST_ROOM >> 20} MiB to work in.")
        render = self._renders[reference] = Render(self.http.scratch / f"render-{reference}")
        render.task = asyncio.create_task(self._run(render, ticket))
        return render

    async def _run(self, render: Render, ticket: Ticket) -> None:
        try:
            render.folder.mkdir(parents=True, exist_ok=True)
            async with AsyncExitStack() as stack:
                spec = await self._localise(ticket.data["spec"], stack)
                spec["out"] = str(render.folder)
                render.result = await run("animatic", spec, limits=RENDER, report=render.report)
        except Exception as error:
            render.error = error

    async def _localise(self, spec: object, stack: AsyncExitStack) -> dict[str, object]:
        """The spec with paths in place of asset ids (keys that end in `_asset`)."""
        found: dict[str, object] = {}
        for key, value in (spec if isinstance(spec, Mapping) else {}).items():
            if key.endswith("_asset"):
                path = await stack.enter_async_context(self.http.assets.local(str(value))) if value else None
                found[key.removesuffix("_asset")] = str(path) if path else None
            elif key == "cast":
                found[key] = [await self._localise(member, stack) for member in value]
            else:
                found[key] = value
        return found

    def _failed(self, ticket: Ticket, error: Exception) -> Progress:
        reference = str(ticket.data["reference"])
        self._forget(reference)
        match error:
            case MediaRefused() | NotFound():
                return Progress(Phase.FAILED, failure=Failure(error.code, error.message))
            case MediaCrashed() | OSError() if shutil.disk_usage(self.http.scratch).free < LEAST_ROOM:
                raise StorageFull("The disk ran full while rendering; the render begins again when there is room.")
            case MediaCrashed():
                log.error("animatic.crashed", reference=reference, error=error.message, detail=error.detail)
                return _begin_again(ticket, error)
            case _:
                raise error

    @asynccontextmanager
    async def download(self, ticket: Ticket, *, offset: int = 0) -> AsyncIterator[Stream]:
        """The finished file. Raises Refused with retry `same` when this process has not rendered it: poll again, it renders anew."""
        reference = str(ticket.data["reference"])
        render = self._renders.get(reference)
        if render is None or render.result is None:
            raise Refused("this process has not rendered that video", code="render_not_here", retry=Retry.SAME, after=AGAIN)
        path = render.folder / str(render.result["file"])
        yield Stream(_chunks(path, offset), "video/mp4", path.stat().st_size - offset)
        if render.leaving:
            render.leaving.cancel()
        render.leaving = asyncio.get_running_loop().call_later(self.linger, self._forget, reference)

    async def cancel(self, ticket: Ticket) -> Cancelled:
        """Stop the child; nothing was ever charged."""
        reference = str(ticket.data["reference"])
        render = self._renders.get(reference)
        if render and render.task:
            render.task.cancel()
            await asyncio.gather(render.task, return_exceptions=True)
        self._forget(reference)
        return Cancelled(Stopped.STOPPED)

    async def discard(self, ticket: Ticket) -> None:
        """Remove the rendered file, which has been stored or is not wanted."""
        self._forget(str(ticket.data["reference"]))

    async def close(self) -> None:
        """Stop every child of this process."""
        tasks = [render.task for render in self._renders.values() if render.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for reference in list(self._renders):
            self._forget(reference)

    def _forget(self, reference: str) -> None:
        render = self._renders.pop(reference, None)
        if render:
            if render.task:
                render.task.cancel()
            if render.leaving:
                render.leaving.cancel()
            shutil.rmtree(render.folder, ignore_errors=True)


def _begin_again(ticket: Ticket, error: MediaCrashed) -> Progress:
    """The count of what crashed is kept in the ticket, so that neither a restart nor another process forgets it."""
    crashes = ticket.data.get("crashes")
    crashes = 1 + (crashes if isinstance(crashes, int) else 0)
    if crashes >= TRIES:
        return Progress(Phase.FAILED, failure=Failure("render_failed", f"{error.message}, {crashes} times in a row"))
    return Progress(Phase.RUNNING, again=AGAIN, ticket=Ticket({**ticket.data, "crashes": crashes}))


async def _chunks(path: Path, offset: int) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        file.seek(offset)
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk


def _spec(order: Order) -> dict[str, object]:
    operation = order.operation
    scene = (order.source_ticket or {}).get("scene")
    cast = [_member(member.name, member.media, member.facts, str(member.fidelity)) for member in order.cast]
    audio = operation.wishes.options.get(Animatic.name, {}).get("audio")
    common = {"prompt": order.prompt, "seed": order.seed, "cast": cast, "scene": scene, "audio": audio}
    return common | _task(operation)


def _task(operation: Operation) -> dict[str, object]:
    match operation:
        case CreateVideo():
            size = [operation.size.width, operation.size.height]
            return {"task": "create", "seconds": operation.seconds, "size": size, "backdrop_asset": operation.reference, "source": None}
        case ExtendVideo():
            seconds: float = operation.seconds
        case EditVideo() | RemixVideo():
            seconds = operation.source.seconds
    size = [operation.source.size.width, operation.source.size.height]
    return {"task": operation.kind, "seconds": seconds, "size": size, "backdrop": None, "source_asset": operation.source.asset}


def _member(name: str, media: Mapping[str, str], facts: Mapping[str, object], fidelity: str) -> dict[str, object]:
    return {
        "name": name,
        "fidelity": fidelity,
        "clip_asset": media.get("video"),
        "cutout_asset": media.get("cutout_sequence"),
        "cutout_facts": dict(facts),
    }
