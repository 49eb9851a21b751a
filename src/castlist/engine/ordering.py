"""From a job and a deployment to an order that is ready to be sent: everything that is free and can be repeated, for real or in a plan."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from castlist import casting
from castlist.engine.binding import NOT_NATIVE, Bound, bind, is_unread, may_step_down, without_clips
from castlist.engine.forms import furnish, wants_of
from castlist.engine.kit import Kit
from castlist.errors import Ambiguous, ProviderError, Refused, Retry
from castlist.model import fitting
from castlist.model.capabilities import SOURCE
from castlist.model.characters import CastMember, Character, Fidelity, Note
from castlist.model.jobs import Attempt, AttemptState, Cost, Job
from castlist.model.operations import CreateVideo, Operation
from castlist.model.providing import Deployment, Order, Prepared, Provider

WAIT_FORMS = 1.0
"""Seconds between looks at a character of which another job makes forms or a handle; whoever is done wakes the others at once."""


SUBMITTED_WITHIN = 60.0
"""Seconds a submission may take to be answered, where the configuration does not say."""


@dataclass(frozen=True)
class Making:
    """How what an order needs comes to be: the forms of a character that a model wants (None while somebody else makes them), the handles
    on a cast, and the adapter that lowers the order."""

    furnish: Callable[[Kit, Character, Sequence[str]], Awaitable[Character | None]] = furnish
    bind: Callable[[Kit, Sequence[Character], Deployment], Awaitable[Bound]] = bind
    adapter: Callable[[Kit, Deployment], Provider] = Kit.provider


FOR_REAL = Making()


@dataclass(frozen=True)
class Ready:
    """An order as it will be sent, the attempt that will be kept of it, and what its caller should know."""

    attempt: Attempt
    characters: Sequence[Character]
    members: tuple[CastMember, ...]
    prepared: Prepared
    notes: tuple[Note, ...]


async def make_ready(
    kit: Kit, job: Job, deployment: Deployment, *, characters: Sequence[Character], making: Making = FOR_REAL
) -> Ready | float:
    """The job's order for that deployment, or how many seconds to wait for what somebody else is making of its characters.

    Raises what the adapter's `prepare` and `bind` raise.
    """
    operation, steps = fitting.fit(job.operation, deployment)
    furnished = await _furnish(kit, operation, characters, deployment, making=making)
    if isinstance(furnished, float):
        return furnished
    made, members, stepped = furnished
    attempt = _attempt(kit, job, deployment, number=len(await kit.storage.jobs.attempts(job.id)) + 1)
    attempt = replace(attempt, cost=Cost(micros=deployment.price(operation)))
    order = await _order(kit, job, attempt, operation=operation, members=members)
    order = replace(order, timeout=deployment.timeout or order.timeout)
    prepared = await _prepare(making.adapter(kit, deployment), order)
    said = casting.notes(operation, members, made, deployment=deployment)
    notes = (*steps, *stepped, *names_added(operation, members), *said, *prepared.warnings)
    return Ready(attempt, made, prepared.order.cast, prepared, notes)


async def _prepare(provider: Provider, order: Order) -> Prepared:
    try:
        return await provider.prepare(order)
    except Ambiguous as error:
        # An upload is free and can be repeated: that its answer was lost says nothing about the one request that may cost.
        raise ProviderError(error.message, retry=Retry.SAME) from error


async def _furnish(
    kit: Kit, operation: Operation, characters: Sequence[Character], deployment: Deployment, *, making: Making
) -> tuple[Sequence[Character], tuple[CastMember, ...], tuple[Note, ...]] | float:
    """The characters with the forms that this model wants of those it can show, the cast they make with the account's handles, and what
    was stepped down; or how many seconds to wait for what somebody else is making."""
    members = casting.cast(operation, characters, deployment)
    if operation.kind not in deployment.capabilities.casts:
        return characters, members, ()
    made, shown = [], []
    for character, member in zip(characters, members, strict=True):
        if member.fidelity is Fidelity.DESCRIBED:
            made.append(character)
            continue
        found = await making.furnish(kit, character, wants_of(kit, deployment))
        if found is None:
            return WAIT_FORMS
        made.append(found)
        if member.fidelity is deployment.capabilities.fidelity:
            shown.append(found)
    bound = await _bind(kit, shown, deployment, making=making, degrade=operation.wishes.degrade)
    if bound.wait is not None:
        return bound.wait
    refused = {character: error.message for character, error in bound.refused.items()}
    cast = casting.cast(operation, made, deployment, handles=bound.handles, refused=refused)
    return made, cast, casting.step_down(cast, refused)


async def _bind(kit: Kit, characters: Sequence[Character], deployment: Deployment, *, making: Making, degrade: bool) -> Bound:
    if not deployment.capabilities.binds:
        return Bound()
    known = kit.not_native.get(deployment.account.name)
    if known is not None:
        return Bound(refused=dict.fromkeys((each.id for each in characters), Refused(known, code=NOT_NATIVE)))
    bound = await making.bind(kit, characters, deployment)
    unread = [character for character in characters if is_unread(bound.refused.get(character.id))]
    # Where the model reads no clip, stills are no step down.
    if unread and (degrade or not deployment.capabilities.links - {SOURCE}):
        again = await making.bind(kit, [without_clips(character) for character in unread], deployment)
        bound = bound.asked_again(again, [character.id for character in unread])
    for refused in bound.refused.values():
        if not may_step_down(kit, deployment, refused, degrade=degrade):
            raise refused
    return bound


def names_added(operation: Operation, members: Sequence[CastMember]) -> tuple[Note, ...]:
    """The names put before a prompt that lacks them; that of a follow-up speaks of a video that shows its cast already."""
    return casting.compile_prompt(operation.prompt, members)[1] if isinstance(operation, CreateVideo) else ()


async def _order(kit: Kit, job: Job, attempt: Attempt, *, operation: Operation, members: tuple[CastMember, ...]) -> Order:
    prompt = operation.prompt
    if isinstance(operation, CreateVideo):
        prompt, _ = casting.compile_prompt(operation.prompt, members)
    source = None if isinstance(operation, CreateVideo) else operation.source.video
    ticket, seed = await _source_ticket(kit, source, account=attempt.account) if source else (None, None)
    number = operation.seed if operation.seed is not None else seed
    return Order(
        operation=operation,
        provider_model=attempt.provider_model,
        prompt=prompt,
        cast=members,
        reference=attempt.reference,
        seed=number if number is not None else _own_seed(job.id),
        source_ticket=ticket,
        timeout=kit.policy.rules.timeout or SUBMITTED_WITHIN,
        callback=kit.call_back.of(attempt.id, provider=attempt.provider) if kit.call_back else None,
    )


def _own_seed(id: str) -> int:  # noqa: A002
    return int.from_bytes(id.encode()[-8:], "big") & 0x7FFF_FFFF


async def _source_ticket(kit: Kit, source: str, *, account: str) -> tuple[dict[str, object] | None, int | None]:
    job = await kit.storage.jobs.any(source)
    seed = (job.operation.seed if job.operation.seed is not None else _own_seed(job.id)) if job else None
    for attempt in await kit.storage.jobs.attempts(source):
        if attempt.state is AttemptState.SUCCEEDED and attempt.account == account and attempt.ticket:
            return dict(attempt.ticket), seed
    return None, seed


def _attempt(kit: Kit, job: Job, deployment: Deployment, *, number: int) -> Attempt:
    return Attempt(
        id=kit.new_id("att"),
        job=job.id,
        number=number,
        deployment=deployment.id,
        provider=deployment.provider,
        account=deployment.account.name,
        provider_model=deployment.provider_model,
        state=AttemptState.INTENT,
        reference=job.id if number == 1 else f"{job.id}-{number}",
        reason=job.choice.reason if job.choice else "",
        others=job.choice.others if job.choice else {},
        started_at=kit.clock(),
        cost=Cost(),
    )
