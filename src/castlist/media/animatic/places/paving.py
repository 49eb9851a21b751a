"""Ground that people laid: paved, wet when it rains, and lit where lamps hang over it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from castlist.media.animatic.canvas import Canvas, stretch, texture, wash
from castlist.media.animatic.palette import mix
from castlist.media.animatic.places.brush import light, shine
from castlist.media.animatic.places.world import World, lying
from castlist.media.animatic.planes import Colour
from castlist.media.animatic.words import Weather

Field = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pool:
    """Light that reaches the ground: the column and depth under its lamp, its colour, its reach in units and its strength."""

    x: float
    depth: float
    colour: Colour
    reach: float
    strength: float = 0.5


def plain(world: World, near: Colour, far: Colour, *, grain: float) -> Canvas:
    """The ground plane in one material, from the horizon down."""
    g = world.geometry
    canvas = stretch(g)
    top = g.margin + g.horizon
    near, far = dusted(world, near), dusted(world, far)
    depth = _depths(world)
    colours = np.array(
        [mix(world.lit(far, d), world.lit(near, max(d, 0.05)), min(1.0, 0.25 + d)) for d in np.clip(depth, 0, 1)], np.float32
    )
    dim = np.clip(1.05 - 0.24 * np.clip(depth - 0.85, 0, 2), 0, 1.1)[:, None]
    wash(canvas, np.clip(colours * dim * 255, 0, 255).astype(np.uint8)[:, None, :], (top, g.rows))
    texture(canvas, lying(world, cells=(14, 22)), grain, (top, g.rows))
    return canvas


def cobble(world: World, canvas: Canvas, *, size: float, strength: float) -> None:
    """Rows of stones, smaller and fainter the farther they lie; size in units at the characters' depth."""
    g, rng = world.geometry, world.rng
    top = g.margin + g.horizon
    depth = np.clip(_depths(world), 0.02, None)
    tall = 1.25 * size
    course = np.log(depth) / np.log1p(tall)
    number = np.floor(course).astype(np.int64)
    number -= number.min()
    share = (course - np.floor(course)).astype(np.float32)
    across = np.maximum(6, np.round(g.period / (size * g.unit * depth * 1.15))).astype(np.float32)
    for value in range(int(number.max()) + 1):
        rows = number == value
        if rows.any():
            across[rows] = across[rows][0]
    start = rng.random(int(number.max()) + 1, dtype=np.float32)[number]
    x = np.arange(g.period, dtype=np.float32)[None, :] / np.float32(g.period) * across[:, None] + start[:, None]
    stone = np.floor(x).astype(np.int64) % across[:, None].astype(np.int64)
    tone = rng.random(4096, dtype=np.float32)[(stone * 31 + number[:, None] * 137) % 4096]
    side = np.minimum(x % 1.0, 1 - x % 1.0)
    edge = np.minimum(side * 6, np.minimum(share, 1 - share)[:, None] * 4.5).clip(0, 1) ** 0.7
    field = (0.34 + 0.32 * tone) * edge + 0.16 * edge * (1 - share)[:, None]
    clear = np.clip(depth * 2.2 - 0.25, 0, 1)[:, None]
    shown = strength * (0.4 if world.weather is Weather.snow else 1.0)
    texture(canvas, (0.5 + (field - 0.50) * clear).astype(np.float32), shown, (top, g.rows))


def pools(world: World, canvas: Canvas, lamps: list[Pool]) -> None:
    """Light under lamps; on a wet ground it runs towards the one who looks."""
    g = world.geometry
    wet = is_wet(world)
    whole = sum(2 * pool.reach * g.unit * pool.strength for pool in lamps) / g.period
    gain = min(1.0, 1.5 / max(0.1, whole))  # where many overlap each gives less, or the street would be white
    for pool in lamps:
        centre = (pool.x, g.base(pool.depth))
        reach = pool.reach * g.unit
        shine(canvas, centre, (reach, reach * 0.34), pool.colour, gain * pool.strength * (0.8 if wet else 1.0), sharp=1.6)
        if wet:
            shine(
                canvas,
                (pool.x, centre[1] + 0.10 * g.unit),
                (reach * 0.26, 0.26 * g.unit),
                pool.colour,
                gain * pool.strength * 1.1,
                sharp=1.2,
            )


def soak(world: World, canvas: Canvas) -> None:
    """Rain on the ground: puddles that hold the sky."""
    if not is_wet(world):
        return
    g = world.geometry
    top = g.margin + g.horizon
    depth = np.clip(_depths(world), 0, 1.2)[:, None]
    field = lying(world, cells=(5, 9))
    puddles = np.clip((field - 0.53) * 16, 0, 1) * np.clip(depth * 3 - 0.3, 0, 1)
    sheen = 0.16 + 0.10 * (1 - depth)
    sky = mix(world.light.sky[2], world.light.haze, 0.4)
    light(canvas, (puddles * 0.34 + sheen * 0.6).astype(np.float32), (0, top), sky)


def dusted(world: World, colour: Colour, share: float = 0.66) -> Colour:
    """The colour of what snow has fallen on."""
    return mix(colour, (0.94, 0.96, 1.0), share) if world.weather is Weather.snow else colour


def is_wet(world: World) -> bool:
    return world.weather in (Weather.rain, Weather.storm)


def broken(world: World, canvas: Canvas, strength: float) -> None:
    """Ripple what lies on a wet ground sideways, as a reflection on rough stones is."""
    if not is_wet(world):
        return
    g = world.geometry
    top = g.margin + g.horizon
    part = canvas.rgb[top:]
    depth = np.clip(_depths(world), 0, 1.5)
    shift = (np.sin(np.arange(len(depth)) * 1.9) + world.rng.uniform(-0.6, 0.6, len(depth))) * strength * g.unit * depth
    columns = np.arange(g.period, dtype=np.float32)[None, :] + shift.astype(np.float32)[:, None]
    rows = np.repeat(np.arange(len(depth), dtype=np.float32)[:, None], g.period, axis=1)
    canvas.rgb[top:] = cv2.remap(part, columns.astype(np.float32), rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)


def _depths(world: World) -> NDArray[np.float64]:
    g = world.geometry
    top = g.margin + g.horizon
    return (np.arange(top, g.rows) - top) / (g.feet - g.horizon)
