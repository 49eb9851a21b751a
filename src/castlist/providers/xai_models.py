"""What the Grok Imagine models can do, as data."""

from collections.abc import Mapping
from typing import Final

from castlist.model.capabilities import Capabilities
from castlist.model.characters import Fidelity
from castlist.model.operations import Size

MOST_IMAGES: Final = 7
"""`reference_images` of one request."""

STILLS: Final = 3
_LONG_TO_SHORT: Final = {"16:9": (16, 9), "4:3": (4, 3), "3:2": (3, 2), "1:1": (1, 1)}
_LINES: Final = {"480p": 480, "720p": 720, "1080p": 1080}
PINNED: Final = "grok-imagine-video-1.5"
"""The one model that takes an opening frame together with references."""

FIRST: Final = "grok-imagine-video"
_MICROS: Final = {FIRST: 70_000, PINNED: 140_000, f"{PINNED}-lite": 30_000}
"""A second at 720p; 480p and 1080p cost other amounts, and 1.5 takes 0.01 USD more for each image sent."""


def shapes(*resolutions: str) -> Mapping[Size, tuple[str, str]]:
    """Our sizes as `aspect_ratio` and `resolution`: the number of lines is that of the shorter side, the longer one even."""
    found: dict[Size, tuple[str, str]] = {}
    for resolution in resolutions:
        short = _LINES[resolution]
        for wide, high in _LONG_TO_SHORT.values():
            long = round(short * wide / high / 2) * 2
            found[Size(long, short)] = (f"{wide}:{high}", resolution)
            found[Size(short, long)] = (f"{high}:{wide}", resolution)
    return found


SHAPES: Final = shapes("480p", "720p", "1080p")
_WITHOUT_FULL: Final = tuple(shapes("480p", "720p"))


def limits(model: str) -> Capabilities:
    """Limits of a Grok Imagine model: 1 to 15 s; characters by stills, then up to 720p; edits and extensions on the first model only.

    Edits take sources of up to 8.7 s, extensions of 2 to 15 s, and add 2 to 10 s; the answer to an extension is the stitched whole.
    Not verified: whether 1.5 edits and extends (a page of September 2026 says it cannot), what `-lite` takes, and the pixels of a
    longer side (`@ai-sdk/xai` takes 854x480 for 480p).
    """
    name = model.partition("?")[0]
    first = name == FIRST
    return Capabilities(
        model=f"xai/{model}",
        implements=frozenset({"create", "edit", "extend", "remix"} if first else {"create"}),
        max_seconds=15,
        max_total_seconds=25,
        sizes=tuple(SHAPES) if name == PINNED else _WITHOUT_FULL,
        characters=2,
        fidelity=Fidelity.REFERENCE,
        reference=True,
        reference_with_characters=name == PINNED,
        uploaded_source=first,
        options={"audio": ("on", "off")},
        micros_per_second=_MICROS.get(name),
        wants=tuple(f"jpeg-{n}" for n in range(STILLS)),
        extension=(2, 10),
        sources={"edit": (0.0, 8.7), "remix": (0.0, 8.7), "extend": (2.0, 15.0)},
        cast_sizes=_WITHOUT_FULL,
    )
