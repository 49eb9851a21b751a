"""A room: a window with the sky in it, shelves, a lamp, floorboards and a rug."""

import numpy as np

from castlist.media.animatic.canvas import Canvas, Points, dots, fill, fill_all, stamp, stretch, stroke, wash
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.noise import ridge
from castlist.media.animatic.palette import mix
from castlist.media.animatic.places.world import Lamp, Painted, World, sky
from castlist.media.animatic.planes import Colour

_WOOD: Colour = (0.60, 0.42, 0.28)
_PAINTS: tuple[Colour, ...] = ((0.86, 0.74, 0.60), (0.62, 0.72, 0.68), (0.80, 0.66, 0.64), (0.64, 0.68, 0.80))
_BOOKS: tuple[Colour, ...] = (
    (0.72, 0.26, 0.24),
    (0.22, 0.42, 0.52),
    (0.88, 0.68, 0.30),
    (0.34, 0.48, 0.34),
    (0.50, 0.34, 0.52),
    (0.92, 0.86, 0.74),
)
_WARM: Colour = (1.0, 0.78, 0.46)


def paint(world: World) -> Painted:
    lamps: list[Lamp] = []
    left = bool(world.rng.random() < 0.5)
    window, shelf = (0.22, 0.80) if left else (0.78, 0.20)
    behind = (
        sky(world),
        _outside(world),
        _wall(world, window),
        _floor(world),
        _furniture(world, shelf, lamps),
        _beam(world, window),
    )
    return Painted(behind, (_front(world),), tuple(lamps))


def _dim(world: World, colour: Colour, gain: float = 1.0) -> Colour:
    """Indoor colours: less of the sky's light, and warm where lamps are lit."""
    lit = world.lit(colour, 1.0, gain * 0.95)
    return mix(lit, (colour[0] * gain, colour[1] * 0.78 * gain, colour[2] * 0.52 * gain), 0.42 * world.light.lamps)


def _outside(world: World) -> Layer:
    g = world.geometry
    canvas = stretch(g)
    crest = g.base(0) - (0.10 + 0.10 * ridge(world.rng, g.period, waves=4)) * g.unit
    points = np.concatenate([np.stack([np.arange(g.period, dtype=np.float64), crest], axis=1), [[g.period, g.rows], [0, g.rows]]])
    fill(canvas, points, world.lit((0.34, 0.52, 0.32), 0.35), world.lit((0.30, 0.46, 0.28), 0.6))
    return layer_of(canvas, 0.08)


def _wall(world: World, window: float) -> Layer:
    """The back wall, whole but for the panes of its window, which repeats with the room."""
    g = world.geometry
    canvas = stretch(g)
    tint = _PAINTS[int(world.rng.integers(4))]
    foot = int(g.base(0.24))
    t = np.linspace(0, 1, foot, dtype=np.float32)
    colours = np.array([mix(_dim(world, tint, 0.78), _dim(world, tint, 0.98), float(s)) for s in t], np.float32)
    wash(canvas, np.clip(colours * 255, 0, 255).astype(np.uint8)[:, None, :], (0, foot))
    stripes = [
        np.array([[x, 0], [x + 0.012 * g.unit, 0], [x + 0.012 * g.unit, foot], [x, foot]]) for x in np.arange(0, g.period, g.period / 30)
    ]
    fill_all(canvas, stripes, _dim(world, tint, 0.86))
    x, y, w, h = world.x(window), g.margin + 0.24 * g.horizon, 0.42 * g.unit, 0.56 * g.horizon
    frame = _dim(world, (0.94, 0.92, 0.88))
    edge = 0.020 * g.unit
    _box(canvas, (x - w / 2 - edge, y - edge, w + 2 * edge, h + 2 * edge), frame)
    _open(canvas, (x - w / 2, y, w, h))
    _box(canvas, (x - edge * 0.35, y, edge * 0.7, h), frame)
    _box(canvas, (x - w / 2, y + h * 0.45, w, edge * 0.7), frame)
    _box(canvas, (x - w / 2 - 2 * edge, y + h + edge, w + 4 * edge, edge * 1.2), _dim(world, _WOOD))
    for side in (-1, 1):
        _curtain(world, canvas, (x + side * (w / 2 + 1.4 * edge), y - 2 * edge, side * 0.11 * g.unit, h + 5 * edge))
    _box(
        canvas, (-2, foot - 0.035 * g.unit, g.period + 4, 0.036 * g.unit), _dim(world, (0.92, 0.88, 0.82)), _dim(world, (0.74, 0.70, 0.66))
    )
    return layer_of(canvas, 0.24)


