"""Rocks: boulders with facets, pebbles."""

import numpy as np

from castlist.media.animatic.canvas import Canvas, dots, fill, fill_all
from castlist.media.animatic.places.plants import Spot
from castlist.media.animatic.places.world import World
from castlist.media.animatic.planes import Colour


def boulder(world: World, canvas: Canvas, spot: Spot, *, rock: Colour, gain: float = 1.0, cap: Colour | None = None) -> None:
    """A rock in facets, bright towards the light, dark at its foot, with moss or snow on top where a cap is given."""
    rng = world.rng
    angle = np.linspace(np.pi, 0, 9)
    reach = spot.high * rng.uniform(0.85, 1.2, 9)
    body = np.stack([spot.x + np.cos(angle) * reach * 1.3, spot.foot - np.sin(angle) * reach * 0.85], axis=1)
    body[[0, -1], 1] = spot.foot + 0.04 * spot.high
    fill(canvas, body, world.lit(rock, spot.depth, 0.82 * gain), world.lit(rock, spot.depth, 0.44 * gain))
    right = world.light.sun[0] > 0
    heart = np.array([spot.x + rng.uniform(-0.15, 0.15) * spot.high, spot.foot - 0.38 * spot.high])
    lit = body[4:8] if right else body[1:5]
    fill(canvas, np.concatenate([lit, [heart]]), world.lit(rock, spot.depth, 1.24 * gain), world.lit(rock, spot.depth, 0.92 * gain))
    crown = body[3:6]
    fill(canvas, np.concatenate([crown, [heart]]), world.lit(rock, spot.depth, 1.08 * gain))
    cracks = []
    for _ in range(3):
        x, y = spot.x + rng.uniform(-0.7, 0.7) * spot.high, spot.foot - rng.uniform(0.05, 0.45) * spot.high
        thick, long = max(0.6, 0.025 * spot.high), 0.25 * spot.high
        cracks.append(np.array([[x, y], [x + thick, y], [x + 0.4 * long + thick * 0.5, y - long], [x + 0.4 * long, y - long]]))
    fill_all(canvas, cracks, world.lit(rock, spot.depth, 0.40 * gain))
    if cap:
        above = body[2:7]
        below = (
            above * (0.92, 0.0)
            + (0.08 * spot.x, 0.0)
            + np.stack([0 * above[:, 0], above[:, 1] + 0.20 * spot.high * np.array([0.2, 1.0, 0.6, 1.1, 0.2])], axis=1)
        )
        fill(canvas, np.concatenate([above, below[::-1]]), world.lit(cap, spot.depth, 1.05 * gain), world.lit(cap, spot.depth, 0.8 * gain))


def pebbles(world: World, canvas: Canvas, rock: Colour, *, rows: tuple[float, float], count: int) -> None:
    """Small stones on the ground between two depths, each with a shadow under it and light on it."""
    g, rng = world.geometry, world.rng
    depths = np.sort(rng.uniform(*rows, count))
    for part in np.array_split(depths, 4):
        x, y = rng.uniform(0, g.period, len(part)), g.base(0) + part * (g.feet - g.horizon)
        sizes = 0.0058 * g.unit * part * rng.uniform(0.35, 1.25, len(part))
        middle = float(min(1.0, part.mean()))
        side = np.sign(world.light.sun[0]) * 0.3 * sizes
        dots(canvas, np.stack([x - side, y + 0.35 * sizes], axis=1), sizes, world.lit(rock, middle, 0.48))
        dots(canvas, np.stack([x, y], axis=1), np.maximum(0.5, 0.92 * sizes), world.lit(rock, middle, 0.88))
        dots(canvas, np.stack([x + side, y - 0.28 * sizes], axis=1), np.maximum(0.4, 0.55 * sizes), world.lit(rock, middle, 1.2))
