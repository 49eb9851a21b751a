"""Runway's API, one key for the models of several makers: text, image and video to video, uploads, tasks."""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import ClassVar, Final
from urllib.parse import quote

from castlist.catalogue import refine
from castlist.errors import LostJob, ProviderError, Refused, Retry
from castlist.model.capabilities import Capabilities
from castlist.model.characters import Fidelity
from castlist.model.jobs import Cost, Failure
from castlist.model.providing import (
    Cancelled,
    Media,
    Order,
    Part,
    Phase,
    Prepared,
    Progress,
    Reply,
    SettingNames,
    Stopped,
    Stream,
    Ticket,
)
from castlist.providers.links import open_link
from castlist.providers.polling import ask_each, read_phase
from castlist.providers.replies import explain, judge, judge_free, read_bill, read_id, read_object, read_percent
from castlist.providers.runwayml_forms import HELD_CLIPS, clips_of, lower, media_of
from castlist.providers.runwayml_models import MODELS, Model
from castlist.providers.uploads import STILLS, KeepsUploads, Upload, check_cast, check_held, check_place, give, upload_failed

HOME: Final = "https://api.dev.runwayml.com"
VERSION: Final = "2024-11-06"
MICROS_PER_CREDIT: Final = 10_000
_PHASES: Final = {
    "PENDING": Phase.QUEUED,
    "THROTTLED": Phase.QUEUED,
    "RUNNING": Phase.RUNNING,
    "SUCCEEDED": Phase.DONE,
    "FAILED": Phase.FAILED,
    "CANCELLED": Phase.CANCELLED,
}
_ENDED: Final = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
_POLL_SECONDS: Final = 5.0
_THROTTLED_SECONDS: Final = 15.0
_UPLOAD_SECONDS: Final = 120.0
_NO_FILE: Final = re.compile(
    r"no such (file|asset|upload)|\b(files?|assets?|uploads?|uris?)\b.{0,300}\b(not found|expired|gone)\b", re.IGNORECASE | re.DOTALL
)
"""Not verified: the words in which a runway:// address is refused whose 24 hours are over."""

_ON_OFF: Final = ("on", "off")


