"""A desert: dunes behind dunes, mesas far off, cacti."""

import numpy as np

from castlist.media.animatic.canvas import Canvas, fill, stretch, stroke
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.noise import ridge
from castlist.media.animatic.places.world import Painted, World, clouds, ground, land, sky
from castlist.media.animatic.planes import Colour

_SAND: Colour = (0.92, 0.70, 0.42)


def paint(world: World) -> Painted:
    behind = (
        sky(world),
        clouds(world, amount=0.18),
        _mesas(world),
        _dunes(world, 0.14, height=0.13),
        _dunes(world, 0.28, height=0.09),
        ground(world, _SAND, far=(0.95, 0.74, 0.46), grain=0.16),
        _cacti(world),
    )
    return Painted(behind, (_dunes(world, 1.55, height=0.05),))


def _mesas(world: World) -> Layer:
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    foot = g.base(0.05)
    for x in (np.arange(5) + rng.uniform(0.1, 0.9, 5)) * g.period / 5:
        high, wide = g.unit * float(rng.uniform(0.12, 0.27)), g.unit * float(rng.uniform(0.08, 0.20))
        red: Colour = (0.70, 0.40, 0.30)
        body = [
            (x - wide * 1.5, foot),
            (x - wide * 1.05, foot - high * 0.45),
            (x - wide, foot - high),
            (x + wide * 0.9, foot - high),
            (x + wide, foot - high * 0.4),
            (x + wide * 1.6, foot),
        ]
        fill(canvas, body, world.lit(red, 0.10, 1.1), world.lit(red, 0.05, 0.95))
        for band in (0.70, 0.84):
            fill(
                canvas,
                [
                    (x - wide, foot - high * band),
                    (x + wide * 0.93, foot - high * band),
                    (x + wide * 0.93, foot - high * (band - 0.035)),
                    (x - wide * 1.01, foot - high * (band - 0.035)),
                ],
                world.lit(red, 0.10, 0.78),
            )
    return layer_of(canvas, 0.06)


def _dunes(world: World, depth: float, *, height: float) -> Layer:
    """Dunes with a bright windward and a dark lee side."""
    g = world.geometry
    canvas = stretch(g)
    line = np.abs(ridge(world.rng, g.period, waves=2, octaves=3, roughness=0.35) * 2 - 1)
    near = depth > 1.2
    base = g.base(depth * 0.8) if not near else g.margin + g.height * 1.02
    gain = 0.62 if near else 1.0
    crest = base - (1 - line) * height * g.unit
    shade = min(1.0, depth + 0.15)
    land(world, canvas, crest, (world.lit(_SAND, shade, gain * 1.08), world.lit(_SAND, shade, gain * 0.86)))
    lee = crest + 0.018 * g.unit + 0.35 * height * g.unit * np.clip(np.gradient(line) * g.period / 10, 0, 1)
    land(world, canvas, lee, (world.lit(_SAND, shade, gain * 0.92), world.lit(_SAND, shade, gain * 0.80)))
    return layer_of(canvas, depth)


def _cacti(world: World) -> Layer:
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    for across in (0.06, 0.90, 1.22, -0.28):
        _cactus(world, canvas, x=world.x(across + float(rng.uniform(-0.04, 0.04))), high=g.unit * float(rng.uniform(0.24, 0.40)))
    return layer_of(canvas, 0.62)


def _cactus(world: World, canvas: Canvas, *, x: float, high: float) -> None:
    foot, wide = world.geometry.base(0.62), high * 0.15
    green: Colour = (0.30, 0.48, 0.28)
    edge = -1 if world.light.sun[0] < 0 else 1
    arms = [[(x, foot), (x, foot - high)]]
    for side, low, top in ((-1, 0.38, 0.74), (1, 0.52, 0.88)):
        t = np.linspace(0, 1, 8)
        bend = [
            (x + side * high * 0.26 * float(np.sin(s * np.pi / 2)), foot - high * (low + 0.10 * float(1 - np.cos(s * np.pi / 2))))
            for s in t
        ]
        arms.append([*bend, (x + side * high * 0.26, foot - high * top)])
    for number, arm in enumerate(arms):
        thick = wide if number == 0 else wide * 0.72
        stroke(canvas, arm, thick, world.lit(green, 0.65, 0.8))
        cap = np.array(arm[-1])
        angle = np.linspace(0, 2 * np.pi, 20)
        fill(
            canvas, np.stack([cap[0] + np.cos(angle) * thick / 2, cap[1] + np.sin(angle) * thick / 2], axis=1), world.lit(green, 0.65, 0.8)
        )
        stroke(canvas, np.array(arm) + np.array([edge * thick * 0.25, 0.0]), thick * 0.22, world.lit(green, 0.65, 1.25))
