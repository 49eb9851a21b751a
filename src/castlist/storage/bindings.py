"""Provider accounts' handles on characters, one row for each character and account."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from castlist.model.characters import Binding, BindingState
from castlist.storage.codec import decode, encode
from castlist.storage.database import Clock, Connection, Database, from_micros, many
from castlist.storage.holders import Holders

MARGIN = timedelta(minutes=2)
"""A handle that expires sooner is made again: the order that carries it must still find it."""


@dataclass(frozen=True, slots=True)
class Orphan:
    """A handle on a character that is deleted and that no unfinished job needs."""

    character: str
    binding: Binding
    deleted_at: datetime


class Bindings:
    """A cache in the database: losing a row costs making the handle again."""

    def __init__(self, database: Database, holders: Holders, *, clock: Clock) -> None:
        self._database = database
        self._holders = holders
        self._clock = clock

    async def get(self, character: str, account: str) -> Binding | None:
        """That account's handle on the character."""
        row = await self._database.row(_GET, (character, account))
        return _read(row[0]).at(self._clock()) if row else None

    async def list(self, character: str) -> tuple[Binding, ...]:
        """All handles on a character, by account."""
        return (await self.of([character])).get(character, ())

    async def claim(self, character: str, account: str, *, provider: str, lease: float) -> tuple[Binding, bool]:
        """The binding as it is, and whether it is for this caller to make now, within `lease` seconds: nobody has it and nobody else,
        in this process or another one, is making it. What is ready, or made behind a ticket, is nobody's to make."""

        def write(connection: Connection) -> tuple[Binding, bool]:
            now = self._clock()
            row = connection.execute(_GET, (character, account)).fetchone()
            known = _read(row[0]) if row else Binding(provider, account, BindingState.EXPIRED)
            if row and not self._is_free(known.at(now + MARGIN), now):
                return known, False
            mine = Binding(
                provider,
                account,
                BindingState.MAKING,
                maker=self._holders.me,
                until=now + timedelta(seconds=lease),
                made_at=known.made_at,
                losses=known.losses,
            )
            _write(connection, character, mine)
            return mine, True

        return await self._database.write(write)

    def _is_free(self, binding: Binding, now: datetime) -> bool:
        if binding.state is not BindingState.MAKING:
            return binding.state is not BindingState.READY
        if binding.ticket is not None:
            return False
        late = binding.until is None or binding.until < now
        return late or binding.maker is None or self._holders.is_dead(binding.maker)

    async def save(self, character: str, binding: Binding) -> None:
        """Keep a handle in place of the one the account had on the character."""
        await self._database.write(lambda connection: _write(connection, character, binding))

    async def lose(self, character: str, account: str, *, handle: str, within: timedelta) -> int:
        """The provider no longer knows this handle: it is expired, unless another one was made since. How often in a row that happened,
        each time no later than `within` after it was made."""

        def write(connection: Connection) -> int:
            row = connection.execute(_GET, (character, account)).fetchone()
            known = _read(row[0]) if row else None
            if known is None or known.state is not BindingState.READY or known.handle != handle:
                return 0
            soon = known.made_at is not None and self._clock() - known.made_at <= within
            lost = replace(known, state=BindingState.EXPIRED, losses=known.losses + 1 if soon else 1)
            _write(connection, character, lost)
            return lost.losses

        return await self._database.write(write)

    async def delete(self, character: str, account: str) -> None:
        """Forget a handle."""
        sql = "DELETE FROM bindings WHERE character = ? AND account = ?"
        await self._database.write(lambda connection: connection.execute(sql, (character, account)).rowcount)

    async def orphans(self, *, accounts: Collection[str], limit: int) -> tuple[Orphan, ...]:
        """Handles of those accounts on deleted characters that nothing unfinished needs."""
        found = await self._database.rows(_ORPHANS, {"accounts": many(accounts), "limit": limit})
        return tuple(Orphan(character, _read(doc), from_micros(deleted_at)) for character, doc, deleted_at in found)

    async def of(self, characters: Collection[str]) -> Mapping[str, tuple[Binding, ...]]:
        """The handles on several characters."""
        sql = "SELECT character, doc FROM bindings WHERE character IN (SELECT value FROM json_each(?)) ORDER BY character, account"
        now = self._clock()
        found: dict[str, tuple[Binding, ...]] = {}
        for character, doc in await self._database.rows(sql, (many(characters),)):
            found[character] = (*found.get(character, ()), _read(doc).at(now))
        return found


_GET = "SELECT doc FROM bindings WHERE character = ? AND account = ?"
_SAVE = """
INSERT INTO bindings (character, account, doc) VALUES (?, ?, ?)
ON CONFLICT (character, account) DO UPDATE SET doc = excluded.doc
"""
_ORPHANS = """
SELECT bindings.character, bindings.doc, characters.deleted_at
FROM characters JOIN bindings ON bindings.character = characters.id
WHERE characters.deleted_at IS NOT NULL AND bindings.account IN (SELECT value FROM json_each(:accounts))
AND NOT EXISTS (
  SELECT 1 FROM job_characters played JOIN jobs busy ON busy.id = played.job WHERE played.character = characters.id AND NOT busy.ended
)
ORDER BY characters.deleted_at LIMIT :limit
"""


def _read(doc: str) -> Binding:
    return decode(Binding, json.loads(doc))


def _write(connection: Connection, character: str, binding: Binding) -> None:
    connection.execute(_SAVE, (character, binding.account, json.dumps(encode(binding))))
