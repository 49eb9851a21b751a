"""What goes along with every request of a client."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Extras:
    """What goes along with every request of a client, and how long one may take in seconds."""

    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] = field(default_factory=dict)
    timeout: float = 60.0
