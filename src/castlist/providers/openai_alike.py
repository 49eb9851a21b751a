"""Which work is ours at a server of OpenAI's shape: the one made under our key at another Castlist, or the one of a list that is just what
was sent."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from castlist.model.ids import made_at
from castlist.model.jobs import Sent
from castlist.model.providing import Absent, CannotTell, Ticket

SKEW: Final = 3600
"""Seconds that the clocks of two gateways may differ."""


def read_settled(answer: Mapping[str, object], reference: str) -> Ticket | Absent | CannotTell:
    """What a Castlist says of the request whose key was `reference`, an id of ours: one from before it remembers may have been taken."""
    made, since = answer.get("made"), answer.get("since")
    if answer.get("object") != "request" or answer.get("idempotency_key") != reference or not isinstance(since, int):
        return CannotTell()
    if isinstance(made, str) and made:
        return Ticket({"id": made})
    begun = made_at(reference.partition("-")[0])
    known = begun is not None and begun / 1000 > since + SKEW
    return Absent() if known and answer.get("closed") is True else CannotTell()


def read_alike(page: Mapping[str, object], sent: Sent, *, since: int) -> Sequence[Ticket]:
    """The works that were begun since then and are the same in model, prompt, length and size; none when the page does not reach that far
    back, for a second one may stand on the next."""
    listed = page.get("data")
    works = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    begun = [each["created_at"] for each in works if isinstance(each.get("created_at"), int | float)]
    if page.get("has_more") and (not begun or min(begun) >= since):
        return ()
    return [Ticket({"id": each["id"]}) for each in works if isinstance(each.get("id"), str) and _is(each, sent, since=since)]


def _is(work: Mapping[str, object], sent: Sent, *, since: int) -> bool:
    prompt, created = work.get("prompt"), work.get("created_at")
    if not isinstance(prompt, str) or not isinstance(created, int | float) or created < since:
        return False
    same = hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest() == sent.prompt
    return same and (work.get("model"), str(work.get("seconds")), work.get("size")) == (sent.model, str(sent.seconds), sent.size)
