"""A cliff top above the sea: headlands, stacks and surf far below, a rocky rim to stand behind."""

from collections.abc import Sequence

import numpy as np

from castlist.media.animatic.canvas import Canvas, Points, dots, fill, fill_all, soften, stretch, texture, veil, wash
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.noise import cloudy, ridge
from castlist.media.animatic.palette import mix
from castlist.media.animatic.places.plants import Spot, blades, blooms, crown, spread, trunk, tufts
from castlist.media.animatic.places.rocks import boulder, pebbles
from castlist.media.animatic.places.strewn import NEAR, Rows, strewn
from castlist.media.animatic.places.water import glitter, water
from castlist.media.animatic.places.world import Lamp, Painted, World, clouds, finish, sky
from castlist.media.animatic.planes import Colour

_SEA: Colour = (0.10, 0.40, 0.56)
_ROCK: Colour = (0.66, 0.58, 0.51)
_TURF: Colour = (0.38, 0.50, 0.26)
_FOAM: Colour = (0.95, 0.97, 0.98)
_WARM: Colour = (1.0, 0.82, 0.50)


def paint(world: World) -> Painted:
    lamps: list[Lamp] = []
    behind = (
        sky(world),
        clouds(world, amount=0.50),
        _sea(world),
        _headlands(world, 0.10, spots=(0.30, 0.62, 1.20), high=0.10),
        _headlands(world, 0.28, spots=(-0.02, 1.01), high=0.40, lamps=lamps),
        _top(world),
        _boulders(world, 0.66),
        *strewn(world, (0.56, *NEAR), lambda *strip: _turf(world, strip)),
    )
    sparks = glitter(world, (world.geometry.base(0), world.geometry.base(0.40)), depth=0.05)
    return Painted(behind, (_edge(world),), tuple(lamps), swarms=(sparks,))


def _sea(world: World) -> Layer:
    """Water to the horizon, with the sun's or the moon's path on it."""
    g = world.geometry
    canvas = stretch(g)
    top = int(g.base(0)) - int(0.05 * g.unit)
    far, near = mix(world.lit(_SEA, 0.45), world.light.sky[2], 0.30), world.lit(_SEA, 0.85, 0.86)
    water(world, canvas, (top, int(g.base(0.75))), (far, near))
    wash(canvas, canvas.rgb[int(g.base(0.75)) - 1 : int(g.base(0.75))], (int(g.base(0.75)), g.rows))
    veil(canvas, (top, top + 0.03 * g.unit), world.light.haze, (0.5, 0.0))
    return layer_of(canvas, 0.05, drift=0.004 * g.width)


