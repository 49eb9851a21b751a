"""House fronts along a street: windows, cornices, shops, and signs that say nothing but glow."""

import numpy as np

from castlist.media.animatic.canvas import Canvas, Points, fill, fill_all, stroke
from castlist.media.animatic.palette import mix, scale
from castlist.media.animatic.places.brush import Spot, box, corners, oval, shine, soft
from castlist.media.animatic.places.paving import Pool, dusted
from castlist.media.animatic.places.world import World
from castlist.media.animatic.planes import Colour

WALLS: tuple[Colour, ...] = (
    (0.72, 0.42, 0.34),
    (0.84, 0.70, 0.54),
    (0.56, 0.60, 0.62),
    (0.90, 0.85, 0.76),
    (0.60, 0.44, 0.42),
    (0.48, 0.56, 0.58),
)
NEON: tuple[Colour, ...] = ((1.0, 0.24, 0.58), (0.22, 0.88, 1.0), (1.0, 0.66, 0.22), (0.60, 0.42, 1.0), (0.36, 1.0, 0.66))
WARM: Colour = (1.0, 0.80, 0.50)
_GLASS: Colour = (0.44, 0.58, 0.68)
_CLOTHS: tuple[Colour, ...] = ((0.72, 0.24, 0.24), (0.20, 0.42, 0.40), (0.86, 0.66, 0.34), (0.30, 0.34, 0.52))


def front(world: World, canvas: Canvas, area: tuple[float, float, float, float], *, depth: float) -> None:
    """One house (left, foot, width, height): its wall, its storeys of windows, its cornice."""
    g, rng = world.geometry, world.rng
    left, foot, wide, high = area
    u, top = g.unit, foot - high
    wall = WALLS[int(rng.integers(len(WALLS)))]
    trim = dusted(world, mix(wall, (0.95, 0.92, 0.86), 0.55), 0.8)
    box(canvas, (left, top, wide, high), world.lit(wall, depth, 1.05), world.lit(wall, depth, 0.80))
    box(canvas, (left + wide - 0.012 * u, top, 0.012 * u, high), world.lit(wall, depth, 0.62))
    _windows(world, canvas, (left, top + 0.045 * u, wide, high - 0.20 * u), (wall, trim, depth))
    box(
        canvas, (left - 0.008 * u, top - 0.006 * u, wide + 0.012 * u, 0.022 * u), world.lit(trim, depth, 1.05), world.lit(trim, depth, 0.75)
    )
    box(canvas, (left, top + 0.016 * u, wide, 0.010 * u), world.lit(wall, depth, 0.58))
    if rng.random() < 0.5:
        _tank(world, canvas, (left + wide * float(rng.uniform(0.25, 0.7)), top), depth=depth)


def _tank(world: World, canvas: Canvas, spot: Spot, *, depth: float) -> None:
    """What stands on a roof: a water tank on legs."""
    x, y = spot
    u = world.geometry.unit
    wood = world.lit((0.48, 0.36, 0.30), depth * 0.8)
    for leg in (-0.022, 0.022):
        stroke(canvas, [(x + leg * u, y), (x + leg * u, y - 0.03 * u)], 0.005 * u, wood)
    box(canvas, (x - 0.030 * u, y - 0.075 * u, 0.060 * u, 0.050 * u), wood, mix(wood, (0.1, 0.1, 0.12), 0.25))
    fill(canvas, [(x - 0.035 * u, y - 0.074 * u), (x, y - 0.10 * u), (x + 0.035 * u, y - 0.074 * u)], mix(wood, (0.1, 0.1, 0.12), 0.3))


def _windows(world: World, canvas: Canvas, area: tuple[float, float, float, float], look: tuple[Colour, Colour, float]) -> None:
    g, rng = world.geometry, world.rng
    left, top, wide, high = area
    wall, trim, depth = look
    u = g.unit
    columns, rows = max(2, round(wide / (0.078 * u))), max(1, round(high / (0.098 * u)))
    pw, ph = 0.036 * u, 0.058 * u
    frames: list[Points] = []
    panes: list[Points] = []
    lit: list[Points] = []
    sills: list[Points] = []
    for column in range(columns):
        for row in range(rows):
            x, y = left + (column + 0.5) * wide / columns - pw / 2, top + row * high / rows
            frames.append(corners((x - 0.004 * u, y - 0.004 * u, pw + 0.008 * u, ph + 0.008 * u)))
            sills.append(corners((x - 0.008 * u, y + ph + 0.003 * u, pw + 0.016 * u, 0.007 * u)))
            (lit if rng.random() < 0.46 * world.light.lamps else panes).append(corners((x, y, pw, ph)))
    fill_all(canvas, frames, world.lit(trim, depth, 0.95))
    fill_all(canvas, panes, world.lit(_GLASS, depth, 0.74))
    fill_all(canvas, [_slash(pane) for pane in panes[::2]], world.lit(_GLASS, depth, 1.15))
    for pane in lit:
        tone = mix(WARM, ((1.0, 0.62, 0.34), (1.0, 0.92, 0.72), (0.80, 0.88, 1.0))[int(rng.integers(3))], 0.45)
        fill(canvas, pane, tone, scale(tone, 0.82))
        if rng.random() < 0.4:
            x, y = pane[0]
            box(canvas, (x, y, pw, ph * float(rng.uniform(0.2, 0.6))), mix(tone, wall, 0.45))
        shine(canvas, (float(pane[:, 0].mean()), float(pane[:, 1].mean())), (1.7 * pw, 1.3 * ph), tone, 0.20)
    bars = [corners((float(p[0, 0]) + pw / 2 - 0.002 * u, float(p[0, 1]), 0.004 * u, ph)) for p in panes + lit]
    fill_all(canvas, bars, world.lit(trim, depth, 0.8))
    fill_all(canvas, sills, world.lit(trim, depth, 0.85))


