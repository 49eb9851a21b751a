"""The fault lab in a process of its own, and what steers it: planned faults, lots, gates, and the accounts it keeps."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit
from urllib.request import Request, urlopen

from castlist.testing.lab_provider import SECRET

_WITHIN = 60.0


@dataclass(frozen=True)
class Taken:
    """A submission that the lab accepted: its `id` there, the caller's own `reference` where one was given, and what it would bill in
    millionths of a US dollar."""

    id: str
    reference: str | None
    prompt: str
    model: str
    status: str
    micros: int


@dataclass(frozen=True)
class Accounts:
    """All that was accepted, in its order, and how often each place was asked for or failed (`create`, `create.lose`)."""

    taken: Sequence[Taken]
    counts: Mapping[str, int]
    micros: int


@dataclass(frozen=True)
class LabControl:
    """Steers the lab at `base_url`, which is what a deployment's `api_base` is to be."""

    base_url: str

    def break_next(self, where: str, *faults: str) -> None:
        """What the next requests of that kind meet, one each."""
        self._post("/_break", {where: list(faults)})

    def draw(self, where: str, **odds: float) -> None:
        """From now on requests of that kind meet each fault with that probability."""
        self._post("/_draw", {where: odds})

    def close(self, *gates: str) -> None:
        """Hold the requests that come to these gates until they are opened."""
        self._post("/_gates", dict.fromkeys(gates, "close"))

    def open(self, *gates: str) -> None:
        """Let go of what is held there, and of what comes."""
        self._post("/_gates", dict.fromkeys(gates, "open"))

    def wait_held(self, gate: str, *, count: int = 1, about: str = "", within: float = _WITHIN) -> int:
        """How many requests are held at the gate, once it is that many: all, or those whose prompt (or character's name) has that text in
        it. Raises TimeoutError."""
        found = self._ask("GET", f"/_held/{gate}?{urlencode({'count': count, 'about': about})}", within=within)
        return int(str(found["held"]))

    def call(self, gateways: Sequence[str], *, secret: str = SECRET) -> None:
        """Call back there, at the first of these addresses that answers, signed with that secret."""
        self._post("/_callers", {"gateways": list(gateways), "secret": secret})

    def accounts(self) -> Accounts:
        """What was accepted and would be billed so far."""
        found = self._ask("GET", "/_accounts")
        works, counts = found["works"], found["counts"]
        if not isinstance(works, list) or not isinstance(counts, dict):
            raise TypeError(f"these are not the accounts of a lab: {found}")
        names = ("id", "reference", "prompt", "model", "status", "micros")
        return Accounts([Taken(**{name: work[name] for name in names}) for work in works], counts, int(str(found["micros"])))

    def _post(self, path: str, value: object) -> None:
        self._ask("POST", path, value)

    def _ask(self, method: str, path: str, value: object = None, *, within: float = _WITHIN) -> Mapping[str, object]:
        address = urlunsplit(urlsplit(self.base_url)._replace(path="")) + path
        body = None if value is None else json.dumps(value).encode()
        request = Request(address, body, {"Content-Type": "application/json"}, method=method)
        with urlopen(request, timeout=within) as answer:
            found = json.load(answer)
        return found if isinstance(found, dict) else {}


@contextmanager
def run_lab(
    *, lasts: float = 0.2, seed: int = 0, key: str | None = None, chances: Mapping[str, float] | None = None
) -> Iterator[LabControl]:
    """A lab in a process of its own for the time of the context, so that it outlives whatever is killed beside it. `chances` are
    probabilities by place and fault: `{"create.lose": 0.05}`."""
    command = [sys.executable, "-m", "castlist.testing.lab", "--port", "0", "--lasts", str(lasts), "--seed", str(seed)]
    command += ["--key", key] if key else []
    for name, chance in (chances or {}).items():
        command += ["--chance", f"{name}={chance}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL) as process:
        try:
            line = process.stdout.readline().strip() if process.stdout else ""
            if not line:
                raise RuntimeError("the lab did not start")
            yield LabControl(line)
        finally:
            process.terminate()
