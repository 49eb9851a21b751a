"""Runway's API as far as its SDK and its pages tell: strict about fields, words, headers and files it was never given.

`runwayml_fields.json` is what `peer_runwayml.py declare` reads out of the SDK 5.24.0; a slow test compares the two.
"""

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from aiohttp import web

from castlist.testing.emulator import Emulator, abort, refusal, trouble
from castlist.testing.recording import by_content, record

KEY = "key-runway"
FIELDS = json.loads(Path(__file__).with_name("runwayml_fields.json").read_text())
MOST_REFERENCES = {
    "seedance2_5": 30,
    "kling_4": 10,
    "wan3": 10,
    "wan3_prime": 10,
    "hailuo3": 9,
    "seedance2": 9,
    "seedance2_fast": 9,
    "seedance2_mini": 9,
}
FATES = {
    "fail": ("INTERNAL.BAD_OUTPUT.CODE01", "The output was not good enough."),
    "block": ("SAFETY.INPUT.IMAGE", "Content moderation."),
    "asset": ("ASSET.INVALID", "An asset could not be read."),
    "wordless": (None, "Something went wrong."),
}


@dataclass
class Task:
    """A task: its fate, and how often it was asked for."""

    id: str
    model: str
    fate: str | None
    asked: int = 0
    cancelled: bool = False


