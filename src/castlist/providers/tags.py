"""Prompts for vendors that name media by tags: ours at the first mention of a name, the user's look-alikes made harmless."""

import re
from collections.abc import Mapping
from typing import Final

from castlist.model.characters import Note
from castlist.model.naming import find_names

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

    `tags` maps a name to its tag or tags. Names stay as they are written; what counts as a mention is what `find_names` finds.
    What looks like a tag by `pattern` is neutralised first, so that only ours are left.
    """
    places = {name: spans[0][1] for name, spans in find_names(prompt, tags).items() if spans}
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


def read_at(body: object, *path: str | int) -> str:
    """The text at that place of a body: its prompt as the upstream reads it. Raises ValueError where there is none."""
    for step in path:
        match body, step:
            case Mapping(), str():
                body = body.get(step)
            case list(), int():
                body = body[step]
    if not isinstance(body, str):
        raise ValueError(f"there is no text at {path}")
    return body


def _added(name: str) -> Note:
    text = f"The prompt does not mention {name!r} verbatim, so “Featuring {name}.” was put before it."
    return Note("character_name_added", text, "prompt", None, name)
