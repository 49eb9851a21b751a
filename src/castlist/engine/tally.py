"""What this process has counted of its work at providers, for whoever reads its metrics."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from castlist.model.jobs import Attempt, AttemptState

Answer = Literal["answered", "refused", "lost"]


@dataclass(frozen=True)
class Tally:
    """Attempts by provider, deployment and state; polls, and the seconds they took, by provider and what became of them."""

    attempts: Counter[tuple[str, str, AttemptState]] = field(default_factory=Counter)
    polls: Counter[tuple[str, Answer]] = field(default_factory=Counter)
    poll_seconds: dict[str, float] = field(default_factory=dict)

    def attempt(self, attempt: Attempt) -> None:
        """An attempt has come to the state it is in."""
        self.attempts[attempt.provider, attempt.deployment, attempt.state] += 1

    def poll(self, provider: str, answer: Answer, *, seconds: float) -> None:
        """A provider was asked about work."""
        self.polls[provider, answer] += 1
        self.poll_seconds[provider] = self.poll_seconds.get(provider, 0.0) + seconds