class Runway(Emulator):
    """`uploads` holds the bytes under each runway:// address, `bodies` what each route was sent, files replaced by their hash."""

    faults: ClassVar = {
        "create": {
            "refuse", "credits", "no_credits_402", "bad_key", "rate_limit", "rate_limit_bare", "unavailable", "error", "proxy", "timeout",
            "drop", "lose", "hang", "empty", "no_id",
        },
        "job": {*FATES, "stick", "strange", "throttle", "no_output"},
        "poll": {"error", "rate_limit", "garbage", "missing", "drop"},
        "upload": {"error", "bad_key", "away", "plain", "garbage", "lose"},
        "store": {"error", "drop"},
        "content": {"expired", "cut", "missing", "error"},
    }  # fmt: skip

    def __init__(self, *, sticks=()):
        super().__init__()
        self.tasks = {}
        self.uploads = {}
        self.bodies = []
        self.sticks = sticks
        self._links = 0

    def routes(self):
        return [
            *(web.post(f"/v1/{route}", self.create) for route in FIELDS),
            web.post("/v1/uploads", self.upload),
            web.post("/_store", self.store),
            web.get("/v1/tasks/{id}", self.look),
            web.delete("/v1/tasks/{id}", self.delete),
            web.get("/_out/{id}/{link}.mp4", self.content),
        ]

    async def create(self, request):
        self.counts["create"] += 1
        fault = self.next_fault("create")
        if fault == "drop":
            return abort(request)
        document = await self.hear(request)
        route = request.path.rpartition("/")[2]
        wrong = refuse_headers(request) or refuse(fault) or self.refuse_body(route, document)
        if wrong is not None:
            return wrong
        self.bodies.append((route, by_content(document, self.uploads)))
        task = Task(str(uuid.uuid4()), document["model"], self.next_fault("job"))
        self.tasks[task.id] = task
        return await trouble(request, fault) or web.json_response({"id": task.id, "estimatedCost": {"credits": 50}})

    def refuse_body(self, route, document):
        if not isinstance(document, dict):
            return error(400, "The body is not a JSON object.")
        fields = FIELDS[route].get(document.get("model"))
        wrong = "unknown model" if fields is None else mismatch(document, {"fields": fields}) or broken_rule(route, document)
        wrong = wrong or next((f"no such file {uri}" for uri in uris(document) if uri not in self.uploads), None)
        return error(400, f"Validation of body failed: {wrong}") if wrong else None

    async def upload(self, request):
        self.counts["upload"] += 1
        fault = self.next_fault("upload")
        wrong = await trouble(request, fault) or refuse_headers(request) or refuse(fault)
        body = await request.json()
        if wrong is None and (set(body) != {"filename", "type"} or body["type"] != "ephemeral" or "." not in body["filename"]):
            wrong = error(400, "filename and type are needed, and nothing else")
        if wrong is not None:
            return wrong
        place = {"away": "https://169.254.169.254/latest", "plain": "http://files.example.com/put"}.get(fault, f"{self.base_url}/_store")
        uri = f"runway://upload/{len(self.uploads)}-{self.counts['upload']}"
        fields = {"key": uri, "policy": "p", "x-amz-signature": "s"}
        return web.json_response({"uploadUrl": place, "fields": fields, "runwayUri": uri})

    async def store(self, request):
        self.counts["store"] += 1
        fault = self.next_fault("store")
        if fault == "drop":
            return abort(request)
        recorded = await record(request)
        names = [field.name for field in recorded.fields]
        if fault or request.headers.get("Authorization") or names != ["key", "policy", "x-amz-signature", "file"]:
            return web.Response(status=403, text="<Error><Code>AccessDenied</Code></Error>", content_type="application/xml")
        file = recorded.fields[-1]
        if not file.filename or not file.value:
            return web.Response(status=400)
        self.uploads[recorded.value("key")] = file.value
        return web.Response(status=204)

    async def look(self, request):
        self.counts["poll"] += 1
        fault = self.next_fault("poll")
        task = self.tasks.get(request.match_info["id"])
        wrong = await trouble(request, fault) or refuse_headers(request) or refuse(fault)
        if wrong is not None:
            return wrong
        if task is None or fault == "missing":
            return error(404, "Task not found.")
        task.asked += 1
        return web.json_response(self.show(task))

    def show(self, task):
        common = {"id": task.id, "createdAt": "2026-11-21T12:00:00.000Z"}
        guess, bill = {"estimatedCost": {"credits": 50.0}}, {"cost": {"credits": 48}}
        if task.cancelled:
            return {**common, **bill, "status": "CANCELLED"}
        if task.fate == "throttle" and task.asked <= 3:
            return {**common, **guess, "status": "THROTTLED"}
        if task.asked == 1:
            return {**common, **guess, "status": "PENDING"}
        if task.fate == "strange" and task.asked < 4:
            return {**common, "status": "WARMING_UP"}
        if task.asked == 2 or task.fate == "stick" or task.model in self.sticks:
            return {**common, **guess, "status": "RUNNING", "progress": min(0.9, task.asked * 0.2)}
        if task.fate in FATES:
            code, text = FATES[task.fate]
            return {**common, "cost": {"credits": 0}, "status": "FAILED", "failure": text, **({"failureCode": code} if code else {})}
        self._links += 1
        output = [] if task.fate == "no_output" else [f"{self.base_url}/_out/{task.id}/{self._links}.mp4?_jwt=s{self._links}"]
        return {**common, **bill, "status": "SUCCEEDED", "output": output}

    async def delete(self, request):
        self.counts["delete"] += 1
        task = self.tasks.get(request.match_info["id"])
        wrong = refuse_headers(request)
        if wrong is not None:
            return wrong
        if task is None:
            return error(404, "Task not found.")
        if self.show(task)["status"] in {"SUCCEEDED", "FAILED", "CANCELLED"}:
            del self.tasks[task.id]
        task.cancelled = True
        return web.Response(status=204)

    async def content(self, request):
        self.counts["content"] += 1
        fault = self.next_fault("content")
        if request.headers.get("Authorization"):
            return web.Response(status=400, text="only one auth mechanism allowed")
        link = request.match_info["link"]
        if fault == "expired" or request.query.get("_jwt") != f"s{link}":
            return web.Response(status=401, text="expired")
        if fault in {"missing", "error"}:
            return web.Response(status=404 if fault == "missing" else 500)
        return await self.pour(request, fault=fault)