def _slash(pane: Points) -> Points:
    (left, top), (right, low) = pane[0], pane[2]
    return np.array(
        [
            [left + 0.55 * (right - left), top],
            [right, top],
            [right, top + 0.35 * (low - top)],
            [left, low],
            [left, top + 0.75 * (low - top)],
        ]
    )


def shop(world: World, canvas: Canvas, area: tuple[float, float, float], pooled: list[Pool], *, depth: float) -> None:
    """The ground floor of a house (left, foot, width): a window, a door, an awning, and what it throws on the pavement."""
    g, rng = world.geometry, world.rng
    left, foot, wide = area
    u, lamps = g.unit, world.light.lamps
    wood = mix(_CLOTHS[int(rng.integers(4))], (0.30, 0.26, 0.26), 0.45)
    box(canvas, (left, foot - 0.150 * u, wide * 0.985, 0.150 * u), world.lit(wood, depth, 0.9), world.lit(wood, depth, 0.62))
    glass = mix(world.lit((0.36, 0.44, 0.50), depth, 0.9), WARM, 0.88 * lamps)
    door = wide * (0.72 if rng.random() < 0.5 else 0.08)
    shown = left + wide * (0.08 if door > wide / 2 else 0.34)
    box(canvas, (shown, foot - 0.112 * u, wide * 0.56, 0.088 * u), glass, mix(glass, (0.62, 0.36, 0.22), 0.4 * lamps + 0.1))
    _display(world, canvas, (shown, foot - 0.024 * u, wide * 0.56), depth=depth)
    box(
        canvas,
        (left + door, foot - 0.118 * u, wide * 0.19, 0.118 * u),
        mix(glass, world.lit(wood, depth), 0.45),
        mix(glass, world.lit(wood, depth), 0.7),
    )
    stroke(
        canvas,
        [(left + door + wide * 0.15, foot - 0.07 * u), (left + door + wide * 0.15, foot - 0.04 * u)],
        0.005 * u,
        world.lit((0.9, 0.8, 0.5), depth),
    )
    _hood(world, canvas, (shown - 0.02 * wide, foot - 0.128 * u, wide * 0.60), depth=depth)
    if lamps > 0.2:
        middle = shown + wide * 0.28
        shine(canvas, (middle, foot - 0.06 * u), (0.55 * wide, 0.16 * u), WARM, 0.30 * lamps)
        pooled.append(Pool(middle, depth + 0.06, WARM, 0.34, 0.42 * lamps))


def _display(world: World, canvas: Canvas, shelf: tuple[float, float, float], *, depth: float) -> None:
    left, foot, wide = shelf
    u, rng = world.geometry.unit, world.rng
    dark = mix(world.lit((0.36, 0.30, 0.32), depth), (0.42, 0.22, 0.14), 0.5 * world.light.lamps)
    for at in np.arange(left + 0.018 * u, left + wide - 0.015 * u, 0.030 * u):
        tall, half = u * float(rng.uniform(0.014, 0.046)), u * float(rng.uniform(0.005, 0.011))
        shape = (
            corners((float(at) - half, foot - tall, 2 * half, tall))
            if rng.random() < 0.6
            else oval((float(at), foot - tall / 2), (half, tall / 2))
        )
        fill(canvas, shape, mix(dark, NEON[int(rng.integers(5))], 0.22))


def _hood(world: World, canvas: Canvas, area: tuple[float, float, float], *, depth: float) -> None:
    """A striped awning over a shop window."""
    left, top, wide = area
    u = world.geometry.unit
    cloth = _CLOTHS[int(world.rng.integers(4))]
    for stripe in range(6):
        a, b = left + stripe * wide / 6, left + (stripe + 1) * wide / 6
        colour = cloth if stripe % 2 == 0 else (0.94, 0.90, 0.82)
        fill(
            canvas,
            [(a + 0.006 * u, top), (b + 0.006 * u, top), (b, top + 0.032 * u), (a, top + 0.032 * u)],
            world.lit(colour, depth, 1.1),
            world.lit(colour, depth, 0.8),
        )


