"""fal's queue and storage as its client and its pages tell: strict about endpoints, fields, words, keys and files it was never given.

The fields are those of the types of fal's JavaScript client where it has the endpoint, and of fal's pages for most others, to which tests
hold them; else those of the provider notes that the adapter was written from too, which says nothing about whether fal takes the same.
Paths, key, storage and status are fal_client's.
"""

import json
import time
import uuid
from dataclasses import dataclass
from typing import ClassVar

from aiohttp import web

from castlist.testing.emulator import Emulator, abort, refusal, trouble
from castlist.testing.recording import by_content

KEY = "id:secret"
WIDE, MANY = ["16:9", "9:16"], ["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9"]
SQUARE_TOO = [each for each in MANY if each not in {"3:2", "2:3"}]
URL, URLS = "url", ["url"]
LOW, HIGH = ["480p", "720p"], ["720p", "1080p"]


def words(first, last, form="{}"):
    return [form.format(n) for n in range(first, last + 1)]


def whole(first, last):
    return range(first, last + 1)


_KLING = {"prompt": str, "start_image_url": URL, "image_urls": URLS, "elements": "elements", "aspect_ratio": [*WIDE, "1:1"]}
_O3 = _KLING | {"duration": words(3, 15), "generate_audio": bool}
_EDIT = {"prompt": str, "video_url": URL, "image_urls": URLS, "elements": "elements"}
_SEEDANCE = {
    "prompt": str,
    "resolution": [*LOW, "1080p"],
    "aspect_ratio": SQUARE_TOO,
    "duration": words(4, 15),
    "generate_audio": bool,
    "seed": int,
}
_SEEDANCE_LONG = _SEEDANCE | {"duration": words(4, 30)}
_VEO = {"prompt": str, "aspect_ratio": WIDE, "resolution": HIGH, "generate_audio": bool, "seed": int}
_VEO_TEXT = _VEO | {"duration": ["4s", "6s", "8s"]}
_GROK = {"prompt": str, "duration": whole(1, 15), "resolution": LOW, "aspect_ratio": MANY[:-1]}
_GROK_CAST = _GROK | {"duration": whole(1, 10), "reference_image_urls": URLS}
_OMNI = {"prompt": str, "duration": whole(3, 10), "resolution": ["360p", *HIGH, "4k"], "aspect_ratio": WIDE}
_H3 = {"prompt": str, "duration": whole(5, 15), "resolution": ["768P", "2K"]}
_H3_WIDE = _H3 | {"aspect_ratio": SQUARE_TOO}
_VIDU = {"prompt": str, "duration": words(2, 8), "resolution": HIGH, "seed": int}
_VIDU_CAST = _VIDU | {"duration": whole(1, 10), "reference_image_urls": URLS, "aspect_ratio": MANY}
_WAN = {"prompt": str, "duration": ["5", "10", "15"], "resolution": HIGH, "seed": int}
_WAN_WIDE = _WAN | {"aspect_ratio": MANY[:5]}


def without(fields, *names):
    return {name: shape for name, shape in fields.items() if name not in names}


