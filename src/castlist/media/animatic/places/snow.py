"""A winter land: white peaks, a cabin with smoke over its roof, laden pines, drifts with blue shadows, northern lights."""

import cv2
import numpy as np

from castlist.media.animatic.canvas import Canvas, Points, dots, fill, fill_all, glow, over, soften, stamp, stretch
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.noise import cloudy, field, ridge
from castlist.media.animatic.palette import mix, scale
from castlist.media.animatic.places.mountains import massif
from castlist.media.animatic.places.plants import PINE, SNOW, Spot, pine, spread
from castlist.media.animatic.places.rocks import boulder
from castlist.media.animatic.places.world import Lamp, Painted, World, apart, bank, clouds, finish, floor, land, sky
from castlist.media.animatic.planes import Colour
from castlist.media.animatic.swarm import Kind, Swarm

_WHITE: Colour = (0.86, 0.90, 0.97)
_BLUE: Colour = (0.60, 0.72, 0.96)
_LOG: Colour = (0.46, 0.32, 0.24)
_WARM: Colour = (1.0, 0.74, 0.38)


def paint(world: World) -> Painted:
    lamps: list[Lamp] = []
    smoke: list[Swarm] = []
    behind = (
        sky(world),
        *_lights(world),
        layer_of(massif(world, 0.05, height=0.44, caps=True, tones=((0.52, 0.58, 0.72), SNOW)), 0.05),
        clouds(world, amount=0.34),
        _slope(world),
        _snowfield(world),
        layer_of(finish(world, bank(world, _WHITE, 0.18, height=0.034), 0.18), 0.18),
        _hamlet(world, lamps, smoke),
        _pines(world, 0.52),
    )
    return Painted(behind, (_boughs(world),), tuple(lamps), swarms=tuple(smoke))


def _lights(world: World) -> tuple[Layer, ...]:
    """Northern lights in two curtains that pass each other, under a clear and dark sky only."""
    world = apart(world)
    if world.light.stars < 0.6:
        return ()
    return _curtain(world, (0.32, 0.95, 0.62), drift=0.011), _curtain(world, (0.52, 0.48, 0.98), drift=-0.008)


def _curtain(world: World, colour: Colour, *, drift: float) -> Layer:
    """Rays that hang from a winding hem, brightest there."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    foot = int(g.margin + 0.86 * g.horizon)
    x = np.arange(g.period, dtype=np.float32) * np.float32(2 * np.pi / g.period)
    rows = np.arange(foot, dtype=np.float32)[:, None]
    a, b, c = rng.uniform(0, 6.28, 3)
    hem = foot * (0.66 + 0.17 * np.sin(x + a) + 0.08 * np.sin(2 * x + b) + 0.02 * np.sin(7 * x + c))
    rays = 0.40 + 0.60 * cloudy(rng, (g.period, 2), cells=(30, 1), octaves=3)[0]
    gate = np.clip(0.55 + 0.8 * np.sin(x + c), 0.0, 1)
    tall = foot * (0.26 + 0.30 * field(rng, (g.period, 2), cells=(9, 1))[0])
    up = (hem[None, :] - rows) / tall[None, :]
    mask = np.exp(-np.clip(up, 0, 9) * 2.2) * np.clip(1 + up * 7, 0, 1) * (rays * gate)[None, :]
    stamp(canvas, (np.clip(cv2.GaussianBlur(mask, (0, 0), max(0.8, 0.004 * g.unit)), 0, 1) * 175).astype(np.uint8), (0, 0), colour)
    return layer_of(canvas, 0.02, drift=drift * g.width)


def _slope(world: World) -> Layer:
    """A white hill with woods on it."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    depth = 0.15
    line = ridge(rng, g.period, waves=2, octaves=3, roughness=0.4)
    crest = g.base(0.02) - (0.03 + 0.13 * line) * g.unit
    land(world, canvas, crest, (world.lit(_WHITE, 0.3, 0.98), world.lit(_BLUE, 0.3, 0.96)))
    for drop, count in ((0.15, 40), (0.65, 36)):
        for x in spread(world, count, jitter=0.7):
            row = float(crest[int(x) % g.period])
            foot = row + (g.base(0.02) - row) * drop + 0.012 * g.unit
            pine(world, canvas, Spot(x, foot, g.unit * float(rng.uniform(0.05, 0.10)), depth + 0.10 * drop), snowy=True)
    return layer_of(finish(world, canvas, depth, mist=0.40), depth)


