"""Submit, advance, cancel: the only part that sees storage, providers, casting and routing together."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from castlist.accounts import Accounts
from castlist.engine import advance as steps
from castlist.engine import callbacks, characters, deciding, planning, queries, repeats
from castlist.engine import submit as submission
from castlist.engine.adopting import adopt, strays
from castlist.engine.binding import bind_early, unbind_orphans
from castlist.engine.deciding import Outcome
from castlist.engine.kit import Kit, Policy
from castlist.engine.lasting import stop_left_behind
from castlist.engine.missing import no_character, no_video
from castlist.engine.telling import Webhooks
from castlist.errors import Conflict
from castlist.model.asks import Caller, CharacterAsk, Listing, Seen, VideoAsk
from castlist.model.characters import Character, CharacterState
from castlist.model.jobs import Failure, Job
from castlist.model.plans import VideoPlan
from castlist.model.providing import Callback, Deployment
from castlist.model.repeats import Repeat, Settled
from castlist.storage import Page, Storage, StoredAsset
from castlist.webhooks import Courier

FIRST = Repeat()
ROOM_TO_BEGIN = 1 << 20
"""Bytes that must be free for requests to be taken, beside what is kept for work under way, be that nothing."""

__all__ = ["Engine", "Kit", "ModelInfo", "Policy"]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model name with its deployments, as `/v1/models` lists it."""

    id: str
    deployments: tuple[Deployment, ...]
    default: bool


