"""Prompts for vendors that name media by tags: ours at the first mention of a name, the user's look-alikes made harmless."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

from castlist.model.characters import Note

Span = tuple[int, int]

_HARMLESS: Final = str.maketrans({"<": "‹", ">": "›", "@": "＠", "[": "［", "]": "］", "#": "＃"})
# One character for one, so that places in the prompt stay where they are.


def neutralise(text: str, pattern: re.Pattern[str]) -> str:
    """The text with look-alikes in place of the signs that make a tag, wherever the vendor's `pattern` finds one; as long as before."""
    while True:
        found = pattern.sub(lambda match: match[0].translate(_HARMLESS), text)
        if found == text:
            return found
        text = found


def place_tags(prompt: str, tags: Mapping[str, str], *, pattern: re.Pattern[str]) -> tuple[str, tuple[str, ...]]:
    """The prompt with ` (tag)` after the first mention of each name, and the names it does not mention, in their order.

    `tags` maps a name to its tag or tags. Names stay verbatim, and a name that is part of a longer one is not found inside it.
    What looks like a tag by `pattern` is neutralised first, so that only ours are left.
    """
    if not all(name in prompt for name in tags):
        prompt = unicodedata.normalize("NFC", prompt)
    places = find_first({name: _spelt(name, prompt) for name in tags}, prompt)
    text = neutralise(prompt, pattern)
    for name, end in sorted(places.items(), key=lambda item: item[1], reverse=True):
        text = f"{text[:end]} ({tags[name]}){text[end:]}"
    return text, tuple(name for name in tags if name not in places)


def feature(prompt: str, tags: Mapping[str, str], *, pattern: re.Pattern[str]) -> tuple[str, tuple[Note, ...]]:
    """The prompt with every tag placed: names it lacks are put before it with theirs, and a note says so for each."""
    text, missing = place_tags(prompt, tags, pattern=pattern)
    if not missing:
        return text, ()
    head = " and ".join(f"{neutralise(name, pattern)} ({tags[name]})" for name in missing)
    return f"Featuring {head}. {text}", tuple(_added(name) for name in missing)


def find_first(spellings: Mapping[str, str], prompt: str) -> Mapping[str, int]:
    """Where the first mention of each name ends. The longest names choose first: "Ann" is not found in "Ann Marie" nor in "Annual"."""
    taken: list[Span] = []
    ends: dict[str, int] = {}
    for name in sorted(spellings, key=lambda name: len(spellings[name]), reverse=True):
        spans = _mentions(spellings[name], prompt, taken=taken)
        if spans:
            ends[name] = spans[0][1]
        taken += spans
    return ends


def _mentions(name: str, prompt: str, *, taken: Sequence[Span]) -> list[Span]:
    found: list[Span] = []
    at = prompt.find(name) if name else -1
    while at >= 0:
        end = at + len(name)
        whole = not (_joins(prompt[at - 1 : at], name[0]) or _joins(name[-1], prompt[end : end + 1]))
        if whole and not any(start < end and at < stop for start, stop in taken):
            found.append((at, end))
        at = prompt.find(name, at + 1)
    return found


def _spelt(name: str, prompt: str) -> str:
    return name if name in prompt else unicodedata.normalize("NFC", name)


def _joins(left: str, right: str) -> bool:
    # Scripts without letter case, such as Chinese, write words without a space between them.
    return bool(left and right) and _is_cased(left) and _is_cased(right)


def _is_cased(character: str) -> bool:
    return character.isdigit() or character.lower() != character.upper()


def _added(name: str) -> Note:
    text = f"The prompt does not mention {name!r} verbatim, so “Featuring {name}.” was put before it."
    return Note("character_name_added", text, "prompt", None, name)
