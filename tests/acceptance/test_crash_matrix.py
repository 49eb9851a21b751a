"""Of three processes one is killed in the middle of each thing that can be in hand: all that was accepted ends, once, and is paid once."""

import os
import select
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fleet import Fleet, Member, run_fleet, run_shared_fleet

import buckets
import clips
import postgres as databases
from castlist.testing.lab import GATES
from processes import children, watch
from server.receiver import Received

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

AT_ONCE = 2.0
"""Seconds within which what a dead process had in hand goes on, on one directory: the kernel says who is dead."""

NOTICED = 15.0
"""The same on other machines, of whom the database says it after a grace: for all but a submission that may still be on its way."""

ORPHANED = 30.0
"""The same for a renderer whose process is dead: it notices at once, and goes when it is next given a core, of which others come first."""

TWIN = "Two who cannot be told apart"


@dataclass(frozen=True)
class Cut:
    """Videos whose process was killed between their submissions and the answers: by name, and until when nobody else may touch them."""

    jobs: Mapping[str, str]
    victim: Member
    killed: float
    until: datetime | None


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def fleet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("fleet")
    with ExitStack() as stack:
        if request.param == "sqlite":
            found = stack.enter_context(run_fleet(folder, None, None))
        else:
            server: databases.Server = request.getfixturevalue("postgres")
            s3: buckets.Server = request.getfixturevalue("s3")
            found = stack.enter_context(run_shared_fleet(folder, server, s3))
        yield found
        sys.stdout.write(f"{request.param}: in other hands after {sorted(round(seconds, 2) for seconds in found.took)} s\n")


@pytest.fixture(autouse=True)
def _gates(fleet: Fleet) -> Iterator[None]:
    """What one test holds is not held for the next."""
    yield
    fleet.lab.open(*GATES)


@contextmanager
def alone(fleet: Fleet) -> Iterator[Member]:
    """One server while the others stand still, so that it takes what is submitted; on a directory the programs leave it that anyway."""
    first, *others = fleet.members
    stopped = [member.process.pid for member in others if fleet.shared]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield first
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


@pytest.fixture(scope="module", autouse=True)
def cut(fleet: Fleet) -> Cut:
    """Begun before all else: on machines of their own the others must wait for the lease, and meanwhile there is more to kill."""
    with alone(fleet) as victim:
        fleet.lab.close("accepted")
        jobs = {
            "listed": fleet.submit("listed", "A lamp that is listed"),
            "named": fleet.submit("named", "A lamp that is named"),
            "twin": fleet.submit("listed", TWIN),
            "other twin": fleet.submit("listed", TWIN),
        }
        fleet.lab.wait_held("accepted", count=4)
        fleet.lab.close("received")
        jobs["never taken, named"] = fleet.submit("named", "A lamp that never arrived, named")
        jobs["never taken"] = fleet.submit("listed", "A lamp that never arrived")
        fleet.lab.wait_held("received", count=2)
        assert {fleet.hold(job).pid for job in jobs.values()} == {victim.process.pid}
        until: datetime | None = max(held for job in jobs.values() if (held := fleet.hold(job).until))
    killed = victim.kill()
    if not fleet.shared:
        until = None
        for job in jobs.values():
            fleet.recovered(job, victim, within=AT_ONCE)
    fleet.lab.open("accepted", "received")
    fleet.fill()
    return Cut(jobs, victim, killed, until)


def kill_and_look_on(fleet: Fleet, job: str, victim: Member) -> None:
    """Returns when others have the job, within the time they may take, and the dead one's place is filled."""
    killed = victim.kill()
    fleet.recovered(job, victim, within=NOTICED if fleet.shared else AT_ONCE)
    fleet.took.append(time.monotonic() - killed)
    fleet.fill()


def check_one_attempt(fleet: Fleet, job: str) -> None:
    """It is completed, by the one attempt that there was."""
    video = fleet.until(job, "succeeded", "failed")
    assert video["status"] == "completed", video
    assert [attempt["state"] for attempt in video["castlist"]["attempts"]] == ["succeeded"]
    fleet.audit([job])


def test_killed_while_a_character_is_copied_to_a_provider(fleet: Fleet, tmp_path: Path) -> None:
    luna = fleet.upload("Luna", clips.mascot_clip(tmp_path / "luna.mp4", 1.0, size=(426, 240)))
    fleet.lab.close("character")
    job = fleet.submit("listed", "Luna, who is copied", characters=[{"id": luna}])
    fleet.lab.wait_held("character", about="Luna")

    kill_and_look_on(fleet, job, fleet.holder(job))
    fleet.lab.open("character")

    check_one_attempt(fleet, job)
    assert fleet.ask("GET", f"/v1/videos/{job}")["castlist"]["cast"][0]["fidelity"] == "native"