class RunwayML(KeepsUploads):
    """One account at Runway. Characters travel as `references` and, where a model learns from videos, `referenceVideos`, named in the
    prompt by their order. Not verified: what a refusal for want of credits says, whether an extension comes back as the whole video or
    as the added part, whether `seedance2_5` would take images beside an opening frame (it is not asked to)."""

    name: ClassVar[str] = "runwayml"
    settings: ClassVar[SettingNames | None] = {}
    files_live: ClassVar[timedelta] = timedelta(hours=22)
    clips: ClassVar[Sequence[str]] = HELD_CLIPS

    def capabilities(self, model: str) -> Capabilities:
        """What `runwayml_models` and the catalogue say; a model it does not know implements nothing."""
        found = MODELS.get(model)
        if found is None:
            return Capabilities(model=f"{self.name}/{model}", implements=frozenset())
        wire = Capabilities(
            model=f"{self.name}/{model}",
            implements=_implements(found),
            sizes=found.sizes,
            cast_sizes=found.cast_sizes,
            wants=(*STILLS, *clips_of(found)[:1]) if found.stills or found.edit_stills else (),
            fidelity=Fidelity.REFERENCE if found.stills else Fidelity.DESCRIBED,
            reference=found.frame is not None,
            reference_with_characters=found.frame_with_cast,
            uploaded_source=True,
            seed=found.seed,
            cancel=True,
            options=_options(found),
            audio=_audio(found),
            binds=bool(found.stills or found.edit_stills),
            casts=frozenset({"create"} | ({"edit", "extend", "remix"} if found.edit_stills else set())),
        )
        return refine(wire, provider=self.name, model=model)

    async def prepare(self, order: Order) -> Prepared:
        """Upload what the order carries and no handle stands for, and lower it to a route and a body.

        Raises Refused for too long a prompt, for a character without media and for a model that is not known.
        """
        model = MODELS.get(order.provider_model)
        if model is None:
            raise Refused(f"runwayml knows no model {order.provider_model!r}", code="unsupported_operation", retry=Retry.ELSEWHERE)
        wanted = media_of(order, model)
        check_cast(order, wanted)
        files = await self.place(order, wanted.assets)
        route, body, notes = lower(order, wanted.at(files), model=model)
        prompt = str(body["promptText"])
        _check_length(prompt, order, most=model.most_words)
        return Prepared(order, {"route": route, "body": body}, notes, prompt=prompt)

    async def submit(self, prepared: Prepared) -> Ticket:
        """POST the route of the operation. Raises as `judge` does, and Refused for want of credits."""
        body = json.dumps(prepared.body["body"]).encode()
        url = f"{self._base}/v1/{prepared.body['route']}"
        reply = await self.http.send("POST", url, headers=self._headers(sends=True), body=body, timeout=prepared.order.timeout)
        _judge_credits(reply)
        check_held(reply, prepared.order.cast, words=_NO_FILE)
        judge(reply)
        return Ticket({"id": read_id(reply)})

    async def poll(self, tickets: Sequence[Ticket]) -> Sequence[Progress]:
        return [read_progress(reply) for reply in await ask_each(self._look, tickets)]

    def download(self, ticket: Ticket, *, offset: int = 0) -> AbstractAsyncContextManager[Stream]:
        """The video, by a link that lives 24 to 48 hours and is signed anew whenever the task is asked for."""
        return open_link(lambda: self._link(ticket), http=self.http, offset=offset)

    async def cancel(self, ticket: Ticket) -> Cancelled:
        """DELETE stops a task that runs and removes one that has ended, so that is looked at first."""
        try:
            status = read_object(await self._look(ticket)).get("status")
        except LostJob:
            return Cancelled(Stopped.TOO_LATE, may_cost=True)
        if status in _ENDED:
            return Cancelled(Stopped.STOPPED if status == "CANCELLED" else Stopped.TOO_LATE, may_cost=True)
        reply = await self.http.ask("DELETE", self._url(ticket), headers=self._headers())
        if reply.status in {404, 409, 410}:
            return Cancelled(Stopped.TOO_LATE, may_cost=True)
        judge_free(reply)
        return Cancelled(Stopped.STOPPED, may_cost=True)

    async def discard(self, ticket: Ticket) -> None:
        reply = await self.http.ask("DELETE", self._url(ticket), headers=self._headers())
        if reply.status not in {404, 410}:
            judge_free(reply)

    async def check(self) -> Reply:
        """GET /v1/organization, as the vendor's SDK asks what an account may use."""
        reply = await self.http.ask("GET", f"{self._base}/v1/organization", headers=self._headers())
        judge_free(reply)
        return reply

    async def _look(self, ticket: Ticket) -> Reply:
        reply = await self.http.ask("GET", self._url(ticket), headers=self._headers())
        judge_free(reply)
        return reply

    async def _link(self, ticket: Ticket) -> str:
        return read_output(await self._look(ticket))

    async def open_uploads(self) -> Upload:
        return self._upload

    async def _upload(self, media: Media) -> str:
        """The `runway://` address of a stored file, valid for 24 hours. Raises Refused or ProviderError; nothing was paid for."""
        filename = f"{media.asset.rpartition('.')[0] or media.asset}.{media.media_type.rpartition('/')[2]}"
        body = json.dumps({"filename": filename, "type": "ephemeral"}).encode()
        found = read_object(await give(self.http.send("POST", f"{self._base}/v1/uploads", headers=self._headers(sends=True), body=body)))
        url, uri, fields = found.get("uploadUrl"), found.get("runwayUri"), found.get("fields")
        if not (isinstance(url, str) and isinstance(uri, str) and isinstance(fields, dict)):
            raise upload_failed("the upstream answered an upload with something else than a place for it")
        check_place(url, home=self._base)
        parts = [Part(str(name), str(value)) for name, value in fields.items()]
        parts.append(Part("file", await self.http.assets.read(media.asset), filename, media.media_type))
        await give(self.http.send("POST", url, headers={}, body=parts, timeout=_UPLOAD_SECONDS, named=True), judged=_judge_place)
        return uri

    @property
    def _base(self) -> str:
        return (self.account.api_base or HOME).rstrip("/").removesuffix("/v1")

    def _url(self, ticket: Ticket) -> str:
        return f"{self._base}/v1/tasks/{quote(str(ticket.data['id']), safe='')}"

    def _headers(self, *, sends: bool = False) -> Mapping[str, str]:
        key = self.account.api_key
        return (
            {"Accept": "application/json", "X-Runway-Version": VERSION}
            | ({"Content-Type": "application/json"} if sends else {})
            | ({"Authorization": f"Bearer {key}"} if key else {})
        )


