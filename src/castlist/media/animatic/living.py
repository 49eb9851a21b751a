"""Living things: what swarms in a scene and where, lamps that breathe, fog in banks, lightning."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from castlist.media.animatic.camera import View
from castlist.media.animatic.canvas import stamp, stretch
from castlist.media.animatic.geometry import Geometry, even
from castlist.media.animatic.layer import Layer, Window, draw, layer_of
from castlist.media.animatic.noise import cloudy
from castlist.media.animatic.palette import grey, mix, scale, times
from castlist.media.animatic.places.world import Lamp, Painted, World
from castlist.media.animatic.planes import Colour, Frame, Picture, Plane, as_bytes, lay, picture_of
from castlist.media.animatic.swarm import Kind, Swarm, fly, swarm
from castlist.media.animatic.words import Extra, Place, Weather


@dataclass(frozen=True, slots=True)
class Life:
    """What lives in a scene. Whatever is behind the characters comes with the number of layers that are drawn before it."""

    behind: tuple[tuple[int, Swarm], ...]
    before: tuple[Swarm, ...]
    lamps: tuple[tuple[int, Lamp, Picture], ...]
    banks: tuple[tuple[int, Layer], ...]
    fog: Layer | None
    bolts: int | None
    seed: int
    joins: tuple[float, ...] = ()
    """Seconds at which a take ends and another may go on: lightning holds off about them, so that none is cut off."""

    @property
    def far(self) -> tuple[Swarm, ...]:
        """What fills the air farther off than the characters."""
        return tuple(flock for flock in self.before if flock.depth < _CAST)


INDOORS = (Place.interior, Place.stage)
"""Where no sky is to be seen."""

_WEATHER = frozenset({Kind.snow, Kind.rain})
_THROUGH_WINDOW = 3  # a room's sky, clouds and garden
_SEASIDE = (Place.beach, Place.cliff)
_OPEN = (Place.meadow, Place.beach, Place.cliff, Place.mountains, Place.snow, Place.desert, Place.space)
_BANKS = ((0.22, 205.0), (0.62, 175.0))
_CAST = 0.9
_STORM_SLANT, _RAIN_SLANT = -0.34, -0.13
_CALM = 0.5
"""Seconds after which a flash is gone."""


def populate(world: World, painted: Painted) -> Life:
    """Choose what lives here from the weather, the place and what was asked for."""
    rng = np.random.default_rng(int(world.rng.integers(1 << 31)))
    room = bool(painted.behind) and world.place is Place.interior
    behind = [(_after(painted, flock.depth), flock) for flock in (*_sky(rng, world, painted), *painted.swarms)]
    before = [flock for kind in _kinds(world, asked=not painted.behind) for flock in _made(rng, kind, world)]
    if room:
        behind += [(_THROUGH_WINDOW, replace(flock, depth=0.3)) for flock in before if flock.kind in _WEATHER]
        before = [flock for flock in before if flock.kind not in _WEATHER]
    before += [flock for after, flock in behind if not after]
    if not world.light.strength:
        before = [replace(flock, colour=(grey(flock.colour),) * 3) for flock in before]
    foggy = world.weather is Weather.fog and not room
    storm = world.weather is Weather.storm
    return Life(
        behind=tuple(behind),
        before=tuple(before),
        lamps=tuple((_after(painted, lamp.depth), lamp, _halo(lamp)) for lamp in painted.lamps),
        banks=tuple((_after(painted, depth), _bank(world, depth, strength=s)) for depth, s in _BANKS) if foggy and painted.behind else (),
        fog=_bank(world, 0.9, strength=110) if foggy else None,
        bolts=1 if storm and painted.behind and world.place not in INDOORS else None,
        seed=int(rng.integers(1 << 16)),
    )


def shine(frame: Frame, life: Life, *, after: int, geometry: Geometry, view: View, t: float) -> None:
    """What lives just before the layer that was drawn as number `after`: stars, birds, water's glitter, lamps, fog."""
    for number, flock in life.behind:
        if number == after:
            fly(frame, flock, geometry=geometry, view=view, t=t)
    if life.bolts == after:
        _bolt(frame, life, t)
    for number, bank in life.banks:
        if number == after:
            _roll(frame, bank, geometry=geometry, view=view, t=t)
    for place, (number, lamp, halo) in enumerate(life.lamps):
        if number == after:
            _breathe(frame, lamp, halo, geometry=geometry, view=view, t=t + 1.7 * place)


