"""Who is at work: on a data directory a lock file for each process, which the kernel frees when it dies; on a shared database its watch."""

import fcntl
import json
import os
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Protocol

Kind = Literal["embedded", "worker", "serve"]


class Holders(Protocol):
    """The processes that share the rows, this one among them as `me`."""

    me: str

    def mark(self, kind: Kind) -> None:
        """Say what this process does here: `serve` for a server with a worker."""
        ...

    def dead(self) -> list[str]:
        """Ids of holders whose process is gone, and which may still hold leases."""
        ...

    def surely_dead(self) -> list[str]:
        """Those of the dead that cannot have sent anything that is still on its way."""
        ...

    def is_dead(self, holder: str) -> bool:
        """Whether that process is gone."""
        ...

    def serving(self) -> bool:
        """Whether another living process serves with a worker of its own."""
        ...

    def working(self) -> bool:
        """Whether another living process goes on with the work: a server, or a worker."""
        ...


class FolderHolders:
    """The processes on one folder. A visible lock file that is free belongs to a dead process."""

    def __init__(self, folder: Path, *, shared: bool = False) -> None:
        self._shared = shared
        self.me = f"{os.getpid()}-{secrets.token_hex(6)}"
        self._folder = folder / "holders"
        self._door = folder / "lock"
        self._file = -1

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While one process is in here no other one opens, migrates or sweeps the folder. Blocks."""
        door = os.open(self._door, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(door, fcntl.LOCK_EX)
            yield
        finally:
            os.close(door)

    def enter(self) -> None:
        """Take this process's lock. Only while `alone`."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        hidden = self._folder / f".{self.me}"
        self._file = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self.mark("embedded")
        # Locked before it can be seen: nobody ever finds a living holder's lock free.
        hidden.rename(self._path(self.me))

    def leave(self) -> None:
        """Give the lock back and remove it."""
        if self._file >= 0:
            self.remove(self.me)
            os.close(self._file)
            self._file = -1

    def mark(self, kind: Kind) -> None:
        """Say what this process does here: `serve` for a server with a worker."""
        text = json.dumps({"pid": os.getpid(), "kind": kind, "shared": self._shared}).ljust(128).encode()
        os.pwrite(self._file, text, 0)

    def dead(self) -> list[str]:
        """Ids of holders whose process is gone, and which nobody has swept yet."""
        return [holder for holder, alive in self._others() if not alive]

    def fellows(self, holders: Collection[str]) -> list[str]:
        """Those whose rows were in the kind of database that this process has: nothing is known of what the others had in hand."""
        return [holder for holder in holders if self._facts(holder).get("shared", self._shared) == self._shared]

    def surely_dead(self) -> list[str]:
        """The same: the kernel knows."""
        return self.dead()

    def is_dead(self, holder: str) -> bool:
        """Whether that process is gone."""
        return holder != self.me and holder not in self.living()

    def living(self) -> list[str]:
        """Ids of the other holders whose process lives."""
        return [holder for holder, alive in self._others() if alive]

    def serving(self) -> bool:
        """Whether another living process serves this folder with a worker of its own."""
        return any(self._kind(holder) == "serve" for holder in self.living())

    def working(self) -> bool:
        """Whether another living process goes on with the work on this folder: a server, or a worker."""
        return any(self._kind(holder) in {"serve", "worker"} for holder in self.living())

    def remove(self, holder: str) -> None:
        """Forget a holder; its leases must have been given back."""
        self._path(holder).unlink(missing_ok=True)

    def forget_half_made(self) -> None:
        """Remove lock files of processes that died while they entered. Only while `alone`, before `enter`."""
        for path in self._folder.glob(".*"):
            path.unlink(missing_ok=True)

    def _others(self) -> Iterator[tuple[str, bool]]:
        for path in self._folder.glob("*.lock"):
            if path.stem != self.me:
                alive = _held(path)
                if alive is not None:
                    yield path.stem, alive

    def _kind(self, holder: str) -> str:
        return str(self._facts(holder).get("kind", ""))

    def _facts(self, holder: str) -> Mapping[str, object]:
        try:
            return dict(json.loads(self._path(holder).read_text()))
        except (FileNotFoundError, ValueError):
            return {}  # after a power cut the file may be there without what was written to it

    def _path(self, holder: str) -> Path:
        return self._folder / f"{holder}.lock"


class Crowd(Protocol):
    """What a shared database says of the processes on it."""

    def mark(self, kind: str) -> None: ...
    def others(self, *, besides: Collection[str]) -> Collection[str]: ...
    def dead(self) -> list[str]: ...
    def is_dead(self, holder: str) -> bool: ...


class SharedHolders:
    """The processes on a shared database: those on this folder as the kernel knows them, the others as the database sees them."""

    def __init__(self, here: FolderHolders, crowd: Crowd) -> None:
        self.me = here.me
        self._here = here
        self._crowd = crowd

    def mark(self, kind: Kind) -> None:
        """Say what this process does."""
        self._here.mark(kind)
        self._crowd.mark(kind)

    def dead(self) -> list[str]:
        """Ids of holders whose process is gone or cut off."""
        living = set(self._here.living())
        return [*self._here.dead(), *(holder for holder in self._crowd.dead() if holder not in living)]

    def surely_dead(self) -> list[str]:
        """Those that the kernel knows are gone: who is cut off from the database may still be talking to a provider."""
        return self._here.dead()

    def is_dead(self, holder: str) -> bool:
        """Whether that process is gone or cut off."""
        return holder != self.me and holder not in self._here.living() and (holder in self._here.dead() or self._crowd.is_dead(holder))

    def serving(self) -> bool:
        """Whether another living process serves with a worker of its own."""
        return self._here.serving() or "serve" in self._crowd.others(besides=self._here.dead())

    def working(self) -> bool:
        """Whether another living process goes on with the work."""
        return self._here.working() or bool({"serve", "worker"}.intersection(self._crowd.others(besides=self._here.dead())))


def _held(path: Path) -> bool | None:
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False
