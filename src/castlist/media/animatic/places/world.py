"""What a painter works with: the geometry, the light and a source of chance, and the strokes all places share."""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from castlist.media.animatic.canvas import Canvas, dots, fade, fill, glow, over, rim, soften, stamp, stretch, texture, veil, wash
from castlist.media.animatic.geometry import Geometry
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.noise import cloudy, ridge
from castlist.media.animatic.palette import Light, mix, scale, shade
from castlist.media.animatic.places.brush import shine
from castlist.media.animatic.planes import Colour
from castlist.media.animatic.swarm import Swarm
from castlist.media.animatic.words import Extra, Hour, Place, Weather

_WHITE: Colour = (1.0, 1.0, 1.0)
_SNOW: Colour = (0.93, 0.95, 1.0)
_OPEN = (Place.forest, Place.meadow, Place.mountains, Place.cliff, Place.beach)
"""Where snow comes to lie; other places are paved, roofed or white already."""
_TONES = (0.0, 0.40, 0.72, 1.0)


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
    """A place ready to be filmed: layers behind the cast and before it, its lamps, its own light on the cast, what swarms in it."""

    behind: tuple[Layer, ...]
    before: tuple[Layer, ...]
    lamps: tuple[Lamp, ...] = ()
    light: Light | None = None
    swarms: tuple[Swarm, ...] = ()


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
        return shade(self.light, self._snowed(albedo), depth, gain)

    def _snowed(self, albedo: Colour) -> Colour:
        """The colour of what grows, where snow falls: it lies on leaves and on grass."""
        if self.weather is not Weather.snow or self.place not in _OPEN:
            return albedo
        red, green, blue = albedo
        return mix(albedo, _SNOW, 0.74 * min(1.0, max(0.0, 7 * (green - max(red, blue)))))

    def x(self, across: float) -> float:
        """Texture column of a place across the resting frame: 0 its left, 1 its right edge."""
        return self.geometry.left + across * self.geometry.width

    def above(self, rows: float, depth: float = 0.0) -> float:
        """Texture row so many units above the ground at a depth."""
        return self.geometry.base(depth) - rows * self.geometry.unit


def apart(world: World) -> World:
    """The same world with chance of its own: nothing drawn in it shifts what follows, whatever the hour."""
    return replace(world, rng=np.random.default_rng(int(world.rng.integers(1 << 31))))


def sky(world: World) -> Layer:
    """The whole sky, down past the horizon, with its sun or moon."""
    world = apart(world)
    g, light = world.geometry, world.light
    canvas = stretch(g)
    bottom = g.margin + g.horizon
    t = np.clip(np.arange(g.rows, dtype=np.float32) / bottom, 0, 1)
    stops = np.array(light.sky, np.float32)
    column = np.stack([np.interp(t, (0.0, 0.56, 0.98), stops[:, c]) for c in range(3)], axis=1)
    grain = world.rng.random((g.rows, 1, 1), dtype=np.float32)
    wash(canvas, np.clip(column[:, None, :] * 255 + grain, 0, 255).astype(np.uint8), (0, g.rows))
    if light.stars > 0.02:
        _stars(world, canvas)
    _wisps(world, canvas)
    _shine(world, canvas)
    return layer_of(canvas, 0.015)


def clouds(world: World, *, amount: float = 0.5, speed: float = 0.006) -> Layer:
    """Clouds that drift: heaps in the sun, a torn cover under a bad sky."""
    world = apart(world)
    if world.weather is Weather.clear:
        return _heaps(world, amount=amount, speed=speed)
    return _cover(world, amount=amount, speed=speed)


def specks(canvas: Canvas, rng: np.random.Generator, *, count: int, unit: float, low: float, colour: Colour) -> None:
    """Stars down to a row: many faint, few bright, none of them a pixel with edges."""
    mask = np.zeros((int(low), canvas.width), np.float32)
    mask[rng.integers(0, int(low), count), rng.integers(0, canvas.width, count)] = 0.15 + 0.85 * rng.random(count, dtype=np.float32) ** 3
    sigma = max(0.55, 0.0011 * unit)
    soft = cv2.GaussianBlur(mask, (0, 0), sigma) * np.float32(2 * np.pi * sigma * sigma * 255)
    stamp(canvas, soft.clip(0, 255).astype(np.uint8), (0, 0), colour)


