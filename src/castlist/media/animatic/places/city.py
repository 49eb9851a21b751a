"""A city street: skylines in three depths, lit windows, lamps, a road with traffic light on it."""

import numpy as np

from castlist.media.animatic.canvas import Canvas, Points, fill, fill_all, stretch, stroke
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.palette import mix, scale
from castlist.media.animatic.places.world import Lamp, Painted, World, clouds, ground, sky
from castlist.media.animatic.planes import Colour

_WALLS: tuple[Colour, ...] = ((0.56, 0.50, 0.52), (0.66, 0.52, 0.44), (0.48, 0.54, 0.60), (0.70, 0.64, 0.56), (0.52, 0.42, 0.44))
_GLASS: Colour = (0.50, 0.66, 0.78)
_WARM: Colour = (1.0, 0.82, 0.50)
_NEON: tuple[Colour, ...] = ((1.0, 0.30, 0.58), (0.25, 0.86, 0.96), (1.0, 0.72, 0.26), (0.58, 0.44, 1.0))


def paint(world: World) -> Painted:
    lamps: list[Lamp] = []
    behind = (
        sky(world),
        clouds(world, amount=0.40),
        _skyline(world, 0.07, count=20, high=(0.18, 0.50)),
        _skyline(world, 0.16, count=13, high=(0.20, 0.46)),
        ground(world, (0.36, 0.36, 0.40), far=(0.42, 0.42, 0.46), grain=0.12),
        _houses(world, lamps),
        _road(world),
        _posts(world, lamps),
    )
    return Painted(behind, (_kerb(world),), tuple(lamps))


def _skyline(world: World, depth: float, *, count: int, high: tuple[float, float]) -> Layer:
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    panes: list[Points] = []
    step = g.period / count
    for number in range(count):
        left, wide = number * step + float(rng.uniform(-0.2, 0.2)) * step, step * float(rng.uniform(0.8, 1.15))
        top, foot = g.base(depth) - g.unit * float(rng.uniform(*high)), g.base(depth) + 0.05 * g.unit
        wall = mix(_WALLS[int(rng.integers(5))], _GLASS, 0.5)
        _box(canvas, (left, top, wide, foot - top), world.lit(wall, depth), world.lit(wall, depth * 0.5))
        if rng.random() < 0.35:
            stroke(
                canvas, [(left + wide / 2, top), (left + wide / 2, top - 0.06 * g.unit)], max(1.0, 0.003 * g.unit), world.lit(wall, depth)
            )
        panes += _panes(rng, (left, top, wide, foot - top), size=0.010 * g.unit * (1 + 3 * depth), share=0.16 + 0.34 * world.light.lamps)
    lit = mix(world.lit(_GLASS, depth, 1.25), _WARM, 0.72 * world.light.lamps)
    fill_all(canvas, panes, lit)
    return layer_of(canvas, depth)


