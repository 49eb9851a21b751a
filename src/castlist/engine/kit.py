"""What every step of the engine works with."""

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from castlist.errors import StorageFull
from castlist.media.child import Limits
from castlist.model.ids import make_id
from castlist.model.providing import Deployment, Provider
from castlist.storage import Storage

LOW_WATER = 256 << 20
"""Bytes that stay free on the volume: uploads are refused before the disk is full, so that jobs under way can still be stored."""


class RunMedia(Protocol):
    """`castlist.media.child.run`."""

    def __call__(
        self, task: str, spec: Mapping[str, object], *, limits: Limits, report: Callable[[float], None] | None = None
    ) -> Awaitable[dict[str, object]]: ...


@dataclass(frozen=True)
class Policy:
    """The settings that decide: default model, how strict names are by default, how long an unknown attempt is held, in seconds."""

    default_model: str
    prompt_strict: bool = False
    unknown_after: float = 3600.0
    max_age: float = 86_400.0
    keep_days: int | None = None
    low_water: int = LOW_WATER


@dataclass(frozen=True)
class Kit:
    """The parts an engine is made of. `providers` maps an account's name to its one adapter instance.

    `known_providers` are the names a caller may mention, those with an adapter here and others' alike; `option_providers` are those
    whose options a request may carry.
    """

    storage: Storage
    deployments: Sequence[Deployment]
    providers: Mapping[str, Provider]
    known_providers: frozenset[str]
    option_providers: frozenset[str]
    media: RunMedia
    clock: Callable[[], datetime]
    policy: Policy
    wake: list[Callable[[], None]] = field(default_factory=list)

    def new_id(self, prefix: str) -> str:
        return make_id(prefix, milliseconds=int(self.clock().timestamp() * 1000), random=os.urandom)

    def deployment(self, name: str | None) -> Deployment | None:
        return next((d for d in self.deployments if d.id == name), None)

    def provider(self, deployment: Deployment) -> Provider:
        return self.providers[deployment.account.name]

    def nudge(self) -> None:
        """Tell the worker of this process, if there is one, that there is something to do."""
        for call in self.wake:
            call()

    def check_room(self, wanted: int) -> None:
        """Refuse bytes that would leave less than the low-water mark. Raises StorageFull."""
        room = self.storage.assets.room()
        if room - wanted < self.policy.low_water:
            raise StorageFull(
                f"There are {room >> 20} MiB free where Castlist stores; {wanted >> 20} MiB more would leave less than the "
                f"{self.policy.low_water >> 20} MiB kept for work under way. Delete videos or give it more room."
            )
