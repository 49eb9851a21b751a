"""The characters: who is in the cast, and how far their derivation has come."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from castlist.model.characters import Character, CharacterState
from castlist.model.jobs import Failure
from castlist.model.repeats import Mark
from castlist.storage.assets import StoredAsset, insert_assets, link_assets
from castlist.storage.bindings import Bindings
from castlist.storage.codec import decode, encode
from castlist.storage.database import Clock, Connection, Database, Row, from_micros, many, to_micros
from castlist.storage.holders import Holders
from castlist.storage.job_rows import fail_jobs
from castlist.storage.jobs import QUEUED_WITH_CHARACTER
from castlist.storage.page import Page, read_page
from castlist.storage.pending import Pending
from castlist.storage.requests import find_keyed, insert_request

_COLUMNS = "id, project, name, state, digest, created_at, deleted_at, doc"
_HELD = frozenset({"id", "project", "name", "state", "digest", "created_at", "deleted_at", "bindings"})


class Characters:
    """Rows of characters. "Fenced": done only while this process has the character's lease, and False otherwise."""

    def __init__(self, database: Database, holders: Holders, *, bindings: Bindings, pending: Pending, clock: Clock) -> None:
        self._database = database
        self._holders = holders
        self._bindings = bindings
        self._pending = pending
        self._clock = clock

    async def add(self, character: Character, *, mark: Mark | None = None) -> bool:
        """A new character; the rows of its assets were written before. False when the key of its request has made one before."""

        def write(connection: Connection) -> bool:
            now = self._clock()
            if mark and mark.key is not None:
                if find_keyed(connection, mark, now=now):
                    return False
                insert_request(connection, mark, owner=character.id, now=now)
            connection.execute(
                f"INSERT INTO characters ({_COLUMNS}) VALUES (:id, :project, :name, :state, :digest, :created_at, :deleted_at, :doc)",
                _values(character),
            )
            link_assets(connection, character.id, assets=character.assets.values(), role="character")
            return True

        added = await self._database.write(write)
        if added:
            self._pending.settle(character.assets.values())
        return added

    async def get(self, project: str, character: str) -> Character | None:
        """The character; None when it is deleted or another project's."""
        return await self._one("id = :id AND project = :project AND deleted_at IS NULL", id=character, project=project)

    async def any(self, character: str) -> Character | None:
        """The character, in whichever project and deleted too."""
        return await self._one("id = :id", id=character)

    async def named(self, project: str, name: str) -> Character | None:
        """The newest living character of that name."""
        return await self._one("project = :project AND name = :name AND deleted_at IS NULL", project=project, name=name)

    async def same(self, project: str, digest: str, since: datetime) -> Character | None:
        """The newest living one of the same digest, made since then, that has not failed."""
        where = "project = :project AND digest = :digest AND deleted_at IS NULL AND state <> 'failed' AND created_at >= :since"
        return await self._one(where, project=project, digest=digest, since=to_micros(since))

    async def page(
        self, project: str, *, after: str | None, limit: int, order: Literal["asc", "desc"], name: str | None
    ) -> Page[Character]:
        """One page of a project's characters by time of creation. Raises NotFound for an `after` that is no character of the project."""
        values: dict[str, object] = {"project": project, "after": after, "limit": limit, "name": name}
        conditions = [] if name is None else ["name = :name"]
        rows = await read_page(self._database, f"SELECT {_COLUMNS} FROM characters", conditions, values=values, order=order)
        return Page(await self._read(rows[:limit]), len(rows) > limit)

    async def unfinished(self) -> int:
        """How many living characters are still being prepared."""
        row = await self._database.row("SELECT count(*) FROM characters WHERE state = 'preparing' AND deleted_at IS NULL", ())
        return int(row[0]) if row else 0

    async def claim(self, *, limit: int, lease: float, besides: Collection[str] = ()) -> list[Character]:
        """Lease characters whose derivation is not done to this process for `lease` seconds, oldest first; never those in `besides`,
        which this process has in hand."""

        def write(connection: Connection) -> list[Row]:
            now = self._clock()
            values = {
                "holder": self._holders.me,
                "now": to_micros(now),
                "until": to_micros(now + timedelta(seconds=lease)),
                "dead": many(self._holders.dead()),
                "limit": limit,
                "besides": many(besides),
            }
            return connection.execute(_CLAIM, values).fetchall()

        found = await self._read(await self._database.write(write))
        return sorted(found, key=lambda character: (character.created_at, character.id))

    async def renew(self, ids: Collection[str], *, lease: float) -> set[str]:
        """Hold on to leases for `lease` seconds from now; the ids of those that are still ours."""

        def write(connection: Connection) -> set[str]:
            until = to_micros(self._clock() + timedelta(seconds=lease))
            sql = "UPDATE characters SET lease_until = ? WHERE lease_holder = ? AND id IN (SELECT value FROM json_each(?)) RETURNING id"
            return {row[0] for row in connection.execute(sql, (until, self._holders.me, many(ids)))}

        return await self._database.write(write) if ids else set()

    async def save(self, character: Character, *, assets: Sequence[StoredAsset] = ()) -> bool:
        """Save a character with the rows of its assets. Fenced; the lease is given back when there is nothing left to prepare."""

        def write(connection: Connection) -> bool:
            release = character.state is not CharacterState.PREPARING
            values = {"id": character.id, "holder": self._holders.me, "release": release}
            row = connection.execute(_HELD_DOC, values).fetchone()
            if row is None:
                return False
            values |= _values(replace(character, targets=_joined(json.loads(row[0]), character.targets)))
            if connection.execute(_UPDATE, values).rowcount != 1:
                return False
            insert_assets(connection, assets)
            owned = [*character.assets.values(), *(asset.id for asset in assets)]
            link_assets(connection, character.id, assets=owned, role="character")
            return True

        done = await self._database.write(write)
        if done:
            self._pending.settle([*character.assets.values(), *(asset.id for asset in assets)])
        return done

    async def hold(self, character: str, *, lease: float) -> bool:
        """Lease a living character to this process for `lease` seconds, unless anybody has it now, a task of this process too."""

        def write(connection: Connection) -> bool:
            now = self._clock()
            values = {
                "id": character,
                "holder": self._holders.me,
                "now": to_micros(now),
                "until": to_micros(now + timedelta(seconds=lease)),
                "dead": many(self._holders.dead()),
            }
            return connection.execute(_HOLD, values).rowcount == 1

        return await self._database.write(write)

    async def release(self, character: str) -> None:
        """Give a lease taken with `hold` back."""
        sql = "UPDATE characters SET lease_holder = NULL, lease_until = NULL WHERE id = ? AND lease_holder = ?"
        await self._database.write(lambda connection: connection.execute(sql, (character, self._holders.me)).rowcount)

    async def add_forms(self, character: str, forms: Mapping[str, StoredAsset]) -> bool:
        """Give a character more variants, with the rows of their assets. Fenced."""

        def write(connection: Connection) -> bool:
            values = {"id": character, "holder": self._holders.me}
            row = connection.execute(_HELD_DOC, values).fetchone()
            if row is None:
                return False
            doc = json.loads(row[0])
            doc["assets"] |= {form: asset.id for form, asset in forms.items()}
            connection.execute(_NEW_DOC, {**values, "doc": json.dumps(doc, separators=(",", ":"))})
            insert_assets(connection, forms.values())
            link_assets(connection, character, assets=[asset.id for asset in forms.values()], role="character")
            return True

        done = await self._database.write(write)
        if done:
            self._pending.settle([asset.id for asset in forms.values()])
        return done

    async def add_targets(self, character: str, targets: Sequence[str]) -> Character | None:
        """Have a living character made ready for these models too, whoever prepares it now. Returns it as it is then."""

        def write(connection: Connection) -> Row | None:
            row = connection.execute(_LOCKED_DOC, {"id": character}).fetchone()
            if row is None:
                return None
            doc = json.loads(row[0])
            doc["targets"] = _joined(doc, targets)
            values = {"id": character, "doc": json.dumps(doc, separators=(",", ":"))}
            found: Row | None = connection.execute(
                f"UPDATE characters SET doc = :doc WHERE id = :id RETURNING {_COLUMNS}", values
            ).fetchone()
            return found

        row = await self._database.write(write)
        return (await self._read([row]))[0] if row else None

    async def delete(self, project: str, character: str) -> Character | None:
        """Mark a character deleted and fail its jobs that were not submitted yet; its bytes go with `Jobs.purge`."""

        def write(connection: Connection) -> Row | None:
            now = self._clock()
            values = {"now": to_micros(now), "id": character, "project": project}
            row: Row | None = connection.execute(_DELETE, values).fetchone()
            if row is not None:
                jobs = [found[0] for found in connection.execute(QUEUED_WITH_CHARACTER, (character,))]
                failure = Failure("character_deleted", f"character {character} was deleted before this video was started")
                fail_jobs(connection, jobs, failure=failure, now=now)
            return row

        row = await self._database.write(write)
        return (await self._read([row]))[0] if row else None

    async def _one(self, where: str, **values: object) -> Character | None:
        sql = f"SELECT {_COLUMNS} FROM characters WHERE {where} ORDER BY created_at DESC, id DESC LIMIT 1"
        row = await self._database.row(sql, values)
        return (await self._read([row]))[0] if row else None

    async def _read(self, rows: Sequence[Row]) -> tuple[Character, ...]:
        bindings = await self._bindings.of([row[0] for row in rows])
        return tuple(replace(_to_character(row), bindings=bindings.get(row[0], ())) for row in rows)


