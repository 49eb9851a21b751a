"""Mountains: snowy peaks behind each other, pines, a rocky ledge to stand on."""

import numpy as np

from castlist.media.animatic.canvas import Canvas, Points, fill, fill_all, stretch
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.noise import ridge
from castlist.media.animatic.places.world import Painted, World, clouds, ground, hills, sky
from castlist.media.animatic.planes import Colour

_ROCK: Colour = (0.50, 0.50, 0.55)
_PINE: Colour = (0.16, 0.32, 0.24)


def paint(world: World) -> Painted:
    behind = (
        sky(world),
        peaks(world, 0.05, height=0.50, caps=True),
        clouds(world, amount=0.42),
        peaks(world, 0.13, height=0.34, caps=True),
        hills(world, (0.30, 0.42, 0.34), 0.22, height=0.14, waves=3, roughness=0.55),
        pines(world, 0.30, count=46, tall=0.15),
        ground(world, (0.52, 0.52, 0.44), far=(0.42, 0.50, 0.34), grain=0.30),
        pines(world, 0.62, count=8, tall=0.52, clearing=0.26),
        _rocks(world, 0.80, count=9, size=0.07, clearing=0.22),
    )
    return Painted(behind, (_rocks(world, 1.5, count=8, size=0.10, clearing=0.30),))


def peaks(world: World, depth: float, *, height: float, caps: bool, rock: Colour = _ROCK, snow: Colour = (0.95, 0.97, 1.0)) -> Layer:
    """A jagged range: every peak has a lit and a dark flank, and snow above a ragged line."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    count = 5
    foot = g.base(depth) + 0.02 * g.unit
    side = -1.0 if world.light.sun[0] < 0 else 1.0
    spots = (np.arange(count) + rng.uniform(0.2, 0.8, count)) * g.period / count
    highs = rng.uniform(0.55, 1.0, count) * height * g.unit
    for x, high in sorted(zip(spots, highs, strict=True), key=lambda pair: pair[1]):
        top = np.array([x, foot - high])
        wide = high * float(rng.uniform(0.95, 1.25))
        left, right = _flank(rng, top, (x - wide, foot)), _flank(rng, top, (x + wide, foot))
        spine = _flank(rng, top, (x + float(rng.uniform(-0.2, 0.2)) * wide, foot))
        bright, dark = (left, right) if side < 0 else (right, left)
        fill(canvas, np.concatenate([bright, spine[::-1]]), world.lit(rock, depth, 1.18), world.lit(rock, depth * 0.6, 1.0))
        fill(canvas, np.concatenate([dark, spine[::-1]]), world.lit(rock, depth, 0.72), world.lit(rock, depth * 0.6, 0.85))
        if caps:
            _cap(world, canvas, (bright, dark, spine), colours=(world.lit(snow, depth, 1.06), world.lit(snow, depth, 0.74)))
    return layer_of(canvas, depth)


def _flank(rng: np.random.Generator, top: Points, foot: tuple[float, float]) -> Points:
    t = np.linspace(0, 1, 12)[:, None]
    line = top + (np.array(foot) - top) * t
    jag = abs(foot[1] - float(top[1])) * 0.030
    line[1:-1] += rng.uniform(-jag, jag, (10, 2))
    return line


def _cap(world: World, canvas: Canvas, flanks: tuple[Points, Points, Points], *, colours: tuple[Colour, Colour]) -> None:
    bright, dark, spine = flanks
    for flank, colour in ((bright, colours[0]), (dark, colours[1])):
        edge = [flank[4], (flank[4] * 0.62 + spine[3] * 0.38), (flank[6] * 0.45 + spine[5] * 0.55), spine[4]]
        fill(canvas, np.concatenate([flank[:5], np.array(edge), spine[:4][::-1]]), colour)


def pines(world: World, depth: float, *, count: int, tall: float, clearing: float = 0.0, snowy: bool = False) -> Layer:
    """Pines at a depth, each a stack of tiers, white on their upper side in snow."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    for x in (np.arange(count) + rng.uniform(-0.4, 0.4, count)) * g.period / count:
        if abs(x - g.period / 2) < clearing * g.width:
            continue
        high, foot = tall * g.unit * float(rng.uniform(0.7, 1.15)), g.base(depth * float(rng.uniform(0.92, 1.05)))
        fill(
            canvas,
            [
                (x - 0.025 * high, foot),
                (x - 0.02 * high, foot - 0.2 * high),
                (x + 0.02 * high, foot - 0.2 * high),
                (x + 0.025 * high, foot),
            ],
            world.lit((0.30, 0.22, 0.17), depth),
        )
        for tier in range(4):
            low, top = foot - high * (0.10 + 0.20 * tier), foot - high * (0.46 + 0.18 * tier)
            wide = high * (0.23 - 0.045 * tier)
            gain = 0.75 + 0.14 * tier
            fill(
                canvas,
                [(x - wide, low), (x, top), (x + wide, low), (x + wide * 0.4, low - 0.03 * high), (x - wide * 0.4, low - 0.03 * high)],
                world.lit(_PINE, depth, gain * 1.25),
                world.lit(_PINE, depth, gain * 0.8),
            )
            if snowy:
                fill(
                    canvas,
                    [
                        (x - wide * 0.62, low - (low - top) * 0.38),
                        (x, top),
                        (x + wide * 0.62, low - (low - top) * 0.38),
                        (x, low - (low - top) * 0.52),
                    ],
                    world.lit((0.94, 0.96, 1.0), depth),
                )
    return layer_of(canvas, depth)


def _rocks(world: World, depth: float, *, count: int, size: float, clearing: float) -> Layer:
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    foot = g.base(depth) if depth < 1.2 else g.margin + 1.04 * g.height
    for x in rng.uniform(0, g.period, count):
        if abs(x - g.period / 2) < clearing * g.width:
            continue
        r = size * g.unit * float(rng.uniform(0.5, 1.2))
        angle = np.linspace(np.pi, 0, 8)
        crag = np.stack([x + np.cos(angle) * r * rng.uniform(0.9, 1.35, 8), foot - np.sin(angle) * r * rng.uniform(0.55, 1.0, 8)], axis=1)
        shade = min(1.0, depth) if depth < 1.2 else 1.0
        gain = 1.0 if depth < 1.2 else 0.55
        fill(canvas, crag, world.lit(_ROCK, shade, gain), world.lit(_ROCK, shade, gain * 0.55))
        fill_all(canvas, [np.concatenate([crag[2:5], [[x, foot - 0.35 * r]]])], world.lit(_ROCK, shade, gain * 1.25))
    return layer_of(canvas, depth)


def drifts(world: World, depth: float, albedo: Colour, *, height: float) -> Layer:
    """A smooth bank at a depth, closed to its foot and open below."""
    g = world.geometry
    canvas = stretch(g)
    line = ridge(world.rng, g.period, waves=2, octaves=3, roughness=0.4)
    columns = np.arange(g.period, dtype=np.float64)
    crest = np.stack([columns, g.base(depth) - line * height * g.unit], axis=1)
    low = np.stack([columns[::-1], np.full(g.period, g.base(depth) + 0.03 * g.unit)], axis=1)
    fill(canvas, np.concatenate([crest, low]), world.lit(albedo, depth, 1.06), world.lit(albedo, depth, 0.9))
    return layer_of(canvas, depth)