def uris(value):
    """All runway:// addresses in a body."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [uri for each in inner for uri in uris(each)]
    return [value] if isinstance(value, str) and value.startswith("runway://") else []


def mismatch(value, shape):
    """What of a value does not have that shape, None when it has."""
    if "fields" in shape:
        if not isinstance(value, dict):
            return f"{value!r} is not an object"
        unknown = set(value) - set(shape["fields"])
        missing = {name for name, inner in shape["fields"].items() if inner.get("required")} - set(value)
        if unknown or missing:
            return f"unknown {sorted(unknown)}, missing {sorted(missing)}"
        wrong = ((name, mismatch(inner, shape["fields"][name])) for name, inner in value.items())
        return next((f"{name}: {text}" for name, text in wrong if text), None)
    if "items" in shape:
        if not isinstance(value, list):
            return f"{value!r} is not a list"
        return next((text for inner in value if (text := mismatch(inner, shape["items"]))), None)
    if "any" in shape:
        found = [mismatch(value, each) for each in shape["any"]]
        return None if None in found else found[-1]
    if "enum" in shape:
        return None if value in shape["enum"] else f"{value!r} is none of {shape['enum']}"
    kinds = {"str": str, "int": int, "bool": bool, "float": (int, float), "object": dict}
    right = isinstance(value, kinds[shape["type"]]) and (shape["type"] != "int" or not isinstance(value, bool))
    return None if right else f"{value!r} is not {shape['type']}"


def broken_rule(route, body):
    """The rules that stand in the SDK's words, not in its types."""
    model, mode = body["model"], body.get("mode")
    text, images = body.get("promptText", ""), body.get("references", [])
    if "promptText" in body and not text:
        return "promptText is empty"
    if model in {"gen4.5", "veo3.1", "veo3.1_fast"} and len(text.encode("utf-16-le")) // 2 > 1000:
        return "promptText is too long"
    frames = body.get("promptImage", [])
    if len(images) + len(frames if model == "kling_4" else []) > MOST_REFERENCES.get(model, 7):
        return f"too many references: {len(images)}"
    if isinstance(frames, list) and any(set(frame) != {"uri", "position"} for frame in frames):
        return "promptImage mixes frames and references"
    if frames and model in {"wan3", "wan3_prime"} and not body.get("ratio", "").startswith("auto_"):
        return "keyframes need an auto ratio"
    if model == "hailuo3" and body.get("ratio") == "adaptive" and not (images or frames):
        return "adaptive needs references"
    if model == "seedance2_5" and mode in {"edit", "extend"} and ("ratio" in body or not text):
        return f"{mode} takes promptText and no ratio"
    if model == "seedance2_5" and mode == "edit" and body.get("duration") != "auto":
        return "edit takes duration auto"
    if model == "grok_imagine_1_5" and images and body.get("resolution") == "1080p":
        return "references are capped at 720p"
    return None


def refuse_headers(request):
    if request.headers.get("X-Runway-Version") != "2024-11-06":
        return error(400, "X-Runway-Version is missing or unknown")
    if request.headers.get("Authorization") != f"Bearer {KEY}":
        return error(401, "The API key is not valid: key_abc")
    return None


WORDS = {
    "refuse": (400, "Validation of body failed"),
    "credits": (400, "You do not have enough credits to run this task."),
    "no_credits_402": (402, "Not enough credits."),
    "bad_key": (401, "The API key is not valid: key_abc"),
    "rate_limit": (429, "Daily task limit reached."),
    "rate_limit_bare": (429, "Daily task limit reached."),
    "unavailable": (503, "We are overloaded."),
    "error": (500, "Internal error."),
    "timeout": (408, "Timeout."),
}


def refuse(fault):
    if fault == "proxy":
        return web.Response(status=503, text="<html>503</html>", content_type="text/html")
    return refusal(fault, WORDS, error)


def error(status, text):
    return web.json_response({"error": text}, status=status)
