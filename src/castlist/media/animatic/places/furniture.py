"""Things that stand in a room: shelves, a hearth, a lamp, an armchair, a plant, pictures on the wall."""

import numpy as np

from castlist.media.animatic.canvas import Canvas, dots, fill, fill_all, glow, stroke
from castlist.media.animatic.palette import mix
from castlist.media.animatic.places.brush import Spot, box, corners, oval, rounded, shine, soft
from castlist.media.animatic.places.world import World
from castlist.media.animatic.planes import Colour

WOOD: Colour = (0.60, 0.42, 0.28)
WARM: Colour = (1.0, 0.76, 0.44)
BOOKS: tuple[Colour, ...] = (
    (0.72, 0.26, 0.24),
    (0.20, 0.42, 0.50),
    (0.90, 0.70, 0.34),
    (0.34, 0.48, 0.36),
    (0.50, 0.34, 0.50),
    (0.92, 0.86, 0.74),
    (0.84, 0.48, 0.34),
)
_DARK: Colour = (0.10, 0.06, 0.06)


def shelf(world: World, canvas: Canvas, spot: Spot, u: float) -> None:
    """A tall shelf of books, with a vase or a globe here and there."""
    rng = world.rng
    x, foot = spot
    w, h = 0.38 * u, 0.56 * u
    soft(canvas, corners((x - w / 2, foot - h, w * 1.06, h)), _DARK, blur=0.02 * u, strength=0.35)
    box(canvas, (x - w / 2, foot - h, w, h), world.lit(WOOD, 1.0, 0.86), world.lit(WOOD, 1.0, 0.66))
    box(canvas, (x - w * 0.54, foot - h - 0.016 * u, w * 1.08, 0.024 * u), world.lit(WOOD, 1.0, 1.05), world.lit(WOOD, 1.0, 0.8))
    for row in range(4):
        low = foot - 0.03 * u - row * (h - 0.03 * u) / 4
        high = (h - 0.03 * u) / 4 - 0.020 * u
        box(canvas, (x - w * 0.455, low - high, w * 0.91, high), world.lit(WOOD, 1.0, 0.26), world.lit(WOOD, 1.0, 0.42))
        at = x - w * 0.44
        while at < x + w * 0.38:
            wide, tall = u * float(rng.uniform(0.011, 0.024)), high * float(rng.uniform(0.60, 0.92))
            if rng.random() < 0.10:
                _trinket(world, canvas, (at + 0.025 * u, low), u)
                at += 0.058 * u
                continue
            colour = BOOKS[int(rng.integers(len(BOOKS)))]
            box(canvas, (at, low - tall, wide, tall), world.lit(colour, 1.0, 0.98), world.lit(colour, 1.0, 0.72))
            box(canvas, (at, low - tall * 0.86, wide, tall * 0.05), world.lit(mix(colour, (1.0, 0.9, 0.6), 0.6), 1.0))
            at += wide * 1.06
    for side in (-0.5, 0.46):
        box(canvas, (x + side * w, foot - h, 0.04 * w, h), world.lit(WOOD, 1.0, 0.74), world.lit(WOOD, 1.0, 0.56))


def _trinket(world: World, canvas: Canvas, spot: Spot, u: float) -> None:
    x, foot = spot
    colour = BOOKS[int(world.rng.integers(len(BOOKS)))]
    fill(canvas, oval((x, foot - 0.028 * u), (0.021 * u, 0.024 * u)), world.lit(colour, 1.0, 1.15), world.lit(colour, 1.0, 0.6))
    box(canvas, (x - 0.008 * u, foot - 0.064 * u, 0.016 * u, 0.020 * u), world.lit(colour, 1.0, 0.9))