def _houses(world: World, lamps: list[Lamp]) -> Layer:
    """House fronts along the street, with shop windows and signs at their foot."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    depth, left = 0.30, 0.0
    foot = g.base(depth)
    while left < g.period - 0.1 * g.unit:
        wide = min(g.unit * float(rng.uniform(0.24, 0.38)), g.period - left)
        gap = abs(left + wide / 2 - g.period / 2) < 0.16 * g.width
        high = g.unit * float(rng.uniform(0.20, 0.30) if gap else rng.uniform(0.42, 0.66))
        wall = _WALLS[int(rng.integers(5))]
        box = (left, foot - high, wide * 0.985, high)
        _box(canvas, box, world.lit(wall, depth, 1.02), world.lit(wall, depth, 0.80))
        _box(canvas, (left - 0.01 * g.unit, foot - high, wide, 0.018 * g.unit), world.lit(wall, depth, 0.66))
        upper = (left, foot - high + 0.03 * g.unit, wide, high - 0.17 * g.unit)
        panes = _panes(rng, upper, size=0.030 * g.unit, share=1.0)
        fill_all(canvas, panes, world.lit(scale(_GLASS, 0.62), depth), world.lit(_GLASS, depth, 0.9))
        bright = [pane for pane in panes if rng.random() < 0.55 * world.light.lamps]
        fill_all(canvas, bright, _WARM, mix(_WARM, (0.9, 0.5, 0.3), 0.3))
        _shop(world, canvas, (left, foot, wide), lamps)
        left += wide
    return layer_of(canvas, depth)


def _shop(world: World, canvas: Canvas, front: tuple[float, float, float], lamps: list[Lamp]) -> None:
    g, rng = world.geometry, world.rng
    left, foot, wide = front
    sign = _NEON[int(rng.integers(4))]
    glass = mix(world.lit(_GLASS, 0.3, 0.8), _WARM, 0.80 * world.light.lamps)
    _box(canvas, (left + 0.08 * wide, foot - 0.105 * g.unit, wide * 0.52, 0.085 * g.unit), glass, mix(glass, (0.2, 0.15, 0.2), 0.25))
    _box(canvas, (left + 0.70 * wide, foot - 0.11 * g.unit, wide * 0.18, 0.11 * g.unit), world.lit((0.30, 0.22, 0.22), 0.3))
    bright = mix(world.lit(sign, 0.35), sign, world.light.lamps)
    _box(canvas, (left + 0.06 * wide, foot - 0.135 * g.unit, wide * 0.86, 0.026 * g.unit), bright, mix(bright, (0.1, 0.1, 0.1), 0.2))
    if world.light.lamps > 0.5:
        lamps.append(Lamp(left + 0.5 * wide, foot - 0.11 * g.unit, 0.30, 0.20 * g.unit, sign, 1.5 + 3 * float(rng.random())))


def _road(world: World) -> Layer:
    """The lane marks and the pavement's edge lie on the ground and move with it."""
    g = world.geometry
    canvas = stretch(g)
    near, far = g.base(0.50), g.base(0.46)
    _box(canvas, (-2, g.base(0.30), g.period + 4, far - g.base(0.30)), world.lit((0.58, 0.56, 0.56), 0.4))
    _box(canvas, (-2, far, g.period + 4, near - far), world.lit((0.44, 0.43, 0.45), 0.5))
    for number in range(10):
        x, step = number * g.period / 10, g.period / 22
        y, thick = g.base(0.74), 0.010 * g.unit
        fill(canvas, [(x, y), (x + step, y), (x + step, y + thick), (x, y + thick)], world.lit((0.92, 0.88, 0.70), 0.8))
    return layer_of(canvas, 1.0, ground=True)


def _posts(world: World, lamps: list[Lamp]) -> Layer:
    g = world.geometry
    canvas = stretch(g)
    depth = 0.58
    iron = world.lit((0.20, 0.22, 0.26), 0.8)
    for across in (0.10, 0.86, 1.30, -0.24):
        x, foot, high = world.x(across), g.base(depth), 0.52 * g.unit
        stroke(canvas, [(x, foot), (x, foot - high)], 0.012 * g.unit, iron)
        arm = 0.07 * g.unit * (1 if across < 0.5 else -1)
        stroke(canvas, [(x, foot - high), (x + arm * 0.5, foot - high * 1.05), (x + arm, foot - high * 1.03)], 0.009 * g.unit, iron)
        _box(canvas, (x + arm - 0.02 * g.unit, foot - high * 1.03, 0.04 * g.unit, 0.014 * g.unit), mix(iron, _WARM, world.light.lamps))
        if world.light.lamps > 0.3:
            lamps.append(Lamp(x + arm, foot - high, depth, 0.26 * g.unit, _WARM, 1.1))
    return layer_of(canvas, depth)


def _kerb(world: World) -> Layer:
    g = world.geometry
    canvas = stretch(g)
    top = g.margin + 0.972 * g.height
    _box(canvas, (-2, top, g.period + 4, g.rows - top), world.lit((0.50, 0.49, 0.50), 1.0, 0.62), world.lit((0.40, 0.39, 0.42), 1.0, 0.4))
    _box(canvas, (-2, top, g.period + 4, 0.008 * g.unit), world.lit((0.72, 0.70, 0.70), 1.0, 0.8))
    return layer_of(canvas, 1.4)


def _box(canvas: Canvas, box: tuple[float, float, float, float], colour: Colour, low: Colour | None = None) -> None:
    x, y, w, h = box
    fill(canvas, [(x, y), (x + w, y), (x + w, y + h), (x, y + h)], colour, low)


def _panes(rng: np.random.Generator, box: tuple[float, float, float, float], *, size: float, share: float) -> list[Points]:
    """Windows in a grid over a front, some of them left out."""
    x, y, w, h = box
    columns, rows = max(1, int(w / (2.2 * size))), max(0, int(h / (2.6 * size)))
    panes = []
    for column in range(columns):
        for row in range(rows):
            if rng.random() >= share:
                continue
            left, top = x + (column + 0.5) * w / columns - size / 2, y + (row + 0.4) * h / max(1, rows)
            panes.append(np.array([[left, top], [left + size, top], [left + size, top + 1.4 * size], [left, top + 1.4 * size]]))
    return panes
