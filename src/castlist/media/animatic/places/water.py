"""Open water: colour towards the horizon, swell in perspective, the path of the sun or the moon, foam."""

import numpy as np
from numpy.typing import NDArray

from castlist.media.animatic.canvas import Canvas, over, stamp, wash
from castlist.media.animatic.noise import cloudy
from castlist.media.animatic.palette import mix, scale
from castlist.media.animatic.places.world import World
from castlist.media.animatic.planes import Colour
from castlist.media.animatic.swarm import Kind, Swarm


def water(world: World, canvas: Canvas, rows: tuple[int, int], colours: tuple[Colour, Colour]) -> None:
    """Cover whole rows with sea: colours are its far and its near one."""
    g, light = world.geometry, world.light
    top, bottom = rows
    t = np.linspace(0, 1, bottom - top, dtype=np.float32)
    column = np.array([mix(*colours, float(s)) for s in t], np.float32)
    wash(canvas, np.clip(column * 255, 0, 255).astype(np.uint8)[:, None, :], rows)
    swell = _swell(world, bottom - top)
    troughs = np.clip(0.46 - swell, 0, 1) * 420 * (0.35 + 0.65 * t[:, None])
    over(canvas, troughs.clip(0, 120).astype(np.uint8), (0, top), scale(mix(colours[1], light.sky[0], 0.3), 0.72))
    crests = np.clip(swell - 0.57, 0, 1) * 520 * (0.30 + 0.70 * t[:, None])
    over(canvas, crests.clip(0, 130).astype(np.uint8), (0, top), mix(light.sky[2], (1.0, 1.0, 1.0), 0.35 if light.stars < 0.5 else 0.05))
    if light.sun_size:
        aside = np.arange(g.period, dtype=np.float32) - np.float32(world.x(0.5 + light.sun[0]))
        wide = (0.035 + 0.12 * t[:, None]) * np.float32((1 + 2 * light.cold) * g.unit)
        path = np.exp(-((aside[None, :] / wide) ** 2))
        if light.cold:
            over(canvas, (path * 66).astype(np.uint8), (0, top), light.sun_colour)
        glint = np.clip(swell - 0.44 - 0.10 * t[:, None], 0, 1) * path * 1050
        over(canvas, glint.clip(0, 240).astype(np.uint8), (0, top), mix(light.sun_colour, (1.0, 1.0, 1.0), 0.3))


def _swell(world: World, height: int) -> NDArray[np.float32]:
    """Waves in 0..1, drawn together towards the horizon."""
    flat = cloudy(world.rng, (world.geometry.period, height), cells=(12, 30), octaves=4)
    source = (height - 1) * np.linspace(0.01, 1, height, dtype=np.float32) ** 0.45
    low = np.floor(source).astype(int)
    part = (source - low)[:, None]
    return np.asarray(flat[low] * (1 - part) + flat[np.minimum(low + 1, height - 1)] * part, np.float32)


def lace(world: World, canvas: Canvas, edge: NDArray[np.float64], *, reach: float, colour: Colour) -> None:
    """Foam behind an edge (a row a column): closed at the edge, torn into lace above it."""
    g, rng = world.geometry, world.rng
    top, bottom = int(edge.min() - reach), int(edge.max() + 3)
    if top < 0 or bottom <= top:
        return
    net = np.abs(cloudy(rng, (g.period, bottom - top), cells=(46, 7), octaves=2) - 0.5)
    above = (edge[None, :] - np.arange(top, bottom)[:, None]) / reach
    strength = np.clip(1 - above, 0, 1) * (above > 0)
    mask = np.clip((0.10 + 0.20 * np.clip(strength, 0, 1) ** 5 - net) * 16, 0, 1) * strength**0.7
    stamp(canvas, (mask * 235).astype(np.uint8), (0, top), colour)


def glitter(world: World, rows: tuple[float, float], *, depth: float, count: int = 46) -> Swarm:
    """Sparks on the water between two texture rows, most of them on the sun's or the moon's path."""
    g, light = world.geometry, world.light
    rng = np.random.default_rng(int(world.rng.integers(1 << 31)))
    path = rng.random(count) < (0.7 if light.sun_size else 0.0)
    x = np.where(path, 0.5 + light.sun[0] + rng.normal(0, 0.055, count), rng.uniform(0, g.period / g.width, count))
    y = (rng.uniform(*rows, count) - g.margin) / g.height
    phase, pace = rng.uniform(0, 6.28, count), rng.uniform(0.7, 1.5, count)
    colour = mix(light.sun_colour if light.sun_size else light.sky[2], (1.0, 1.0, 1.0), 0.5)
    parts = [np.asarray(part, np.float32) for part in (x, y, phase, pace)]
    return Swarm(Kind.glint, parts[0], parts[1], parts[2], parts[3], size=0.0030, depth=depth, colour=colour, held=g.period / g.width)