def hearth(world: World, canvas: Canvas, spot: Spot, u: float, *, burning: float) -> None:
    """A fireplace of stone with a wooden mantel; what burns in it is drawn apart."""
    rng = world.rng
    x, foot = spot
    w, h = 0.50 * u, 0.38 * u
    stone: Colour = (0.74, 0.68, 0.62)
    box(canvas, (x - w / 2, foot - h, w, h), world.lit(stone, 1.0, 0.94), world.lit(stone, 1.0, 0.74))
    bricks = []
    for row, y in enumerate(np.arange(foot - h + 0.03 * u, foot, 0.036 * u)):
        for column in np.arange(x - w / 2 + (row % 2) * 0.04 * u, x + w / 2 - 0.01 * u, 0.08 * u):
            bricks.append(corners((float(column), float(y), min(0.074 * u, x + w / 2 - float(column)), 0.030 * u)))
    tones = rng.integers(0, 3, len(bricks))
    for tone, gain in enumerate((0.86, 0.98, 1.06)):
        fill_all(canvas, [b for b, t in zip(bricks, tones, strict=True) if t == tone], world.lit(stone, 1.0, gain))
    mouth = np.concatenate(
        [[[x - 0.16 * u, foot]], oval((x, foot - 0.15 * u), (0.16 * u, 0.10 * u), span=(np.pi, 2 * np.pi)), [[x + 0.16 * u, foot]]]
    )
    fill(canvas, (mouth - (x, foot)) * (1.14, 1.10) + (x, foot), world.lit(stone, 1.0, 0.70))
    fill(
        canvas,
        mouth,
        mix((0.10, 0.07, 0.07), (0.40, 0.14, 0.06), 0.7 * burning),
        mix((0.16, 0.11, 0.10), (0.80, 0.30, 0.08), 0.7 * burning),
    )
    for log, turn in ((-0.05, 0.12), (0.05, -0.14), (0.0, 0.0)):
        wood = oval((x + log * u, foot - 0.022 * u - (0.024 * u if not turn else 0)), (0.085 * u, 0.017 * u), turn=turn)
        fill(canvas, wood, (0.36, 0.22, 0.15), (0.20, 0.12, 0.09))
    box(canvas, (x - w * 0.57, foot - h - 0.022 * u, w * 1.14, 0.036 * u), world.lit(WOOD, 1.0, 1.0), world.lit(WOOD, 1.0, 0.62))
    box(canvas, (x - w * 0.58, foot - 0.012 * u, w * 1.16, 0.020 * u), world.lit(stone, 1.0, 0.80), world.lit(stone, 1.0, 0.6))
    _mantel(world, canvas, (x, foot - h - 0.022 * u), u, w)


def _mantel(world: World, canvas: Canvas, spot: Spot, u: float, w: float) -> None:
    """A clock and candles above the fire."""
    x, y = spot
    lamps = world.light.lamps
    fill(canvas, oval((x, y - 0.036 * u), (0.036 * u, 0.036 * u)), world.lit(WOOD, 1.0, 0.7))
    fill(canvas, oval((x, y - 0.036 * u), (0.028 * u, 0.028 * u)), world.lit((0.96, 0.93, 0.84), 1.0))
    for tip in ((0.0, -0.020), (0.013, 0.004)):
        stroke(canvas, [(x, y - 0.036 * u), (x + tip[0] * u, y + (tip[1] - 0.036) * u)], max(0.8, 0.004 * u), (0.18, 0.14, 0.14))
    for side, tall in ((-0.40, 0.050), (-0.33, 0.034), (0.38, 0.044)):
        at = x + side * w
        box(
            canvas,
            (at - 0.009 * u, y - tall * u, 0.018 * u, tall * u),
            world.lit((0.96, 0.92, 0.82), 1.0),
            world.lit((0.86, 0.78, 0.66), 1.0, 0.9),
        )
        if lamps > 0.3:
            glow(canvas, (at, y - (tall + 0.014) * u), 0.07 * u, WARM, 0.4)
            fill(canvas, oval((at, y - (tall + 0.012) * u), (0.005 * u, 0.012 * u)), (1.0, 0.92, 0.62))


