"""A neutral stage for when the prompt names no place: a seamless backdrop, paper shapes, and a spot of light."""

from dataclasses import replace

import numpy as np

from castlist.media.animatic.canvas import Canvas, Points, fill, glow, soften, stretch, stroke, texture, wash
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.noise import ridge
from castlist.media.animatic.palette import Light, mix, scale, times
from castlist.media.animatic.places.brush import Spot, light, oval, shine, soft, spread
from castlist.media.animatic.places.world import Lamp, Painted, World, lying
from castlist.media.animatic.planes import Colour

_SETS: tuple[tuple[Colour, Colour, Colour], ...] = (
    ((0.98, 0.80, 0.66), (0.94, 0.52, 0.44), (0.99, 0.91, 0.78)),
    ((0.68, 0.86, 0.86), (0.28, 0.60, 0.66), (0.98, 0.88, 0.70)),
    ((0.82, 0.78, 0.94), (0.52, 0.46, 0.80), (0.98, 0.78, 0.80)),
    ((0.80, 0.88, 0.72), (0.42, 0.62, 0.44), (0.98, 0.86, 0.62)),
    ((0.96, 0.76, 0.80), (0.80, 0.38, 0.54), (0.98, 0.90, 0.82)),
    ((0.74, 0.84, 0.96), (0.34, 0.50, 0.80), (0.99, 0.84, 0.74)),
)
_SPOT: Colour = (1.0, 0.93, 0.80)
_WHITE: Colour = (1.0, 1.0, 1.0)


def paint(world: World) -> Painted:
    rng = world.rng
    paper = _SETS[int(rng.integers(len(_SETS)))]
    world = replace(world, light=_studio_light(world.light))
    lamps: list[Lamp] = []
    shapes = (_arches, _hills, _suns)[int(rng.integers(3))]
    behind = (
        _wall(world, paper),
        shapes(world, paper, depth=0.06, rank=0),
        shapes(world, paper, depth=0.13, rank=1),
        shapes(world, paper, depth=0.22, rank=2),
        _floor(world, paper),
        _hanging(world, paper, 0.34, lamps, count=8),
        _hanging(world, paper, 0.62, lamps, count=5),
    )
    return Painted(behind, (_leaves(world, paper),), tuple(lamps), light=_cast_light(world.light))


def _studio_light(hour: Light) -> Light:
    """The hour as gels before the lamps: its tint, without its air."""
    key = mix(hour.key, _WHITE, 0.25) if hour.lamps < 0.6 else mix(hour.key, (0.52, 0.42, 0.50), 0.72)
    return replace(hour, key=key, air=0.0)


def _cast_light(studio: Light) -> Light:
    """The spot lights the cast, whatever the hour."""
    return replace(studio, key=mix(studio.key, _SPOT, 0.72 * studio.lamps), rim=mix(studio.rim, _SPOT, studio.lamps), sun_size=0.05)


def _tone(world: World, paper: tuple[Colour, Colour, Colour], rank: float) -> Colour:
    """The colour of a sheet: pale far away, full near."""
    return world.lit(mix(mix(paper[0], _WHITE, 0.20), paper[1], rank), 1.0)


def _wall(world: World, paper: tuple[Colour, Colour, Colour]) -> Layer:
    """The backdrop: one colour, lit from below its middle, without an edge."""
    g = world.geometry
    canvas = stretch(g)
    t = np.linspace(0, 1, g.rows, dtype=np.float32)[:, None]
    low, top = np.array(_tone(world, paper, 0.0), np.float32), np.array(scale(_tone(world, paper, 0.34), 0.86), np.float32)
    grain = world.rng.random((g.rows, 1, 1), dtype=np.float32)
    wash(canvas, np.clip((top + (low - top) * t**0.8)[:, None, :] * 255 + grain, 0, 255).astype(np.uint8), (0, g.rows))
    shine(canvas, (g.period / 2, g.base(0) - 0.16 * g.unit), (0.95 * g.unit, 0.62 * g.unit), times(_SPOT, world.light.rim), 0.55, sharp=1.4)
    _beams(world, canvas)
    return layer_of(canvas, 0.03)


