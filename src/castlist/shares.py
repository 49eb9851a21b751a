"""Which part of the work a worker takes: all of it, or what one provider makes."""

from collections.abc import Iterable
from dataclasses import dataclass

from castlist.errors import InvalidRequest
from castlist.model.providing import Deployment


@dataclass(frozen=True, slots=True)
class Share:
    """Only videos that `provider` makes, and no characters; at `most` so many of an account in hand at once."""

    provider: str | None = None
    most: int | None = None

    def takes(self, deployment: Deployment) -> bool:
        """Whether its videos are among them."""
        return self.provider in (None, deployment.provider)

    def check(self, deployments: Iterable[Deployment]) -> None:
        """Raises InvalidRequest for a provider of no deployment."""
        known = sorted({d.provider for d in deployments})
        if self.provider is not None and self.provider not in known:
            raise InvalidRequest(f"no model of this configuration is made by {self.provider[:80]!r}; known here: {', '.join(known)}")
