"""The adapter of the fault lab: videos from words, which it finds again by our reference and is called back about."""

import base64
import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import ClassVar, Final
from urllib.parse import quote

from castlist.errors import Refused
from castlist.model.capabilities import Capabilities
from castlist.model.jobs import Failure
from castlist.model.operations import CreateVideo
from castlist.model.providing import (
    Absent,
    Callback,
    Cancelled,
    CannotTell,
    Phase,
    Prepared,
    Progress,
    Provider,
    SettingNames,
    Stopped,
    Stream,
    Ticket,
)
from castlist.providers.callbacks import check_standard
from castlist.providers.polling import ask_each, read_phase
from castlist.providers.replies import judge, judge_free, read_id, read_object, read_percent

SECRET: Final = "whsec_" + base64.b64encode(b"the secret of the fault lab").decode()
"""What a lab signs its calls with, unless it is told another one."""

_PHASES: Final = {"queued": Phase.QUEUED, "in_progress": Phase.RUNNING, "completed": Phase.DONE, "failed": Phase.FAILED}
_AGAIN: Final = 1.0


class LabProvider(Provider):
    """A lab at `api_base`. Unlike OpenAI it is told our name for a work, can be asked for it, and calls back: with the account's
    `webhook_secret`, else with the lab's own. `again` in its settings is how many seconds it wants between polls (1)."""

    name: ClassVar[str] = "lab"
    settings: ClassVar[SettingNames | None] = {"webhook_secret": (), "again": ()}

    def capabilities(self, model: str) -> Capabilities:
        return Capabilities(model=f"lab/{model}", max_seconds=120, cancel=True)

    async def submit(self, prepared: Prepared) -> Ticket:
        order = prepared.order
        if not isinstance(order.operation, CreateVideo):
            raise NotImplementedError("the lab creates videos only")
        fields = {
            "model": order.provider_model,
            "prompt": order.prompt,
            "seconds": str(order.operation.seconds),
            "size": str(order.operation.size),
            "client_reference": order.reference,
            "callback_url": order.callback,
        }
        body = json.dumps({name: value for name, value in fields.items() if value is not None}).encode()
        headers = {**self._headers(), "Content-Type": "application/json"}
        reply = await self.http.send("POST", self._url(), headers=headers, body=body, timeout=order.timeout)
        judge(reply)
        return Ticket({"id": read_id(reply)})

    async def find(self, reference: str) -> Ticket | Absent | CannotTell:
        """Asks for our own name. Absent is believed: the lab knows it from the moment it accepts."""
        reply = await self.http.ask("GET", f"{self.account.api_base}/references/{quote(reference, safe='')}", headers=self._headers())
        judge_free(reply)
        found = read_object(reply).get("data")
        if not isinstance(found, list):
            return CannotTell()
        return Ticket({"id": str(found[0]["id"])}) if found else Absent()

    async def poll(self, tickets: Sequence[Ticket]) -> Sequence[Progress]:
        return await ask_each(self._look, tickets)

    def download(self, ticket: Ticket, *, offset: int = 0) -> AbstractAsyncContextManager[Stream]:
        return self.http.stream(f"{self._url(ticket)}/content", headers=self._headers(), offset=offset)

    async def cancel(self, ticket: Ticket) -> Cancelled:
        reply = await self.http.ask("DELETE", self._url(ticket), headers=self._headers())
        return Cancelled(Stopped.TOO_LATE if reply.status == 404 else Stopped.STOPPED, may_cost=True)

    async def discard(self, ticket: Ticket) -> None:
        await self.http.ask("DELETE", self._url(ticket), headers=self._headers())

    async def recognise(self, callback: Callback) -> str:
        return check_standard(callback, str(self.account.settings.get("webhook_secret") or SECRET))

    async def _look(self, ticket: Ticket) -> Progress:
        reply = await self.http.ask("GET", self._url(ticket), headers=self._headers())
        judge_free(reply)
        video = read_object(reply)
        status = video.get("status")
        if not isinstance(status, str):
            raise Refused("the lab answered a poll with something that is not a video")
        phase, strange = read_phase(status, _PHASES)
        again = self.account.settings.get("again")
        wait = float(again) if isinstance(again, int | float) else _AGAIN
        if phase is not Phase.FAILED:
            return Progress(phase, percent=read_percent(video.get("progress")), again=wait, strange=strange)
        error = video.get("error")
        why = error if isinstance(error, dict) else {}
        moderated = why.get("code") == "moderation_blocked"
        failure = Failure(str(why.get("code") or "provider_failed"), str(why.get("message") or "The lab failed without saying why."))
        return Progress(Phase.FAILED, failure=failure, retryable=not moderated, moderated=moderated)

    def _url(self, ticket: Ticket | None = None) -> str:
        return f"{self.account.api_base}/videos" + (f"/{quote(str(ticket.data['id']), safe='')}" if ticket else "")

    def _headers(self) -> dict[str, str]:
        key = self.account.api_key
        return {"Accept": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