def _stars(world: World, canvas: Canvas) -> None:
    g, rng, light = world.geometry, world.rng, world.light
    low = g.base(-0.1)
    pale = mix(light.sky[1], _WHITE, 0.88)
    specks(canvas, rng, count=int(340 * light.stars), unit=g.unit, low=low, colour=pale)
    specks(canvas, rng, count=int(22 * light.stars), unit=1.9 * g.unit, low=low, colour=mix(pale, (1.0, 0.9, 0.8), 0.4))
    if light.stars > 0.6:
        _milky_way(world, canvas, low=int(low))


def _milky_way(world: World, canvas: Canvas, *, low: int) -> None:
    """A band of faint light from one side down to the other."""
    g, rng = world.geometry, world.rng
    x = np.arange(g.period, dtype=np.float32) * np.float32(2 * np.pi / g.period)
    middle = low * (0.42 + 0.34 * np.sin(x + np.float32(rng.uniform(0, 6.28))))
    aside = (np.arange(low, dtype=np.float32)[:, None] - middle[None, :]) / np.float32(0.17 * low)
    dust = cloudy(rng, (g.period, low), cells=(10, 8), octaves=5)
    band = np.exp(-(aside**2)) * np.clip(dust * 1.5 - 0.38, 0, 1)
    stamp(canvas, (band * 92).clip(0, 92).astype(np.uint8), (0, 0), mix(world.light.sky[2], (0.86, 0.82, 1.0), 0.55))
    rich = (rng.random((low, g.period), dtype=np.float32) > 1 - 0.0016 * 360 / g.unit) * band
    stamp(canvas, (cv2.GaussianBlur(rich, (0, 0), 0.6) * 900).clip(0, 230).astype(np.uint8), (0, 0), (0.96, 0.96, 1.0))


def _shine(world: World, canvas: Canvas) -> None:
    """The sun or the moon with the light around it; a low one sets the air along the horizon alight."""
    g, light = world.geometry, world.light
    if not light.sun_size:
        return
    x, y = world.x(0.5 + light.sun[0]), g.margin + light.sun[1] * g.horizon
    radius = light.sun_size * g.unit
    if light.sun[1] > 0.6:
        _blaze(canvas, (x, y), (0.62 * g.unit, 0.20 * g.unit), light.sun_colour)
    night = world.hour is Hour.night
    glow(canvas, (x, y), radius * (7 if night else 11), light.sun_colour, 0.32 if night else 0.6)
    glow(canvas, (x, y), radius * 3, light.sun_colour, 0.35 if night else 0.8)
    disc = mix(light.sun_colour, _WHITE, 0.1 if night else 0.6)
    dots(canvas, np.array([[x, y]]), np.array([radius * (0.9 if night else 0.72)]), disc)
    if night:
        for dx, dy, r in ((-0.3, -0.2, 0.22), (0.35, 0.15, 0.16), (-0.05, 0.42, 0.13), (0.2, -0.42, 0.10)):
            dots(canvas, np.array([[x + dx * radius, y + dy * radius]]), np.array([r * radius]), scale(disc, 0.89))


def _blaze(canvas: Canvas, centre: tuple[float, float], reach: tuple[float, float], colour: Colour) -> None:
    x = (np.arange(canvas.width, dtype=np.float32) - np.float32(centre[0])) / np.float32(reach[0])
    y = (np.arange(canvas.height, dtype=np.float32) - np.float32(centre[1])) / np.float32(reach[1])
    light = np.exp(-np.sqrt(x[None, :] ** 2 + y[:, None] ** 2) * 1.25)
    over(canvas, (light * 205).astype(np.uint8), (0, 0), colour)


