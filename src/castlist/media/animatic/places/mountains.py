"""Mountains: faceted peaks behind each other, a lake that mirrors them, pine woods, a rocky shore to stand on."""

from collections.abc import Sequence

import cv2
import numpy as np

from castlist.media.animatic.canvas import Canvas, Points, fill, over, soften, stamp, stretch, veil, wash
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.noise import cloudy, ridge
from castlist.media.animatic.palette import mix, times
from castlist.media.animatic.places.plants import Spot, blades, blooms, pine, spread, tufts
from castlist.media.animatic.places.rocks import boulder, pebbles
from castlist.media.animatic.places.strewn import NEAR, Rows, strewn
from castlist.media.animatic.places.water import glitter
from castlist.media.animatic.places.world import Painted, World, clouds, finish, floor, land, sky
from castlist.media.animatic.planes import Colour

_ROCK: Colour = (0.46, 0.47, 0.54)
_TURF: Colour = (0.42, 0.48, 0.28)
_SNOW: Colour = (0.95, 0.97, 1.0)


def paint(world: World) -> Painted:
    far, near = massif(world, 0.05, height=0.56, caps=True), massif(world, 0.12, height=0.36, caps=True)
    woods = _woods(world, 0.17)
    behind = (
        sky(world),
        layer_of(far, 0.05),
        clouds(world, amount=0.36),
        layer_of(near, 0.12),
        layer_of(woods, 0.17),
        _lake(world, (far, near, woods)),
        _shore(world),
        _pines(world, 0.50),
        *strewn(world, (0.52, *NEAR), lambda *strip: _turf(world, strip)),
    )
    sparks = glitter(world, (world.geometry.base(0.04), world.geometry.base(0.34)), depth=0.20, count=34)
    return Painted(behind, (_ledge(world),), swarms=(sparks,))


def peaks(world: World, depth: float, *, height: float, caps: bool, rock: Colour = _ROCK, snow: Colour = _SNOW) -> Layer:
    """A range of peaks at a depth, with snow on them or not."""
    return layer_of(massif(world, depth, height=height, caps=caps, tones=(rock, snow)), depth)


def massif(world: World, depth: float, *, height: float, caps: bool, tones: tuple[Colour, Colour] = (_ROCK, _SNOW)) -> Canvas:
    """Peaks in facets between ribs that run down from each top; what faces the light is bright."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    count = 5
    foot = g.base(depth) + 0.02 * g.unit
    spots = (np.arange(count) + rng.uniform(0.2, 0.8, count)) * g.period / count
    highs = rng.permutation(np.array([0.58, 0.72, 1.0, 0.84, 0.64])) * rng.uniform(0.88, 1.08, count) * height * g.unit
    room = g.period / count
    for x, high in sorted(zip(spots, highs, strict=True), key=lambda pair: -pair[1]):
        top = np.array([x, foot - high])
        wide = max(0.95 * high, 0.75 * room) * float(rng.uniform(0.95, 1.2))
        shares = np.array([-1.0, -0.56, -0.22, 0.12, 0.48, 1.0]) + np.array([0, *rng.uniform(-0.09, 0.09, 4), 0])
        ribs = [_rib(rng, top, (x + share * wide, foot)) for share in shares]
        _facets(world, canvas, ribs, depth=depth, tones=tones if caps else (tones[0], None))
    finish(world, canvas, depth, mist=0.82, edge=0.7)
    return canvas


def _rib(rng: np.random.Generator, top: Points, foot: tuple[float, float]) -> Points:
    """A broken line from a top to its foot, steep above and flatter below."""
    t = np.linspace(0, 1, 14)
    line = np.stack([top[0] + (foot[0] - top[0]) * t**1.18, top[1] + (foot[1] - top[1]) * t**0.92], axis=1)
    jag = (foot[1] - float(top[1])) * 0.028
    line[1:-1] += rng.uniform(-jag, jag, (12, 2)) * (1.2, 0.8)
    return line


def _facets(world: World, canvas: Canvas, ribs: Sequence[Points], *, depth: float, tones: tuple[Colour, Colour | None]) -> None:
    rng, rock, snow = world.rng, *tones
    count = len(ribs) - 1
    ends = rng.integers(4, 8, count + 1)
    for number in range(count):
        left, right = ribs[number], ribs[number + 1]
        across = (number + 0.5) / count * 2 - 1
        facing = across if world.light.sun[0] > 0 else -across
        gain = 0.92 + 0.34 * facing + (0.14 if number % 2 else -0.10)
        fill(canvas, np.concatenate([left, right[::-1]]), world.lit(rock, depth, gain), world.lit(rock, depth * 0.7, 0.5 + 0.5 * gain))
        if snow is None:
            continue
        a, b = int(ends[number]), int(ends[number + 1])
        share = np.array([0.25, 0.5, 0.75])[:, None]
        dips = np.array([0.9, -0.5, 0.8])[:, None] * (left[a + 1] - left[a])[1] * (0.0, 1.0)
        edge = right[b] + (left[a] - right[b]) * share + dips
        white = mix(snow, (0.62, 0.72, 0.98), min(1.0, max(0.0, 0.35 - 0.5 * facing)))
        fill(canvas, np.concatenate([left[: a + 1][::-1], right[1 : b + 1], edge]), world.lit(white, depth, 0.90 + 0.22 * facing))


def pines(world: World, depth: float, *, count: int, tall: float, clearing: float = 0.0, snowy: bool = False) -> Layer:
    """Pines at a depth, each a stack of drooping boughs, white above in snow."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    for x in spread(world, count, clearing=clearing):
        high, foot = tall * g.unit * float(rng.uniform(0.7, 1.15)), g.base(depth * float(rng.uniform(0.92, 1.05)))
        pine(world, canvas, Spot(x, foot, high, depth), snowy=snowy)
    return layer_of(finish(world, canvas, depth), depth)


