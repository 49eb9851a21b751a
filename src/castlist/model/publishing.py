"""Stored files for whoever reads them by an address."""

from collections.abc import Callable

from castlist.errors import Refused
from castlist.model.providing import Media

Publish = Callable[[Media], str | None]
"""Makes a public address for a stored file; None where the gateway has none to give."""


def keep_private(media: Media) -> str | None:
    """The Publish of a gateway that is not reached from outside."""
    return None


def is_reached(publish: Publish) -> bool:
    """Whether it makes addresses at all."""
    return publish(Media("", "video/mp4", 0)) is not None


def require_link(link: str | None) -> str:
    """The link itself. Raises Refused for none."""
    if link is None:
        text = "the provider reads this file by a public address, and the gateway has none: set media.public_base_url"
        raise Refused(text, code="public_url_required")
    return link
