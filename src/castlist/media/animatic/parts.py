"""Who does what: share a prompt's actions out to the cast that its sentences name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from castlist.media.animatic.words import Action, Heading, actions_in, flat

MOST = 4
_SAME = r"(?:she|he|it|her|his|its|then)\b"
_TOGETHER = r"they|both|together|everyone|all of them|the two|the pair|side by side|each other"
_OBJECT = (
    r"\b(?:to|at|towards?|behind|past|near|beside|after|before|around|over|for|of|by|"
    r"from|under|against|follow\w*|chas\w+|meets?|sees?)\s*(?:the\s)?$"
)
_WITH = r"\bwith\s*(?:the\s)?$"
_JOINED = r"\s*(?:,|,?\s*and|&|,?\s*with)\s*"
_SCENERY = (
    r"birds?|gulls?|seagulls?|crows?|leaf|leaves|petals?|lanterns?|lights?|lamps?|fireflies|firefly|butterfl(?:y|ies)|bees?|clouds?|snow\w*|"
    r"flakes?|embers?|sparks?|stars?|waves?|water|rivers?|streams?|waterfalls?|sea|ocean|surf|flags?|kites?|balloons?|ships?|boats?|cars?|"
    r"traffic|trains?|trams?|crowds?|people|flames?|fire|smoke|mist|fog|dust|rain|wind|grass|trees?|branches|shadows?|camera|shot|view|"
    r"spaceships?|asteroids?|planets?|bubbles?|steam|confetti|carpets?|trail|path|sun|moon|seasons?|colou?rs"
)
_WATER = (
    r"\b(?:an?|the|of|each|every|one|no|crashing|rolling|gentle|big|blue|some|ocean|sea|huge|giant|small|tidal|great|first|next|last|high|heat|"
    r"foaming|breaking|long)\s$"
)
_WAVE_AT_SEA = r"(?:crash|break|roll|lap|wash|rush|on|of|behind|against|in)\w*\b"


@dataclass(frozen=True, slots=True)
class Part:
    """What one character does in a shot, in order, and which way it goes."""

    actions: tuple[Action, ...] = (Action.idle,)
    heading: Heading = Heading.free


@dataclass
class _Draft:
    actions: list[Action] = field(default_factory=list)
    heading: Heading = Heading.free


def share(prompt: str, names: Sequence[str]) -> tuple[Part, ...]:
    """One part for each name. Where no name has an action near it, all do what the prompt says."""
    text = flat(prompt)
    drafts = [_Draft() for _ in names]
    everyone = tuple(range(len(names)))
    subject = everyone
    for sentence in re.split(r"(?<=[.;!?])\s", text):
        subject = _share_sentence(sentence, names, drafts, subject if re.match(_SAME, sentence) else everyone)
    return tuple(Part(tuple(draft.actions[:MOST]) or (Action.idle,), draft.heading) for draft in drafts)


def _share_sentence(sentence: str, names: Sequence[str], drafts: Sequence[_Draft], subject: tuple[int, ...]) -> tuple[int, ...]:
    """Add a sentence's actions to the drafts of its subjects; who the sentence ends with."""
    everyone = tuple(range(len(names)))
    events: list[tuple[int, int, object]] = list(_deeds(sentence, names))
    events += [(m.start(), m.end(), n) for n, name in enumerate(names) for m in re.finditer(_named(name), sentence)]
    events += [(m.start(), m.end(), None) for m in re.finditer(rf"\b(?:{_TOGETHER})\b", sentence)]
    events += _headings(sentence)
    done, last = everyone, -1
    for start, end, event in sorted(events, key=lambda e: (e[0], -e[1])):
        match event:
            case Action():
                done = subject
                for n in subject:
                    _add(drafts[n], event)
            case Heading():
                for n in subject:
                    drafts[n].heading = event
            case int():
                before = sentence[:start]
                if last >= 0 and re.fullmatch(_JOINED, sentence[last:start]):
                    subject = (*subject, event)
                elif re.search(_WITH, before) and done is not everyone:
                    for action in [a for n in done[:1] for a in drafts[n].actions[-1:]]:
                        _add(drafts[event], action)
                elif not re.search(_OBJECT, before):
                    subject = (event,)
                last = end
            case _:
                subject = everyone
    return subject


def _deeds(sentence: str, names: Sequence[str]) -> list[tuple[int, int, Action]]:
    """The actions of a sentence that are the cast's: not what birds, leaves, waves or the camera do."""
    deeds: list[tuple[int, int, Action]] = []
    for start, end, action in actions_in(sentence):
        before, after = sentence[:start], sentence[end:].lstrip()
        if re.search(rf"\b(?:{_SCENERY})(?:\s\w+ly)?(?:\s(?:is|are|slowly))?\s$", before) or re.match(rf"(?:{_SCENERY})\b", after):
            continue
        who = "|".join([*map(_named, names), "she", "he", "they", "who", "both"])
        meant = re.search(rf"(?<!\w)(?:{who})\s(?:\w+ly\s)?$", before)
        if action is Action.wave and not meant and _at_sea(before, sentence[start:end], after):
            continue
        if action in (Action.towards, Action.away) and _same_way(deeds, sentence[:start], names):
            deeds.pop()
        deeds.append((start, end, action))
    return deeds


def _same_way(deeds: Sequence[tuple[int, int, Action]], before: str, names: Sequence[str]) -> bool:
    """Whether what comes next only says where the last deed leads: nobody else is named in between."""
    if not deeds or deeds[-1][2] not in (Action.walk, Action.run):
        return False
    between = before[deeds[-1][1] :]
    return len(between) < 40 and not any(re.search(_named(name), between) for name in names)


def _at_sea(before: str, word: str, after: str) -> bool:
    """Whether it is water that waves: someone who is named or meant stands before the verb, an article or a size before the noun."""
    return re.search(_WATER, before) is not None or (word == "waves" and re.match(_WAVE_AT_SEA, after) is not None)


def _headings(sentence: str) -> list[tuple[int, int, Heading]]:
    found: list[tuple[int, int, Heading]] = []
    for heading, pattern in _HEADINGS.items():
        for match in re.finditer(rf"\b(?:{pattern})\b", sentence):
            if not re.search(
                r"\b(?:pan|tilt|track|doll|truck|camera (?:move|travel|slide))\w*\s(?:\w+\s){0,2}$", sentence[: match.start()]
            ):
                found.append((match.start(), match.end(), heading))
    return found


def _add(draft: _Draft, action: Action) -> None:
    if draft.actions[-1:] != [action]:
        draft.actions.append(action)


def _named(name: str) -> str:
    return rf"(?<!\w){re.escape(flat(name))}(?!\w)"


_HEADINGS = {
    Heading.from_left: r"from (?:the )?left|(?:enters?|comes?|arrives?) left",
    Heading.from_right: r"from (?:the )?right|(?:enters?|comes?|arrives?) right",
    Heading.enters: (
        r"(?:enters?|entering|arriv(?:es?|ing))(?! (?:left|right|from))|into (?:the )?(?:frame|shot|picture|view)|"
        r"(?:comes?|coming|walks?|runs?|steps?|jumps?|flies|dances?|hops?) in(?: frame)?(?=[\s,.]*$)"
    ),
    Heading.left: r"to (?:the |its |his |her )?left|leftwards?|right to left",
    Heading.right: r"to (?:the |its |his |her )?right|rightwards?|left to right",
}
