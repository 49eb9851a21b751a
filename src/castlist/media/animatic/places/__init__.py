"""One module a place: each paints its layers from far to near."""

from collections.abc import Callable, Mapping

from castlist.media.animatic.places import forest
from castlist.media.animatic.places.world import Painted, World
from castlist.media.animatic.words import Place

_PAINTERS: Mapping[Place, Callable[[World], Painted]] = {
    Place.forest: forest.paint,
}


def paint(world: World) -> Painted:
    """The layers of the world's place."""
    return _PAINTERS.get(world.place, forest.paint)(world)
