"""The OpenAI Videos API and the servers that speak it: characters, follow-ups, poll and download."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import ClassVar, Final
from urllib.parse import quote, urlsplit

from castlist.catalogue import refine
from castlist.errors import HandleGone, ProviderError, Refused, Retry
from castlist.model.capabilities import Capabilities
from castlist.model.characters import Character, Fidelity
from castlist.model.jobs import Failure, Sent
from castlist.model.operations import MAX_CAST, CreateVideo, EditVideo, ExtendVideo, RemixVideo
from castlist.model.providing import (
    Absent,
    Account,
    Cancelled,
    CannotTell,
    Handle,
    Order,
    Part,
    Phase,
    Prepared,
    Progress,
    Provider,
    References,
    Reply,
    SettingNames,
    Stopped,
    Stream,
    Ticket,
    Transport,
)
from castlist.providers.openai_alike import read_alike, read_settled
from castlist.providers.openai_forms import create_form, file_part, follow_form
from castlist.providers.openai_profiles import AZURE, HOME, OPENAI, SGLANG, VLLM, Characters, Profile, choose
from castlist.providers.polling import ask_each, read_phase
from castlist.providers.replies import MODERATION_CODES, judge, judge_free, read_id, read_object, read_percent

BASE: Final = "https://api.openai.com/v1"
KEY: Final = "Idempotency-Key"
_PHASES: Final = {
    "queued": Phase.QUEUED,
    "in_progress": Phase.RUNNING,
    "completed": Phase.DONE,
    "failed": Phase.FAILED,
    "cancelled": Phase.CANCELLED,
}
_OUR_TROUBLE: Final = ("invalid", "unsupported", "undecodable", "character_")
"""How the codes begin of failures that the request brought about, so that nobody else could do better."""

_FINAL: Final = frozenset({"provider_unknown", "provider_lost_job", "cancelled"})
"""What another Castlist says of a video that its own provider may have made and charged, or that its owner stopped."""

_POLL_SECONDS: Final = 2.0
_LISTED: Final = 100
_BIND_SECONDS: Final = 120.0
_NO_SUCH_ROUTE: Final = frozenset({404, 405, 501})


class OpenAI(Provider):
    """An upstream with OpenAI's shapes at `api_base`, OpenAI's own by default. Its limits are known for OpenAI's host only; another
    server's are whatever it says. `characters: native | references | none` in a deployment's settings overrides the profile; without it
    a server that turns out to keep no characters is shown pictures, in the field that vLLM-Omni has for them (not verified elsewhere)."""

    name: ClassVar[str] = "openai"
    settings: ClassVar[SettingNames | None] = {"characters": tuple(Characters)}
    profile: ClassVar[Profile] = OPENAI

    def __init__(self, account: Account, http: Transport) -> None:
        super().__init__(account, http)
        self._base = (account.api_base or BASE).rstrip("/")
        at_home = self.profile is OPENAI and urlsplit(self._base).hostname == urlsplit(BASE).hostname
        self.chosen = choose(HOME if at_home else self.profile, account.settings.get("characters"))
        self._headers = _headers_of(account, self.chosen.key_header)

    def capabilities(self, model: str) -> Capabilities:
        profile = self.chosen
        places = 0 if profile.characters is Characters.NONE else 1 if profile.clip_field else MAX_CAST
        found = Capabilities(
            model=f"{self.name}/{model}",
            implements=frozenset({"create"}) | profile.follow_ups,
            max_seconds=120,
            characters=places,
            fidelity=Fidelity.NATIVE if profile.characters is Characters.NATIVE else Fidelity.REFERENCE,
            reference=profile.frame_field is not None,
            reference_with_characters=profile.both,
            uploaded_source=profile.uploads,
            cancel=True,
            binds=profile.characters is Characters.NATIVE,
            casts=frozenset({"create"}),
            reference_too=profile.characters is Characters.NATIVE,
            tries_native=profile.characters is Characters.NATIVE and self.account.settings.get("characters") is None,
        )
        return refine(found, provider=self.name, model=model) if profile.listed else found

    async def prepare(self, order: Order) -> Prepared:
        """Compiles the form as the official SDK sends it: multipart, also without a file; a remix is JSON, and of a video that this
        account did not make it is an edit of our copy.

        Raises Refused for an opening frame beside characters by reference, where a server takes only one of the two.
        """
        path, body = await self._compile(order)
        return Prepared(order, {"path": path, "form" if isinstance(body, list) else "json": body})

    async def submit(self, prepared: Prepared) -> Ticket:
        """POST what `prepare` compiled, under our own name for it, which another Castlist takes once. Raises what the answer means."""
        order, form, document = prepared.order, prepared.body.get("form"), prepared.body.get("json")
        typed = {KEY: order.reference, **({"Content-Type": "application/json"} if document else {})}
        body = [part for part in form if isinstance(part, Part)] if isinstance(form, list) else json.dumps(document).encode()
        url = f"{self._url()}{prepared.body['path']}"
        reply = await self.http.send("POST", url, headers={**self._headers, **typed}, body=body, timeout=order.timeout)
        _judge_with(reply, order)
        return Ticket({"id": read_id(reply)})

    async def _compile(self, order: Order) -> tuple[str, list[Part] | Mapping[str, object]]:
        assets = self.http.assets
        match order.operation:
            case CreateVideo() as operation:
                profile = choose(self.chosen, Characters.REFERENCES) if _goes_by_reference(order, self.chosen) else self.chosen
                return "", await create_form(order, operation, profile=profile, assets=assets)
            case RemixVideo() if order.source_ticket:
                return f"/{quote(str(order.source_ticket['id']), safe='')}/remix", {"prompt": order.prompt}
            case ExtendVideo() as operation:
                return "/extensions", await follow_form(order, operation, assets=assets)
            case EditVideo() | RemixVideo() as operation:
                return "/edits", await follow_form(order, operation, assets=assets)

    async def bind(self, character: Character, media: References) -> Handle | Ticket:
        """Upload the clip once; the upstream's id for it goes with every video.

        Raises Refused, `characters_not_native`, from a server that has no characters.
        """
        clip = await file_part("video", media.media["video"].asset, assets=self.http.assets, name=character.id)
        body = [Part("name", character.name), clip]
        reply = await self.http.send("POST", f"{self._url()}/characters", headers=self._headers, body=body, timeout=_BIND_SECONDS)
        if reply.status in _NO_SUCH_ROUTE:
            text = (
                f"the server of this deployment keeps no characters ({reply.status}); "
                "set characters: references or characters: none in its settings"
            )
            raise Refused(text, code="characters_not_native", retry=Retry.ELSEWHERE)
        judge(reply)
        found = read_object(reply).get("id")
        if not isinstance(found, str) or not found:
            raise ProviderError("the upstream took the character and gave no id for it", retry=Retry.SAME)
        return Handle(found)

    async def unbind(self, handle: Handle) -> None:
        """DELETE, which Castlist knows; a server without it keeps what it has."""
        reply = await self.http.ask("DELETE", f"{self._url()}/characters/{quote(handle.value, safe='')}", headers=self._headers)
        if reply.status not in {410, *_NO_SUCH_ROUTE}:
            judge_free(reply)

    async def find(self, reference: str) -> Ticket | Absent | CannotTell:
        """What another Castlist made of the request that carried `reference` as its Idempotency-Key; where that one has not come yet, it is
        not taken any more. A server that is none answers otherwise, and cannot be asked."""
        headers = {**self._headers, KEY: reference}
        reply = await self.http.ask("POST", f"{self._base}/requests/settle", headers=headers)
        return read_settled(read_object(reply), reference) if reply.status == 200 else CannotTell()

    async def find_alike(self, sent: Sent, *, since: datetime) -> Sequence[Ticket]:
        """GET /videos, the newest first: OpenAI's list shows all that is to be compared, and time in whole seconds."""
        reply = await self.http.ask("GET", f"{self._url()}?limit={_LISTED}&order=desc", headers=self._headers)
        judge_free(reply)
        return read_alike(read_object(reply), sent, since=int(since.timestamp()) - 1)

    async def poll(self, tickets: Sequence[Ticket]) -> Sequence[Progress]:
        return await ask_each(self._look, tickets)

    def download(self, ticket: Ticket, *, offset: int = 0) -> AbstractAsyncContextManager[Stream]:
        headers = {**self._headers, "Accept": "application/binary"}
        content = self.http.stream(f"{self._url(ticket)}/content", headers=headers, offset=offset)
        return self._or_elsewhere(content, ticket, offset=offset) if self.chosen.links else content

    @asynccontextmanager
    async def _or_elsewhere(self, content: AbstractAsyncContextManager[Stream], ticket: Ticket, *, offset: int) -> AsyncIterator[Stream]:
        """The content or, where the server has it no more, the file at the `url` of its video, to which no key is sent."""
        async with AsyncExitStack() as stack:
            try:
                stream = await stack.enter_async_context(content)
            except ProviderError:
                url = read_object(await self.http.ask("GET", self._url(ticket), headers=self._headers)).get("url")
                if not isinstance(url, str) or not url:
                    raise
                stream = await stack.enter_async_context(self.http.stream(url, headers={}, offset=offset))
            yield stream

    async def cancel(self, ticket: Ticket) -> Cancelled:
        """DELETE: servers that can abort do so, and none says whether what was done so far is charged."""
        reply = await self.http.ask("DELETE", self._url(ticket), headers=self._headers)
        if reply.status in {405, 501}:
            return Cancelled(Stopped.UNSUPPORTED, may_cost=True)
        if reply.status in {400, 404, 409, 410}:
            return Cancelled(Stopped.TOO_LATE, may_cost=True)
        judge_free(reply)
        return Cancelled(Stopped.STOPPED, may_cost=True)

    async def discard(self, ticket: Ticket) -> None:
        reply = await self.http.ask("DELETE", self._url(ticket), headers=self._headers)
        if reply.status not in {404, 405, 410, 501}:
            judge_free(reply)

    async def check(self) -> Reply:
        """GET /models. A server without that list answers all the same, of which nothing follows for the key."""
        reply = await self.http.ask("GET", f"{self._base}/models", headers=self._headers)
        if reply.status not in _NO_SUCH_ROUTE:
            judge_free(reply)
        return reply

    async def _look(self, ticket: Ticket) -> Progress:
        reply = await self.http.ask("GET", self._url(ticket), headers=self._headers)
        if not _tells_of_failure(reply, ticket):
            judge_free(reply)
        return read_progress(reply)

    def _url(self, ticket: Ticket | None = None) -> str:
        return f"{self._base}/videos/{quote(str(ticket.data['id']), safe='')}" if ticket else f"{self._base}/videos"


