"""What a choice looks at besides the operation and the deployments."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from castlist.model.capabilities import Private
from castlist.model.providing import Deployment
from castlist.model.routes import Rules, Standing

NOBODY: Final = Standing()
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Scene:
    """The moment of a choice for one job.

    `tried` are deployments that are not to be asked again, with why; `avoid` has just failed and is asked only when no other can be. On
    accounts in `bound` the whole cast has its handles; `source` made the video that this one starts from, and the accounts in `keepers`
    have it. `private` is what of the request no public address leads to, None where there is one for everything.
    """

    now: datetime = _EPOCH
    job: str = ""
    rules: Rules = field(default_factory=Rules)
    standings: Mapping[str, Standing] = field(default_factory=dict)
    tried: Mapping[str, str] = field(default_factory=dict)
    avoid: str | None = None
    bound: frozenset[str] = frozenset()
    source: str | None = None
    keepers: frozenset[str] = frozenset()
    private: Private | None = None

    def of(self, deployment: Deployment) -> Standing:
        """What is known of the deployment."""
        return self.standings.get(deployment.id, NOBODY)

    def draw(self, deployment: Deployment) -> float:
        """The job's lot for that deployment, the same whenever and wherever it is drawn: more than 0, less than 1."""
        digest = hashlib.blake2b(f"{self.job}\0{deployment.id}".encode(), digest_size=8).digest()
        return (int.from_bytes(digest, "big") + 0.5) / 2**64