def _arches(world: World, paper: tuple[Colour, Colour, Colour], *, depth: float, rank: int) -> Layer:
    """Arches one inside the other, each sheet with its shadow on the one behind."""
    g = world.geometry
    canvas = stretch(g)
    for across in ((0.16, 0.84, 1.24), (0.02, 0.98, 1.30), (0.28, 0.74, 1.12))[rank]:
        x, wide = world.x(across + float(world.rng.uniform(-0.03, 0.03))), g.unit * (0.34, 0.26, 0.15)[rank]
        high = g.unit * (0.56, 0.42, 0.24)[rank] * float(world.rng.uniform(0.85, 1.1))
        for ring, share in enumerate((1.0, 0.72, 0.44)):
            half = wide * share / 2
            foot, head = g.base(0.55), g.base(0.24) - high * (0.55 + 0.45 * share)
            arch = np.concatenate([[[x - half, foot]], oval((x, head + half), (half, half), span=(np.pi, 2 * np.pi)), [[x + half, foot]]])
            _sheet(canvas, arch, _tone(world, paper, (0.16, 0.34, 0.58)[rank] + 0.14 * ring), g.unit)
    return layer_of(canvas, depth)


def _hills(world: World, paper: tuple[Colour, Colour, Colour], *, depth: float, rank: int) -> Layer:
    """Rolling sheets, one before the other, under a paper sun."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    if rank == 0:
        x, y, r = world.x(float(rng.choice([0.24, 0.76]))), g.base(0) - 0.34 * g.unit, 0.15 * g.unit
        for share, tone in ((1.0, 0.35), (0.74, 0.65), (0.48, 0.95)):
            _sheet(canvas, oval((x, y), (share * r, share * r), count=60), world.lit(mix(paper[0], paper[2], tone), 1.0), g.unit)
    line = ridge(rng, g.period, waves=2 + rank, octaves=2, roughness=0.3)
    crest = g.base(0.20) - (0.05 + (0.26, 0.17, 0.10)[rank] * line) * g.unit
    columns = np.arange(g.period, dtype=np.float64)
    hill = np.concatenate([np.stack([columns, crest], axis=1), [[g.period, g.base(0.5)], [0, g.base(0.5)]]])
    upper = hill - np.array([0, 0.010 * g.unit])
    shade = stretch(g)
    fill(shade, upper, (0.0, 0.0, 0.0))
    soften(shade, 0.010 * g.unit)
    spread(canvas, (shade.alpha * np.float32(0.22)).astype(np.uint8), (0, 0), scale(_tone(world, paper, 0.6), 0.5))
    fill(canvas, hill, scale(_tone(world, paper, (0.20, 0.40, 0.62)[rank]), 1.05), _tone(world, paper, (0.10, 0.24, 0.38)[rank]))
    return layer_of(canvas, depth)


def _suns(world: World, paper: tuple[Colour, Colour, Colour], *, depth: float, rank: int) -> Layer:
    """Large round sheets, some with a smaller one on them."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    count = (5, 7, 9)[rank]
    for number in range(count):
        x = (number + 0.5 + float(rng.uniform(-0.3, 0.3))) * g.period / count
        r = g.unit * (0.21, 0.13, 0.07)[rank] * float(rng.uniform(0.7, 1.1))
        high = float(rng.uniform(0.10, 0.80)) if abs(x - g.period / 2) > 0.18 * g.width else float(rng.uniform(0.0, 0.25))
        y = g.margin + g.horizon * high
        _sheet(canvas, oval((x, y), (r, r), count=60), _tone(world, paper, (0.12, 0.30, 0.55)[rank]), g.unit)
        if rng.random() < 0.6:
            other = mix(paper[2], paper[1], 0.2 * rank)
            _sheet(canvas, oval((x, y), (0.62 * r, 0.62 * r), count=60), world.lit(mix(paper[0], other, 0.7), 1.0), g.unit)
    return layer_of(canvas, depth)


