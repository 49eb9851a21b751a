"""An order in Runway's words: which route, which fields, and where in the prompt each picture is named. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from castlist.model.characters import CastMember, Fidelity, Note
from castlist.model.operations import CreateVideo, EditVideo, ExtendVideo, RemixVideo, Size
from castlist.model.providing import Order
from castlist.providers.runwayml_models import Framing, Model, word_ratio
from castlist.providers.tags import feature
from castlist.providers.uploads import STILLS, Carried, Member, clip_of, stills_of

MOST_STILLS: Final = len(STILLS)
CLIPS: Final = ("clip-5s", "clip-3s", "video")
SHORT_CLIPS: Final = ("clip-3s",)
HELD_CLIPS: Final = ("clip-5s", "clip-3s")
"""Which clips a handle on a character stands for, where it has them."""

_BRACKETED: Final = re.compile(r"\[\s*(?:image|video)\s*\d+\s*\]", re.IGNORECASE)
_COUNTED: Final = re.compile(r"\b(images?|videos?)(\s+#?\d+)\b", re.IGNORECASE)
_OTHER_WORDS: Final = {"image": "picture", "images": "pictures", "video": "clip", "videos": "clips"}


def media_of(order: Order, model: Model) -> Carried:
    """The assets to upload: as many stills of each character as have room, best first, and its clip where the model watches clips."""
    match order.operation:
        case CreateVideo(reference=frame):
            room = model.stills - (1 if frame else 0)
            return Carried(frame=frame, cast=_choose(order.cast, room=room, clips=clips_of(model) if not frame else ()))
        case EditVideo(source=source) | RemixVideo(source=source) | ExtendVideo(source=source):
            return Carried(source=source.asset, cast=_choose(order.cast, room=model.edit_stills, clips=()))


def lower(order: Order, carried: Carried, *, model: Model) -> tuple[str, Mapping[str, object], tuple[Note, ...]]:
    """The route, the body, and what is worth telling. Every character in `carried` is in the body, and named in the prompt by its
    order there."""
    images, videos, tags = _number(carried, model)
    prompt, added = feature(_reword(order.prompt, list(tags)), tags, pattern=_BRACKETED) if tags else (order.prompt, ())
    body: dict[str, object] = {"model": order.provider_model, "promptText": prompt}
    match order.operation:
        case CreateVideo(seconds=seconds, size=size):
            route = "image_to_video" if carried.frame else "text_to_video"
            body |= {"duration": seconds, **_frame(size, model, frame=carried.frame)}
        case ExtendVideo(seconds=seconds):
            route = "video_to_video"
            body |= {str(model.source): carried.source, "mode": "extend", "duration": seconds}
        case EditVideo(source=source) | RemixVideo(source=source):
            route = "video_to_video"
            body |= {str(model.source): carried.source, **_edit(source.size, model)}
    if images:
        body["references"] = [{"uri": uri} for uri in images]
    if videos:
        body["referenceVideos"] = [({"type": "video"} if model.typed_clips else {}) | {"uri": uri} for uri in videos]
    body |= _wishes(order, model, follows_up=route == "video_to_video")
    return route, body, (*added, *_notes(order, model))


def _notes(order: Order, model: Model) -> tuple[Note, ...]:
    found = []
    operation = order.operation
    if isinstance(operation, CreateVideo):
        if model.resolution == "768p":
            text = f"{order.provider_model} makes {word_ratio(operation.size)} at 768p, which is a little larger than {operation.size}."
            found.append(Note("size_lowered", text, "size", str(operation.size), "768p"))
    elif not model.edit_audio and "audio" in operation.wishes.options.get("runwayml", {}):
        text = f"{order.provider_model} decides on the sound of a changed video by itself: runwayml.audio was not sent."
        found.append(Note("option_not_sent", text, "runwayml.audio"))
    return tuple(found)


def _choose(members: Sequence[CastMember], *, room: int, clips: Sequence[str]) -> tuple[Member, ...]:
    shown = [member for member in members if member.fidelity is not Fidelity.DESCRIBED]
    each = min(MOST_STILLS, room // len(shown)) if shown else 0
    return tuple((m.name, tuple(stills_of(m.media)[:each]), clip_of(m.media, clips)) for m in shown) if each else ()


def clips_of(model: Model) -> tuple[str, ...]:
    """The forms of a clip that a model takes, best first."""
    return () if not model.clips else SHORT_CLIPS if model.short_clips else CLIPS


def _number(carried: Carried, model: Model) -> tuple[list[str], list[str], Mapping[str, str]]:
    """The pictures and the clips in the order they are sent, and for each name what it is called by that order."""
    images: list[str] = []
    videos: list[str] = []
    tags: dict[str, str] = {}
    for name, stills, clip in carried.cast:
        words = [model.tag.format(len(images) + n) for n in range(1, len(stills) + 1)]
        images += stills
        if clip:
            videos.append(clip)
            words.append(f"video {len(videos)}")
        tags[name] = ", ".join(words)
    return images, videos, tags


def _reword(prompt: str, names: Sequence[str]) -> str:
    """The prompt without words that count pictures ("image 2" becomes "picture 2"): the model counts what is sent, and not what the
    caller had in mind. Names stay as they are."""
    pieces = re.split("(" + "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)) + ")", prompt)
    return "".join(piece if piece in names else _COUNTED.sub(_other_word, piece) for piece in pieces)


def _other_word(match: re.Match[str]) -> str:
    return _OTHER_WORDS[match[1].lower()] + match[2]


def _frame(size: Size, model: Model, *, frame: str | None) -> Mapping[str, object]:
    framing = model.frame if frame else model.size
    first = {"promptImage": [{"uri": frame, "position": "first"}]} if frame else {}
    match framing:
        case Framing.TIER:
            return first | {"ratio": _tier(size)}
        case Framing.WORDS:
            return first | {"ratio": word_ratio(size), "resolution": _resolution(size, model)}
        case Framing.ADAPTIVE:
            return first | {"ratio": "adaptive", "resolution": _resolution(size, model)}
        case Framing.FOLLOWS:
            return first | {"resolution": _resolution(size, model)}
        case _:
            return first | {"ratio": f"{size.width}:{size.height}"}


def _resolution(size: Size, model: Model) -> str:
    return model.resolution or f"{min(size.width, size.height)}p"


def _edit(size: Size, model: Model) -> Mapping[str, object]:
    mode = {"mode": "edit"} if model.mode else {}
    length = {"duration": "auto"} if model.edit_length else {}
    tier = {"ratio": _tier(size)} if model.frame is Framing.TIER else {}
    return mode | length | tier


def _tier(size: Size) -> str:
    return "auto_720p" if min(size.width, size.height) <= 720 else "auto_1080p"


def _wishes(order: Order, model: Model, *, follows_up: bool) -> Mapping[str, object]:
    options = order.operation.wishes.options.get("runwayml", {})
    body: dict[str, object] = {"seed": order.seed} if model.seed else {}
    audio, threshold = options.get("audio"), options.get("public_figure_threshold")
    if audio is not None and (model.edit_audio or not follows_up):
        body["audio"] = audio == "on"
    if threshold is not None:
        body["contentModeration"] = {"publicFigureThreshold": threshold}
    return body
