"""An order as the Interactions API takes it: which files are shown, how the prompt names them, and the body."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from castlist.errors import Refused
from castlist.model.characters import Fidelity, Note
from castlist.model.operations import CreateVideo, EditVideo, ExtendVideo, RemixVideo
from castlist.model.providing import Order
from castlist.providers.gemini_models import MOST_CLIPS, MOST_IMAGES, SHAPES, STILLS
from castlist.providers.tags import feature
from castlist.providers.uploads import Files, stills_of

CLIP: Final = "clip-3s"
TAG: Final = re.compile(
    r"<\s*(?:FIRST_FRAME|LAST_FRAME|PREVIOUS_VIDEO|(?:IMAGE|VIDEO|AUDIO)(?:_REF)?_?\d+)\s*>"
    r"|\[\s*#\s*(?:Sources|References)\b"
    r"|@(?:Image|Video|Audio)\s?\d+",
    re.IGNORECASE,
)
"""What this vendor reads as a reference in a prompt, spelt as loosely as a model might take it."""


@dataclass(frozen=True, slots=True)
class Showing:
    """The assets an order shows, in the order of its images and videos: the source or opening frame first, then each member's.

    `members` maps a name to the numbers of its images and videos among the references of that kind, from 0.
    """

    images: tuple[str, ...]
    videos: tuple[str, ...]
    sources: tuple[str, ...]
    members: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]

    @property
    def assets(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.images, *self.videos)))


def plan(order: Order) -> Showing:
    """Which files an order needs. Raises Refused for a character that has nothing this vendor could be shown."""
    frames, films, sources = _sources(order)
    shown = [member for member in order.cast if member.fidelity is not Fidelity.DESCRIBED]
    budget = min(STILLS, (MOST_IMAGES - len(frames)) // max(1, len(shown)))
    ratio = SHAPES[order.operation.size][0] if isinstance(order.operation, CreateVideo) else None
    images, clips = list(frames), list[str]()
    members: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {}
    for member in shown:
        stills = stills_of(member.media, ratio=ratio)[:budget]
        own = [member.media[CLIP]] if isinstance(order.operation, CreateVideo) and CLIP in member.media else []
        if not stills and not own:
            text = f"{member.name} has neither a still nor a clip of up to 3 seconds that could be shown to {order.provider_model}"
            raise Refused(text, code="character_source_unsuitable")
        at, of = len(images) - len(frames), len(clips)
        namesake = members.get(member.name, ((), ()))
        members[member.name] = (*namesake[0], *range(at, at + len(stills))), (*namesake[1], *range(of, of + len(own)))
        images += stills
        clips += own
    return Showing(tuple(images), (*films, *clips[:MOST_CLIPS]), sources, members)


def lower(order: Order, showing: Showing, *, files: Files) -> tuple[Mapping[str, object], tuple[Note, ...]]:
    """The body of the request, and what a caller should know about it."""
    prompt, notes = feature(order.prompt, {name: _tag(*of) for name, of in showing.members.items()}, pattern=TAG)
    head = _head(showing)
    text = {"type": "text", "text": f"{head}\n{prompt}" if head else prompt}
    images = [_part("image", files[asset]) for asset in showing.images]
    videos = [_part("video", files[asset]) for asset in showing.videos]
    body: dict[str, object] = {
        "model": order.provider_model,
        "background": True,
        "input": [{"type": "user_input", "content": [*images, *videos, text]}],
        "generation_config": {"video_config": {"task": _task(order, showing)}},
        "response_format": {"type": "video", "delivery": "uri", **_format(order)},
    }
    if order.callback:
        body["webhook_config"] = {"uris": [order.callback]}
    previous = None if isinstance(order.operation, CreateVideo) else _previous(order)
    return body | ({"previous_interaction_id": previous} if previous else {}), (*notes, *_advise(order))


def _sources(order: Order) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Images and videos that are no references, and how the head of the prompt names them."""
    match order.operation:
        case CreateVideo(reference=frame):
            return ((frame,), (), ("<FIRST_FRAME>@Image1",)) if frame else ((), (), ())
        case _ if _previous(order):
            return (), (), ()
        case ExtendVideo(source=source):
            return (), (source.asset,), ("<PREVIOUS_VIDEO>@Video1",)
        case EditVideo(source=source) | RemixVideo(source=source):
            return (), (source.asset,), ("<VIDEO_0>@Video1",)


def _previous(order: Order) -> str | None:
    """The interaction that made the source, which the vendor still has; uploads are not needed then."""
    found = (order.source_ticket or {}).get("id")
    return found if isinstance(found, str) and found else None


def _task(order: Order, showing: Showing) -> str:
    match order.operation:
        case CreateVideo(reference=frame):
            return "reference_to_video" if showing.members else "image_to_video" if frame else "text_to_video"
        case ExtendVideo():
            return "extend"
        case EditVideo() | RemixVideo():
            return "edit"


def _format(order: Order) -> Mapping[str, str]:
    """Ratio, resolution and length; a follow-up keeps those of its source. An extension's length is taken to be what is added (not
    verified)."""
    match order.operation:
        case CreateVideo(size=size, seconds=seconds):
            ratio, resolution = SHAPES[size]
            return {"aspect_ratio": ratio, "resolution": resolution, "duration": f"{seconds}s"}
        case ExtendVideo(seconds=seconds):
            return {"duration": f"{seconds}s"}
        case EditVideo() | RemixVideo():
            return {}


def _tag(images: tuple[int, ...], clips: tuple[int, ...]) -> str:
    return ", ".join([*(f"<VIDEO_REF_{n}>" for n in clips), *(f"<IMAGE_REF_{n}>" for n in images)])


def _head(showing: Showing) -> str:
    """The line that says which image or video, counted by kind from 1, is which tag."""
    frames = sum("@Image" in source for source in showing.sources)
    films = sum("@Video" in source for source in showing.sources)
    images = [f"<IMAGE_REF_{n}>@Image{n + 1 + frames}" for n in range(len(showing.images) - frames)]
    clips = [f"<VIDEO_REF_{n}>@Video{n + 1 + films}" for n in range(len(showing.videos) - films)]
    groups = {"Sources": showing.sources, "References": (*images, *clips)}
    return " ".join(f"[# {name} {' '.join(items)}]" for name, items in groups.items() if items)


def _part(kind: str, file: tuple[str, str]) -> Mapping[str, str]:
    uri, media_type = file
    return {"type": kind, "uri": uri, "mime_type": media_type}


def _advise(order: Order) -> tuple[Note, ...]:
    if order.operation.seed is None:
        return ()
    return (Note("seed_ignored", f"{order.provider_model} takes no seed, so {order.operation.seed} was not sent.", "seed"),)
