"""One module a place: each paints its layers from far to near."""

from collections.abc import Callable, Mapping

from castlist.media.animatic.places import beach, city, cliff, desert, forest, interior, market, meadow, mountains, snow, space, stage
from castlist.media.animatic.places.world import Painted, World
from castlist.media.animatic.words import Place

_PAINTERS: Mapping[Place, Callable[[World], Painted]] = {
    Place.forest: forest.paint,
    Place.market: market.paint,
    Place.meadow: meadow.paint,
    Place.city: city.paint,
    Place.beach: beach.paint,
    Place.mountains: mountains.paint,
    Place.snow: snow.paint,
    Place.desert: desert.paint,
    Place.space: space.paint,
    Place.interior: interior.paint,
    Place.stage: stage.paint,
    Place.cliff: cliff.paint,
}


def paint(world: World) -> Painted:
    """The layers of the world's place."""
    return _PAINTERS[world.place](world)
