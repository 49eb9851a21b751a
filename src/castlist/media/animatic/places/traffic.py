"""Traffic along a street: cars, a tram and cyclists, each lane a layer that drives."""

import numpy as np

from castlist.media.animatic.canvas import Canvas, dots, fill, stretch, stroke
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.palette import mix
from castlist.media.animatic.places.brush import Spot, box, oval, rounded, soft
from castlist.media.animatic.places.paving import is_wet
from castlist.media.animatic.places.people import person
from castlist.media.animatic.places.world import World
from castlist.media.animatic.planes import Colour

_PAINTS: tuple[Colour, ...] = (
    (0.82, 0.24, 0.22),
    (0.18, 0.48, 0.56),
    (0.94, 0.74, 0.24),
    (0.90, 0.89, 0.86),
    (0.26, 0.32, 0.50),
    (0.50, 0.62, 0.46),
)
_BEAM: Colour = (1.0, 0.94, 0.76)
_TAIL: Colour = (1.0, 0.20, 0.16)
_SEDAN = (
    (-0.48, 0.075),
    (-0.505, 0.155),
    (-0.47, 0.215),
    (-0.37, 0.225),
    (-0.25, 0.345),
    (0.07, 0.35),
    (0.25, 0.225),
    (0.43, 0.195),
    (0.50, 0.15),
    (0.49, 0.075),
)
_VAN = (
    (-0.49, 0.075),
    (-0.505, 0.20),
    (-0.49, 0.42),
    (-0.42, 0.44),
    (0.20, 0.44),
    (0.36, 0.27),
    (0.46, 0.23),
    (0.505, 0.15),
    (0.49, 0.075),
)
_PANES = {
    "sedan": (
        ((-0.315, 0.225), (-0.225, 0.325), (-0.055, 0.33), (-0.055, 0.225)),
        ((-0.025, 0.225), (-0.025, 0.33), (0.06, 0.33), (0.205, 0.225)),
    ),
    "van": (((0.02, 0.27), (0.02, 0.40), (0.18, 0.40), (0.315, 0.27)),),
}


def cars(world: World, depth: float, *, count: int, way: int, speed: float) -> Layer:
    """A lane of cars that drive right (way 1) or left (-1), in frame widths a second."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    start = float(rng.random())
    for number in range(count):
        x = (number + start + float(rng.uniform(-0.18, 0.18))) * g.period / count
        long = 0.70 * depth * g.unit * float(rng.uniform(0.94, 1.06))
        _car(world, canvas, (x, g.base(depth), way * long), depth=depth)
    return layer_of(canvas, depth, drift=-way * speed * g.width, bob=0.0008 * g.unit, pace=9.0)


def tram(world: World, depth: float, *, way: int, speed: float) -> Layer:
    """One tram of two cars, its windows lit when it is dark."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    u = g.unit * depth
    x, foot = float(rng.random()) * g.period, g.base(depth)
    paint = _PAINTS[int(rng.integers(len(_PAINTS)))]
    cream = world.lit((0.95, 0.91, 0.82), depth)
    soft(canvas, oval((x, foot), (0.98 * u, 0.022 * u)), (0.03, 0.03, 0.05), blur=0.012 * u, strength=0.6)
    for part in (-0.485, 0.485):
        middle = x + part * u
        shell = [
            (middle - 0.475 * u, foot - 0.05 * u),
            (middle - 0.475 * u, foot - 0.50 * u),
            (middle + 0.475 * u, foot - 0.50 * u),
            (middle + 0.475 * u, foot - 0.05 * u),
        ]
        fill(canvas, rounded(shell, times=1), cream, mix(cream, (0.4, 0.4, 0.45), 0.2))
        box(
            canvas, (middle - 0.474 * u, foot - 0.22 * u, 0.948 * u, 0.15 * u), world.lit(paint, depth, 1.05), world.lit(paint, depth, 0.72)
        )
        box(canvas, (middle - 0.44 * u, foot - 0.07 * u, 0.88 * u, 0.055 * u), world.lit((0.22, 0.22, 0.25), depth))
        box(canvas, (middle - 0.42 * u, foot - 0.52 * u, 0.84 * u, 0.024 * u), world.lit((0.46, 0.47, 0.50), depth))
        for pane in range(5):
            _tram_pane(world, canvas, (middle + (pane - 2) * 0.178 * u, foot - 0.455 * u, 0.148 * u, 0.205 * u), depth=depth)
    stroke(
        canvas,
        [(x - 0.30 * u, foot - 0.53 * u), (x - 0.18 * u, foot - 0.62 * u), (x - 0.34 * u, foot - 0.70 * u)],
        0.010 * u,
        world.lit((0.25, 0.25, 0.28), depth),
    )
    _lights(world, canvas, (x + way * 0.955 * u, foot - 0.14 * u), (x - way * 0.955 * u, foot - 0.14 * u), (u * 0.7, way))
    return layer_of(canvas, depth, drift=-way * speed * g.width)