def _hamlet(world: World, lamps: list[Lamp], smoke: list[Swarm]) -> Layer:
    """A cabin among pines with light in its windows, a smaller one further off."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    depth = 0.24
    side = float(rng.choice((-1.0, 1.0)))
    for across, size in ((0.5 + side * float(rng.uniform(0.24, 0.31)), 0.135), (0.5 - side * float(rng.uniform(0.36, 0.44)), 0.085)):
        x, foot = world.x(across), g.base(0.22)
        for aside in (-0.95, -0.7, 0.72, 1.0, 1.3):
            tall = size * g.unit * float(rng.uniform(0.9, 1.5))
            pine(world, canvas, Spot(x + aside * size * g.unit, foot - 0.002 * g.unit, tall, 0.35), snowy=True)
        smoke.append(_cabin(world, canvas, at=(x, foot), size=size * g.unit, lamps=lamps))
    return layer_of(finish(world, canvas, depth, mist=0.16), depth)


def _cabin(world: World, canvas: Canvas, *, at: tuple[float, float], size: float, lamps: list[Lamp]) -> Swarm:
    x, foot = at
    half, eave, ridge_row = 0.50 * size, foot - 0.42 * size, foot - 0.86 * size
    fill(canvas, _rect(x, foot, half, 0.44 * size), world.lit(_LOG, 0.5), world.lit(_LOG, 0.5, 0.72))
    for row in np.linspace(foot - 0.06 * size, eave, 5):
        fill(canvas, _rect(x, float(row), half, 0.016 * size), world.lit(_LOG, 0.5, 0.55))
    fill(canvas, _rect(x + 0.28 * size, ridge_row + 0.18 * size, 0.06 * size, 0.24 * size), world.lit((0.50, 0.46, 0.46), 0.5, 0.8))
    fill(canvas, _rect(x + 0.28 * size, ridge_row - 0.05 * size, 0.075 * size, 0.035 * size), world.lit(SNOW, 0.5))
    gable = [(x - half, eave), (x, ridge_row), (x + half, eave)]
    fill(canvas, gable, world.lit(_LOG, 0.5, 0.92), world.lit(_LOG, 0.5, 0.7))
    thick = 0.13 * size
    roof = [(x - 1.28 * half, eave + 0.07 * size), (x, ridge_row - thick), (x + 1.28 * half, eave + 0.07 * size)]
    lower = [(x + 1.22 * half, eave + 0.12 * size), (x, ridge_row + 0.03 * size), (x - 1.22 * half, eave + 0.12 * size)]
    fill(canvas, np.array(roof + lower), world.lit(SNOW, 0.5, 1.04), world.lit(_BLUE, 0.5, 0.95))
    lit = world.light.lamps > 0.3
    pane = _WARM if lit else world.lit((0.42, 0.52, 0.62), 0.5)
    for aside in (-0.28, 0.28):
        fill(canvas, _rect(x + aside * size, foot - 0.13 * size, 0.095 * size, 0.18 * size), world.lit((0.28, 0.20, 0.16), 0.5))
        fill(canvas, _rect(x + aside * size, foot - 0.145 * size, 0.075 * size, 0.15 * size), pane, scale(pane, 0.88))
        fill(canvas, _rect(x + aside * size, foot - 0.145 * size, 0.008 * size, 0.15 * size), world.lit((0.28, 0.20, 0.16), 0.5))
        if lit:
            glow(canvas, (x + aside * size, foot - 0.02 * size), 0.30 * size, _WARM, 0.30)
            lamps.append(Lamp(x + aside * size, foot - 0.20 * size, 0.24, 0.55 * size, _WARM, 1.2 + aside))
    fill(canvas, _rect(x, foot, 0.085 * size, 0.30 * size), world.lit((0.30, 0.20, 0.15), 0.5))
    heap = x + np.linspace(-1.2, 1.2, 9) * half
    dots(canvas, np.stack([heap, np.full(9, foot + 0.02 * size)], axis=1), np.full(9, 0.075 * size), world.lit(_WHITE, 0.4))
    return _smoke(world, at=(x + 0.28 * size, ridge_row - 0.09 * size), size=size)


def _rect(x: float, foot: float, half: float, high: float) -> Points:
    return np.array([[x - half, foot], [x - half, foot - high], [x + half, foot - high], [x + half, foot]])


def _smoke(world: World, *, at: tuple[float, float], size: float) -> Swarm:
    """What rises from a chimney."""
    g, count = world.geometry, 8
    colour = mix(world.light.haze, (0.96, 0.96, 0.98), 0.5 if world.light.stars < 0.5 else 0.15)
    x, y = (at[0] - g.left) / g.width, (at[1] - g.margin) / g.height
    places = np.full(count, x, np.float32), np.full(count, y, np.float32)
    ages = (np.arange(count) * 2 * np.pi / count).astype(np.float32)
    return Swarm(
        Kind.smoke, *places, ages, np.ones(count, np.float32), size=0.20 * size / g.unit, depth=0.26, colour=colour, held=g.period / g.width
    )


def _snowfield(world: World) -> Layer:
    """Snow in drifts: bright crests, blue hollows, the print of steps, glitter."""
    g, rng = world.geometry, world.rng
    canvas = floor(world, _WHITE, far=(0.82, 0.88, 0.98), grain=0.03, light_spot=0.05)
    top = g.margin + g.horizon
    height = g.rows - top
    d = np.linspace(0.0, 1.45, height, dtype=np.float32)[:, None]
    warp = cloudy(rng, (g.period, height), cells=(5, 4), octaves=3)
    swell = np.sin(9.5 * np.log(0.22 + d) + 5.0 * warp)
    over(canvas, (np.clip(swell, 0, 1) ** 1.5 * 105 * np.clip(0.3 + d, 0, 1)).astype(np.uint8), (0, top), world.lit(_BLUE, 0.9, 0.94))
    over(canvas, (np.clip(-swell - 0.5, 0, 1) * 130).astype(np.uint8), (0, top), world.lit((1.0, 1.0, 1.0), 1.0, 1.1))
    _steps(world, canvas)
    count = 150
    near = rng.uniform(0.1, 1.4, count)
    spots = np.stack([rng.uniform(0, g.period, count), g.base(0) + near * (g.feet - g.horizon)], axis=1)
    dots(canvas, spots, np.maximum(0.4, 0.0012 * g.unit * near), world.lit((1.0, 1.0, 1.0), 1.0, 1.3))
    return layer_of(canvas, 1.0, ground=True)


def _steps(world: World, canvas: Canvas) -> None:
    """A trail of footprints that comes from the woods."""
    g, rng = world.geometry, world.rng
    t = np.linspace(0.10, 1.42, 30) ** 1.15
    side = float(rng.choice((-1.0, 1.0)))
    x = g.period / 2 + side * g.width * (0.30 - 0.16 * t + 0.05 * np.sin(3.2 * t + float(rng.uniform(0, 3))))
    x += np.where(np.arange(30) % 2, 0.016, -0.016) * g.unit * t
    rows, sizes = g.base(0) + t * (g.feet - g.horizon), 0.0105 * g.unit * t
    angle = np.linspace(0, 2 * np.pi, 12)
    ring = np.stack([0.72 * np.cos(angle), 0.42 * np.sin(angle)], axis=1)
    prints = np.stack([x, rows], axis=1)[:, None, :] + ring[None] * sizes[:, None, None]
    fill_all(canvas, prints + np.array([0.0, 0.35]) * sizes[:, None, None], world.lit((1.0, 1.0, 1.0), 1.0, 1.08))
    fill_all(canvas, prints, world.lit(_BLUE, 0.9, 0.82))


def _pines(world: World, depth: float) -> Layer:
    """Laden pines at the sides, each on its mound, with snow-capped stones."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    for across, high in ((0.00, 0.66), (0.12, 0.42), (0.90, 0.50), (1.01, 0.72), (1.33, 0.52), (-0.26, 0.56)):
        x, foot = world.x(across + float(rng.uniform(-0.035, 0.035))), g.base(depth * float(rng.uniform(0.96, 1.12)))
        tall = high * g.unit * float(rng.uniform(0.9, 1.1))
        pine(world, canvas, Spot(x, foot, tall, depth + 0.15), snowy=True)
        angle = np.linspace(np.pi, 2 * np.pi, 16)
        mound = np.stack([x + np.cos(angle) * 0.24 * tall, foot + 0.020 * g.unit + np.sin(angle) * 0.05 * tall], axis=1)
        fill(canvas, mound, world.lit(_WHITE, 0.9, 1.04), world.lit(_WHITE, 0.8, 0.95))
        stone = Spot(x + 0.09 * g.unit * float(rng.choice((-1.0, 1.0))), foot + 0.02 * g.unit, 0.032 * g.unit, 0.85)
        boulder(world, canvas, stone, rock=(0.50, 0.52, 0.60), cap=SNOW)
    return layer_of(finish(world, canvas, depth), depth)


