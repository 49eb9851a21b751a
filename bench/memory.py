"""What a process holds in memory, from /proc."""

import re
from collections.abc import Callable
from pathlib import Path

MIB = 1024


def resident(pid: int) -> float:
    """Resident memory now, in MiB."""
    return _field(pid, "VmRSS")


def added_by(pid: int, work: Callable[[], None]) -> float:
    """MiB by which the peak during `work` exceeds what was held before it."""
    before = resident(pid)
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    work()
    return max(0.0, _field(pid, "VmHWM") - before)


def _field(pid: int, name: str) -> float:
    found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found, f"the process {pid} has no {name}"
    return int(found[1]) / MIB
