"""An order as Kling's omni route takes it: what is shown, what the prompt calls it, and the body in the newer or the older API."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Final

from castlist.errors import Refused
from castlist.model.characters import CastMember, Fidelity, Note
from castlist.model.operations import CreateVideo, EditVideo, ExtendVideo, Operation, RemixVideo
from castlist.model.providing import Order
from castlist.providers.kling_elements import read_handle
from castlist.providers.kling_models import (
    LINES,
    MOST_BESIDE_A_VIDEO,
    MOST_REFERENCES,
    MOST_WORDS_OLDER,
    Model,
    ratio_of,
    resolution_of,
    shapes,
)
from castlist.providers.tags import feature
from castlist.providers.uploads import stills_of

TAG: Final = re.compile(r"@(?=\S)|<{2,}(?=\s*(?:element|image|video|voice)_?\d+\s*>)", re.IGNORECASE)
"""What this vendor reads as a reference in a prompt: `@id` in the newer API, `<<<image_1>>>` in the older one."""

_LONGEST_ID: Final = 20
_RESERVED: Final = re.compile(r"(image|video)_\d")


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing an order shows: its type in the newer API, its id in the prompt there, an asset or an element."""

    kind: str
    name: str
    asset: str | None = None
    element: str | None = None


@dataclass(frozen=True, slots=True)
class Showing:
    """All that an order shows, in its order, and by the name of each character what shows it."""

    items: tuple[Shown, ...]
    members: Mapping[str, tuple[Shown, ...]]

    @property
    def pictures(self) -> tuple[str, ...]:
        """The assets that travel inside the body."""
        return tuple(item.asset for item in self.items if item.asset and not item.kind.endswith("_video"))


def plan(order: Order) -> Showing:
    """What an order shows. Raises Refused for a character that has nothing this vendor could be shown."""
    frame = order.operation.reference if isinstance(order.operation, CreateVideo) else None
    items = [Shown("first_frame", "image_1", frame)] if frame else []
    items += _source(order.operation)
    shown = [member for member in order.cast if member.fidelity is not Fidelity.DESCRIBED]
    ids = _ids([member.name for member in shown])
    budget = _budget(order, shown)
    members: dict[str, tuple[Shown, ...]] = {}
    for member, name in zip(shown, ids, strict=True):
        if member.handle:
            own = [Shown("element", name, element=read_handle(member.handle).id)]
        else:
            first = 1 + sum(item.kind in {"first_frame", "refer_image"} for item in items)
            own = [Shown("refer_image", f"image_{n}", still) for n, still in enumerate(_stills(member, order)[:budget], start=first)]
        members[member.name] = (*members.get(member.name, ()), *own)
        items += own
    return Showing(tuple(items), members)


def lower(order: Order, showing: Showing, *, model: Model, addresses: Mapping[str, str]) -> tuple[Mapping[str, object], tuple[Note, ...]]:
    """The body for the newer API, and what a caller should know about it. `addresses` are pictures in base 64 and links to videos."""
    tags = {name: ", ".join(f"@{item.name}" for item in items) for name, items in showing.members.items()}
    prompt, notes = _prompt(order, tags, most=model.words)
    contents = [{"type": "prompt", "text": prompt}, *(_content(item, addresses) for item in showing.items)]
    body = {
        "contents": contents,
        "settings": _settings(order, model),
        "options": {"external_task_id": order.reference, "watermark_info": {"enabled": False}, **_told(order)},
    }
    return body, (*notes, *advise(order, showing, model=model))


