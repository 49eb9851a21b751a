"""The rows of the gateways held against the accounts of the upstreams."""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import psycopg

from castlist.testing.lab_control import Accounts
from soak.people import Clients, Listener

ENDED: Final = {"succeeded": "video.completed", "failed": "video.failed", "cancelled": "video.failed"}
LEAST: Final = 0.97


class Rows(Protocol):
    """Where the gateways' rows can be read."""

    def read(self, sql: str) -> list[tuple[str, ...]]: ...


@dataclass(frozen=True, slots=True)
class FileRows:
    """A SQLite file."""

    path: Path

    def read(self, sql: str) -> list[tuple[str, ...]]:
        connection = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()


@dataclass(frozen=True, slots=True)
class SharedRows:
    """A PostgreSQL database."""

    url: str

    def read(self, sql: str) -> list[tuple[str, ...]]:
        with psycopg.connect(self.url, options="-c search_path=castlist") as connection:
            return list(connection.execute(sql.encode()).fetchall())


@dataclass(frozen=True, slots=True)
class Sent:
    """One attempt as the gateways recorded it."""

    job: str
    deployment: str
    state: str
    ticket: str | None


@dataclass(frozen=True, slots=True)
class Kept:
    """All that the gateways recorded: state and error of each job by its id, ids by prompt, and the attempts."""

    states: Mapping[str, str]
    errors: Mapping[str, str]
    ids: Mapping[str, Sequence[str]]
    attempts: Sequence[Sent]


def read_kept(rows: Rows) -> Kept:
    """What is recorded now."""
    states, errors, ids = {}, {}, defaultdict(list)
    for id, state, doc in rows.read("SELECT id, state, doc FROM jobs ORDER BY id"):
        job = json.loads(doc)
        states[id] = state
        ids[str(job["operation"]["prompt"])].append(id)
        if error := job.get("error"):
            errors[id] = str(error["code"])
    attempts = []
    for job_id, doc in rows.read("SELECT job, doc FROM attempts ORDER BY id"):
        attempt = json.loads(doc)
        ticket = attempt.get("ticket")
        attempts.append(Sent(job_id, attempt["deployment"], attempt["state"], str(ticket["id"]) if ticket else None))
    return Kept(states, errors, ids, attempts)


def unfinished(rows: Rows) -> int:
    """How many videos have not ended."""
    return int(rows.read("SELECT count(*) FROM jobs WHERE NOT ended")[0][0])


@dataclass(frozen=True, slots=True)
class Findings:
    """`figures` by name, as they are shown; `broken` says what does not hold."""

    figures: Mapping[str, str]
    broken: Sequence[str]


def audit(kept: Kept, accounts: Mapping[str, Accounts], *, jobs: int, clients: Clients, listener: Listener) -> Findings:
    """What holds, and what does not."""
    completed = sum(state == "succeeded" for state in kept.states.values())
    last = {sent.job: sent.deployment for sent in kept.attempts}
    failures = Counter(kept.errors.get(id, "?") for id, state in kept.states.items() if state != "succeeded")
    places = Counter((kept.errors.get(id, "?"), last.get(id, "none")) for id, state in kept.states.items() if state != "succeeded")
    taken = sum(len(each.taken) for each in accounts.values())
    recorded = sum(sent.ticket is not None for sent in kept.attempts)
    silent = sum(sent.ticket is None and sent.state == "unknown" for sent in kept.attempts)
    told = [id for id in kept.states if listener.told.get(id)]
    figures = {
        "videos asked for": f"{jobs}, with {clients.repeats} repeats",
        "completed": f"{completed} ({completed / jobs:.1%})",
        "others, by the fault they name": ", ".join(f"{count} {code} at {place}" for (code, place), count in places.most_common())
        or "none",
        "accepted upstream": str(taken),
        "attempts recorded as accepted": f"{recorded}; never answered, and not found: {silent}",
        "videos told by webhook": f"{len(told)}, with {listener.requests} requests",
    }
    broken = [
        *_lost(kept, jobs=jobs, clients=clients),
        *_accounts(kept, accounts),
        *_won(kept),
        *_paid(kept, accounts),
        *_told(kept, listener),
    ]
    if completed < LEAST * jobs:
        broken.append(f"{completed} of {jobs} completed, which is less than {LEAST:.0%}")
    broken += [f"{count} videos name no fault: {code}" for code, count in failures.items() if code in {"?", "internal_error"}]
    return Findings(figures, broken)


def _lost(kept: Kept, *, jobs: int, clients: Clients) -> list[str]:
    found = [f"{id} was answered, and is gone" for id in clients.made.values() if id not in kept.states]
    found += [f"{id} has not ended: {state}" for id, state in kept.states.items() if state not in ENDED]
    found += [f"{prompt!r} was made {len(ids)} times" for prompt, ids in kept.ids.items() if len(ids) > 1]
    found += [f"number {number} was refused: {why}" for number, why in clients.refused.items()]
    return found + ([f"{jobs} were asked for and {len(clients.made)} answered"] if len(clients.made) != jobs else [])


def _accounts(kept: Kept, accounts: Mapping[str, Accounts]) -> list[str]:
    """What an upstream accepted is an attempt of ours under that ticket, or of the same job there, never answered."""
    tickets = Counter((sent.deployment, sent.ticket) for sent in kept.attempts if sent.ticket)
    silent = Counter((sent.deployment, sent.job) for sent in kept.attempts if not sent.ticket and sent.state == "unknown")
    broken = [f"ticket {ticket} of {deployment} has {count} attempts" for (deployment, ticket), count in tickets.items() if count > 1]
    for deployment, found in accounts.items():
        ids = {work.id for work in found.taken}
        broken += [f"{deployment} never accepted {ticket}" for place, ticket in tickets if place == deployment and ticket not in ids]
        for work in found.taken:
            owners = kept.ids.get(work.prompt, ["?"])
            if (deployment, work.id) not in tickets and not silent[deployment, owners[0]]:
                broken.append(f"{deployment} accepted {work.id} for {owners[0]}, and no attempt has it")
    return broken


def _won(kept: Kept) -> list[str]:
    wins = Counter(sent.job for sent in kept.attempts if sent.state == "succeeded")
    return [
        f"{id} is {state} with {wins[id]} succeeded attempts"
        for id, state in kept.states.items()
        if wins[id] != (1 if state == "succeeded" else 0)
    ]


def _paid(kept: Kept, accounts: Mapping[str, Accounts]) -> list[str]:
    """No two works of one video were done, which is what an upstream bills."""
    done = Counter(work.prompt for each in accounts.values() for work in each.taken if work.status == "completed")
    return [f"{kept.ids.get(prompt, ['?'])[0]} was made {count} times upstream" for prompt, count in done.items() if count > 1]


def _told(kept: Kept, listener: Listener) -> list[str]:
    broken = [f"nobody was told of {id}" for id, state in kept.states.items() if state in ENDED and not listener.told.get(id)]
    broken += [f"{id} was told under {len(events)} ids" for id, events in listener.told.items() if len(events) > 1]
    return broken + [
        f"{id} is {state} and was told as {listener.kinds[id]}"
        for id, state in kept.states.items()
        if id in listener.kinds and listener.kinds[id] != ENDED.get(state)
    ]
