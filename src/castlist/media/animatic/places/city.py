"""A city street: skylines in the haze, house fronts with shops, street lamps, a road with traffic on it."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from castlist.media.animatic.canvas import Canvas, Points, dots, fill, fill_all, stretch, stroke
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.palette import Light, mix
from castlist.media.animatic.places.brush import box, corners, oval, shine
from castlist.media.animatic.places.facades import NEON, WALLS, WARM, front, picture_sign, shop, sign, tube
from castlist.media.animatic.places.paving import Pool, broken, dusted, plain, pools, soak
from castlist.media.animatic.places.people import crowd
from castlist.media.animatic.places.traffic import cars, cyclists, tram
from castlist.media.animatic.places.world import Lamp, Painted, World, clouds, sky
from castlist.media.animatic.planes import Colour
from castlist.media.animatic.words import Extra

_GLASS: Colour = (0.50, 0.66, 0.78)


def paint(world: World) -> Painted:
    lamps: list[Lamp] = []
    pooled: list[Pool] = []
    neon = Extra.neon in world.extras and world.light.lamps > 0.3
    world = replace(world, light=_neon_light(world.light)) if neon else world
    street = replace(world, light=_street_light(world.light, 0.0 if neon else 0.34))
    way = 1 if world.rng.random() < 0.5 else -1
    far_lane = tram(street, 0.56, way=way, speed=0.075) if world.rng.random() < 0.45 else cars(street, 0.56, count=2, way=way, speed=0.11)
    houses, posts = _houses(street, lamps, pooled, neon=neon), _posts(street, lamps, pooled)
    behind = (
        sky(world),
        clouds(world, amount=0.40),
        _skyline(world, 0.06, count=17, high=(0.26, 0.54)),
        _skyline(world, 0.14, count=12, high=(0.22, 0.46)),
        _ground(street, pooled),
        houses,
        crowd(street, 0.40, count=7, drift=0.012 * way),
        posts,
        far_lane,
        *(() if world.light.lamps > 0.6 else (cyclists(street, 0.66, count=2, way=way, speed=0.07),)),
        cars(street, 0.78, count=2, way=-way, speed=0.15),
    )
    return Painted(behind, (_kerb(street),), tuple(lamps), light=_cast_light(street.light, neon=neon))


def _street_light(light: Light, share: float) -> Light:
    """The hour's light with that of lamps and shop windows in it."""
    return replace(light, key=mix(light.key, (1.0, 0.80, 0.60), share * light.lamps))


def _neon_light(light: Light) -> Light:
    """Violet air under a sky that never gets dark."""
    return replace(
        light,
        sky=((0.05, 0.03, 0.14), (0.16, 0.07, 0.30), (0.46, 0.14, 0.44)),
        haze=(0.30, 0.13, 0.42),
        key=(0.52, 0.42, 0.74),
        rim=(1.0, 0.36, 0.72),
        cloud=(0.30, 0.14, 0.38),
        lamps=1.0,
        stars=0.1,
    )


def _cast_light(light: Light, *, neon: bool) -> Light:
    if neon:
        return replace(light, key=(0.80, 0.60, 0.92), sun_size=max(light.sun_size, 0.01))
    share = 0.45 * light.lamps
    return replace(light, key=mix(light.key, (1.0, 0.82, 0.64), share), rim=mix(light.rim, WARM, share))