class Engine:
    """What the server asks for, and the steps a worker takes. Every public question begins with who asks."""

    def __init__(self, kit: Kit, accounts: Accounts, courier: Courier) -> None:
        self.kit = kit
        self.accounts = accounts
        self.courier = courier
        self.webhooks = Webhooks(kit.storage.outbox, courier)
        self._clearing: asyncio.Task[None] | None = None
        self._sweeping = asyncio.Lock()

    @property
    def storage(self) -> Storage:
        return self.kit.storage

    async def create_character(self, caller: Caller, ask: CharacterAsk, repeat: Repeat = FIRST) -> Character:
        """Check and keep the files, answer; derivation goes on behind. Raises MediaRefused, NotFound, StorageFull."""
        return await characters.create(self.kit, caller, ask, repeat=repeat)

    async def character(self, caller: Caller, id: str) -> Character:  # noqa: A002
        """One character. Raises NotFound."""
        return await characters.get(self.kit, caller, id)

    async def characters(self, caller: Caller, *, after: str | None, limit: int, order: str, name: str | None) -> Page[Character]:
        """A page of characters, newest first unless `order` is "asc"."""
        return await self.storage.characters.page(
            caller.project, after=after, limit=limit, order="asc" if order == "asc" else "desc", name=name
        )

    async def delete_character(self, caller: Caller, id: str) -> None:  # noqa: A002
        """Remove a character; its queued jobs fail `character_deleted`, finished videos stay. Raises NotFound."""
        if await self.storage.characters.delete(caller.project, id) is None:
            raise no_character(id, param="character_id")
        self._clear()
        self.kit.nudge()

    async def character_asset(self, caller: Caller, id: str, variant: str) -> StoredAsset:  # noqa: A002
        """The stored bytes of `video`, `still`, `cutout` or `sheet`."""
        return await characters.asset(self.kit, caller, id, variant=variant)

    async def submit(self, caller: Caller, ask: VideoAsk, repeat: Repeat = FIRST) -> Seen:
        """An accepted job, or an error at once; the first job of a request that `repeat` says or shows was accepted before."""
        await self.webhooks.check(caller, ask.wishes.webhook)
        return await submission.submit(self.kit, caller, ask, repeat=repeat)

    async def settle_request(self, caller: Caller, key: str) -> Settled:
        """What became of the request with that Idempotency-Key; one that still comes with it makes nothing more."""
        return await repeats.settle(self.kit, caller, key)

    async def lose(self, owner: str) -> None:
        """The caller was gone before the answer about `owner` began; the same request may follow."""
        await self.storage.requests.lose(owner)

    async def unknown_jobs(self, caller: Caller) -> Sequence[Seen]:
        """Jobs of all projects whose request was never answered. Raises Forbidden for all but the master key."""
        return await deciding.unknown(self.kit, caller)

    async def stuck_jobs(self, caller: Caller) -> Sequence[Seen]:
        """Jobs of all projects that take far longer than usual. Raises Forbidden for all but the master key."""
        return await deciding.stuck(self.kit, caller)

    async def resolve_job(self, caller: Caller, id: str, *, outcome: Outcome, ticket: Mapping[str, object] | None) -> Seen:  # noqa: A002
        """Decide about a job whose request was never answered. Raises NotFound, Forbidden, Conflict, InvalidRequest."""
        return await deciding.resolve(self.kit, caller, id, outcome=outcome, ticket=ticket)

    async def plan(self, caller: Caller, ask: VideoAsk) -> VideoPlan:
        """What would become of a request, without keeping, sending or spending anything. Raises what submitting it would."""
        await self.webhooks.check(caller, ask.wishes.webhook)
        return await planning.plan(self.kit, caller, ask)

    async def video(self, caller: Caller, id: str) -> Seen:  # noqa: A002
        """One job. Raises NotFound."""
        return await queries.video(self.kit, caller, id)

    async def watch(self, caller: Caller, id: str, *, revision: int, timeout: float) -> Seen:  # noqa: A002
        """The job as soon as it is newer than `revision`, or as it is after `timeout` seconds."""
        return await queries.watch(self.kit, caller, id, revision=revision, timeout=timeout)

    async def videos(
        self, caller: Caller, *, after: str | None, limit: int, order: str, status: str | None, character: str | None
    ) -> Page[Seen]:
        """A page of jobs, newest first unless `order` is "asc"."""
        listing = Listing(after, limit, "asc" if order == "asc" else "desc")
        return await queries.videos(self.kit, caller, listing, status=status, character=character)

    async def video_asset(self, caller: Caller, id: str, variant: str) -> StoredAsset:  # noqa: A002
        """The stored bytes of `video`, `thumbnail` or `spritesheet`. Raises Conflict before the job completed."""
        return await queries.asset(self.kit, caller, id, variant=variant)

    async def cancel(self, caller: Caller, id: str) -> Seen:  # noqa: A002
        """Ask for a stop; what has not been sent ends at once. Raises NotFound, Conflict when the job has ended."""
        before = await self.video(caller, id)
        if before.job.ended:
            raise Conflict(
                f"Video {id} {before.job.outcome} already; there is nothing to stop.", code="video_already_ended", param="video_id"
            )
        if await self.storage.jobs.request_cancel(caller.project, id) is None:
            raise no_video(id)
        self.kit.nudge()
        return await self.video(caller, id)

    async def delete_video(self, caller: Caller, id: str) -> None:  # noqa: A002
        """Remove a video, cancelling it first when it is running. Raises NotFound."""
        if await self.storage.jobs.delete(caller.project, id) is None:
            raise no_video(id)
        self.kit.nudge()
        await self.sweep()

    async def sweep(self) -> None:
        """Remove the bytes of deleted videos and characters that nothing unfinished needs, and begin with the handles on the latter and
        with work that was left behind at providers.

        One at a time: who waits for this may count on the bytes being gone, though another had begun to remove them.
        """
        async with self._sweeping:
            gone = await self.storage.jobs.purge()
            if gone:
                await self.storage.assets.delete(gone)
        self._clear()

    async def adopt(self) -> None:
        """Take in what waits for a deployment that nobody has any more."""
        await adopt(self.kit)

    async def strays(self, *, forsaken: bool) -> Mapping[str, Sequence[str]]:
        """By account, the deployments that left the configuration and whose videos are gone on with here, those that were sent and that
        nobody looks at any more among them if `forsaken`."""
        return await strays(self.kit, forsaken=forsaken)

    def _clear(self) -> None:
        """Begin to remove what nobody wants at providers, unless that is under way; they may take their time."""
        if self._clearing is None or self._clearing.done():
            self._clearing = self.kit.begin(self._clear_providers())

    async def _clear_providers(self) -> None:
        await unbind_orphans(self.kit)
        await stop_left_behind(self.kit)

    def models(self) -> Sequence[ModelInfo]:
        """Each model name with its deployments, in the order of the configuration."""
        names = list(dict.fromkeys(d.model for d in self.kit.deployments))
        rules = self.kit.policy.rules
        names += [name for name in rules.aliases if name not in names and name not in rules.hidden]
        return [
            ModelInfo(name, tuple(d for d in self.kit.deployments if d.model == rules.resolve(name)), name == self.kit.policy.default_model)
            for name in names
        ]

    async def ready(self) -> None:
        """Raises Unavailable with the reason when requests could not be kept."""
        self.kit.check_room(ROOM_TO_BEGIN)
        await self.storage.check()

    async def hear(self, provider: str, token: str, callback: Callback) -> bool:
        """What a vendor called back with; it only ever wakes the poll of its job. Raises NotFound, Forbidden."""
        return await callbacks.hear(self.kit, provider, token, callback=callback)

    async def advance(self, job: Job) -> Job | None:
        """One step of a job, saved."""
        return await steps.advance(self.kit, job)

    async def look(self, job: Job) -> Job | float | None:
        """One step of a job that its provider works on; only the seconds until the next one where nothing has changed."""
        return await steps.look(self.kit, job)

    async def give_up(self, job: Job, failure: Failure) -> Job | None:
        """End a job that cannot be moved."""
        return await steps.fail(self.kit, job, failure)

    async def derive(self, character: Character) -> Character:
        """One character's derivation, saved. Raises StorageFull and MediaCrashed, after which it may be tried again."""
        derived = await characters.derive(self.kit, character)
        # Asked again, as more models may have been named while it was derived.
        ready = await self.storage.characters.any(character.id) or derived
        if ready.state is CharacterState.READY and ready.targets:
            self.kit.begin(bind_early(self.kit, ready))
        return ready

    async def give_up_character(self, character: Character, why: str) -> Character:
        """Say of a character that it cannot be made."""
        return await characters.give_up(self.kit, character, why)

    async def settle(self, *, patience: float) -> None:
        """Wait for what must not be broken off, for `patience` seconds where it may cost."""
        await self.kit.settle(patience=patience)