ENDPOINTS = {
    "kling/v4/reference-to-video": (_KLING | {"duration": whole(3, 30), "resolution": HIGH, "video_urls": URLS}, set()),
    "fal-ai/kling-video/o3/standard/reference-to-video": (_O3, set()),
    "fal-ai/kling-video/o3/pro/reference-to-video": (_O3, set()),
    "fal-ai/kling-video/o3/standard/video-to-video/edit": (_EDIT, {"video_url"}),
    "fal-ai/kling-video/o3/pro/video-to-video/edit": (_EDIT, {"video_url"}),
    "bytedance/seedance-2.0/text-to-video": (_SEEDANCE, set()),
    "bytedance/seedance-2.0/image-to-video": (_SEEDANCE | {"resolution": LOW, "image_url": URL}, {"image_url"}),
    "bytedance/seedance-2.0/reference-to-video": (_SEEDANCE | {"image_urls": URLS, "video_urls": URLS}, set()),
    "bytedance/seedance-2.0/fast/text-to-video": (_SEEDANCE, set()),
    "bytedance/seedance-2.0/fast/image-to-video": (_SEEDANCE | {"image_url": URL}, {"image_url"}),
    "bytedance/seedance-2.0/fast/reference-to-video": (_SEEDANCE | {"image_urls": URLS, "video_urls": URLS}, set()),
    "bytedance/seedance-2.5/text-to-video": (_SEEDANCE_LONG, set()),
    "bytedance/seedance-2.5/image-to-video": (without(_SEEDANCE_LONG, "seed", "aspect_ratio") | {"image_url": URL}, {"image_url"}),
    "bytedance/seedance-2.5/reference-to-video": (_SEEDANCE_LONG | {"image_urls": URLS, "video_urls": URLS}, set()),
    "fal-ai/veo3.1": (_VEO_TEXT, set()),
    "fal-ai/veo3.1/image-to-video": (_VEO_TEXT | {"image_url": URL}, {"image_url"}),
    "fal-ai/veo3.1/reference-to-video": (without(_VEO, "seed") | {"duration": ["8s"], "image_urls": URLS}, {"image_urls"}),
    "fal-ai/veo3.1/extend-video": (_VEO | {"duration": ["7s"], "video_url": URL}, {"video_url"}),
    "xai/grok-imagine-video/text-to-video": (_GROK, set()),
    "xai/grok-imagine-video/image-to-video": (_GROK | {"image_url": URL}, {"image_url"}),
    "xai/grok-imagine-video/reference-to-video": (_GROK_CAST, {"reference_image_urls"}),
    "xai/grok-imagine-video/edit-video": ({"prompt": str, "video_url": URL, "resolution": ["auto", *LOW]}, {"video_url"}),
    "xai/grok-imagine-video/extend-video": ({"prompt": str, "video_url": URL, "duration": whole(2, 10)}, {"video_url"}),
    "google/gemini-omni-flash/v1.1/text-to-video": (_OMNI, set()),
    "google/gemini-omni-flash/v1.1/image-to-video": (_OMNI | {"image_url": URL}, {"image_url"}),
    "google/gemini-omni-flash/v1.1/reference-to-video": (_OMNI | {"image_urls": URLS, "reference_video_urls": URLS}, set()),
    "minimax/h3/text-to-video": (_H3_WIDE, set()),
    "minimax/h3/image-to-video": (_H3 | {"image_url": URL}, {"image_url"}),
    "minimax/h3/reference-to-video": (_H3_WIDE | {"reference_image_urls": URLS}, set()),
    "fal-ai/vidu/q2/text-to-video": (_VIDU | {"aspect_ratio": [*WIDE, "1:1"]}, set()),
    "fal-ai/vidu/q2/image-to-video/pro": (_VIDU | {"image_url": URL}, {"image_url"}),
    "fal-ai/vidu/q2/reference-to-video/pro": (_VIDU_CAST, {"reference_image_urls"}),
    "wan/v2.6/text-to-video": (_WAN_WIDE, set()),
    "wan/v2.6/image-to-video": (_WAN | {"image_url": URL}, {"image_url"}),
    "wan/v2.6/reference-to-video": (_WAN_WIDE | {"duration": ["5", "10"], "video_urls": URLS}, {"video_urls"}),
}  # fmt: skip
MOST = {"reference_image_urls": 9, "image_urls": 10, "video_urls": 3, "reference_video_urls": 3}


@dataclass
class Asked:
    """A request in the queue: its fate, how often it was asked for, when its storage token ends."""

    id: str
    root: str
    fate: str | None
    asked: int = 0
    cancelled: bool = False


