"""Living things: fireflies, snow, rain, leaves, birds, fog and lamps that breathe."""

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from castlist.media.animatic.camera import View
from castlist.media.animatic.canvas import stamp, stretch
from castlist.media.animatic.geometry import Geometry, even
from castlist.media.animatic.layer import Layer, Window, draw, layer_of
from castlist.media.animatic.noise import cloudy
from castlist.media.animatic.palette import mix, scale
from castlist.media.animatic.particles import Reals, Shape, splat
from castlist.media.animatic.places.world import Lamp, Painted, World
from castlist.media.animatic.planes import Colour, Frame, Picture, Plane, as_bytes, lay, picture_of
from castlist.media.animatic.words import Extra, Place, Weather

Floats: TypeAlias = NDArray[np.floating]


class Kind(StrEnum):
    """How things of a swarm move."""

    snow = "snow"
    rain = "rain"
    firefly = "firefly"
    leaf = "leaf"
    ember = "ember"
    mote = "mote"
    star = "star"
    bird = "bird"


_FALLING = frozenset({Kind.snow, Kind.rain, Kind.leaf})


@dataclass(frozen=True, slots=True)
class Swarm:
    """Many things of one kind: places in shares of the frame, and what makes each one different."""

    kind: Kind
    x: Reals
    y: Reals
    phase: Reals
    pace: Reals
    size: float
    depth: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Life:
    """What lives in a scene: swarms far away, behind and before the characters, lamps with their light, fog, lightning.

    What is far is drawn after the first `beyond` layers; what stands nearer hides it.
    """

    far: tuple[Swarm, ...]
    beyond: int
    behind: tuple[Swarm, ...]
    before: tuple[Swarm, ...]
    lamps: tuple[tuple[Lamp, Picture], ...]
    fog: Layer | None
    storm: bool
    seed: int


INDOORS = (Place.interior, Place.stage)
"""Where no sky is to be seen."""

_WEATHER = frozenset({Kind.snow, Kind.rain})
_THROUGH_WINDOW = 3  # a room's sky, clouds and garden


def populate(world: World, painted: Painted) -> Life:
    """Choose what lives here from the weather, the place and what was asked for."""
    rng = np.random.default_rng(int(world.rng.integers(1 << 31)))
    behind: list[Swarm] = []
    far: list[Swarm] = []
    if painted.behind and world.light.stars > 0.3 and world.place not in INDOORS:
        far.append(_swarm(rng, Kind.star, 46, size=0.0016, depth=0.015, colour=(1.0, 1.0, 0.96)))
    if Extra.birds in world.extras or (painted.behind and world.place in (Place.beach, Place.mountains) and world.light.stars < 0.2):
        behind.append(_swarm(rng, Kind.bird, 6, size=0.016, depth=0.06, colour=scale(world.light.haze, 0.35)))
    before = [swarm for kind in _kinds(world, asked=not painted.behind) for swarm in _made(rng, kind, world)]
    if painted.behind and world.place is Place.interior:
        far += [replace(swarm, depth=0.3) for swarm in before if swarm.kind in _WEATHER]
        before = [swarm for swarm in before if swarm.kind not in _WEATHER]
    lamps = tuple((lamp, _halo(lamp)) for lamp in painted.lamps)
    fog = _bank(world) if world.weather is Weather.fog and not (painted.behind and world.place is Place.interior) else None
    beyond = _THROUGH_WINDOW if world.place is Place.interior else 1
    return Life(tuple(far), beyond, tuple(behind), tuple(before), lamps, fog, world.weather is Weather.storm, int(rng.integers(1 << 16)))


def gleam(frame: Frame, life: Life, *, geometry: Geometry, view: View, t: float) -> None:
    """What lives far away, before the sky and behind all that stands: stars, and the weather outside a window."""
    for swarm in life.far:
        _fly(frame, swarm, geometry=geometry, view=view, t=t)


def shine(frame: Frame, life: Life, *, geometry: Geometry, view: View, t: float) -> None:
    """What lives behind the characters: birds, lamps."""
    for swarm in life.behind:
        _fly(frame, swarm, geometry=geometry, view=view, t=t)
    for number, (lamp, halo) in enumerate(life.lamps):
        _breathe(frame, lamp, halo, geometry=geometry, view=view, t=t + 1.7 * number)