def _wisps(world: World, canvas: Canvas) -> None:
    """Thin high cloud, drawn out along the wind."""
    g, rng, light = world.geometry, world.rng, world.light
    height = g.margin + int(0.9 * g.horizon)
    long = cloudy(rng, (g.period, height), cells=(3, 16), octaves=4)
    torn = cloudy(rng, (g.period, height), cells=(5, 4), octaves=3)
    band = np.sin(np.linspace(0.15, math.pi, height, dtype=np.float32))[:, None]
    mask = np.clip(long * torn * band * 3.0 - 0.62, 0, 1)
    low = light.sun[1] > 0.6
    stamp(
        canvas, (mask * (150 if low else 95)).astype(np.uint8), (0, 0), light.cloud, mix(light.cloud, light.sun_colour, 0.6 if low else 0.1)
    )


def _heaps(world: World, *, amount: float, speed: float) -> Layer:
    """Heaped clouds: round tops in the light, flat and dim below, smaller towards the horizon."""
    g, rng, light = world.geometry, world.rng, world.light
    canvas = stretch(g)
    count = max(2, round(9 * amount))
    spots = (np.arange(count) + rng.uniform(-0.3, 0.3, count)) * g.period / count
    highs = rng.permutation(np.linspace(0.16, 0.80, count))
    soft = 0.5 if light.stars > 0.2 else 1.0
    tones = tuple(
        mix(mix(light.cloud, light.haze, 0.62), mix(light.cloud, mix(light.rim, _WHITE, 0.5), 0.6), share * soft) for share in _TONES
    )
    for x, high in zip(spots, highs, strict=True):
        size = g.unit * (0.062 + 0.105 * (1 - high)) * float(rng.uniform(0.7, 1.25))
        _heap(world, canvas, at=(float(x), g.margin + high * g.horizon), size=size, tones=tones)
    soften(canvas, max(0.5, 0.0034 * g.unit))
    np.copyto(canvas.rgb, cv2.convertScaleAbs(canvas.rgb, alpha=0.88))
    np.copyto(canvas.alpha, cv2.convertScaleAbs(canvas.alpha, alpha=0.88))
    return layer_of(canvas, 0.03, drift=speed * g.width)


def _heap(world: World, canvas: Canvas, *, at: tuple[float, float], size: float, tones: tuple[Colour, ...]) -> None:
    """One cloud on a sheet of its own, so that its flat foot does not cut another."""
    rng, light = world.rng, world.light
    top = max(0, int(at[1] - 1.7 * size))
    high = min(canvas.height, int(at[1] + 0.4 * size)) - top
    if high < 4:
        return
    sheet = Canvas(np.zeros((high, canvas.width, 3), np.uint8), np.zeros((high, canvas.width), np.uint8))
    count = 30
    across = np.linspace(-1, 1, count) * rng.uniform(0.75, 1.0) + rng.uniform(-0.05, 0.05, count)
    dome = np.exp(-((across / 0.62) ** 2)) * rng.uniform(0.30, 1.0, count)
    radii = size * (0.16 + 0.32 * dome)
    x, y = at[0] + across * 1.6 * size, at[1] - top - dome * 0.66 * size
    side, up = math.copysign(0.10, light.sun[0]), 0.16 if light.sun[1] < 0.7 else 0.07
    for number, tone in enumerate(tones):
        moved = np.stack([x + side * number * radii, y - up * number * radii], axis=1)
        dots(sheet, moved, radii * (1 - 0.19 * number), tone)
    fade(sheet, (at[1] - top - 0.12 * size, at[1] - top + 0.24 * size))
    _join(canvas, sheet, top)


def _join(canvas: Canvas, sheet: Canvas, top: int) -> None:
    part = slice(top, top + sheet.height)
    keep = cv2.bitwise_not(sheet.alpha)
    rgb, alpha = canvas.rgb[part], canvas.alpha[part]
    np.copyto(rgb, cv2.add(cv2.multiply(rgb, cv2.merge([keep, keep, keep]), scale=1 / 255), sheet.rgb))
    np.copyto(alpha, cv2.add(cv2.multiply(alpha, keep, scale=1 / 255), sheet.alpha))


