"""The Interactions and Files APIs of Gemini as far as they are documented, strict about what they are sent.

Not verified with the live service: the texts of refusals, and that an unknown field is refused.
"""

import base64
import hashlib
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from aiohttp import web

from castlist.testing.emulator import Emulator, refusal, serve, trouble
from providers.emulators.strict import complain

MEDIA = {"image": {"image/png", "image/jpeg", "image/webp"}, "video": {"video/mp4"}}
TASKS = frozenset({"text_to_video", "image_to_video", "reference_to_video", "edit", "extend", "upscale"})
TAG = re.compile(r"<(IMAGE|VIDEO)_REF_(\d+)>@(Image|Video)(\d+)")


def part_shape(part: object) -> object:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind in MEDIA:
        return {"type": {kind}, "uri?": str, "data?": str, "mime_type": MEDIA[kind], "name?": str}
    return {"type": {"text"}, "text": str}


INTERACTION = {
    "model": re.compile(r"gemini-omni-1\.[12]-flash(\?.*)?"),
    "background": bool,
    "input": [{"type": {"user_input"}, "content": [part_shape]}],
    "generation_config": {"video_config": {"task": TASKS}},
    "response_format": {
        "type": {"video"},
        "aspect_ratio?": {"16:9", "9:16"},
        "resolution?": {"360p", "720p", "1080p", "4k"},
        "duration?": re.compile(r"([3-9]|10)s"),
        "delivery": {"inline", "uri"},
    },
    "previous_interaction_id?": str,
    "store?": bool,
    "webhook_config?": {"uris": [str]},
}


WORDS = {
    "refuse": (400, "INVALID_ARGUMENT", "The prompt is empty."),
    "moderated": (400, "INVALID_ARGUMENT", "The prompt was blocked: SAFETY."),
    "forbidden": (403, "PERMISSION_DENIED", "Permission denied on resource project."),
    "no_billing": (403, "PERMISSION_DENIED", "Billing is not enabled for this project."),
    "quota": (429, "RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan and billing details."),
    "rate_limit_bare": (429, "RESOURCE_EXHAUSTED", "Resource has been exhausted."),
    "unavailable": (503, "UNAVAILABLE", "The model is overloaded."),
    "error": (500, "INTERNAL", "An internal error has occurred."),
}


@dataclass
class Interaction:
    id: str
    model: str
    fate: str | None
    started: float
    lasts: float
    links: list[str] = field(default_factory=list)
    stopped: bool = False

    @property
    def done(self) -> bool:
        return not self.stopped and self.fate != "stick" and time.monotonic() - self.started >= self.lasts


