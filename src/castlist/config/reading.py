"""Takes values out of a document, one by one, keeping every mistake, everything passed over and every warning."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from castlist.config.document import Node
from castlist.config.settings import Secret

REFERENCE = "os.environ/"
MOST = 1_000_000_000
"""No number that anybody means is larger, and in millionths it is still counted exactly."""

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the file. `variable` names the environment variable it came from; `value` is None while that one is unset."""

    value: str | None
    variable: str | None
    line: int
    written: str


def split_address(text: str) -> SplitResult:
    """The parts of an address; nothing in them where it cannot be read as one."""
    try:
        return urlsplit(text)
    except ValueError:
        return urlsplit("")


def nearest(word: str, known: Collection[str], *, cutoff: float = 0.6) -> str | None:
    """The known word most like `word`."""
    found = get_close_matches(word.lower(), sorted(known), n=1, cutoff=cutoff)
    return found[0] if found else None


class Reading:
    """One pass over a document: what it found wrong (`mistakes`), LiteLLM's that we do not have (`ignored`), and `warnings`."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.mistakes: list[tuple[int, str]] = []
        self.ignored: list[tuple[int, str]] = []
        self.warnings: list[str] = []

    def wrong(self, line: int, sentence: str) -> None:
        self.mistakes.append((line, sentence))

    def ignore(self, line: int, what: str) -> None:
        self.ignored.append((line, what))

    def unknown(self, line: int, key: str, known: Collection[str], *, where: str) -> None:
        """Records a key that is not ours, with the nearest that is."""
        close = nearest(key, known)
        hint = f"did you mean {close!r}?" if close else f"known here: {', '.join(sorted(known))}"
        self.wrong(line, f"unknown setting {key!r} in {where}; {hint}")

    def mapping(self, node: Node, what: str) -> Mapping[str, Node]:
        if node.value is None:
            return {}
        if not isinstance(node.value, dict):
            self.wrong(node.line, f"{what} must be a mapping, not {node.kind}")
        return node.entries

    def listing(self, node: Node, what: str) -> list[Node]:
        if not isinstance(node.value, list):
            self.wrong(node.line, f"{what} must be a list, not {node.kind}")
        return node.items

    def text(self, node: Node | None, what: str) -> Text | None:
        """A non-empty text, with `os.environ/NAME` looked up; None when absent or wrong."""
        if node is None or node.value is None:
            return None
        if not isinstance(node.value, str) or not node.value.strip():
            self.wrong(node.line, f"{what} must be a text, not {'an empty one' if node.value == '' else node.kind}")
            return None
        if not node.value.startswith(REFERENCE):
            return Text(node.value, None, node.line, node.value)
        variable = node.value.removeprefix(REFERENCE)
        if not variable.isidentifier():
            self.wrong(node.line, f"{what}: {variable!r} is not the name of an environment variable")
            return None
        return Text(self.environ.get(variable) or None, variable, node.line, node.value)

    def texts(self, node: Node | None, what: str) -> tuple[str, ...]:
        """A text, or a list of texts, as it is written; nothing when absent."""
        if node is None or node.value is None:
            return ()
        items = node.items if isinstance(node.value, list) else [node]
        for item in items:
            if not isinstance(item.value, str) or not item.value.strip():
                self.wrong(item.line, f"{what} must be a text or a list of texts, not {item.kind}")
        return tuple(item.value for item in items if isinstance(item.value, str))

    def key(self, node: Node | None, what: str) -> Secret | None:
        """A key that protects this gateway: one whose variable is unset is a mistake, as it would leave the gateway open."""
        text = self.text(node, what)
        if text is None:
            return None
        if text.value is None:
            self.wrong(text.line, f"{what} is to come from the environment variable {text.variable}, which is not set")
            return None
        return Secret(text.value)

    def integer(self, node: Node | None, what: str, *, low: int = 0, high: int | None = None) -> int | None:
        if node is None or node.value is None:
            return None
        value = node.value
        if isinstance(value, bool) or not isinstance(value, int) or value < low or (high is not None and value > high):
            bounds = f"from {low} to {high}" if high is not None else f"of at least {low}"
            self.wrong(
                node.line, f"{what} must be a whole number {bounds}, not {value!r}" if not node.entries else f"{what} must be a number"
            )
            return None
        return value

    def number(self, node: Node | None, what: str) -> float | None:
        if node is None or node.value is None:
            return None
        if isinstance(node.value, bool) or not isinstance(node.value, int | float) or not 0 <= node.value <= MOST:
            large = isinstance(node.value, int | float) and node.value > MOST
            bounds = f"from 0 to {MOST:,}" if large else "of at least 0"
            self.wrong(node.line, f"{what} must be a number {bounds}, not {node.value!r}")
            return None
        return float(node.value)

    def flag(self, node: Node | None, what: str) -> bool | None:
        if node is None or node.value is None:
            return None
        if not isinstance(node.value, bool):
            self.wrong(node.line, f"{what} must be true or false, not {node.kind}")
            return None
        return node.value

    def word(self, node: Node | None, what: str, kind: type[Word]) -> Word | None:
        """One of a few words."""
        if node is None or node.value is None:
            return None
        allowed = [str(member.value) for member in kind]
        if node.value not in allowed:
            self.wrong(node.line, f"{what} must be {' or '.join(allowed)}, not {node.value!r}")
            return None
        return kind(node.value)
