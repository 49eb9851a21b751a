"""What Kling's answers mean: its numbered errors, which an HTTP status alone does not tell apart, and the statuses of a task."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from castlist.errors import Ambiguous, HandleGone, LostJob, Moderated, ProviderError, Refused, Retry
from castlist.model.jobs import Cost, CostState, Failure
from castlist.model.providing import Phase, Progress, Reply
from castlist.providers.kling_elements import read_handle
from castlist.providers.polling import read_phase
from castlist.providers.replies import judge, judge_free, read_bill, read_object, retry_after

POLL_SECONDS: Final = 5.0
_PHASES: Final = {
    "submitted": Phase.QUEUED,
    "processing": Phase.RUNNING,
    "succeeded": Phase.DONE,
    "succeed": Phase.DONE,
    "failed": Phase.FAILED,
}
"""`succeed` is the older API's word."""

_KEY: Final = range(1000, 1005)
_ACCOUNT: Final = range(1100, 1103)
_NOT_ALLOWED: Final = frozenset({1103, 1304})
"""A model the account may not use, and a server address that is not on its list."""

_ABSENT: Final = frozenset({1202, 1203})
_CONTENT: Final = frozenset({1300, 1301})
_BUSY: Final = frozenset({1302, 1303})
_WRONG: Final = frozenset({1200, 1201})
_BLOCKED: Final = re.compile(r"risk control|sensitive|content (security|policy)|violat|moderat|safety|prohibited", re.IGNORECASE)
_TAKEN: Final = re.compile(r"already exist", re.IGNORECASE)
_NOT_FOUND: Final = re.compile(r"not (be )?found|not exist", re.IGNORECASE)
_NO_ELEMENT: Final = re.compile(r"element.{0,200}(not (be )?(found|exist)|deleted|invalid)", re.IGNORECASE | re.DOTALL)
_THEIR_TROUBLE: Final = re.compile(r"internal|time ?out|unavailable|try again|busy", re.IGNORECASE)
_MICROS_PER_UNIT: Final = 140_000


def judge_paid(reply: Reply, *, handles: Sequence[str] = ()) -> None:
    """Raise what the answer to a creation means; return when it was accepted. `handles` stand for the elements that the request named.

    429 stands for too many requests and for an empty account alike, so that the number in the body decides. That an id of ours is taken
    means that an earlier request did arrive. The words about an element that is gone are not verified.
    """
    code, said = _read(reply)
    if code in _WRONG and _TAKEN.search(said):
        raise Ambiguous(f"the upstream has a task of this name already ({code}), which an earlier request must have made")
    if code in _WRONG | _ABSENT and handles and _NO_ELEMENT.search(said):
        raise HandleGone("the upstream no longer has an element", handles=[handle for handle in handles if read_handle(handle).id in said])
    if code is not None and code < 5000 and reply.status != 408:
        _refuse(code, said, reply)
    judge(reply)
    if code is not None:
        raise Ambiguous(f"the upstream answered {reply.status} with the error {code}: a job may exist there, so nothing is sent again")


def judge_known(reply: Reply) -> None:
    """Raise what the answer to a free request means; return on success."""
    code, said = _read(reply)
    if code is None:
        return judge_free(reply)
    if code in _ABSENT or (code in _WRONG and _NOT_FOUND.search(said)):
        raise LostJob(f"the upstream says there is no such task ({code})")
    if code in _KEY:
        raise Refused(_bad_key(code), code="provider_auth_failed", retry=Retry.SAME)
    known = "provider_rate_limited" if code in _BUSY else "provider_quota_exceeded" if code in _ACCOUNT else "provider_error"
    text = f"the upstream answered {reply.status} with the error {code}{_because(said)}"
    raise ProviderError(text, code=known, retry=Retry.SAME, after=retry_after(reply))


def read_tasks(reply: Reply) -> Mapping[str, Mapping[str, object]]:
    """The tasks in an answer by id, in the newer API's words whichever API it is of. Raises ProviderError for what is no list of tasks."""
    found = read_object(reply).get("data")
    tasks = found if isinstance(found, list) else [found]
    if not all(isinstance(task, dict) for task in tasks):
        raise ProviderError("the upstream answered with something that is not a list of tasks", retry=Retry.SAME)
    newer = [_renew(task) for task in tasks if isinstance(task, dict)]
    return {str(task["id"]): task for task in newer if isinstance(task.get("id"), str) and task["id"]}


def read_id(reply: Reply) -> str | None:
    """The id of a task that was just made."""
    task = read_object(reply).get("data")
    found = _renew(task).get("id") if isinstance(task, dict) else None
    return found if isinstance(found, str) and found else None


def read_progress(task: Mapping[str, object]) -> Progress:
    """What a task says. A status word that is not known is work that goes on. Raises ProviderError for what is not a task."""
    status = task.get("status")
    if not isinstance(status, str):
        raise ProviderError("the upstream answered a poll with something that is not a task", retry=Retry.SAME)
    phase, strange = read_phase(status.lower(), _PHASES)
    match phase:
        case Phase.FAILED:
            return _read_failure(task)
        case Phase.DONE if read_link(task) is None:
            failure = Failure("provider_failed", "Kling reported success and gave no video.")
            return Progress(Phase.FAILED, failure=failure, retryable=True, cost=_cost(task))
        case Phase.DONE:
            return Progress(Phase.DONE, percent=100, cost=_cost(task))
        case _:
            return Progress(phase, again=POLL_SECONDS, strange=strange)


