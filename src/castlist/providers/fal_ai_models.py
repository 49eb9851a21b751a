"""fal's endpoints as data: which one serves which wish of a family, in which words. Lengths and prices are in the catalogue.

From the table of the project's provider notes of 2026-11, which name as their sources fal's pages, its llms.txt files and the types of its
JavaScript client 1.10.1. A test holds the endpoints that are in those types to them, and others to what fal's pages said on 2026-11-22. Not
compared with fal itself. Unsure (`?`): of `kling/v4` and Seedance 2.0 fast what neither has; whether "pro" of Kling o3 makes exactly 1080p.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import gcd
from typing import Final

from castlist.model.operations import Size

USUAL: Final = (Size(1280, 720), Size(720, 1280))
HIGH: Final = (Size(1920, 1080), Size(1080, 1920))
FULL: Final = (*USUAL, *HIGH)


class Carry(StrEnum):
    """How a character travels: as an element of its stills, as pictures in a list, as its clip, or as pictures and clip."""

    ELEMENTS = "elements"
    PICTURES = "pictures"
    CLIP = "clip"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Family:
    """The endpoints under one prefix. `text`, `frame`, `cast`, `edit`, `extend` are what follows the prefix for that wish, None where
    there is none; `stills` is the most pictures of one request; `length` how seconds are written (None: as a number; `cast_number`: so
    where there are characters); `padded` says that the first picture of each has the ratio of the video, `screen`
    that a clip must have about 640x640 to 834x1112 pixels."""

    text: str | None = "text-to-video"
    frame: str | None = "image-to-video"
    cast: str | None = "reference-to-video"
    edit: str | None = None
    extend: str | None = None
    carry: Carry = Carry.PICTURES
    pictures: str = "image_urls"
    clips: str = "video_urls"
    frame_field: str = "image_url"
    frame_with_cast: bool = False
    frame_ratio: bool = False
    stills: int = 0
    sizes: tuple[Size, ...] = USUAL
    length: str | None = "{}"
    cast_number: bool = False
    padded: bool = False
    screen: bool = False
    resolution: bool = True
    resolution_word: str | None = None
    audio: str | None = "generate_audio"
    seed: bool = False
    cast_seed: bool = True
    frame_seed: bool = True
    tag: str = "@Image{}"
    clip_tag: str = "@Video{}"
    first: int = 1


_SEEDANCE: Final = Family(carry=Carry.BOTH, stills=9, seed=True, frame_ratio=True, screen=True)
_O3: Final = Family(
    text="reference-to-video",
    frame="reference-to-video",
    edit="video-to-video/edit",
    carry=Carry.ELEMENTS,
    frame_field="start_image_url",
    frame_with_cast=True,
    frame_ratio=True,
    stills=8,
    resolution=False,
)

FAMILIES: Final[Mapping[str, Family]] = {
    "kling/v4": Family(
        text="reference-to-video", frame="reference-to-video", carry=Carry.ELEMENTS, frame_field="start_image_url",
        frame_with_cast=True, frame_ratio=True, stills=8, sizes=FULL, length=None, audio=None,
    ),
    "fal-ai/kling-video/o3/standard": _O3,
    "fal-ai/kling-video/o3/pro": Family(
        text="reference-to-video", frame="reference-to-video", edit="video-to-video/edit", carry=Carry.ELEMENTS,
        frame_field="start_image_url", frame_with_cast=True, frame_ratio=True, stills=8, sizes=HIGH,
        resolution=False,
    ),
    "bytedance/seedance-2.0": _SEEDANCE,
    "bytedance/seedance-2.0/fast": _SEEDANCE,
    "bytedance/seedance-2.5": Family(carry=Carry.BOTH, stills=9, seed=True, frame_seed=False),
    "fal-ai/veo3.1": Family(
        text="", extend="extend-video", stills=3, sizes=FULL,
        length="{}s", seed=True, cast_seed=False, padded=True, tag="reference image {}",
    ),
    "xai/grok-imagine-video": Family(
        edit="edit-video", extend="extend-video", pictures="reference_image_urls", stills=7,
        length=None, audio=None, tag="<IMAGE_{}>",
    ),
    "google/gemini-omni-flash/v1.1": Family(
        carry=Carry.BOTH, clips="reference_video_urls", frame_ratio=True, stills=10, sizes=FULL, length=None, audio=None,
        tag="<IMAGE_REF_{}>", clip_tag="<VIDEO_REF_{}>", first=0,
    ),
    "minimax/h3": Family(pictures="reference_image_urls", stills=6, resolution_word="768P", length=None, audio=None, tag="Image {}"),
    "fal-ai/vidu/q2": Family(
        frame="image-to-video/pro", cast="reference-to-video/pro", pictures="reference_image_urls", stills=4, sizes=FULL, cast_number=True,
        audio=None, seed=True, tag="reference image {}",
    ),
    "wan/v2.6": Family(carry=Carry.CLIP, sizes=FULL, audio=None, seed=True),
}  # fmt: skip
"""A family is named by its prefix; an endpoint's whole name means the family it belongs to. Veo and Vidu know no tags: pictures are
named in plain words there. The reference-to-video endpoints of Kling take text alone as well."""


def family_of(model: str) -> tuple[str, Family] | None:
    """The prefix and the family of a model's name, which may be one of the family's endpoints. None when it is not known."""
    for prefix in sorted(FAMILIES, key=len, reverse=True):
        found = FAMILIES[prefix]
        endings = {found.text, found.frame, found.cast, found.edit, found.extend} - {None}
        if model == prefix or model in {f"{prefix}/{ending}" for ending in endings}:
            return prefix, found
    return None


def ratio_of(size: Size) -> str:
    """The aspect in the smallest whole numbers, as "16:9"."""
    shared = gcd(size.width, size.height)
    return f"{size.width // shared}:{size.height // shared}"
