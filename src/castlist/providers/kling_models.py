"""What Kling's omni models can do, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from castlist.catalogue import refine
from castlist.model.capabilities import SOURCE, Capabilities
from castlist.model.characters import HUMAN_CLIP, Fidelity
from castlist.model.operations import Size
from castlist.providers.uploads import STILLS

MOST_REFERENCES: Final = 7
"""Pictures and elements of pictures together."""

MOST_BESIDE_A_VIDEO: Final = 4
MOST_WORDS_OLDER: Final = 2500
"""The longest prompt in the older API."""

_RATIOS: Final = {"16:9": (16, 9), "9:16": (9, 16), "1:1": (1, 1)}
LINES: Final = {"720p": 720, "1080p": 1080, "4k": 2160}


@dataclass(frozen=True, slots=True)
class Model:
    """One omni model. `words` is the longest prompt; `frame_seconds` the lengths a video from nothing but an opening frame can have,
    where those are fewer; `sounds` that it makes sound; `shots` that it can make several shots; `films` that it knows elements
    made of a clip; `older` its name in the older API."""

    older: str
    resolutions: tuple[str, ...]
    words: int
    longest_side: int
    frame_seconds: tuple[int, ...] = ()
    sounds: bool = False
    shots: bool = False
    films: bool = False


MODELS: Final[Mapping[str, Model]] = {
    "kling-3.0-omni": Model("kling-v3-omni", ("720p", "1080p", "4k"), 3072, 4553, sounds=True, shots=True, films=True),
    "kling-o1": Model("kling-video-o1", ("720p", "1080p"), 2500, 2160, frame_seconds=(5, 10)),
}
"""From kling.ai/document-api/api/video/{3-0-omni,o1}/video-omni as of 2026-09-20; `films` from its page on elements."""


def shapes(resolutions: tuple[str, ...]) -> Mapping[Size, tuple[str, str]]:
    """Our sizes as `aspect_ratio` and `resolution`. How many pixels the vendor gives a square is not documented."""
    found: dict[Size, tuple[str, str]] = {}
    for resolution in resolutions:
        short = LINES[resolution]
        for ratio, (wide, high) in _RATIOS.items():
            found[Size(short * wide // min(wide, high), short * high // min(wide, high))] = (ratio, resolution)
    return found


def ratio_of(size: Size) -> str | None:
    """The ratio a size has, where the vendor has a word for it."""
    return next((ratio for ratio, (wide, high) in _RATIOS.items() if abs(size.width * high - size.height * wide) <= max(wide, high)), None)


def resolution_of(size: Size, model: Model) -> str:
    """The resolution with at least as many lines as the shorter side has, or the most there are."""
    short = min(size.width, size.height)
    return next((word for word in model.resolutions if LINES[word] >= short), model.resolutions[-1])


def limits(model: str) -> Capabilities:
    """Limits of an omni model, by the catalogue: characters as elements, natively, those with one still only as a picture;
    of a person's clip, as the vendor makes such elements of nobody else, and takes one of them in a video.

    Sources are 700 to 4553 pixels a side (O1: 2160). There is no extension; a request that allows a step down gets a new shot that
    follows the source. Kling 4.0 is not here: its path in this API is not known. Not verified: whether an element made with one model
    works with another, and how long making one takes (5 s when a third party tried).
    """
    found = MODELS.get(model)
    if found is None:
        return Capabilities(model=f"kling/{model}", implements=frozenset())
    wire = Capabilities(
        model=f"kling/{model}",
        implements=frozenset({"create", "edit", "remix"}),
        approximates=frozenset({"extend"}),
        sizes=tuple(shapes(found.resolutions)),
        max_side=found.longest_side,
        max_pixels=8_294_400,
        min_side=700,
        fidelity=Fidelity.NATIVE,
        native_variant="still-1",
        reference=True,
        reference_with_characters=True,
        uploaded_source=True,
        options=_options(found),
        wants=(*STILLS, HUMAN_CLIP) if found.films else STILLS,
        binds=True,
        reference_too=True,
        returns_full=False,
        links=frozenset({SOURCE, HUMAN_CLIP}) if found.films else frozenset({SOURCE}),
        audio={"create": ("on", "off") if found.sounds else ("off",), **dict.fromkeys(("edit", "remix", "extend"), ("off",))},
    )
    return refine(wire, provider="kling", model=model)


def _options(model: Model) -> Mapping[str, tuple[str, ...]]:
    return ({"audio": ("on", "off")} if model.sounds else {}) | ({"multi_shot": ("on", "off")} if model.shots else {})
