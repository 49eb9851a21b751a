"""The fault lab: an upstream in a process of its own that fails by plan or by lot, holds requests at gates, calls back, and keeps accounts.

Run it with `python -m castlist.testing.lab --port 0 --seed 7 --chance create.lose=0.05 --chance poll.error=0.05`, or from a program
with `run_lab()` of `castlist.testing.lab_control`, which also has the client that plans faults, opens gates and reads the accounts.
"""

import argparse
import asyncio
import random
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final

from aiohttp import web

from castlist.testing.emulator import run
from castlist.testing.lab_calls import CALLS, Caller
from castlist.testing.recording import Recorded
from castlist.testing.upstream import Upstream
from castlist.testing.upstream_answers import FATES, FAULTS, Work

GATES: Final[Mapping[str, str]] = {
    "received": "a submission is read, and nothing is accepted yet",
    "accepted": "a submission is accepted, and not answered yet",
    "character": "a character is made, and not answered yet",
    "poll": "a poll is received, and not answered yet",
    "content": "half of a file is sent",
}
"""Where requests can be held until the gate is opened."""

MICROS_PER_SECOND: Final = 100_000


class Lab(Upstream):
    """Faults come as they are planned (`break_next`, a model's name) or else by lot: `chances` has for each place the probability of
    each fault. The lots of a place follow from `seed` and the number of the request there, not from what happens elsewhere."""

    faults: ClassVar[Mapping[str, Mapping[str, str]]] = {**FAULTS, "call": CALLS}
    also: ClassVar[frozenset[str]] = frozenset({"client_reference", "callback_url"})

    def __init__(
        self, *, lasts: float = 0.2, key: str | None = None, seed: int = 0, chances: Mapping[str, Mapping[str, float]] | None = None
    ) -> None:
        super().__init__(lasts=lasts, key=key)
        self.taken: list[tuple[Work, str | None]] = []
        self.caller = Caller(self.counts)
        self._seed = seed
        self._lots: dict[str, random.Random] = {}
        self._chances: dict[str, Mapping[str, float]] = {}
        self._open: dict[str, asyncio.Event] = {}
        self._held: defaultdict[str, list[str]] = defaultdict(list)
        self._arrived: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._calls: dict[str, tuple[str, str | None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        for where, odds in (chances or {}).items():
            self.draw(where, odds)

    def draw(self, where: str, odds: Mapping[str, float]) -> None:
        """From now on requests of that kind meet each fault with that probability. Raises ValueError for what does not exist."""
        known = self.faults.get(where, {})
        if unknown := [fault for fault in odds if fault not in known]:
            raise ValueError(f"there is no fault {unknown[0]!r} of {where!r}; there are {', '.join(sorted(known)) or sorted(self.faults)}")
        if min(odds.values(), default=0) < 0 or sum(odds.values()) > 1:
            raise ValueError(f"the chances of {where!r} are probabilities that come to 1 at most")
        self._chances[where] = dict(odds)

    def next_fault(self, where: str) -> str | None:
        """The fault planned for this request, else the one that the lot brings it, noted in `counts` as `where.fault`."""
        fault = super().next_fault(where) or self._cast_lot(where)
        if fault:
            self.counts[f"{where}.{fault}"] += 1
        return fault

    def _cast_lot(self, where: str) -> str | None:
        lot = self._lots.setdefault(where, random.Random(f"{self._seed} {where}")).random()
        for fault, chance in self._chances.get(where, {}).items():
            lot -= chance
            if lot < 0:
                return fault
        return None

    async def pass_gate(self, where: str, about: str) -> None:
        """Wait while the gate is closed. A caller that hangs up meanwhile waits no longer, and nothing more comes of its request."""
        gate = self._open.get(where)
        if gate is None:
            return
        prompt = self.works[about].fields["prompt"] if about in self.works else about
        self._held[where].append(prompt)
        self._arrived[where].set()
        try:
            await gate.wait()
        finally:
            self._held[where].remove(prompt)

    def accept(self, recorded: Recorded, *, script: Mapping[str, str], source: Work | None) -> Work:
        """A request taken, under the caller's own name for it where it has one."""
        work = super().accept(recorded, script=script, source=source)
        self.taken.append((work, recorded.value("client_reference")))
        if address := recorded.value("callback_url"):
            self._calls[work.id] = (address, script.get("call") or self.next_fault("call"))
        return work

    async def before_answer(self, work: Work) -> None:
        """Calls back early where that is so, and holds the answer at its gate."""
        if work.id in self._calls:
            address, how = self._calls.pop(work.id)
            task = asyncio.create_task(self.caller.call_at_end(address, work, how=how))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            await self.caller.call_early(address, work, how=how)
        await super().before_answer(work)

    def routes(self) -> Iterator[web.AbstractRouteDef]:
        yield web.get("/v1/references/{reference}", self._find)
        yield from super().routes()
        yield web.get("/_accounts", self._show_accounts)
        yield web.post("/_draw", self._draw)
        yield web.post("/_gates", self._set_gates)
        yield web.get("/_held/{gate}", self._show_held)
        yield web.post("/_callers", self._set_callers)

    async def _find(self, request: web.Request) -> web.Response:
        self.counts["find"] += 1
        wanted = request.match_info["reference"]
        found = [work.show(time.time()) for work, reference in self.taken if reference == wanted]
        return web.json_response({"object": "list", "data": found})

    async def _show_accounts(self, _: web.Request) -> web.Response:
        works = [{**work.show(time.time()), "reference": reference, "micros": bill(work)} for work, reference in self.taken]
        return web.json_response({"works": works, "counts": dict(self.counts), "micros": sum(bill(work) for work, _ in self.taken)})

    async def _draw(self, request: web.Request) -> web.Response:
        for where, odds in (await request.json()).items():
            self.draw(where, odds)
        return web.json_response({})

    async def _set_gates(self, request: web.Request) -> web.Response:
        for where, wish in (await request.json()).items():
            if where not in GATES:
                raise web.HTTPBadRequest(text=f"there is no gate {where!r}; there are {', '.join(GATES)}")
            if wish == "close":
                self._open.setdefault(where, asyncio.Event())
            elif gate := self._open.pop(where, None):
                gate.set()
        return web.json_response({})

    async def _show_held(self, request: web.Request) -> web.Response:
        """Answers once so many requests about that are held at the gate at the same time."""
        gate, wanted, about = request.match_info["gate"], int(request.query.get("count", "1")), request.query.get("about", "")
        while (held := sum(about in prompt for prompt in self._held[gate])) < wanted:
            self._arrived[gate].clear()
            await self._arrived[gate].wait()
        return web.json_response({"held": held})

    async def _set_callers(self, request: web.Request) -> web.Response:
        given = await request.json()
        self.caller.gateways, self.caller.secret = given["gateways"], given["secret"]
        return web.json_response({})


def bill(work: Work) -> int:
    """What the lab would charge for a work, in millionths of a US dollar: nothing for one that fails."""
    return 0 if work.fate in FATES else int(float(work.fields["seconds"]) * MICROS_PER_SECOND)


def read_chances(words: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
    """`create.lose=0.05` and the like. Raises ValueError."""
    chances: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for word in words:
        name, _, number = word.partition("=")
        where, _, fault = name.partition(".")
        chances[where][fault] = float(number)
    return chances


def main() -> None:
    """Serve until the process is stopped; the first line of output is the base URL. Port 0 takes a free one."""
    options = argparse.ArgumentParser(description="An upstream with OpenAI's shapes that fails as it is told, for tests.")
    options.add_argument("--port", type=int, default=4900)
    options.add_argument("--lasts", type=float, default=0.2, help="seconds a video takes")
    options.add_argument("--key", default=None, help="the bearer key it asks for")
    options.add_argument("--seed", type=int, default=0, help="what the lots follow from")
    options.add_argument(
        "--chance", action="append", default=[], metavar="PLACE.FAULT=P", help="a fault that comes by lot, such as create.lose=0.05"
    )
    given = options.parse_args()
    try:
        lab = Lab(lasts=given.lasts, key=given.key, seed=given.seed, chances=read_chances(given.chance))
    except ValueError as error:
        options.error(str(error))
    asyncio.run(_serve(lab, given.port))


async def _serve(lab: Lab, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run(lab, port=port, stop=stop, ready=lambda: _announce(lab))


def _announce(lab: Lab) -> None:
    sys.stdout.write(f"{lab.base_url}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