def _woods(world: World, depth: float) -> Canvas:
    """The far shore: a wooded slope, its pines two rows deep."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    line = ridge(rng, g.period, waves=2, octaves=4, roughness=0.5)
    crest = g.base(0.02) - (0.02 + 0.13 * line) * g.unit
    land(world, canvas, crest, (world.lit((0.24, 0.38, 0.32), depth), world.lit((0.28, 0.42, 0.34), depth)))
    for drop, count in ((0.25, 60), (0.8, 52)):
        for x in spread(world, count, jitter=0.6):
            row = float(crest[int(x) % g.period])
            foot = row + (g.base(0.02) - row) * drop + 0.012 * g.unit
            pine(world, canvas, Spot(x, foot, g.unit * float(rng.uniform(0.045, 0.095)), depth + 0.05 * drop))
    finish(world, canvas, depth, mist=0.42)
    return canvas


def _lake(world: World, mirrored: Sequence[Canvas]) -> Layer:
    """Still water with the sky and the far shore upside down in it, broken by ripples."""
    g, rng, light = world.geometry, world.rng, world.light
    canvas = stretch(g)
    shore, bottom = int(g.base(0.03)), int(g.base(0.62))
    t = np.linspace(0, 1, bottom - shore, dtype=np.float32)
    colours = np.array(
        [mix(mix(light.sky[2], light.haze, 0.4), mix(light.sky[0], world.lit((0.14, 0.34, 0.42), 0.8), 0.55), float(s)) for s in t]
    )
    wash(canvas, np.clip(colours * 255, 0, 255).astype(np.uint8)[:, None, :], (shore, bottom))
    rows = np.clip(shore - 1 - (np.arange(bottom - shore) * 1.35).astype(int), 0, g.rows - 1)
    target = canvas.rgb[shore:bottom]
    for source in mirrored:
        keep = cv2.bitwise_not(source.alpha[rows])
        np.copyto(target, cv2.add(cv2.multiply(target, cv2.merge([keep, keep, keep]), scale=1 / 255), source.rgb[rows]))
    np.copyto(target, cv2.blur(target, (max(1, int(0.012 * g.unit)), max(1, int(0.006 * g.unit)))))
    veil(canvas, (shore, bottom), world.lit((0.16, 0.36, 0.44), 0.7), (0.10, 0.34))
    ripples = cloudy(rng, (g.period, bottom - shore), cells=(9, 34), octaves=3)
    glitter = (np.clip(ripples - 0.60, 0, 1) * 380 * t[:, None]).clip(0, 90)
    stamp(canvas, glitter.astype(np.uint8), (0, shore), mix(light.sky[2], (1.0, 1.0, 1.0), 0.3))
    if light.sun_size:
        aside = np.arange(g.period, dtype=np.float32) - np.float32(world.x(0.5 + light.sun[0]))
        path = np.exp(-((aside[None, :] / (0.05 * g.unit)) ** 2)) * np.clip(ripples - 0.40, 0, 1) * 520
        over(canvas, path.clip(0, 210).astype(np.uint8), (0, shore), light.sun_colour)
    edge = np.broadcast_to(np.clip((ripples[:1] - 0.35) * 420, 0, 120).astype(np.uint8), (3, g.period))
    over(canvas, np.ascontiguousarray(edge), (0, shore), mix(light.haze, times((1.0, 1.0, 1.0), light.key), 0.3))
    return layer_of(canvas, 0.20)


def _shore(world: World) -> Layer:
    """The near bank: gravel where it meets the water, then turf with stones and small flowers."""
    g, rng = world.geometry, world.rng
    canvas = floor(world, _TURF, far=(0.50, 0.50, 0.40), grain=0.17)
    line = ridge(rng, g.period, waves=3, octaves=5, roughness=0.6).astype(np.float64)
    water = g.base(0.40) + (line - 0.5) * 0.040 * g.unit
    gravel = water + (0.022 + 0.030 * ridge(rng, g.period, waves=5, octaves=4).astype(np.float64)) * g.unit
    columns = np.arange(g.period, dtype=np.float64)
    strip = np.concatenate([np.stack([columns, water], axis=1), np.stack([columns, gravel], axis=1)[::-1]])
    fill(canvas, strip, world.lit((0.56, 0.54, 0.50), 0.6), world.lit((0.50, 0.48, 0.44), 0.7))
    above = np.arange(g.rows)[:, None] < water[None, :]
    canvas.alpha[above] = 0
    canvas.rgb[above] = 0
    pebbles(world, canvas, (0.60, 0.58, 0.55), rows=(0.42, 0.58), count=120)
    return layer_of(canvas, 1.0, ground=True)


def _turf(world: World, strip: tuple[Canvas, Rows, float]) -> None:
    """Stones, grass in tufts, small flowers."""
    (canvas, rows, share), g, rng = strip, world.geometry, world.rng
    if rows[0] < NEAR[0]:
        pebbles(world, canvas, (0.60, 0.58, 0.55), rows=(rows[0], 0.62), count=60)
    pebbles(world, canvas, (0.52, 0.51, 0.50), rows=rows, count=round(76 * share))
    tufts(world, canvas, (0.44, 0.52, 0.26), rows=(max(0.58, rows[0]), rows[1]), count=round(320 * share))
    for petal in ((0.96, 0.96, 0.98), (0.62, 0.52, 0.90)):
        count = round(44 * share)
        d = rng.uniform(max(0.6, rows[0]), rows[1], count)
        spots = np.stack([rng.uniform(0, g.period, count), g.base(0) + d * (g.feet - g.horizon)], axis=1)
        blooms(world, canvas, spots, np.maximum(0.7, 0.0052 * g.unit * d), petal=petal, depth=0.9)


def _pines(world: World, depth: float) -> Layer:
    """Tall pines at the sides, boulders at their feet."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    for across, high in ((0.02, 0.62), (0.13, 0.44), (0.91, 0.56), (1.02, 0.70), (1.32, 0.50), (-0.25, 0.58)):
        x, foot = world.x(across + float(rng.uniform(-0.04, 0.04))), g.base(depth * float(rng.uniform(0.96, 1.10)))
        pine(world, canvas, Spot(x, foot, high * g.unit * float(rng.uniform(0.88, 1.1)), depth + 0.15))
        side = float(rng.choice((-1.0, 1.0)))
        boulder(
            world, canvas, Spot(x + side * 0.07 * g.unit, foot + 0.010 * g.unit, g.unit * float(rng.uniform(0.03, 0.055)), 0.8), rock=_ROCK
        )
    return layer_of(finish(world, canvas, depth), depth)


def _ledge(world: World) -> Layer:
    """Rocks and grass in the lower corners, nearer than the characters."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    foot = g.margin + 1.06 * g.height
    for across in (-0.16, -0.03, 0.09, 0.90, 1.01, 1.14):
        x = world.x(across + float(rng.uniform(-0.02, 0.02)))
        boulder(world, canvas, Spot(x, foot, g.unit * float(rng.uniform(0.10, 0.16)), 1.0), rock=_ROCK, gain=0.56)
    blades(world, canvas, (0.46, 0.52, 0.28), tall=0.13, count=240)
    finish(world, canvas, 1.0, edge=0.8)
    soften(canvas, 0.0028 * g.unit)
    return layer_of(canvas, 1.5)


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
