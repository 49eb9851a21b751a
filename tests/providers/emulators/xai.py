"""xAI's video routes as far as they are documented, strict about what they are sent.

Not verified with the live service: the texts of refusals, and that an unknown field is refused.
"""

import base64
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from aiohttp import web

from castlist.testing.emulator import Emulator, refusal, serve, trouble
from providers.emulators.strict import complain

IMAGE = {"url": re.compile(r"data:image/(png|jpeg|webp);base64,[A-Za-z0-9+/]+={0,2}")}
VIDEO = {"url": re.compile(r"data:video/mp4;base64,[A-Za-z0-9+/]+={0,2}|https://.+")}
MODEL = re.compile(r"grok-imagine-video(-1\.5(-lite)?)?(\?.*)?")
SHAPES = {
    "generations": {
        "model": MODEL,
        "prompt": str,
        "duration?": frozenset(range(1, 16)),
        "aspect_ratio?": {"16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3"},
        "resolution?": {"480p", "720p", "1080p"},
        "image?": IMAGE,
        "reference_images?": [IMAGE],
        "generate_audio?": bool,
    },
    "edits": {"model": MODEL, "prompt": str, "video": VIDEO},
    "extensions": {"model": MODEL, "prompt": str, "video": VIDEO, "duration?": frozenset(range(2, 11))},
}


@dataclass
class Work:
    id: str
    fate: str | None
    started: float
    lasts: float
    links: int = 0

    @property
    def ended(self) -> bool:
        return self.fate != "stick" and time.monotonic() - self.started >= self.lasts


