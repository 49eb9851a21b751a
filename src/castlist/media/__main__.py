"""The child's side: limit ourselves, read one spec, do one task, and stop at once when the parent is gone."""

import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module

from castlist.errors import MediaRefused

if sys.platform != "win32":
    import resource

TASKS = {
    "probe": "castlist.media.probe:probe",
    "character": "castlist.media.character:derive",
    "finish": "castlist.media.finish:finish",
    "image": "castlist.media.image:normalise",
    "source": "castlist.media.source:normalise",
    "stitch": "castlist.media.stitch:stitch",
    "animatic": "castlist.media.animatic:render",
    "contact": "castlist.media.contact:compose",
    "forms": "castlist.media.forms:derive",
    "codecs": "castlist.media.codecs:check",
}
OUTPUT_LIMIT = 4 << 30
PROGRESS_STEP = 0.005
BACKGROUND = 15

Report = Callable[[float], None]
Task = Callable[[Mapping[str, object], Report], dict[str, object]]


def main(arguments: list[str]) -> None:
    task, address_space, cpu_seconds, nice = arguments[0], *(int(value) for value in arguments[1:4])
    restrict(address_space, cpu_seconds=cpu_seconds, nice=nice)
    say = speak_alone()
    spec = json.loads(read_spec())
    threading.Thread(target=stop_with_parent, daemon=True).start()
    try:
        say({"result": load(task)(spec, progress_to(say))})
    except MediaRefused as error:
        words = {"code": error.code, "message": error.message, "param": error.param, "value": error.value, "limit": error.limit}
        say({"error": words})
    except MemoryError:
        if address_space == 0:
            raise
        message = f"the file needs more than {address_space >> 20} MiB of memory to decode; send a smaller resolution"
        say({"error": {"code": "undecodable_media", "message": message, "param": spec.get("param"), "limit": address_space}})


def restrict(address_space: int, *, cpu_seconds: int, nice: int) -> None:
    """Before PyAV is imported: a hostile file must not find us unlimited. Zero means no limit.

    A process group of our own, but not a session: Linux's autogroups weigh whole sessions against one another, and in a session
    of its own a nice 15 child took as much as the server did (status p99 beside two renders 5x idle, and 2x in ours). A low
    priority alone still lets a child finish its time slice before a request is looked at; an idle one is preempted at once.
    """
    if sys.platform == "win32":
        return
    os.setpgid(0, 0)
    os.nice(nice)
    if nice >= BACKGROUND and sys.platform == "linux":
        with suppress(PermissionError):  # some containers forbid it; the niceness is left then
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    lower(resource.RLIMIT_FSIZE, OUTPUT_LIMIT)
    if address_space:
        lower(resource.RLIMIT_AS, address_space)
    if cpu_seconds:
        lower(resource.RLIMIT_CPU, cpu_seconds)


def lower(which: int, limit: int) -> None:
    """A limit that is stricter already stays."""
    if sys.platform == "win32":
        return
    _, hard = resource.getrlimit(which)
    wanted = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(which, (wanted, hard))


def speak_alone() -> Callable[[object], None]:
    """A writer on the real stdout, after pointing file descriptor 1 at stderr: no library may speak into the protocol."""
    voice = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(words: object) -> None:
        voice.write(json.dumps(words) + "\n")
        voice.flush()

    return say


def read_spec() -> bytes:
    """Unbuffered, one line: whatever follows on stdin is only ever its end."""
    line = bytearray()
    while not line.endswith(b"\n"):
        chunk = os.read(0, 1 << 16)
        if not chunk:
            os._exit(3)
        line += chunk
    return bytes(line)


def stop_with_parent() -> None:
    """Stdin reaches its end when the parent dies; nothing half done is worth finishing then."""
    while os.read(0, 1 << 12):
        pass
    os._exit(3)


def load(task: str) -> Task:
    module, _, name = TASKS[task].partition(":")
    chosen: Task = getattr(import_module(module), name)
    return chosen


def progress_to(say: Callable[[object], None]) -> Report:
    """Progress from 0 to 1 that never goes back, and not a line for every frame."""
    last = -1.0

    def report(done: float) -> None:
        nonlocal last
        done = min(max(done, 0.0), 1.0)
        if done - last >= PROGRESS_STEP or (done == 1.0 and last < 1.0):
            last = done
            say({"progress": round(done, 4)})

    return report


if __name__ == "__main__":
    main(sys.argv[1:])
