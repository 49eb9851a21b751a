"""Kling's omni routes, tasks and element library as far as they are documented (pages of 2026-09-20), strict about what they are sent.

Not verified with the live service: the words of refusals, that an unknown field is refused.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from aiohttp import web

from castlist.testing.emulator import Emulator, refusal, serve, trouble
from providers.emulators.kling_shapes import (
    complain_of_element,
    complain_of_films,
    complain_of_older,
    complain_of_omni,
    film_of,
    pictures_of,
    unpack,
)

FIRST_ELEMENT = 829_836_802_793_406_551
"""More than a double holds exactly."""

WORDS = {"strange": "warming_up", "shouting": "PROCESSING"}


@dataclass
class Task:
    id: str
    reference: str | None
    fate: str | None
    started: float
    lasts: float
    older: bool = False
    links: int = 0

    @property
    def ended(self) -> bool:
        return self.fate != "stick" and time.monotonic() - self.started >= self.lasts


@dataclass
class Element:
    id: int
    name: str
    description: str
    pictures: list[str]
    film: str | None
    task: Task
    deleted: bool = False
    asked: int = field(default=0)


class KlingEmulator(Emulator):
    faults: ClassVar[Mapping[str, frozenset[str]]] = {
        "create": frozenset({
            "refuse", "absent", "blocked", "moderated", "bad_key", "early_key", "arrears", "spent", "suspended", "no_right", "no_ip",
            "rate_limit", "parallel", "unavailable", "proxy", "error", "slow", "inside", "inside_error", "taken", "lose", "hang", "empty",
            "no_id",
        }),
        "job": frozenset({"stick", "strange", "shouting", "fail", "passing", "risk", "wordless", "no_url", "cash", "free"}),
        "poll": frozenset({"error", "rate_limit", "arrears", "garbage", "missing", "inside", "drop"}),
        "element": frozenset({"lose", "moderated", "parallel", "no_id", "error"}),
        "making": frozenset({"stick", "strange", "fail", "risk", "nameless", "gone"}),
        "content": frozenset({"expired", "error"}),
    }  # fmt: skip
    kept_headers = ("authorization", "content-type")

    def __init__(
        self, *, key: str = "kling-live", pair: str = "access-live:secret-live", lasts: float = 0.1, clip: bytes | None = None
    ) -> None:
        super().__init__(clip=clip)
        self.key, self.lasts = key, lasts
        self.access, _, self.secret = pair.partition(":")
        self.tasks: dict[str, Task] = {}
        self.elements: dict[int, Element] = {}

    def routes(self) -> Iterator[web.AbstractRouteDef]:
        yield web.post("/omni-video/{model}", self._create)
        yield web.get("/tasks", self._list)
        yield web.post("/v1/videos/omni-video", self._create_older)
        yield web.get("/v1/videos/omni-video/{id}", self._show_older)
        yield web.post("/v1/general/advanced-custom-elements", self._create_element)
        yield web.get("/v1/general/advanced-custom-elements/{id}", self._show_element)
        yield web.post("/v1/general/delete-advanced-elements", self._delete_element)
        yield web.get("/out/{id}/{link}.mp4", self._content)

    def shown(self, element: str) -> list[object]:
        """The pixels of each picture of an element."""
        return [unpack(url) for url in self.elements[int(element)].pictures]

    async def _create(self, request: web.Request) -> web.StreamResponse:
        document = await self._hear_create(request)
        if not self._knows(request, older=False):
            return self._refusal("bad_key")
        model = request.match_info["model"]
        words = complain_of_omni(model, document) or self._complain_of_elements(
            model, document, [item["element_id"] for item in document["contents"] if item["type"] == "element"]
        )
        reference = (document.get("options") or {}).get("external_task_id") if isinstance(document, dict) else None
        return await self._accept(request, words, reference, older=False)

    async def _create_older(self, request: web.Request) -> web.StreamResponse:
        document = await self._hear_create(request)
        if not self._knows(request, older=True):
            return self._refusal("bad_key")
        words = complain_of_older(document) or self._complain_of_elements(
            document["model_name"], document, [item["element_id"] for item in document.get("element_list", [])]
        )
        return await self._accept(request, words, (document or {}).get("external_task_id"), older=True)

    async def _hear_create(self, request: web.Request) -> object:
        self.counts["create"] += 1
        return await self.hear(request)

    async def _accept(self, request: web.Request, words: str | None, reference: str | None, *, older: bool) -> web.StreamResponse:
        if words:
            return refuse(400, 1201, words)
        fault = self.next_fault("create")
        if answer := self._refusal(fault):
            return answer
        if reference and any(task.reference == reference for task in self.tasks.values()):
            return refuse(400, 1201, f"external_task_id {reference} already exists")
        self.counts["accepted"] += 1
        task = self._begin(reference, self.next_fault("job"), older=older)
        return await trouble(request, fault) or succeed(self._document(task, fresh=True))

    def _begin(self, reference: str | None, fate: str | None, *, older: bool = False) -> Task:
        task = Task(f"8936059464028{len(self.tasks):05d}", reference, fate, time.monotonic(), self.lasts, older=older)
        self.tasks[task.id] = task
        return task

    def _complain_of_elements(self, model: str, document: Mapping[str, object], ids: list[object]) -> str | None:
        living = {each.id for each in self.elements.values() if not each.deleted}
        lost = [id for id in ids if int(str(id)) not in living]
        if lost:
            return f"element {lost[0]} is not found or has been deleted"
        filmed = sum(self.elements[int(str(id))].film is not None for id in ids)
        return complain_of_films(model, document, filmed=filmed, elements=len(ids))

    async def _list(self, request: web.Request) -> web.StreamResponse:
        if answer := await self._look(request, older=False):
            return answer
        ids, names = request.query.get("task_ids"), request.query.get("external_task_ids")
        wanted = (ids or names or "").split(",")
        if bool(ids) == bool(names) or len(wanted) > 20:
            return refuse(400, 1201, "ask for up to 20 of task_ids or external_task_ids")
        found = [task for task in self.tasks.values() if not task.older and (task.id if ids else task.reference) in wanted]
        return succeed([self._document(task) for task in found])

    async def _show_older(self, request: web.Request) -> web.StreamResponse:
        if answer := await self._look(request, older=True):
            return answer
        wanted = request.match_info["id"]
        found = next((task for task in self.tasks.values() if task.older and wanted in {task.id, task.reference}), None)
        return succeed(self._document(found)) if found else refuse(400, 1201, f"task {wanted} not found")

    async def _look(self, request: web.Request, *, older: bool) -> web.StreamResponse | None:
        self.counts["poll"] += 1
        await self.hear(request)
        fault = self.next_fault("poll")
        if fault in {"drop", "garbage"}:
            return await trouble(request, fault)
        if not self._knows(request, older=older):
            return self._refusal("bad_key")
        if fault == "missing":
            return succeed([]) if not older else refuse(400, 1201, "task not found")
        return self._refusal(fault)

    def _document(self, task: Task, *, fresh: bool = False) -> dict[str, object]:
        status = "submitted" if fresh else "processing" if not task.ended else "succeeded"
        message, outputs, billing = "", [], []
        failures = {"fail": "Something about the video did not work", "passing": "server internal error, try again later", "wordless": ""}
        failures |= {"risk": "Failure to pass the risk control system"}
        if status == "processing" and task.fate in WORDS:
            status = WORDS[task.fate]
        elif status == "succeeded" and task.fate in failures:
            status, message = "failed", failures[task.fate]
        elif status == "succeeded":
            task.links += 1
            url = "" if task.fate == "no_url" else f"{self.base_url}/out/{task.id}/{task.links}.mp4"
            outputs = [{"type": "video", "id": f"v{task.id}", "url": url, "watermark_url": "", "duration": "4.0"}]
            billing = self._bill(task)
        times = {"create_time": 1781080778802, "update_time": 1781080794151}
        newer = {"id": task.id, "status": status, **times, "external_id": task.reference or ""}
        newer |= {} if fresh else {"message": message, "outputs": outputs, "billing": billing}
        return rename(newer, task) if task.older else newer

    def _bill(self, task: Task) -> list[dict[str, str]]:
        if task.fate == "cash":
            return [{"charge_type": "cash", "cash_type": "balance", "amount": "0.336", "currency": "USD", "list_price": "0.336"}]
        return [] if task.fate == "free" else [{"charge_type": "unit", "amount": "2.4", "package_type": "video"}]

    async def _content(self, request: web.Request) -> web.StreamResponse:
        self.counts["content"] += 1
        task = self.tasks[request.match_info["id"]]
        if "authorization" in request.headers:
            return refuse(400, 1201, "a public link was asked for with a key")
        fault = self.next_fault("content")
        if fault == "error":
            return web.Response(status=500)
        if fault or request.match_info["link"] != str(task.links):
            return web.Response(status=403, text="<Error><Code>AccessDenied</Code></Error>", content_type="application/xml")
        return await self.pour(request)

    async def _create_element(self, request: web.Request) -> web.StreamResponse:
        self.counts["element"] += 1
        document = await self.hear(request)
        if not self._knows(request, older=True):
            return self._refusal("bad_key")
        words = complain_of_element(document)
        if words:
            return refuse(400, 1201, words)
        fault = self.next_fault("element")
        if answer := self._refusal(fault):
            return answer
        number = FIRST_ELEMENT + len(self.elements)
        task = self._begin(document.get("external_task_id"), self.next_fault("making"), older=True)
        self.elements[number] = Element(
            number, document["element_name"], document["element_description"], pictures_of(document), film_of(document), task
        )
        made = {"task_id": task.id, "task_info": {"external_task_id": task.reference or ""}, "task_status": "submitted", **TIMES}
        return await trouble(request, fault) or succeed(made)

    async def _show_element(self, request: web.Request) -> web.StreamResponse:
        self.counts["element_poll"] += 1
        await self.hear(request)
        wanted = request.match_info["id"]
        found = next((each for each in self.elements.values() if each.task.id == wanted), None)
        if not self._knows(request, older=True):
            return self._refusal("bad_key")
        if found is None or found.task.fate == "gone":
            return refuse(404, 1203, "the requested resource does not exist")
        return succeed(self._element_document(found))

    def _element_document(self, element: Element) -> dict[str, object]:
        task = element.task
        status = "succeed" if task.ended else WORDS.get(task.fate or "", "processing")
        failures = {"fail": "The pictures are not clear enough", "risk": "Failure to pass the risk control system"}
        shown = {
            "element_id": element.id, "element_name": element.name, "element_description": element.description,
            "reference_type": "video_refer" if element.film else "image_refer",
            "element_image_list": {}, "element_video_list": {}, "element_voice_info": {}, "tag_list": [], "owned_by": "12345",
            "status": "deleted" if element.deleted else "succeed",
        }  # fmt: skip
        listed = [] if not task.ended or task.fate == "nameless" else [shown]
        if status == "succeed" and task.fate in failures:
            status, listed = "failed", []
        document = {"task_id": task.id, "task_status": status, "task_status_msg": failures.get(task.fate or "", "")}
        document |= {"task_info": {"external_task_id": task.reference or ""}, "task_result": {"elements": listed}}
        return document | {"final_unit_deduction": "0", "final_balance_deduction": {"quota": "", "list_price": ""}, **TIMES}

    async def _delete_element(self, request: web.Request) -> web.StreamResponse:
        self.counts["unbind"] += 1
        document = await self.hear(request)
        if not self._knows(request, older=True):
            return self._refusal("bad_key")
        if not (isinstance(document, dict) and set(document) == {"element_id"} and isinstance(document["element_id"], str)):
            return refuse(400, 1201, "element_id is needed, as a string")
        found = self.elements.get(int(document["element_id"]))
        if found is None or found.deleted:
            return refuse(400, 1201, "the element may already be deleted")
        found.deleted = True
        return succeed({"task_id": found.task.id, "task_status": "succeed"})

    def _knows(self, request: web.Request, *, older: bool) -> bool:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return token == self.key or (older and self._is_signed(token))

    def _is_signed(self, token: str) -> bool:
        signed, _, signature = token.rpartition(".")
        expected = hmac.new(self.secret.encode(), signed.encode(), hashlib.sha256).digest()
        if signed.count(".") != 1 or base64.urlsafe_b64encode(expected).rstrip(b"=").decode() != signature:
            return False
        head, claims = (json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in signed.split("."))
        now = time.time()
        alive = claims["nbf"] <= now < claims["exp"] <= now + 1801
        return head == {"alg": "HS256", "typ": "JWT"} and claims["iss"] == self.access and alive

    def _refusal(self, fault: str | None) -> web.Response | None:
        words = {
            "refuse": (400, 1201, "settings.duration is not supported"),
            "absent": (404, 1203, "the model does not exist"),
            "blocked": (400, 1300, "Request blocked by platform policy"),
            "moderated": (400, 1301, "Trigger the platform's content security policy"),
            "bad_key": (401, 1002, f"Authorization {self.key} is invalid"),
            "early_key": (401, 1003, "Authorization is not yet valid"),
            "suspended": (429, 1100, "Abnormal account status"),
            "arrears": (429, 1101, "Account in arrears (postpaid scenario)"),
            "spent": (429, 1102, "Account balance not enough"),
            "no_right": (403, 1103, "Unauthorized access to requested resource, such as API/model"),
            "no_ip": (429, 1304, "Trigger the platform's IP whitelist policy"),
            "rate_limit": (429, 1302, "Too many requests; rate limit exceeded"),
            "parallel": (429, 1303, "parallel task over resource pack limit"),
            "unavailable": (503, 5001, "Server temporarily unavailable"),
            "error": (500, 5000, "Server internal error"),
            "slow": (504, 5002, "Server internal timeout"),
            "inside": (200, 1301, "Trigger the platform's content security policy"),
            "inside_error": (200, 5000, "Server internal error"),
            "taken": (400, 1201, "external_task_id already exists"),
        }
        return refusal(fault, words, refuse)


TIMES = {"created_at": 1722769557708, "updated_at": 1722769557708}


def rename(newer: dict[str, object], task: Task) -> dict[str, object]:
    """A task as the older API shows it."""
    status = {"succeeded": "succeed"}.get(str(newer["status"]), newer["status"])
    document = {"task_id": task.id, "task_status": status, "task_info": {"external_task_id": task.reference or ""}, **TIMES}
    if "outputs" not in newer:
        return document
    videos = [{key: video[key] for key in ("id", "url", "duration")} for video in newer["outputs"]]
    units = next((bill["amount"] for bill in newer["billing"] if bill["charge_type"] == "unit"), "")
    return document | {"task_status_msg": newer["message"], "task_result": {"videos": videos}, "final_unit_deduction": units}


def succeed(data: object) -> web.Response:
    return web.json_response({"code": 0, "message": "SUCCEED", "request_id": "9984d27b-a408-4073-ae28-17ca6a13622d", "data": data})


def refuse(status: int, code: int, message: str) -> web.Response:
    return web.json_response({"code": code, "message": message, "request_id": "9984d27b-a408-4073-ae28-17ca6a13622d"}, status=status)


@contextmanager
def serve_kling(**options: object) -> Iterator[KlingEmulator]:
    with serve(KlingEmulator(**options)) as emulator:
        yield emulator
