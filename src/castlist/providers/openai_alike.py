"""Which works of a list in OpenAI's shape are just what was sent."""

import hashlib
from collections.abc import Mapping, Sequence

from castlist.model.jobs import Sent
from castlist.model.providing import Ticket


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
