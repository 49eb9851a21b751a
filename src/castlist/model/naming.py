"""Where a prompt names its characters: verbatim, as whole words, and a longer name before a shorter one inside it."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

Span = tuple[int, int]

_ALIKE: Final = str.maketrans({"‘": "'", "’": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "\u00a0": " ", "\n": " ", "\t": " "})
# One character for one, so that places in the prompt stay where they are.

_SELECTORS: Final = frozenset("\ufe0e\ufe0f")
_JOINER: Final = "\u200d"
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)


def find_names(prompt: str, names: Iterable[str]) -> Mapping[str, tuple[Span, ...]]:
    """Every mention of each name as (start, end) in the prompt, in order; none for a name that it lacks.

    The longest names choose first: "Ann" is not found in "Ann Marie", nor in "Annual", nor 👩 in 👩‍🚀. Composed and decomposed letters,
    straight and curly quotes, and kinds of white space count as the same.
    """
    text = prompt.translate(_ALIKE)
    wanted = list(dict.fromkeys(names))
    found: dict[str, tuple[Span, ...]] = {}
    taken: list[Span] = []
    for name in sorted(wanted, key=len, reverse=True):
        spans = sorted(span for spelling in _spellings(name) for span in _whole(spelling, text, taken=taken))
        found[name] = tuple(spans)
        taken += spans
    return {name: found[name] for name in wanted}


def _spellings(name: str) -> set[str]:
    alike = name.translate(_ALIKE)
    return {alike, unicodedata.normalize("NFC", alike), unicodedata.normalize("NFD", alike)} - {""}


def _whole(name: str, text: str, *, taken: Sequence[Span]) -> list[Span]:
    found: list[Span] = []
    at = text.find(name)
    while at >= 0:
        end = at + len(name)
        if text[end : end + 1] in _SELECTORS:
            end += 1
        free = not any(start < end and at < stop for start, stop in taken)
        if free and not (_joins(text[at - 1 : at], name[0]) or _joins(name[-1], text[end : end + 1])):
            found.append((at, end))
        at = text.find(name, at + 1)
    return found


def _joins(left: str, right: str) -> bool:
    """Whether two neighbours make one word or one sign. Scripts without letter case, such as Chinese, write words without a space."""
    if not (left and right):
        return False
    if _JOINER in (left, right) or ord(right) in _SKIN_TONES or unicodedata.category(right).startswith("M"):
        return True
    return _is_cased(left) and _is_cased(right)


def _is_cased(character: str) -> bool:
    if character.isdigit() or character.lower() != character.upper():
        return True
    return unicodedata.category(character) == "Mn" and character not in _SELECTORS
