"""How a video finds its deployment: the rules an operator sets, and what is known of each deployment at a moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Strategy(StrEnum):
    """By what the able deployments of a model are told apart; LiteLLM's words."""

    SHUFFLE = "simple-shuffle"
    BUSY = "least-busy"
    LATENCY = "latency-based-routing"
    COST = "cost-based-routing"
    USAGE = "usage-based-routing"


ANY = "*"
"""Stands, among the fallbacks, for every model without fallbacks of its own."""


@dataclass(frozen=True, slots=True)
class Rules:
    """`num_retries`: how often a video is sent again after a refusal that may pass; None for as long as it may live. `timeout`: seconds a
    submission may take to be answered; `retry_after`: seconds at least before the same deployment is tried again. A deployment that fails
    more than `allowed_fails` times within a minute is left alone for `cooldown` seconds, unless nothing `cools`. `aliases` are other names
    of models, of which `hidden` are in no list."""

    strategy: Strategy = Strategy.SHUFFLE
    num_retries: int | None = None
    timeout: float | None = None
    retry_after: float = 0.0
    allowed_fails: int = 3
    cooldown: float = 5.0
    cools: bool = True
    fallbacks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()

    def resolve(self, model: str) -> str:
        """The name in the model list that a name stands for."""
        return self.aliases.get(model, model)

    def chain(self, model: str) -> tuple[str, ...]:
        """The model, and then each that is asked when those before it cannot, once."""
        found: list[str] = []
        left = [self.resolve(model)]
        while left:
            name = left.pop(0)
            if name not in found:
                found.append(name)
                left = [*map(self.resolve, self.next_of(name)), *left]
        return tuple(found)

    def next_of(self, model: str) -> Sequence[str]:
        """The models asked when that one cannot."""
        return self.fallbacks.get(model, self.fallbacks.get(ANY, ()))


@dataclass(frozen=True, slots=True)
class Standing:
    """What all processes know of a deployment.

    After `failures` within a minute it is `cooled_until` a time, for `why`; from then on the job `probe` tries it, until `probe_until`.
    `pace` is how many seconds were waited for a second of video, as `samples` finished ones say. `running` videos are at work there and
    `assigned` are there or about to be sent; `sent` went there within the last minute, and the next may when it is `room_at`.
    """

    failures: int = 0
    cooled_until: datetime | None = None
    why: str = ""
    probe: str | None = None
    probe_until: datetime | None = None
    pace: float | None = None
    samples: int = 0
    running: int = 0
    assigned: int = 0
    sent: int = 0
    room_at: datetime | None = None

    def is_cooling(self, now: datetime) -> bool:
        return self.cooled_until is not None and now < self.cooled_until

    def is_probed(self, now: datetime, *, job: str) -> bool:
        """Whether another job tries just now whether it works again."""
        tries = self.probe not in (None, job) and self.probe_until is not None and now < self.probe_until
        return self.cooled_until is not None and tries


@dataclass(frozen=True, slots=True)
class Choice:
    """Why a deployment was chosen, and why each of the others was not."""

    reason: str
    others: Mapping[str, str] = field(default_factory=dict)
