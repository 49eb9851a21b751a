"""fal's queue, one key for the endpoints of many makers, and its storage for what they read."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import ClassVar, Final
from urllib.parse import quote, urlsplit

from castlist.catalogue import refine
from castlist.errors import LostJob, Moderated, ProviderError, Refused, Retry
from castlist.model.capabilities import Capabilities
from castlist.model.characters import PADDED, Fidelity
from castlist.model.jobs import Failure
from castlist.model.providing import (
    Callback,
    Cancelled,
    Media,
    Order,
    Phase,
    Prepared,
    Progress,
    Reply,
    SettingNames,
    Stopped,
    Stream,
    Ticket,
)
from castlist.providers.callbacks import KeySet, check_fal
from castlist.providers.fal_ai_forms import HELD_CLIPS, clips_of, lower, media_of
from castlist.providers.fal_ai_models import Carry, Family, family_of
from castlist.providers.polling import ask_each, read_phase
from castlist.providers.replies import MODERATION_CODES, judge, judge_free, read_id, read_object
from castlist.providers.uploads import STILLS, KeepsUploads, Upload, check_cast, check_place, give, upload_failed

HOME: Final = "https://queue.fal.run"
STORAGE: Final = "https://rest.fal.ai"
_POLL_SECONDS: Final = 3.0
_UPLOAD_SECONDS: Final = 120.0
_FILES_LIVE: Final = timedelta(days=7)
_PHASES: Final = {"IN_QUEUE": Phase.QUEUED, "IN_PROGRESS": Phase.RUNNING, "COMPLETED": Phase.DONE}
_PASSING: Final = frozenset({408, 409, 429})


class Fal(KeepsUploads):
    """One account at fal; a model is a family of endpoints (`kling/v4`) or one of them. Never asked for a result twice: the queue is
    told not to repeat a request by itself. Not verified: the code of an exhausted balance, what a cancelled request's status says,
    and the fields that `fal_ai_models` marks."""

    name: ClassVar[str] = "fal_ai"
    settings: ClassVar[SettingNames | None] = {}
    files_live: ClassVar[timedelta] = _FILES_LIVE - timedelta(hours=2)
    clips: ClassVar[Sequence[str]] = HELD_CLIPS
    padded: ClassVar[Sequence[str]] = tuple(PADDED)
    _keys: KeySet | None = None

    def capabilities(self, model: str) -> Capabilities:
        """What `fal_ai_models` and the catalogue say; a family it does not know implements nothing."""
        found = family_of(model)
        if found is None:
            return Capabilities(model=f"{self.name}/{model}", implements=frozenset())
        prefix, family = found
        wire = Capabilities(
            model=f"{self.name}/{model}",
            implements=_implements(family),
            sizes=family.sizes,
            fidelity=Fidelity.REFERENCE,
            reference=family.frame is not None,
            reference_with_characters=family.frame_with_cast,
            uploaded_source=True,
            seed=family.seed,
            cancel=True,
            options={"audio": ("on", "off")} if family.audio else {},
            audio={"create": ("on", "off") if family.audio else ()},
            wants=_wants(family),
            binds=bool(_wants(family)),
            casts=frozenset({"create"} | ({"edit", "remix"} if family.carry is Carry.ELEMENTS else set())),
        )
        return refine(wire, provider=self.name, model=prefix)

    async def prepare(self, order: Order) -> Prepared:
        """Upload what the order carries and no handle stands for, and lower it to an endpoint and a body.

        Raises Refused for a character that has nothing this endpoint takes.
        """
        found = family_of(order.provider_model)
        if found is None:
            raise Refused(f"fal_ai knows no endpoints of {order.provider_model}", code="unsupported_operation", retry=Retry.ELSEWHERE)
        prefix, family = found
        wanted = media_of(order, family)
        check_cast(order, wanted)
        files = await self.place(order, wanted.assets)
        endpoint, body, notes = lower(order, wanted.at(files), prefix=prefix, family=family)
        return Prepared(order, {"endpoint": endpoint, "body": body}, notes, prompt=str(body["prompt"]))

    async def submit(self, prepared: Prepared) -> Ticket:
        """POST the endpoint to the queue. Raises as `judge` does, Moderated for fal's own words for it."""
        endpoint = str(prepared.body["endpoint"])
        reply = await self.http.send(
            "POST",
            f"{self._base}/{endpoint}{_told(prepared.order.callback)}",
            headers={**self._headers(), "Content-Type": "application/json", "x-fal-no-retry": "1"},
            body=json.dumps(prepared.body["body"]).encode(),
            timeout=prepared.order.timeout,
        )
        _judge_own(reply)
        judge(reply)
        found = read_id(reply, "request_id")
        return Ticket({"id": found, "root": self._root(read_object(reply).get("response_url"), endpoint, id=found)})

    async def poll(self, tickets: Sequence[Ticket]) -> Sequence[Progress]:
        """One request a ticket, two when it has ended."""
        return await ask_each(self._look, tickets)

    def download(self, ticket: Ticket, *, offset: int = 0) -> AbstractAsyncContextManager[Stream]:
        return self._download(ticket, offset=offset)

    async def cancel(self, ticket: Ticket) -> Cancelled:
        """PUT: a request that waits is taken out of the queue; one that runs is asked to stop, and may cost."""
        reply = await self.http.ask("PUT", f"{self._url(ticket)}/cancel", headers=self._headers())
        if reply.status in {400, 404, 409, 410}:
            return Cancelled(Stopped.TOO_LATE, may_cost=True)
        judge_free(reply)
        return Cancelled(Stopped.STOPPED, may_cost=True)

    async def recognise(self, callback: Callback) -> str:
        """The request's id, where one of fal's keys signed the message."""
        if self._keys is None:
            self._keys = KeySet(f"{self._storage}/.well-known/jwks.json", self.http)
        return await check_fal(callback, self._keys)

    async def check(self) -> Reply:
        """A token of the storage, as an upload begins: what else needs the key belongs to a request or costs."""
        reply = await self._open_storage()
        judge_free(reply)
        return reply

    async def _look(self, ticket: Ticket) -> Progress:
        reply = await self.http.ask("GET", f"{self._url(ticket)}/status", headers=self._headers())
        judge_free(reply)
        progress = read_status(reply)
        if progress.phase is not Phase.DONE:
            return progress
        return read_result(await self._result(ticket))

    async def _result(self, ticket: Ticket) -> Reply:
        return await self.http.ask("GET", self._url(ticket), headers=self._headers())

    @asynccontextmanager
    async def _download(self, ticket: Ticket, *, offset: int) -> AsyncIterator[Stream]:
        reply = await self._result(ticket)
        judge_free(reply)
        url = _video_url(read_object(reply))
        if url is None:
            raise ProviderError("the upstream has no video for this request", code="provider_no_output", retry=Retry.SAME)
        async with AsyncExitStack() as stack:
            try:
                stream = await stack.enter_async_context(self.http.stream(url, headers={}, offset=offset))
            except (LostJob, Refused) as error:
                # What the file's host says is about the file, never about the request or the account.
                raise ProviderError("the upstream's video is not there", code="provider_no_output", retry=Retry.SAME) from error
            yield stream

    async def open_uploads(self) -> Upload:
        """An upload to the storage, which one request opens for some minutes."""
        found = read_object(await give(self._open_storage()))
        token, kind, place = found.get("token"), found.get("token_type"), found.get("base_url")
        if not (isinstance(token, str) and isinstance(kind, str) and isinstance(place, str)):
            raise upload_failed("the upstream opened no storage")
        check_place(place, home=self._base)
        return partial(self._upload, place=place.rstrip("/"), opens=f"{kind} {token}")

    async def _open_storage(self) -> Reply:
        url = f"{self._storage}/storage/auth/token?storage_type=fal-cdn-v3"
        return await self.http.send("POST", url, headers={**self._headers(), "Content-Type": "application/json"}, body=b"{}")

    async def _upload(self, media: Media, *, place: str, opens: str) -> str:
        """The public address of a stored file, which ends by itself."""
        filename = f"{media.asset.rpartition('.')[0] or media.asset}.{media.media_type.rpartition('/')[2]}"
        headers = {"Authorization": opens, "Accept": "application/json", "Content-Type": media.media_type, "X-Fal-File-Name": filename}
        headers["X-Fal-Object-Lifecycle"] = json.dumps({"expiration_duration_seconds": int(_FILES_LIVE.total_seconds())})
        body = await self.http.assets.read(media.asset)
        reply = await give(self.http.send("POST", f"{place}/files/upload", headers=headers, body=body, timeout=_UPLOAD_SECONDS, named=True))
        url = read_object(reply).get("access_url")
        if not isinstance(url, str) or not url:
            raise upload_failed("the upstream gave no address for an upload")
        return url

    def _root(self, response_url: object, endpoint: str, *, id: str) -> str:  # noqa: A002
        # The address fal gives is followed, but the key goes to no other host than that of the queue.
        if isinstance(response_url, str) and _origin(response_url) == _origin(self._base):
            return urlsplit(response_url).path.rstrip("/")
        return f"/{'/'.join(endpoint.split('/')[:2])}/requests/{quote(id, safe='')}"

    @property
    def _base(self) -> str:
        return (self.account.api_base or HOME).rstrip("/")

    @property
    def _storage(self) -> str:
        return STORAGE if self.account.api_base is None else self._base

    def _url(self, ticket: Ticket) -> str:
        return f"{self._base}/{quote(str(ticket.data['root']).lstrip('/'))}"

    def _headers(self) -> Mapping[str, str]:
        key = self.account.api_key
        return {"Accept": "application/json"} | ({"Authorization": f"Key {key}"} if key else {})


