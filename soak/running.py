"""One soak from its first request to the audit."""

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import psycopg

from castlist.testing.lab_control import LabControl, run_lab
from soak.audit import Findings, Rows, audit, read_kept
from soak.fleet import Fleet, Gateway
from soak.people import Clients, Listener
from soak.places import Places, open_places, take_away
from soak.plan import CALM, DEPLOYMENTS, KILL_EVERY, Plan, chances_of, write_config

LASTS: Final = 2.0
LOOK: Final = 1.0
LAST_WORDS: Final = 40.0
"""Seconds after the last video's end within which everybody must have been told."""


@dataclass(frozen=True)
class Stage:
    """What a soak has around it."""

    folder: Path
    labs: Mapping[str, LabControl]
    places: Places
    log: IO[bytes]


def run(plan: Plan, *, keep: Path | None = None) -> Findings:
    """What came of it. All that the gateways write and say is in the folder `keep`, which is to be empty, where one is named."""
    with _set(plan, keep=keep) as stage:
        return asyncio.run(_run(plan, stage))


@contextmanager
def _set(plan: Plan, *, keep: Path | None) -> Iterator[Stage]:
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="castlist-soak-")))
        folder.mkdir(parents=True, exist_ok=True)
        labs = {
            id: stack.enter_context(run_lab(lasts=LASTS, seed=plan.seed + number, chances=chances_of(id)))
            for number, id in enumerate(DEPLOYMENTS)
        }
        places = stack.enter_context(open_places(plan, folder))
        yield Stage(folder, labs, places, stack.enter_context((folder / "log").open("wb")))


async def _run(plan: Plan, stage: Stage) -> Findings:
    listener = Listener(seed=plan.seed)
    runner = await listener.start()
    fleet = _enlist(plan, stage, hook=f"http://127.0.0.1:{runner.addresses[0][1]}/")
    clients = Clients([gateway.url for gateway in fleet.gateways], seed=plan.seed)
    try:
        await fleet.come_up()
        begun = time.monotonic()
        away = await _carry(plan, stage, fleet, clients)
        took = time.monotonic() - begun
        await _hear_out(stage.places.rows, fleet, listener)
    finally:
        await asyncio.to_thread(fleet.stop)
        await runner.cleanup()
    kept = read_kept(stage.places.rows)
    accounts = {id: lab.accounts() for id, lab in stage.labs.items()}
    found = audit(kept, accounts, jobs=plan.jobs, clients=clients, listener=listener)
    figures = {
        "processes killed": f"{fleet.kills}, every {KILL_EVERY:g} s one of those that were up"
        + (f"; {fleet.refusals} did not start while a place was away" if fleet.refusals else "")
        + (f"; {fleet.deaths} ended by themselves" if fleet.deaths else ""),
        "faults met upstream": str(sum(count for each in accounts.values() for name, count in each.counts.items() if "." in name)),
        **away,
        **found.figures,
        "seconds until the last video had ended": f"{took:.0f}",
    }
    deaths = [f"gateways ended {fleet.deaths} times by themselves"] if fleet.deaths else []
    return Findings(figures, [*found.broken, *deaths])


def _enlist(plan: Plan, stage: Stage, *, hook: str) -> Fleet:
    """The gateways, with a configuration; the upstreams know where to call."""
    config, places = stage.folder / "config.json", stage.places
    write_config(config, upstreams={id: lab.base_url for id, lab in stage.labs.items()}, hook=hook, castlist=places.castlist)
    fleet = Fleet([Gateway(data, config, places.environ, stage.log) for data in places.folders], places.absence, seed=plan.seed)
    for lab in stage.labs.values():
        lab.call([gateway.url for gateway in fleet.gateways])
    return fleet


async def _carry(plan: Plan, stage: Stage, fleet: Fleet, clients: Clients) -> Mapping[str, str]:
    """Everything at once until every video has ended, or the time for that is over; which places went away."""
    ended = 0
    asking = asyncio.create_task(clients.ask_for(plan.jobs, pace=plan.pace))
    torment = asyncio.create_task(fleet.torment(seconds=plan.seconds))
    away = asyncio.create_task(take_away(stage.places, far=lambda: ended / plan.jobs))
    with suppress(TimeoutError):
        async with asyncio.timeout(plan.seconds + CALM):
            while not (asking.done() and away.done() and ended >= len(clients.made)):
                await asyncio.sleep(LOOK)
                with suppress(sqlite3.Error, psycopg.Error):
                    ended = await asyncio.to_thread(_count_ended, stage.places.rows)
    for task in (asking, torment):
        task.cancel()
    return await away if away.done() else {}


def _count_ended(rows: Rows) -> int:
    return int(rows.read("SELECT count(*) FROM jobs WHERE ended")[0][0])


async def _hear_out(rows: Rows, fleet: Fleet, listener: Listener) -> None:
    """Returns when all that is to be told was told, or the time for that is over."""
    fleet.revive()
    end = time.monotonic() + LAST_WORDS
    while time.monotonic() < end:
        kept = await asyncio.to_thread(read_kept, rows)
        if all(listener.told.get(id) for id in kept.states):
            return
        await asyncio.sleep(LOOK)