def flames(canvas: Canvas, spot: Spot, u: float, *, rng: np.random.Generator, tall: float, colours: tuple[Colour, Colour]) -> None:
    """Tongues of fire above the logs, soft at their edge."""
    x, foot = spot
    for aside in np.linspace(-0.075, 0.075, 5) + rng.uniform(-0.008, 0.008, 5):
        high = tall * u * float(rng.uniform(0.65, 1.0)) * (1 - 40 * float(aside) ** 2)
        wide, at = 0.030 * u, x + float(aside) * u
        lean = float(rng.uniform(-0.02, 0.02)) * u
        tongue = [
            (at - wide, foot),
            (at - 0.9 * wide, foot - 0.35 * high),
            (at + lean, foot - high),
            (at + 0.9 * wide, foot - 0.35 * high),
            (at + wide, foot),
        ]
        soft(canvas, rounded(tongue), colours[0], blur=0.006 * u, strength=0.85)
        core = (rounded(tongue) - (at, foot)) * (0.5, 0.55) + (at, foot)
        soft(canvas, core, colours[1], blur=0.004 * u, strength=0.9)


def lamp(world: World, canvas: Canvas, spot: Spot, u: float) -> Spot:
    """A standing lamp; answers where its light is."""
    x, foot = spot
    lamps = world.light.lamps
    iron = world.lit((0.34, 0.28, 0.24), 1.0)
    fill(canvas, oval((x, foot), (0.048 * u, 0.012 * u)), iron)
    stroke(canvas, [(x, foot), (x, foot - 0.40 * u)], 0.009 * u, iron)
    cloth = mix(world.lit((0.96, 0.88, 0.72), 1.0), (1.0, 0.82, 0.50), 0.85 * lamps)
    cone = [
        (x - 0.045 * u, foot - 0.50 * u),
        (x + 0.045 * u, foot - 0.50 * u),
        (x + 0.085 * u, foot - 0.37 * u),
        (x - 0.085 * u, foot - 0.37 * u),
    ]
    fill(canvas, cone, mix(cloth, (1.0, 0.9, 0.66), 0.3), cloth)
    if lamps > 0.2:
        shine(canvas, (x, foot - 0.42 * u), (0.09 * u, 0.08 * u), (1.0, 0.98, 0.84), 0.9)
    for row in (-0.50, -0.372):
        half = 0.046 if row < -0.4 else 0.086
        box(canvas, (x - half * u, foot + row * u - 0.003 * u, 2 * half * u, 0.007 * u), mix(cloth, (0.6, 0.3, 0.14), 0.5))
    return x, foot - 0.42 * u


def armchair(world: World, canvas: Canvas, spot: Spot, u: float, colour: Colour) -> None:
    """A deep armchair with a cushion."""
    x, foot = spot
    soft(canvas, oval((x, foot - 0.004 * u), (0.20 * u, 0.022 * u)), _DARK, blur=0.012 * u, strength=0.5)
    bright, dark = world.lit(colour, 1.0, 1.08), world.lit(colour, 1.0, 0.62)
    for side in (-0.13, 0.13):
        box(canvas, (x + side * u - 0.008 * u, foot - 0.035 * u, 0.016 * u, 0.035 * u), world.lit(WOOD, 1.0, 0.5))
    back = [
        (x - 0.15 * u, foot - 0.06 * u),
        (x - 0.155 * u, foot - 0.33 * u),
        (x - 0.08 * u, foot - 0.37 * u),
        (x + 0.08 * u, foot - 0.37 * u),
        (x + 0.155 * u, foot - 0.33 * u),
    ]
    fill(canvas, rounded([*back, (x + 0.15 * u, foot - 0.06 * u)]), bright, dark)
    for button in (-0.06, 0.0, 0.06):
        dots(canvas, np.array([[x + button * u, foot - 0.28 * u]]), np.array([0.005 * u]), dark)
    pillow = [
        (x - 0.055 * u, foot - 0.13 * u),
        (x - 0.06 * u, foot - 0.23 * u),
        (x + 0.055 * u, foot - 0.245 * u),
        (x + 0.06 * u, foot - 0.14 * u),
    ]
    fill(canvas, rounded(pillow), world.lit((0.94, 0.82, 0.58), 1.0, 1.0), world.lit((0.94, 0.78, 0.54), 1.0, 0.7))
    seat = [
        (x - 0.14 * u, foot - 0.05 * u),
        (x - 0.14 * u, foot - 0.135 * u),
        (x + 0.14 * u, foot - 0.135 * u),
        (x + 0.14 * u, foot - 0.05 * u),
    ]
    fill(canvas, rounded(seat), world.lit(colour, 1.0, 1.15), world.lit(colour, 1.0, 0.7))
    for side in (-1, 1):
        at = x + side * 0.158 * u
        arm = [
            (at - 0.034 * u, foot - 0.03 * u),
            (at - 0.038 * u, foot - 0.19 * u),
            (at + 0.038 * u, foot - 0.19 * u),
            (at + 0.034 * u, foot - 0.03 * u),
        ]
        fill(canvas, rounded(arm), bright, dark)