def test_killed_as_soon_as_the_ticket_is_saved(fleet: Fleet) -> None:
    fleet.lab.close("poll")
    job = fleet.submit("named", "A lamp with a ticket")
    fleet.lab.wait_held("poll", about="A lamp with a ticket")
    victim = fleet.holder(job)

    kill_and_look_on(fleet, job, victim)
    if not fleet.shared:
        program = fleet.holder(job)
        assert (victim.serves, program.serves) == (True, False)
        kill_and_look_on(fleet, job, program)
    fleet.lab.open("poll")

    check_one_attempt(fleet, job)


def test_killed_while_the_provider_works(fleet: Fleet) -> None:
    job = fleet.submit("slow", "A lamp that takes its time")
    while fleet.ask("GET", f"/v1/videos/{job}")["progress"] == 0:
        select.select([], [], [], 0.05)
    fleet.lab.close("poll")
    fleet.lab.wait_held("poll", about="A lamp that takes its time")

    kill_and_look_on(fleet, job, fleet.holder(job))
    fleet.lab.open("poll")

    check_one_attempt(fleet, job)


def test_killed_while_half_of_the_result_is_here(fleet: Fleet) -> None:
    fleet.lab.close("content")
    job = fleet.submit("listed", "A lamp in two halves")
    fleet.lab.wait_held("content", about="A lamp in two halves")

    kill_and_look_on(fleet, job, fleet.holder(job))
    fleet.lab.open("content")

    check_one_attempt(fleet, job)
    if not fleet.shared:
        assert list((fleet.folder / "data" / "scratch").rglob("*.mp4")) == []


def told(fleet: Fleet, job: str, *, count: int) -> list[Received]:
    """What the receiver was told of the job, once it is that much; the others' ends are told meanwhile too."""
    found = fleet.hook.wait_for(lambda got: sum(job.encode() in each.body for each in got) >= count, timeout=60)
    return [each for each in found if job.encode() in each.body][:count]


def test_killed_while_a_webhook_is_on_its_way(fleet: Fleet) -> None:
    fleet.lab.close("content")
    job = fleet.submit("named", "A lamp that is told of")
    fleet.hook.hangs.add(job)
    fleet.lab.open("content")
    told(fleet, job, count=1)

    fleet.teller(job).kill()
    first, second = told(fleet, job, count=2)
    fleet.fill()

    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    check_one_attempt(fleet, job)


def test_killed_while_it_renders(fleet: Fleet) -> None:
    job = fleet.submit("drawn", "A lamp in a library")
    victim = fleet.holder(job)
    with ExitStack() as stack:
        while not (rendering := [stack.enter_context(watch(pid)) for pid in renderers(victim)]):
            assert fleet.hold(job).pid == victim.process.pid

        kill_and_look_on(fleet, job, victim)

        check_one_attempt(fleet, job)
        assert all(select.select([each], [], [], ORPHANED)[0] for each in rendering)


def renderers(member: Member) -> list[int]:
    return [pid for pid, words in children(member.process.pid).items() if "castlist.media" in words]


def test_killed_between_a_submission_and_its_answer(fleet: Fleet, cut: Cut) -> None:
    """Found again where the provider can be asked; else unknown, and never sent a second time."""
    found = {name: cut.jobs[name] for name in ("listed", "named", "never taken, named")}
    unsure = {name: cut.jobs[name] for name in ("twin", "other twin", "never taken")}

    if cut.until:
        left = (cut.until - datetime.now(UTC)).total_seconds()
        for job in cut.jobs.values():
            fleet.recovered(job, cut.victim, within=max(0.0, left) + AT_ONCE)
    ended = {name: fleet.until(job, "succeeded") for name, job in found.items()}
    held = {name: fleet.until(job, "unknown") for name, job in unsure.items()}

    states = {name: [a["state"] for a in video["castlist"]["attempts"]] for name, video in (ended | held).items()}
    assert states == {
        "listed": ["succeeded"],
        "named": ["succeeded"],
        "never taken, named": ["refused", "succeeded"],
        "twin": ["unknown"],
        "other twin": ["unknown"],
        "never taken": ["unknown"],
    }
    taken = Counter(each.prompt for each in fleet.lab.accounts().taken)
    assert {taken[str(video["prompt"])] for video in ended.values()} == {1}
    assert (taken[TWIN], taken["A lamp that never arrived"]) == (2, 0)
    fleet.audit([*found.values()])