def lower_older(
    order: Order, showing: Showing, *, model: Model, addresses: Mapping[str, str]
) -> tuple[Mapping[str, object], tuple[Note, ...]]:
    """The body for the older API, which names things by their place in a list."""
    lists = {"image": _of(showing, "first_frame", "refer_image"), "element": _of(showing, "element")}
    places = {id(item): f"<<<{kind}_{n}>>>" for kind, items in lists.items() for n, item in enumerate(items, start=1)}
    tags = {name: ", ".join(places[id(item)] for item in items) for name, items in showing.members.items()}
    prompt, notes = _prompt(order, tags, most=min(model.words, MOST_WORDS_OLDER))
    settings = _settings(order, model)
    videos = _of(showing, "base_video", "feature_video")
    keeps = settings.get("audio") == "original"
    body: dict[str, object] = {
        "model_name": model.older,
        "prompt": prompt,
        "mode": {"720p": "std", "1080p": "pro"}.get(str(settings["resolution"]), "4k"),
        "sound": "on" if settings.get("audio") == "native" else "off",
        "external_task_id": order.reference,
        **_told(order),
    }
    body |= {"aspect_ratio": settings["aspect_ratio"]} if "aspect_ratio" in settings else {}
    body |= {"duration": str(settings["duration"])} if "duration" in settings else {}
    body |= {"multi_shot": True, "shot_type": "intelligence"} if settings.get("multi_shot") else {}
    body |= {"image_list": [_older_picture(item, addresses) for item in lists["image"]]} if lists["image"] else {}
    body |= {"element_list": [{"element_id": _number(item.element)} for item in lists["element"]]} if lists["element"] else {}
    body |= {"video_list": [_older_video(item, addresses, keeps=keeps) for item in videos]} if videos else {}
    return body, (*notes, *advise(order, showing, model=model))


def _told(order: Order) -> Mapping[str, str]:
    return {"callback_url": order.callback} if order.callback else {}


def check(order: Order, showing: Showing, *, model: Model) -> None:
    """Raise Refused for a length that a video from nothing but an opening frame cannot have."""
    operation = order.operation
    alone = [item.kind for item in showing.items] == ["first_frame"]
    if isinstance(operation, CreateVideo) and alone and model.frame_seconds and operation.seconds not in model.frame_seconds:
        allowed = " or ".join(map(str, model.frame_seconds))
        text = f"{order.provider_model} makes clips of {allowed} seconds from an opening frame alone, not {operation.seconds}"
        raise Refused(text, code="unsupported_value")


def advise(order: Order, showing: Showing, *, model: Model) -> tuple[Note, ...]:
    """What a caller should know: what was not sent, what was stepped down."""
    operation, found = order.operation, []
    if operation.seed is not None:
        found.append(Note("seed_ignored", f"{order.provider_model} takes no seed, so {operation.seed} was not sent.", "seed"))
    if isinstance(operation, CreateVideo):
        if operation.size.width == operation.size.height:
            text = f"{order.provider_model} makes squares of a size of its own, not exactly {operation.size}."
            found.append(Note("size_by_ratio", text, "size", str(operation.size), "1:1"))
        return (*found, *_pictured(order, showing))
    if "multi_shot" in operation.wishes.options.get("kling", {}):
        text = f"{order.provider_model} decides by itself on the shots of a video made from another: kling.multi_shot was not sent."
        found.append(Note("option_not_sent", text, "kling.multi_shot"))
    if isinstance(operation, ExtendVideo):
        text = f"{order.provider_model} cannot extend a video: {operation.seconds} s are made anew as the next shot after it."
        found.append(Note("extended_by_next_shot", text, "video"))
    source = operation.source.size
    resolution = resolution_of(source, model)
    if min(source.width, source.height) > LINES[resolution]:
        text = f"{order.provider_model} makes at most {resolution} from a video, and this one is {source}."
        found.append(Note("size_lowered", text, "size", str(source), resolution))
    return (*found, *_pictured(order, showing))


def _pictured(order: Order, showing: Showing) -> tuple[Note, ...]:
    """A note for each character that goes as a picture for want of the second still that an element needs."""
    shown = [member for member in order.cast if member.name in showing.members and not member.handle]
    lone = [member for member in shown if len(stills_of(member.media)) < 2]
    return tuple(_lone(member, order) for member in lone)


def _lone(member: CastMember, order: Order) -> Note:
    text = f"{member.name} is shown in a picture: {order.provider_model} keeps an element only of a character of two stills or more."
    return Note("character_by_picture", text, "characters", str(Fidelity.REFERENCE), str(Fidelity.NATIVE))


def _source(operation: Operation) -> list[Shown]:
    match operation:
        case EditVideo(source=source) | RemixVideo(source=source):
            return [Shown("base_video", "video_1", source.asset)]
        case ExtendVideo(source=source):
            return [Shown("feature_video", "video_1", source.asset)]
        case _:
            return []


