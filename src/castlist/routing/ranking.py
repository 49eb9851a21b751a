"""In which order the deployments of a model are asked, and why: holds first, then who made the source, `order`, the strategy, the lot."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from castlist.model import fitting
from castlist.model.operations import Operation
from castlist.model.pricing import show_usd
from castlist.model.providing import Deployment
from castlist.model.routes import Standing, Strategy
from castlist.routing.scene import Scene

RECHECK = timedelta(seconds=2)
SLOT_AGAIN = timedelta(seconds=30)
"""How long a video waits for a place at most before it looks by itself; who leaves one wakes the next."""


class Grade(IntEnum):
    """How near an able deployment is to being asked."""

    READY = 0
    FULL = 1
    AVOIDED = 2
    COOLED = 3


@dataclass(frozen=True, slots=True)
class Hold:
    """What keeps an able deployment from being asked now: a code for `waiting`, a sentence, and when to look again."""

    grade: Grade
    code: str = ""
    why: str = ""
    until: datetime | None = None


READY = Hold(Grade.READY)


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing deployments are told apart by: the less, the better. `why` speaks for it and `against` against it."""

    value: float
    why: str = ""
    against: str = ""


def hold(deployment: Deployment, scene: Scene) -> Hold:
    """What keeps that deployment from being asked now."""
    standing, now = scene.of(deployment), scene.now
    if standing.is_cooling(now) and standing.cooled_until is not None:
        why = f"left alone until {standing.cooled_until:%H:%M:%S} UTC after it failed: {standing.why}"
        return Hold(Grade.COOLED, "cooldown", why, standing.cooled_until)
    if standing.is_probed(now, job=scene.job):
        return Hold(Grade.COOLED, "cooldown", f"another video tries whether it works again after it failed: {standing.why}", now + RECHECK)
    if deployment.id == scene.avoid:
        return Hold(Grade.AVOIDED, why="it has just failed")
    return _full(deployment, standing, now) or READY


def _full(deployment: Deployment, standing: Standing, now: datetime) -> Hold | None:
    if deployment.parallel is not None and standing.running >= deployment.parallel:
        places = f"all its {deployment.parallel} places are" if deployment.parallel > 1 else "its one place is"
        return Hold(Grade.FULL, "slot", f"{places} taken", now + SLOT_AGAIN)
    if deployment.rpm is not None and standing.sent >= deployment.rpm:
        why = f"{standing.sent} videos went there within the last minute, and it takes {deployment.rpm}"
        return Hold(Grade.FULL, "rate_limit", why, max(standing.room_at or now, now + timedelta(milliseconds=100)))
    return None


def marks(operation: Operation, deployment: Deployment, scene: Scene) -> tuple[Mark, ...]:
    """What that deployment is told apart by, the weightiest first."""
    made, bound = deployment.id == scene.source, deployment.account.name in scene.bound
    return (
        Mark(not made, "it made the source" if made else "", "" if made else "it did not make the source"),
        _order(deployment),
        _figure(operation, deployment, scene),
        Mark(not bound, "it has the cast already" if bound else "", "" if bound else "it has no copy of the cast yet"),
        Mark(_lot(deployment, scene), f"the lot fell on it, with weight {deployment.weight:g}", "the lot fell on another one"),
    )


def _order(deployment: Deployment) -> Mark:
    if deployment.order is None:
        return Mark(math.inf, against="it has no order")
    return Mark(deployment.order, f"its order is {deployment.order}", f"its order is {deployment.order}")


def _lot(deployment: Deployment, scene: Scene) -> float:
    """Weighted lots: of several, each is the lowest as often as its share of the weights."""
    if deployment.weight <= 0:
        return math.inf
    return -math.log(scene.draw(deployment)) / deployment.weight


def _figure(operation: Operation, deployment: Deployment, scene: Scene) -> Mark:
    standing = scene.of(deployment)
    match scene.rules.strategy:
        case Strategy.SHUFFLE:
            return Mark(deployment.weight <= 0, "", "its weight is 0")
        case Strategy.BUSY:
            at_work = f"{standing.assigned} at work there"
            return Mark(standing.assigned, f"least busy, with {at_work}", f"it is busier, with {at_work}")
        case Strategy.LATENCY:
            return _pace(standing)
        case Strategy.COST:
            price = deployment.capabilities.price(fitting.fit(operation, deployment)[0])
            text = "for a price that is not known" if price is None else f"for {show_usd(price)}"
            return Mark(math.inf if price is None else price, f"cheapest, {text}", f"it is dearer, {text}")
        case Strategy.USAGE:
            share = standing.sent / deployment.rpm if deployment.rpm else standing.sent
            used = f"{standing.sent}{f' of {deployment.rpm}' if deployment.rpm else ''} in the last minute"
            return Mark(share, f"least used, with {used}", f"it is used more, with {used}")


def _pace(standing: Standing) -> Mark:
    """By tenths, so that equals are equals. One that nobody has waited for yet is tried by one video at a time."""
    if standing.pace is None:
        tried = standing.assigned > 0
        against = "another video finds out how quick it is" if tried else ""
        return Mark(math.inf if tried else -math.inf, "nobody knows yet how quick it is", against)
    waited = f"{standing.pace:.1f} s waited per second of video"
    return Mark(round(10 * math.log(max(standing.pace, 0.001))), f"quickest, with {waited}", f"it is slower, with {waited}")