def _headlands(world: World, depth: float, *, spots: tuple[float, ...], high: float, lamps: list[Lamp] | None = None) -> Layer:
    """Sheer walls that rise from the sea, green on top, a stack before each, surf at their foot; a lighthouse on a near one."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    foot, room = g.base(depth * 0.9), min(g.unit, 0.75 * g.width)
    tower = int(rng.integers(len(spots)))
    for number, across in enumerate(spots):
        x = world.x(across + float(rng.uniform(-0.04, 0.04)))
        tall, wide = high * room * float(rng.uniform(0.85, 1.1)), high * room * float(rng.uniform(1.5, 2.0))
        side = 1 if across < 0.5 else -1
        if lamps is not None and number == tower:
            _lighthouse(world, canvas, at=(x + side * 0.26 * wide, foot - 0.93 * tall), high=0.52 * tall, lamps=lamps)
        _wall(world, canvas, depth, box=(x - wide / 2, foot, wide, tall))
        slim = tall * float(rng.uniform(0.20, 0.28))
        left = x + side * wide * float(rng.uniform(0.60, 0.70)) - slim / 2
        _wall(world, canvas, depth, box=(left, foot + 0.01 * g.unit, slim, tall * float(rng.uniform(0.45, 0.62))))
    return layer_of(finish(world, canvas, depth, mist=0.30), depth)


def _lighthouse(world: World, canvas: Canvas, *, at: tuple[float, float], high: float, lamps: list[Lamp]) -> None:
    x, foot = at
    white: Colour = (0.96, 0.93, 0.88)
    side = 1 if world.light.sun[0] < 0 else -1
    half = np.array([0.105, 0.075])
    for low, top, colour in ((0.0, 0.25, white), (0.25, 0.48, (0.80, 0.27, 0.22)), (0.48, 0.74, white)):
        a, b = (float(np.interp(s, (0.0, 0.74), half)) * high for s in (low, top))
        rows = foot - low * high, foot - top * high
        body = [(x - a, rows[0]), (x - b, rows[1]), (x + b, rows[1]), (x + a, rows[0])]
        fill(canvas, body, world.lit(colour, 0.6, 1.02))
        shade = [(x + side * 0.2 * a, rows[0]), (x + side * 0.2 * b, rows[1]), (x + side * b, rows[1]), (x + side * a, rows[0])]
        fill(canvas, shade, world.lit(colour, 0.6, 0.70))
    iron = world.lit((0.24, 0.24, 0.28), 0.6)
    fill(canvas, _rect(x, foot - 0.74 * high, 0.11 * high, 0.035 * high), iron)
    lit = world.light.lamps > 0.3
    fill(canvas, _rect(x, foot - 0.775 * high, 0.062 * high, 0.13 * high), _WARM if lit else world.lit((0.62, 0.78, 0.86), 0.6))
    dome = [(x - 0.085 * high, foot - 0.90 * high), (x, foot - 1.02 * high), (x + 0.085 * high, foot - 0.90 * high)]
    fill(canvas, dome, world.lit((0.72, 0.24, 0.20), 0.6), world.lit((0.72, 0.24, 0.20), 0.6, 0.7))
    if lit:
        lamps.append(Lamp(x, foot - 0.84 * high, 0.28, 0.62 * high, _WARM, 1.6))


def _rect(x: float, foot: float, half: float, high: float) -> Points:
    return np.array([[x - half, foot], [x - half, foot - high], [x + half, foot - high], [x + half, foot]])


def _wall(world: World, canvas: Canvas, depth: float, *, box: tuple[float, float, float, float]) -> None:
    """One block of rock in upright facets, with strata, turf and surf. The box is left, foot, width and height."""
    rng = world.rng
    left, foot, wide, tall = box
    count = max(4, round(9 * min(1.0, wide / tall)))
    share = np.linspace(0, 1, count + 1) + np.array([0, *rng.uniform(-0.35, 0.35, count - 1) / count, 0])
    crest = foot - tall * (0.90 + 0.12 * ridge(rng, count + 1, waves=1, octaves=2).astype(np.float64))
    crest[[0, -1]] += 0.08 * tall
    t = np.linspace(0, 1, 7)
    outward = 1 - 2 * share
    ribs = []
    for number in range(count + 1):
        x = left + wide * (0.05 + 0.90 * share[number]) - outward[number] * 0.05 * wide * t
        ribs.append(np.stack([x + rng.uniform(-0.018, 0.018, 7) * tall, crest[number] + (foot - crest[number]) * t], axis=1))
    for number in range(count):
        across = (number + 0.5) / count * 2 - 1
        facing = across if world.light.sun[0] > 0 else -across
        gain = 0.90 + 0.26 * facing + (0.12 if number % 2 else -0.10)
        outline = np.concatenate([ribs[number], ribs[number + 1][::-1]])
        fill(canvas, outline, world.lit(_ROCK, depth, gain), world.lit(_ROCK, depth, 0.74 * gain))
    _strata(world, canvas, depth, ribs=ribs)
    x = np.array([rib[0, 0] for rib in ribs])
    sag = rng.uniform(0.05, 0.13, count + 1)
    turf = np.concatenate([np.stack([x, crest - 0.022 * tall], axis=1), np.stack([x, crest + sag * tall], axis=1)[::-1]])
    fill(canvas, turf, world.lit(_TURF, depth, 1.12), world.lit(_TURF, depth, 0.74))
    _surf(world, canvas, depth, box=box)


def _surf(world: World, canvas: Canvas, depth: float, *, box: tuple[float, float, float, float]) -> None:
    """White water where the rock meets the sea."""
    left, foot, wide, _ = box
    grain = (0.004 + 0.012 * depth) * world.geometry.unit
    count = int(1.6 * wide / grain)
    x, y = left + wide * world.rng.uniform(-0.04, 1.04, count), foot + grain * world.rng.uniform(-0.4, 0.9, count)
    dots(canvas, np.stack([x, y], axis=1), grain * world.rng.uniform(0.25, 0.75, count), world.lit(_FOAM, depth, 0.92))


def _strata(world: World, canvas: Canvas, depth: float, *, ribs: Sequence[Points]) -> None:
    """Beds of darker stone across the facets, broken at every rib."""
    beds = []
    for low in (0.22, 0.40, 0.58, 0.76):
        slip = world.rng.uniform(-0.03, 0.03, len(ribs))
        for number in range(len(ribs) - 1):
            if world.rng.random() < 0.35:
                continue
            ends = [_along(ribs[n], low + slip[n]) for n in (number, number + 1)]
            thick = 0.022 * (ribs[number][-1, 1] - ribs[number][0, 1])
            beds.append(np.array([ends[0], ends[1], ends[1] + (0, thick), ends[0] + (0, 0.7 * thick)]))
    fill_all(canvas, beds, world.lit(_ROCK, depth, 0.62))


def _along(rib: Points, share: float) -> Points:
    row = rib[0, 1] + (rib[-1, 1] - rib[0, 1]) * share
    return np.array([float(np.interp(row, rib[:, 1], rib[:, 0])), row])


def _top(world: World) -> Layer:
    """The ground of the cliff top: turf from its broken rim to the viewer; behind the rim there is only air."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    line = ridge(rng, g.period, waves=3, octaves=5, roughness=0.6).astype(np.float64)
    rim = g.base(0.50) - (line - 0.5) * 0.040 * g.unit
    columns = np.arange(g.period, dtype=np.float64)
    _under(canvas, columns, rim, colours=(world.lit(_ROCK, 0.8, 1.10), world.lit(_ROCK, 0.9, 0.8)))
    ragged = ridge(rng, g.period, waves=9, octaves=4, roughness=0.7).astype(np.float64)
    turf = rim + (0.012 + 0.030 * ragged) * g.unit
    _under(canvas, columns, turf, colours=(world.lit(_TURF, 0.75, 1.05), world.lit(_TURF, 1.0, 0.82)))
    top = int(rim.min())
    texture(canvas, cloudy(rng, (g.period, g.rows - top), cells=(12, 16), octaves=5), 0.14, (top, g.rows))
    x = (columns - g.period / 2) / (0.42 * g.width)
    y = (np.arange(top, g.rows) - g.base(0.95)) / (0.16 * g.height)
    pool = np.exp(-(x[None, :] ** 2) - y[:, None] ** 2).astype(np.float32)
    texture(canvas, 0.5 + 0.5 * pool, 0.14, (top, g.rows))
    return layer_of(canvas, 1.0, ground=True)


