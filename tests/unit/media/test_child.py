"""A media child is limited, says what it must, and never outlives whoever started it."""

import asyncio
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import clips
from castlist import samples
from castlist.errors import MediaCrashed, MediaRefused
from castlist.media import child
from castlist.media.child import RENDER, UNTRUSTED, Limits, run
from processes import media_children

LUNA = str(samples.path("luna"))
PATIENCE = 20.0


def wait_for_end(pid: int) -> bool:
    """Whether the process ends while we watch it."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], PATIENCE)[0])
    finally:
        os.close(watched)


def test_a_task_answers_with_its_result_under_the_limits_for_uploads() -> None:
    result = asyncio.run(run("probe", {"path": LUNA, "kind": "video"}, limits=UNTRUSTED))

    assert (result["width"], result["height"], result["seconds"]) == (1280, 720, 3.0)


def test_a_refusal_travels_with_all_its_fields(tmp_path: Path) -> None:
    small = clips.mascot_clip(tmp_path / "small.mp4", 1, size=(320, 180))

    with pytest.raises(MediaRefused) as caught:
        asyncio.run(run("probe", {"path": str(small), "param": "video"}, limits=UNTRUSTED))

    error = caught.value
    assert (error.code, error.param, error.value, error.limit) == ("resolution_too_small", "video", 180, 240)


FORKS = """
import asyncio, gc, os, sys, uvloop
from castlist.media import child

class Ring:
    def __init__(self):
        self.me, self.made = self, os.getpid()

    def __del__(self):
        if os.getpid() != self.made:
            os.write(1, b"collected in the child")

os.register_at_fork(before=lambda: [Ring() for _ in range(99)] and None, after_in_child=lambda: len([[] for _ in range(99999)]))
with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    result = runner.run(child.run("probe", {"path": sys.argv[1], "kind": "video"}, limits=child.UNTRUSTED))
print(result["width"], gc.isenabled())
"""


def test_nothing_of_the_parent_s_is_collected_in_a_child_that_was_just_forked() -> None:
    """Its finalizers may wait there for threads that were not forked with it, and the loop of the parent waits for the child."""
    done = subprocess.run([sys.executable, "-c", FORKS, LUNA], capture_output=True, text=True, timeout=PATIENCE, check=False)

    assert (done.stdout.split("\n")[0], done.stderr) == ("1280 True", "")


def test_progress_rises_to_the_end(tmp_path: Path) -> None:
    seen: list[float] = []
    clip = clips.mascot_clip(tmp_path / "clip.mp4", 0.6, size=(426, 240))

    asyncio.run(run("character", {"sources": [str(clip)], "kind": "video", "out": str(tmp_path)}, limits=RENDER, report=seen.append))

    assert seen == sorted(seen)
    assert len(seen) > 10
    assert seen[-1] == 1.0


def test_an_unforeseen_failure_is_a_crash_that_keeps_its_last_words() -> None:
    with pytest.raises(MediaCrashed, match="exit code 1") as caught:
        asyncio.run(run("probe", {}, limits=UNTRUSTED))

    assert "KeyError: 'path'" in caught.value.detail


def test_too_long_on_the_wall_clock_is_a_crash(tmp_path: Path) -> None:
    limits = Limits(address_space=None, cpu_seconds=None, wall_seconds=0.3)
    before = media_children("character")

    with pytest.raises(MediaCrashed, match=r"0\.3 seconds"):
        asyncio.run(run("character", {"sources": [LUNA], "kind": "video", "out": str(tmp_path)}, limits=limits))

    assert media_children("character") == before


def test_too_much_processor_time_ends_the_child(tmp_path: Path) -> None:
    limits = Limits(address_space=None, cpu_seconds=1, wall_seconds=PATIENCE)

    with pytest.raises(MediaCrashed, match="SIGXCPU"):
        asyncio.run(run("character", {"sources": [LUNA], "kind": "video", "out": str(tmp_path)}, limits=limits))


def test_too_much_memory_is_refused_by_the_limit(tmp_path: Path) -> None:
    large = clips.plain_image(tmp_path / "large.png", size=(2000, 1200))
    limits = Limits(address_space=200 << 20, cpu_seconds=20, wall_seconds=PATIENCE)

    with pytest.raises((MediaRefused, MediaCrashed)):
        asyncio.run(run("image", {"path": str(large), "out": str(tmp_path)}, limits=limits))


def test_cancelling_kills_the_child_and_leaves_no_half_file(tmp_path: Path) -> None:
    before = media_children("character")

    async def cancel_midway() -> None:
        begun = asyncio.Event()
        spec = {"sources": [LUNA], "kind": "video", "out": str(tmp_path)}
        task = asyncio.create_task(run("character", spec, limits=RENDER, report=lambda done: begun.set()))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel_midway())

    assert media_children("character") == before
    assert not (tmp_path / "clip.mp4").exists()


def test_a_child_that_does_not_lead_a_group_yet_is_stopped_too() -> None:
    async def stop_at_once() -> int | None:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE)
        async with asyncio.timeout(PATIENCE):
            await child.stop(process)
        return process.returncode

    assert asyncio.run(stop_at_once()) == -signal.SIGKILL


def test_the_child_yields_to_us_in_our_own_session_and_leads_a_group(tmp_path: Path) -> None:
    seen: set[tuple[int, int, bool, bool]] = set()

    def look(done: float) -> None:
        for pid in media_children("character"):
            mine = os.getsid(pid) == os.getsid(0)
            seen.add((os.getpriority(os.PRIO_PROCESS, pid), os.sched_getscheduler(pid), mine, os.getpgid(pid) == pid))

    asyncio.run(run("character", {"sources": [LUNA], "kind": "video", "out": str(tmp_path)}, limits=RENDER, report=look))

    assert seen == {(min(os.nice(0) + 15, 19), os.SCHED_IDLE, True, True)}


PARENT = """
import asyncio, sys
from pathlib import Path
from castlist.media.child import RENDER, run
def tell(done):
    print(*{pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}, flush=True)
