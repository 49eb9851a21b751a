"""Plants: broad-leaved trees, pines, bushes, grass, ferns, flowers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from castlist.media.animatic.canvas import Canvas, Points, dots, fill, fill_all
from castlist.media.animatic.palette import mix
from castlist.media.animatic.places.world import World
from castlist.media.animatic.planes import Colour

BARK: Colour = (0.38, 0.28, 0.21)
LEAF: Colour = (0.26, 0.46, 0.21)
PINE: Colour = (0.15, 0.31, 0.25)
SNOW: Colour = (0.93, 0.96, 1.0)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a plant stands in texture pixels, how high it is and at which depth."""

    x: float
    foot: float
    high: float
    depth: float


def spread(world: World, count: int, *, clearing: float = 0.0, jitter: float = 0.34) -> list[float]:
    """Texture columns, evenly strewn, none in the middle where the clearing is (in frame widths to each side)."""
    g = world.geometry
    spots = (np.arange(count) + world.rng.uniform(-jitter, jitter, count)) * g.period / count
    return [float(x) for x in spots if abs(x - g.period / 2) >= clearing * g.width]


def trunk(world: World, canvas: Canvas, spot: Spot, *, wide: float, lean: float = 0.0, bark: Colour = BARK) -> None:
    """A stem with spreading roots, a lit and a dark side, furrows where it is near."""
    rng, side = world.rng, world.light.sun[0]
    t = np.linspace(0, 1, 12)
    half = wide * (0.42 + 0.16 * (1 - t) + 0.75 * np.exp(-t * 16))
    middle = spot.x + lean * spot.high * t**1.5
    rows = spot.foot - spot.high * t
    left, right = np.stack([middle - half, rows], axis=1), np.stack([middle + half, rows], axis=1)
    fill(canvas, np.concatenate([left, right[::-1]]), world.lit(bark, spot.depth, 0.80), world.lit(bark, spot.depth, 0.62))
    lit = np.stack([middle + np.sign(side) * half * 0.30, rows], axis=1)
    bright = (lit, right) if side > 0 else (left, lit)
    fill(canvas, np.concatenate([bright[0], bright[1][::-1]]), world.lit(bark, spot.depth, 1.22), world.lit(bark, spot.depth, 0.86))
    if spot.depth < 0.35:
        return
    furrows = []
    for _ in range(9):
        at, low = rng.uniform(-0.34, 0.34), rng.uniform(0.03, 0.7)
        long = rng.uniform(0.05, 0.14)
        x, y = spot.x + at * wide + lean * spot.high * low**1.5, spot.foot - spot.high * low
        thick = max(0.6, 0.045 * wide)
        furrows.append(np.array([[x, y], [x + thick, y - 0.4 * long * spot.high], [x + 0.2 * thick, y - long * spot.high]]))
    fill_all(canvas, furrows, world.lit(bark, spot.depth, 0.48))


def crown(world: World, canvas: Canvas, spot: Spot, *, size: float, leaf: Colour = LEAF) -> None:
    """Leaves in dabs: dark within, lighter and smaller towards the light. The spot's foot is the crown's middle."""
    rng, light = world.rng, world.light
    side = 1.0 if light.sun[0] > 0 else -1.0
    warm = mix(leaf, (0.78, 0.74, 0.22), 0.30)
    passes = ((leaf, 0.50, 0.92, 44), (leaf, 0.72, 0.94, 56), (leaf, 0.96, 0.82, 60), (warm, 1.18, 0.66, 50), (warm, 1.42, 0.48, 34))
    for number, (colour, gain, reach, count) in enumerate(passes):
        angle, far = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.random(count)) * size * reach
        x = spot.x + np.cos(angle) * far * 1.12 + side * number * 0.075 * size
        y = spot.foot + np.sin(angle) * far * 0.78 - number * 0.085 * size
        radii = size * rng.uniform(0.07, 0.16, count) * (1 - 0.13 * number)
        low = world.lit(colour, spot.depth, gain * 0.80) if number < 2 else None
        dots(canvas, np.stack([x, y], axis=1), radii, world.lit(colour, spot.depth, gain), low)


def tree(world: World, canvas: Canvas, spot: Spot, *, leaf: Colour = LEAF) -> None:
    """A whole broad-leaved tree."""
    rng = world.rng
    lean = float(rng.uniform(-0.06, 0.06))
    trunk(world, canvas, Spot(spot.x, spot.foot, 0.72 * spot.high, spot.depth), wide=0.085 * spot.high, lean=lean)
    crown(
        world,
        canvas,
        Spot(spot.x + lean * spot.high, spot.foot - 0.70 * spot.high, spot.high, spot.depth),
        size=0.34 * spot.high,
        leaf=leaf,
    )


