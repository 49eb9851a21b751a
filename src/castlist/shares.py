"""Which part of the work a worker takes: all of it, or what one provider makes."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from castlist.errors import InvalidRequest
from castlist.model.providing import Deployment

AT_ONCE = 32
"""Videos of an account that are being prepared and sent at once, where nothing says how many the account takes."""


@dataclass(frozen=True, slots=True)
class Room:
    """The deployments that may be given more jobs now, and how many at most, whichever of them gets them."""

    able: Collection[str]
    most: int


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

    def find_room(self, known: Iterable[Deployment], wanted: Collection[str], *, mine: Collection[tuple[str | None, bool]]) -> Room:
        """What an account, with its deployments `known`, may be given of the `wanted` ones beside `mine`: by deployment, and whether it is
        on its way to the provider. Limits count all of an account's that are under way, and those of each deployment; without any, what
        its provider works on does not count."""
        limits = {each.id: each.max_parallel for each in known if each.max_parallel and not self.most}
        total = self.most or max(limits.values(), default=None)
        room = (total or AT_ONCE) - (len(mine) if total else sum(sending for _, sending in mine))
        counts = Counter(name for name, _ in mine)
        left = {name: limit - counts[name] for name, limit in limits.items()}
        able = [name for name in wanted if left.get(name, room) > 0]
        return Room(able, min([room, *(left.get(name, room) for name in able)]) if able else 0)
