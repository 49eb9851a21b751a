"""Where the gateways keep rows and files: a folder they share, or servers that go away in the middle."""

import asyncio
import importlib
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, cast

from soak.audit import FileRows, Rows, SharedRows
from soak.plan import DATABASE_AWAY, FILES_AWAY, GATEWAYS, ROOT, Plan


class Cluster(Protocol):
    """The PostgreSQL that the tests use."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def database(self) -> AbstractContextManager[str]: ...


class Buckets(Protocol):
    """The S3 server that the tests use."""

    environ: dict[str, str]

    def start(self) -> None: ...
    def stop(self) -> None: ...


class Absence:
    """When a place was last away."""

    def __init__(self) -> None:
        self._until = -math.inf

    @contextmanager
    def last(self) -> Iterator[None]:
        """One is away for the time of the context."""
        self._until = math.inf
        try:
            yield
        finally:
            self._until = time.monotonic()

    def reaches(self, moment: float) -> bool:
        """Whether one is away, or was at that moment or after it."""
        return self._until >= moment


@dataclass(frozen=True)
class Places:
    """`folders` are the gateways' data folders; `castlist` and `environ` say where rows and files are; `outages` take them away for a
    while, one after the other."""

    folders: list[Path]
    rows: Rows
    castlist: dict[str, object] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    outages: list[tuple[str, Cluster | Buckets, float]] = field(default_factory=list)
    absence: Absence = field(default_factory=Absence)


@contextmanager
def open_places(plan: Plan, folder: Path) -> Iterator[Places]:
    """The places of a soak, for the time of the context."""
    with ExitStack() as stack:
        if plan.database == "sqlite":
            data = folder / "data"
            places = Places([data] * GATEWAYS, FileRows(data / "castlist.db"))
        else:
            cluster = cast("Cluster", stack.enter_context(_server("postgres")))
            url = stack.enter_context(cluster.database())
            shared: dict[str, object] = {"database_url": url, "assets": (folder / "assets").as_uri()}
            places = Places([folder / f"data-{number}" for number in range(GATEWAYS)], SharedRows(url), shared)
            places.outages.append(("PostgreSQL was stopped and started", cluster, DATABASE_AWAY))
        if plan.assets == "s3":
            buckets = cast("Buckets", stack.enter_context(_server("buckets")))
            places.castlist["assets"] = "s3://videos/soak"
            places.environ.update(buckets.environ)
            places.outages.append((f"S3 could not be reached for {FILES_AWAY:g} s", buckets, FILES_AWAY))
        yield places


def _server(name: str) -> AbstractContextManager[object]:
    """What the tests start it with."""
    folder = str(ROOT / "tests")
    if folder not in sys.path:
        sys.path.append(folder)
    make: Callable[[], AbstractContextManager[object]] = importlib.import_module(name).server
    return make()


async def take_away(places: Places, *, far: Callable[[], float]) -> Mapping[str, str]:
    """Each place goes away once, when `far` says that the soak has come a share of its way; what was done."""
    done: dict[str, str] = {}
    for number, (words, server, seconds) in enumerate(places.outages, 1):
        share = number / (len(places.outages) + 1)
        while far() < share:
            await asyncio.sleep(0.5)
        with places.absence.last():
            await asyncio.to_thread(server.stop)
            await asyncio.sleep(seconds)
            await asyncio.to_thread(server.start)
        done[words] = f"at {share:.0%}"
    return done
