"""Whatever two processes do to jobs in whatever order, and wherever a transaction breaks off: what was promised of the rows holds."""

import json
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from castlist.errors import Conflict, SpendLimit
from castlist.model.jobs import ENDED, Attempt, AttemptState, Cost, Failure, Job, State
from castlist.model.operations import Wishes
from castlist.model.repeats import Mark
from castlist.model.telling import COMPLETED, FAILED, Delivery, Told, Try, Wanted
from castlist.storage.charges import day_of
from castlist.storage.database import Row, to_micros
from castlist.storage.sweep import release_leases
from storage.breaking import ANSWERS, NAMES, Broken, World
from storage.samples import NOON, a_job, an_attempt, create

T = TypeVar("T")
HOOKS = (Wanted("default", "https://example.com/all"), Wanted("default", "https://example.com/failures", (FAILED,)))
OTHERS = (Wanted("other", "https://example.org/all"),)
OWN = "https://example.net/own"
WHO = st.sampled_from(NAMES)
PICK = st.integers(0, 30)
AT = st.one_of(st.none(), st.none(), st.none(), st.integers(1, 9))
COST = st.sampled_from([0, 70_000, 400_000])
LASTING = frozenset({AttemptState.SUCCEEDED, AttemptState.FAILED, AttemptState.CANCELLED})
NOT_MADE = Failure("code", "message")


