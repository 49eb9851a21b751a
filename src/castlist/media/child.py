"""The parent's side of a media child process: start it, follow it, and never let it outlive us."""

import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from castlist.errors import MediaCrashed, MediaRefused

GIB = 1 << 30
LINE_LIMIT = 16 << 20
STDERR_KEPT = 2000
PACKAGE_ROOT = str(Path(__file__).resolve().parents[2])


@dataclass(frozen=True)
class Limits:
    """What a child may use; None means as much as the machine gives. `nice` is added to the parent's own."""

    address_space: int | None
    cpu_seconds: int | None
    wall_seconds: float | None
    nice: int = 0


UNTRUSTED = Limits(address_space=2 * GIB, cpu_seconds=20, wall_seconds=30, nice=5)
RENDER = Limits(address_space=4 * GIB, cpu_seconds=None, wall_seconds=None, nice=15)


async def run(task: str, spec: Mapping[str, object], *, limits: Limits, report: Callable[[float], None] | None = None) -> dict[str, object]:
    """The result of `task`. Raises MediaRefused for a file that cannot be used, MediaCrashed when the child died or ran out of time.

    Cancelling kills the child's whole process group.
    """
    with nothing_collected():
        process = await asyncio.create_subprocess_exec(
            *command(task, limits),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(),
            limit=LINE_LIMIT,
        )
    assert process.stderr is not None
    complaints = asyncio.create_task(keep_tail(process.stderr))
    try:
        async with asyncio.timeout(limits.wall_seconds):
            outcome = await converse(process, spec, report=report)
            if outcome is not None:
                return outcome
            returncode = await process.wait()
            raise MediaCrashed(f"the {task} process ended with {name_exit(returncode)}", detail=await complaints)
    except TimeoutError:
        raise MediaCrashed(f"the {task} process was stopped: it had not finished after {limits.wall_seconds:g} seconds") from None
    finally:
        await stop(process)
        complaints.cancel()


@contextmanager
def nothing_collected() -> Iterator[None]:
    """No cyclic garbage is looked for: uvloop runs Python in the forked child before that becomes another program. What was collected there
    could wait for threads that only its parent has, for ever and the parent with it, or say goodbye on a connection of the parent's."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def command(task: str, limits: Limits) -> list[str]:
    """-P keeps the caller's working directory off the child's import path."""
    wanted = [limits.address_space, limits.cpu_seconds, limits.nice]
    return [sys.executable, "-P", "-m", "castlist.media", task, *(str(value or 0) for value in wanted)]


def environment() -> dict[str, str]:
    """Only what Python needs to import us, and single-threaded BLAS: its thread pools alone would eat the address space.

    A child writes the bytecode of what it imports, as nothing else imports it: where the installer left that to the first run,
    every child would compile NumPy, OpenCV and us anew, which took longer than painting a scene (measured).
    """
    kept = {name: os.environ[name] for name in ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in os.environ}
    paths = [PACKAGE_ROOT, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return kept | {
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUTF8": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }


async def converse(
    process: asyncio.subprocess.Process, spec: Mapping[str, object], *, report: Callable[[float], None] | None
) -> dict[str, object] | None:
    """Send the spec, pass progress on, and return the result; None when the child ended without one."""
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(ConnectionError):  # a child that died at once is told by its missing result
        process.stdin.write(json.dumps(dict(spec)).encode() + b"\n")
        await process.stdin.drain()
    async for line in process.stdout:
        match read_line(line):
            case {"progress": float() | int() as done}:
                if report is not None:
                    report(float(done))
            case {"result": dict() as result}:
                return result
            case {"error": dict() as error}:
                raise refusal(error)
            case _:
                raise MediaCrashed(f"the media process said something that is not its protocol: {line[:200]!r}")
    return None


def read_line(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None


def refusal(error: Mapping[str, object]) -> MediaRefused:
    param = error.get("param")
    return MediaRefused(
        str(error.get("message")),
        code=str(error.get("code")),
        param=None if param is None else str(param),
        value=error.get("value"),
        limit=error.get("limit"),
    )


async def keep_tail(stream: asyncio.StreamReader) -> str:
    """The last words on stderr; read to the end so that the child never blocks on a full pipe."""
    tail = b""
    while chunk := await stream.read(1 << 14):
        tail = (tail + chunk)[-STDERR_KEPT:]
    return tail.decode(errors="replace").strip()


async def stop(process: asyncio.subprocess.Process) -> None:
    """Kill the group that the child leads, or the child alone where it has not come to lead one yet, and reap it."""
    if process.returncode is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            with suppress(ProcessLookupError):
                process.kill()
    await process.wait()


def name_exit(returncode: int) -> str:
    if returncode >= 0:
        return f"exit code {returncode}"
    with suppress(ValueError):
        return signal.Signals(-returncode).name
    return f"signal {-returncode}"