def plant(world: World, canvas: Canvas, spot: Spot, u: float) -> None:
    """A pot plant with long leaves."""
    x, foot = spot
    rng = world.rng
    for angle in rng.permutation(np.linspace(0.30, np.pi - 0.30, 11)):
        long = u * float(rng.uniform(0.15, 0.25))
        tip = (x + float(np.cos(angle)) * 0.95 * long, foot - 0.09 * u - float(np.sin(angle)) * long)
        bend = (x + (tip[0] - x) * 0.45, foot - 0.10 * u + (tip[1] - foot + 0.10 * u) * 0.72)
        leaf = [(x, foot - 0.08 * u), (bend[0] - 0.017 * u, bend[1]), tip, (bend[0] + 0.017 * u, bend[1] + 0.006 * u)]
        gain = float(rng.uniform(0.75, 1.2))
        fill(canvas, rounded(leaf, times=1), world.lit((0.36, 0.60, 0.34), 1.0, gain), world.lit((0.22, 0.42, 0.28), 1.0, gain))
        stroke(canvas, [(x, foot - 0.08 * u), bend, tip], max(0.7, 0.003 * u), world.lit((0.52, 0.70, 0.42), 1.0, gain))
    pot = [(x - 0.056 * u, foot - 0.10 * u), (x + 0.056 * u, foot - 0.10 * u), (x + 0.040 * u, foot), (x - 0.040 * u, foot)]
    fill(canvas, pot, world.lit((0.86, 0.52, 0.38), 1.0), world.lit((0.62, 0.34, 0.26), 1.0, 0.8))
    box(canvas, (x - 0.062 * u, foot - 0.108 * u, 0.124 * u, 0.024 * u), world.lit((0.90, 0.56, 0.42), 1.0))


def picture(world: World, canvas: Canvas, area: tuple[float, float, float, float]) -> None:
    """A small landscape in a frame."""
    rng = world.rng
    x, y, w, h = area
    edge = 0.07 * min(w, h) + 1
    soft(canvas, corners((x + 0.3 * edge, y + 0.6 * edge, w, h)), _DARK, blur=0.8 * edge, strength=0.4)
    box(canvas, area, world.lit(WOOD, 1.0, 0.9), world.lit(WOOD, 1.0, 0.6))
    box(canvas, (x + edge, y + edge, w - 2 * edge, h - 2 * edge), world.lit((0.95, 0.92, 0.85), 1.0))
    left, top, wide, tall = x + 2 * edge, y + 2 * edge, w - 4 * edge, h - 4 * edge
    skies: tuple[Colour, ...] = ((0.96, 0.76, 0.56), (0.60, 0.78, 0.86), (0.84, 0.68, 0.80))
    box(canvas, (left, top, wide, tall), world.lit(skies[int(rng.integers(3))], 1.0), world.lit((0.98, 0.90, 0.74), 1.0))
    sun = np.array([[left + wide * float(rng.uniform(0.25, 0.75)), top + 0.34 * tall]])
    dots(canvas, sun, np.array([0.11 * tall]), world.lit((1.0, 0.95, 0.80), 1.0))
    for low, colour in ((0.55, (0.50, 0.60, 0.62)), (0.74, (0.36, 0.52, 0.42))):
        crest = np.linspace(0, 1, 12)
        wave = top + tall * (low + 0.07 * np.sin(crest * float(rng.uniform(3, 7)) + float(rng.uniform(0, 6))))
        hill = np.concatenate([np.stack([left + crest * wide, wave], axis=1), [[left + wide, top + tall], [left, top + tall]]])
        fill(canvas, hill, world.lit(colour, 1.0))
