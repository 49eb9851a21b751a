"""Runs rows in interleaved rounds, prints the table and writes the JSON; exits 1 where a goal is missed."""

import argparse
import json
import os
import platform
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.rows import ROWS, Figures, Row, Setting, median
from bench.servers import ROOT
from castlist import __version__


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Castlist beside LiteLLM's proxy and nginx.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of: {', '.join(row.name for row in ROWS)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="of load in each measurement")
    parser.add_argument("--out", type=Path, help="where the JSON goes (docs/bench.json when all rows are run)")
    parser.add_argument("--update", action="store_true", help="put the rows that were run into docs/bench.json; the others stay")
    asked = parser.parse_args()
    if unknown := set(asked.rows) - {row.name for row in ROWS}:
        parser.error(f"there is no row {', '.join(sorted(unknown))}; there are {', '.join(row.name for row in ROWS)}")
    chosen = [row for row in ROWS if row.name in asked.rows or not asked.rows]
    rounds: dict[str, list[Figures]] = {row.name: [] for row in chosen}
    for number in range(asked.rounds):
        for row in chosen:
            with tempfile.TemporaryDirectory(prefix="castlist-bench-") as folder:
                figures = row.measure(Setting(Path(folder), asked.seconds, number))
            rounds[row.name].append(figures)
            print(f"round {number + 1}  {row.name}: {show(figures)}", file=sys.stderr, flush=True)
    results = [Result(row, median(rounds[row.name]), rounds[row.name]) for row in chosen]
    out = asked.out or (ROOT / "docs" / "bench.json" if asked.update or not asked.rows else None)
    if out:
        write(out, [result.to_json() | made(asked.rounds) for result in results], keep=asked.update)
    for result in results:
        result.show()
    sys.exit(0 if all(good for result in results for _, good in result.goals) else 1)


@dataclass(frozen=True, slots=True)
class Result:
    """A row's medians, and the rounds they come from."""

    row: Row
    figures: Figures
    rounds: list[Figures]

    @property
    def goals(self) -> list[tuple[str, bool]]:
        """Each goal in words, and whether it is reached."""
        return [found for goal in self.row.goals if (found := goal.judge(self.figures))]

    def to_json(self) -> dict[str, object]:
        goals = [{"goal": words, "reached": good} for words, good in self.goals]
        row = {"name": self.row.name, "what": self.row.what, "unit": self.row.unit}
        return row | {"figures": self.figures, "goals": goals, "rounds": self.rounds}

    def show(self) -> None:
        print(f"{self.row.what} [{self.row.unit}]\n    {show(self.figures)}")
        for words, good in self.goals:
            print(f"    {'ok    ' if good else 'MISSED'}  {words}")


def made(rounds: int) -> dict[str, object]:
    return {"made_at": datetime.now(UTC).isoformat(timespec="seconds"), "of_rounds": rounds}


def write(path: Path, rows: list[dict[str, object]], *, keep: bool) -> None:
    """The report; with `keep`, the rows that are there already and were not run now stay in it."""
    old = json.loads(path.read_text())["rows"] if keep and path.exists() else []
    found = {row["name"]: row for row in (*old, *rows)}
    names = [row.name for row in ROWS if row.name in found]
    path.write_text(json.dumps({"machine": machine(), "rows": [found[name] for name in names]}, indent=2) + "\n")


def machine() -> dict[str, object]:
    return {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system(), "castlist": __version__}


def show(figures: Figures) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in figures.items())


if __name__ == "__main__":
    main()
