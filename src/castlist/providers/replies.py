"""What an upstream's answer means: refused, ambiguous, moderated, lost or fine."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from math import ceil

from castlist.errors import Ambiguous, LostJob, Moderated, ProviderError, Refused, Retry
from castlist.model.jobs import Cost, CostState
from castlist.model.providing import Reply

MODERATION_CODES = frozenset({"moderation_blocked", "content_policy_violation", "sentinel_block", "content_filter"})
QUOTA_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_LONGEST_WAIT = 3600.0
_MOST_MICROS = 10**12
_UNCLEAN = re.compile(rb"\\u(d[89a-f]|0000)", re.IGNORECASE)
"""Halves of a character, and the one that ends a text in many a library."""

_SAYS_WHY = ("error", "message", "detail", "code")


def judge(reply: Reply) -> None:
    """Raise what the answer to the one request that may cost means; return when it was accepted (2xx).

    A refusal is what proves that nothing exists upstream: 4xx but for 408, and a 503 in the vendor's own words. Everything
    else that is not 2xx is ambiguous: a job may exist. A redirect that keeps the method was answered before any work.
    """
    if 200 <= reply.status < 300:
        return
    if reply.status in {301, 307, 308}:
        raise Refused(f"the upstream answered {reply.status}, a redirect: set api_base to where it really is", code="provider_refused")
    if reply.status == 408 or not (400 <= reply.status < 500 or (reply.status == 503 and _is_own(reply))):
        raise Ambiguous(f"the upstream answered {reply.status}{_because(reply)}: a job may exist there, so nothing is sent again")
    _refuse(reply)


def judge_free(reply: Reply) -> None:
    """Raise what the answer to a request about known work means; return on 2xx. Never says that the work failed."""
    if 200 <= reply.status < 300:
        return
    if reply.status in {404, 410}:
        raise LostJob(f"the upstream says there is no such job{_because(reply)}")
    if reply.status in {401, 403}:
        raise Refused(_bad_key(reply), code="provider_auth_failed", retry=Retry.SAME)
    code = "provider_rate_limited" if reply.status == 429 else "provider_error"
    raise ProviderError(f"the upstream answered {reply.status}{_because(reply)}", code=code, retry=Retry.SAME, after=retry_after(reply))


def read_object(reply: Reply) -> Mapping[str, object]:
    """The JSON object in a reply, or an empty one where there is none."""
    found = parse(reply.body)
    return found if isinstance(found, dict) else {}


def parse(body: bytes) -> object:
    """The JSON in a body, None where there is none; without characters in its texts that no database takes."""
    try:
        found: object = json.loads(body)
        return _clean(found) if _UNCLEAN.search(body) else found
    except (ValueError, RecursionError):
        return None


def _clean(value: object) -> object:
    match value:
        case str():
            return value.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case dict():
            return {str(_clean(name)): _clean(inner) for name, inner in value.items()}
        case list():
            return [_clean(inner) for inner in value]
        case _:
            return value


def read_percent(value: object, *, of: float = 100.0) -> int:
    """How much is done, as 0 to 100, of what an upstream counts up to `of`; 0 for what is no number."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
        return 0
    return int(min(value, of) / of * 100)


def read_bill(amount: object, *, micros: float) -> Cost | None:
    """What was charged: so many of something at that many millionths of a US dollar each; None for what is no amount of money."""
    if not isinstance(amount, int | float) or isinstance(amount, bool) or not 0 <= amount <= _MOST_MICROS / micros:
        return None
    return Cost(ceil(round(amount * micros, 3)), state=CostState.BILLED)


def read_id(reply: Reply, name: str = "id") -> str:
    """The id of the work that was accepted. Raises Ambiguous where the answer gives none: it may exist all the same."""
    found = read_object(reply).get(name)
    if not isinstance(found, str) or not found:
        raise Ambiguous(f"the upstream accepted the video ({reply.status}) and gave no id for it")
    return found


def retry_after(reply: Reply) -> float | None:
    """The wait an answer asks for, in seconds up to an hour: `Retry-After-Ms`, or `Retry-After` in seconds or as a date."""
    exact = _number(reply.headers.get("retry-after-ms"))
    if exact is not None:
        return min(exact / 1000, _LONGEST_WAIT)
    text = reply.headers.get("retry-after")
    seconds = _number(text)
    if seconds is None and text is not None:
        seconds = _until(text, since=reply.headers.get("date"))
    return None if seconds is None else min(seconds, _LONGEST_WAIT)


def explain(reply: Reply) -> tuple[str | None, str | None]:
    """The code and the message of an error body, in the spellings vendors use, each None where there is none."""
    body = read_object(reply)
    inner = body.get("error")
    found = inner if isinstance(inner, dict) else body
    message = inner if isinstance(inner, str) else found.get("message") or found.get("detail")
    code = found.get("code") or found.get("type")
    return (code if isinstance(code, str) else None), (message if isinstance(message, str) else None)


def _refuse(reply: Reply) -> None:
    code, message = explain(reply)
    said = f"the upstream refused ({reply.status}){_because(reply)}"
    if code in MODERATION_CODES:
        raise Moderated(message or said)
    if reply.status == 402 or code in QUOTA_CODES:
        raise Refused(said, code="provider_quota_exceeded", retry=Retry.ELSEWHERE)
    if reply.status in {429, 503}:
        raise Refused(said, code="provider_rate_limited", retry=Retry.SAME, after=retry_after(reply))
    if reply.status in {401, 403}:
        raise Refused(_bad_key(reply), code="provider_auth_failed", retry=Retry.ELSEWHERE)
    raise Refused(said, code="provider_refused", retry=Retry.ELSEWHERE)


def _is_own(reply: Reply) -> bool:
    # A proxy before the vendor answers 503 in HTML or with nothing, and cannot say whether the request went through.
    return any(key in read_object(reply) for key in _SAYS_WHY)


def _because(reply: Reply) -> str:
    code, message = explain(reply)
    said = " ".join((message or "").split())[:300]
    return f": {said}" if said else f": {code}" if code else ""


def _bad_key(reply: Reply) -> str:
    # Vendors quote part of the key in the message of a 401, so theirs is not repeated.
    return f"the upstream does not accept the key of this account ({reply.status})"


def _number(text: str | None) -> float | None:
    if text is None or not re.fullmatch(r"\s*[0-9]{1,12}(\.[0-9]{1,6})?\s*", text):
        return None
    return float(text)


def _until(text: str, *, since: str | None) -> float | None:
    try:
        then = parsedate_to_datetime(text)
        now = parsedate_to_datetime(since) if since else datetime.now(then.tzinfo)
        return max(0.0, (then - now).total_seconds())
    except (TypeError, ValueError):
        return None