def _open(canvas: Canvas, box: tuple[float, float, float, float]) -> None:
    x, y, w, h = (round(v) for v in box)
    columns = np.arange(x, x + w) % canvas.width
    canvas.rgb[y : y + h, columns] = 0
    canvas.alpha[y : y + h, columns] = 0


def _curtain(world: World, canvas: Canvas, box: tuple[float, float, float, float]) -> None:
    x, y, w, h = box
    cloth: Colour = (0.72, 0.34, 0.30)
    for fold in range(4):
        a, b = x + w * fold / 4 - w * 0.5, x + w * (fold + 1) / 4 - w * 0.5
        fill(
            canvas,
            [(a, y), (b, y), (b + 0.1 * w, y + h), (a + 0.1 * w, y + h)],
            _dim(world, cloth, 1.05 - 0.16 * (fold % 2)),
            _dim(world, cloth, 0.82 - 0.12 * (fold % 2)),
        )


def _floor(world: World) -> Layer:
    g = world.geometry
    canvas = stretch(g)
    top = int(g.base(0.24))
    rows = np.arange(top, g.rows, dtype=np.float32)
    depth = np.clip((rows - g.base(0)) / (g.feet - g.horizon), 0, 1.5)
    gain = 0.72 + 0.30 * np.clip(depth, 0, 1)
    colours = np.array(_dim(world, _WOOD), np.float32)[None, :] * gain[:, None]
    wash(canvas, np.clip(colours * 255, 0, 255).astype(np.uint8)[:, None, :], (top, g.rows))
    lines: list[Points] = []
    for d in np.geomspace(0.26, 1.6, 13):
        y, thick = g.base(float(d)), max(0.8, 0.004 * g.unit * float(d))
        lines.append(np.array([[-2, y], [g.period + 2, y], [g.period + 2, y + thick], [-2, y + thick]]))
    fill_all(canvas, lines, _dim(world, _WOOD, 0.62))
    angle = np.linspace(0, 2 * np.pi, 60)
    for size, colour in ((1.0, (0.62, 0.24, 0.26)), (0.88, (0.90, 0.80, 0.62)), (0.80, (0.70, 0.30, 0.28)), (0.42, (0.86, 0.62, 0.36))):
        rug = np.stack(
            [g.period / 2 + np.cos(angle) * 0.52 * g.unit * size, g.base(0.95) + np.sin(angle) * 0.105 * g.height * size], axis=1
        )
        fill(canvas, rug, _dim(world, colour, 0.9), _dim(world, colour))
    return layer_of(canvas, 1.0, ground=True)


