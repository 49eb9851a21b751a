"""Which deployments could take an operation, best first. Pure: no clock, no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from castlist.model.operations import Operation
from castlist.model.providing import Deployment
from castlist.model.routes import Choice, Rules
from castlist.routing.ranking import Grade, Hold, Mark, hold, marks
from castlist.routing.refusals import refuse, unknown_model, why_none
from castlist.routing.scene import Scene

NOWHERE = Scene()


@dataclass(frozen=True, slots=True)
class Plan:
    """Able deployments, best first, and one sentence for each one left out. `holds` says of each able one what keeps it from being asked
    now, `places` why it stands where it does."""

    able: tuple[Deployment, ...]
    reasons: Mapping[str, str]
    holds: Mapping[str, Hold] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)

    @property
    def wait(self) -> Hold | None:
        """What the best one waits for; None when it can be asked now, or when none is able."""
        first = self.holds[self.able[0].id] if self.able else None
        if first is None or first.until is None:
            return None
        if first.grade is not Grade.COOLED:
            # Another deployment of the same model may have room before it.
            same = [self.holds[d.id] for d in self.able if d.model == self.able[0].model]
        else:
            same = list(self.holds.values())
        return min((each for each in same if each.until), key=lambda each: (each.grade, each.until))

    def choice(self) -> Choice:
        """The first able one, with the reason, and with those of all others."""
        first = self.able[0].id
        return Choice(self.places[first], {**self.reasons, **{d.id: self.places[d.id] for d in self.able[1:]}})


def plan(operation: Operation, deployments: Sequence[Deployment], scene: Scene = NOWHERE) -> Plan:
    """The deployments under the operation's model, and under its fallbacks, that can take it and were not tried.

    Raises NotFound for an unknown model; Unsupported, NotImplementedHere or Unavailable when none is able, with the reason of each.
    """
    groups = _groups(operation.model, deployments, scene.rules)
    everything = [d for group in groups for d in group]
    refusals = {d.id: refuse(operation, d, scene) for d in everything}
    if all(refusals.values()):
        raise why_none(operation, everything, deployments, scene)
    reasons = {name: refusal[1] for name, refusal in refusals.items() if refusal}
    left = [[d for d in group if d.id not in reasons and d.id not in scene.tried] for group in groups]
    return _ranked(operation, [group for group in left if group], scene, reasons={**reasons, **scene.tried})


def _groups(model: str, deployments: Sequence[Deployment], rules: Rules) -> list[list[Deployment]]:
    """The deployments of the model, then those of each fallback. What is asked under one name already is not asked under another."""
    groups: list[list[Deployment]] = []
    asked: set[tuple[str, str]] = set()
    for name in rules.chain(model):
        group = [d for d in deployments if d.model == name and (d.account.name, d.provider_model) not in asked]
        asked |= {(d.account.name, d.provider_model) for d in group}
        if not groups and not group:
            raise unknown_model(model, deployments)
        groups.append(group)
    return groups


def _ranked(operation: Operation, groups: Sequence[Sequence[Deployment]], scene: Scene, *, reasons: Mapping[str, str]) -> Plan:
    holds = {d.id: hold(d, scene) for group in groups for d in group}
    told = {d.id: marks(operation, d, scene) for group in groups for d in group}
    ordered = [sorted(group, key=lambda d: (holds[d.id].grade, [mark.value for mark in told[d.id]])) for group in groups]
    # A model whose deployments are all left alone stands behind its fallbacks; one that is only busy is waited for.
    ordered.sort(key=lambda group: holds[group[0].id].grade is Grade.COOLED)
    able = tuple(d for group in ordered for d in group)
    return Plan(able, reasons, holds, _places(operation, able, scene, holds=holds, told=told))


def _own(operation: Operation, scene: Scene) -> str:
    return scene.rules.resolve(operation.model)


def _places(
    operation: Operation,
    able: Sequence[Deployment],
    scene: Scene,
    *,
    holds: Mapping[str, Hold],
    told: Mapping[str, tuple[Mark, ...]],
) -> Mapping[str, str]:
    """Why the first is the first, and what each of the others lacks."""
    found: dict[str, str] = {}
    for deployment in able:
        first = able[0]
        if deployment is first:
            found[first.id] = _why_first(operation, able, scene, holds=holds, told=told)
        elif holds[deployment.id].why:
            found[deployment.id] = holds[deployment.id].why
        elif deployment.model != first.model:
            found[deployment.id] = f"it is a fallback, under {deployment.model}"
        else:
            mark = _first_difference(told[first.id], told[deployment.id])
            found[deployment.id] = mark[1].against or "another one goes before it"
    return found


def _why_first(
    operation: Operation, able: Sequence[Deployment], scene: Scene, *, holds: Mapping[str, Hold], told: Mapping[str, tuple[Mark, ...]]
) -> str:
    first = able[0]
    same = [d for d in able[1:] if d.model == first.model]
    others = [d for d in same if holds[d.id].grade is holds[first.id].grade]
    why = [f"fallback of {operation.model}"] if first.model != _own(operation, scene) else []
    if not others:
        why.append("the only one that can be asked now" if same else "able to take it" if why else "the only one able to take it")
    differences = [_first_difference(told[first.id], told[other.id])[0] for other in others]
    why += list(dict.fromkeys(mark.why for mark in differences if mark.why))
    return ", ".join(why) or "nothing speaks against it"


def _first_difference(one: Sequence[Mark], other: Sequence[Mark]) -> tuple[Mark, Mark]:
    pairs = list(zip(one, other, strict=True))
    return next((pair for pair in pairs if pair[0].value != pair[1].value), pairs[-1])
