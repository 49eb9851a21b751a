"""What would become of a request: the submission's own code, up to the moment when something would be kept, sent or charged."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Final

from castlist.engine import submit as submission
from castlist.engine.foreseeing import media_of, refuse
from castlist.engine.kit import Kit
from castlist.engine.moves import assign
from castlist.engine.ordering import Ready
from castlist.engine.rehearsal import Rehearsal
from castlist.engine.unknown import troubles_of
from castlist.errors import ProviderError, Retry
from castlist.model import fitting
from castlist.model.asks import Caller, VideoAsk
from castlist.model.characters import FORMS, BindingState, CastMember, Character, CharacterState, Fidelity, Note
from castlist.model.jobs import Cost, Job
from castlist.model.plans import Expected, LeftOut, PlannedDeployment, PlannedMember, SentMedia, VideoPlan
from castlist.model.providing import Deployment, Media, Prepared
from castlist.model.routes import Choice
from castlist.storage import StoredAsset

SAMPLES: Final = 20
_PIECES: Final = ("still-", "video", "cutout_sequence")


async def plan(kit: Kit, caller: Caller, ask: VideoAsk) -> VideoPlan:
    """The plan of a request, of which nothing is kept. Raises what its submission would raise, and as Unsupported what its job would
    fail with before anything was sent."""
    kept: list[StoredAsset] = []
    try:
        draft = await submission.draft(kit, caller, ask, kept=kept)
        return await _plan(kit, draft, files=media_of(kept))
    finally:
        await kit.storage.assets.delete([asset.id for asset in kept])
        submission.discard(ask)


async def _plan(kit: Kit, draft: submission.Draft, *, files: Sequence[Media]) -> VideoPlan:
    known = {d.id: d for d in kit.deployments}
    left = [LeftOut(known[name], reason) for name, reason in draft.plan.reasons.items()]
    planned, last = [], None
    for deployment in draft.plan.able:
        job = draft.job if deployment.id == draft.job.deployment else assign(draft.job, deployment)
        try:
            job = replace(job, choice=Choice(draft.plan.places[deployment.id]))
            planned.append(await _try(kit, job, deployment, characters=draft.characters, files=files))
        except ProviderError as error:
            last = error
            left.append(LeftOut(deployment, error.message))
            if error.retry is Retry.NEVER and not planned:
                break
    if last and not planned:
        raise refuse(last, {each.deployment.id: each.reason for each in left})
    policy = troubles_of(kit, draft.job.operation).unknown_policy
    return VideoPlan(draft.job.operation, tuple(planned), tuple(left), policy)


async def _try(kit: Kit, job: Job, deployment: Deployment, *, characters: Sequence[Character], files: Sequence[Media]) -> PlannedDeployment:
    operation, _ = fitting.fit(job.operation, deployment)
    rehearsal = Rehearsal(kit, files)
    ready = await rehearsal.order(kit, job, deployment, characters=characters)
    for note in ready.notes if ready else (_unsure(deployment, characters),):
        job = job.warn(note)
    cost = ready.attempt.cost if ready else Cost(micros=deployment.price(operation))
    return PlannedDeployment(
        deployment=deployment,
        operation=operation,
        prompt=_prompt(ready.prepared) if ready else operation.prompt,
        cast=await _cast(kit, ready, deployment, rehearsal=rehearsal) if ready else tuple(map(_announce, job.cast)),
        conflicts=fitting.conflicts(job.operation, deployment),
        warnings=job.warnings,
        cost=cost,
        expected=await _expect(kit, deployment),
        reason=job.choice.reason if job.choice else "",
    )


def _unsure(deployment: Deployment, characters: Sequence[Character]) -> Note:
    waiting = next((character for character in characters if character.state is not CharacterState.READY), None)
    if waiting:
        text = f"{waiting.name} is still being prepared: what is sent of it, and how the prompt names it, shows when it is ready."
        return Note("character_preparing", text, "characters", waiting.id)
    text = f"{deployment.provider} asks its upstream before it knows what it will send: the prompt and the media here may differ."
    return Note("plan_uncertain", text)


def _prompt(prepared: Prepared) -> str:
    return prepared.order.prompt if prepared.prompt is None else prepared.prompt


def _announce(member: CastMember) -> PlannedMember:
    return PlannedMember(member.id, member.name, member.fidelity, None, (), 0)


async def _cast(kit: Kit, ready: Ready, deployment: Deployment, *, rehearsal: Rehearsal) -> tuple[PlannedMember, ...]:
    sent = rehearsal.touched | set(_texts(ready.prepared.body))
    pairs = zip(ready.members, ready.characters, strict=True)
    return tuple([await _member(kit, pair, deployment, sent=sent, rehearsal=rehearsal) for pair in pairs])


async def _member(
    kit: Kit, pair: tuple[CastMember, Character], deployment: Deployment, *, sent: frozenset[str], rehearsal: Rehearsal
) -> PlannedMember:
    member, character = pair
    if member.handle and member.fidelity is not Fidelity.DESCRIBED:
        sent = sent | await rehearsal.bound_files(kit, deployment, character) if member.fidelity is Fidelity.NATIVE else sent
    found = {name: asset for name, asset in member.media.items() if asset in sent}
    described = {name: await rehearsal.describe(asset) for name, asset in found.items()}
    return PlannedMember(
        id=member.id,
        name=member.name,
        fidelity=member.fidelity,
        handle=await _handle(kit, member, deployment),
        media=tuple(SentMedia(name, media.media_type, media.bytes, made=bool(media.bytes)) for name, media in described.items()),
        of=len([name for name in character.assets if name.startswith(_PIECES) and name not in FORMS]),
    )


async def _handle(kit: Kit, member: CastMember, deployment: Deployment) -> str | None:
    if not member.handle:
        return None
    binding = await kit.storage.bindings.get(member.id, deployment.account.name)
    return "ready" if binding and binding.state is BindingState.READY else "new"


def _texts(value: object) -> Iterator[str]:
    """Every text in an adapter's body, among them the assets that it names."""
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ():
        yield from _texts(inner)


async def _expect(kit: Kit, deployment: Deployment) -> Expected | None:
    took = await kit.storage.jobs.durations(deployment.id, limit=SAMPLES)
    return Expected(round(median(took), 1), len(took)) if took else None
