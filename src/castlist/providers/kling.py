"""Kling's omni models: characters as elements of its library, named in the prompt by `@id`."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final
from urllib.parse import quote

from castlist.errors import Ambiguous, LostJob, ProviderError, Refused, Retry
from castlist.model.capabilities import Capabilities
from castlist.model.characters import Character
from castlist.model.jobs import Failure
from castlist.model.operations import CreateVideo, Source
from castlist.model.providing import (
    Absent,
    Account,
    Callback,
    CannotTell,
    Handle,
    Order,
    Phase,
    Prepared,
    Progress,
    Provider,
    References,
    Reply,
    SettingNames,
    Stream,
    Ticket,
    Transport,
    stand_in,
)
from castlist.providers.callbacks import check_standard
from castlist.providers.kling_cast import settle
from castlist.providers.kling_elements import Element, describe, is_filmed, read_handle
from castlist.providers.kling_keys import authorise, is_pair
from castlist.providers.kling_models import MODELS, limits
from castlist.providers.kling_orders import Showing, check, lower, lower_older, plan
from castlist.providers.kling_replies import (
    is_deleted,
    judge_known,
    judge_paid,
    read_element,
    read_element_progress,
    read_id,
    read_link,
    read_progress,
    read_tasks,
)
from castlist.providers.links import open_link
from castlist.providers.tags import read_at

HOME: Final = "https://api-singapore.klingai.com"
OLDER: Final = "/v1/videos/omni-video"
ELEMENTS: Final = "/v1/general/advanced-custom-elements"
AT_ONCE: Final = 20
"""Tasks that one look asks for: more are refused, as a third party found; the vendor's page names no limit."""

SETTLED: Final = timedelta(minutes=1)
"""How long a task must have been unknown upstream before it is said never to have arrived."""

_BIND_SECONDS: Final = 120.0