asyncio.run(run("character", {"sources": [sys.argv[1]], "kind": "video", "out": sys.argv[2]}, limits=RENDER, report=tell))
"""


def test_the_child_of_a_killed_parent_stops_at_once(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, LUNA, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        grandchild = int(parent.stdout.readline())
        parent.kill()

    assert wait_for_end(grandchild)
    assert not (tmp_path / "analysis.json").exists()


def test_the_child_inherits_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("CASTLIST_API_KEY", "sk-secret")

    given = child.environment()

    assert "sk-secret" not in given.values()
    assert not {"HOME", "PATH", "OPENAI_API_KEY"} & given.keys()


def test_a_child_may_keep_the_bytecode_of_what_it_imports_whatever_the_parent_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    script = "import sys; print(sys.dont_write_bytecode)"

    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=child.environment(), check=True)

    assert shown.stdout.strip() == "False"


def test_the_parent_side_imports_no_media_library() -> None:
    script = "import castlist.media.child, sys; print(*{'av', 'cv2', 'numpy'} & set(sys.modules))"

    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert shown.stdout.strip() == ""


def test_a_file_in_the_working_directory_is_not_imported(tmp_path: Path) -> None:
    (tmp_path / "av.py").write_text("raise SystemExit('hijacked')")
    script = (
        "import asyncio, sys; from castlist.media.child import UNTRUSTED, run;"
        "print(asyncio.run(run('probe', {'path': sys.argv[1]}, limits=UNTRUSTED))['frames'])"
    )

    shown = subprocess.run([sys.executable, "-P", "-c", script, LUNA], capture_output=True, text=True, cwd=tmp_path, check=False)

    assert shown.stdout.strip() == "72", shown.stderr