class Work(RuleBasedStateMachine):
    """What each process knows of its jobs, which may be old, and what must be true of all of them."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        world = self.world
        world.clear()
        world.run("near", world["near"].outbox.register([*HOOKS, *OTHERS]))
        self.copies: dict[tuple[str, str], Job] = {}
        self.leases: dict[str, tuple[str, int]] = {}
        self.attempts: dict[str, Attempt] = {}
        self.money: dict[str, int] = {}
        self.ends: dict[str, State] = {}
        self.hooks: dict[str, set[str]] = {}
        self.keys: dict[str, str] = {}
        self.parcels: list[tuple[str, Delivery]] = []
        self.parcel_leases: dict[str, tuple[str, int]] = {}
        self.arrived: set[str] = set()
        self.heard = 0
        self.seen: dict[str, tuple[object, int]] = {}
        self.lasting: dict[str, object] = {}
        self.rows: Mapping[str, list[Row]] = world.rows()
        for cost, own in ((70_000, True), (0, False)):
            self.add("near", cost, own, None, "default", None)
            self.refresh()
        self.claim("far", 1, 60, None)

    def do(self, who: str, work: Coroutine[None, None, T], at: int | None = None) -> T | None:
        """What it gave; None, and nothing written at all, where it breaks off."""
        before = self.rows
        try:
            found: T = self.world.run(who, work, at=at)
            return found
        except Broken:
            assert self.world.rows() == before
            return None

    def holds(self, who: str, job: str) -> bool:
        return job in self.leases and self.leases[job][0] == who

    def saved(self, who: str, job: Job, done: bool | None, *, release: bool = False) -> bool:
        """Whether it was saved: never by one who has the lease no more."""
        if done is None:
            return False
        assert done is self.holds(who, job.id)
        if done:
            self.copies[who, job.id] = job
            if release or job.ended:
                del self.leases[job.id]
            if job.ended:
                self.end(job.id, job.state)
        else:
            assert self.world.rows() == self.rows
        return done

    def end(self, job: str, state: State) -> None:
        self.ends[job] = state
        self.money.pop(job, None)
        self.leases.pop(job, None)

    def charge(self, attempt: Attempt) -> None:
        """What the attempt says of money, where it is kept."""
        if attempt.id not in self.money:
            return
        held, refused = self.money[attempt.id], attempt.state is AttemptState.REFUSED
        self.money[attempt.id] = 0 if refused else attempt.cost.micros
        if refused and attempt.job not in self.ends and attempt.job not in self.money:
            self.money[attempt.job] = held
            del self.money[attempt.id]

    def stored(self, attempt: str) -> dict[str, object]:
        found = next(row[3] for row in self.world.rows()["attempts"] if row[0] == attempt)
        return dict(json.loads(found))

    def refresh(self) -> None:
        self.rows = self.world.rows()

    # What callers ask for.

    @rule(
        who=WHO, cost=COST, own=st.booleans(), key=st.sampled_from([None, "a", "b"]), project=st.sampled_from(["default", "other"]), at=AT
    )
    def add(self, who: str, cost: int, own: bool, key: str | None, project: str, at: int | None) -> None:
        wishes = Wishes(webhook=OWN if own else None)
        self.world.watch.advance(0.001)
        now = self.world.watch.now
        job = a_job(replace(create("char_1"), wishes=wishes), project=project, at=now, cost=Cost(cost))
        mark = Mark(project, f"digest {cost} {own}", key and f"{project} {key}")
        known = mark.key is not None and mark.key in self.keys
        try:
            done = self.do(who, self.world[who].jobs.add(job, mark=mark), at)
        except Conflict:
            assert known
            assert self.world.rows() == self.rows
            return
        if done is None:
            return
        assert done is not known
        if done:
            self.hooks[job.id] = {each.url for each in (*HOOKS, *OTHERS) if each.project == project} | ({OWN} if own else set())
            self.money |= {job.id: cost} if cost else {}
            self.keys |= {mark.key: job.id} if mark.key else {}
        elif mark.key is not None:
            assert self.world.run(who, self.world[who].requests.first(mark)) == self.keys[mark.key]

    @precondition(lambda self: self.hooks)
    @rule(who=WHO, number=PICK, what=st.sampled_from(["cancel", "delete", "fail"]), at=AT)
    def ask_for_the_end(self, who: str, number: int, what: str, at: int | None) -> None:
        job = list(self.hooks)[number % len(self.hooks)]
        row = next(row for row in self.rows["jobs"] if row[0] == job)
        project, jobs = row[1], self.world[who].jobs
        # Work that was left behind at a provider is stopped by a worker, which then ends the job.
        unsent = row[2] in {"queued", "preparing"} and not any(
            each[1] == job and json.loads(each[3])["state"] == AttemptState.TICKETED for each in self.rows["attempts"]
        )
        if what == "fail":
            done = self.do(who, self.failing(who, job), at)
        else:
            found = self.do(who, (jobs.request_cancel if what == "cancel" else jobs.delete)(project, job), at)
            done = found is not None and row[9] is None
        if done and unsent and not (what == "cancel" and row[8] and job not in self.ends):
            self.end(job, State.FAILED if what == "fail" else State.CANCELLED)

    async def failing(self, who: str, job: str) -> bool:
        await self.world[who].jobs.fail_queued([job], NOT_MADE)
        return True

    @precondition(lambda self: self.hooks)
    @rule(number=PICK, message=st.integers(0, 5), at=AT)
    def hear(self, number: int, message: int, at: int | None) -> None:
        job = list(self.hooks)[number % len(self.hooks)]
        told = self.do("near", self.world["near"].callbacks.hear(f"{job} {message}", job), at)
        new = all(row[0] != f"{job} {message}" for row in self.rows["callbacks"])
        assert told is None or told is (new and job not in self.ends)
        self.heard += bool(told)

    # What processes do with jobs.

    @rule(who=WHO, limit=st.integers(1, 4), lease=st.sampled_from([10, 60]), at=AT)
    def claim(self, who: str, limit: int, lease: int, at: int | None) -> None:
        jobs = self.do(who, self.world[who].jobs.claim(deployments=["d1"], limit=limit, lease=lease), at)
        free = {
            row[0]: row[5]
            for row in self.rows["jobs"]
            if not row[3] and row[5] <= to_micros(self.world.watch.now) and not self.living(self.leases, row[0])
        }
        if jobs is None:
            return
        assert len(jobs) == min(limit, len(free))
        assert sorted(free[job.id] for job in jobs) == sorted(free.values())[: len(jobs)]
        for job in jobs:
            self.leases[job.id] = who, to_micros(self.world.watch.now) + lease * 1_000_000
            self.copies[who, job.id] = job

    def living(self, leases: Mapping[str, tuple[str, int]], id: str) -> bool:
        return id in leases and leases[id][1] >= to_micros(self.world.watch.now)

    @rule(who=WHO, at=AT)
    def renew(self, who: str, at: int | None) -> None:
        ids = [job for holder, job in self.copies if holder == who]
        kept = self.do(who, self.world[who].jobs.renew(ids, lease=60), at)
        if kept is not None:
            assert kept == {job for job in ids if self.holds(who, job)}
            self.leases |= dict.fromkeys(kept, (who, to_micros(self.world.watch.now) + 60000000))

    @rule(seconds=st.sampled_from([1, 11, 61, 7_200]))
    def wait(self, seconds: int) -> None:
        self.world.watch.advance(seconds)

    @rule(who=WHO, at=AT)
    def lose(self, who: str, at: int | None) -> None:
        """Swept as one that died, while it lives on and knows nothing of it."""
        holder = self.world[who].holder
        if self.do("near", self.sweeping(holder), at):
            self.leases = {job: lease for job, lease in self.leases.items() if lease[0] != who}
            self.parcel_leases = {id: lease for id, lease in self.parcel_leases.items() if lease[0] != who}

    async def sweeping(self, holder: str) -> bool:
        await self.world["near"].write(lambda connection: release_leases(connection, [holder]))
        return True

    @rule(steps=st.lists(st.tuples(PICK, st.integers(0, 5), COST, AT), min_size=4, max_size=12))
    def go_on(self, steps: list[tuple[int, int, int, int | None]]) -> None:
        for number, way, cost, at in steps:
            self.step(number, way, cost=cost, at=at)
            self.what_was_promised_holds()

    def step(self, number: int, way: int, *, cost: int, at: int | None) -> None:
        """The next step of a job, by what the process that takes it knows of it."""
        known = [(who, job) for (who, _), job in self.copies.items() if not job.ended]
        if not known:
            return self.claim(NAMES[number % 2], 2, 60, at)
        who, job = known[number % len(known)]
        match job.state:
            case State.QUEUED | State.PREPARING:
                self.intend(who, job, cost=cost, room={4: -1, 5: 0}.get(way), at=at)
            case State.SUBMITTING | State.UNKNOWN:
                state, after = ANSWERS[way]
                self.answer(who, job.attempt or "", state, at)
                self.refresh()
                self.save(who, job.to(after), at, release=way == 1)
            case State.RUNNING if way > 3:
                self.progress(who, job, percent=20 * way - 1, at=at)
            case State.RUNNING:
                self.save(who, job.to(State.QUEUED if way == 0 else State.STORING), at, release=way == 1)
            case _:
                self.finish(who, job, well=way > 0, cost=cost, at=at)
        return None

    def save(self, who: str, job: Job, at: int | None, *, release: bool) -> None:
        self.saved(who, job, self.do(who, self.world[who].jobs.save(job, release=release), at), release=release)

    def intend(self, who: str, job: Job, *, cost: int, room: int | None, at: int | None) -> None:
        before = [row for row in self.rows["attempts"] if row[1] == job.id]
        attempt = an_attempt(job, len(before) + 1, cost=Cost(cost), started_at=self.world.watch.now)
        moved = job.to(State.SUBMITTING, attempt=attempt.id, deployment="d1")
        today = {row[0] for row in self.rows["charges"] if row[1] == day_of(self.world.watch.now)} - {job.id}
        limit = None if room is None else sum(self.money[owner] for owner in today) + cost + room
        try:
            done = self.do(who, self.world[who].jobs.open_attempt(moved, attempt, limit=limit), at)
        except SpendLimit:
            assert room == -1
            assert cost
            assert self.world.rows() == self.rows
            return
        if self.saved(who, moved, done):
            self.attempts[attempt.id] = attempt
            self.money.pop(job.id, None)
            self.money |= {attempt.id: cost} if cost else {}

    @precondition(lambda self: self.attempts)
    @rule(who=WHO, number=PICK, way=st.integers(0, 5), at=AT)
    def answer_late(self, who: str, number: int, way: int, at: int | None) -> None:
        self.answer(who, list(self.attempts)[number % len(self.attempts)], ANSWERS[way][0], at)

    def answer(self, who: str, id: str, state: AttemptState, at: int | None) -> None:
        """What a provider said of a request, kept by whoever heard it."""
        sent = self.attempts[id]
        ticket = {"id": sent.id} if state is AttemptState.TICKETED else None
        attempt = replace(sent, state=state, ticket=ticket, cost=Cost() if state is AttemptState.REFUSED else sent.cost)
        before = self.stored(sent.id)
        if self.do(who, self.keeping(who, attempt), at) and before["state"] not in LASTING and (ticket or before["ticket"] is None):
            assert self.stored(sent.id)["state"] == state
            self.charge(attempt)

    async def keeping(self, who: str, attempt: Attempt) -> bool:
        await self.world[who].jobs.save_attempt(attempt)
        return True

    def progress(self, who: str, job: Job, *, percent: int, at: int | None) -> None:
        self.do(who, self.world[who].jobs.save_progress({job.id: percent}), at)
        before, after = (next(row[6] for row in rows["jobs"] if row[0] == job.id) for rows in (self.rows, self.world.rows()))
        assert after == before or (after == percent > before and self.holds(who, job.id))

    def finish(self, who: str, job: Job, *, well: bool, cost: int, at: int | None) -> None:
        sent = self.attempts[job.attempt or ""]
        outcome = AttemptState.SUCCEEDED if well else AttemptState.FAILED
        attempt = replace(sent, state=outcome, ticket={"id": sent.id}, cost=Cost(cost), ended_at=self.world.watch.now)
        state = State.SUCCEEDED if well else State.FAILED
        ended = job.to(state, error=None if well else NOT_MADE, completed_at=self.world.watch.now)
        done = self.do(who, self.world[who].jobs.finish(ended, attempt=attempt, assets=()), at)
        if self.saved(who, ended, done):
            self.charge(attempt)

    # Who is told.

    @rule(who=WHO, limit=st.integers(1, 3), at=AT)
    def carry(self, who: str, limit: int, at: int | None) -> None:
        found = self.do(who, self.world[who].outbox.claim(limit=limit, lease=30, sealed_by="key"), at)
        for each in found or ():
            assert not self.living(self.parcel_leases, each.id)
            assert each.id not in self.arrived
            self.parcel_leases[each.id] = who, to_micros(self.world.watch.now) + 30_000_000
            self.parcels.append((who, each))

    @precondition(lambda self: self.parcels)
    @rule(number=PICK, state=st.sampled_from([Told.DELIVERED, Told.PENDING, Told.DEAD]), at=AT)
    def hand_over(self, number: int, state: Told, at: int | None) -> None:
        who, parcel = self.parcels[number % len(self.parcels)]
        ours = self.parcel_leases.get(parcel.id, ("", 0))[0] == who
        after = replace(parcel, state=state, due_at=self.world.watch.now, tries=(Try(NOON, 0.1, 200),))
        done = self.do(who, self.world[who].outbox.save(after), at)
        assert done is None or done is (ours or state is Told.DELIVERED)
        if done:
            self.parcel_leases.pop(parcel.id, None)
            self.arrived |= {parcel.id} if state is Told.DELIVERED else set()

    # What is always true.

    @invariant()
    def what_was_promised_holds(self) -> None:
        self.refresh()
        self.ended_jobs_stay_as_they_ended()
        self.one_attempt_succeeds_and_what_it_became_it_stays()
        self.each_end_is_told_once_to_each_who_is_to_hear_of_it()
        self.what_is_reserved_is_what_is_open()
        self.every_change_shows_and_nothing_goes_back()

    def ended_jobs_stay_as_they_ended(self) -> None:
        for row in self.rows["jobs"]:
            assert bool(row[3]) is (row[0] in self.ends)
            assert row[2] == self.ends[row[0]] if row[3] else State(row[2]) not in ENDED
            if row[3]:
                assert row[11] is None
                assert self.lasting.setdefault(row[0], (row[2], row[13])) == (row[2], row[13])

    def one_attempt_succeeds_and_what_it_became_it_stays(self) -> None:
        won = [row[1] for row in self.rows["attempts"] if json.loads(row[3])["state"] == "succeeded"]
        assert sorted(won) == sorted(job for job, state in self.ends.items() if state is State.SUCCEEDED)
        for row in self.rows["attempts"]:
            if (state := json.loads(row[3])["state"]) in LASTING or row[0] in self.lasting:
                assert self.lasting.setdefault(row[0], state) == state

    def each_end_is_told_once_to_each_who_is_to_hear_of_it(self) -> None:
        urls = {row[0]: row[2] for row in self.rows["webhook_endpoints"]}
        events: dict[str, set[str]] = {}
        told = []
        for row in self.rows["webhook_deliveries"]:
            told.append((row[3], urls[row[5]], row[2]))
            events.setdefault(row[3], set()).add(row[1])
            assert row[6] == "delivered" or row[0] not in self.arrived
        kinds = {job: COMPLETED if state is State.SUCCEEDED else FAILED for job, state in self.ends.items()}
        due = [(job, url, kinds[job]) for job in kinds for url in self.hooks[job] if url != HOOKS[1].url or kinds[job] == FAILED]
        assert sorted(told) == sorted(due)
        assert all(len(found) == 1 for found in events.values())

    def what_is_reserved_is_what_is_open(self) -> None:
        assert {row[0]: row[2] for row in self.rows["charges"]} == self.money
        spent = sum(row[2] for row in self.rows["charges"] if row[1] == day_of(self.world.watch.now))
        assert self.world.run("far", self.world["far"].jobs.spent()) == spent

    def every_change_shows_and_nothing_goes_back(self) -> None:
        attempts = {row[0]: [each[2:] for each in self.rows["attempts"] if each[1] == row[0]] for row in self.rows["jobs"]}
        for row in self.rows["jobs"]:
            shown, revision = (row[2], row[6], row[8], row[9], row[13], attempts[row[0]]), row[10]
            before, known = self.seen.get(row[0], (shown, revision))
            assert revision > known if shown != before else revision >= known
            self.seen[row[0]] = shown, revision
        assert sorted(row[2] for row in self.rows["callbacks"]) == list(range(1, self.heard + 1))


@pytest.fixture
def world(tmp_path: Path, database_url: str | None) -> Iterator[World]:
    opened = World(tmp_path / "data", database_url)
    yield opened
    opened.close()


def explore(world: World, *, examples: int, steps: int) -> int:
    """How many stories were told; the first that breaks a promise fails."""
    machine = type("Work", (Work,), {"world": world})
    run_state_machine_as_test(machine, settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None, database=None))
    return world.stories


def test_what_was_promised_of_jobs_holds_whatever_happens(world: World) -> None:
    assert explore(world, examples=10, steps=8) >= 10


@pytest.mark.slow
def test_it_holds_for_long_stories_too(world: World) -> None:
    assert explore(world, examples=30, steps=15) >= 30