def _told(callback: str | None) -> str:
    return f"?fal_webhook={quote(callback, safe='')}" if callback else ""


def read_status(reply: Reply) -> Progress:
    """What the queue says. A word that is not known is work that goes on. Raises ProviderError for what is not a status."""
    status = read_object(reply)
    word = status.get("status")
    if not isinstance(word, str):
        raise ProviderError("the upstream answered a poll with something that is not a status", retry=Retry.SAME)
    if word == "COMPLETED" and (status.get("error") or status.get("error_type")):
        return _failed(_text(status.get("error")), kind=_text(status.get("error_type")))
    if word == "COMPLETED":
        return Progress(Phase.DONE)
    phase, strange = read_phase(word, _PHASES)
    return Progress(phase, again=_POLL_SECONDS, strange=strange)


def read_result(reply: Reply) -> Progress:
    """What came of a completed request: a 4xx is how fal says that it failed. Raises ProviderError for an answer that may pass."""
    if reply.status in {401, 403, 404, 410} | _PASSING or reply.status >= 500:
        judge_free(reply)
    if reply.status >= 400:
        kind, text = _explain(reply)
        return _failed(text, kind=kind, retryable=reply.headers.get("x-fal-retryable") == "true")
    if _video_url(read_object(reply)) is None:
        return _failed("The endpoint reported success and gave no video.", kind="", retryable=True)
    return Progress(Phase.DONE)


