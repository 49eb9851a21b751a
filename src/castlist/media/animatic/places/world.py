"""What a painter works with: the geometry, the light and a source of chance, and the strokes all places share."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from castlist.media.animatic.canvas import Canvas, dots, fill, glow, stamp, stretch, texture, wash
from castlist.media.animatic.geometry import Geometry
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.noise import cloudy, ridge
from castlist.media.animatic.palette import Light, mix, scale, shade
from castlist.media.animatic.planes import Colour
from castlist.media.animatic.words import Extra, Hour, Place, Weather


@dataclass(frozen=True, slots=True)
class Lamp:
    """A light that lives in the scene: where it is in texture pixels, at which depth, how wide and in which colour it glows."""

    x: float
    y: float
    depth: float
    radius: float
    colour: Colour
    pace: float = 2.0


@dataclass(frozen=True, slots=True)
class Painted:
    """A place ready to be filmed: layers behind the characters, layers before them, its lamps, and its own light on the cast."""

    behind: tuple[Layer, ...]
    before: tuple[Layer, ...]
    lamps: tuple[Lamp, ...] = ()
    light: Light | None = None


@dataclass(frozen=True, slots=True)
class World:
    """The scene as a painter sees it."""

    geometry: Geometry
    light: Light
    place: Place
    hour: Hour
    weather: Weather
    extras: frozenset[Extra]
    rng: np.random.Generator

    def lit(self, albedo: Colour, depth: float, gain: float = 1.0) -> Colour:
        return shade(self.light, albedo, depth, gain)

    def x(self, across: float) -> float:
        """Texture column of a place across the resting frame: 0 its left, 1 its right edge."""
        return self.geometry.left + across * self.geometry.width

    def above(self, rows: float, depth: float = 0.0) -> float:
        """Texture row so many units above the ground at a depth."""
        return self.geometry.base(depth) - rows * self.geometry.unit


def sky(world: World) -> Layer:
    """The whole sky, down past the horizon, with its sun or moon."""
    g, light = world.geometry, world.light
    canvas = stretch(g)
    bottom = g.margin + g.horizon
    t = np.clip(np.arange(g.rows, dtype=np.float32) / bottom, 0, 1)
    stops = np.array(light.sky, np.float32)
    column = np.stack([np.interp(t, (0.0, 0.58, 1.0), stops[:, c]) for c in range(3)], axis=1)
    grain = world.rng.random((g.rows, 1, 1), dtype=np.float32)
    wash(canvas, np.clip(column[:, None, :] * 255 + grain, 0, 255).astype(np.uint8), (0, g.rows))
    _shine(world, canvas)
    if light.stars > 0.02:
        _stars(world, canvas)
    return layer_of(canvas, 0.015)


def _shine(world: World, canvas: Canvas) -> None:
    g, light = world.geometry, world.light
    if not light.sun_size:
        return
    x = world.x(0.5 + light.sun[0])
    y = g.margin + light.sun[1] * g.horizon
    radius = light.sun_size * g.unit
    glow(canvas, (x, y), radius * 9, light.sun_colour, 0.55)
    glow(canvas, (x, y), radius * 3, light.sun_colour, 0.6)
    dots(canvas, np.array([[x, y]]), np.array([radius]), light.sun_colour)
    if world.hour is Hour.night:
        for dx, dy, r in ((-0.3, -0.2, 0.22), (0.35, 0.15, 0.16), (-0.05, 0.42, 0.13)):
            dots(canvas, np.array([[x + dx * radius, y + dy * radius]]), np.array([r * radius]), scale(light.sun_colour, 0.90))


def _stars(world: World, canvas: Canvas) -> None:
    g, rng, light = world.geometry, world.rng, world.light
    specks(canvas, rng, count=int(300 * world.light.stars), unit=g.unit, low=g.base(-0.1), colour=mix(light.sky[1], (1.0, 1.0, 1.0), 0.85))


def specks(canvas: Canvas, rng: np.random.Generator, *, count: int, unit: float, low: float, colour: Colour) -> None:
    """Stars down to a row: many faint, few bright, none of them a pixel with edges."""
    mask = np.zeros((int(low), canvas.width), np.float32)
    mask[rng.integers(0, int(low), count), rng.integers(0, canvas.width, count)] = 0.15 + 0.85 * rng.random(count, dtype=np.float32) ** 3
    sigma = max(0.55, 0.0011 * unit)
    soft = cv2.GaussianBlur(mask, (0, 0), sigma) * np.float32(2 * np.pi * sigma * sigma * 255)
    stamp(canvas, soft.clip(0, 255).astype(np.uint8), (0, 0), colour)


def clouds(world: World, *, amount: float = 0.5, speed: float = 0.006) -> Layer:
    """Soft clouds that drift; more and darker ones under a bad sky."""
    g, rng, light = world.geometry, world.rng, world.light
    canvas = stretch(g)
    height = g.margin + g.horizon
    cover = min(0.95, amount + (0.3 if world.weather is not Weather.clear else 0.0))
    shape = cloudy(rng, (g.period, height), cells=(5, 5), octaves=5)
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    band = np.clip(1.15 - np.abs(rows - 0.50) * 2.0, 0, 1)
    mask = np.clip((shape * band - (0.92 - cover * 0.72)) * 3.2, 0, 1) ** 1.2
    stamp(canvas, (mask * 215).astype(np.uint8), (0, 0), light.cloud, mix(light.cloud, light.haze, 0.6))
    lower = np.roll(mask, round(-0.018 * g.unit), axis=0)
    body = np.clip(mask - lower * 0.86, 0, 1)
    stamp(canvas, (body * 150).astype(np.uint8), (0, 0), mix(light.cloud, (1.0, 1.0, 1.0), 0.5 if light.stars < 0.5 else 0.08))
    return layer_of(canvas, 0.03, drift=speed * g.width)


def hills(world: World, albedo: Colour, depth: float, *, height: float, waves: int = 2, roughness: float = 0.45) -> Layer:
    """One range of rolling land, from its crest down to the bottom."""
    g = world.geometry
    canvas = stretch(g)
    line = ridge(world.rng, g.period, waves=waves, roughness=roughness)
    crest = g.base(depth * 0.35) - (0.25 + 0.75 * line) * height * g.unit
    land(world, canvas, crest, (world.lit(albedo, depth), world.lit(albedo, min(1.0, depth + 0.25), 0.9)))
    return layer_of(canvas, depth)


def land(world: World, canvas: Canvas, crest: npt.NDArray[np.floating], colours: tuple[Colour, Colour]) -> None:
    """Fill everything under a crest line (one row a column)."""
    g = world.geometry
    columns = np.arange(g.period, dtype=np.float64)
    points = np.concatenate([np.stack([columns, crest], axis=1), [[g.period, crest[0]], [g.period, g.rows + 4], [0, g.rows + 4]]])
    fill(canvas, points, *colours)


def ground(world: World, albedo: Colour, *, grain: float = 0.16, far: Colour | None = None, light_spot: float = 0.12) -> Layer:
    """The plane the characters stand on, from the horizon down, finer grained towards the horizon."""
    g = world.geometry
    canvas = stretch(g)
    top = g.margin + g.horizon
    rows = np.arange(top, g.rows)
    depth = (rows - top) / (g.feet - g.horizon)
    colours = np.array(
        [mix(world.lit(far or albedo, d), world.lit(albedo, max(d, 0.05)), min(1.0, 0.25 + d)) for d in np.clip(depth, 0, 1)], np.float32
    )
    dim = np.clip(1.04 - 0.20 * np.clip(depth - 0.9, 0, 2), 0, 1.1)[:, None]
    wash(canvas, np.clip(colours * dim * 255, 0, 255).astype(np.uint8)[:, None, :], (top, g.rows))
    texture(canvas, lying(world, cells=(14, 22)), grain, (top, g.rows))
    if light_spot:
        _pool(world, canvas, light_spot)
    return layer_of(canvas, 1.0, ground=True)


def _pool(world: World, canvas: Canvas, strength: float) -> None:
    """A pool of light where the characters stand, so that the eye goes there."""
    g = world.geometry
    top = g.margin + g.horizon
    x = (np.arange(g.period, dtype=np.float32) - g.period / 2) / np.float32(0.42 * g.width)
    y = (np.arange(top, g.rows, dtype=np.float32) - g.base(0.95)) / np.float32(0.16 * g.height)
    fall = np.exp(-(x[None, :] ** 2) - y[:, None] ** 2).astype(np.float32)
    texture(canvas, 0.5 + 0.5 * fall, strength, (top, g.rows))


def lying(world: World, *, cells: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Noise that lies on the ground plane: flatter and fainter towards the horizon."""
    g, rng = world.geometry, world.rng
    height = g.rows - g.margin - g.horizon
    flat = cloudy(rng, (g.period, height), cells=cells, octaves=4)
    d = np.linspace(0.004, 1, height, dtype=np.float32)
    source = (height - 1) * d**0.42
    rows = np.repeat(source[:, None], g.period, axis=1).astype(np.float32)
    columns = np.repeat(np.arange(g.period, dtype=np.float32)[None, :], height, axis=0)
    lain = np.asarray(cv2.remap(flat, columns, rows, cv2.INTER_LINEAR), np.float32)
    return np.asarray(0.5 + (lain - 0.5) * np.clip(0.15 + 2.2 * d, 0, 1)[:, None], np.float32)
