"""What would become of a request: found out without sending, keeping or spending anything."""

from dataclasses import dataclass

from castlist.model.characters import Fidelity, Note
from castlist.model.jobs import Cost
from castlist.model.operations import Operation
from castlist.model.providing import Deployment
from castlist.model.troubles import UnknownPolicy


@dataclass(frozen=True, slots=True)
class SentMedia:
    """One piece of a character's media that would be sent; `made` says that it exists, else it is made before the first order."""

    variant: str
    media_type: str
    bytes: int
    made: bool


@dataclass(frozen=True, slots=True)
class PlannedMember:
    """One character as it would travel. `media` is what would be sent of the `of` pieces it has: stills, clip and cutout. `handle` says
    whether the account's own handle on it is `ready` or `new`; None where the account keeps none, or it would go in words."""

    id: str
    name: str
    fidelity: Fidelity
    handle: str | None
    media: tuple[SentMedia, ...]
    of: int


@dataclass(frozen=True, slots=True)
class Expected:
    """How long a video takes from its submission to its end, in seconds: the median of the last `samples` on the same deployment."""

    seconds: float
    samples: int


@dataclass(frozen=True, slots=True)
class PlannedDeployment:
    """What would be sent to one deployment. `operation` is the request as it would be sent there, `prompt` the words the upstream would
    read; `conflicts` are what it cannot do and would be stepped down, `warnings` all that the video would carry; `reason` says why it
    stands where it does."""

    deployment: Deployment
    operation: Operation
    prompt: str
    cast: tuple[PlannedMember, ...]
    conflicts: tuple[Note, ...]
    warnings: tuple[Note, ...]
    cost: Cost
    expected: Expected | None
    reason: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A deployment that would not be asked, and the sentence why."""

    deployment: Deployment
    reason: str


@dataclass(frozen=True, slots=True)
class VideoPlan:
    """The deployments that would be asked, in their order, and those that would not; what becomes of a request that is never answered."""

    operation: Operation
    deployments: tuple[PlannedDeployment, ...]
    left_out: tuple[LeftOut, ...]
    unknown_policy: UnknownPolicy