def _skyline(world: World, depth: float, *, count: int, high: tuple[float, float]) -> Layer:
    """Towers with stepped tops, some with a mast; their windows light up when it gets dark."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    panes: list[Points] = []
    step, u, foot = g.period / count, g.unit, g.base(depth) + 0.06 * g.unit
    for number in range(count):
        wide = step * float(rng.uniform(0.62, 1.10))
        left, tall = number * step + float(rng.uniform(-0.2, 0.2)) * step, u * float(rng.uniform(*high))
        wall = mix(WALLS[int(rng.integers(6))], _GLASS, 0.55)
        bright, low = world.lit(wall, depth, 1.05), world.lit(wall, depth * 0.4)
        box(canvas, (left, foot - tall, wide, tall), bright, low)
        box(canvas, (left + wide * 0.72, foot - tall, wide * 0.28, tall), mix(bright, world.lit((0.3, 0.3, 0.4), depth), 0.28), low)
        if rng.random() < 0.55:
            inset, cap = wide * float(rng.uniform(0.16, 0.3)), u * float(rng.uniform(0.02, 0.06))
            box(canvas, (left + inset, foot - tall - cap, wide - 2 * inset, cap + 1), bright)
            stroke(canvas, [(left + wide / 2, foot - tall), (left + wide / 2, foot - tall - cap - 0.055 * u)], max(0.8, 0.003 * u), bright)
        panes += _panes(rng, (left, foot - tall, wide, tall), size=0.0085 * u * (1 + 3 * depth), share=0.20 + 0.22 * world.light.lamps)
    lit = mix(world.lit(_GLASS, depth, 1.2), WARM, 0.62 * world.light.lamps)
    fill_all(canvas, panes[::3], mix(lit, (0.8, 0.9, 1.0), 0.3))
    fill_all(canvas, [pane for n, pane in enumerate(panes) if n % 3], lit)
    return layer_of(canvas, depth)


def _houses(world: World, lamps: list[Lamp], pooled: list[Pool], *, neon: bool) -> Layer:
    """House fronts along the street, lower in the middle where the skyline shows."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    depth, left, u = 0.30, 0.0, g.unit
    foot = g.base(depth)
    while left < g.period - 0.1 * u:
        wide = min(u * float(rng.uniform(0.26, 0.40)), g.period - left)
        wide = g.period - left if g.period - left - wide < 0.2 * u else wide
        gap = abs(left + wide / 2 - g.period / 2) < 0.17 * g.width
        high = u * float(rng.uniform(0.22, 0.31) if gap else rng.uniform(0.42, 0.64))
        front(world, canvas, (left, foot, wide, high), depth=depth)
        shop(world, canvas, (left, foot, wide), pooled, depth=depth)
        for _ in range(2 if neon else int(rng.random() < 0.55)):
            _sign(world, canvas, (left, foot, wide, high), lamps, pooled)
        if neon and rng.random() < 0.5:
            row = foot - high + 0.034 * u
            tube(
                world,
                canvas,
                np.array([[left + 0.02 * u, row], [left + wide / 2, row], [left + wide - 0.03 * u, row]]),
                NEON[int(rng.integers(5))],
            )
        left += wide
    return layer_of(canvas, depth)


def _sign(world: World, canvas: Canvas, house: tuple[float, float, float, float], lamps: list[Lamp], pooled: list[Pool]) -> None:
    left, foot, wide, high = house
    u, rng = world.geometry.unit, world.rng
    colour, other = NEON[int(rng.integers(5))], NEON[int(rng.integers(5))]
    if rng.random() < 0.6:
        tall = min(high - 0.20 * u, u * float(rng.uniform(0.14, 0.24)))
        x, y = left + wide * float(rng.choice([0.06, 0.94])), foot - 0.16 * u - tall / 2
        sign(world, canvas, (x, y - tall / 2, tall), colour)
    else:
        x, y = left + wide * 0.5, foot - 0.205 * u
        picture_sign(world, canvas, (x, y), (colour, other))
    if world.light.lamps > 0.5:
        lamps.append(Lamp(x, y, 0.30, 0.17 * u, colour, 1.5 + 3 * float(rng.random())))
        pooled.append(Pool(x, 0.52, colour, 0.60, 0.55))