def pine(world: World, canvas: Canvas, spot: Spot, *, snowy: bool = False, needle: Colour = PINE) -> None:
    """A pine of drooping, ragged tiers, lighter where the light falls, white on top in snow."""
    rng, depth = world.rng, spot.depth
    tiers = 5 if spot.high < 0.12 * world.geometry.unit else 8
    stem = 0.022 * spot.high
    x, foot, high = spot.x, spot.foot, spot.high
    fill(
        canvas,
        [(x - stem, foot), (x - stem, foot - 0.2 * high), (x + stem, foot - 0.2 * high), (x + stem, foot)],
        world.lit(BARK, depth, 0.7),
    )
    sides = [_boughs(rng, tiers, sign) * (high, high) + (x, foot) for sign in (-1.0, 1.0)]
    top = np.array([[x, foot - high]])
    fill(canvas, np.concatenate([top, sides[1], sides[0][::-1]]), world.lit(needle, depth, 1.05), world.lit(needle, depth, 0.62))
    bright = sides[1] if world.light.sun[0] > 0 else sides[0]
    inner = np.stack([np.full(tiers, x) + (bright[1::2, 0] - x) * 0.10, bright[1::2, 1]], axis=1)
    fill(canvas, np.concatenate([top, bright, inner[::-1]]), world.lit(needle, depth, 1.55), world.lit(needle, depth, 0.95))
    if snowy:
        _caps(world, canvas, sides, spot)


def _boughs(rng: np.random.Generator, tiers: int, sign: float) -> Points:
    """One side's outline from the top down, in shares of the height: out to a drooping tip, in again above the next tier."""
    t = np.linspace(0.14, 0.90, tiers)
    wide = (0.035 + 0.235 * t**0.9) * rng.uniform(0.84, 1.12, tiers)
    tips = np.stack([sign * wide, -(1 - t) + 0.035 + rng.uniform(-0.012, 0.012, tiers)], axis=1)
    notches = np.stack([sign * wide * 0.46, -(1 - t) - 0.004 + 0 * t], axis=1)
    return np.stack([tips, notches], axis=1).reshape(-1, 2)


def _caps(world: World, canvas: Canvas, sides: Sequence[Points], spot: Spot) -> None:
    """Snow on every bough, its lower edge ragged; bluer on the side that lies in the shade."""
    lit = 1 if world.light.sun[0] > 0 else 0
    for number, side in enumerate(sides):
        gain = 1.04 if number == lit else 0.78
        tint = SNOW if number == lit else mix(SNOW, (0.66, 0.76, 0.98), 0.5)
        tips, notches = side[0::2], side[1::2]
        above = np.concatenate([[[spot.x, spot.foot - spot.high]], notches[:-1]])
        caps = []
        for tip, start in zip(tips, above, strict=True):
            inner = np.array([spot.x + (start[0] - spot.x) * 0.45, start[1] + 0.16 * (tip[1] - start[1])])
            sag = np.array([0.62 * tip[0] + 0.38 * start[0], tip[1] - 0.36 * (tip[1] - start[1])])
            caps.append(np.stack([start, tip, sag, inner]))
        fill_all(canvas, caps, world.lit(tint, spot.depth, gain))


def bush(world: World, canvas: Canvas, spot: Spot, *, leaf: Colour = LEAF) -> None:
    """A low round bush."""
    rng = world.rng
    for number, gain in enumerate((0.5, 0.8, 1.1, 1.35)):
        count = 18 - 3 * number
        angle, far = rng.uniform(0, np.pi, count), np.sqrt(rng.random(count)) * spot.high * (1 - 0.16 * number)
        x = spot.x + np.cos(angle) * far * 1.3 + np.sign(world.light.sun[0]) * 0.07 * number * spot.high
        y = spot.foot - np.sin(angle) * far * 0.8 - 0.04 * number * spot.high
        wide = (1.9, 1.5, 1.15, 1.0)[number] * spot.high
        dots(canvas, np.stack([x, y], axis=1), wide * rng.uniform(0.10, 0.24, count), world.lit(leaf, spot.depth, gain))