def fall(frame: Frame, life: Life, *, geometry: Geometry, view: View, t: float) -> None:
    """What lives before the characters: weather, fireflies, leaves."""
    if life.fog:
        shift = (0.5 * view.track + view.pan) * geometry.width + life.fog.drift * t
        draw(frame, life.fog, Window(geometry.left + shift, geometry.margin, 1.0), below=geometry.height)
    for swarm in life.before:
        _fly(frame, swarm, geometry=geometry, view=view, t=t)
    if life.storm:
        _flash(frame, life.seed, t)


def _kinds(world: World, *, asked: bool) -> list[Kind]:
    """The kinds a scene has; `asked` leaves out what only the place would bring."""
    kinds: list[Kind] = []
    match world.weather:
        case Weather.rain | Weather.storm:
            kinds.append(Kind.rain)
        case Weather.snow:
            kinds.append(Kind.snow)
        case _:
            pass
    wanted = {
        Extra.fireflies: Kind.firefly,
        Extra.leaves: Kind.leaf,
        Extra.petals: Kind.leaf,
        Extra.embers: Kind.ember,
        Extra.wind: Kind.leaf,
    }
    kinds += [kind for extra, kind in wanted.items() if extra in world.extras]
    if not asked and not kinds:
        dark = world.light.lamps > 0.9
        usual = {
            Place.forest: Kind.firefly if dark else Kind.leaf,
            Place.meadow: Kind.firefly if dark else Kind.mote,
            Place.snow: Kind.snow,
        }
        usual |= {Place.interior: Kind.mote, Place.stage: Kind.mote, Place.market: Kind.ember, Place.desert: Kind.mote}
        kinds += [usual[world.place]] if world.place in usual else []
    return list(dict.fromkeys(kinds))


def _made(rng: np.random.Generator, kind: Kind, world: World) -> list[Swarm]:
    petal = Extra.petals in world.extras
    lit = world.light.key
    match kind:
        case Kind.snow:
            white = mix((0.97, 0.98, 1.0), scale(lit, 1.0), 0.35)
            return [
                _swarm(rng, kind, n, size=s, depth=d, colour=white)
                for n, s, d in ((150, 0.0024, 0.5), (70, 0.0042, 1.0), (16, 0.0085, 1.7))
            ]
        case Kind.rain:
            grey = mix((0.80, 0.86, 0.93), world.light.haze, 0.35)
            return [_swarm(rng, kind, n, size=s, depth=d, colour=grey) for n, s, d in ((150, 0.0011, 0.6), (70, 0.0017, 1.2))]
        case Kind.firefly:
            return [_swarm(rng, kind, 26, size=0.0075, depth=1.1, colour=(1.0, 0.90, 0.42))]
        case Kind.leaf:
            colours: tuple[Colour, ...] = ((1.0, 0.76, 0.83), (1.0, 0.88, 0.91)) if petal else ((0.86, 0.50, 0.18), (0.72, 0.64, 0.22))
            return [
                _swarm(rng, kind, 15, size=0.0075, depth=1.0, colour=mix((0, 0, 0), (c[0] * lit[0], c[1] * lit[1], c[2] * lit[2]), 0.96))
                for c in colours
            ]
        case Kind.ember:
            return [_swarm(rng, kind, 22, size=0.0030, depth=1.0, colour=(1.0, 0.66, 0.28))]
        case _:
            return [_swarm(rng, kind, 34, size=0.0028, depth=1.0, colour=mix(world.light.sun_colour, world.light.haze, 0.3))]


def _swarm(rng: np.random.Generator, kind: Kind, count: int, *, size: float, depth: float, colour: Colour) -> Swarm:
    x, y, phase = (rng.random(count, dtype=np.float32) for _ in range(3))
    return Swarm(
        kind, x * np.float32(1.2), y, phase * np.float32(2 * np.pi), rng.uniform(0.75, 1.25, count).astype(np.float32), size, depth, colour
    )


