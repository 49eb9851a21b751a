"""What xAI's answers mean: its two error shapes, the statuses of a video, and the block that looks like success."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from castlist.errors import Moderated, ProviderError, Refused, Retry
from castlist.model.jobs import Cost, Failure
from castlist.model.providing import Phase, Progress, Reply
from castlist.providers.polling import read_phase
from castlist.providers.replies import MODERATION_CODES, explain, judge, judge_free, read_bill, read_object, read_percent

POLL_SECONDS: Final = 5.0
_TICKS_PER_MICRO: Final = 10_000
_PHASES: Final = {"pending": Phase.RUNNING, "done": Phase.DONE, "failed": Phase.FAILED, "expired": Phase.FAILED}
_BLOCKED: Final = re.compile(r"moderation|usage guidelines|content[ _-]policy|safety", re.IGNORECASE)
_NO_KEY: Final = re.compile(r"api[ _-]?key", re.IGNORECASE)
_NO_MONEY: Final = re.compile(r"credit|balance|spending|billing|licens", re.IGNORECASE)
_THEIR_TROUBLE: Final = re.compile(r"internal|unavailable|timeout|overload", re.IGNORECASE)


def judge_paid(reply: Reply) -> None:
    """Raise what the answer to a creation means; return on 2xx. Which words a refusal for content, a wrong key (400 or 401) or an
    empty account (402 or 403) comes in is not verified, so they are looked for in code and message."""
    if reply.status in {400, 401, 403, 422}:
        _judge_words(reply)
    judge(reply)


def judge_known(reply: Reply) -> None:
    """Raise what the answer to a free request means; return on 2xx."""
    if reply.status == 400 and _NO_KEY.search(_words(reply)):
        raise Refused(_bad_key(reply), code="provider_auth_failed", retry=Retry.SAME)
    judge_free(reply)


def read_progress(reply: Reply) -> Progress:
    """What a video says. 202 is work that goes on, with or without a body; a word that is not known likewise; a video that does not
    respect moderation was blocked. Raises ProviderError for what is not a video."""
    found = read_object(reply)
    status, video = found.get("status"), _video(found)
    if reply.status == 202 or status is None:
        return _read_silence(reply, found, video=video)
    if not isinstance(status, str):
        raise _not_a_video()
    phase, strange = read_phase(status.lower(), _PHASES)
    match phase:
        case Phase.FAILED:
            return _read_failure(status.lower(), found)
        case Phase.DONE:
            return replace(_read_end(video), cost=read_cost(found))
        case _:
            return Progress(phase, percent=read_percent(found.get("progress")), again=POLL_SECONDS, strange=strange)


def read_link(reply: Reply) -> str | None:
    """Where the finished video is now."""
    url = _video(read_object(reply)).get("url")
    return url if isinstance(url, str) and url else None


def _read_silence(reply: Reply, found: Mapping[str, object], *, video: Mapping[str, object]) -> Progress:
    if reply.status == 202:
        word = found.get("status")
        _, strange = read_phase(word.lower(), _PHASES) if isinstance(word, str) else (None, None)
        return Progress(Phase.RUNNING, percent=read_percent(found.get("progress")), again=POLL_SECONDS, strange=strange)
    if video:
        return replace(_read_end(video), cost=read_cost(found))
    raise _not_a_video()


def _read_end(video: Mapping[str, object]) -> Progress:
    if video.get("respect_moderation") is False:
        failure = Failure("moderation_blocked", "The upstream blocked the video for its content.")
        return Progress(Phase.FAILED, failure=failure, moderated=True)
    if not video.get("url"):
        return Progress(Phase.FAILED, failure=Failure("provider_failed", "The upstream finished and gave no address for the video."))
    return Progress(Phase.DONE, percent=100)


def read_cost(found: Mapping[str, object]) -> Cost | None:
    """What was charged, by `usage.cost_in_usd_ticks`: 10,000,000,000 of them are a dollar (docs.x.ai, cost tracking)."""
    usage = found.get("usage")
    ticks = usage.get("cost_in_usd_ticks") if isinstance(usage, dict) else None
    return read_bill(ticks, micros=1 / _TICKS_PER_MICRO)


def _read_failure(status: str, found: Mapping[str, object]) -> Progress:
    inner = found.get("error")
    error = inner if isinstance(inner, dict) else {"message": inner}
    code, message = error.get("code"), error.get("message")
    words = f"{code if isinstance(code, str) else ''} {message if isinstance(message, str) else ''}"
    text = message if isinstance(message, str) and message else f"The upstream ended as {status} without saying why."
    if code in MODERATION_CODES or _BLOCKED.search(words):
        return Progress(Phase.FAILED, failure=Failure("moderation_blocked", text), moderated=True)
    return Progress(Phase.FAILED, failure=Failure("provider_failed", text), retryable=bool(_THEIR_TROUBLE.search(words)))


def _judge_words(reply: Reply) -> None:
    words = _words(reply)
    if _NO_KEY.search(words):
        raise Refused(_bad_key(reply), code="provider_auth_failed", retry=Retry.ELSEWHERE)
    if reply.status != 401 and _BLOCKED.search(words):
        raise Moderated(explain(reply)[1] or "the upstream refused the content of the request")
    if reply.status == 403 and _NO_MONEY.search(words):
        raise Refused("the account at the upstream has no credit left (403)", code="provider_quota_exceeded", retry=Retry.ELSEWHERE)


def _words(reply: Reply) -> str:
    return " ".join(word for word in explain(reply) if word)


def _bad_key(reply: Reply) -> str:
    # The vendor repeats part of the key, so its message is not.
    return f"the upstream does not accept the key of this account ({reply.status})"


def _video(found: Mapping[str, object]) -> Mapping[str, object]:
    video = found.get("video")
    return video if isinstance(video, dict) else {}


def _not_a_video() -> ProviderError:
    return ProviderError("the upstream answered a poll with something that is not a video", retry=Retry.SAME)
