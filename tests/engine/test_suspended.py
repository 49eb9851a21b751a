"""A process that is suspended on its way to a paid request, and wakes when another has done its work: one request was paid."""

import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from castlist.errors import Unavailable
from castlist.model.jobs import AttemptState, State
from castlist.worker import Worker
from engine.conftest import ME
from engine.suspended import put_in

pytestmark = pytest.mark.anyio

HERE = Path(__file__).parent


@pytest.fixture
def anyio_backend():
    return "asyncio"


def is_stopped(process) -> bool:
    """What the kernel says of the process."""
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@pytest.mark.parametrize(
    ("place", "found"), [("prepare", "absent"), ("send", "absent"), pytest.param("send", "unknown", marks=pytest.mark.slow)]
)
async def test_no_second_request_is_paid(stage, tmp_path, place, found):
    ledger = tmp_path / "ledger"
    async with asyncio.timeout(90), stage("hero: fake/instant", settings=f"found: {found}", worker=False) as front:
        seen = await front.create(model="hero")
        arguments = [str(tmp_path / "config.yaml"), str(tmp_path / "data"), place, str(ledger)]
        process = await asyncio.create_subprocess_exec(sys.executable, HERE / "suspended.py", *arguments)
        try:
            while not is_stopped(process):
                await asyncio.sleep(0.05)
            async with stage("hero: fake/instant", settings=f"found: {found}") as other:
                put_in(other.gateway, ledger)
                if found == "unknown":
                    await other.until(seen, lambda now: now.job.waiting == "unknown")
                    os.kill(process.pid, signal.SIGCONT)
                await other.end(seen)
                os.kill(process.pid, signal.SIGCONT)
                assert await process.wait() == 0
                ended = await front.engine.video(ME, seen.job.id)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    assert ended.job.state is State.SUCCEEDED
    assert len(ledger.read_text().splitlines()) == 1
    assert [a.state for a in ended.attempts] == ([AttemptState.REFUSED] if place == "send" else []) + [AttemptState.SUCCEEDED]


async def test_a_request_that_the_storage_kept_from_leaving_is_sent_later(stage):
    async with asyncio.timeout(60), stage("hero: fake/instant", settings="found: unknown", worker=False) as s:
        seen = await s.create(model="hero")
        kit = s.engine.kit
        s.engine.kit = replace(kit, boot_clock=break_once(kit.boot_clock))
        worker = Worker(s.engine)
        await worker.start()
        try:
            ended = await s.end(seen)
        finally:
            await worker.stop()

    assert ended.job.state is State.SUCCEEDED
    assert [a.state for a in ended.attempts] == [AttemptState.REFUSED, AttemptState.SUCCEEDED]
    assert ended.attempts[0].error.code == "not_sent"


def break_once(clock):
    """A clock at whose first reading the storage is away."""
    errors = [Unavailable("the storage is away", code="storage_busy")]

    def read() -> float:
        if errors:
            raise errors.pop()
        return clock()

    return read
