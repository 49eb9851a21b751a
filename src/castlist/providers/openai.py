"""The OpenAI Videos API and servers that speak it: text-only create, poll and download."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from math import isfinite
from typing import ClassVar, Final
from urllib.parse import quote, urlsplit

from castlist.errors import Ambiguous, ProviderError, Retry
from castlist.model.capabilities import Capabilities
from castlist.model.jobs import Failure
from castlist.model.operations import CreateVideo, Size
from castlist.model.providing import (
    Cancelled,
    Part,
    Phase,
    Prepared,
    Progress,
    Provider,
    Reply,
    Stopped,
    Stream,
    Ticket,
)
from castlist.providers.replies import MODERATION_CODES, judge, judge_free, read_object

HOME: Final = "https://api.openai.com/v1"
SECONDS: Final = (4, 8, 12, 16, 20)
SIZES: Final = (Size(720, 1280), Size(1280, 720), Size(1024, 1792), Size(1792, 1024))
PRO_SIZES: Final = (*SIZES, Size(1080, 1920), Size(1920, 1080))
MICROS_PER_SECOND: Final = {"sora-2": 100_000, "sora-2-pro": 300_000}
_PHASES: Final = {
    "queued": Phase.QUEUED,
    "in_progress": Phase.RUNNING,
    "completed": Phase.DONE,
    "failed": Phase.FAILED,
    "cancelled": Phase.CANCELLED,
}
_THEIR_TROUBLE: Final = frozenset({"internal_error", "server_error", "rate_limit_exceeded"})
_POLL_SECONDS: Final = 2.0


class OpenAI(Provider):
    """An upstream with OpenAI's shapes at `api_base`, OpenAI's own by default. Its limits are known for OpenAI's host only; another
    server's are whatever it says."""

    name: ClassVar[str] = "openai"

    def capabilities(self, model: str) -> Capabilities:
        if not self._at_home:
            return Capabilities(model=f"openai/{model}", max_seconds=120, cancel=True)
        return Capabilities(
            model=f"openai/{model}",
            seconds=SECONDS,
            sizes=PRO_SIZES if "pro" in model else SIZES,
            cancel=True,
            micros_per_second=MICROS_PER_SECOND.get(model),
        )

    async def submit(self, prepared: Prepared) -> Ticket:
        """POST /videos as the official SDK sends it: multipart, also without a file."""
        order = prepared.order
        match order.operation:
            case CreateVideo(seconds=seconds, size=size):
                fields = {"prompt": order.prompt, "model": order.provider_model, "seconds": str(seconds), "size": str(size)}
            case _:
                raise NotImplementedError(f"{self.name} creates videos only, so far")
        parts = [Part(name, value) for name, value in fields.items()]
        reply = await self.http.send("POST", self._url(), headers=self._headers(), body=parts, timeout=order.timeout)
        judge(reply)
        found = read_object(reply).get("id")
        if not isinstance(found, str) or not found:
            raise Ambiguous(f"the upstream accepted the video ({reply.status}) and gave no id for it")
        return Ticket({"id": found})

    async def poll(self, tickets: Sequence[Ticket]) -> Sequence[Progress]:
        """One request a ticket. An error about one of several is raised for all; ask for that one alone to know which."""
        answers = await asyncio.gather(*map(self._look, tickets), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return [answer for answer in answers if isinstance(answer, Progress)]

    def download(self, ticket: Ticket, *, offset: int = 0) -> AbstractAsyncContextManager[Stream]:
        headers = {**self._headers(), "Accept": "application/binary"}
        return self.http.stream(f"{self._url(ticket)}/content", headers=headers, offset=offset)

    async def cancel(self, ticket: Ticket) -> Cancelled:
        """DELETE: servers that can abort do so, and none says whether what was done so far is charged."""
        reply = await self.http.ask("DELETE", self._url(ticket), headers=self._headers())
        if reply.status in {405, 501}:
            return Cancelled(Stopped.UNSUPPORTED, may_cost=True)
        if reply.status in {400, 404, 409, 410}:
            return Cancelled(Stopped.TOO_LATE, may_cost=True)
        judge_free(reply)
        return Cancelled(Stopped.STOPPED, may_cost=True)

    async def discard(self, ticket: Ticket) -> None:
        reply = await self.http.ask("DELETE", self._url(ticket), headers=self._headers())
        if reply.status not in {404, 405, 410, 501}:
            judge_free(reply)

    async def _look(self, ticket: Ticket) -> Progress:
        reply = await self.http.ask("GET", self._url(ticket), headers=self._headers())
        judge_free(reply)
        return read_progress(reply)

    @property
    def _base(self) -> str:
        return (self.account.api_base or HOME).rstrip("/")

    @property
    def _at_home(self) -> bool:
        return urlsplit(self._base).hostname == urlsplit(HOME).hostname

    def _url(self, ticket: Ticket | None = None) -> str:
        return f"{self._base}/videos" + (f"/{quote(str(ticket.data['id']), safe='')}" if ticket else "")

    def _headers(self) -> Mapping[str, str]:
        key = self.account.api_key
        return {"Accept": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})


def read_progress(reply: Reply) -> Progress:
    """What a video object says. A status word that is not known is work that goes on. Raises ProviderError for what is not one."""
    video = read_object(reply)
    status = video.get("status")
    if not isinstance(status, str):
        raise ProviderError("the upstream answered a poll with something that is not a video", retry=Retry.SAME)
    phase = _PHASES.get(status, Phase.RUNNING)
    if phase is Phase.FAILED:
        return _read_failure(video.get("error"))
    return Progress(phase, percent=_percent(video.get("progress")), again=_again(reply))


def _read_failure(error: object) -> Progress:
    found = error if isinstance(error, dict) else {}
    code, message = found.get("code"), found.get("message")
    failure = Failure(
        code if isinstance(code, str) and code else "provider_failed",
        message if isinstance(message, str) and message else "The upstream failed without saying why.",
    )
    return Progress(Phase.FAILED, failure=failure, retryable=failure.code in _THEIR_TROUBLE, moderated=failure.code in MODERATION_CODES)


def _percent(value: object) -> int:
    return max(0, min(100, int(value))) if isinstance(value, int | float) and isfinite(value) else 0


def _again(reply: Reply) -> float:
    text = reply.headers.get("openai-poll-after-ms", "")
    return min(60.0, max(0.1, int(text) / 1000)) if text.isascii() and text.isdigit() else _POLL_SECONDS