def _fly(frame: Frame, swarm: Swarm, *, geometry: Geometry, view: View, t: float) -> None:
    w, h = geometry.width, geometry.height
    aside = view.track * swarm.depth + view.pan
    x, y, strength = _flown(swarm, t)
    x = np.mod(x - np.float32(aside) + 0.1, 1.2) - np.float32(0.1)
    y = y - np.float32(view.tilt)
    unit = geometry.unit
    radius = max(0.55, swarm.size * unit * 0.55)
    match swarm.kind:
        case Kind.rain:
            shape = Shape(max(0.5, swarm.size * unit * 0.5), max(2.0, swarm.size * unit * 11), -0.12)
        case Kind.leaf:
            shape = Shape(radius, max(0.5, radius * (0.55 + 0.25 * math.sin(2.2 * t))), 0.3 * math.sin(1.7 * t))
        case Kind.firefly:
            splat(frame, x * w, y * h, strength * np.float32(0.42), Shape(radius * 2.6, radius * 2.6), swarm.colour)
            shape = Shape(max(0.6, radius * 0.6), max(0.6, radius * 0.6))
        case Kind.bird:
            _birds(frame, x * w, y * h, swarm, t=t, span=swarm.size * unit)
            return
        case _:
            shape = Shape(radius, radius)
    splat(frame, x * w, y * h, strength, shape, swarm.colour)


def _flown(swarm: Swarm, t: float) -> tuple[Reals, Reals, Reals]:
    """Where each is at a time in shares of the frame, and how strongly it shows."""
    x, y, strength = _fallen(swarm, t) if swarm.kind in _FALLING else _floated(swarm, t)
    return np.mod(x, np.float32(1.2)).astype(np.float32), y.astype(np.float32), strength.astype(np.float32)


def _fallen(swarm: Swarm, t: float) -> tuple[Floats, Floats, Floats]:
    """Snow, rain and leaves: down at their own pace, in at the top again."""
    x, y, p, v = swarm.x, swarm.y, swarm.phase, swarm.pace
    near = np.float32(0.6 + 0.5 * swarm.depth)
    steady = np.full_like(x, 0.9)
    match swarm.kind:
        case Kind.snow:
            down = np.mod(y + v * near * np.float32(0.085 * t), 1.1) - np.float32(0.05)
            return x + 0.018 * np.sin(v * np.float32(0.9 * t) + p) - np.float32(0.012 * t), down, steady
        case Kind.rain:
            down = np.mod(y + v * near * np.float32(1.35 * t), 1.1) - np.float32(0.05)
            return x - np.float32(0.05) * down, down, np.full_like(x, 0.34)
        case _:
            down = np.mod(y + v * np.float32(0.065 * t), 1.1) - np.float32(0.05)
            return x + 0.035 * np.sin(v * np.float32(1.1 * t) + p) + np.float32(0.020 * t), down, steady


def _floated(swarm: Swarm, t: float) -> tuple[Floats, Floats, Floats]:
    """What keeps itself in the air, or in the sky."""
    x, y, p, v = swarm.x, swarm.y, swarm.phase, swarm.pace
    match swarm.kind:
        case Kind.ember:
            up = np.mod(y - v * np.float32(0.055 * t), 1.0)
            bright = (0.55 + 0.4 * np.sin(np.float32(5 * t) * v + p)) * np.clip(up * 1.4, 0, 1)
            return x + 0.014 * np.sin(np.float32(1.3 * t) + p), up, bright
        case Kind.firefly:
            blink = np.clip(np.sin(v * np.float32(1.5 * t) + p), 0, 1)
            aside = x + 0.030 * np.sin(v * np.float32(0.55 * t) + p) + 0.014 * np.sin(np.float32(1.3 * t) + 2 * p)
            return aside, 0.30 + 0.58 * y + 0.024 * np.cos(v * np.float32(0.7 * t) + 1.7 * p), 0.12 + 0.85 * blink * blink
        case Kind.star:
            return x, np.float32(0.5) * y, np.clip(0.45 + 0.5 * np.sin(v * np.float32(2.4 * t) + p), 0, 1)
        case Kind.bird:
            flock = 0.16 * x + np.float32(0.1) + np.float32(0.018 * t)
            return flock, 0.14 + 0.10 * y + 0.006 * np.sin(np.float32(0.8 * t) + p), np.full_like(x, 0.9)
        case _:
            aside = x + 0.02 * np.sin(v * np.float32(0.4 * t) + p) + np.float32(0.006 * t)
            return aside, np.mod(y - np.float32(0.008 * t), 1.0), 0.26 + 0.2 * np.sin(np.float32(1.1 * t) * v + p)