def _turf(world: World, strip: tuple[Canvas, Rows, float]) -> None:
    """Grass in tufts, stones, sea pinks."""
    (canvas, rows, share), g, rng = strip, world.geometry, world.rng
    tufts(world, canvas, _TURF, rows=rows, count=round(380 * share))
    pebbles(world, canvas, _ROCK, rows=rows, count=round(36 * share))
    for petal in ((0.96, 0.62, 0.76), (0.98, 0.90, 0.46)):
        count = round(46 * share)
        d = np.sort(rng.uniform(max(0.60, rows[0]), rows[1], count))
        spots = np.stack([rng.uniform(0, g.period, count), g.base(0) + d * (g.feet - g.horizon)], axis=1)
        blooms(world, canvas, spots, np.maximum(0.7, 0.0058 * g.unit * d), petal=petal, depth=0.9)


def _under(canvas: Canvas, columns: Points, line: Points, *, colours: tuple[Colour, Colour]) -> None:
    low = canvas.height + 4.0
    points = np.stack([columns, line], axis=1)
    fill(canvas, np.concatenate([points, [[columns[-1] + 1, line[0]], [columns[-1] + 1, low], [0, low]]]), *colours)


def _boulders(world: World, depth: float) -> Layer:
    """Rocks at the rim and a bent thorn tree, none where the characters stand."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    for x in spread(world, 12, clearing=0.20):
        size = g.unit * float(rng.uniform(0.025, 0.065))
        boulder(world, canvas, Spot(x, g.base(depth * float(rng.uniform(0.86, 1.05))), size, 0.9), rock=_ROCK, cap=_TURF)
    side = float(rng.choice((-1.0, 1.0)))
    x, foot, high = world.x(0.5 + 0.36 * side), g.base(depth), 0.34 * g.unit
    trunk(world, canvas, Spot(x, foot, 0.62 * high, 0.85), wide=0.075 * high, lean=-0.34 * side)
    for across, up, size in ((-0.34, 0.66, 0.22), (-0.52, 0.60, 0.18), (-0.14, 0.74, 0.18), (-0.70, 0.56, 0.12)):
        crown(world, canvas, Spot(x + side * across * high, foot - up * high, 1.0, 0.85), size=size * high, leaf=(0.30, 0.42, 0.22))
    return layer_of(finish(world, canvas, depth), depth)


def _edge(world: World) -> Layer:
    """Rocks, grass and sea pinks in the lower corners, nearer than the characters."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    foot = g.margin + 1.06 * g.height
    for across in (-0.14, 0.0, 0.99, 1.13):
        x = world.x(across + float(rng.uniform(-0.03, 0.03)))
        boulder(world, canvas, Spot(x, foot, g.unit * float(rng.uniform(0.10, 0.15)), 1.0), rock=_ROCK, gain=0.55)
    blades(world, canvas, _TURF, tall=0.18, count=300)
    aside = np.concatenate([rng.uniform(-0.18, 0.15, 14), rng.uniform(0.85, 1.18, 14)])
    spots = np.stack([g.left + aside * g.width, g.margin + g.height * rng.uniform(0.90, 1.0, 28)], axis=1)
    blooms(world, canvas, spots, g.unit * rng.uniform(0.008, 0.014, 28), petal=(0.86, 0.48, 0.66), depth=1.0)
    finish(world, canvas, 1.0, edge=0.8)
    soften(canvas, 0.0026 * g.unit)
    return layer_of(canvas, 1.45)
