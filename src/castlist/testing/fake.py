"""The scripted fake provider: in this process, without cost, and as well or badly behaved as its model name says."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from importlib.resources import files
from typing import ClassVar, Final
from urllib.parse import parse_qsl

from castlist.errors import Ambiguous, HandleGone, InvalidRequest, LostJob, Moderated, NotSent, ProviderError, Refused, Retry
from castlist.model.capabilities import Capabilities
from castlist.model.characters import Character, Fidelity
from castlist.model.jobs import Cost, CostState, Failure
from castlist.model.providing import (
    Absent,
    Account,
    Cancelled,
    CannotTell,
    Handle,
    Order,
    Phase,
    Prepared,
    Progress,
    Provider,
    References,
    Stopped,
    Stream,
    Ticket,
    Transport,
)

SCRIPTS: Final[Mapping[str, str]] = {
    "instant": "done at the first poll",
    "slow": "runs for `seconds` (3), then done",
    "fail": "fails after `seconds` (0); with `retryable=1` another deployment may be asked, with `moderated=1` for its content",
    "moderated": "refused for its content at the submission",
    "refuse": "refused at the submission, the first `times` times (always); `retry` is never, same or elsewhere, `after` seconds",
    "unreachable": "never sent, the first `times` times (always)",
    "ambiguous": "accepted, and the answer lost, the first `times` times (always); `found` is ticket, absent or unknown (unknown)",
    "stuck": "runs for ever at `percent` (99)",
    "lost": "accepted, then the provider knows of no such job",
    "garbage": "done, and the first `times` (all) downloads are a web page",
    "hollow": "done, and what is downloaded is an empty file",
    "endless": "done, and the download goes on for ever",
    "cut": "done, and the first `times` (1) downloads break off in the middle",
}
"""What each model name does. Options follow a question mark, `fake/slow?seconds=3`, or stand in the account's settings."""

OPTIONS: Final[Mapping[str, str]] = {
    "seconds": "how long the work takes",
    "answer": "seconds until the submission is answered",
    "again": "seconds until the next poll is asked for",
    "times": "how often the script misbehaves before it behaves",
    "percent": "where it sticks",
    "after": "seconds asked to wait with a refusal",
    "retry": "never, same or elsewhere",
    "retryable": "1: another deployment may be asked after the failure",
    "moderated": "1: the failure is for its content",
    "found": "what a search by reference says: ticket, absent or unknown",
    "micros": "what the provider says it billed",
    "wants": "forms of a character it wants, with a comma between them",
    "binds": "1: it keeps a handle on each character",
    "native": "1: a character is its handle, and goes by reference where none can be made",
    "binding": "how a handle is made: at once, slow (in `seconds`, behind a ticket), broken (fails behind it), refused (at once) or absent "
    "(it keeps no characters at all)",
    "late": "how many works fail because it lost the handles they carry",
    "part": "1: an extension comes back without its source",
    "strange": "a status word that nobody knows, said while the work runs",
    "lives": "seconds until a handle expires",
    "stoppable": "0: work cannot be stopped",
    "gone": "how many submissions it refuses because it lost the handles they carry",
}
_ALWAYS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Script:
    """A model name taken apart. Raises InvalidRequest for a name or an option that does not exist, with the nearest one."""

    name: str
    options: Mapping[str, str]

    @classmethod
    def parse(cls, model: str, settings: Mapping[str, object]) -> "Script":
        name, _, query = model.partition("?")
        own = dict(parse_qsl(query, keep_blank_values=True))
        _check(name, SCRIPTS, "script")
        for option in own:
            _check(option, OPTIONS, "option")
        return cls(name, {key: str(value) for key, value in settings.items() if key in OPTIONS} | own)

    def number(self, option: str, default: float) -> float:
        text = self.options.get(option)
        try:
            return default if text is None else float(text)
        except ValueError as error:
            raise InvalidRequest(f"The option {option} of the fake provider is a number, not {text!r}") from error

    def word(self, option: str, default: str) -> str:
        return self.options.get(option, default)


