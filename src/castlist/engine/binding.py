"""Handles that provider accounts hold on characters: made at the first use, made again when they are over, removed at the end."""

import asyncio
from collections.abc import Awaitable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeVar

import structlog

from castlist.engine.forms import furnish, wants_of
from castlist.engine.kit import Kit
from castlist.errors import Ambiguous, CastlistError, HandleGone, ProviderError, Refused, Retry, Unavailable
from castlist.model.characters import Binding, BindingState, Character
from castlist.model.jobs import Attempt, Failure, Job
from castlist.model.providing import Deployment, Handle, Media, Phase, Provider, References, Ticket

log = structlog.get_logger("castlist.engine")
T = TypeVar("T")

LEASE = 180.0
BIND_WITHIN = 150.0
"""Less than the lease, so that nobody else begins while we may still get an answer."""

EARLY_AT_ONCE = 8
"""Handles on one character that are made at once before any video needs them; each is an upload."""

MADE_WITHIN = timedelta(minutes=30)
WAIT_MAKING = 1.0
SOON = timedelta(minutes=1)
MOST_LOSSES = 3
KEPT = timedelta(days=1)
"""How long the removal of a handle on a deleted character is tried again."""

REMOVED_AT_ONCE = 20
NOT_NATIVE = "characters_not_native"
"""The code with which an adapter says that this account keeps no characters at all."""

ABOUT_THE_ACCOUNT = frozenset({"provider_auth_failed", "provider_quota_exceeded", "provider_rate_limited"})
"""Codes of refusals that have nothing to do with the character."""


@dataclass(frozen=True)
class Bound:
    """The handles on a cast by character, or, while some are being made, how many seconds to wait before looking again. `refused` are
    those that the provider does not take as characters of its own and that can go by reference, with its word."""

    handles: dict[str, str] = field(default_factory=dict)
    wait: float | None = None
    refused: dict[str, Refused] = field(default_factory=dict)

    def asked_again(self, again: "Bound", about: Collection[str]) -> "Bound":
        """These with what came of asking again about some that were refused."""
        waits = [wait for wait in (self.wait, again.wait) if wait is not None]
        kept = {character: error for character, error in self.refused.items() if character not in about}
        return Bound(self.handles | again.handles, min(waits, default=None), kept | again.refused)


async def bind(kit: Kit, characters: Sequence[Character], deployment: Deployment) -> Bound:
    """Every handle that the deployment's account needs on these characters, made where it is missing or over.

    Raises what the provider raises; the binding is then `failed`, and the next use tries again.
    """
    bound = Bound()
    waits = []
    for character in characters:
        try:
            binding, wait = await _bind_one(kit, character, deployment)
        except Refused as error:
            if not deployment.capabilities.reference_too or error.code in ABOUT_THE_ACCOUNT:
                raise
            bound.refused[character.id] = error
            continue
        if binding.state is BindingState.READY and binding.handle is not None:
            bound.handles[character.id] = binding.handle
        else:
            waits.append(wait)
    return replace(bound, wait=min(waits)) if waits else bound


def may_step_down(kit: Kit, deployment: Deployment, refused: Refused, *, degrade: bool) -> bool:
    """Whether a character that was refused goes by reference: where the caller allows it, and by itself where its account keeps no
    characters at all, which is remembered."""
    if deployment.capabilities.tries_native and refused.code == NOT_NATIVE:
        kit.not_native[deployment.account.name] = refused.message
        return True
    return degrade


def is_unread(refused: Refused | None) -> bool:
    """Whether a character was not taken because nothing leads to its clip from outside, where its stills need no address."""
    return refused is not None and refused.code == "public_url_required"


def without_clips(character: Character) -> Character:
    """The character with its stills alone, for a provider that could read a clip only by an address."""
    stills = {name: asset for name, asset in character.assets.items() if not name.startswith(("clip-", "video"))}
    return replace(character, assets=stills)