class Azure(OpenAI):
    """The same paths at an Azure resource (`https://NAME.openai.azure.com/openai/v1`), with the key in a header of its own."""

    name: ClassVar[str] = "azure"
    profile: ClassVar[Profile] = AZURE


class HostedVllm(OpenAI):
    """vLLM-Omni at `api_base`: characters go as pictures."""

    name: ClassVar[str] = "hosted_vllm"
    profile: ClassVar[Profile] = VLLM


class SGLang(OpenAI):
    """SGLang at `api_base`: a character goes as its clip."""

    name: ClassVar[str] = "sglang"
    profile: ClassVar[Profile] = SGLANG


def _headers_of(account: Account, key_header: str) -> Mapping[str, str]:
    key = account.api_key
    return {"Accept": "application/json"} | ({key_header: f"Bearer {key}" if key_header == "Authorization" else key} if key else {})


def _goes_by_reference(order: Order, profile: Profile) -> bool:
    """Whether the order shows characters to a server that was thought to keep its own."""
    if profile.characters is not Characters.NATIVE or all(member.fidelity is not Fidelity.REFERENCE for member in order.cast):
        return False
    framed = isinstance(order.operation, CreateVideo) and order.operation.reference
    if framed and not choose(profile, Characters.REFERENCES).both:
        text = f"{order.provider_model} keeps no characters here, and does not combine input_reference with pictures of them"
        raise Refused(text, code="reference_conflict", retry=Retry.ELSEWHERE)
    return True


