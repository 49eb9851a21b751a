"""What commands print: tables and facts for people, JSON for programs, and nothing of a name's own control codes."""

import json
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDE = 200
BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def open_console(*, errors: bool = False) -> Console:
    """A console that takes text literally; wide when nobody looks, so that nothing is cut off in a pipe."""
    stream = sys.stderr if errors else sys.stdout
    return Console(file=stream, markup=False, emoji=False, highlight=False, width=None if stream.isatty() else WIDE)


def show_safely(text: object) -> str:
    """Text with control characters, and marks that turn the writing direction, spelled out."""
    return "".join(spell(character) if is_control(character) else character for character in str(text))


def is_control(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or character in BIDI


def spell(character: str) -> str:
    return f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\u{ord(character):04x}"


def shorten(text: object, width: int) -> str:
    line = " ".join(show_safely(part) for part in str(text).split())
    return line if len(line) <= width else f"{line[: width - 1]}…"


def show_time(seconds: int | None) -> str:
    return "" if not seconds else datetime.fromtimestamp(seconds, tz=UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def show_moment(seconds: int | None) -> str:
    """As show_time, to the second."""
    return "" if not seconds else datetime.fromtimestamp(seconds, tz=UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=not is_utf8()) + "\n")


def is_utf8() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def print_facts(facts: Mapping[str, object]) -> None:
    """Names and values below each other; what is None or empty stays out."""
    shown = {name: value for name, value in facts.items() if value not in (None, "")}
    width = max(map(len, shown), default=0)
    console = open_console()
    for name, value in shown.items():
        console.print(Text(f"{name.ljust(width)}  {show_safely(value)}"), soft_wrap=True)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(show_safely(cell)) for cell in row))
    open_console().print(table)


def print_line(text: str) -> None:
    open_console().print(Text(show_safely(text)), soft_wrap=True)


def print_notice(text: str) -> None:
    """A sentence for whoever watches, on standard error."""
    open_console(errors=True).print(Text(show_safely(text)), soft_wrap=True)


def show_bytes(count: int) -> str:
    """A length for people."""
    return f"{count / (1 << 20):,.1f} MiB"