class FakeProvider(Provider):
    """Plays a script for each order; every finished one is the same small clip. All that a poll says follows from the ticket and the
    clock, so a ticket outlives the process. `submits`, `polls`, `downloads`, `cancels`, `binds` and `unbinds` count what was asked of
    it; `last` is the order it was handed last, `handles` are those it handed out and `lost` those it refuses since."""

    name: ClassVar[str] = "fake"

    def __init__(self, account: Account, http: Transport, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(account, http)
        self._clock = clock
        self._cancelled: set[str] = set()
        self._accepted: dict[str, Ticket] = {}
        self._misbehaved: dict[str, int] = {}
        self.submits = self.polls = self.downloads = self.cancels = self.discards = self.binds = self.unbinds = 0
        self.last: Order | None = None
        self.handles: set[str] = set()
        self.lost: set[str] = set()

    def capabilities(self, model: str) -> Capabilities:
        script = self._read(model)
        return Capabilities(
            model=f"fake/{model}",
            implements=frozenset({"create", "edit", "extend", "remix"}),
            max_seconds=120,
            characters=2,
            fidelity=Fidelity.NATIVE if script.word("native", "0") == "1" else Fidelity.REFERENCE,
            returns_full=script.word("part", "0") != "1",
            reference_too=script.word("native", "0") == "1",
            tries_native=script.word("native", "0") == "1",
            reference=True,
            reference_with_characters=True,
            uploaded_source=True,
            seed=True,
            cancel=True,
            micros_per_second=0,
            wants=tuple(filter(None, script.word("wants", "").split(","))),
            binds=script.word("binds", "0") == "1",
        )

    async def submit(self, prepared: Prepared) -> Ticket:
        script = self._read(prepared.order.provider_model)
        self.submits += 1
        self.last = prepared.order
        await asyncio.sleep(script.number("answer", 0))
        self._lose(script, prepared.order)
        self._misbehave(script)
        ticket = Ticket(
            {
                "id": f"fake_{secrets.token_hex(8)}",
                "model": prepared.order.provider_model,
                "reference": prepared.order.reference,
                "started_at": self._clock().isoformat(),
                "handles": self._lose_late(script, prepared.order),
            }
        )
        self._accepted[prepared.order.reference] = ticket
        if script.name == "ambiguous" and self._count(script) <= script.number("times", _ALWAYS):
            raise Ambiguous("the fake provider took the work and lost its answer")
        return ticket

    async def find(self, reference: str) -> Ticket | Absent | CannotTell:
        ticket = self._accepted.get(reference)
        word = self._read(str(ticket.data["model"])).word("found", "unknown") if ticket else self.account.settings.get("found")
        if ticket and word == "ticket":
            return ticket
        return Absent() if word == "absent" else CannotTell()

    async def poll(self, tickets: Sequence[Ticket]) -> Sequence[Progress]:
        self.polls += 1
        return [self._look(ticket) for ticket in tickets]

    @asynccontextmanager
    async def download(self, ticket: Ticket, *, offset: int = 0) -> AsyncIterator[Stream]:
        script = self._script(ticket)
        self.downloads += 1
        cut = script.name == "cut" and self._count(script) <= script.number("times", 1)
        garbage = script.name == "garbage" and self._count(script) <= script.number("times", _ALWAYS)
        content = b"<html>busy</html>" if garbage else b"" if script.name == "hollow" else read_clip()[offset:]
        endless = script.name == "endless"
        yield Stream(_repeat(content) if endless else _pour(content, cut=cut), "video/mp4", None if endless else len(content))

    async def bind(self, character: Character, media: References) -> Handle | Ticket:
        """By the account's own settings: it does not know which model asks."""
        script = self._read("instant")
        self.binds += 1
        await asyncio.sleep(script.number("answer", 0))
        how = script.word("binding", "instant")
        if how == "refused":
            raise Refused(f"the fake provider does not take {character.name}")
        if how == "absent":
            raise Refused("the fake provider keeps no characters", code="characters_not_native")
        if how in {"slow", "broken"}:
            return Ticket({"id": f"bind_{secrets.token_hex(8)}", "how": how, "started_at": self._clock().isoformat()})
        return self._hand_out(script, f"handle_{secrets.token_hex(8)}")

    async def poll_binding(self, ticket: Ticket) -> Handle | Progress:
        script = self._read("instant")
        passed = (self._clock() - datetime.fromisoformat(str(ticket.data["started_at"]))).total_seconds()
        if passed < script.number("seconds", 0):
            return Progress(Phase.RUNNING, again=0.05)
        if ticket.data["how"] == "broken":
            return Progress(Phase.FAILED, failure=Failure("provider_failed", "Its script says so."))
        return self._hand_out(script, f"handle_of_{ticket.data['id']}")

    def _hand_out(self, script: Script, handle: str) -> Handle:
        lives = script.number("lives", 0)
        self.handles.add(handle)
        return Handle(handle, self._clock() + timedelta(seconds=lives) if lives else None)

    def _lose(self, script: Script, order: Order) -> None:
        """Refuse handles that it lost; the first `gone` orders that carry any are the ones that it loses them by."""
        carried = [member.handle for member in order.cast if member.handle]
        if carried and self._count(Script("gone", {})) <= script.number("gone", 0):
            self.lost.update(carried)
        lost = [handle for handle in carried if handle in self.lost]
        if lost:
            raise HandleGone("the fake provider knows no such handle", handles=lost, after=0.05)

    def _lose_late(self, script: Script, order: Order) -> list[str]:
        """The handles that an order carries, which it loses now and notices at the end of the work, the first `late` times."""
        carried = [member.handle for member in order.cast if member.handle]
        if carried and self._count(Script("late", {})) <= script.number("late", 0):
            self.lost.update(carried)
        return carried

    async def unbind(self, handle: Handle) -> None:
        self.unbinds += 1
        self.handles.discard(handle.value)

    async def cancel(self, ticket: Ticket) -> Cancelled:
        self.cancels += 1
        if self._script(ticket).word("stoppable", "1") == "0":
            return Cancelled(Stopped.UNSUPPORTED, may_cost=True)
        if self._look(ticket).phase in (Phase.DONE, Phase.FAILED):
            return Cancelled(Stopped.TOO_LATE, may_cost=False)
        self._cancelled.add(str(ticket.data["id"]))
        return Cancelled(Stopped.STOPPED, may_cost=False)

    async def discard(self, ticket: Ticket) -> None:
        self.discards += 1
        self._cancelled.add(str(ticket.data.get("id")))

    def _read(self, model: str) -> Script:
        return Script.parse(model, self.account.settings)

    def _script(self, ticket: Ticket) -> Script:
        if not str(ticket.data.get("id", "")).startswith("fake_"):
            raise LostJob("the fake provider has no such job")
        return self._read(str(ticket.data["model"]))

    def _count(self, script: Script) -> int:
        self._misbehaved[script.name] = self._misbehaved.get(script.name, 0) + 1
        return self._misbehaved[script.name]

    def _misbehave(self, script: Script) -> None:
        if script.name == "moderated":
            raise Moderated("the fake provider refuses this content")
        if script.name in {"refuse", "unreachable"} and self._count(script) <= script.number("times", _ALWAYS):
            if script.name == "unreachable":
                raise NotSent("the fake provider could not be reached")
            after = script.number("after", 0) or None
            raise Refused("the fake provider refuses, as its script says", retry=Retry(script.word("retry", "elsewhere")), after=after)

    def _look(self, ticket: Ticket) -> Progress:
        script = self._script(ticket)
        passed = (self._clock() - datetime.fromisoformat(str(ticket.data["started_at"]))).total_seconds()
        if script.name == "lost":
            raise LostJob("the fake provider has no such job")
        if ticket.data["id"] in self._cancelled:
            return Progress(Phase.CANCELLED)
        if script.name == "stuck":
            return Progress(Phase.RUNNING, percent=int(script.number("percent", 99)), again=script.number("again", 1))
        lasts = script.number("seconds", 3 if script.name == "slow" else 0)
        if passed < lasts:
            again = script.number("again", min(0.5, max(0.02, lasts - passed)))
            strange = script.word("strange", "") or None
            return Progress(Phase.RUNNING, percent=max(0, int(100 * passed / lasts)), again=again, strange=strange)
        handles = ticket.data.get("handles")
        if isinstance(handles, list) and self.lost.intersection(handles):
            return Progress(Phase.FAILED, failure=Failure("provider_failed", "The fake provider lost a handle."), gone=True)
        return _end(script)


def read_clip() -> bytes:
    """The MP4 that stands for every result: 320x180, 2 seconds, H.264 with silent AAC."""
    return files("castlist.testing").joinpath("clip.mp4").read_bytes()


def _end(script: Script) -> Progress:
    cost = Cost(micros=int(script.number("micros", 0)), state=CostState.BILLED)
    if script.name != "fail":
        return Progress(Phase.DONE, percent=100, cost=cost)
    moderated = script.word("moderated", "0") == "1"
    code = "moderation_blocked" if moderated else "provider_failed"
    failure = Failure(code, "The fake provider failed, as its script says.")
    return Progress(Phase.FAILED, failure=failure, retryable=script.word("retryable", "0") == "1", moderated=moderated, cost=cost)


async def _repeat(content: bytes) -> AsyncIterator[bytes]:
    chunk = content * (1 + (1 << 20) // len(content))
    while True:
        yield chunk


async def _pour(content: bytes, *, cut: bool) -> AsyncIterator[bytes]:
    half = len(content) // 2
    yield content[:half]
    if cut:
        raise ProviderError("the download from the fake provider broke off", code="provider_download_broken", retry=Retry.SAME)
    yield content[half:]


def _check(name: str, known: Mapping[str, str], noun: str) -> None:
    if name in known:
        return
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
    raise InvalidRequest(f"The fake provider has no {noun} {name!r}; {hint}", code="invalid_model", param="model")