def _failed(text: str, *, kind: str, retryable: bool = False) -> Progress:
    if "cancel" in kind:
        return Progress(Phase.CANCELLED)
    moderated = kind in MODERATION_CODES
    said = " ".join(text.split())[:300] or "The endpoint failed without saying why."
    failure = Failure("moderation_blocked" if moderated else "provider_failed", f"{said} ({kind})" if kind else said)
    again = retryable and not moderated
    return Progress(Phase.FAILED, failure=failure, retryable=again, moderated=moderated, gone=kind == "file_download_error")


def _explain(reply: Reply) -> tuple[str, str]:
    """The kind and the words of an error in fal's shapes: `detail` is a text, or a list of {loc, msg, type}."""
    detail = read_object(reply).get("detail")
    kind = reply.headers.get("x-fal-error-type", "")
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        return _text(detail[0].get("type")) or kind, _text(detail[0].get("msg"))
    return kind, _text(detail)


def _judge_own(reply: Reply) -> None:
    kind, text = _explain(reply)
    if reply.status == 422 and kind in MODERATION_CODES:
        raise Moderated(text or "the endpoint refused the content")
    if reply.status == 422 and text:
        raise Refused(f"the upstream refused (422): {' '.join(text.split())[:300]}", code="provider_refused", retry=Retry.ELSEWHERE)
    if reply.status in {402, 403} and "balance" in text.lower():
        text = f"the account at fal has no balance left ({reply.status})"
        raise Refused(text, code="provider_quota_exceeded", retry=Retry.ELSEWHERE)


def _implements(family: Family) -> frozenset[str]:
    edits = {"edit", "remix"} if family.edit else set()
    return frozenset({"create"} | edits | ({"extend"} if family.extend else set()))


def _wants(family: Family) -> tuple[str, ...]:
    return (*(STILLS if family.stills else ()), *(PADDED if family.padded else ()), *clips_of(family)[:1])


def _video_url(result: Mapping[str, object]) -> str | None:
    video = result.get("video")
    url = video.get("url") if isinstance(video, dict) else None
    return url if isinstance(url, str) and url else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