async def bind_early(kit: Kit, character: Character) -> None:
    """Make the character ready for the models it was made for. What does not succeed is left to the first video that needs it."""
    wanted = {kit.policy.rules.resolve(name) for name in character.targets}
    named = [deployment for deployment in kit.deployments if deployment.model in wanted and not deployment.unavailable]
    # Forms one after another, as they are made of the same character; then the handles, some at once.
    forms = [(await _apart(furnish(kit, character, wants_of(kit, each)), character, each), each) for each in named]
    made = [(found, each) for found, each in forms if found and each.capabilities.binds]
    turns = asyncio.Semaphore(EARLY_AT_ONCE)

    async def bind_in_turn(found: Character, deployment: Deployment) -> None:
        async with turns:
            await _apart(bind(kit, [found], deployment), character, deployment)

    await asyncio.gather(*(bind_in_turn(found, each) for found, each in made))


async def _apart(work: Awaitable[T], character: Character, deployment: Deployment) -> T | None:
    """What came of it; whatever goes wrong at one deployment, an adapter's own fault too, is no matter of the others."""
    try:
        return await work
    except CastlistError as error:
        log.warning("binding.not_early", character=character.id, deployment=deployment.id, error=error.message)
    except Exception:
        log.exception("binding.not_early", character=character.id, deployment=deployment.id)
    return None


async def _bind_one(kit: Kit, character: Character, deployment: Deployment) -> tuple[Binding, float]:
    account, provider = deployment.account, kit.provider(deployment)
    binding, mine = await kit.storage.bindings.claim(character.id, account.name, provider=account.provider, lease=LEASE)
    if mine:
        # A job that is cancelled lets go of its wait, never of a handle that is being made: nobody else would know of it.
        binding = await kit.to_the_end(_make(kit, character, binding, provider=provider))
        return binding, WAIT_MAKING
    if binding.state is BindingState.MAKING and binding.ticket is not None:
        return await _follow(kit, character, binding, provider=provider)
    return binding, WAIT_MAKING


async def _make(kit: Kit, character: Character, binding: Binding, *, provider: Provider) -> Binding:
    try:
        async with asyncio.timeout(BIND_WITHIN):
            made = await provider.bind(character, await _media(kit, character))
    except TimeoutError:
        error = ProviderError(f"{provider.name} did not take {character.name} within {BIND_WITHIN:g} seconds", retry=Retry.SAME)
        await _fail(kit, character, binding, why=error.message)
        raise error from None
    except Ambiguous as error:
        # Making a handle is free and can be repeated: a lost answer leaves at worst one that nobody knows of.
        await _fail(kit, character, binding, why=error.message)
        raise ProviderError(error.message, retry=Retry.SAME) from error
    except Exception as error:
        await _fail(kit, character, binding, why=error.message if isinstance(error, ProviderError) else type(error).__name__)
        raise
    if isinstance(made, Handle):
        return await _keep(kit, character, binding, handle=made)
    waiting = replace(binding, maker=None, until=None, ticket=made.data, made_at=kit.clock())
    await kit.storage.bindings.save(character.id, waiting)
    return waiting


async def _media(kit: Kit, character: Character) -> References:
    found: dict[str, Media] = {}
    for variant, asset in character.assets.items():
        if not variant.startswith("source-"):
            found[variant] = await kit.storage.assets.describe(asset)
    return References(found)


async def _keep(kit: Kit, character: Character, binding: Binding, *, handle: Handle) -> Binding:
    ready = Binding(
        binding.provider,
        binding.account,
        BindingState.READY,
        handle=handle.value,
        expires_at=handle.expires_at,
        made_at=kit.clock(),
        losses=binding.losses,
    )
    await kit.storage.bindings.save(character.id, ready)
    await kit.storage.jobs.wake_with_character(character.id)
    return ready