class GeminiEmulator(Emulator):
    faults: ClassVar[Mapping[str, frozenset[str]]] = {
        "create": frozenset({
            "refuse", "array", "moderated", "bad_key", "forbidden", "no_billing", "quota", "rate_limit", "rate_limit_bare", "unavailable",
            "proxy", "error", "lose", "hang", "empty", "no_id",
        }),
        "job": frozenset({"stick", "strange", "fail", "safety", "withheld", "incomplete", "budget_exceeded", "requires_continuation",
            "requires_action", "cancelled", "inline"}),
        "poll": frozenset({"error", "rate_limit", "garbage", "missing", "drop"}),
        "upload": frozenset({"error", "lose", "away", "unreadable", "slow"}),
        "content": frozenset({"expired", "error"}),
    }  # fmt: skip
    kept_headers = ("x-goog-api-key", "X-Goog-Upload-Command", "X-Goog-Upload-Offset", "X-Goog-Upload-Protocol",
        "X-Goog-Upload-Header-Content-Length", "X-Goog-Upload-Header-Content-Type")  # fmt: skip

    def __init__(self, *, key: str = "AIza-live", lasts: float = 0.1) -> None:
        super().__init__()
        self.key, self.lasts = key, lasts
        self.files: dict[str, bytes] = {}
        self.types: dict[str, str] = {}
        self.pending: dict[str, bytearray] = {}
        self.looks: dict[str, int] = {}
        self.interactions: dict[str, Interaction] = {}

    def routes(self) -> Iterator[web.AbstractRouteDef]:
        for version in ("v1", "v1beta"):
            yield web.post(f"/{version}/interactions", self._create)
            yield web.get(f"/{version}/interactions/{{id}}", self._show)
            yield web.delete(f"/{version}/interactions/{{id}}", self._delete)
            yield web.post(f"/{version}/interactions/{{id}}/cancel", self._cancel)
            yield web.post(f"/upload/{version}/files", self._begin_upload)
            yield web.get(f"/{version}/files/{{name}}", self._file)
            yield web.delete(f"/{version}/files/{{name}}", self._delete_file)
        yield web.post("/resumable/{name}", self._upload)

    async def _create(self, request: web.Request) -> web.StreamResponse:
        self.counts["create"] += 1
        document = await self.hear(request)
        if self._is_stranger(request):
            return self._bad_key()
        words = complain(document, INTERACTION) or self._complain_of_meaning(document)
        if words:
            return refuse(400, "INVALID_ARGUMENT", words)
        fault = _script(document["model"], "create") or self.next_fault("create")
        if answer := self._refusal(fault):
            return answer
        self.counts["accepted"] += 1
        made = Interaction(f"v1_{self.counts['accepted']:06d}", document["model"], None, time.monotonic(), self.lasts)
        made.fate = _script(document["model"], "job") or self.next_fault("job")
        self.interactions[made.id] = made
        return await trouble(request, fault) or web.json_response(self._document(made, fresh=True))

    def _complain_of_meaning(self, document: dict) -> str | None:
        content = document["input"][0]["content"]
        parts = {kind: [part for part in content if part["type"] == kind] for kind in ("image", "video", "text")}
        task, before = document["generation_config"]["video_config"]["task"], document.get("previous_interaction_id")
        images, videos = len(parts["image"]), len(parts["video"])
        if before and before not in self.interactions:
            return "Invalid interaction name: " + before
        strange = [part["uri"] for part in content if "uri" in part and part["uri"].rpartition("/")[2] not in self.files]
        if strange:
            return f"The file {strange[0]} is not there or not ACTIVE."
        needs = {
            "text_to_video": images == videos == 0,
            "image_to_video": images == 1 and videos == 0,
            "reference_to_video": images + videos >= 1 and images <= 10 and videos <= 3,
            "edit": videos == 1 or bool(before),
            "extend": videos == 1 or bool(before),
        }
        if len(parts["text"]) != 1 or not needs.get(task, False):
            return f"The media given do not fit the task {task}."
        if task in {"text_to_video", "image_to_video", "reference_to_video"} and len(document["response_format"]) < 5:
            return "response_format lacks a field."
        counts = {"Image": images, "Video": videos}
        named = TAG.findall(parts["text"][0]["text"])
        bad = [place for kind, _, place, number in named if kind.title() != place or not 1 <= int(number) <= counts[place]]
        return f"The prompt names an {bad[0]} that is not there." if bad else None

    async def _show(self, request: web.Request) -> web.StreamResponse:
        self.counts["poll"] += 1
        await self.hear(request)
        fault = self.next_fault("poll")
        found = self.interactions.get(request.match_info["id"])
        if fault in {"drop", "garbage"}:
            return await trouble(request, fault)
        if self._is_stranger(request):
            return self._bad_key()
        if fault in {"error", "rate_limit"}:
            return self._refusal(fault)
        if fault == "missing" or found is None:
            return refuse(400, "INVALID_ARGUMENT", "Invalid interaction name.")
        return web.json_response(self._document(found))

    async def _cancel(self, request: web.Request) -> web.Response:
        found = self.interactions.get(request.match_info["id"])
        if self._is_stranger(request) or found is None or found.done:
            return refuse(400, "FAILED_PRECONDITION", "The interaction is not running.")
        found.stopped = True
        return web.json_response(self._document(found))

    async def _delete(self, request: web.Request) -> web.Response:
        if self.interactions.pop(request.match_info["id"], None) is None:
            return refuse(400, "INVALID_ARGUMENT", "Invalid interaction name.")
        return web.json_response({})

    def _document(self, made: Interaction, *, fresh: bool = False) -> dict[str, object]:
        base = {"id": made.id, "object": "interaction", "model": made.model.partition("?")[0], "created": "2026-11-20T10:00:00Z",
            "updated": "2026-11-20T10:00:01Z"}  # fmt: skip
        status = "cancelled" if made.stopped else "completed" if made.done else "in_progress"
        if made.fate in {"strange", "requires_action"} and not made.done:
            status = "warming_up" if made.fate == "strange" else made.fate
        if fresh or status != "completed":
            return base | {"status": "in_progress" if fresh else status}
        if made.fate in {"fail", "safety", "incomplete", "budget_exceeded", "requires_continuation", "cancelled"}:
            code, text = {"safety": ("SAFETY", "The output was blocked."), "fail": ("INTERNAL", "It broke.")}.get(made.fate, ("", ""))
            errors = [{"code": code, "message": text}] if code else []
            return base | {"status": "failed" if code else made.fate, "errors": errors}
        return base | {"status": "completed", "steps": [{"type": "model_output", "content": self._output(made)}]}

    def _output(self, made: Interaction) -> list[dict[str, object]]:
        if made.fate == "withheld":
            return [{"type": "text", "text": "I cannot show that person."}]
        if made.fate == "inline":
            return [{"type": "video", "mime_type": "video/mp4", "data": base64.b64encode(self.clip).decode()}]
        made.links.append(f"out-{made.id}-{len(made.links)}")
        return [{"type": "video", "mime_type": "video/mp4", "uri": f"{self.base_url}/v1/files/{made.links[-1]}"}]

    async def _begin_upload(self, request: web.Request) -> web.StreamResponse:
        self.counts["upload"] += 1
        document = await self.hear(request)
        fault = self.next_fault("upload")
        shape = {"file": {"mime_type": str, "size_bytes": int, "display_name?": str}}
        right = request.headers.get("X-Goog-Upload-Command") == "start" and not complain(document, shape)
        if self._is_stranger(request):
            return self._bad_key()
        if not right or fault == "error":
            return refuse(500 if fault else 400, "INTERNAL" if fault else "INVALID_ARGUMENT", "The upload cannot begin.")
        if fault == "lose":
            return await trouble(request, fault)
        name = f"up{self.counts['upload']}"
        self.pending[name] = bytearray()
        self.types[name] = document["file"]["mime_type"] + (f"!{fault}" if fault else "")
        origin = "http://127.0.0.2:9" if fault == "away" else self.base_url
        return web.Response(headers={"X-Goog-Upload-URL": f"{origin}/resumable/{name}", "X-Goog-Upload-Status": "active"})

    async def _upload(self, request: web.Request) -> web.Response:
        await self.hear(request)
        name, command = request.match_info["name"], request.headers.get("X-Goog-Upload-Command", "")
        body = self.pending[name]
        if int(request.headers.get("X-Goog-Upload-Offset", "-1")) != len(body) or not command.startswith("upload"):
            return refuse(400, "INVALID_ARGUMENT", "The upload does not go on where it was.")
        body += await request.read()
        if "finalize" not in command:
            return web.Response(headers={"X-Goog-Upload-Status": "active"})
        media_type, _, fault = self.types[name].partition("!")
        id = hashlib.sha256(bytes(body)).hexdigest()[:12]
        self.files[id], self.looks[id], self.types[id] = bytes(body), 1 if fault == "slow" else 0, media_type
        state = "FAILED" if fault == "unreadable" else "PROCESSING" if fault == "slow" else "ACTIVE"
        return web.json_response({"file": self._file_document(id, state)}, headers={"X-Goog-Upload-Status": "final"})

    def _file_document(self, id: str, state: str) -> dict[str, object]:
        about = {"mimeType": self.types[id], "sizeBytes": str(len(self.files[id])), "state": state}
        return {"name": f"files/{id}", "uri": f"{self.base_url}/v1/files/{id}", **about}

    async def _file(self, request: web.Request) -> web.StreamResponse:
        name, _, action = request.match_info["name"].partition(":")
        if self._is_stranger(request):
            return self._bad_key()
        if not action:
            self.looks[name] = self.looks.get(name, 0) - 1
            return web.json_response(self._file_document(name, "PROCESSING" if self.looks[name] >= 0 and self.looks[name] else "ACTIVE"))
        self.counts["content"] += 1
        live = {made.links[-1] for made in self.interactions.values() if made.links}
        if request.query.get("alt") != "media" or name not in live or self.next_fault("content"):
            return refuse(403, "PERMISSION_DENIED", "The link has expired.")
        return await self.pour(request)

    async def _delete_file(self, request: web.Request) -> web.Response:
        if self._is_stranger(request) or self.files.pop(request.match_info["name"], None) is None:
            return refuse(403, "PERMISSION_DENIED", "You do not have permission to access the File or it may not exist.")
        return web.json_response({})

    def _is_stranger(self, request: web.Request) -> bool:
        return request.headers.get("x-goog-api-key") != self.key

    def _bad_key(self) -> web.Response:
        reason = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
        return refuse(400, "INVALID_ARGUMENT", f"API key not valid: {self.key}. Please pass a valid API key.", reason)

    def _refusal(self, fault: str | None) -> web.Response | None:
        retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}
        match fault:
            case "bad_key":
                return self._bad_key()
            case "array":
                return refuse(400, "INVALID_ARGUMENT", "The prompt was blocked: SAFETY.", as_array=True)
            case "rate_limit":
                return refuse(429, "RESOURCE_EXHAUSTED", "Quota exceeded for requests per minute.", retry)
            case "proxy":
                return web.Response(status=503, text="<html>busy</html>", content_type="text/html")
        return refusal(fault, WORDS, refuse)


def refuse(status: int, word: str, message: str, *details: object, as_array: bool = False) -> web.Response:
    body = {"error": {"code": status, "message": message, "status": word, "details": list(details)}}
    return web.json_response([body] if as_array else body, status=status)


def _script(model: str, where: str) -> str | None:
    return dict(pair.split("=") for pair in model.partition("?")[2].split("&") if pair).get(where)


@contextmanager
def serve_gemini(**options: object) -> Iterator[GeminiEmulator]:
    with serve(GeminiEmulator(**options)) as emulator:
        yield emulator