def _judge_with(reply: Reply, order: Order) -> None:
    """`judge`, but a refusal that names a character's id is HandleGone: servers have no common code for an id they do not know."""
    try:
        judge(reply)
    except Refused as refusal:
        gone = [member.handle for member in order.cast if member.handle and member.handle.encode() in reply.body]
        if gone:
            raise HandleGone(refusal.message, handles=gone) from refusal
        raise


def _tells_of_failure(reply: Reply, ticket: Ticket) -> bool:
    """Whether this is the failed video itself, whatever its HTTP status: vLLM-Omni gives a failed one the status of what went wrong."""
    video = read_object(reply)
    return (video.get("object"), video.get("status"), video.get("id")) == ("video", "failed", ticket.data["id"])


def read_progress(reply: Reply) -> Progress:
    """What a video object says. A status word that is not known is work that goes on. Raises ProviderError for what is not one."""
    video = read_object(reply)
    status = video.get("status")
    if not isinstance(status, str):
        raise ProviderError("the upstream answered a poll with something that is not a video", retry=Retry.SAME)
    phase, strange = read_phase(status, _PHASES)
    if phase is Phase.FAILED:
        return _read_failure(video.get("error"))
    return Progress(phase, percent=read_percent(video.get("progress")), again=_again(reply), strange=strange)


def _read_failure(error: object) -> Progress:
    found = error if isinstance(error, dict) else {}
    code, message = found.get("code"), found.get("message")
    failure = Failure(
        code if isinstance(code, str) and code else "provider_failed",
        message if isinstance(message, str) and message else "The upstream failed without saying why.",
    )
    moderated = failure.code in MODERATION_CODES
    retryable = not moderated and failure.code not in _FINAL and not failure.code.startswith(_OUR_TROUBLE)
    return Progress(Phase.FAILED, failure=failure, retryable=retryable, moderated=moderated)


def _again(reply: Reply) -> float:
    text = reply.headers.get("openai-poll-after-ms", "")
    return min(60.0, max(0.1, int(text) / 1000)) if text.isascii() and text.isdigit() and len(text) < 12 else _POLL_SECONDS