def _ground(world: World, pooled: list[Pool]) -> Layer:
    """Pavement, kerb, road and, where the cast stands, pavement again."""
    g = world.geometry
    canvas = plain(world, (0.40, 0.40, 0.43), (0.44, 0.44, 0.47), grain=0.10)
    stone = dusted(world, (0.66, 0.63, 0.61))
    far, near = g.base(0.46), g.base(0.90)
    _paving(world, canvas, (g.base(0.28), far), stone, depth=0.4)
    _paving(world, canvas, (near, float(g.rows)), stone, depth=1.0)
    for row, thick, depth in ((far, 0.012, 0.46), (near - 0.014 * g.unit, 0.014, 0.9)):
        box(
            canvas, (-2, row, g.period + 4, thick * g.unit), world.lit((0.80, 0.78, 0.75), depth), world.lit((0.44, 0.43, 0.44), depth, 0.8)
        )
    marks = [corners((n * g.period / 9, g.base(0.665), g.period / 21, 0.008 * g.unit)) for n in range(9)]
    fill_all(canvas, marks, world.lit((0.94, 0.92, 0.84), 0.7))
    for rail in (0.525, 0.565):
        box(canvas, (-2, g.base(rail), g.period + 4, max(1.0, 0.003 * g.unit)), world.lit((0.24, 0.24, 0.27), 0.6))
    shine(canvas, (g.period / 2, g.base(0.98)), (0.46 * g.width, 0.15 * g.height), world.light.key, 0.12)
    soak(world, canvas)
    pools(world, canvas, pooled)
    broken(world, canvas, 0.0012)
    return layer_of(canvas, 1.0, ground=True)


def _paving(world: World, canvas: Canvas, rows: tuple[float, float], stone: Colour, *, depth: float) -> None:
    g, rng = world.geometry, world.rng
    top, low = rows
    box(canvas, (-2, top, g.period + 4, low - top), world.lit(stone, depth, 0.94), world.lit(stone, depth, 0.80))
    joints = [corners((-2, float(y), g.period + 4, max(0.8, 0.0035 * g.unit * depth))) for y in np.linspace(top, low, 5)[1:-1]]
    edges = np.concatenate([[top], np.linspace(top, low, 5)[1:-1], [low]])
    count = max(6, round(g.period / (0.20 * g.unit * depth)))
    for first, last in pairwise(edges):
        start = float(rng.random())
        joints += [
            corners(((n + start) * g.period / count, float(first), max(0.8, 0.004 * g.unit * depth), float(last - first)))
            for n in range(count)
        ]
    fill_all(canvas, joints, world.lit(stone, depth, 0.68))