class FalEmulator(Emulator):
    """`files` holds the bytes under each address of the storage, those in `gone` are there no more when the work is begun; `bodies` is
    what each endpoint was sent, files replaced by their hash."""

    faults: ClassVar = {
        "create": {
            "refuse", "moderated", "balance", "bad_key", "rate_limit", "rate_limit_bare", "unavailable", "error", "proxy", "timeout",
            "drop", "lose", "hang", "empty", "no_id", "elsewhere",
        },
        "job": {"stick", "strange", "error", "blocked", "invalid", "retryable", "no_video"},
        "poll": {"error", "rate_limit", "garbage", "missing", "drop"},
        "token": {"error", "bad_key", "away", "garbage"},
        "store": {"error", "drop", "garbage"},
        "content": {"cut", "missing", "error"},
    }  # fmt: skip

    def __init__(self, *, sticks=()):
        super().__init__()
        self.gone = set()
        self.works = {}
        self.files = {}
        self.bodies = []
        self.sticks = sticks

    def routes(self):
        root = "/{owner}/{alias}/requests/{id}"
        return [
            web.post("/storage/auth/token", self.token),
            web.post("/files/upload", self.store),
            web.get("/files/{name}", self.content),
            web.get(f"{root}/status", self.status),
            web.put(f"{root}/cancel", self.cancel),
            web.get(root, self.result),
            web.post("/{endpoint:.+}", self.create),
            web.route("*", "/{endpoint:.+}", self.absent),
        ]

    async def absent(self, request):
        return refuse_key(request) or error(404, "Application not found")

    async def create(self, request):
        self.counts["create"] += 1
        fault = self.next_fault("create")
        if fault == "drop":
            return abort(request)
        document = await self.hear(request)
        endpoint = request.match_info["endpoint"]
        wrong = refuse_key(request) or refuse(fault) or self.refuse_body(endpoint, document)
        if wrong is not None:
            return wrong
        self.bodies.append((endpoint, by_content(document, self.files)))
        root = f"/{'/'.join(endpoint.split('/')[:2])}/requests/{uuid.uuid4()}"
        fate = self.next_fault("job") or ("stick" if endpoint in self.sticks else None)
        if any(url in json.dumps(document) for url in self.gone):
            fate = "unreadable"
        work = Asked(root.rpartition("/")[2], root, fate)
        self.works[work.id] = work
        base = "https://evil.example.com" if fault == "elsewhere" else self.base_url
        answer = {"request_id": work.id, "queue_position": 0, "status": "IN_QUEUE"} | self.addresses(base, root)
        return await trouble(request, fault) or web.json_response(answer)

    def addresses(self, base, root):
        return {"response_url": base + root, "status_url": f"{base}{root}/status", "cancel_url": f"{base}{root}/cancel"}

    def refuse_body(self, endpoint, document):
        if endpoint not in ENDPOINTS:
            return error(404, f"Application {endpoint!r} not found")
        fields, required = ENDPOINTS[endpoint]
        if not isinstance(document, dict):
            return error(422, "not an object")
        wrong = [(name, "extra fields not permitted") for name in set(document) - set(fields)]
        wrong += [(name, "field required") for name in (required | {"prompt"}) - set(document)]
        wrong += [(name, text) for name, value in document.items() if name in fields and (text := self.mismatch(name, value, fields[name]))]
        detail = [{"loc": ["body", name], "msg": text, "type": "value_error"} for name, text in wrong]
        return web.json_response({"detail": detail}, status=422) if detail else None

    def mismatch(self, name, value, shape):
        if shape == URL:
            return None if value in self.files else f"could not fetch {value!r}"
        if shape == URLS:
            if not isinstance(value, list) or not 0 < len(value) <= MOST[name]:
                return "a list of the right length is needed"
            return next((text for each in value if (text := self.mismatch(name, each, URL))), None)
        if shape == "elements":
            sound = isinstance(value, list) and 0 < len(value) <= 7 and all(self.is_element(each) for each in value)
            return None if sound else f"not elements: {value!r}"
        if isinstance(shape, list | range):
            return None if type(value) is type(shape[0]) and value in shape else f"{value!r} is not permitted"
        return None if type(value) is shape else f"{value!r} is not {shape.__name__}"

    def is_element(self, value):
        others = value.get("reference_image_urls") if isinstance(value, dict) else None
        sound = isinstance(others, list) and 1 <= len(others) <= 3 and set(value) == {"frontal_image_url", "reference_image_urls"}
        return sound and all(url in self.files for url in [value["frontal_image_url"], *others])

    async def token(self, request):
        self.counts["token"] += 1
        fault = self.next_fault("token")
        wrong = await trouble(request, fault) or refuse_key(request) or refuse(fault)
        if wrong is not None or request.query.get("storage_type") != "fal-cdn-v3":
            return wrong or error(400, "storage_type")
        place = "http://10.0.0.1/put" if fault == "away" else self.base_url
        expires = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() + 600))
        return web.json_response({"token": "t", "token_type": "Bearer", "base_url": place, "expires_at": expires})

    async def store(self, request):
        self.counts["store"] += 1
        fault = self.next_fault("store")
        if fault == "drop":
            return abort(request)
        if fault == "garbage":
            return web.json_response({})
        body = await request.read()
        lasts = json.loads(request.headers.get("X-Fal-Object-Lifecycle", "{}")).get("expiration_duration_seconds")
        if lasts is not None and lasts < 60:
            return error(422, "expiration_duration_seconds")
        if fault or request.headers.get("Authorization") != "Bearer t" or not body or "/" not in request.headers.get("Content-Type", ""):
            return error(403, "Forbidden")
        url = f"{self.base_url}/files/{len(self.files)}-{request.headers['X-Fal-File-Name']}"
        self.files[url] = body
        return web.json_response({"access_url": url})

    async def status(self, request):
        self.counts["poll"] += 1
        fault = self.next_fault("poll")
        wrong = await trouble(request, fault) or refuse_key(request) or refuse(fault)
        work = self.works.get(request.match_info["id"])
        if wrong is not None or work is None or fault == "missing" or not request.path.startswith(work.root):
            return wrong or error(404, "Request not found")
        work.asked += 1
        done = work.asked > 2 and work.fate != "stick" and not (work.fate == "strange" and work.asked < 4)
        common = {"request_id": work.id, **self.addresses(self.base_url, work.root)}
        if work.cancelled:
            return web.json_response({**common, "status": "COMPLETED", "logs": [], "error": "Cancelled", "error_type": "request_cancelled"})
        if work.asked == 1:
            return web.json_response({**common, "status": "IN_QUEUE", "queue_position": 3})
        if not done:
            return web.json_response({**common, "status": "WARMING_UP" if work.fate == "strange" else "IN_PROGRESS", "logs": None})
        ended = {**common, "status": "COMPLETED", "logs": None, "metrics": {"inference_time": 1.5}}
        return web.json_response(ended | ({"error": "Runner died", "error_type": "runner_error"} if work.fate == "error" else {}))

    async def result(self, request):
        self.counts["result"] += 1
        work = self.works.get(request.match_info["id"])
        wrong = refuse_key(request)
        if wrong is not None or work is None:
            return wrong or error(404, "Request not found")
        if work.asked <= 2:
            return error(400, "Request is still in progress")
        if work.fate == "blocked":
            return detailed(422, "content_policy_violation", "The content could not be processed.")
        if work.fate == "invalid":
            return detailed(422, "image_too_small", "The picture is too small.")
        if work.fate == "unreadable":
            return detailed(422, "file_download_error", "Failed to download the file. Please check if the URL is accessible.")
        if work.fate == "retryable":
            return detailed(422, "generation_failed", "Try again.", retryable=True)
        if work.fate == "no_video":
            return web.json_response({"images": []})
        file = {
            "url": f"{self.base_url}/files/out-{work.id}.mp4",
            "content_type": "video/mp4",
            "file_name": "out.mp4",
            "file_size": len(self.clip),
        }
        return web.json_response({"video": file, "seed": 7})

    async def cancel(self, request):
        self.counts["cancel"] += 1
        work = self.works.get(request.match_info["id"])
        wrong = refuse_key(request)
        if wrong is not None or work is None:
            return wrong or error(404, "Request not found")
        if work.cancelled or (work.asked > 2 and work.fate != "stick"):
            return web.json_response({"status": "ALREADY_COMPLETED"}, status=400)
        work.cancelled = True
        return web.json_response({"status": "CANCELLATION_REQUESTED"}, status=202)

    async def content(self, request):
        self.counts["content"] += 1
        fault = self.next_fault("content")
        if request.headers.get("Authorization") or fault in {"missing", "error"}:
            return web.Response(status=500 if fault == "error" else 404)
        return await self.pour(request, fault=fault)


def refuse_key(request):
    return None if request.headers.get("Authorization") == f"Key {KEY}" else error(401, "Cannot access application: no such key key_abc")


def detailed(status, kind, text, *, retryable=False):
    headers = {"x-fal-error-type": kind, "x-fal-retryable": str(retryable).lower()}
    return web.json_response({"detail": [{"loc": ["body", "prompt"], "msg": text, "type": kind}]}, status=status, headers=headers)


PLAIN = {
    "refuse": (422, "duration: not permitted"),
    "balance": (403, "User is locked. Reason: Exhausted balance."),
    "bad_key": (401, "No such key key_abc"),
    "rate_limit": (429, "Too many requests"),
    "rate_limit_bare": (429, "Too many requests"),
    "unavailable": (503, "No runner"),
    "error": (500, "Internal Server Error"),
    "timeout": (408, "Timed out"),
}


def refuse(fault):
    if fault == "moderated":
        return detailed(422, "content_policy_violation", "The content could not be processed.")
    if fault == "proxy":
        return web.Response(status=503, text="<html>503</html>", content_type="text/html")
    return refusal(fault, PLAIN, error)


def error(status, text):
    return web.json_response({"detail": text}, status=status)