def _birds(frame: Frame, x: Reals, y: Reals, swarm: Swarm, *, t: float, span: float) -> None:
    luma = int(16 + 219 * sum(swarm.colour) / 3)
    for bx, by, phase in zip(x, y, swarm.phase, strict=True):
        beat = math.sin(6.0 * t + float(phase)) * 0.45
        wing = np.array([[bx - span, by - span * beat], [bx - span * 0.4, by - span * 0.30], [bx, by], [bx + span * 0.4, by - span * 0.30]])
        wing = np.concatenate([wing, [[bx + span, by - span * beat]]])
        cv2.polylines(frame.y, [np.round(wing * 16).astype(np.int32)], False, luma, max(1, round(span / 9)), cv2.LINE_AA, 4)


def _halo(lamp: Lamp) -> Picture:
    side = even(2 * lamp.radius)
    axis = (np.arange(side, dtype=np.float32) - (side - 1) / 2) / (side / 2)
    fall = np.clip(1 - np.sqrt(axis[None, :] ** 2 + axis[:, None] ** 2), 0, 1)
    mask = as_bytes((255 * fall**2.2).astype(np.uint8))
    return picture_of(as_bytes(cv2.merge([cv2.convertScaleAbs(mask, alpha=float(c)) for c in lamp.colour])), mask)


def _breathe(frame: Frame, lamp: Lamp, halo: Picture, *, geometry: Geometry, view: View, t: float) -> None:
    """Light around a lamp, never quite still."""
    zoom = 1 / (1 - view.push * lamp.depth)
    shift = (view.track * lamp.depth + view.pan) * geometry.width
    middle = geometry.width / 2
    x = np.mod(lamp.x - geometry.left - shift + lamp.radius, geometry.period) - lamp.radius
    x = middle + (x - middle) * zoom
    y = geometry.horizon + (lamp.y - geometry.margin - geometry.horizon) * zoom - view.tilt * geometry.height
    size = halo.size[0]
    left, top = even(x - size / 2) if x > size / 2 else -even(size / 2 - x), even(y - size / 2) if y > size / 2 else -even(size / 2 - y)
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(geometry.width, left + size), min(geometry.height, top + size)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    strength = 0.46 + 0.06 * math.sin(lamp.pace * t) + 0.03 * math.sin(2.7 * lamp.pace * t)
    part = slice(y0 - top, y1 - top), slice(x0 - left, x1 - left)
    half = tuple(slice(s.start // 2, s.stop // 2) for s in part)
    for target, light, keep, cut in ((frame.y, halo.y, halo.keep, part), (frame.uv, halo.uv, halo.keep2, half)):
        place = target[y0 * target.shape[0] // geometry.height :, x0 * target.shape[1] // geometry.width :]
        piece = light[cut]
        _dimmed(place[: piece.shape[0], : piece.shape[1]], piece, None if keep is None else keep[cut], strength)


def _dimmed(target: Plane, light: Plane, keep: Plane | None, strength: float) -> None:
    """Lay a picture at a share of its strength."""
    if keep is None:
        return
    rest = cv2.bitwise_not(cv2.convertScaleAbs(cv2.bitwise_not(keep), alpha=strength))
    lay(target, as_bytes(cv2.convertScaleAbs(light, alpha=strength)), as_bytes(rest))


def _bank(world: World) -> Layer:
    """Fog in drifting banks, thickest where the ground is far."""
    g = world.geometry
    canvas = stretch(g)
    shape = cloudy(world.rng, (g.period, g.rows), cells=(4, 4), octaves=3)
    rows = (np.arange(g.rows, dtype=np.float32) - g.margin) / g.height
    band = np.exp(-(((rows - 0.62) / 0.30) ** 2))[:, None]
    stamp(canvas, (np.clip(shape * 1.1 - 0.12, 0, 1) * band * 150).astype(np.uint8), (0, 0), mix(world.light.haze, (0.9, 0.92, 0.94), 0.35))
    return layer_of(canvas, 0.5, drift=0.014 * g.width)


def _flash(frame: Frame, seed: int, t: float) -> None:
    """Lightning: now and then two quick flashes."""
    period = 3.4 + (seed % 7) * 0.2
    since = (t + 0.9 * period) % period
    light = math.exp(-9 * since) + 0.7 * math.exp(-12 * abs(since - 0.22))
    if light > 0.03:
        np.copyto(frame.y, cv2.convertScaleAbs(frame.y, alpha=1 + 0.55 * light, beta=10 * light))
        np.minimum(frame.y, 235, out=frame.y)