def _furniture(world: World, across: float, lamps: list[Lamp]) -> Layer:
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    depth = 0.34
    x, foot, w, h = world.x(across), g.base(depth), 0.36 * g.unit, 0.50 * g.unit
    _box(canvas, (x - w / 2, foot - h, w, h), _dim(world, _WOOD, 0.62), _dim(world, _WOOD, 0.5))
    for shelf in range(4):
        low = foot - 0.02 * g.unit - shelf * h / 4
        _box(canvas, (x - w * 0.46, low - h / 4 + 0.02 * g.unit, w * 0.92, h / 4 - 0.02 * g.unit), _dim(world, _WOOD, 0.34))
        book = x - w * 0.44
        while book < x + w * 0.40:
            wide, high = g.unit * float(rng.uniform(0.012, 0.024)), h / 4 * float(rng.uniform(0.52, 0.82))
            colour = _BOOKS[int(rng.integers(6))]
            _box(canvas, (book, low - high, wide, high), _dim(world, colour), _dim(world, colour, 0.78))
            book += wide * (1.1 if rng.random() < 0.85 else 2.2)
    lx = x + (-1 if across > 0.5 else 1) * 0.27 * g.unit
    stroke(canvas, [(lx, foot + 0.01 * g.unit), (lx, foot - 0.36 * g.unit)], 0.008 * g.unit, _dim(world, (0.30, 0.26, 0.24)))
    shade = mix(_dim(world, (0.96, 0.88, 0.70)), _WARM, 0.8 * world.light.lamps)
    fill(
        canvas,
        [
            (lx - 0.04 * g.unit, foot - 0.45 * g.unit),
            (lx + 0.04 * g.unit, foot - 0.45 * g.unit),
            (lx + 0.075 * g.unit, foot - 0.34 * g.unit),
            (lx - 0.075 * g.unit, foot - 0.34 * g.unit),
        ],
        mix(shade, (1.0, 0.95, 0.8), 0.4),
        shade,
    )
    if world.light.lamps > 0.2:
        lamps.append(Lamp(lx, foot - 0.38 * g.unit, depth, 0.42 * g.unit, _WARM, 0.9))
    _plant(world, canvas, (lx + (x - lx) * 2.05, foot + 0.02 * g.unit))
    return layer_of(canvas, depth)


def _plant(world: World, canvas: Canvas, spot: tuple[float, float]) -> None:
    x, foot = spot
    unit, rng = world.geometry.unit, world.rng
    for angle in np.linspace(0.35, np.pi - 0.35, 9):
        tip = (x + np.cos(angle) * 0.15 * unit, foot - 0.10 * unit - np.sin(angle) * unit * float(rng.uniform(0.13, 0.22)))
        bend = ((x + tip[0]) / 2, (foot - 0.1 * unit + tip[1]) / 2)
        fill(
            canvas,
            [(x, foot - 0.08 * unit), (bend[0] - 0.018 * unit, bend[1]), tip, (bend[0] + 0.018 * unit, bend[1])],
            _dim(world, (0.28, 0.52, 0.30), float(rng.uniform(0.8, 1.2))),
        )
    fill(
        canvas,
        [(x - 0.05 * unit, foot - 0.09 * unit), (x + 0.05 * unit, foot - 0.09 * unit), (x + 0.038 * unit, foot), (x - 0.038 * unit, foot)],
        _dim(world, (0.80, 0.46, 0.32)),
        _dim(world, (0.62, 0.34, 0.26)),
    )


def _beam(world: World, window: float) -> Layer:
    """Light that falls from the window onto the floor."""
    g = world.geometry
    canvas = stretch(g)
    x, w = world.x(window), 0.40 * g.unit
    aside = (1 if window < 0.5 else -1) * 0.42 * g.unit
    soft = stretch(g)
    fill(
        soft,
        [
            (x - w / 2, g.margin + 0.26 * g.horizon),
            (x + w / 2, g.margin + 0.26 * g.horizon),
            (x + w / 2 + aside, g.base(1.05)),
            (x - w / 2 + aside, g.base(1.05)),
        ],
        (1.0, 1.0, 1.0),
    )
    strength = 0.20 if world.light.lamps < 0.5 else 0.09
    stamp(canvas, (soft.alpha.astype(np.float32) * strength).astype(np.uint8), (0, 0), mix(world.light.rim, world.light.sky[2], 0.3))
    return layer_of(canvas, 0.24)


def _front(world: World) -> Layer:
    g = world.geometry
    canvas = stretch(g)
    foot = g.margin + 1.06 * g.height
    for across, r in ((0.02, 0.13), (0.98, 0.15)):
        dots(
            canvas,
            np.array([[world.x(across), foot]]),
            np.array([r * g.unit]),
            _dim(world, (0.42, 0.34, 0.44), 0.7),
            _dim(world, (0.30, 0.24, 0.32), 0.45),
        )
    return layer_of(canvas, 1.45)


def _box(canvas: Canvas, box: tuple[float, float, float, float], colour: Colour, low: Colour | None = None) -> None:
    x, y, w, h = box
    fill(canvas, [(x, y), (x + w, y), (x + w, y + h), (x, y + h)], colour, low)
