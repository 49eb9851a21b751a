"""The client: a server's characters, videos and models."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from castlist.sdk._async.characters import AsyncCharacters
from castlist.sdk._async.connection import AsyncConnection, AsyncPool
from castlist.sdk._async.jobs import AsyncJobs
from castlist.sdk._async.pauses import to_thread
from castlist.sdk._async.videos import AsyncVideos
from castlist.sdk._async.webhooks import AsyncWebhooks
from castlist.sdk._connect import Wanted, hand_over
from castlist.sdk.extras import Extras
from castlist.sdk.paths import quote
from castlist.sdk.records import ModelRecord, read_maps, read_model


class AsyncModels:
    """`client.models`: the names a video can be asked from."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def list(self) -> tuple[ModelRecord, ...]:
        """Every model with its capabilities."""
        return tuple(map(read_model, read_maps((await self._connection.get("/models")).get("data"))))

    async def get(self, model: str) -> ModelRecord:
        """One model. Raises NotFound."""
        return read_model(await self._connection.get(f"/models/{quote(model)}"))


class AsyncClient:
    """A Castlist server: the one at `base_url` (or CASTLIST_BASE_URL), else a gateway of this process's own on the data directory.

    The key is `api_key`, CASTLIST_API_KEY, or for a server on this machine the one in its data directory. `data` is another data
    directory for the gateway of its own. `timeout` in seconds is how long one answer may take. Nothing is opened before the first call.
    """

    characters: AsyncCharacters
    videos: AsyncVideos
    models: AsyncModels
    webhooks: AsyncWebhooks
    jobs: AsyncJobs

    def __init__(
        self,
        base_url: str | None = None,
        *,
        api_key: str | None = None,
        data: str | os.PathLike[str] | None = None,
        timeout: float = 60.0,
    ) -> None:
        wanted = Wanted(base_url=base_url, api_key=api_key, data=None if data is None else Path(data))
        self._pool = AsyncPool(wanted)
        self._attach(AsyncConnection(self._pool, Extras(timeout=timeout)))

    def _attach(self, connection: AsyncConnection) -> None:
        self.characters = AsyncCharacters(connection)
        self.videos = AsyncVideos(connection)
        self.models = AsyncModels(connection)
        self.webhooks = AsyncWebhooks(connection)
        self.jobs = AsyncJobs(connection)

    async def leave_to_worker(self) -> bool:
        """Where the gateway is this process's own: start a worker of its own that goes on with what is unfinished, and say whether one
        was needed. A server, or a gateway whose directory another process serves, needs none."""
        target = self._pool.target
        return bool(target and target.socket) and await to_thread(hand_over, self._pool.wanted)

    async def close(self) -> None:
        """Close the connections; a later call opens them again."""
        await self._pool.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()


def open_once(wanted: Wanted, extras: Extras) -> AsyncClient:
    """A client that opens a connection for each request and leaves none behind, so that it works from any event loop and any thread."""
    client = AsyncClient()
    client._pool = AsyncPool(wanted, lasting=False)
    client._attach(AsyncConnection(client._pool, extras))
    return client
