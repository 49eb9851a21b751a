"""A submission up to the moment when something would be sent: the adapter's own code on a transport that sends nothing."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Final, Never

from castlist.engine.binding import Bound, is_unread, without_clips
from castlist.engine.forms import lacking
from castlist.engine.kit import Kit
from castlist.engine.ordering import Making, Ready, make_ready
from castlist.errors import Refused
from castlist.model.characters import Character, CharacterState
from castlist.model.jobs import Job
from castlist.model.providing import AssetReader, Deployment, Handle, Media, Part, Provider, References, Reply, Stream, Ticket, stand_in
from castlist.model.publishing import Publish, require_link

HANDLE: Final = "handle-to-be"
"""What stands for a handle on a character: the real one may not exist yet, and what is sent beside it does not depend on it."""

_FORM_TYPES: Final = {"jpeg": "image/jpeg", "clip": "video/mp4"}


class Rehearsal:
    """The stage of one plan. It says how an order comes to be without anything being made, and remembers which assets were looked at.

    `known` are files that came with the request and have no row. `blank` leaves stored files unread: what is refused does not depend on
    their contents.
    """

    def __init__(self, kit: Kit, known: Iterable[Media] = (), *, blank: bool = False) -> None:
        self._assets = _Watched(kit.storage.assets, {media.asset: media for media in known}, blank=blank)
        self._transport = _Quiet(self._assets, kit.storage.scratch, kit.publish)
        self.making = Making(furnish=self._promise, bind=_promise_handles, adapter=self.adapter)

    async def order(self, kit: Kit, job: Job, deployment: Deployment, *, characters: Sequence[Character]) -> Ready | None:
        """The order as it would be sent; None where that shows only when something is: to an adapter that asks its upstream before, or of
        a character that is not ready. Raises what the adapter refuses."""
        if any(character.state is not CharacterState.READY for character in characters):
            return None
        try:
            ready = await make_ready(kit, job, deployment, characters=characters, making=self.making)
        except NotImplementedError:
            return None
        return ready if isinstance(ready, Ready) else None

    @property
    def touched(self) -> frozenset[str]:
        """The assets that an adapter described or read."""
        return frozenset(self._assets.touched)

    def adapter(self, kit: Kit, deployment: Deployment) -> Provider:
        """The deployment's adapter as it is, on a transport that sends nothing."""
        twin = copy(kit.provider(deployment))
        twin.http = self._transport
        return twin

    async def describe(self, asset: str) -> Media:
        """Type and length of an asset, or of one that would be made."""
        return await self._assets.look_up(asset)

    async def bound_files(self, kit: Kit, deployment: Deployment, character: Character) -> frozenset[str]:
        """The assets that the account's handle on the character is made of."""
        try:
            return await self._bound(kit, deployment, character)
        except Refused as error:
            if not is_unread(error):
                raise
            return await self._bound(kit, deployment, without_clips(character))

    async def _bound(self, kit: Kit, deployment: Deployment, character: Character) -> frozenset[str]:
        before, self._assets.touched = self._assets.touched, set()
        media = {name: await self.describe(asset) for name, asset in character.assets.items() if not name.startswith("source-")}
        made: Handle | Ticket | None = None
        try:
            # What it refuses is the first thing that would be sent: whatever that carries has been read by then.
            with suppress(NotImplementedError):
                made = await self.adapter(kit, deployment).bind(character, References(media))
        finally:
            found, self._assets.touched = self._assets.touched, before
        value = made.value if isinstance(made, Handle) else ""
        return frozenset(found) | {each.asset for each in media.values() if each.asset in value}

    async def _promise(self, kit: Kit, character: Character, wants: Sequence[str]) -> Character:
        """The character with the forms that would be made for it."""
        promised = {form: f"{form}-of-{character.id}" for form in lacking(character, wants)}
        for form, asset in promised.items():
            self._assets.known[asset] = Media(asset, _FORM_TYPES[form.partition("-")[0]], 0)
        return replace(character, assets={**character.assets, **promised})


async def _promise_handles(kit: Kit, characters: Sequence[Character], deployment: Deployment) -> Bound:
    return Bound({character.id: f"{HANDLE}-{character.id}" for character in characters})


class _Watched:
    """Stored assets, and those that would be; notes which ones are asked for."""

    def __init__(self, stored: AssetReader, known: dict[str, Media], *, blank: bool) -> None:
        self._stored = stored
        self._blank = blank
        self.known = known
        self.touched: set[str] = set()

    async def look_up(self, asset: str) -> Media:
        return self.known.get(asset) or await self._stored.describe(asset)

    async def describe(self, asset: str) -> Media:
        self.touched.add(asset)
        return await self.look_up(asset)

    async def read(self, asset: str) -> bytes:
        self.touched.add(asset)
        promised = asset in self.known and not self.known[asset].bytes
        return b"" if promised or self._blank else await self._stored.read(asset)

    @asynccontextmanager
    async def local(self, asset: str) -> AsyncIterator[Path]:
        self.touched.add(asset)
        async with self._stored.local(asset) as path:
            yield path


class _Quiet:
    """A transport that sends nothing: an adapter that gets here would have sent something."""

    rehearses = True

    def __init__(self, assets: _Watched, scratch: Path, publish: Publish) -> None:
        self.assets: AssetReader = assets
        self._watched = assets
        self.scratch = scratch
        self._publish = publish

    async def link(self, asset: str) -> str:
        media = await self._watched.look_up(asset)
        require_link(self._publish(media))
        return stand_in(await self.assets.describe(asset))

    async def ask(self, method: str, url: str, *, headers: Mapping[str, str], timeout: float = 30.0) -> Reply:
        _refuse()

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | Sequence[Part],
        timeout: float = 60.0,
        named: bool = False,
    ) -> Reply:
        _refuse()

    @asynccontextmanager
    async def stream(self, url: str, *, headers: Mapping[str, str], offset: int = 0) -> AsyncIterator[Stream]:
        _refuse()
        yield


def _refuse() -> Never:
    raise NotImplementedError("a plan sends nothing")
