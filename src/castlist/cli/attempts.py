"""How `castlist videos show` tells where a video was sent, and why there."""

from collections.abc import Mapping

from castlist.cli.printing import print_facts, print_line, show_moment
from castlist.model.pricing import show_amount
from castlist.sdk.records import Attempt, VideoRecord


def show_attempts(video: VideoRecord) -> None:
    """Each submission, oldest first, and for a video that waits the deployment it waits for."""
    for attempt in video.attempts:
        print_line(f"attempt {attempt.number}: {attempt.deployment} ({attempt.provider}/{attempt.provider_model})")
        print_facts(_describe(attempt))
        _show_others(attempt.others)
    if video.choice is not None and video.waiting:
        print_line(f"next: {video.deployment}, {video.choice.reason}")
        _show_others(video.choice.others)


def _describe(attempt: Attempt) -> Mapping[str, object]:
    ended = None if attempt.ended_at is None else show_moment(attempt.ended_at)
    return {
        "   because": attempt.reason,
        "   outcome": attempt.state,
        "   began": None if attempt.started_at is None else show_moment(attempt.started_at),
        "   ended": ended,
        "   error": attempt.error and f"{attempt.error.code}: {attempt.error.message}",
        "   cost": f"{show_amount(attempt.cost.amount_micros)} {attempt.cost.currency} ({attempt.cost.state})",
        "   request": attempt.request_id,
    }


def _show_others(others: Mapping[str, str]) -> None:
    for name, reason in others.items():
        print_line(f"   not {name}: {reason}")