def sign(world: World, canvas: Canvas, spot: tuple[float, float, float], colour: Colour) -> None:
    """A sign (x, top, height): a tall panel with marks that are no letters, a tube of light when it is dark."""
    g, rng = world.geometry, world.rng
    x, top, tall = spot
    u, lamps = g.unit, world.light.lamps
    half = 0.024 * u
    box(canvas, (x - half, top, 2 * half, tall), world.lit((0.20, 0.19, 0.24), 0.4), world.lit((0.14, 0.13, 0.18), 0.4))
    tube(world, canvas, np.concatenate([corners((x - half, top, 2 * half, tall)), [[x - half, top]]]), colour)
    other = NEON[int(rng.integers(5))]
    for row in np.arange(top + 1.15 * half, top + tall - half, 2.15 * half):
        tube(world, canvas, _mark(rng, (x, float(row)), 0.58 * half), mix(other, (1.0, 1.0, 1.0), 0.15))
    if lamps > 0.3:
        shine(canvas, (x, top + tall / 2), (5 * half, tall * 0.85), colour, 0.30 * lamps)


def picture_sign(world: World, canvas: Canvas, centre: Spot, colours: tuple[Colour, Colour]) -> None:
    """A round sign with a picture: a bowl, a star, a moon, a heart or a cup."""
    u, rng = world.geometry.unit, world.rng
    x, y = centre
    r = 0.048 * u
    t = np.linspace(0, 2 * np.pi, 40)
    shapes = {
        "bowl": [oval((x, y), (0.7 * r, 0.6 * r), span=(0, np.pi)), np.array([[x - 0.8 * r, y], [x + 0.8 * r, y]])],
        "star": [
            np.stack(
                [
                    x + np.sin(k := np.arange(11) * np.pi / 5) * r * np.where(np.arange(11) % 2, 0.34, 0.78),
                    y - np.cos(k) * r * np.where(np.arange(11) % 2, 0.34, 0.78),
                ],
                axis=1,
            )
        ],
        "moon": [
            oval((x, y), (0.66 * r, 0.66 * r), span=(0.6, 2 * np.pi - 0.6)),
            oval((x + 0.32 * r, y), (0.42 * r, 0.48 * r), span=(0.9, 2 * np.pi - 0.9)),
        ],
        "heart": [
            np.stack(
                [x + 0.044 * r * 16 * np.sin(t) ** 3, y - 0.044 * r * (13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t))], axis=1
            )
        ],
    }
    name = list(shapes)[int(rng.integers(4))]
    tube(world, canvas, oval(centre, (r, r)), colours[0])
    for line in shapes[name]:
        tube(world, canvas, line, colours[1])
    if world.light.lamps > 0.3:
        shine(canvas, centre, (3.4 * r, 3.0 * r), colours[0], 0.42 * world.light.lamps)


def tube(world: World, canvas: Canvas, line: Points, colour: Colour) -> None:
    """A bent tube along a line: dull glass by day, light with a white heart in the dark."""
    u, lamps = world.geometry.unit, world.light.lamps
    thick = max(1.1, 0.0052 * u)
    if lamps > 0.3:
        step = np.gradient(line, axis=0)
        normal = np.stack([-step[:, 1], step[:, 0]], axis=1) / np.maximum(np.linalg.norm(step, axis=1, keepdims=True), 1e-6)
        halo = np.concatenate([line + normal * 1.6 * thick, (line - normal * 1.6 * thick)[::-1]])
        soft(canvas, halo, colour, blur=1.5 * thick, strength=0.75 * lamps)
    stroke(canvas, line, thick, mix(world.lit(mix(colour, (0.7, 0.7, 0.72), 0.35), 0.4), colour, lamps))
    if lamps > 0.3:
        stroke(canvas, line, 0.45 * thick, mix(colour, (1.0, 1.0, 1.0), 0.75))


def _mark(rng: np.random.Generator, centre: Spot, r: float) -> Points:
    """A mark that is no letter: a ring, a diamond, a triangle, a wave or a drop."""
    x, y = centre
    t = np.linspace(0, 2 * np.pi, 24)
    match int(rng.integers(5)):
        case 0:
            return oval(centre, (0.8 * r, 0.8 * r))
        case 1:
            return np.array([[x, y - r], [x + r, y], [x, y + r], [x - r, y], [x, y - r]])
        case 2:
            return np.array([[x - r, y + 0.8 * r], [x, y - 0.9 * r], [x + r, y + 0.8 * r], [x - r, y + 0.8 * r]])
        case 3:
            return np.stack([x + (t / np.pi - 1) * r, y + 0.55 * r * np.sin(2 * t)], axis=1)
        case _:
            return np.stack([x + 0.75 * r * np.sin(t) * np.sin(t / 2), y - r * np.cos(t)], axis=1)
