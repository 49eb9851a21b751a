"""What a project's webhooks are signed with: sealed here, and opened only where they are sent."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from castlist.storage.database import Clock, Connection, Database, Row, from_micros, to_micros
from castlist.storage.outbox_rows import new_id

OVERLAP = timedelta(hours=24)
"""How long a secret goes on signing beside the one that replaced it."""


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A project's secret as it is kept: sealed under the key whose fingerprint is `sealed_by`; `old_until` is when it stops signing,
    once another one took its place."""

    project: str
    sealed: str = field(repr=False)
    sealed_by: str
    created_at: datetime
    old_until: datetime | None = None


class Secrets:
    """Rows of sealed secrets."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def signing(self, project: str) -> list[SealedSecret]:
        """Those that sign now, the newest first."""
        sql = (
            "SELECT project, sealed, sealed_by, created_at, old_until FROM webhook_secrets "
            "WHERE project = :project AND (old_until IS NULL OR old_until > :now) ORDER BY created_at DESC, id DESC"
        )
        return [_to_secret(row) for row in await self._database.rows(sql, {"project": project, "now": to_micros(self._clock())})]

    async def ensure(self, project: str, make: Callable[[], str], *, sealed_by: str) -> list[SealedSecret]:
        """Those that sign now; one that `make` seals, where there is none yet."""
        if found := await self.signing(project):
            return found

        def write(connection: Connection) -> None:
            known = connection.execute("SELECT id FROM webhook_secrets WHERE project = ? AND old_until IS NULL", (project,)).fetchone()
            if known is None:
                self._insert(connection, project, make(), sealed_by=sealed_by)

        await self._database.write(write)
        return await self.signing(project)

    async def replace(self, project: str, sealed: str, *, sealed_by: str) -> SealedSecret:
        """A new secret. The one before it signs too for OVERLAP; older ones stop where they were to."""

        def write(connection: Connection) -> None:
            now = self._clock()
            values = {"project": project, "now": to_micros(now), "until": to_micros(now + OVERLAP)}
            connection.execute("UPDATE webhook_secrets SET old_until = :until WHERE project = :project AND old_until IS NULL", values)
            connection.execute("DELETE FROM webhook_secrets WHERE project = :project AND old_until <= :now", values)
            self._insert(connection, project, sealed, sealed_by=sealed_by)

        await self._database.write(write)
        return (await self.signing(project))[0]

    def _insert(self, connection: Connection, project: str, sealed: str, *, sealed_by: str) -> None:
        now = self._clock()
        values = {"id": new_id("sec", now=now), "project": project, "sealed": sealed, "sealed_by": sealed_by, "now": to_micros(now)}
        connection.execute(
            "INSERT INTO webhook_secrets (id, project, sealed, sealed_by, created_at) VALUES (:id, :project, :sealed, :sealed_by, :now)",
            values,
        )


def _to_secret(row: Row) -> SealedSecret:
    return SealedSecret(row[0], row[1], row[2], from_micros(row[3]), None if row[4] is None else from_micros(row[4]))
