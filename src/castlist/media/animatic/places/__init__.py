"""One module a place: each paints its layers from far to near."""

from collections.abc import Callable, Mapping
from dataclasses import replace

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

_COLD = {
    Place.interior: 0.0,
    Place.stage: 0.0,
    Place.space: 0.0,
    Place.market: 0.15,
    Place.city: 0.4,
    Place.snow: 0.2,
    Place.desert: 1.15,
}
"""How blue the moon makes a place, beside a wood or a meadow: less where lamps burn, more where all is warm sand."""


def paint(world: World) -> Painted:
    """The layers of the world's place."""
    light = replace(world.light, cold=world.light.cold * _COLD.get(world.place, 1.0))
    return _PAINTERS[world.place](replace(world, light=light))