def drift(frame: Frame, life: Life, *, geometry: Geometry, view: View, t: float, cast: Plane | None = None) -> None:
    """What fills the air farther off than the characters; the outline (at any size) of those who are drawn already keeps it off them."""
    box = _bounds(cast, frame) if cast is not None and life.far else None
    held = [plane[box[0] // part : box[1] // part, box[2] // part : box[3] // part].copy() for plane, part in _planes(frame)] if box else []
    for flock in life.far:
        fly(frame, flock, geometry=geometry, view=view, t=t)
    if box and cast is not None:
        _restore(frame, held, box, cast)


def fall(frame: Frame, life: Life, *, geometry: Geometry, view: View, t: float) -> None:
    """What lives before the characters: weather, fireflies, leaves."""
    if life.fog:
        _roll(frame, life.fog, geometry=geometry, view=view, t=t)
    for flock in life.before:
        if flock.depth >= _CAST:
            fly(frame, flock, geometry=geometry, view=view, t=t)
    if life.bolts is not None:
        flash(frame, life, t)


def _planes(frame: Frame) -> tuple[tuple[Plane, int], tuple[Plane, int]]:
    return (frame.y, 1), (frame.uv, 2)


def _bounds(cast: Plane, frame: Frame) -> tuple[int, int, int, int] | None:
    """The even rows and columns of a frame in which an outline lies."""
    rows, columns = np.flatnonzero(cast.max(axis=1) > 8), np.flatnonzero(cast.max(axis=0) > 8)
    if len(rows) == 0:
        return None
    down, across = frame.y.shape[0] / cast.shape[0], frame.y.shape[1] / cast.shape[1]
    spans = (int(rows[0]) * down, (int(rows[-1]) + 1) * down, int(columns[0]) * across, (int(columns[-1]) + 1) * across)
    top, bottom, left, right = (int(end) // 2 * 2 for end in spans)
    return top, bottom, left, right


def _restore(frame: Frame, held: Sequence[Plane], box: tuple[int, int, int, int], cast: Plane) -> None:
    """Put back what was where the outline is."""
    top, bottom, left, right = box
    whole = cv2.resize(cast, (frame.y.shape[1], frame.y.shape[0]), interpolation=cv2.INTER_LINEAR)[top:bottom, left:right]
    half = cv2.resize(whole, ((right - left) // 2, (bottom - top) // 2), interpolation=cv2.INTER_AREA)
    masks = np.ascontiguousarray(whole), cv2.merge([half, half])
    for (plane, part), kept, mask in zip(_planes(frame), held, masks, strict=True):
        target = plane[top // part : bottom // part, left // part : right // part]
        drawn = cv2.multiply(np.ascontiguousarray(target), cv2.bitwise_not(mask), scale=1 / 255)
        np.copyto(target, cv2.add(drawn, cv2.multiply(kept, mask, scale=1 / 255)))


def _after(painted: Painted, depth: float) -> int:
    """How many layers are drawn before a thing at a depth."""
    reached = [number for number, layer in enumerate(painted.behind, 1) if not layer.ground and layer.depth <= depth + 1e-6]
    return max(reached, default=min(1, len(painted.behind)))


def _sky(rng: np.random.Generator, world: World, painted: Painted) -> list[Swarm]:
    """Stars that twinkle, birds on their way."""
    light = world.light
    found = []
    open_ = bool(painted.behind) and world.place not in INDOORS
    if open_ and light.stars > 0.3:
        found.append(swarm(rng, Kind.star, 46, size=0.0016, depth=0.015, colour=(1.0, 1.0, 0.96)))
    if not painted.behind and Extra.stars in world.extras and world.place in _OPEN:
        stars = swarm(rng, Kind.star, 60, size=0.0026, depth=0.015, colour=(1.0, 1.0, 0.96))
        found.append(replace(stars, y=stars.y * np.float32(0.45)))  # over a finished film only as low as there is sky for certain
    homes = open_ and world.place in (*_SEASIDE, Place.mountains, Place.desert, Place.meadow)
    fair = light.lamps < 0.9 and world.weather in (Weather.clear, Weather.fog)
    if Extra.birds in world.extras or (homes and fair):
        gulls = world.place in _SEASIDE
        colour = times((0.94, 0.95, 0.98), light.key) if gulls and world.light.sun[1] < 0.6 else scale(light.haze, 0.34)
        for count, size, depth in ((5, 0.012, 0.045), (3, 0.022, 0.13)):
            found.append(
                swarm(rng, Kind.bird, count if world.place is not Place.desert else count // 2, size=size, depth=depth, colour=colour)
            )
    return found


def _kinds(world: World, *, asked: bool) -> list[Kind]:
    """The kinds a scene has; `asked` leaves out what only the place would bring."""
    kinds: list[Kind] = []
    match world.weather:
        case Weather.rain | Weather.storm:
            kinds += [Kind.rain] if asked or world.place in INDOORS else [Kind.splash, Kind.rain]
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
            Place.forest: (Kind.firefly,) if dark else (Kind.leaf, Kind.mote),
            Place.meadow: (Kind.firefly,) if dark else (Kind.butterfly, Kind.mote),
            Place.snow: (Kind.snow,),
            Place.cliff: () if dark else (Kind.butterfly,),
            Place.interior: (Kind.mote,),
            Place.stage: (Kind.mote,),
            Place.market: (Kind.ember,),
            Place.desert: (Kind.mote,),
        }
        kinds += usual.get(world.place, ())
    if Extra.lanterns in world.extras and (asked or world.place is not Place.market):
        kinds.append(Kind.lantern)  # a market has its own, on strings
    kinds += [Kind.bubble] if Extra.bubbles in world.extras else []
    return list(dict.fromkeys(kinds))


def _made(rng: np.random.Generator, kind: Kind, world: World) -> list[Swarm]:
    lit = world.light.key
    match kind:
        case Kind.snow:
            return _flakes(rng, world)
        case Kind.rain:
            return _drops(rng, world)
        case Kind.splash:
            return [swarm(rng, kind, 54, size=0.0030, depth=1.0, colour=mix((0.86, 0.91, 0.96), world.light.haze, 0.35))]
        case Kind.firefly:
            warm: Colour = (1.0, 0.88, 0.38)
            return [
                swarm(rng, kind, count, size=size, depth=depth, colour=warm)
                for count, size, depth in ((24, 0.0062, 0.6), (17, 0.0100, 1.2))
            ]
        case Kind.leaf:
            petal = Extra.petals in world.extras
            colours: tuple[Colour, ...] = ((1.0, 0.76, 0.83), (1.0, 0.88, 0.91)) if petal else ((0.86, 0.50, 0.18), (0.72, 0.64, 0.22))
            sizes = ((15, 0.0060, 0.8), (9, 0.0100, 1.3))
            return [swarm(rng, kind, n, size=s, depth=d, colour=times(c, lit)) for c, (n, s, d) in zip(colours, sizes, strict=True)]
        case Kind.ember:
            return [swarm(rng, kind, 22, size=0.0030, depth=1.0, colour=(1.0, 0.66, 0.28))]
        case Kind.lantern:
            papers: tuple[Colour, ...] = ((1.0, 0.58, 0.24), (0.98, 0.74, 0.36))
            return [
                swarm(rng, kind, n, size=s, depth=d, colour=c)
                for c, (n, s, d) in zip(papers, ((8, 0.030, 0.5), (4, 0.052, 1.1)), strict=True)
            ]
        case Kind.bubble:
            return [swarm(rng, kind, n, size=s, depth=d, colour=(0.90, 0.97, 1.0)) for n, s, d in ((16, 0.016, 0.6), (9, 0.030, 1.2))]
        case Kind.butterfly:
            tints: tuple[Colour, ...] = ((0.98, 0.70, 0.24), (0.62, 0.70, 0.98), (0.98, 0.96, 0.92))
            return [swarm(rng, kind, 2, size=0.0115, depth=0.9, colour=times(c, lit)) for c in tints]
        case _:
            return [swarm(rng, kind, 34, size=0.0028, depth=1.0, colour=mix(world.light.sun_colour, world.light.haze, 0.3))]


def _flakes(rng: np.random.Generator, world: World) -> list[Swarm]:
    """Snow in four depths: a far drizzle of dots, a few large soft flakes right before the lens."""
    falls = world.weather is Weather.snow
    white = mix((0.97, 0.98, 1.0), world.light.key, 0.30)
    slant = 0.5 if falls else 0.1
    depths = ((170, 0.0018, 0.35), (110, 0.0032, 0.75), (46, 0.0056, 1.2), (12, 0.0125, 1.9))
    share = 1.0 if falls else 0.45
    return [replace(swarm(rng, Kind.snow, max(4, round(share * n)), size=s, depth=d, colour=white), slant=slant) for n, s, d in depths]


def _drops(rng: np.random.Generator, world: World) -> list[Swarm]:
    """Rain in three depths, all blown the same way; a storm has more of it, and blows harder."""
    storm = world.weather is Weather.storm
    slant = _STORM_SLANT if storm else _RAIN_SLANT
    grey = mix((0.82, 0.88, 0.95), world.light.haze, 0.30)
    depths = ((190, 0.0010, 0.5), (110, 0.0014, 1.0), (26, 0.0023, 1.7))
    share = 1.35 if storm else 1.0
    return [replace(swarm(rng, Kind.rain, round(share * n), size=s, depth=d, colour=grey), slant=slant) for n, s, d in depths]


def _halo(lamp: Lamp) -> Picture:
    side = even(2 * lamp.radius)
    axis = (np.arange(side, dtype=np.float32) - (side - 1) / 2) / (side / 2)
    far = np.clip(1 - np.sqrt(axis[None, :] ** 2 + axis[:, None] ** 2), 0, 1)
    mask = as_bytes((255 * far**2.2).astype(np.uint8))
    return picture_of(as_bytes(cv2.merge([cv2.convertScaleAbs(mask, alpha=float(c)) for c in lamp.colour])), mask)


def _breathe(frame: Frame, lamp: Lamp, halo: Picture, *, geometry: Geometry, view: View, t: float) -> None:
    """Light around a lamp, never quite still."""
    zoom = 1 / (1 - view.push * lamp.depth)
    shift = (view.track * lamp.depth + view.pan) * geometry.width
    middle = geometry.width / 2
    x = (lamp.x - geometry.left - shift + lamp.radius) % geometry.period - lamp.radius
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
    rest = cv2.convertScaleAbs(keep, alpha=strength, beta=255 * (1 - strength))
    lay(target, as_bytes(cv2.convertScaleAbs(light, alpha=strength)), as_bytes(rest))


def _bank(world: World, depth: float, *, strength: float) -> Layer:
    """Fog in drifting banks, thickest where the ground is far; nearer ones are thinner and lie lower."""
    g = world.geometry
    canvas = stretch(g)
    shape = cloudy(world.rng, (g.period, g.rows), cells=(4, 7), octaves=3)
    rows = (np.arange(g.rows, dtype=np.float32) - g.margin) / g.height
    band = np.exp(-(((rows - (0.46 + 0.26 * depth)) / 0.27) ** 2))[:, None]
    mask = np.clip(0.22 + 0.95 * shape, 0, 1) * band * strength
    stamp(canvas, mask.astype(np.uint8), (0, 0), mix(world.light.haze, (0.9, 0.92, 0.94), 0.35 if world.light.stars < 0.1 else 0.1))
    return layer_of(canvas, depth, drift=(0.012 + 0.024 * depth) * g.width)


def _roll(frame: Frame, bank: Layer, *, geometry: Geometry, view: View, t: float) -> None:
    shift = (bank.depth * view.track + view.pan) * geometry.width + bank.drift * t
    draw(frame, bank, Window(geometry.left + shift, geometry.margin + view.tilt * geometry.height, 1.0), below=geometry.height)


def _strike(life: Life, t: float) -> tuple[float, int]:
    """How bright lightning is now in 0..1, and which one it is: two quick flashes, then seconds of dark."""
    first, period = 1.2 + (life.seed % 5) * 0.15, 5.6 + (life.seed % 7) * 0.25
    number = math.floor((t - first) / period)
    start = first + number * period
    if number < 0 or any(start - _CALM < join < start + 2 * _CALM for join in life.joins):
        return 0.0, number
    since = t - start
    return math.exp(-7 * since) + 0.75 * math.exp(-60 * (since - 0.21) ** 2), number


def flash(frame: Frame, life: Life, t: float) -> None:
    """The light of lightning on everything, soft."""
    light, _ = _strike(life, t)
    if light > 0.03:
        np.copyto(frame.y, cv2.convertScaleAbs(frame.y, alpha=1 + 0.38 * light, beta=8 * light))
        np.minimum(frame.y, 235, out=frame.y)


def _bolt(frame: Frame, life: Life, t: float) -> None:
    """The lightning itself, far off behind the land: a broken line with branches."""
    light, number = _strike(life, t)
    if light < 0.25:
        return
    rng = np.random.default_rng([life.seed, number])
    height, width = frame.y.shape
    foot, steps = 0.62 * height, 26
    start = np.array([width * rng.uniform(0.12, 0.88), -2.0])
    line = start + np.stack([np.cumsum(rng.normal(0, 0.009 * width, steps)), np.linspace(0, foot, steps)], axis=1)
    lines = [line]
    for root in rng.integers(4, steps - 7, 4):
        aside = np.cumsum(rng.normal(rng.choice((-0.008, 0.008)) * width, 0.007 * width, 8))
        lines.append(line[root] + np.stack([aside - aside[0], np.linspace(0, rng.uniform(0.07, 0.16) * height, 8)], axis=1))
    for branch, path in enumerate(lines):
        ints = [np.round(path * 16).astype(np.int32)]
        for wide, luma in ((3.4, 0.30), (1.4, 1.0)):
            thick = max(1, round((0.5 if branch else 1.0) * wide * height / 720))
            bright = int(70 + 165 * min(1.0, light) * luma * (0.7 if branch else 1.0))
            cv2.polylines(frame.y, ints, False, bright, thick, cv2.LINE_AA, 4)