def _tram_pane(world: World, canvas: Canvas, area: tuple[float, float, float, float], *, depth: float) -> None:
    rng = world.rng
    x, y, w, h = area
    dark = world.light.lamps
    glass = mix(world.lit((0.40, 0.54, 0.62), depth), (1.0, 0.86, 0.58), 0.9 * dark)
    box(canvas, (x - w / 2, y, w, h), glass, mix(glass, (0.9, 0.6, 0.36) if dark > 0.5 else (0.8, 0.9, 0.95), 0.25))
    if rng.random() < 0.55:
        who = mix(world.lit((0.30, 0.26, 0.32), depth), (0.35, 0.20, 0.14), 0.5 * dark)
        at = x + w * float(rng.uniform(-0.2, 0.2))
        dots(canvas, np.array([[at, y + 0.48 * h]]), np.array([0.16 * h]), who)
        fill(canvas, [(at - 0.24 * h, y + h), (at - 0.18 * h, y + 0.66 * h), (at + 0.18 * h, y + 0.66 * h), (at + 0.24 * h, y + h)], who)


def cyclists(world: World, depth: float, *, count: int, way: int, speed: float) -> Layer:
    """People on bicycles, upright and unhurried."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    for x in (np.arange(count) + rng.uniform(-0.35, 0.35, count)) * g.period / count:
        _cyclist(world, canvas, (float(x), g.base(depth), 0.46 * depth * g.unit), (depth, way))
    return layer_of(canvas, depth, drift=-way * speed * g.width, bob=0.0012 * g.unit, pace=6.0)


def _cyclist(world: World, canvas: Canvas, spot: tuple[float, float, float], lane: tuple[float, int]) -> None:
    x, foot, tall = spot
    depth, way = lane
    iron, r = world.lit((0.20, 0.20, 0.24), depth), 0.23 * tall
    soft(canvas, oval((x, foot), (0.62 * tall, 0.03 * tall)), (0.03, 0.03, 0.05), blur=0.02 * tall, strength=0.45)
    for hub in (-0.36, 0.36):
        stroke(canvas, oval((x + hub * tall, foot - r), (r, r)), max(1.0, 0.032 * tall), iron)
    thin = max(1.0, 0.030 * tall)
    bar = world.lit(_PAINTS[int(world.rng.integers(len(_PAINTS)))], depth)
    back, front, seat = (x - way * 0.36 * tall, foot - r), (x + way * 0.36 * tall, foot - r), (x - way * 0.12 * tall, foot - 0.50 * tall)
    crank, head = (x - way * 0.02 * tall, foot - 0.20 * tall), (x + way * 0.25 * tall, foot - 0.56 * tall)
    for line in ([back, seat, crank], [back, crank, head], [seat, head], [front, head]):
        stroke(canvas, line, thin, bar)
    person(world, canvas, (seat[0] + way * 0.03 * tall, foot - 0.10 * tall, 1.02 * tall), depth=depth, seated=0.40)
    stroke(
        canvas,
        [(seat[0], foot - 0.54 * tall), (x + way * 0.10 * tall, foot - 0.40 * tall), (crank[0], foot - 0.13 * tall)],
        0.09 * tall,
        world.lit((0.28, 0.28, 0.36), depth),
    )
    stroke(canvas, [(seat[0], foot - 0.80 * tall), (head[0], foot - 0.64 * tall)], 0.06 * tall, world.lit((0.72, 0.54, 0.44), depth))
    _lights(world, canvas, (head[0], foot - 0.56 * tall), (back[0], foot - 0.42 * tall), (tall * 0.5, way))


def _car(world: World, canvas: Canvas, spot: tuple[float, float, float], *, depth: float) -> None:
    rng = world.rng
    x, foot, long = spot
    size, way = abs(long), 1 if long > 0 else -1
    kind = "van" if rng.random() < 0.25 else "sedan"
    colour = _PAINTS[int(rng.integers(len(_PAINTS)))]

    def at(points: tuple[Spot, ...]) -> list[Spot]:
        return [(x + px * long, foot - py * size) for px, py in points]

    soft(canvas, oval((x, foot - 0.01 * size), (0.53 * size, 0.028 * size)), (0.02, 0.02, 0.04), blur=0.018 * size, strength=0.75)
    body = rounded(at(_VAN if kind == "van" else _SEDAN))
    fill(canvas, body, world.lit(colour, depth, 1.12), world.lit(colour, depth, 0.62))
    fill(canvas, rounded(at(((-0.49, 0.075), (-0.49, 0.115), (0.49, 0.115), (0.49, 0.075))), times=1), world.lit(colour, depth, 0.42))
    stroke(
        canvas,
        at(((-0.46, 0.205), (0.0, 0.212), (0.42, 0.185))),
        max(0.8, 0.010 * size),
        world.lit(mix(colour, (1, 1, 1), 0.5), depth, 1.1),
    )
    sky = mix(world.lit((0.42, 0.56, 0.66), depth), world.light.sky[2], 0.35)
    for pane in _PANES[kind]:
        fill(canvas, rounded(at(pane), times=1), mix(sky, (1, 1, 1), 0.2), world.lit((0.16, 0.20, 0.26), depth))
    stroke(canvas, at(((-0.04, 0.11), (-0.04, 0.215))), max(0.6, 0.005 * size), world.lit(colour, depth, 0.5))
    for wheel in (-0.30, 0.31):
        hub = np.array([[x + wheel * long, foot - 0.082 * size]])
        dots(canvas, hub, np.array([0.100 * size]), world.lit(colour, depth, 0.30))
        dots(canvas, hub, np.array([0.084 * size]), world.lit((0.13, 0.13, 0.15), depth))
        dots(canvas, hub, np.array([0.046 * size]), world.lit((0.66, 0.67, 0.70), depth))
    front, rear = at(((0.485, 0.150), (-0.488, 0.165)))
    fill(canvas, oval(front, (0.020 * size, 0.026 * size)), mix(world.lit((0.95, 0.94, 0.86), depth), (1.0, 0.97, 0.86), world.light.lamps))
    fill(canvas, oval(rear, (0.014 * size, 0.026 * size)), mix(world.lit((0.66, 0.12, 0.12), depth), _TAIL, world.light.lamps))
    _lights(world, canvas, front, rear, (size, way))


def _lights(world: World, canvas: Canvas, front: Spot, rear: Spot, reach: tuple[float, int]) -> None:
    """Head and tail lights in the dark: a glow, a beam along the road, and their image on a wet one."""
    lamps = world.light.lamps if world.light.lamps > 0.3 else 0.0
    if not lamps and not is_wet(world):
        return
    size, way = reach
    power = max(lamps, 0.4)
    ahead = [
        front,
        (front[0] + way * 0.75 * size, front[1] + 0.04 * size),
        (front[0] + way * 0.70 * size, front[1] + 0.20 * size),
        (front[0], front[1] + 0.06 * size),
    ]
    soft(canvas, np.array(ahead), _BEAM, blur=0.045 * size, strength=0.42 * power)
    for spot, colour, wide in ((front, _BEAM, 0.12), (rear, _TAIL, 0.085)):
        soft(canvas, oval(spot, (0.4 * wide * size, 0.4 * wide * size)), colour, blur=0.30 * wide * size, strength=0.75 * power)
        dots(canvas, np.array([spot]), np.array([0.020 * size]), mix(colour, (1.0, 1.0, 1.0), 0.65))
        if is_wet(world):
            soft(
                canvas, oval((spot[0], spot[1] + 0.26 * size), (0.03 * size, 0.12 * size)), colour, blur=0.022 * size, strength=0.5 * power
            )
