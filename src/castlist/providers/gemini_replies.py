"""What the Gemini API's answers mean: its error shapes, the statuses of an interaction, and where its video is."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from castlist.errors import LostJob, Moderated, ProviderError, Refused, Retry
from castlist.model.jobs import Failure
from castlist.model.providing import Phase, Progress, Reply
from castlist.providers.polling import read_phase
from castlist.providers.replies import judge, judge_free, parse, read_object, retry_after

POLL_SECONDS: Final = 5.0
_PHASES: Final = {
    "queued": Phase.QUEUED,
    "in_progress": Phase.RUNNING,
    "requires_action": Phase.RUNNING,
    "completed": Phase.DONE,
    "failed": Phase.FAILED,
    "cancelled": Phase.CANCELLED,
    "incomplete": Phase.FAILED,
    "budget_exceeded": Phase.FAILED,
    "requires_continuation": Phase.FAILED,
}
_BLOCKED: Final = re.compile(r"SAFETY|PROHIBITED_CONTENT|RAI_|BLOCKLIST|content policy", re.IGNORECASE)
_NO_KEY: Final = re.compile(r"API_KEY_INVALID|API key (not valid|expired)", re.IGNORECASE)
_NO_MONEY: Final = re.compile(r"billing|prepay|credits|spend", re.IGNORECASE)
_UNKNOWN: Final = re.compile(r"invalid interaction name", re.IGNORECASE)
_THEIR_TROUBLE: Final = re.compile(r"INTERNAL|UNAVAILABLE|DEADLINE|RESOURCE_EXHAUSTED", re.IGNORECASE)
_DELAY: Final = re.compile(r"\s*([0-9]{1,6}(?:\.[0-9]{1,9})?)s\s*")


@dataclass(frozen=True, slots=True)
class Video:
    """The video part of a finished interaction: an address, or the bytes in base 64."""

    uri: str | None = None
    inline: str | None = None


def judge_paid(reply: Reply) -> None:
    """Raise what the answer to the creation of an interaction means; return on 2xx."""
    reply, said = _unwrap(reply)
    if reply.status in {400, 403} and _NO_KEY.search(said):
        raise Refused(f"the upstream does not accept the key of this account ({reply.status})", code="provider_auth_failed")
    if reply.status == 400 and _BLOCKED.search(said):
        raise Moderated(_message(reply) or "the upstream refused the content of the request")
    wait = _delay(reply)
    if _is_broke(reply, said, wait=wait):
        raise Refused(f"the upstream refused ({reply.status}): {_message(reply)}", code="provider_quota_exceeded", retry=Retry.ELSEWHERE)
    try:
        judge(reply)
    except Refused as error:
        error.after = wait if error.retry is Retry.SAME else error.after
        raise


def judge_known(reply: Reply) -> None:
    """Raise what the answer to a free request means; return on 2xx. An unknown interaction is a 400 at this vendor."""
    reply, said = _unwrap(reply)
    if reply.status == 400 and _UNKNOWN.search(said):
        raise LostJob("the upstream says there is no such interaction")
    if reply.status == 400 and _NO_KEY.search(said):
        text = "the upstream does not accept the key of this account (400)"
        raise Refused(text, code="provider_auth_failed", retry=Retry.SAME)
    try:
        judge_free(reply)
    except ProviderError as error:
        error.after = _delay(reply)
        raise


def read_progress(reply: Reply) -> Progress:
    """What an interaction says. A status word that is not known is work that goes on; one that completed without a video was blocked.

    Raises ProviderError for what is not an interaction.
    """
    found = read_object(reply)
    status = found.get("status")
    if not isinstance(status, str):
        raise ProviderError("the upstream answered a poll with something that is not an interaction", retry=Retry.SAME)
    phase, strange = read_phase(status.lower(), _PHASES)
    if phase is Phase.FAILED:
        return _read_failure(status.lower(), found)
    if phase is Phase.DONE and read_video(found) is None:
        text = _said(found) or "The upstream completed without a video, which is how it withholds one for its content."
        return Progress(Phase.FAILED, failure=Failure("moderation_blocked", text), moderated=True)
    return Progress(phase, percent=100 if phase is Phase.DONE else 0, again=POLL_SECONDS, strange=strange)


def read_video(interaction: Mapping[str, object]) -> Video | None:
    """The video part of the model's output, the last one where there are several."""
    for part in reversed(list(_outputs(interaction))):
        uri, inline = part.get("uri"), part.get("data")
        if part.get("type") == "video" and (uri or inline):
            return Video(uri if isinstance(uri, str) else None, inline if isinstance(inline, str) else None)
    return None


def _read_failure(status: str, found: Mapping[str, object]) -> Progress:
    listed = found.get("errors")
    errors = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    words = " ".join(f"{each.get('code', '')} {each.get('message', '')}" for each in errors)
    message = next((text for each in errors if isinstance(text := each.get("message"), str) and text), None)
    if _BLOCKED.search(words):
        return Progress(Phase.FAILED, failure=Failure("moderation_blocked", message or "The upstream blocked the video."), moderated=True)
    if status == "budget_exceeded":
        failure = Failure("provider_quota_exceeded", message or "The budget of this account at the upstream is spent.")
        return Progress(Phase.FAILED, failure=failure, retryable=True)
    failure = Failure("provider_failed", message or f"The upstream ended as {status} without saying why.")
    return Progress(Phase.FAILED, failure=failure, retryable=bool(_THEIR_TROUBLE.search(words)))


def _outputs(interaction: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    steps = interaction.get("steps")
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, dict) and step.get("type") == "model_output":
            content = step.get("content")
            yield from (part for part in content if isinstance(part, dict)) if isinstance(content, list) else ()


def _said(interaction: Mapping[str, object]) -> str:
    texts = (part.get("text") for part in _outputs(interaction) if part.get("type") == "text")
    return " ".join(text for text in texts if isinstance(text, str))[:500]


def _unwrap(reply: Reply) -> tuple[Reply, str]:
    """The reply with the error object out of the array it sometimes comes in, and its whole text to search in."""
    text = reply.body.decode(errors="replace") if reply.status >= 400 else ""
    found = parse(reply.body) if text.lstrip().startswith("[") else None
    if isinstance(found, list) and len(found) == 1 and isinstance(found[0], dict):
        reply = replace(reply, body=json.dumps(found[0]).encode())
    return reply, text


def _error(reply: Reply) -> Mapping[str, object]:
    found = read_object(reply).get("error")
    return found if isinstance(found, dict) else {}


def _message(reply: Reply) -> str:
    message = _error(reply).get("message")
    return " ".join(message.split())[:300] if isinstance(message, str) else ""


def _is_broke(reply: Reply, said: str, *, wait: float | None) -> bool:
    # The per-minute limit and the spent account share 429 RESOURCE_EXHAUSTED; only the first says when to come again.
    return (reply.status == 429 and wait is None and bool(_NO_MONEY.search(said))) or (reply.status == 403 and "billing" in said.lower())


def _delay(reply: Reply) -> float | None:
    asked = retry_after(reply)
    details = _error(reply).get("details")
    for detail in details if asked is None and isinstance(details, list) else ():
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        match = _DELAY.fullmatch(delay) if isinstance(delay, str) else None
        if match:
            return min(3600.0, float(match[1]))
    return asked
