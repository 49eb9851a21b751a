"""What is to be done about work that nobody can say anything of, and about work that takes too long."""

from dataclasses import dataclass
from enum import StrEnum


class UnknownPolicy(StrEnum):
    """What becomes of a request that was sent and never answered: `hold` waits for a person and then fails it, `fail` fails it once its
    provider had time to show it, `resubmit` sends it once more, which may cost twice."""

    HOLD = "hold"
    FAIL = "fail"
    RESUBMIT = "resubmit"


class Verdict(StrEnum):
    """What was decided about an attempt that nobody can say anything of."""

    FAIL = "fail"
    RESUBMIT = "resubmit"


@dataclass(frozen=True, slots=True)
class Troubles:
    """Times are seconds. An unknown attempt has `settles` to be shown by its provider and is held for `unknown_after`. Work is stuck
    `slow_after` its usual time many times over, at the earliest after `slow_least`; after `stall_after` it is moved elsewhere, once it is
    stopped or where `allow_double_cost` says that it need not be."""

    unknown_policy: UnknownPolicy = UnknownPolicy.HOLD
    unknown_after: float = 3600.0
    settles: float = 90.0
    slow_after: float = 4.0
    slow_least: float = 300.0
    stall_after: float | None = None
    allow_double_cost: bool = False