def tufts(world: World, canvas: Canvas, albedo: Colour, *, rows: tuple[float, float], count: int, tall: float = 0.024) -> None:
    """Grass in tufts on the ground between two depths, larger the nearer it is; far ones first."""
    g, rng = world.geometry, world.rng
    depths = np.sort(rows[0] + (rows[1] - rows[0]) * rng.random(count) ** 0.8)
    for part in np.array_split(depths, 5):
        for gain in (0.72, 0.95, 1.22):
            d = np.repeat(part[:: 2 if gain > 1 else 1], 3)
            x = np.repeat(rng.uniform(0, g.period, len(d) // 3), 3) + rng.uniform(-0.007, 0.007, len(d)) * g.unit * (0.4 + d)
            high, foot = tall * g.unit * d * rng.uniform(0.5, 1.25, len(d)), g.base(0) + d * (g.feet - g.horizon)
            wide, tip = np.maximum(0.55, 0.0019 * g.unit * d), rng.uniform(-0.55, 0.55, len(d)) * high
            corners = [[x - wide, foot], [x + tip, foot - high], [x + wide, foot]]
            fill_all(canvas, np.transpose(np.array(corners), (2, 0, 1)), world.lit(albedo, float(part.mean()), gain))


def blades(world: World, canvas: Canvas, albedo: Colour, *, tall: float, count: int, gain: float = 1.0) -> None:
    """High grass along the lower edge, before the characters and lower in the middle, where they stand."""
    g, rng = world.geometry, world.rng
    foot, number = g.margin + g.height * 1.05, count // 3
    s = np.linspace(0, 1, 5)
    for tone in (0.40, 0.56, 0.74):
        x = rng.uniform(0, g.period, number)
        aside = np.clip(np.abs(x - g.period / 2) / (0.5 * g.width), 0, 1.3)
        high = tall * g.unit * rng.uniform(0.4, 1.0, number) * (0.28 + 0.80 * aside**1.6)
        lean = rng.uniform(-0.45, 0.45, number) * high
        spine = np.stack([x[:, None] + lean[:, None] * s**2, foot - high[:, None] * s], axis=2)
        half = np.stack([0.0042 * g.unit * (1 - s), 0 * s], axis=1)
        shapes = np.concatenate([spine - half, (spine + half)[:, ::-1]], axis=1)
        fill_all(canvas, shapes, world.lit(albedo, 1.0, gain * tone * 1.2), world.lit(albedo, 1.0, gain * tone * 0.7))


def fern(world: World, canvas: Canvas, spot: Spot, *, leaf: Colour = LEAF, gain: float = 1.0) -> None:
    """Fronds with leaflets, arching out from one root."""
    rng, count = world.rng, 12
    angle = np.linspace(-1.15, 1.15, 7) + rng.uniform(-0.1, 0.1, 7)
    long = spot.high * rng.uniform(0.75, 1.1, 7)
    s = np.linspace(0, 1, count)
    across = np.sin(angle)[:, None] * long[:, None] * s**1.15
    up = np.cos(angle)[:, None] * long[:, None] * (s - 0.42 * s**2.4)
    spine = np.stack([spot.x + across, spot.foot - up], axis=2)
    step = np.gradient(spine, axis=1)
    normal = np.stack([-step[..., 1], step[..., 0]], axis=2) / np.maximum(np.linalg.norm(step, axis=2, keepdims=True), 1e-6)
    size = (long[:, None] * (0.15 * np.sin(np.pi * np.minimum(1.0, 0.12 + 0.86 * s)) + 0.01))[..., None]
    before = np.roll(spine, 1, axis=1) * 0.4 + spine * 0.6
    sides = [np.stack([before, spine + sign * normal * size + 0.9 * step, spine + 0.25 * step], axis=2)[:, 1:] for sign in (-1, 1)]
    leaflets = np.concatenate(sides, axis=1)
    for number, tone in enumerate((0.72, 1.12)):
        shown = leaflets[number::2].reshape(-1, 3, 2)
        fill_all(canvas, shown, world.lit(leaf, spot.depth, gain * tone), world.lit(leaf, spot.depth, gain * tone * 0.72))


def blooms(world: World, canvas: Canvas, spots: Points, sizes: Points, *, petal: Colour, depth: float) -> None:
    """Small flowers from the side or from above: five petals and a heart."""
    turn = world.rng.uniform(0, 2 * np.pi, len(spots))
    dots(canvas, spots + np.stack([0 * sizes, 0.25 * sizes], axis=1), sizes * 0.8, world.lit(petal, depth, 0.66))
    for number in range(5):
        angle = turn + number * 2 * np.pi / 5
        around = spots + np.stack([np.cos(angle) * sizes * 0.62, np.sin(angle) * sizes * 0.46], axis=1)
        dots(canvas, around, np.maximum(0.5, sizes * 0.48), world.lit(petal, depth, 1.0 if number % 2 else 1.1))
    dots(canvas, spots, np.maximum(0.4, sizes * 0.34), world.lit((0.98, 0.80, 0.30), depth))