def read_progress(reply: Reply) -> Progress:
    """What a task says. A status word that is not known is work that goes on. Raises ProviderError for what is not a task."""
    task = read_object(reply)
    status = task.get("status")
    if not isinstance(status, str):
        raise ProviderError("the upstream answered a poll with something that is not a task", retry=Retry.SAME)
    phase, strange = read_phase(status, _PHASES)
    if phase is Phase.FAILED:
        return _read_failure(task)
    if phase is Phase.DONE and not _outputs(task):
        failure = Failure("provider_failed", "Runway reported success and gave no video.")
        return Progress(Phase.FAILED, failure=failure, retryable=True, cost=_cost(task))
    again = _THROTTLED_SECONDS if status == "THROTTLED" else _POLL_SECONDS
    return Progress(phase, percent=read_percent(task.get("progress"), of=1.0), again=again, cost=_cost(task), strange=strange)


def read_output(reply: Reply) -> str:
    """The link to the finished video. Raises ProviderError when there is none yet, or none any more."""
    outputs = _outputs(read_object(reply))
    if not outputs:
        raise ProviderError("the upstream has no video for this task", code="provider_no_output", retry=Retry.SAME)
    return outputs[0]


def _read_failure(task: Mapping[str, object]) -> Progress:
    code, text = task.get("failureCode"), task.get("failure")
    code = code if isinstance(code, str) else ""
    moderated = code.startswith("SAFETY.")
    said = text if isinstance(text, str) and text else "Runway failed without saying why."
    failure = Failure("moderation_blocked" if moderated else "provider_failed", f"{said} ({code})" if code else said)
    # Their advice: quality and system failures may be tried again, content never; ASSET.INVALID and the like would fail again.
    again, gone = code.startswith("INTERNAL"), code.startswith("ASSET")
    return Progress(Phase.FAILED, failure=failure, retryable=again, moderated=moderated, cost=_cost(task), gone=gone)


def _outputs(task: Mapping[str, object]) -> list[str]:
    found = task.get("output")
    return [each for each in found if isinstance(each, str) and each] if isinstance(found, list) else []


def _cost(task: Mapping[str, object]) -> Cost | None:
    found = task.get("cost")
    credits_ = found.get("credits") if isinstance(found, dict) else None
    return read_bill(credits_, micros=MICROS_PER_CREDIT)


def _check_length(prompt: str, order: Order, *, most: int | None) -> None:
    length = len(prompt.encode("utf-16-le")) // 2
    if most is not None and length > most:
        text = f"{order.provider_model} takes prompts of up to {most} characters, and this one has {length}"
        raise Refused(text, code="unsupported_value", retry=Retry.ELSEWHERE)


def _judge_place(reply: Reply) -> None:
    if not 200 <= reply.status < 300:
        raise upload_failed(f"the place for uploads answered {reply.status}")


def _judge_credits(reply: Reply) -> None:
    _, message = explain(reply)
    if reply.status in {400, 402} and message and "credit" in message.lower():
        text = f"the account at Runway has not enough credits ({reply.status})"
        raise Refused(text, code="provider_quota_exceeded", retry=Retry.ELSEWHERE)


def _implements(model: Model) -> frozenset[str]:
    follow_ups = ({"edit", "remix"} if model.source else set()) | ({"extend"} if model.mode else set())
    return frozenset(({"create"} if model.creates else set()) | follow_ups)


def _audio(model: Model) -> Mapping[str, tuple[str, ...]]:
    """Which operations follow a wish for sound."""
    kinds = [kind for kind in sorted(_implements(model)) if kind == "create" or model.edit_audio]
    return dict.fromkeys(kinds, _ON_OFF if model.audio else ())


def _options(model: Model) -> Mapping[str, tuple[str, ...]]:
    audio = {"audio": _ON_OFF} if model.audio else {}
    return audio | ({"public_figure_threshold": ("auto", "low")} if model.threshold else {})