class Kling(Provider):
    """One account at Kling, by API key, or by `ACCESS:SECRET`, which is signed into a token and speaks the older API: the newer one is
    documented for API keys alone. Pictures travel inside the request; a video is read by the vendor from an address, which is the one it
    gave itself where this account made the video.

    There is no cancel. What is known of this API is its documentation of 2026-09-20 and no live call. Not verified: that the vendor
    reads a video from its own links, the words of refusals, how large a body may be.
    """

    name: ClassVar[str] = "kling"
    settings: ClassVar[SettingNames | None] = {"webhook_secret": ()}
    polls_at_once: ClassVar[int] = AT_ONCE

    def __init__(self, account: Account, http: Transport, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(account, http)
        self._clock = clock
        self._unknown_since: dict[str, datetime] = {}

    def capabilities(self, model: str) -> Capabilities:
        return limits(model)

    async def prepare(self, order: Order) -> Prepared:
        """Compiles path and body, with every picture inside it. Raises Refused for what the model cannot be shown."""
        model = MODELS.get(order.provider_model)
        if model is None:
            raise Refused(f"kling knows no model {order.provider_model!r}", code="unsupported_operation")
        order, settled = await settle(order, model=model, http=self.http)
        showing = plan(order)
        check(order, showing, model=model)
        addresses = await self._addresses(order, showing)
        older = is_pair(self.account.api_key)
        document, notes = (lower_older if older else lower)(order, showing, model=model, addresses=addresses)
        path = OLDER if older else f"/omni-video/{order.provider_model}"
        prompt = read_at(document, "prompt") if older else read_at(document, "contents", 0, "text")
        return Prepared(order, {"path": path, "document": document}, (*settled, *notes), prompt=prompt)

    async def submit(self, prepared: Prepared) -> Ticket:
        """POST to the path that `prepare` chose. Raises what the answer means."""
        body = json.dumps(prepared.body["document"]).encode()
        url = f"{self._base}{prepared.body['path']}"
        reply = await self.http.send("POST", url, headers=self._headers(sends=True), body=body, timeout=prepared.order.timeout)
        judge_paid(reply, handles=[member.handle for member in prepared.order.cast if member.handle])
        return self._ticket(reply)

    async def find(self, reference: str) -> Ticket | Absent | CannotTell:
        """The task under our own name, which an account has once. A task may show late, so that one which is not there is absent only
        when it was not there a minute ago either."""
        older = is_pair(self.account.api_key)
        path = f"{OLDER}/{quote(reference, safe='')}" if older else f"/tasks?external_task_ids={quote(reference, safe='')}"
        try:
            found = next(iter(await self._tasks(path)), None)
        except LostJob:
            found = None
        if found is not None:
            self._unknown_since.pop(reference, None)
            return Ticket(_data(found, older=older))
        if self._clock() - self._unknown_since.setdefault(reference, self._clock()) < SETTLED:
            return CannotTell()
        self._unknown_since.pop(reference)
        return Absent()

    async def poll(self, tickets: Sequence[Ticket]) -> Sequence[Progress]:
        """One request for up to 20 tickets (in the older API, for one). An error about one of several is raised for all; ask for that
        one alone to know which."""
        found: dict[str, Mapping[str, object]] = {}
        newer = [str(ticket.data["id"]) for ticket in tickets if not _is_older(ticket)]
        paths = [f"/tasks?task_ids={quote(','.join(newer[at : at + AT_ONCE]), safe=',')}" for at in range(0, len(newer), AT_ONCE)]
        paths += [self._path(ticket) for ticket in tickets if _is_older(ticket)]
        for answer in await asyncio.gather(*map(self._tasks, paths), return_exceptions=True):
            if isinstance(answer, BaseException):
                raise answer
            found |= answer
        return [read_progress(_pick(found, ticket)) for ticket in tickets]

    def download(self, ticket: Ticket, *, offset: int = 0) -> AbstractAsyncContextManager[Stream]:
        """The video, by the link that the task has now."""
        return open_link(lambda: self._link(ticket), http=self.http, offset=offset)

    async def bind(self, character: Character, media: References) -> Ticket:
        """Ask for an element, which is made in the background and costs nothing: of the character's stills, or of a person's clip.

        Raises Refused, `public_url_required`, for a clip that no address leads to.
        """
        document = await describe(character, media, http=self.http)
        body = json.dumps(document).encode()
        url = f"{self._base}{ELEMENTS}"
        reply = await self.http.send("POST", url, headers=self._headers(sends=True), body=body, timeout=_BIND_SECONDS)
        judge_paid(reply)
        found = read_id(reply)
        if found is None:
            raise ProviderError("the upstream took the element and gave no id for its making", retry=Retry.SAME)
        return Ticket({"element_task": found} | ({"filmed": True} if is_filmed(document) else {}))

    async def poll_binding(self, ticket: Ticket) -> Handle | Progress:
        """How far an element is; one that the vendor does not know any more has failed, and is made again at the next use."""
        try:
            tasks = await self._tasks(f"{ELEMENTS}/{quote(str(ticket.data['element_task']), safe='')}")
        except LostJob as error:
            return Progress(Phase.FAILED, failure=Failure("provider_failed", error.message))
        task = next(iter(tasks.values()), {})
        element = read_element(task)
        filmed = ticket.data.get("filmed") is True
        return Element(element, filmed=filmed).handle if element else read_element_progress(task)

    async def unbind(self, handle: Handle) -> None:
        """Delete the element; one that is gone already is no error."""
        body = json.dumps({"element_id": read_handle(handle.value).id}).encode()
        url = f"{self._base}/v1/general/delete-advanced-elements"
        reply = await self.http.send("POST", url, headers=self._headers(sends=True), body=body)
        if not is_deleted(reply):
            judge_known(reply)

    async def recognise(self, callback: Callback) -> str:
        """The message's id, signed by the account's `webhook_secret` where its settings have one."""
        secret = self.account.settings.get("webhook_secret")
        return check_standard(callback, str(secret)) if secret else await super().recognise(callback)

    async def check(self) -> Reply:
        """A look at a task that nobody made: what a key may see is told before what there is."""
        path = self._path(Ticket(_data("castlist-doctor", older=is_pair(self.account.api_key))))
        reply = await self.http.ask("GET", f"{self._base}{path}", headers=self._headers())
        with suppress(LostJob):
            judge_known(reply)
        return reply

    async def _addresses(self, order: Order, showing: Showing) -> Mapping[str, str]:
        """Every asset that is shown, as the vendor can read it: pictures in base 64, without the head of a data URI, and a link."""
        pictures = list(dict.fromkeys(showing.pictures))
        contents = await asyncio.gather(*map(self.http.assets.read, pictures))
        found = {asset: b64encode(content).decode() for asset, content in zip(pictures, contents, strict=True)}
        if not isinstance(order.operation, CreateVideo):
            found[order.operation.source.asset] = await self._source(order, order.operation.source)
        return found

    async def _source(self, order: Order, source: Source) -> str:
        """A link to the source: the vendor's own where this account made it and still has it, else one to our copy."""
        if order.source_ticket and self.http.rehearses:
            return stand_in(await self.http.assets.describe(source.asset))
        if order.source_ticket:
            try:
                return await self._link(Ticket(order.source_ticket))
            except LostJob:
                pass
        return await self.http.link(source.asset)

    async def _link(self, ticket: Ticket) -> str:
        url = read_link(_pick(await self._tasks(self._path(ticket)), ticket))
        if url is None:
            raise ProviderError("the upstream has no video for this task", code="provider_no_output", retry=Retry.SAME)
        return url

    async def _tasks(self, path: str) -> Mapping[str, Mapping[str, object]]:
        reply = await self.http.ask("GET", f"{self._base}{path}", headers=self._headers())
        judge_known(reply)
        return read_tasks(reply)

    def _path(self, ticket: Ticket) -> str:
        found = quote(str(ticket.data["id"]), safe="")
        return f"{OLDER}/{found}" if _is_older(ticket) else f"/tasks?task_ids={found}"

    def _ticket(self, reply: Reply) -> Ticket:
        found = read_id(reply)
        if found is None:
            raise Ambiguous(f"the upstream accepted the video ({reply.status}) and gave no id for it")
        return Ticket(_data(found, older=is_pair(self.account.api_key)))

    @property
    def _base(self) -> str:
        return (self.account.api_base or HOME).rstrip("/")

    def _headers(self, *, sends: bool = False) -> Mapping[str, str]:
        typed = {"Content-Type": "application/json"} if sends else {}
        return {"Accept": "application/json", **typed, **authorise(self.account.api_key, self._clock())}


def _data(found: str, *, older: bool) -> Mapping[str, object]:
    return {"id": found} | ({"older": True} if older else {})


def _is_older(ticket: Ticket) -> bool:
    return ticket.data.get("older") is True


def _pick(tasks: Mapping[str, Mapping[str, object]], ticket: Ticket) -> Mapping[str, object]:
    found = tasks.get(str(ticket.data["id"]))
    if found is None:
        raise LostJob("the upstream says there is no such task")
    return found
