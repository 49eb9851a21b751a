"""Characters: create one from a clip, keep it, fetch what was derived from it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from time import monotonic
from typing import Literal, Unpack

from castlist.errors import MediaRefused, WaitTimeout
from castlist.sdk._sync.connection import Connection
from castlist.sdk._sync.page import Page
from castlist.sdk._sync.pauses import sleep
from castlist.sdk.arguments import NewCharacter, identify, takes
from castlist.sdk.paths import quote
from castlist.sdk.queries import CharacterQuery
from castlist.sdk.records import CharacterRecord, Deleted, Json, read_character, read_deleted, read_maps, read_text
from castlist.sdk.uploads import Form, Source, is_image

PAUSE = 0.2
SUFFIXES = {"video": ".mp4", "still": ".png", "cutout": ".png", "sheet": ".png"}
CharacterVariant = Literal["video", "still", "cutout", "sheet"]


@dataclass(frozen=True)
class Character(CharacterRecord):
    """A character as it was when the server was asked."""

    _characters: Characters = field(repr=False, compare=False, kw_only=True)

    def refresh(self) -> Character:
        """The character as it is now."""
        return self._characters.get(self)

    def wait(self, *, timeout: float | None = None) -> Character:
        """Wait until what is derived from its clip is there. Not needed before using it; see `characters.wait`."""
        return self._characters.wait(self, timeout=timeout)

    def download(self, path: str | os.PathLike[str] | None = None, *, variant: CharacterVariant = "video") -> Path:
        """Save its clip, a still, the cutout or the sheet to a file."""
        return self._characters.download(self, path, variant=variant)

    def delete(self) -> Deleted:
        """Delete it: queued videos that use it fail, finished ones stay."""
        return self._characters.delete(self)


class Characters:
    """`client.characters`. Wherever a character is asked for, its id will do."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @takes(NewCharacter, call="characters.create")
    def create(self, name: str, source: Source | list[Source], **arguments: Unpack[NewCharacter]) -> Character:
        """Make a character from a video clip, or from a list of one to four images; other arguments as in `NewCharacter`.

        It can be used at once; `advice` on it says what would make a better clip. Raises MediaRefused for a file that cannot be used.
        """
        sources = source if isinstance(source, list) else [source]
        if not sources:
            raise TypeError("a character needs a video clip or one to four images")
        images = isinstance(source, list) or is_image(source)
        targets = arguments.get("target_model_names")
        fields: dict[str, object] = {"name": name, **arguments}
        if targets is not None:
            fields["target_model_names"] = targets if isinstance(targets, str) else ",".join(targets)
        form = Form(
            {key: value for key, value in fields.items() if value is not None},
            [("image" if images else "video", each) for each in sources],
        )
        return self._read(self._connection.upload("/videos/characters", form))

    def get(self, character: CharacterRecord | str) -> Character:
        """The character as it is now. Raises NotFound."""
        return self._read(self._connection.get(f"/videos/characters/{quote(character)}"))

    def named(self, name: str) -> Character | None:
        """The newest character of that name, or None."""
        page = self.list(name=name, limit=1)
        return page.data[0] if page.data else None

    @takes(CharacterQuery, call="characters.list")
    def list(self, **query: Unpack[CharacterQuery]) -> Page[Character]:
        """A page of characters, newest first unless `order` is "asc"."""
        json = self._connection.get("/videos/characters", query)

        def follow(after: str) -> Page[Character]:
            onward: CharacterQuery = {**query, "after": after}
            return self.list(**onward)

        characters = tuple(map(self._read, read_maps(json.get("data"))))
        last = read_text(json.get("last_id")) or (characters[-1].id if characters else None)
        return Page(characters, has_more=bool(json.get("has_more")), last_id=last, _follow=follow)

    def wait(self, character: CharacterRecord | str, *, timeout: float | None = None) -> Character:
        """The character once it is ready. Raises MediaRefused when it failed, WaitTimeout after `timeout` seconds."""
        until = inf if timeout is None else monotonic() + timeout
        current = self._watch(character, until=until)
        while current.state == "preparing":
            if monotonic() >= until:
                raise WaitTimeout(f"{current.id} was not ready after {timeout:g} seconds")
            sleep(PAUSE)
            current = self._watch(current, until=until)
        if current.state == "failed":
            raise MediaRefused(f"{current.id} failed: {current.error or 'no reason was given'}", code="character_failed")
        return current

    def download(
        self, character: CharacterRecord | str, path: str | os.PathLike[str] | None = None, *, variant: CharacterVariant = "video"
    ) -> Path:
        """Save the clip, a "still", the "cutout" or the "sheet"; `path` as in `videos.download`. Raises Conflict before it is ready."""
        into = Path(path) if path is not None else Path()
        if into.is_dir():
            into /= f"{identify(character)}{'' if variant == 'video' else f'-{variant}'}{SUFFIXES.get(variant, '')}"
        return self._connection.save(f"/videos/characters/{quote(character)}/content", {"variant": variant}, into=into)

    def delete(self, character: CharacterRecord | str) -> Deleted:
        """Delete a character: queued videos that use it fail, finished ones stay."""
        return read_deleted(self._connection.delete(f"/videos/characters/{quote(character)}"))

    def _watch(self, character: CharacterRecord | str, *, until: float) -> Character:
        return self._read(self._connection.watch(f"/videos/characters/{quote(character)}", wait=0.0, until=until))

    def _read(self, json: Json) -> Character:
        return Character(**read_character(json), _characters=self)  # type: ignore[arg-type]  # read_character makes the fields
