"""A character as an element of Kling's library, made of its stills or, for a person, of its clip."""

from asyncio import gather
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from castlist.errors import Refused
from castlist.model.characters import HUMAN_CLIP, Character, Subject
from castlist.model.providing import Handle, References, Transport
from castlist.providers.uploads import stills_of

LONGEST_NAME: Final = 20
LONGEST_DESCRIPTION: Final = 100
_FILMED: Final = "/filmed"
_TAGS: Final = {Subject.HUMAN: "o_102", Subject.STYLISED: "o_102", Subject.ANIMAL: "o_103", Subject.OBJECT: "o_104"}


@dataclass(frozen=True, slots=True)
class Element:
    """An element by its id; `filmed` says that it was made of a clip, of which one video takes a single one."""

    id: str
    filmed: bool = False

    @property
    def handle(self) -> Handle:
        return Handle(f"{self.id}{_FILMED if self.filmed else ''}")


def read_handle(value: str) -> Element:
    """The element that a handle stands for."""
    return Element(value.removesuffix(_FILMED), filmed=value.endswith(_FILMED))


async def describe(character: Character, media: References, *, http: Transport) -> Mapping[str, object]:
    """The request for an element: of a person's clip by a link to it, of anybody else the best still as its front and up to three
    others beside it, each in base 64.

    Raises Refused, `public_url_required`, for a clip where the gateway has no public address, and for a character without a clip that
    has fewer than two stills, of which the vendor makes none.
    """
    named = {
        "element_name": shorten(character.name, LONGEST_NAME),
        "element_description": shorten(character.description or character.name, LONGEST_DESCRIPTION),
    } | ({"tag_list": [{"tag_id": _TAGS[character.subject]}]} if character.subject else {})
    if character.subject is Subject.HUMAN and HUMAN_CLIP in media.media:
        link = await http.link(media.media[HUMAN_CLIP].asset)
        return named | {"reference_type": "video_refer", "element_video_list": {"refer_videos": [{"video_url": link}]}}
    stills = [each.asset for each in stills_of(media.media)]
    if len(stills) < 2:
        text = f"{character.name} has {len(stills)} still, and Kling makes an element of two to four"
        raise Refused(text, code="character_source_unsuitable")
    front, *others = [b64encode(content).decode() for content in await gather(*map(http.assets.read, stills))]
    pictures = {"frontal_image": front, "refer_images": [{"image_url": other} for other in others]}
    return named | {"reference_type": "image_refer", "element_image_list": pictures}


def is_filmed(document: Mapping[str, object]) -> bool:
    """Whether a request is for an element made of a clip."""
    return document["reference_type"] == "video_refer"


def shorten(text: str, most: int) -> str:
    """The text in one line of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