def _cover(world: World, *, amount: float, speed: float) -> Layer:
    """A closed sky, torn here and there, darker in its bellies."""
    g, rng, light = world.geometry, world.rng, world.light
    canvas = stretch(g)
    height = g.margin + g.horizon
    shape = cloudy(rng, (g.period, height), cells=(4, 7), octaves=5)
    belly = cloudy(rng, (g.period, height), cells=(5, 9), octaves=4)
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    mask = np.clip((shape - (0.62 - 0.42 * amount)) * 2.6, 0, 1) * np.clip(1.5 - rows * 1.35, 0, 1)
    storm = world.weather is Weather.storm
    dark = scale(light.cloud, 0.50 if storm else 0.82)
    stamp(canvas, (mask * 225).astype(np.uint8), (0, 0), light.cloud, mix(light.cloud, light.haze, 0.6))
    _tone(canvas, np.clip((belly - 0.45) * 2.4, 0, 1), dark, 0.85 if storm else 0.55)
    _tone(canvas, np.clip((0.42 - belly) * 2.2, 0, 1), mix(light.cloud, _WHITE, 0.22 if light.lamps < 0.9 else 0.05), 0.5)
    return layer_of(canvas, 0.03, drift=speed * g.width * (2.2 if storm else 1.0))


def _tone(canvas: Canvas, share: npt.NDArray[np.float32], colour: Colour, strength: float) -> None:
    over(canvas, (share * np.float32(255 * strength)).astype(np.uint8), (0, 0), colour)


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
    return layer_of(floor(world, albedo, grain=grain, far=far, light_spot=light_spot), 1.0, ground=True)


def floor(world: World, albedo: Colour, *, grain: float = 0.16, far: Colour | None = None, light_spot: float = 0.12) -> Canvas:
    """The ground's canvas, for who wants to strew things on it."""
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
    moonlight(world, canvas)
    return canvas


def bank(world: World, albedo: Colour, depth: float, *, height: float, waves: int = 3) -> Canvas:
    """A swell of the ground: a crest line, and a foot that melts into the plane, which so loses its straight edge."""
    g = world.geometry
    canvas = stretch(g)
    line = ridge(world.rng, g.period, waves=waves, octaves=3, roughness=0.4).astype(np.float64)
    land(world, canvas, g.base(0) - (0.12 + line) * height * g.unit, (world.lit(albedo, depth), world.lit(albedo, depth)))
    foot = g.base(depth)
    veil(canvas, (foot - 0.6 * height * g.unit, foot + 0.5 * height * g.unit), world.lit(albedo, depth, 0.86), (0.0, 0.7))
    fade(canvas, (foot, foot + (0.02 + 0.07 * depth) * g.unit))
    return canvas


def finish(world: World, canvas: Canvas, depth: float, *, mist: float = 0.0, edge: float = 1.0) -> Canvas:
    """What air and light do to things at a depth: a rim towards the sun or the moon, mist about their feet."""
    g, light = world.geometry, world.light
    low = light.sun[1] > 0.6
    strength = edge * (0.16 if not light.sun_size else 0.85 if low else 0.42 + 0.9 * light.cold)
    if strength > 0.02:
        wide = (0.0025 + 0.0055 * min(1.0, depth)) * g.unit
        away = (math.copysign(wide, light.sun[0]), -wide * (0.35 if low else 0.9))
        rim(canvas, away, mix(light.rim, light.haze, 0.6 * max(0.0, 1 - depth) ** 2), min(1.0, strength * (0.5 + 0.5 * min(1.0, depth))))
    if mist:
        veil(canvas, (g.base(depth) - 0.22 * g.unit, g.base(depth) + 0.01 * g.unit), light.haze, (0.0, mist))
    return canvas


def moonlight(world: World, canvas: Canvas) -> None:
    """By a clear night the ground is bright under the moon, and where the cast stands."""
    g, light = world.geometry, world.light
    if not (light.cold and light.sun_size):
        return
    shine(canvas, (world.x(0.5 + light.sun[0]), g.base(0.42)), (0.52 * g.width, 0.30 * (g.feet - g.horizon)), light.rim, 0.20)
    shine(canvas, (g.period / 2, g.base(0.98)), (0.44 * g.width, 0.80 * (g.feet - g.horizon)), light.rim, 0.32)


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
