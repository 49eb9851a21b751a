"""The processes that another one has begun, as the system tells them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def children(parent: int | None = None) -> dict[int, list[str]]:
    """Every living or unreaped child of `parent` (this process, when none is named) with the words of its command line."""
    parent = os.getpid() if parent is None else parent
    found: dict[int, list[str]] = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            after_name = (path / "stat").read_text().rsplit(")", 1)[1].split()
            if int(after_name[1]) == parent:
                found[int(path.name)] = (path / "cmdline").read_bytes().decode().split("\0")
        except OSError:  # it ended while we looked
            continue
    return found


def media_children(task: str) -> set[int]:
    """Those of this process that are at that media task: tests share a process, and another's fixture may run a server in it."""
    return {pid for pid, words in children().items() if "castlist.media" in words and task in words}


@contextmanager
def watch(pid: int) -> Iterator[int]:
    """What can be read from once that process has ended, reaped or not, and never stands for another that came to its number."""
    file = os.pidfd_open(pid)
    try:
        yield file
    finally:
        os.close(file)
