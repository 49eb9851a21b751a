"""Provider accounts' handles on characters, one row for each character and account."""

import json
from collections.abc import Collection, Mapping

from castlist.model.characters import Binding
from castlist.storage.codec import decode, encode
from castlist.storage.database import Database, many


class Bindings:
    """A cache in the database: losing a row costs making the handle again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, character: str, account: str) -> Binding | None:
        """That account's handle on the character."""
        row = self._database.row("SELECT doc FROM bindings WHERE character = ? AND account = ?", (character, account))
        return decode(Binding, json.loads(row[0])) if row else None

    async def list(self, character: str) -> tuple[Binding, ...]:
        """All handles on a character, by account."""
        return self.of([character]).get(character, ())

    async def save(self, character: str, binding: Binding) -> None:
        """Keep a handle in place of the one the account had on the character."""
        values = (character, binding.account, json.dumps(encode(binding)))
        sql = (
            "INSERT INTO bindings (character, account, doc) VALUES (?, ?, ?) "
            "ON CONFLICT (character, account) DO UPDATE SET doc = excluded.doc"
        )
        await self._database.write(lambda connection: connection.execute(sql, values).rowcount)

    async def delete(self, character: str, account: str) -> None:
        """Forget a handle."""
        sql = "DELETE FROM bindings WHERE character = ? AND account = ?"
        await self._database.write(lambda connection: connection.execute(sql, (character, account)).rowcount)

    def of(self, characters: Collection[str]) -> Mapping[str, tuple[Binding, ...]]:
        """The handles on several characters."""
        sql = "SELECT character, doc FROM bindings WHERE character IN (SELECT value FROM json_each(?)) ORDER BY character, account"
        found: dict[str, tuple[Binding, ...]] = {}
        for character, doc in self._database.rows(sql, (many(characters),)):
            found[character] = (*found.get(character, ()), decode(Binding, json.loads(doc)))
        return found
