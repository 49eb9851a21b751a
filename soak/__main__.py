"""scripts/soak: runs one, prints its figures as a table, exits 1 where something does not hold."""

import argparse
import json
import os
import platform
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from soak.audit import Findings
from soak.plan import ROOT, Plan
from soak.running import run

PAGE = ROOT / "docs" / "reliability.md"


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/soak", description="Videos over failing upstreams, while gateways are killed.")
    parser.add_argument("--jobs", type=int, default=Plan.jobs, help="videos that are asked for")
    parser.add_argument("--pace", type=float, default=Plan.pace, help="videos asked for in a second")
    parser.add_argument("--seconds", type=float, default=Plan.seconds, help="when the killing ends at the latest")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default=Plan.database, help="one data folder, or a server")
    parser.add_argument("--assets", choices=["folder", "s3"], default=Plan.assets, help="where files are; s3 goes with postgres")
    parser.add_argument("--seed", type=int, default=Plan.seed, help="what the lots follow from")
    parser.add_argument("--keep", type=Path, help="an empty folder for all that the gateways write and say")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--update", action="store_true", help="put the table into docs/reliability.md")
    asked = vars(parser.parse_args())
    keep, as_json, update = asked.pop("keep"), asked.pop("json"), asked.pop("update")
    plan = Plan(**asked)
    found = run(plan, keep=keep)
    print(json.dumps({"figures": found.figures, "broken": found.broken}) if as_json else show(plan, found))
    for words in found.broken:
        print(f"BROKEN  {words}", file=sys.stderr)
    if update and not found.broken:
        PAGE.write_text(put_in(PAGE.read_text(), plan, show(plan, found)))
    sys.exit(1 if found.broken else 0)


def show(plan: Plan, found: Findings) -> str:
    """The figures as Markdown, with the command that makes them."""
    where = f"{os.cpu_count()} cores, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}"
    lines = [
        f"`{plan.words}` ({where}):",
        "",
        "| | |",
        "| --- | --- |",
        *(f"| {name} | {value} |" for name, value in found.figures.items()),
    ]
    return "\n".join(lines)


def put_in(page: str, plan: Plan, table: str) -> str:
    """The page with that table in place of the one of the same databases. Raises SystemExit where the page has no place for it."""
    name = f"soak {plan.database} {plan.assets}"
    marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not marked.search(page):
        raise SystemExit(f"{PAGE} has no place for {name}")
    return marked.sub(lambda found: f"{found[1]}{table}\n{found[2]}", page)


if __name__ == "__main__":
    main()
