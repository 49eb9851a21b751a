"""A winter land: white hills, snowy pines, a frozen flat."""

from castlist.media.animatic.places.mountains import drifts, peaks, pines
from castlist.media.animatic.places.world import Painted, World, clouds, ground, hills, sky
from castlist.media.animatic.planes import Colour

_WHITE: Colour = (0.91, 0.94, 0.99)


def paint(world: World) -> Painted:
    behind = (
        sky(world),
        clouds(world, amount=0.40),
        peaks(world, 0.06, height=0.34, caps=True, rock=(0.62, 0.68, 0.78)),
        hills(world, (0.82, 0.87, 0.95), 0.16, height=0.15, waves=2),
        pines(world, 0.26, count=30, tall=0.16, snowy=True),
        ground(world, _WHITE, far=(0.84, 0.89, 0.97), grain=0.07),
        drifts(world, 0.46, _WHITE, height=0.05),
        pines(world, 0.60, count=8, tall=0.55, clearing=0.26, snowy=True),
    )
    return Painted(behind, (drifts(world, 1.52, _WHITE, height=0.06),))
