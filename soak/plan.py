"""What a soak is: how many videos, on which database and which files, and how often what fails."""

import json
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

ROOT = Path(__file__).resolve().parents[1]
KEY: Final = "sk-soak"
MODEL: Final = "soak"
GATEWAYS: Final = 3
KILL_EVERY: Final = 3.0
DATABASE_AWAY: Final = 2.0
FILES_AWAY: Final = 20.0
CALM: Final = 120.0
"""Seconds after the killing within which every video must have ended."""

OFTEN: Final = 0.05
RARELY: Final = 0.002

_EACH: Final[Mapping[str, Sequence[str]]] = {
    "create": ("lose", "hang", "no_id", "rate_limit", "rate_limit_bare"),
    "job": ("stick", "strange"),
    "poll": ("error", "rate_limit", "drop", "hang", "garbage"),
    "content": ("cut", "expired", "error", "no_ranges"),
}
_ASKABLE: Final[Mapping[str, Sequence[str]]] = {
    "create": ("error", "unavailable", "drop"),
    "job": ("fail",),
    "call": ("early", "twice", "forged", "late"),
}
"""What only the provider `lab` gets over: OpenAI's failures without a reason are taken for the video's own."""

_FINAL: Final = ("create.refuse", "create.moderated")
"""What ends a video by right, and is therefore rare."""

DEPLOYMENTS: Final[Mapping[str, str]] = {"one": "lab/one", "two": "lab/two", "three": "lab/three", "four": "openai/four"}
"""By id. The provider `lab` can be asked for a work by our name; of the fourth there is only a list to look through."""

WEIGHTS: Final[Mapping[str, int]] = {"one": 3, "two": 3, "three": 3, "four": 1}
"""The fourth has less: a request of which it is not known whether it left is held there, and fails in the end."""


@dataclass(frozen=True)
class Plan:
    """`seconds` is when the killing ends at the latest, `pace` how many videos are asked for in a second."""

    jobs: int = 1000
    seconds: float = 420.0
    pace: float = 6.0
    database: Literal["sqlite", "postgres"] = "sqlite"
    assets: Literal["folder", "s3"] = "folder"
    seed: int = 7

    @property
    def words(self) -> str:
        """The command that runs it."""
        names = ("jobs", "seconds", "pace", "seed")
        changed = [f"--{name} {getattr(self, name)}" for name in names if getattr(self, name) != getattr(Plan, name)]
        return " ".join(["scripts/soak", f"--database {self.database}", f"--assets {self.assets}", *changed])


def chances_of(deployment: str) -> Mapping[str, float]:
    """How likely each fault is at that deployment, for each request of its kind."""
    found = {f"{place}.{fault}": OFTEN for place, faults in _EACH.items() for fault in faults}
    if DEPLOYMENTS[deployment].startswith("lab/"):
        found |= {f"{place}.{fault}": OFTEN for place, faults in _ASKABLE.items() for fault in faults}
    return found | dict.fromkeys(_FINAL, RARELY)


def write_config(path: Path, *, upstreams: Mapping[str, str], hook: str, castlist: Mapping[str, object]) -> None:
    """The gateways' configuration, with the deployments where their upstreams listen."""
    models = [
        {
            "model_name": MODEL,
            "litellm_params": {
                "model": model,
                "api_base": upstreams[id],
                "api_key": "sk-upstream",
                "output_cost_per_second": 0.1,
                "max_parallel_requests": 40,
                "weight": WEIGHTS[id],
            },
            "model_info": {"id": id},
        }
        for id, model in DEPLOYMENTS.items()
    ]
    settings = {
        "model_list": models,
        "general_settings": {"master_key": KEY},
        "router_settings": {"timeout": 5, "allowed_fails": 20, "cooldown_time": 2},
        "castlist": {
            "max_spend_per_day": "unlimited",
            "jobs": {"stall_after": 20, "unknown_after": 40},
            "media": {"public_base_url": "https://soak.example.com"},
            "webhooks": [{"url": hook, "allow_private": True}],
            **castlist,
        },
    }
    path.write_text(json.dumps(settings, indent=2))


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