def _ids(names: Sequence[str]) -> Sequence[str]:
    """What each name is called by in the prompt: its letters, or a number where one id would be part of another one, or none."""
    slugs = [_slug(name) for name in names]
    others = [*slugs, "image_1", "video_1"]
    clear = all(len(slug) > 1 and not _RESERVED.match(slug) for slug in slugs)
    if clear and not any(one in other for one, other in permutations(others, 2)):
        return slugs
    return [f"element_{n}" for n, _ in enumerate(names, start=1)]


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_LONGEST_ID].strip("_")


def _budget(order: Order, shown: Sequence[CastMember]) -> int:
    elements = sum(bool(member.handle) for member in shown)
    frame = isinstance(order.operation, CreateVideo) and order.operation.reference is not None
    filmed = any(member.handle and read_handle(member.handle).filmed for member in shown)
    most = MOST_REFERENCES if isinstance(order.operation, CreateVideo) and not filmed else MOST_BESIDE_A_VIDEO
    return max(1, (most - elements - frame) // max(1, len(shown) - elements))


def _stills(member: CastMember, order: Order) -> list[str]:
    stills = stills_of(member.media)
    if not stills:
        raise Refused(f"{member.name} has no still that could be shown to {order.provider_model}", code="character_source_unsuitable")
    return stills


def _prompt(order: Order, tags: Mapping[str, str], *, most: int) -> tuple[str, tuple[Note, ...]]:
    prompt, notes = feature(order.prompt, tags, pattern=TAG)
    if len(prompt) > most:
        text = f"{order.provider_model} takes prompts of up to {most} characters, and this one has {len(prompt)}"
        raise Refused(text, code="unsupported_value")
    return prompt, notes


def _content(item: Shown, addresses: Mapping[str, str]) -> Mapping[str, str]:
    if item.element:
        return {"type": item.kind, "element_id": item.element, "id": item.name}
    return {"type": item.kind, "url": addresses[item.asset or ""], "id": item.name}


def _settings(order: Order, model: Model) -> Mapping[str, object]:
    """What beside its contents makes the video. A frame or a video gives the ratio, and one to edit the length, by itself; a video beside
    it takes the sound, for which nothing new is made."""
    match order.operation:
        case CreateVideo(size=size, seconds=seconds, reference=frame):
            ratio, resolution = shapes(model.resolutions)[size]
            shape = {"resolution": resolution, "duration": seconds} | ({} if frame else {"aspect_ratio": ratio})
            wishes = order.operation.wishes.options.get("kling", {})
            sound = {"audio": "native" if wishes.get("audio") == "on" else "off"}
            return shape | sound | ({"multi_shot": wishes.get("multi_shot") == "on"} if model.shots else {})
        case ExtendVideo(source=source, seconds=seconds):
            given = ratio_of(source.size)
            shape = {"resolution": resolution_of(source.size, model), "duration": seconds} | ({"aspect_ratio": given} if given else {})
            return shape | {"audio": "off"} | ({"multi_shot": True} if model.shots else {})
        case EditVideo(source=source) | RemixVideo(source=source):
            silent = order.operation.wishes.options.get("kling", {}).get("audio") == "off"
            shape = {"resolution": resolution_of(source.size, model), "audio": "off" if silent else "original"}
            return shape | ({"multi_shot": False} if model.shots else {})


def _of(showing: Showing, *kinds: str) -> list[Shown]:
    return [item for item in showing.items if item.kind in kinds]


def _number(element: str | None) -> int | str | None:
    # A plan has a word for an element that is not made yet.
    return int(element) if element and element.isdigit() else element


def _older_picture(item: Shown, addresses: Mapping[str, str]) -> Mapping[str, str]:
    typed = {"type": "first_frame"} if item.kind == "first_frame" else {}
    return {"image_url": addresses[item.asset or ""], **typed}


def _older_video(item: Shown, addresses: Mapping[str, str], *, keeps: bool) -> Mapping[str, str]:
    return {
        "video_url": addresses[item.asset or ""],
        "refer_type": item.kind.removesuffix("_video"),
        "keep_original_sound": "yes" if keeps else "no",
    }