def _boughs(world: World) -> Layer:
    """Snowy boughs hang in from above, a drift with dry stalks lies before the viewer."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    for across, lean in ((-0.04, 0.9), (0.07, 0.55), (1.04, -0.9), (0.94, -0.5)):
        root = np.array([world.x(across), g.margin - 0.05 * g.unit])
        _bough(world, canvas, root, tip=root + np.array([lean * 0.30, 0.17]) * g.unit * float(rng.uniform(0.75, 1.05)))
    x = np.arange(g.period, dtype=np.float64)
    aside = np.clip(np.abs(x - g.period / 2) / (0.5 * g.width), 0, 1.3)
    line = ridge(rng, g.period, waves=3, octaves=3, roughness=0.4)
    crest = g.margin + g.height * 1.005 - (0.010 + 0.050 * line) * g.unit * (0.1 + aside**1.5)
    stalks = []
    for at in np.concatenate([rng.uniform(-0.15, 0.20, 16), rng.uniform(0.80, 1.15, 16)]):
        foot, high = g.margin + 1.03 * g.height, g.unit * float(rng.uniform(0.07, 0.17))
        bend = float(rng.uniform(-0.3, 0.3)) * high
        stalks.append(np.array([[world.x(at) - 0.8, foot], [world.x(at) + bend, foot - high], [world.x(at) + 0.8, foot]]))
    fill_all(canvas, stalks, world.lit((0.62, 0.52, 0.40), 1.0, 0.8))
    land(world, canvas, crest, (world.lit(_WHITE, 1.0, 0.98), world.lit(_BLUE, 1.0, 0.9)))
    finish(world, canvas, 1.0, edge=0.6)
    soften(canvas, 0.0030 * g.unit)
    return layer_of(canvas, 1.5)


def _bough(world: World, canvas: Canvas, root: Points, *, tip: Points) -> None:
    """One branch with hanging needles and snow lying along it."""
    g, rng = world.geometry, world.rng
    s = np.linspace(0, 1, 26)[:, None]
    spine = root + (tip - root) * s + np.array([0.0, 0.05]) * g.unit * s**2
    for gain, long in ((0.38, 0.060), (0.60, 0.045)):
        down = np.stack([rng.uniform(-0.5, 0.5, 26), rng.uniform(0.5, 1.0, 26)], axis=1) * g.unit * long * (1.15 - s)
        wide = np.array([[0.006, 0.0]]) * g.unit
        needles = np.stack([spine - wide, spine + down, spine + wide], axis=1)
        fill_all(canvas, needles, world.lit(PINE, 1.0, gain))
    dots(
        canvas,
        spine + np.array([0.0, -0.006]) * g.unit,
        (0.016 * g.unit * (1.15 - s[:, 0])) * rng.uniform(0.6, 1.1, 26),
        world.lit(SNOW, 1.0, 0.92),
    )
