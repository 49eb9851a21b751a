"""Files at a vendor that keeps uploads for a while: those of an order, and those that a handle on a character stands for."""

import asyncio
import json
import re
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import ClassVar, Final, TypeVar
from urllib.parse import urlsplit

from castlist.errors import Ambiguous, HandleGone, NotSent, ProviderError, Refused, Retry
from castlist.model.characters import CastMember, Character
from castlist.model.providing import Account, Handle, Media, Order, Provider, References, Reply, Transport, stand_in
from castlist.providers.replies import judge

STILLS: Final = ("jpeg-0", "jpeg-1", "jpeg-2", "jpeg-3")
"""The forms of a character's stills, best first."""

Files = Mapping[str, tuple[str, str]]
"""Uploaded assets: address and media type."""

Upload = Callable[[Media], Awaitable[str]]
"""Puts a stored file at the vendor and gives its address there."""

Member = tuple[str, tuple[str, ...], str | None]
"""A character's name, its stills best first, and its clip."""

T = TypeVar("T")
_REFUSALS: Final = frozenset({400, 403, 404, 422})


@dataclass(frozen=True, slots=True)
class Carried:
    """What travels with an order, as asset ids or as addresses: the opening frame, the video to start from, and each character."""

    frame: str | None = None
    source: str | None = None
    cast: tuple[Member, ...] = ()

    @property
    def assets(self) -> tuple[str, ...]:
        members = [each for _, stills, clip in self.cast for each in (*stills, clip)]
        return tuple(each for each in (self.frame, self.source, *members) if each)

    def at(self, files: Files) -> "Carried":
        """The same by addresses. Every asset must be among the files."""
        return Carried(
            frame=self.frame and files[self.frame][0],
            source=self.source and files[self.source][0],
            cast=tuple((name, tuple(files[still][0] for still in stills), clip and files[clip][0]) for name, stills, clip in self.cast),
        )


class KeepsUploads(Provider):
    """A provider whose uploads live for a while: those of a character are this account's handle on it, until `files_live` is over.

    `clips` are the forms of a clip that its models watch, `padded` those of a still that they are shown beside the usual ones.
    """

    files_live: ClassVar[timedelta]
    clips: ClassVar[Sequence[str]]
    padded: ClassVar[Sequence[str]] = ()

    def __init__(self, account: Account, http: Transport, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(account, http)
        self._clock = clock

    @abstractmethod
    async def open_uploads(self) -> Upload:
        """How a file is put at the vendor, made ready for several. Raises Refused or ProviderError; nothing is paid for."""

    async def place(self, order: Order, wanted: Collection[str]) -> Files:
        """Where each asset is at the vendor: by the handles of the cast, or uploaded now, once each."""
        held = held_files(order)
        described = await asyncio.gather(*map(self.http.assets.describe, dict.fromkeys(wanted)))
        links = held | await self._upload_all([media for media in described if media.asset not in held])
        return {media.asset: (links[media.asset], media.media_type) for media in described}

    async def bind(self, character: Character, media: References) -> Handle:
        """The character's stills, and the clips it has, uploaded. Raises Refused for a character that has neither."""
        chosen = [*stills_of(media.media), *(media.media[form] for form in (*self.padded, *self.clips) if form in media.media)]
        if not chosen:
            raise Refused(f"{character.name} has no still and no short clip to be shown", code="character_source_unsuitable")
        until = self._clock() + self.files_live
        return Handle(json.dumps(await self._upload_all(chosen)), expires_at=until)

    async def unbind(self, handle: Handle) -> None:
        """Nothing to ask for: the files end by themselves, and this vendor documents no way to remove them before."""

    async def _upload_all(self, files: Sequence[Media]) -> dict[str, str]:
        if not files:
            return {}
        if self.http.rehearses:
            return {media.asset: stand_in(media) for media in files}
        upload = await self.open_uploads()
        return dict(zip((media.asset for media in files), await asyncio.gather(*map(upload, files)), strict=True))


def stills_of(media: Mapping[str, T], *, ratio: str | None = None) -> list[T]:
    """The stills among a character's media, best first: its JPEGs, or the pictures they are made of; the frontal one padded to a ratio
    ("16:9"), where that is wanted and was made."""
    found = [media.get(form) or media.get(form.replace("jpeg", "still")) for form in STILLS]
    padded = media.get(f"jpeg-0-{ratio.replace(':', 'x')}") if ratio else None
    return [each for each in (padded or found[0], *found[1:]) if each]


def clip_of(media: Mapping[str, T], forms: Sequence[str]) -> T | None:
    """The first of those forms of a clip that a character has."""
    return next((media[form] for form in forms if form in media), None)


def check_cast(order: Order, carried: Carried) -> None:
    """Raise Refused for a character that would travel with neither a still nor a clip."""
    for name, stills, clip in carried.cast:
        if not stills and not clip:
            text = f"{name} has neither the stills nor the clip that {order.provider_model} takes"
            raise Refused(text, code="character_source_unsuitable", retry=Retry.ELSEWHERE)


def held_files(order: Order) -> dict[str, str]:
    """The files that the handles of the cast stand for: addresses by asset."""
    found: dict[str, str] = {}
    for member in order.cast:
        found |= read_handle(member.handle or "{}")
    return found


def read_handle(value: str) -> Mapping[str, str]:
    """The addresses by asset in a handle; none in one that is not of such files."""
    try:
        found: object = json.loads(value)
    except ValueError:
        return {}
    return {str(asset): str(link) for asset, link in found.items()} if isinstance(found, dict) else {}


def check_held(reply: Reply, cast: Sequence[CastMember], *, words: re.Pattern[str]) -> None:
    """Raise HandleGone for a refusal, in the vendor's `words` for a file that is not there, of an order whose cast has handles."""
    handles = [member.handle for member in cast if member.handle]
    said = reply.body.decode(errors="replace")
    if not handles or reply.status not in _REFUSALS or not words.search(said):
        return
    named = [handle for handle in handles if any(link.rpartition("/")[2] in said for link in read_handle(handle).values())]
    raise HandleGone("the upstream no longer has a file of a character", handles=named)


async def give(call: Awaitable[Reply], *, judged: Callable[[Reply], None] = judge) -> Reply:
    """The answer to a request that costs nothing and can be repeated: one that is lost is an error to try again, never unknown work."""
    try:
        reply = await call
        judged(reply)
    except (Ambiguous, NotSent) as error:
        raise upload_failed(f"a file could not be uploaded: {error.message}") from error
    return reply


def upload_failed(text: str) -> ProviderError:
    """The error for an upload to be tried again."""
    return ProviderError(text, code="provider_upload_failed", retry=Retry.SAME)


def check_place(url: str, *, home: str) -> None:
    """Raise ProviderError unless a file may be sent there: a public host over https, or the account's own address."""
    place, own = urlsplit(url), urlsplit(home)
    if (place.scheme, place.netloc) == (own.scheme, own.netloc):
        return
    if place.scheme != "https" or not place.hostname or _is_private(place.hostname):
        raise ProviderError("the upstream names a place for uploads that is not a public https address", code="provider_upload_failed")


def _is_private(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost" or "." not in host
