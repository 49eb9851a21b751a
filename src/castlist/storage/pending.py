"""Marks for assets that are on their way: a file for each, in a folder of the process that stores it.

An asset without an owner is left alone while a living process has it marked, and is swept away otherwise.
"""

from collections.abc import Collection
from pathlib import Path


class Pending:
    """The marks of one process (`me`) on a data directory."""

    def __init__(self, folder: Path, me: str) -> None:
        self._all = folder / "pending"
        self._mine = self._all / me
        self._marked: set[str] = set()

    def enter(self) -> None:
        """Make this process's folder."""
        self._mine.mkdir(mode=0o700, parents=True)

    def mark(self, asset: str) -> None:
        """This process is storing `asset`."""
        (self._mine / asset).touch(mode=0o600)
        self._marked.add(asset)

    def settle(self, assets: Collection[str]) -> None:
        """These assets have an owner now, or are gone."""
        for asset in self._marked.intersection(assets):
            (self._mine / asset).unlink(missing_ok=True)
            self._marked.discard(asset)

    def of(self, holders: Collection[str]) -> set[str]:
        """What other processes have marked."""
        return {path.name for holder in holders for path in (self._all / holder).glob("*")}
