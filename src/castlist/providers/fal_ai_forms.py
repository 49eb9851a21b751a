"""An order in the words of a fal endpoint: its path, its fields, and where in the prompt each picture is named. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from castlist.model.characters import CastMember, Fidelity, Note
from castlist.model.operations import CreateVideo, EditVideo, ExtendVideo, RemixVideo, Size
from castlist.model.providing import Order
from castlist.providers.fal_ai_models import Carry, Family, ratio_of
from castlist.providers.tags import feature
from castlist.providers.uploads import STILLS, Carried, Member, clip_of, stills_of

CLIPS: Final = ("clip-5s", "clip-3s", "video")
SHORT_CLIPS: Final = ("clip-3s",)
SCREEN_CLIPS: Final = ("clip-5s-720p", *CLIPS)
HELD_CLIPS: Final = ("clip-5s", "clip-3s", "clip-5s-720p")
"""Which clips a handle on a character stands for, where it has them."""

_TAGS: Final = re.compile(r"@\w+|<\s*(?:IMAGE|VIDEO)_[^>]*>", re.IGNORECASE)


@dataclass(slots=True)
class _Placed:
    """The lists of a body while characters are put into them, and what each is called by its place there."""

    elements: list[Mapping[str, object]] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    clips: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)


def media_of(order: Order, family: Family) -> Carried:
    """The assets to upload: as many stills of each character as have room, best first, and its clip where clips are taken."""
    match order.operation:
        case CreateVideo(reference=frame, size=size):
            return Carried(frame=frame, cast=_choose(order.cast, family, ratio=ratio_of(size) if family.padded else None))
        case EditVideo(source=source) | RemixVideo(source=source):
            carries = family.carry is Carry.ELEMENTS
            return Carried(source=source.asset, cast=_choose(order.cast, family) if carries else ())
        case ExtendVideo(source=source):
            return Carried(source=source.asset)


def lower(order: Order, carried: Carried, *, prefix: str, family: Family) -> tuple[str, Mapping[str, object], tuple[Note, ...]]:
    """The endpoint, the body, and what is worth telling. Every character in `carried` is in the body and named by its place there."""
    placed = _place(carried, family)
    prompt, added = feature(order.prompt, placed.tags, pattern=_TAGS) if placed.tags else (order.prompt, ())
    body: dict[str, object] = {"prompt": prompt}
    match order.operation:
        case CreateVideo(seconds=seconds, size=size):
            ending = family.cast if carried.cast else family.frame if carried.frame else family.text
            body |= {
                "duration": seconds if carried.cast and family.cast_number else _length(seconds, family),
                **_shape(size, family, framed=bool(carried.frame)),
            }
            if carried.frame:
                body[family.frame_field] = carried.frame
        case ExtendVideo(seconds=seconds):
            ending = family.extend
            body |= {"video_url": carried.source, "duration": _length(seconds, family)}
        case EditVideo() | RemixVideo():
            ending = family.edit
            body["video_url"] = carried.source
    body |= {**_lists(placed, family), **_wishes(order, family, cast=bool(carried.cast))}
    return f"{prefix}/{ending}" if ending else prefix, body, (*added, *_notes(order, family))


def clips_of(family: Family) -> tuple[str, ...]:
    """The forms of a clip that a family takes, best first."""
    if family.carry not in {Carry.CLIP, Carry.BOTH}:
        return ()
    return SHORT_CLIPS if family.first == 0 else SCREEN_CLIPS if family.screen else CLIPS


def _choose(members: Sequence[CastMember], family: Family, *, ratio: str | None = None) -> tuple[Member, ...]:
    shown = [member for member in members if member.fidelity is not Fidelity.DESCRIBED]
    each = min(len(STILLS), family.stills // len(shown)) if shown else 0
    forms = clips_of(family)
    pictures = [stills_of(member.media, ratio=ratio)[:each] for member in shown]
    return tuple((m.name, tuple(own), clip_of(m.media, forms)) for m, own in zip(shown, pictures, strict=True))


def _place(carried: Carried, family: Family) -> _Placed:
    placed = _Placed()
    for name, stills, clip in carried.cast:
        words = []
        if family.carry is Carry.ELEMENTS and len(stills) > 1:
            # An element needs a frontal picture and at least one other; a single still goes as a picture.
            placed.elements.append({"frontal_image_url": stills[0], "reference_image_urls": list(stills[1:])})
            words.append(f"@Element{len(placed.elements)}")
        else:
            words += [family.tag.format(len(placed.pictures) + n + family.first) for n in range(len(stills))]
            placed.pictures += stills
        if clip:
            words.append(family.clip_tag.format(len(placed.clips) + family.first))
            placed.clips.append(clip)
        placed.tags[name] = ", ".join(words)
    return placed


def _lists(placed: _Placed, family: Family) -> Mapping[str, object]:
    lists = {"elements": placed.elements, family.pictures: placed.pictures, family.clips: placed.clips}
    return {name: values for name, values in lists.items() if values}


def _length(seconds: int, family: Family) -> str | int:
    return seconds if family.length is None else family.length.format(seconds)


def _shape(size: Size, family: Family, *, framed: bool) -> Mapping[str, object]:
    ratio = {} if framed and not family.frame_ratio else {"aspect_ratio": ratio_of(size)}
    return ratio | ({"resolution": family.resolution_word or f"{min(size.width, size.height)}p"} if family.resolution else {})


def _wishes(order: Order, family: Family, *, cast: bool) -> Mapping[str, object]:
    creates = isinstance(order.operation, CreateVideo)
    framed = isinstance(order.operation, CreateVideo) and order.operation.reference is not None and not cast
    seeded = family.seed and creates and (family.cast_seed or not cast) and (family.frame_seed or not framed)
    body: dict[str, object] = {"seed": order.seed} if seeded else {}
    audio = order.operation.wishes.options.get("fal_ai", {}).get("audio")
    if audio is not None and family.audio and creates:
        body[family.audio] = audio == "on"
    return body


def _notes(order: Order, family: Family) -> tuple[Note, ...]:
    found = []
    operation = order.operation
    if isinstance(operation, CreateVideo):
        if family.resolution_word:
            text = f"{order.provider_model} makes {ratio_of(operation.size)} at {family.resolution_word}, not exactly {operation.size}."
            found.append(Note("size_lowered", text, "size", str(operation.size), family.resolution_word))
    elif "audio" in operation.wishes.options.get("fal_ai", {}):
        text = f"{order.provider_model} decides on the sound of a changed video by itself: fal_ai.audio was not sent."
        found.append(Note("option_not_sent", text, "fal_ai.audio"))
    return tuple(found)
