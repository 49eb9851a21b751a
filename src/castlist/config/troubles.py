"""The settings under `castlist.jobs`: what becomes of work that nobody answers for, or that takes too long."""

from collections.abc import Mapping

from castlist.config.document import Node
from castlist.config.reading import Reading
from castlist.model.troubles import Troubles, UnknownPolicy

DAY = 86_400
LEAST_STALL = 10


def read_troubles(reading: Reading, fields: Mapping[str, Node]) -> Troubles:
    """The settings as they are written; what is not has its default."""
    standard = Troubles()
    policy = reading.word(fields.get("unknown_policy"), "jobs.unknown_policy", UnknownPolicy)
    held = reading.integer(fields.get("unknown_after"), "jobs.unknown_after (seconds)", low=1, high=DAY)
    stall = reading.integer(fields.get("stall_after"), "jobs.stall_after (seconds)", low=LEAST_STALL, high=DAY)
    double = reading.flag(fields.get("allow_double_cost"), "jobs.allow_double_cost")
    if double and stall is None:
        line = fields["allow_double_cost"].line
        reading.wrong(line, "jobs.allow_double_cost says what may happen after jobs.stall_after seconds, which is not set")
    return Troubles(
        unknown_policy=policy or standard.unknown_policy,
        unknown_after=held or standard.unknown_after,
        stall_after=stall,
        allow_double_cost=bool(double),
    )
