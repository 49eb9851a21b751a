"""The client: a server's characters, videos and models."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from castlist.sdk._connect import Wanted, hand_over
from castlist.sdk._sync.characters import Characters
from castlist.sdk._sync.connection import Connection, Pool
from castlist.sdk._sync.jobs import Jobs
from castlist.sdk._sync.pauses import to_thread
from castlist.sdk._sync.videos import Videos
from castlist.sdk._sync.webhooks import Webhooks
from castlist.sdk.extras import Extras
from castlist.sdk.paths import quote
from castlist.sdk.records import ModelRecord, read_maps, read_model


class Models:
    """`client.models`: the names a video can be asked from."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self) -> tuple[ModelRecord, ...]:
        """Every model with its capabilities."""
        return tuple(map(read_model, read_maps((self._connection.get("/models")).get("data"))))

    def get(self, model: str) -> ModelRecord:
        """One model. Raises NotFound."""
        return read_model(self._connection.get(f"/models/{quote(model)}"))


class Client:
    """A Castlist server: the one at `base_url` (or CASTLIST_BASE_URL), else a gateway of this process's own on the data directory.

    The key is `api_key`, CASTLIST_API_KEY, or for a server on this machine the one in its data directory. `data` is another data
    directory for the gateway of its own. `timeout` in seconds is how long one answer may take. Nothing is opened before the first call.
    """

    characters: Characters
    videos: Videos
    models: Models
    webhooks: Webhooks
    jobs: Jobs

    def __init__(
        self,
        base_url: str | None = None,
        *,
        api_key: str | None = None,
        data: str | os.PathLike[str] | None = None,
        timeout: float = 60.0,
    ) -> None:
        wanted = Wanted(base_url=base_url, api_key=api_key, data=None if data is None else Path(data))
        self._pool = Pool(wanted)
        self._attach(Connection(self._pool, Extras(timeout=timeout)))

    def _attach(self, connection: Connection) -> None:
        self.characters = Characters(connection)
        self.videos = Videos(connection)
        self.models = Models(connection)
        self.webhooks = Webhooks(connection)
        self.jobs = Jobs(connection)

    def leave_to_worker(self) -> bool:
        """Where the gateway is this process's own: start a worker of its own that goes on with what is unfinished, and say whether one
        was needed. A server, or a gateway whose directory another process serves, needs none."""
        target = self._pool.target
        return bool(target and target.socket) and to_thread(hand_over, self._pool.wanted)

    def close(self) -> None:
        """Close the connections; a later call opens them again."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def open_once(wanted: Wanted, extras: Extras) -> Client:
    """A client that opens a connection for each request and leaves none behind, so that it works from any event loop and any thread."""
    client = Client()
    client._pool = Pool(wanted, lasting=False)
    client._attach(Connection(client._pool, extras))
    return client
