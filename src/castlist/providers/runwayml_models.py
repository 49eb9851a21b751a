"""Runway's video models as data: what each takes, in which words. Lengths and prices are in the catalogue.

Read from the types of the official SDK 5.24.0 and the vendor's pages, 2026-11-21.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import gcd
from typing import Final

from castlist.model.operations import Size

USUAL: Final = (Size(1280, 720), Size(720, 1280))
FULL: Final = (*USUAL, Size(1920, 1080), Size(1080, 1920))
_SEEDANCE_480: Final = (Size(992, 432), Size(864, 496), Size(752, 560), Size(640, 640), Size(560, 752), Size(496, 864))
_SEEDANCE_25_480: Final = (Size(992, 432), Size(854, 480), Size(752, 560), Size(640, 640), Size(560, 752), Size(480, 854))
_SEEDANCE_720: Final = (Size(1280, 720), Size(720, 1280), Size(1470, 630), Size(1112, 834), Size(960, 960), Size(834, 1112))
_SEEDANCE_1080: Final = (Size(1920, 1080), Size(1080, 1920), Size(2206, 946), Size(1664, 1248), Size(1440, 1440), Size(1248, 1664))
_SEEDANCE_4K: Final = (Size(3840, 2160), Size(2160, 3840), Size(3840, 1646), Size(3840, 2880), Size(3840, 3840), Size(2880, 3840))
_WAN: Final = (
    *FULL, Size(832, 480), Size(480, 832), Size(720, 544), Size(544, 720), Size(624, 624), Size(1104, 832), Size(832, 1104),
    Size(960, 960), Size(1648, 1248), Size(1248, 1648), Size(1440, 1440),
)  # fmt: skip
_KLING_4: Final = (*FULL, Size(940, 940), Size(1460, 624), Size(1440, 1440), Size(2200, 940))
_OMNI: Final = (Size(640, 360), Size(360, 640), *FULL, Size(3840, 2160), Size(2160, 3840))


class Framing(StrEnum):
    """How a request says the size of the video: in pixels, by a tier that follows a frame, or in words with a resolution."""

    PIXELS = "pixels"
    TIER = "tier"
    WORDS = "words"
    FOLLOWS = "follows"
    ADAPTIVE = "adaptive"


@dataclass(frozen=True, slots=True)
class Model:
    """One model. `stills` is the most images of `references`, `edit_stills` those of an edit; `most_words` the longest prompt in
    UTF-16 units; `frame` how the size is said beside an
    opening frame (None: it takes none); `source` names the field of a video to edit, `mode` whether that field's use is said."""

    sizes: tuple[Size, ...] = USUAL
    size: Framing = Framing.PIXELS
    resolution: str | None = None
    cast_sizes: tuple[Size, ...] = ()
    frame: Framing | None = Framing.PIXELS
    stills: int = 0
    clips: bool = False
    typed_clips: bool = True
    short_clips: bool = False
    frame_with_cast: bool = False
    tag: str = "image {}"
    source: str | None = None
    mode: bool = False
    edit_stills: int = 0
    edit_length: bool = False
    edit_audio: bool = False
    creates: bool = True
    audio: bool = False
    seed: bool = False
    threshold: bool = False
    most_words: int | None = None


MODELS: Final[Mapping[str, Model]] = {
    "gen4.5": Model(seed=True, threshold=True, most_words=1_000),
    "aleph2": Model(creates=False, source="videoUri", frame=None, seed=True, threshold=True),
    "seedance2_5": Model(
        (*_SEEDANCE_720, *_SEEDANCE_25_480, *_SEEDANCE_1080), stills=30, clips=True, audio=True, seed=True,
        source="promptVideo", mode=True, edit_stills=30, edit_length=True, edit_audio=True, most_words=15_000,
    ),
    "seedance2": Model(
        (*_SEEDANCE_720, *_SEEDANCE_480, *_SEEDANCE_1080, *_SEEDANCE_4K), stills=9, clips=True, audio=True,
        seed=True, most_words=3_500,
    ),
    "seedance2_fast": Model((*_SEEDANCE_720, *_SEEDANCE_480), stills=9, clips=True, audio=True, seed=True, most_words=3_500),
    "seedance2_mini": Model((*_SEEDANCE_720, *_SEEDANCE_480), stills=9, clips=True, audio=True, seed=True, most_words=3_500),
    "kling_4": Model(_KLING_4, stills=10, frame=Framing.TIER, frame_with_cast=True, source="videoUri", edit_stills=10),
    "klingO3_standard": Model((*USUAL, Size(960, 960)), audio=True, source="promptVideo", edit_stills=4),
    "klingO3_pro": Model((Size(1920, 1080), Size(1080, 1920), Size(1440, 1440)), audio=True, source="promptVideo", edit_stills=4),
    "wan3": Model(_WAN, stills=10, clips=True, frame=Framing.TIER, audio=True),
    "wan3_prime": Model(_WAN, stills=10, clips=True, frame=Framing.TIER, audio=True),
    "hailuo3": Model(USUAL, stills=9, clips=True, size=Framing.WORDS, frame=Framing.ADAPTIVE, resolution="768p"),
    "gemini_omni_flash_1.1": Model(
        _OMNI, stills=7, clips=True, typed_clips=False, short_clips=True, source="videoUri", mode=True,
        edit_stills=7,
    ),
    "grok_imagine_1_5": Model(FULL, cast_sizes=USUAL, stills=7, size=Framing.WORDS, frame=Framing.FOLLOWS, tag="[Image {}]"),
    "veo3.1": Model(FULL, audio=True, seed=True, most_words=1_000),
    "veo3.1_fast": Model(FULL, audio=True, seed=True, most_words=1_000),
}  # fmt: skip
"""`kling_4` takes videos for style and motion only, so a character goes to it in stills. `klingO3_*` takes images beside an opening
frame only, which no character can rely on. What Gemini Omni takes as a source and as a clip is limited as by Google, at Runway `?`."""


def word_ratio(size: Size) -> str:
    """The aspect in the smallest whole numbers, as "16:9"."""
    shared = gcd(size.width, size.height)
    return f"{size.width // shared}:{size.height // shared}"
