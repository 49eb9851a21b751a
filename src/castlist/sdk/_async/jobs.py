"""Jobs of all projects, for the keeper of a server: it takes the master key."""

from __future__ import annotations

from collections.abc import Mapping

from castlist.sdk._async.connection import AsyncConnection
from castlist.sdk.paths import quote
from castlist.sdk.records import VideoRecord, read_maps
from castlist.sdk.troubles import Outcome, TroubleRecord, read_trouble


class AsyncJobs:
    """`client.jobs`: what is in trouble, and the word that ends a doubt."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def unknown(self) -> tuple[TroubleRecord, ...]:
        """Videos whose request was sent and never answered, the oldest first. Raises Forbidden without the master key."""
        return tuple(map(read_trouble, read_maps((await self._connection.get("/jobs/unknown")).get("data"))))

    async def stuck(self) -> tuple[TroubleRecord, ...]:
        """Videos that take far longer than usual, the oldest first. Raises Forbidden without the master key."""
        return tuple(map(read_trouble, read_maps((await self._connection.get("/jobs/stuck")).get("data"))))

    async def resolve(
        self, video: VideoRecord | str, outcome: Outcome, *, ticket: Mapping[str, object] | str | None = None
    ) -> TroubleRecord:
        """Decide about an unknown one: "made" under `ticket` (the provider's id, or all that its adapter keeps), "absent" and to be sent
        again, "failed", or "resubmit", which may cost twice. Raises NotFound, Forbidden, Conflict."""
        known = {"id": ticket} if isinstance(ticket, str) else ticket
        body: dict[str, object] = {"outcome": outcome} | ({} if known is None else {"ticket": dict(known)})
        return read_trouble(await self._connection.post(f"/jobs/{quote(video)}/resolve", body))
