"""Which deployment a job goes to: what routing has to know, what becomes of its answer, and where a refused job goes next."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from castlist import routing
from castlist.engine.ending import fail
from castlist.engine.kit import Kit
from castlist.engine.moves import WAIT_RETRY, WAIT_UNKNOWN, assign, in_budget, put_off, save, wait_for
from castlist.errors import CastlistError, HandleGone, NotFound, ProviderError, Retry, Unavailable
from castlist.model.capabilities import Private
from castlist.model.characters import FORMS, BindingState, Character, CharacterState, Note
from castlist.model.jobs import Attempt, AttemptState, Failure, Job, State
from castlist.model.operations import CreateVideo, Operation
from castlist.model.providing import Deployment
from castlist.model.publishing import is_reached
from castlist.model.routes import Standing, Strategy

TRIES: Final = 2
"""How often a video is sent again, where nothing is said and a fallback could be asked."""

PATIENT: Final = frozenset({"provider_rate_limited"})
"""Codes of refusals that are waited for, however often they come."""

NONE_NOW: Final = "model_unavailable"
"""The code with which routing says that no deployment of the model can be used now."""

SPREAD: Final = 1.0
"""Seconds over which those that wait for the same moment look again."""


async def choose(kit: Kit, job: Job) -> Job | None:
    """The queued job on its way to a deployment, or waiting for one; failed when none is left."""
    try:
        plan = await plan_for(kit, job)
    except Unavailable as error:
        if kit.clock() - job.created_at < timedelta(seconds=kit.policy.max_age):
            return await wait_for(kit, job, error.code, seconds=WAIT_UNKNOWN)
        return await fail(kit, job, Failure(error.code, error.message))
    except NotFound:
        # Accepted by a gateway that has the model: it is that one's, or waits until the model is back.
        return await wait_for(kit, job, "deployment_missing", seconds=WAIT_UNKNOWN)
    except CastlistError as error:
        return await fail(kit, job, Failure(error.code, error.message))
    if not plan.able:
        attempts = await kit.storage.jobs.attempts(job.id)
        last = next((a.error for a in reversed(attempts) if a.error), None)
        return await fail(kit, job, last or Failure("no_deployment", "No deployment is left that could take this video."))
    first, wait = plan.able[0], plan.wait
    given = replace(assign(_say_fallback(kit, job, first), first), choice=plan.choice())
    if wait is not None and wait.until is not None:
        return await wait_for(kit, given, wait.code, seconds=_until(kit, given, wait.until))
    kit.choosing[job.id] = first.id
    try:
        return await save(kit, given.to(State.PREPARING, waiting=None))
    finally:
        del kit.choosing[job.id]


def _until(kit: Kit, job: Job, moment: datetime) -> float:
    """Seconds until a moment that others wait for too, each job a little after another."""
    late = int.from_bytes(job.id.encode()[-2:], "big") % 100 / 100
    return max(0.0, (moment - kit.clock()).total_seconds()) + SPREAD * late


def _say_fallback(kit: Kit, job: Job, deployment: Deployment) -> Job:
    asked = kit.policy.rules.resolve(job.operation.model)
    if deployment.model == asked:
        return job
    text = f"No deployment of {job.operation.model} could take this video; it is made by its fallback {deployment.model}."
    return job.warn(Note("model_fallback", text, "model", job.operation.model, deployment.model))


async def plan_for(kit: Kit, job: Job) -> routing.Plan:
    """The deployments that could take the job as it is, best first. Raises what `routing.plan` raises."""
    characters = [c for id in job.operation.characters if (c := await kit.storage.characters.any(id))]  # noqa: A001
    operation = await in_budget(kit, job)
    return routing.plan(operation, kit.deployments, await set_scene(kit, job, characters=characters))


async def plan_new(kit: Kit, job: Job, *, characters: Sequence[Character]) -> routing.Plan:
    """The same for a job that is not kept yet."""
    return routing.plan(job.operation, kit.deployments, await set_scene(kit, job, characters=characters))


async def set_scene(kit: Kit, job: Job, *, characters: Sequence[Character]) -> routing.Scene:
    """What routing has to know of this moment."""
    source, keepers = await _makers_of(kit, job.operation)
    names, strategy = kit.policy.rules.chain(job.operation.model), kit.policy.rules.strategy
    group = [d for d in kit.deployments if d.model in names]
    count = [d.id for d in group if strategy in (Strategy.BUSY, Strategy.LATENCY) or d.parallel is not None]
    ours = dict(kit.choosing)
    standings = await kit.storage.health.standings(group, count=count, besides=ours)
    return routing.Scene(
        now=kit.clock(),
        job=job.id,
        rules=kit.policy.rules,
        standings=_with_ours(ours, standings),
        tried={name: f"it was tried before: {job.faults.get(name, 'it could not take it')}" for name in job.tried},
        avoid=job.avoid,
        bound=_bound(kit, characters),
        source=source,
        keepers=keepers,
        private=_private(kit, characters),
    )


def _with_ours(ours: Mapping[str, str], standings: Mapping[str, Standing]) -> Mapping[str, Standing]:
    """What is known, with what this process has chosen and is saving: two jobs that look at once do not take the same place."""
    found = dict(standings)
    for name in ours.values():
        known = found.get(name, Standing())
        found[name] = replace(known, assigned=known.assigned + 1)
    return found


def _bound(kit: Kit, characters: Sequence[Character]) -> frozenset[str]:
    """The accounts that hold a handle on every one of the characters."""
    now = kit.clock()
    held = [
        {b.account for b in c.bindings if b.state is BindingState.READY and (b.expires_at is None or b.expires_at > now)}
        for c in characters
    ]
    return frozenset(set.intersection(*held)) if held else frozenset()


def _private(kit: Kit, characters: Sequence[Character]) -> Private | None:
    return None if is_reached(kit.publish) else Private(cast=tuple(map(_variants, characters)))


def _variants(character: Character) -> frozenset[str]:
    """What the character has or can have. One that is still made is taken to get all that it may, unless it is yet to be cut."""
    able = {form for form in FORMS if character.has_use_of(form)}
    if character.state is CharacterState.READY:
        return frozenset(character.assets) | {form for form in able if FORMS[form] in character.assets}
    return frozenset() if character.range else frozenset(FORMS.values()) | able


async def _makers_of(kit: Kit, operation: Operation) -> tuple[str | None, frozenset[str]]:
    """The deployment that made the video a follow-up starts from, and the accounts that have it."""
    if isinstance(operation, CreateVideo) or operation.source.video is None:
        return None, frozenset()
    source = await kit.storage.jobs.any(operation.source.video)
    attempts = await kit.storage.jobs.attempts(operation.source.video)
    keepers = frozenset(a.account for a in attempts if a.state is AttemptState.SUCCEEDED and a.ticket)
    return source.deployment if source else None, keepers


async def no_room(kit: Kit, job: Job, deployment: Deployment) -> routing.Hold | None:
    """What keeps the chosen deployment from being sent this job now: its places may have been taken since it was chosen."""
    if deployment.parallel is None and deployment.rpm is None:
        return None
    known = (await kit.storage.health.standings([deployment])).get(deployment.id, Standing())
    sending = kit.sending[deployment.id]
    busy = replace(known, running=known.running + sending, sent=known.sent + sending)
    found = routing.hold(deployment, routing.Scene(now=kit.clock(), job=job.id, standings={deployment.id: busy}))
    return found if found.until is not None else None


async def go_on(kit: Kit, job: Job, error: ProviderError, *, attempt: Attempt | None) -> Job | None:
    """The refused job queued for another deployment, or for the same one after a while; failed when nobody is left to ask."""
    name, failure = job.deployment or "", Failure(error.code, error.message)
    same = error.retry is Retry.SAME
    job = replace(job, faults={**job.faults, name: error.message}, retries=job.retries + (same and error.code not in PATIENT))
    if not same:
        job = replace(job, tried=(*job.tried, name))
    elif not isinstance(error, HandleGone):
        job = replace(job, avoid=name)
        limit = _tries(kit, job, name)
        if limit is not None and job.retries > limit:
            job = replace(job, tried=_with_group(kit, job, name), retries=0)
    plan = await _try_plan(kit, job)
    if plan is None or not plan.able:
        return await fail(kit, job, failure, attempt=attempt)
    wait = max(error.after or WAIT_RETRY, kit.policy.rules.retry_after)
    if not same or plan.able[0].id not in job.faults:
        return await save(kit, put_off(kit, job.to(State.QUEUED, waiting=None, deployment=plan.able[0].id), seconds=0))
    if kit.clock() + timedelta(seconds=wait) - job.created_at >= timedelta(seconds=kit.policy.max_age):
        return await fail(kit, job, failure, attempt=attempt)
    return await save(kit, put_off(kit, job.to(State.QUEUED, waiting=error.code, deployment=plan.able[0].id), seconds=wait))


def _tries(kit: Kit, job: Job, name: str) -> int | None:
    """How often a video that this deployment refused is sent again; None for as long as it may live."""
    known, rules = kit.deployment(name), kit.policy.rules
    for said in (known.num_retries if known else None, rules.num_retries):
        if said is not None:
            return said
    return TRIES if len(rules.chain(job.operation.model)) > 1 else None


def _with_group(kit: Kit, job: Job, name: str) -> tuple[str, ...]:
    """What was tried, with every deployment of the model that had its tries."""
    known = kit.deployment(name)
    return tuple(dict.fromkeys((*job.tried, name, *(d.id for d in kit.deployments if known and d.model == known.model))))


async def _try_plan(kit: Kit, job: Job) -> routing.Plan | None:
    try:
        return await plan_for(kit, job)
    except CastlistError as error:
        if isinstance(error, Unavailable) and error.code != NONE_NOW:
            # Our own storage is away, which says nothing about who could take the job.
            raise
        return None


async def others(kit: Kit, job: Job, *, tried: Sequence[str]) -> bool:
    """Whether a deployment is left that could take the job."""
    plan = await _try_plan(kit, replace(job, tried=tuple(tried)))
    return bool(plan and plan.able)
