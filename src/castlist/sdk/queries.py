"""What lists can be narrowed to."""

from typing import Literal, TypedDict

from castlist.sdk.arguments import CharacterLike


class VideoQuery(TypedDict, total=False):
    """What a list of videos can be narrowed to; `after` is the id of the last video of the page before."""

    after: str | None
    limit: int | None
    order: Literal["asc", "desc"] | None
    status: str | None
    character: CharacterLike | None


class CharacterQuery(TypedDict, total=False):
    """What a list of characters can be narrowed to; `after` is the id of the last character of the page before."""

    after: str | None
    limit: int | None
    order: Literal["asc", "desc"] | None
    name: str | None


class DeliveryQuery(TypedDict, total=False):
    """What a list of deliveries can be narrowed to; `after` is the id of the last delivery of the page before."""

    after: str | None
    limit: int | None
    order: Literal["asc", "desc"] | None
    state: Literal["pending", "delivered", "dead", "disabled"] | None
    video: str | None
