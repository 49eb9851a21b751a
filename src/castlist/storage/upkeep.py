"""What an operator does to a database: look at it, bring it to this version's schema, and move a folder's rows to PostgreSQL, its files to
where all can read them."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from castlist.errors import Conflict, NotFound, Unavailable
from castlist.later import Later
from castlist.model.places import Place
from castlist.storage.blobs import Blobs
from castlist.storage.holders import FolderHolders
from castlist.storage.moving import Brought, Wanted, bring
from castlist.storage.opening import open_blobs
from castlist.storage.postgres import ALONE, CHANNEL, LOCKS, Link, connect, show
from castlist.storage.schema import HEAD, REVISIONS, prepare, prepare_shared, read_revision, read_shared_revision, retire, say

if TYPE_CHECKING:
    import psycopg
else:
    psycopg = Later("psycopg")

FILE = "castlist.db"


@dataclass(frozen=True, slots=True)
class Standing:
    """A database as it is: `schema` is None before its first start, `pending` the revisions it lacks, `rows` how much is in it."""

    place: str
    schema: str | None
    known: str
    pending: tuple[str, ...]
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Copied:
    """How many rows of a table were in the file, and how many of them were in the database already."""

    table: str
    rows: int
    there: int


@dataclass(frozen=True, slots=True)
class Moved:
    """What was brought of a folder; `files` is None where they stay in it."""

    tables: tuple[Copied, ...]
    files: Brought | None


def look(folder: Path, url: str | None) -> Standing:
    """The database of a data folder, or the shared one. Changes nothing. Raises Unavailable when it cannot be read."""
    if url:
        with _linked(url) as link:
            schema = read_shared_revision(link)
            rows = {} if schema is None else _count(link)
        return _standing(show(url), schema, rows)
    path = folder / FILE
    if not path.exists():
        return _standing(str(path), None, {})
    with _file(path) as connection:
        schema = read_revision(connection)
        names = [name for name in ("jobs", "characters", "assets") if schema]
        return _standing(str(path), schema, {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names})


def _standing(place: str, schema: str | None, rows: Mapping[str, int]) -> Standing:
    behind = REVISIONS[REVISIONS.index(schema) + 1 :] if schema in REVISIONS else () if schema else REVISIONS
    return Standing(place, schema, HEAD, behind, rows)


def upgrade(folder: Path, url: str | None) -> None:
    """Bring it to the schema of this version. Raises Unavailable for one of a newer version."""
    if url:
        prepare_shared(url)
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FolderHolders(folder).alone():
        prepare(folder / FILE)


def copy(folder: Path, url: str, *, place: Place | None = None) -> Moved:
    """Bring all files of a folder to `place`, then all rows of its file to a PostgreSQL database, in one transaction: broken off, it can be
    begun again, and brings what is not there. What is there already stays as it is there. Nobody opens the file by itself after that.

    Raises NotFound for a folder without a file, Conflict while a process has it open, Unavailable when not every row arrived or a place
    cannot be reached, and StorageFull.
    """
    path, here = folder / FILE, FolderHolders(folder)
    if not path.exists():
        raise NotFound(f"{folder} is no data directory: it has no {FILE}", code="no_such_data")
    with here.alone():
        if here.living():
            raise Conflict(f"a process works on {folder}: stop it, then copy", code="storage_in_use")
        prepare(path, moved=True)
        prepare_shared(url)
        with _file(path) as source:
            # Before the rows: whoever sees a row finds its file.
            files = _bring(source, folder, open_blobs(folder, place, me=here.me)) if place else None
            copied = _copy_rows(source, url)
        retire(path)
        return Moved(tuple(copied), files)


def _bring(source: sqlite3.Connection, folder: Path, target: Blobs) -> Brought:
    wanted = [Wanted(*row) for row in source.execute("SELECT id, bytes, sha256 FROM assets ORDER BY id")]
    for (name,) in source.execute("SELECT id FROM origins"):
        target.sign(name)
    return bring(wanted, folder / "assets", target)


def _copy_rows(source: sqlite3.Connection, url: str) -> Sequence[Copied]:
    with _linked(url) as link, link.transaction():
        link.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCKS, ALONE))
        copied = [_copy(source, link, table) for table in _tables(source)]
        link.execute("SELECT pg_notify(%s, '')", (CHANNEL,))
    return copied


def _copy(source: sqlite3.Connection, link: Link, table: str) -> Copied:
    columns = [row[1] for row in source.execute(f"PRAGMA table_info({table})")]
    keys = [row[1] for row in source.execute(f"PRAGMA table_info({table})") if row[5]]
    listed = ", ".join(columns)
    link.execute(f"CREATE TEMPORARY TABLE arriving ON COMMIT DROP AS SELECT {listed} FROM {table} WITH NO DATA")
    rows = 0
    with link.cursor().copy(f"COPY arriving ({listed}) FROM STDIN") as stream:
        for row in source.execute(f"SELECT {listed} FROM {table}"):
            stream.write_row(row)
            rows += 1
    for sql in _FITTING.get(table, ()):
        link.execute(sql)
    wanted = link.execute("SELECT count(*) FROM arriving").fetchone() or (0,)
    new = link.execute(f"INSERT INTO {table} ({listed}) SELECT {listed} FROM arriving ON CONFLICT DO NOTHING").rowcount
    found = link.execute(f"SELECT count(*) FROM arriving JOIN {table} USING ({', '.join(keys)})").fetchone() or (0,)
    link.execute("DROP TABLE arriving")
    if found != wanted:
        text = f"{wanted[0] - found[0]} of {rows} rows of {table} contradict rows that are in the database; nothing was changed"
        raise Unavailable(text, code="copy_incomplete")
    return Copied(table, rows, rows - new)


# What a gateway that has started on the database has made there by itself, under ids of its own: that stays, and takes what is the file's.
_RENAMED = "FROM arriving JOIN webhook_endpoints known USING (project, url) WHERE known.id <> arriving.id"
_REPLACED = "SELECT project FROM webhook_secrets known WHERE known.old_until IS NULL AND known.id <> arriving.id"
_TOMORROW = "(extract(epoch FROM now() + interval '1 day') * 1000000)::bigint"
_FITTING: Mapping[str, Sequence[str]] = {
    "webhook_endpoints": (
        f"CREATE TEMPORARY TABLE renamed ON COMMIT DROP AS SELECT arriving.id AS old, known.id {_RENAMED}",
        "DELETE FROM arriving WHERE id IN (SELECT old FROM renamed)",
    ),
    "webhook_deliveries": ("UPDATE arriving SET endpoint = renamed.id FROM renamed WHERE renamed.old = endpoint",),
    # As after a rotation: who is told of videos may know only the older one for a day.
    "webhook_secrets": (f"UPDATE arriving SET old_until = {_TOMORROW} WHERE old_until IS NULL AND project IN ({_REPLACED})",),
    "callbacks": ("DELETE FROM arriving USING callbacks known WHERE known.number = arriving.number AND known.id <> arriving.id",),
}


def _tables(source: sqlite3.Connection) -> Sequence[str]:
    """Every table, those that others refer to first."""
    names = [row[0] for row in source.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    wanted = [name for name in names if name != "alembic_version" and not name.startswith("sqlite_")]
    return sorted(wanted, key=lambda name: bool(source.execute(f"PRAGMA foreign_key_list({name})").fetchall()))


def _count(link: Link) -> Mapping[str, int]:
    return {name: int((link.execute(f"SELECT count(*) FROM {name}").fetchone() or (0,))[0]) for name in ("jobs", "characters", "assets")}


@contextmanager
def _linked(url: str) -> Iterator[Link]:
    try:
        with connect(url, name="upkeep") as link:
            yield link
    except psycopg.OperationalError as error:
        raise Unavailable(f"the database cannot be opened: {say(error)}", code="storage_unreachable") from error
    except psycopg.Error as error:
        raise Unavailable(f"the database does not take it: {say(error)}", code="storage_failed") from error


@contextmanager
def _file(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        yield connection
    except sqlite3.DatabaseError as error:
        raise Unavailable(f"{path} cannot be read: {error}", code="storage_failed") from error
    finally:
        connection.close()