def read_link(task: Mapping[str, object]) -> str | None:
    """Where a finished video is now."""
    urls = [output.get("url") for output in _listed(task.get("outputs")) if output.get("type") == "video"]
    return next((url for url in urls if isinstance(url, str) and url), None)


def read_element(task: Mapping[str, object]) -> str | None:
    """The id of a finished element that was not deleted since. It is a number of 64 bits, and ours a text."""
    for element in _listed(task.get("elements")):
        found = element.get("element_id")
        if isinstance(found, int | str) and found and element.get("status") != "deleted":
            return str(found)
    return None


def read_element_progress(task: Mapping[str, object]) -> Progress:
    """How far the making of an element is, which is not finished before it has an id."""
    status = task.get("status")
    match _PHASES.get(status.lower(), Phase.RUNNING) if isinstance(status, str) else Phase.RUNNING:
        case Phase.FAILED:
            return _read_failure(task)
        case Phase.DONE:
            return Progress(Phase.FAILED, failure=Failure("provider_failed", "Kling made an element and gave no id for it."))
        case phase:
            return Progress(phase, again=2.0)


def is_deleted(reply: Reply) -> bool:
    """Whether a refusal to delete an element is because it is gone. Seen by a third party: 1201, "already be deleted"."""
    code, said = _read(reply)
    return reply.status in {404, 410} or code in _ABSENT or (code in _WRONG and ("deleted" in said or bool(_NOT_FOUND.search(said))))


def _refuse(code: int, said: str, reply: Reply) -> None:
    if code in _CONTENT:
        raise Moderated(said or f"the upstream refused the content of the request ({code})")
    if code in _KEY:
        raise Refused(_bad_key(code), code="provider_auth_failed")
    if code in _ACCOUNT:
        raise Refused(f"the account at Kling is in arrears or has nothing left ({code})", code="provider_quota_exceeded")
    if code in _NOT_ALLOWED:
        raise Refused(f"the upstream does not let this account in ({code}){_because(said)}", code="provider_auth_failed")
    if code in _BUSY:
        text = f"the upstream is busy with this account's other requests ({code}){_because(said)}"
        raise Refused(text, code="provider_rate_limited", retry=Retry.SAME, after=retry_after(reply))
    if code in _WRONG | _ABSENT:
        raise Refused(f"the upstream refused ({code}){_because(said)}", code="provider_refused")


def _read(reply: Reply) -> tuple[int | None, str]:
    """The number and the words of an error, with any HTTP status; no number for a success or an answer that is not the vendor's."""
    body = read_object(reply)
    code, message = body.get("code"), body.get("message")
    said = " ".join(message.split())[:300] if isinstance(message, str) else ""
    return (code, said) if isinstance(code, int) and not isinstance(code, bool) and code != 0 else (None, said)


def _renew(task: Mapping[str, object]) -> Mapping[str, object]:
    """A task of the older API in the words of the newer one."""
    if "task_id" not in task:
        return task
    result = task.get("task_result")
    found = result if isinstance(result, dict) else {}
    outputs = [{"type": "video", **video} for video in _listed(found.get("videos"))]
    return {
        "id": task["task_id"],
        "status": task.get("task_status"),
        "message": task.get("task_status_msg"),
        "outputs": outputs,
        "elements": found.get("elements"),
        "billing": _older_bill(task),
    }


def _older_bill(task: Mapping[str, object]) -> list[Mapping[str, object]]:
    units = task.get("final_unit_deduction")
    return [{"charge_type": "unit", "amount": units}] if units else []


def _read_failure(task: Mapping[str, object]) -> Progress:
    message = task.get("message")
    text = " ".join(message.split())[:300] if isinstance(message, str) and message.strip() else "Kling failed without saying why."
    if _BLOCKED.search(text):
        return Progress(Phase.FAILED, failure=Failure("moderation_blocked", text), moderated=True, cost=_cost(task))
    retryable = bool(_THEIR_TROUBLE.search(text))
    return Progress(Phase.FAILED, failure=Failure("provider_failed", text), retryable=retryable, cost=_cost(task))


def _cost(task: Mapping[str, object]) -> Cost | None:
    """What was charged: dollars as they are, units of a package at the price they have when bought by the dollar (0.14)."""
    bills = [micros for bill in _listed(task.get("billing")) if (micros := _charged(bill)) is not None]
    return Cost(sum(bills), state=CostState.BILLED) if bills else None


def _charged(bill: Mapping[str, object]) -> int | None:
    each = {("cash", "USD"): 1_000_000, ("unit", None): _MICROS_PER_UNIT}.get((str(bill.get("charge_type")), _currency(bill)))
    try:
        amount = float(str(bill.get("amount")))
    except ValueError:
        return None
    cost = read_bill(amount, micros=each) if each else None
    return cost.micros if cost else None


def _currency(bill: Mapping[str, object]) -> str | None:
    found = bill.get("currency")
    return found if isinstance(found, str) and found else None


def _listed(value: object) -> list[Mapping[str, object]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _because(said: str) -> str:
    return f": {said}" if said else ""


def _bad_key(code: int) -> str:
    # Vendors quote part of the key in such a message, so theirs is not repeated.
    return f"the upstream does not accept the key of this account ({code})"