def _sheet(canvas: Canvas, shape: Points, colour: Colour, unit: float) -> None:
    """A piece of thick paper: its soft shadow, its face, and light on its upper edge."""
    soft(canvas, shape + np.array([0.006, 0.012]) * unit, scale(colour, 0.42), blur=0.012 * unit, strength=0.34)
    fill(canvas, shape, scale(colour, 1.06), scale(colour, 0.93))
    edge = np.concatenate([shape, shape[:1]])
    stroke(canvas, edge, max(0.8, 0.0025 * unit), mix(colour, _WHITE, 0.16))


def _floor(world: World, paper: tuple[Colour, Colour, Colour]) -> Layer:
    """The floor, which begins as nothing: the backdrop bends into it without a line."""
    g = world.geometry
    canvas = stretch(g)
    top = g.margin + g.horizon
    rows = np.arange(top, g.rows, dtype=np.float32)
    d = (rows - top) / np.float32(g.feet - g.horizon)
    near, far = np.array(scale(_tone(world, paper, 0.30), 0.90), np.float32), np.array(_tone(world, paper, 0.02), np.float32)
    colours = far + (near - far) * np.clip((d - 0.35) / 1.2, 0, 1)[:, None]
    wash(canvas, np.clip(colours * 255, 0, 255).astype(np.uint8)[:, None, :], (top, g.rows))
    texture(canvas, lying(world, cells=(9, 12)), 0.025, (top, g.rows))
    warm = times(_SPOT, mix(world.light.rim, _WHITE, 0.5))
    strength = 0.34 + 0.30 * world.light.lamps
    shine(canvas, (g.period / 2, g.base(0.97)), (0.52 * g.unit, 0.145 * g.height), warm, strength, sharp=0.9)
    shine(canvas, (g.period / 2, g.base(0.90)), (0.95 * g.unit, 0.26 * g.height), warm, 0.30)
    bend = np.clip(d / 0.34, 0, 1)
    keep = np.repeat((bend * bend * (3 - 2 * bend) * 255).astype(np.uint8)[:, None], g.period, axis=1)
    canvas.rgb[top:] = (canvas.rgb[top:].astype(np.uint16) * keep[..., None] // 255).astype(np.uint8)
    canvas.alpha[top:] = keep
    return layer_of(canvas, 1.0, ground=True)


def _hanging(world: World, paper: tuple[Colour, Colour, Colour], depth: float, lamps: list[Lamp], *, count: int) -> Layer:
    """Paper stars, moons, clouds and lamps on threads, stirred by the air."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    for number in range(count):
        x = (number + 0.5 + float(rng.uniform(-0.32, 0.32))) * g.period / count
        middle = abs(x - g.period / 2) < 0.15 * g.width
        y = g.margin + g.horizon * float(rng.uniform(0.04, 0.12) if middle else rng.uniform(0.10, 0.55 - 0.3 * depth))
        r = g.unit * (0.020 + 0.034 * depth) * float(rng.uniform(0.8, 1.25))
        stroke(canvas, [(x, 0.0), (x, y - 0.8 * r)], max(0.7, 0.0018 * g.unit), scale(_tone(world, paper, 0.8), 0.8))
        colour = world.lit(mix(paper[2], paper[1], float(rng.choice([0.0, 0.35, 0.9]))), 1.0)
        if rng.random() < 0.34 and world.light.lamps > 0.3:
            glow(canvas, (x, y), 3.2 * r, _SPOT, 0.40)
            fill(canvas, oval((x, y), (0.62 * r, 0.72 * r)), (1.0, 0.95, 0.82), (1.0, 0.80, 0.52))
            lamps.append(Lamp(x, y, depth, 4.0 * r, _SPOT, 0.8 + float(rng.random())))
            continue
        for piece in _cutting(rng, (x, y), r):
            _sheet(canvas, piece, colour, 0.6 * g.unit)
    return replace(layer_of(canvas, depth, bob=0.0016 * g.unit, pace=0.9 + depth), sway=(0.003 + 0.005 * depth) * g.unit)


def _cutting(rng: np.random.Generator, centre: Spot, r: float) -> list[Points]:
    """What is cut from paper: a star, a moon, a cloud or a bird."""
    x, y = centre
    match int(rng.integers(4)):
        case 0:
            t = np.arange(10) * np.pi / 5
            far = np.where(np.arange(10) % 2, 0.46, 1.05) * r
            return [np.stack([x + np.sin(t) * far, y - np.cos(t) * far], axis=1)]
        case 1:
            outer, inner = (
                oval(centre, (r, r), span=(0.5, 2 * np.pi - 0.5)),
                oval((x + 0.42 * r, y), (0.72 * r, 0.72 * r), span=(0.72, 2 * np.pi - 0.72)),
            )
            return [np.concatenate([outer, inner[::-1]])]
        case 2:
            puffs = [
                oval((x + dx * r, y + dy * r), (size * r, size * r))
                for dx, dy, size in ((-0.7, 0.2, 0.5), (0.0, -0.1, 0.75), (0.75, 0.2, 0.52))
            ]
            return [*puffs, oval((x, y + 0.42 * r), (1.15 * r, 0.30 * r))]
        case _:
            wing = [
                (x - 1.2 * r, y - 0.5 * r),
                (x - 0.1 * r, y - 0.1 * r),
                (x + 0.9 * r, y - 0.8 * r),
                (x + 0.5 * r, y + 0.25 * r),
                (x - 0.2 * r, y + 0.5 * r),
            ]
            return [np.array(wing)]


def _beams(world: World, canvas: Canvas) -> None:
    """Two soft beams from above that meet where the cast stands."""
    g = world.geometry
    strength = 0.06 + 0.13 * world.light.lamps
    low = g.base(1.0)
    fade = np.clip((low - np.arange(g.rows, dtype=np.float32)) / np.float32(low - g.margin), 0, 1)[:, None] ** np.float32(0.7)
    for side in (-1, 1):
        mask = stretch(g)
        source, foot = g.period / 2 + side * 0.46 * g.unit, g.period / 2 - side * 0.03 * g.unit
        cone = np.array(
            [[source - 0.02 * g.unit, 0], [source + 0.02 * g.unit, 0], [foot + 0.24 * g.unit, low], [foot - 0.24 * g.unit, low]]
        )
        soft(mask, cone, _WHITE, blur=0.026 * g.unit)
        light(canvas, mask.alpha.astype(np.float32) / 255 * fade * np.float32(strength), (0, 0), mix(_SPOT, world.light.rim, 0.4))


def _leaves(world: World, paper: tuple[Colour, Colour, Colour]) -> Layer:
    """Paper leaves close to the lens, out of focus, in the lower corners."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    foot = g.margin + 1.08 * g.height
    for across, way in ((-0.02, 1.0), (1.02, -1.0), (1.26, 1.0)):
        x = world.x(across)
        for angle in np.linspace(0.15, 1.25, 5):
            long = g.unit * float(rng.uniform(0.18, 0.27))
            tip = np.array([x + way * np.cos(angle) * long, foot - np.sin(angle) * long])
            side = np.array([-(tip[1] - foot), tip[0] - x]) * 0.13
            t = np.linspace(0, 1, 14)[:, None]
            spine = np.array([[x, foot]]) + (tip - np.array([x, foot])) * t
            bulge = np.sin(np.pi * t) * side
            colour = scale(_tone(world, paper, 0.75 + 0.2 * float(rng.random())), 0.80)
            _sheet(canvas, np.concatenate([spine + bulge, (spine - bulge)[::-1]]), colour, g.unit)
    soften(canvas, 0.0035 * g.unit)
    return layer_of(canvas, 1.45)