async def _fail(kit: Kit, character: Character, binding: Binding, *, why: str) -> None:
    failed = Binding(binding.provider, binding.account, BindingState.FAILED, error=why, made_at=kit.clock(), losses=binding.losses)
    await kit.storage.bindings.save(character.id, failed)
    await kit.storage.jobs.wake_with_character(character.id)


async def _follow(kit: Kit, character: Character, binding: Binding, *, provider: Provider) -> tuple[Binding, float]:
    progress = await provider.poll_binding(Ticket(binding.ticket or {}))
    if isinstance(progress, Handle):
        return await _keep(kit, character, binding, handle=progress), 0.0
    late = binding.made_at is None or kit.clock() - binding.made_at > MADE_WITHIN
    if progress.phase in (Phase.FAILED, Phase.CANCELLED) or late:
        why = progress.failure.message if progress.failure else f"{provider.name} did not finish its own copy of {character.name}"
        code = progress.failure.code if progress.failure else None
        await _fail(kit, character, binding, why=why)
        raise Refused(f"{provider.name} could not take {character.name}: {why}", code=code, retry=_after(moderated=progress.moderated))
    return binding, progress.again or WAIT_MAKING


def _after(*, moderated: bool) -> Retry:
    return Retry.NEVER if moderated else Retry.ELSEWHERE


async def lose(kit: Kit, job: Job, error: HandleGone, *, attempt: Attempt | None) -> ProviderError:
    """Expire the handles that the provider no longer knows. What to do about the job: ask the same again, or elsewhere once the
    provider has lost them again and again."""
    deployment = kit.deployment(job.deployment)
    account = attempt.account if attempt else deployment.account.name if deployment else ""
    sent = {member.id: member.handle for member in job.cast if member.handle} if attempt else {}
    losses = 0
    for character in job.operation.characters:
        known = await kit.storage.bindings.get(character, account)
        handle = sent.get(character) or (known.handle if known else None)
        if handle and (not error.handles or handle in error.handles):
            losses = max(losses, await kit.storage.bindings.lose(character, account, handle=handle, within=SOON))
    if losses < MOST_LOSSES:
        return error
    return Refused(f"the provider lost a handle on a character {losses} times in a row: {error.message}", code=error.code)


async def lose_late(kit: Kit, job: Job, attempt: Attempt, failure: Failure) -> bool:
    """Whether work that failed for want of what its handles stand for is to be asked for again, with new ones: once for each job, as
    the work may have cost."""
    earlier = [each for each in await kit.storage.jobs.attempts(job.id) if each.id != attempt.id]
    again = any(each.error and each.error.code == HandleGone.code for each in earlier)
    if again or not any(member.handle for member in job.cast):
        return False
    await lose(kit, job, HandleGone(failure.message), attempt=attempt)
    return True


async def unbind_orphans(kit: Kit) -> None:
    """Remove the handles on deleted characters upstream, as far as the providers let us, and forget them."""
    try:
        await _unbind_all(kit)
    except Unavailable as error:
        log.warning("binding.storage", error=error.message)


async def _unbind_all(kit: Kit) -> None:
    for orphan in await kit.storage.bindings.orphans(accounts=list(kit.providers), limit=REMOVED_AT_ONCE):
        binding = orphan.binding
        if binding.handle and binding.state is not BindingState.FAILED and not await _unbind(kit, binding):
            if kit.clock() - orphan.deleted_at < KEPT:
                continue
            log.warning("binding.left_behind", character=orphan.character, account=binding.account)
        await kit.storage.bindings.delete(orphan.character, binding.account)


async def _unbind(kit: Kit, binding: Binding) -> bool:
    try:
        async with asyncio.timeout(BIND_WITHIN):
            await kit.providers[binding.account].unbind(Handle(binding.handle or "", binding.expires_at))
    except NotImplementedError:
        return True
    except (ProviderError, TimeoutError) as error:
        log.warning("binding.not_removed", account=binding.account, error=str(error) or type(error).__name__)
        return False
    return True
