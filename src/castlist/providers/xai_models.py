"""What the Grok Imagine models can do, as data."""

from collections.abc import Mapping
from typing import Final

from castlist.catalogue import refine
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
    """Limits of a Grok Imagine model, by the catalogue: characters by stills, then up to 720p; edits and extensions on the first model
    only; the answer to an extension is the stitched whole.

    Not verified: whether 1.5 edits and extends (a page of September 2026 says it cannot), what `-lite` takes, and the pixels of a
    longer side (`@ai-sdk/xai` takes 854x480 for 480p).
    """
    name = model.partition("?")[0]
    first = name == FIRST
    wire = Capabilities(
        model=f"xai/{model}",
        implements=frozenset({"create", "edit", "extend", "remix"} if first else {"create"}),
        sizes=tuple(SHAPES) if name == PINNED else _WITHOUT_FULL,
        fidelity=Fidelity.REFERENCE,
        reference=True,
        reference_with_characters=name == PINNED,
        uploaded_source=first,
        options={"audio": ("on", "off")},
        audio={"create": ("on", "off")},
        wants=tuple(f"jpeg-{n}" for n in range(STILLS)),
        cast_sizes=_WITHOUT_FULL,
        casts=frozenset({"create"}),
        returns_full=True,
    )
    return refine(wire, provider="xai", model=name)
