"""A character as an element of Kling's library."""

from asyncio import gather
from base64 import b64encode
from collections.abc import Mapping
from typing import Final

from castlist.errors import Refused
from castlist.model.characters import Character
from castlist.model.providing import AssetReader, References
from castlist.providers.uploads import stills_of

LONGEST_NAME: Final = 20
LONGEST_DESCRIPTION: Final = 100


async def describe(character: Character, media: References, *, assets: AssetReader) -> Mapping[str, object]:
    """The request for an element: the best still as its front, up to three others beside it, each in base 64.

    Raises Refused for a character with fewer than two stills, of which the vendor makes none.
    """
    stills = [each.asset for each in stills_of(media.media)]
    if len(stills) < 2:
        text = f"{character.name} has {len(stills)} still, and Kling makes an element of two to four"
        raise Refused(text, code="character_source_unsuitable")
    front, *others = [b64encode(content).decode() for content in await gather(*map(assets.read, stills))]
    return {
        "element_name": shorten(character.name, LONGEST_NAME),
        "element_description": shorten(character.description or character.name, LONGEST_DESCRIPTION),
        "reference_type": "image_refer",
        "element_image_list": {"frontal_image": front, "refer_images": [{"image_url": other} for other in others]},
    }


def shorten(text: str, most: int) -> str:
    """The text in one line of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
