"""Where in each place one can stand: on the pavement, not in the traffic; on the sand, not in the sea."""

from collections.abc import Mapping

from castlist.media.animatic.scene import Scene
from castlist.media.animatic.words import Place

BANDS: Mapping[Place, tuple[float, float]] = {
    Place.forest: (0.66, 1.34),
    Place.market: (0.74, 1.34),
    Place.meadow: (0.66, 1.34),
    Place.city: (0.91, 1.37),
    Place.beach: (0.78, 1.34),
    Place.mountains: (0.66, 1.34),
    Place.snow: (0.66, 1.34),
    Place.desert: (0.66, 1.34),
    Place.space: (0.66, 1.34),
    Place.interior: (0.66, 1.34),
    Place.stage: (0.66, 1.34),
    Place.cliff: (0.72, 1.34),
}
"""Depths of the ground, farthest and nearest, on which feet may be at any seed."""
_PICTURE = (0.80, 1.34)


def band_of(scene: Scene) -> tuple[float, float]:
    """The depths at which the cast of a scene may stand; before a picture nobody knows its ground, so not far from the usual one."""
    return _PICTURE if scene.backdrop else BANDS[scene.place]
