"""Acme as a provider of Castlist: text-only videos of 4 or 8 seconds."""

import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from castlist.errors import Ambiguous
from castlist.model.capabilities import Capabilities
from castlist.model.jobs import Failure
from castlist.model.operations import CreateVideo
from castlist.model.providing import Phase, Prepared, Progress, Provider, Stream, Ticket
from castlist.providers.replies import judge, judge_free, read_object

PHASES = {"queued": Phase.QUEUED, "completed": Phase.DONE, "failed": Phase.FAILED}


class Acme(Provider):
    """An adapter is made without I/O; its account and its transport are `self.account` and `self.http`."""

    name = "acme"

    def capabilities(self, model: str) -> Capabilities:
        return Capabilities(model=f"acme/{model}", seconds=(4, 8), micros_per_second=50_000)

    async def submit(self, prepared: Prepared) -> Ticket:
        order = prepared.order
        match order.operation:
            case CreateVideo(seconds=seconds, size=size):
                fields = {"model": order.provider_model, "prompt": order.prompt, "seconds": str(seconds), "size": str(size)}
            case _:
                raise NotImplementedError("acme creates videos only")
        headers = {**self._headers(), "Content-Type": "application/json"}
        body = json.dumps(fields).encode()
        reply = await self.http.send("POST", f"{self.account.api_base}/videos", headers=headers, body=body, timeout=order.timeout)
        judge(reply)
        found = read_object(reply).get("id")
        if not isinstance(found, str):
            raise Ambiguous("acme accepted the video and gave no id for it")
        return Ticket({"id": found})

    async def poll(self, tickets: Sequence[Ticket]) -> Sequence[Progress]:
        return [await self._look(ticket) for ticket in tickets]

    def download(self, ticket: Ticket, *, offset: int = 0) -> AbstractAsyncContextManager[Stream]:
        return self.http.stream(f"{self._url(ticket)}/content", headers=self._headers(), offset=offset)

    async def _look(self, ticket: Ticket) -> Progress:
        reply = await self.http.ask("GET", self._url(ticket), headers=self._headers())
        judge_free(reply)
        phase = PHASES.get(str(read_object(reply).get("status")), Phase.RUNNING)
        failure = Failure("provider_failed", "acme failed without saying why") if phase is Phase.FAILED else None
        return Progress(phase, failure=failure)

    def _url(self, ticket: Ticket) -> str:
        return f"{self.account.api_base}/videos/{ticket.data['id']}"

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.account.api_key}"}
