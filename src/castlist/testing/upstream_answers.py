"""What the emulated upstream says: its faults, its videos, its refusals."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

from castlist.testing.emulator import refusal

FAULTS: Final[Mapping[str, Mapping[str, str]]] = {
    "create": {
        "refuse": "400 invalid_value",
        "moderated": "400 moderation_blocked",
        "bad_key": "401",
        "quota": "429 insufficient_quota",
        "rate_limit": "429 with Retry-After: 7",
        "rate_limit_bare": "429 with no word about when",
        "unavailable": "503 in the vendor's own words",
        "proxy": "503 in the HTML of a proxy",
        "error": "500",
        "timeout": "408",
        "moved": "307 to elsewhere",
        "drop": "the connection closed before the body is read; nothing is accepted",
        "lose": "accepted, and the connection closed instead of an answer",
        "hang": "accepted, and never answered",
        "empty": "accepted, and 200 without a body",
        "no_id": "accepted, and 200 without an id",
    },
    "character": {
        "absent": "404, as from a server that has no characters",
        "refuse": "400 invalid_value",
        "error": "500",
    },
    "job": {
        "stick": "stays at 99 %",
        "fail": "fails at the end",
        "block": "fails at the end for its content",
        "strange": "says a status word that nobody knows before it is done",
    },
    "poll": {
        "error": "500",
        "rate_limit": "429 with Retry-After: 7",
        "drop": "the connection closed",
        "hang": "never answered",
        "garbage": "200 with HTML",
        "missing": "404",
    },
    "content": {
        "cut": "the connection closed in the middle",
        "error": "500",
        "missing": "404",
        "no_ranges": "the whole file, whatever range was asked for",
        "wrong_range": "206 with the whole file",
        "away": "302 to an address of this machine",
        "expired": "302 to a link whose time is over: 403",
    },
}
"""What can go wrong where. A model name may say so as well: `sora-2?job=stick&create=lose&lasts=3`, `sora-2?poll=error&content=cut` for the
first poll and the first download of each work."""

_WORDS: Final = {
    "refuse": (400, "invalid_value", "The prompt is not one we like."),
    "moderated": (400, "moderation_blocked", "Your request was blocked by our moderation system."),
    "bad_key": (401, "invalid_api_key", "Incorrect API key provided: sk-wrong."),
    "quota": (429, "insufficient_quota", "You exceeded your current quota."),
    "rate_limit": (429, "rate_limit_exceeded", "Rate limit reached."),
    "rate_limit_bare": (429, "rate_limit_exceeded", "Rate limit reached."),
    "unavailable": (503, "server_error", "The server is overloaded."),
    "error": (500, "server_error", "The server had an error."),
    "timeout": (408, "timeout", "Request timeout."),
}

FATES: Final = {
    "fail": {"code": "video_generation_failed", "message": "The video could not be generated."},
    "block": {"code": "moderation_blocked", "message": "The video was blocked by moderation."},
}


@dataclass(slots=True)
class Work:
    """A video this upstream has accepted. `once` is what the first request of a place meets that is about it."""

    id: str
    fields: Mapping[str, str]
    started: float
    lasts: float
    fate: str | None
    remixed: str | None = None
    once: dict[str, str] = field(default_factory=dict)

    def show(self, now: float) -> dict[str, object]:
        """The video object of OpenAI's API."""
        share = 1.0 if self.lasts <= 0 else min(1.0, (now - self.started) / self.lasts)
        status, percent = ("queued", 0) if share < 0.1 else ("in_progress", int(share * 100))
        if self.fate == "stick":
            status, percent = "in_progress", min(99, percent)
        elif self.fate == "strange" and share < 1:
            status = "warming_up"
        elif share >= 1:
            status, percent = ("failed", percent) if self.fate in FATES else ("completed", 100)
        return {
            "id": self.id,
            "object": "video",
            "model": self.fields["model"],
            "status": status,
            "progress": percent,
            "prompt": self.fields["prompt"],
            "seconds": self.fields["seconds"],
            "size": self.fields["size"],
            "created_at": int(self.started),
            "completed_at": int(self.started + self.lasts) if status == "completed" else None,
            "expires_at": None,
            "error": FATES.get(self.fate or "") if status == "failed" else None,
            "remixed_from_video_id": self.remixed,
        }


def script_of(model: str) -> Mapping[str, str]:
    return dict(parse_qsl(model.partition("?")[2]))


def refuse(fault: str | None) -> web.Response | None:
    if fault == "proxy":
        return web.Response(status=503, text="<html>503 Service Unavailable</html>", content_type="text/html")
    if fault == "moved":
        return web.Response(status=307, headers={"Location": "/elsewhere"})
    return refusal(fault, _WORDS, error_reply)


def error_reply(status: int, code: str, message: str) -> web.Response:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    return web.json_response({"error": {"message": message, "type": kind, "param": None, "code": code}}, status=status)
