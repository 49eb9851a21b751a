"""Living things: fireflies, snow, rain, leaves and lamps that breathe."""

from dataclasses import dataclass

from castlist.media.animatic.camera import View
from castlist.media.animatic.geometry import Geometry
from castlist.media.animatic.places.world import Painted, World
from castlist.media.animatic.planes import Frame


@dataclass(frozen=True, slots=True)
class Life:
    """What lives in a scene."""

    count: int


def populate(world: World, painted: Painted) -> Life:
    return Life(0)


def shine(frame: Frame, life: Life, *, geometry: Geometry, view: View, t: float) -> None:
    return


def fall(frame: Frame, life: Life, *, geometry: Geometry, view: View, t: float) -> None:
    return
