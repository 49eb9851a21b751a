"""What the Gemini Omni models can do, as data."""

from typing import Final

from castlist.catalogue import refine
from castlist.model.capabilities import Capabilities
from castlist.model.characters import PADDED, Fidelity
from castlist.model.operations import Size

SHAPES: Final = {
    Size(640, 360): ("16:9", "360p"),
    Size(1280, 720): ("16:9", "720p"),
    Size(1920, 1080): ("16:9", "1080p"),
    Size(3840, 2160): ("16:9", "4k"),
    Size(360, 640): ("9:16", "360p"),
    Size(720, 1280): ("9:16", "720p"),
    Size(1080, 1920): ("9:16", "1080p"),
    Size(2160, 3840): ("9:16", "4k"),
}
"""Our sizes as `aspect_ratio` and `resolution` of the response format."""

MOST_IMAGES: Final = 6
"""Images of one prompt, opening frame included. The model page allows 10 (of the preview model; not verified for 1.1 and 1.2), the
vendor's guide advises 6 to 7."""

MOST_CLIPS: Final = 3
STILLS: Final = 4


def limits(model: str) -> Capabilities:
    """Limits of an Omni model, by the catalogue; characters go by clips of up to 3 s and stills.

    The frontal still is padded to the ratio of a video that has another one (that it helps is not verified).
    Uploaded sources are not offered in the EEA, Switzerland and the UK by the vendor's page. Not verified: whether `v1` serves all
    that 1.2 can, and whether 1.1 has the same limits.
    """
    wire = Capabilities(
        model=f"gemini/{model}",
        implements=frozenset({"create", "edit", "extend", "remix"}),
        sizes=tuple(SHAPES),
        fidelity=Fidelity.REFERENCE,
        reference=True,
        reference_with_characters=True,
        uploaded_source=True,
        cancel=True,
        wants=(*(f"jpeg-{n}" for n in range(STILLS)), *PADDED, "clip-3s"),
        binds=True,
    )
    return refine(wire, provider="gemini", model=model)