class XaiEmulator(Emulator):
    faults: ClassVar[Mapping[str, frozenset[str]]] = {
        "create": frozenset({
            "refuse", "unreadable", "moderated", "moderated_flat", "bad_key", "bad_key_400", "no_credits", "payment", "rate_limit",
            "rate_limit_bare", "unavailable", "proxy", "error", "lose", "hang", "empty", "no_id",
        }),
        "job": frozenset({"stick", "silent", "strange", "fail", "expired", "blocked", "unsafe", "no_url", "wordless"}),
        "poll": frozenset({"error", "rate_limit", "garbage", "missing", "drop"}),
        "content": frozenset({"expired", "error"}),
    }  # fmt: skip
    kept_headers = ("authorization",)

    def __init__(self, *, key: str = "xai-live", lasts: float = 0.1) -> None:
        super().__init__()
        self.key, self.lasts = key, lasts
        self.works: dict[str, Work] = {}

    def routes(self) -> Iterator[web.AbstractRouteDef]:
        yield web.post("/v1/videos/{route:generations|edits|extensions}", self._create)
        yield web.get("/v1/videos/{id}", self._show)
        yield web.get("/out/{id}/{link}.mp4", self._content)

    async def _create(self, request: web.Request) -> web.StreamResponse:
        self.counts["create"] += 1
        document = await self.hear(request)
        route = request.match_info["route"]
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return self._refusal("bad_key_400")
        words = complain(document, SHAPES[route]) or complain_of_meaning(route, document)
        if words:
            return refuse(422, "invalid_request", words)
        script = dict(pair.split("=") for pair in document["model"].partition("?")[2].split("&") if pair)
        fault = self.next_fault("create")
        if answer := self._refusal(fault):
            return answer
        self.counts["accepted"] += 1
        fate = script.get("job") or self.next_fault("job")
        work = Work(f"req-{self.counts['accepted']:04d}", fate, time.monotonic(), self.lasts)
        self.works[work.id] = work
        return await trouble(request, fault) or web.json_response({"request_id": work.id})

    async def _show(self, request: web.Request) -> web.StreamResponse:
        self.counts["poll"] += 1
        await self.hear(request)
        fault = self.next_fault("poll")
        work = self.works.get(request.match_info["id"])
        if fault in {"drop", "garbage"}:
            return await trouble(request, fault)
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return self._refusal("bad_key_400")
        if fault in {"error", "rate_limit"}:
            return self._refusal(fault)
        if fault == "missing" or work is None:
            return web.json_response({"code": "not-found", "error": "The video was not found."}, status=404)
        if not work.ended:
            return self._show_pending(work)
        return web.json_response(self._document(work))

    def _show_pending(self, work: Work) -> web.Response:
        if work.fate == "silent":
            return web.Response(status=202)
        word = "warming_up" if work.fate == "strange" else "pending"
        return web.json_response(
            {"status": word, "progress": 40, "model": "grok-imagine-video"}, status=202 if work.fate == "stick" else 200
        )

    def _document(self, work: Work) -> dict[str, object]:
        failures = {
            "fail": {"code": "internal_error", "message": "The video could not be made."},
            "unsafe": {"code": "invalid_argument", "message": "Generated video rejected by content moderation."},
            "wordless": None,
        }
        if work.fate in failures:
            return {"status": "failed", "error": failures[work.fate]}
        if work.fate == "expired":
            return {"status": "expired"}
        if work.fate in {"blocked", "no_url"}:
            return {"status": "done", "video": {"url": None, "duration": 8, "respect_moderation": work.fate != "blocked"}}
        work.links += 1
        url = f"{self.base_url}/out/{work.id}/{work.links}.mp4"
        video = {"url": url, "duration": 8, "respect_moderation": True}
        return {"status": "done", "progress": 100, "video": video, "usage": {"cost_in_usd_ticks": 11_200_000_000}}

    async def _content(self, request: web.Request) -> web.StreamResponse:
        self.counts["content"] += 1
        work = self.works[request.match_info["id"]]
        if "authorization" in request.headers:
            return refuse(400, "key_given_away", "A public link was asked for with a key.")
        if self.next_fault("content") or request.match_info["link"] != str(work.links):
            return web.Response(status=403, text="<Error><Code>AccessDenied</Code></Error>", content_type="application/xml")
        return await self.pour(request)

    def _refusal(self, fault: str | None) -> web.Response | None:
        said = f"Incorrect API key provided: {self.key}."
        words = {
            "refuse": (400, "invalid_argument", "The prompt is too long."),
            "unreadable": (422, "invalid_request", "image: unsupported format"),
            "moderated": (400, "invalid_argument", "The prompt was rejected by content moderation."),
            "bad_key": (401, "invalid_api_key", said),
            "bad_key_400": (400, "invalid_argument", said),
            "payment": (402, "payment_required", "Add a payment method."),
            "rate_limit": (429, "rate_limit_exceeded", "Too many requests."),
            "rate_limit_bare": (429, "rate_limit_exceeded", "Too many requests."),
            "unavailable": (503, "service_unavailable", "The model is at capacity."),
            "error": (500, "internal", "Internal error."),
        }
        flat = {
            "moderated_flat": "Content violates usage guidelines.",
            "no_credits": "Your team has used all available credits or reached its monthly spending limit.",
        }
        if fault == "proxy":
            return web.Response(status=503, text="<html>busy</html>", content_type="text/html")
        if fault in flat:
            return web.json_response({"code": "The caller does not have permission", "error": flat[fault]}, status=403)
        return refusal(fault, words, refuse)


def complain_of_meaning(route: str, document: dict) -> str | None:
    model, references = document["model"].partition("?")[0], document.get("reference_images", [])
    if route != "generations":
        return None if model == "grok-imagine-video" else f"{model} takes no {route}"
    if len(references) > 7:
        return "reference_images has more than 7 items"
    if document.get("resolution") == "1080p" and (references or model != "grok-imagine-video-1.5"):
        return "1080p is not available here"
    if references and "image" in document and model != "grok-imagine-video-1.5":
        return "image and reference_images exclude each other"
    named = [int(number) for number in re.findall(r"<IMAGE_(\d+)>", document["prompt"])]
    return None if all(1 <= number <= len(references) for number in named) else "the prompt names an image that is not there"


def refuse(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"message": message, "type": "invalid_request_error", "code": code}}, status=status)


def unpack(url: str) -> bytes:
    """What a data URI holds."""
    return base64.b64decode(url.partition(",")[2])


@contextmanager
def serve_xai(**options: object) -> Iterator[XaiEmulator]:
    with serve(XaiEmulator(**options)) as emulator:
        yield emulator