_CLAIM = f"""
UPDATE characters SET lease_holder = :holder, lease_until = :until WHERE id IN (
  SELECT id FROM characters WHERE state = 'preparing' AND deleted_at IS NULL
  AND (lease_holder IS NULL OR lease_until < :now OR lease_holder IN (SELECT value FROM json_each(:dead)))
  AND id NOT IN (SELECT value FROM json_each(:besides))
  ORDER BY created_at LIMIT :limit
) RETURNING {_COLUMNS}
"""
_UPDATE = """
UPDATE characters SET
  name = :name, state = :state, digest = :digest, doc = :doc,
  lease_holder = CASE WHEN :release THEN NULL ELSE lease_holder END,
  lease_until = CASE WHEN :release THEN NULL ELSE lease_until END
WHERE id = :id AND lease_holder = :holder AND deleted_at IS NULL
"""
_HOLD = """
UPDATE characters SET lease_holder = :holder, lease_until = :until
WHERE id = :id AND deleted_at IS NULL
AND (lease_holder IS NULL OR lease_until < :now OR lease_holder IN (SELECT value FROM json_each(:dead)))
"""
# Written as it is, so that nobody else writes the row between this and what follows.
_LOCKED_DOC = "UPDATE characters SET doc = doc WHERE id = :id AND deleted_at IS NULL RETURNING doc"
_HELD_DOC = "UPDATE characters SET doc = doc WHERE id = :id AND lease_holder = :holder AND deleted_at IS NULL RETURNING doc"
_NEW_DOC = "UPDATE characters SET doc = :doc WHERE id = :id AND lease_holder = :holder"
_DELETE = f"""
UPDATE characters SET deleted_at = :now, lease_holder = NULL, lease_until = NULL
WHERE id = :id AND project = :project AND deleted_at IS NULL RETURNING {_COLUMNS}
"""


def _joined(doc: Mapping[str, object], targets: Sequence[str]) -> tuple[str, ...]:
    """The models that a saved character is made ready for, and these."""
    saved = doc.get("targets")
    return tuple(dict.fromkeys([*(map(str, saved) if isinstance(saved, list) else ()), *targets]))


def _to_character(row: Row) -> Character:
    known = {
        "id": row[0],
        "project": row[1],
        "name": row[2],
        "state": CharacterState(row[3]),
        "digest": row[4],
        "created_at": from_micros(row[5]),
        "deleted_at": None if row[6] is None else from_micros(row[6]),
    }
    return decode(Character, json.loads(row[7]), given=known)


def _values(character: Character) -> dict[str, object]:
    return {
        "id": character.id,
        "project": character.project,
        "name": character.name,
        "state": character.state.value,
        "digest": character.digest,
        "created_at": to_micros(character.created_at),
        "deleted_at": None if character.deleted_at is None else to_micros(character.deleted_at),
        "doc": json.dumps(encode(character, without=_HELD), separators=(",", ":")),
    }
