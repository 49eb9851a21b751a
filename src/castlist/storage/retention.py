"""How long the files of finished videos are kept: a row for each that has an end to it."""

from datetime import datetime

from castlist.storage.assets import drop_assets
from castlist.storage.database import Connection, many, to_micros

AT_ONCE = 500


def keep_until(connection: Connection, owner: str, *, moment: datetime) -> None:
    """The result files of `owner` may go then."""
    connection.execute(
        "INSERT INTO expiries (owner, due_at) VALUES (:owner, :due) ON CONFLICT DO NOTHING", {"owner": owner, "due": to_micros(moment)}
    )


def expire(connection: Connection, *, now: datetime) -> list[str]:
    """Remove the rows of result files that are due, but not of those that an unfinished job starts from; their ids."""
    rows = connection.execute(_DUE, {"now": to_micros(now), "limit": AT_ONCE}).fetchall()
    if not rows:
        return []
    values = {"owners": many([row[0] for row in rows])}
    found = [row[0] for row in connection.execute(_FILES, values)]
    drop_assets(connection, found)
    connection.execute(_SETTLED, values)
    return found


_DUE = "SELECT owner FROM expiries WHERE due_at <= :now ORDER BY due_at LIMIT :limit"
_FILES = """
SELECT mine.asset FROM asset_uses mine WHERE mine.owner IN (SELECT value FROM json_each(:owners)) AND mine.role = 'result'
AND NOT EXISTS (SELECT 1 FROM asset_uses other JOIN jobs ON jobs.id = other.owner WHERE other.asset = mine.asset AND NOT jobs.ended)
"""
_SETTLED = """
DELETE FROM expiries WHERE owner IN (SELECT value FROM json_each(:owners))
AND NOT EXISTS (SELECT 1 FROM asset_uses WHERE asset_uses.owner = expiries.owner AND role = 'result')
"""