def _posts(world: World, lamps: list[Lamp], pooled: list[Pool]) -> Layer:
    """Street lamps and trees along the far pavement."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    depth, u = 0.47, g.unit
    foot = g.base(depth)
    iron = world.lit((0.17, 0.20, 0.22), depth + 0.3)
    for across in (0.225, -0.27, 1.20):
        _tree(world, canvas, (world.x(across + float(rng.uniform(-0.03, 0.03))), foot), depth=depth)
    _tree(world, canvas, (world.x(0.775 + float(rng.uniform(-0.03, 0.03))), foot), depth=depth)
    for across in (0.075, 0.915, 1.34, -0.12):
        x, high = world.x(across + float(rng.uniform(-0.04, 0.04))), 0.44 * u
        box(canvas, (x - 0.012 * u, foot - 0.05 * u, 0.024 * u, 0.05 * u), iron)
        stroke(canvas, [(x, foot), (x, foot - high)], 0.010 * u, iron)
        for side in (-1, 1):
            turn = oval((x + side * 0.025 * u, foot - high), (0.025 * u, 0.030 * u), span=(np.pi, 2 * np.pi))
            stroke(canvas, turn, 0.007 * u, iron)
            bulb = (x + side * 0.050 * u, foot - high + 0.012 * u)
            fill(
                canvas, oval(bulb, (0.017 * u, 0.021 * u)), mix(world.lit((0.94, 0.93, 0.88), depth), (1.0, 0.93, 0.74), world.light.lamps)
            )
            box(canvas, (bulb[0] - 0.014 * u, bulb[1] - 0.026 * u, 0.028 * u, 0.008 * u), iron)
        if world.light.lamps > 0.3:
            lamps.append(Lamp(x, foot - high + 0.01 * u, depth, 0.24 * u, WARM, 1.1))
            pooled.append(Pool(x, depth + 0.06, WARM, 0.46, 0.55 * world.light.lamps))
    return layer_of(canvas, depth)


def _tree(world: World, canvas: Canvas, spot: tuple[float, float], *, depth: float) -> None:
    """A street tree with a crown of many leaves."""
    g, rng = world.geometry, world.rng
    x, foot = spot
    u = g.unit
    box(canvas, (x - 0.045 * u, foot - 0.012 * u, 0.09 * u, 0.016 * u), world.lit((0.30, 0.26, 0.24), depth))
    stroke(canvas, [(x, foot), (x + 0.004 * u, foot - 0.16 * u), (x, foot - 0.25 * u)], 0.014 * u, world.lit((0.32, 0.25, 0.21), depth))
    count = 34
    angle, far = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.random(count))
    spots = np.stack([x + np.cos(angle) * far * 0.075 * u, foot - 0.27 * u + np.sin(angle) * far * 0.085 * u], axis=1)
    order = np.argsort(-spots[:, 1])
    for part, gain in zip(np.array_split(order, 4), (0.62, 0.80, 1.0, 1.22), strict=True):
        dots(
            canvas,
            spots[part],
            rng.uniform(0.020, 0.034, len(part)) * u,
            world.lit(dusted(world, (0.34, 0.52, 0.26), 0.8 * (gain > 0.9)), depth, gain),
        )
    if world.light.lamps > 0.3:
        shine(canvas, (x, foot - 0.17 * u), (0.11 * u, 0.12 * u), WARM, 0.22 * world.light.lamps)


def _kerb(world: World) -> Layer:
    """Near the lens: a planter and bollards, low in the corners."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    u, foot = g.unit, g.margin + 1.08 * g.height
    for across in (0.0, 0.98, 1.30):
        x, wide = world.x(across), 0.13 * u
        leaves = np.stack(
            [x + rng.uniform(-1.1, 1.1, 40) * wide, foot - 0.12 * u - np.minimum(0.06, np.abs(rng.normal(0, 0.030, 40))) * u], axis=1
        )
        for part, gain in zip(np.array_split(leaves[np.argsort(leaves[:, 1])], 3), (0.85, 0.6, 0.4), strict=True):
            dots(canvas, part, rng.uniform(0.012, 0.022, len(part)) * u, world.lit(dusted(world, (0.32, 0.50, 0.28), 0.5), 1.0, gain))
        blooms = leaves[rng.integers(0, 40, 7)] - np.array([0, 0.008 * u])
        dots(canvas, blooms, np.full(7, 0.010 * u), world.lit(NEON[int(rng.integers(3))], 1.0, 0.8))
        shape = [(x - 1.1 * wide, foot - 0.125 * u), (x + 1.1 * wide, foot - 0.125 * u), (x + wide, foot), (x - wide, foot)]
        fill(canvas, shape, world.lit((0.46, 0.42, 0.42), 1.0, 0.75), world.lit((0.34, 0.31, 0.33), 1.0, 0.5))
        box(canvas, (x - 1.15 * wide, foot - 0.135 * u, 2.3 * wide, 0.018 * u), world.lit((0.56, 0.52, 0.50), 1.0, 0.8))
    return layer_of(canvas, 1.4)


def _panes(rng: np.random.Generator, area: tuple[float, float, float, float], *, size: float, share: float) -> list[Points]:
    """Windows in a grid over a front, some of them left out."""
    x, y, w, h = area
    columns, rows = max(1, int(w / (2.2 * size))), max(0, int(h / (2.8 * size)))
    panes = []
    for column in range(columns):
        for row in range(rows):
            if rng.random() < share:
                panes.append(corners((x + (column + 0.5) * w / columns - size / 2, y + (row + 0.4) * h / max(1, rows), size, 1.4 * size)))
    return panes
