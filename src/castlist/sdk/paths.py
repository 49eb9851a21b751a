"""Ids as parts of a URL's path."""

from urllib.parse import quote as escape

from castlist.errors import InvalidRequest
from castlist.sdk.arguments import identify


def quote(thing: object) -> str:
    """The id of a video or character, safe in a path. Raises InvalidRequest for an empty one, which would name the whole list."""
    id_ = identify(thing)
    if not id_.strip(". /"):
        raise InvalidRequest(f"an id is needed, and not {id_!r}", code="invalid_id")
    return escape(id_, safe="")
