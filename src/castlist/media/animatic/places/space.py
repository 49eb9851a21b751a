"""Space: stars, a nebula and a planet over a cratered ground, with a station, boulders and drifting rocks."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from castlist.media.animatic.canvas import Canvas, dots, fill, glow, soften, stamp, stretch, stroke, texture, wash
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.noise import cloudy
from castlist.media.animatic.palette import Light, mix
from castlist.media.animatic.places.brush import Face, Spot, ball, box, oval, put, rounded, shine, soft
from castlist.media.animatic.places.world import Lamp, Painted, World, lying, specks
from castlist.media.animatic.planes import Colour
from castlist.media.animatic.words import Hour

_DUSTS: tuple[Colour, ...] = ((0.70, 0.68, 0.78), (0.78, 0.66, 0.60), (0.62, 0.70, 0.80), (0.76, 0.62, 0.72))
_CLOUDS: tuple[tuple[Colour, Colour, Colour], ...] = (
    ((0.62, 0.22, 0.66), (0.16, 0.38, 0.78), (0.98, 0.48, 0.54)),
    ((0.10, 0.50, 0.60), (0.24, 0.24, 0.72), (0.56, 0.90, 0.76)),
    ((0.72, 0.26, 0.36), (0.36, 0.20, 0.62), (1.00, 0.66, 0.36)),
)
_GIANTS: tuple[tuple[Colour, Colour, Colour], ...] = (
    ((0.98, 0.80, 0.58), (0.80, 0.48, 0.40), (1.00, 0.92, 0.78)),
    ((0.62, 0.84, 0.88), (0.28, 0.48, 0.70), (0.86, 0.96, 0.94)),
    ((0.90, 0.66, 0.86), (0.54, 0.36, 0.70), (1.00, 0.86, 0.90)),
)
_GLEAMS: tuple[Colour, ...] = ((0.42, 0.92, 1.0), (0.74, 0.52, 1.0), (0.48, 1.0, 0.72))


def paint(world: World) -> Painted:
    rng = world.rng
    world = replace(world, light=_bare_light(world))
    side = -1.0 if rng.random() < 0.5 else 1.0
    dust = _DUSTS[int(rng.integers(4))]
    lamps: list[Lamp] = []
    crystals = _crystals(world, 0.52, lamps)
    behind = (
        _heaven(world),
        _nebula(world),
        _planets(world, side),
        _adrift(world, 0.10, count=9, size=0.018, high=(0.08, 0.62), drift=0.0035),
        _rims(world, 0.12, dust, height=0.13, gain=0.62),
        _rims(world, 0.24, dust, height=0.07, gain=0.80),
        _ground(world, dust, lamps),
        *_craters(world, dust),
        crystals,
        _station(world, -side, lamps),
        _boulders(world, 0.62, dust, count=7, size=0.045, clearing=0.16),
        _adrift(world, 0.55, count=4, size=0.040, high=(0.06, 0.34), drift=-0.005),
    )
    return Painted(behind, (_boulders(world, 1.5, dust, count=4, size=0.13, clearing=0.30),), tuple(lamps), light=_cast_light(world.light))


def _bare_light(world: World) -> Light:
    """No air, no haze; by night the planet alone lights the ground."""
    night = world.hour is Hour.night
    key = (0.44, 0.46, 0.62) if night else mix(world.light.key, (1.0, 0.97, 0.92), 0.6)
    sun = (0.30, 0.25) if world.light.sun[0] >= 0 else (-0.30, 0.25)
    return replace(world.light, key=key, air=0.0, sun=sun, sun_size=0.05, rim=(0.72, 0.82, 1.0) if night else (1.0, 0.98, 0.92))


def _cast_light(light: Light) -> Light:
    return replace(light, key=mix(light.key, (0.86, 0.88, 1.0), 0.45 * light.lamps), shadow=min(0.6, light.shadow + 0.14))


def _heaven(world: World) -> Layer:
    """The black sky, a little brighter where the galaxy lies across it."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    t = np.linspace(0, 1, g.rows, dtype=np.float32)[:, None]
    top, low = ((0.012, 0.014, 0.055), (0.075, 0.055, 0.190)) if world.light.lamps > 0.6 else ((0.05, 0.05, 0.13), (0.24, 0.17, 0.38))
    column = np.array(top, np.float32) * (1 - t) + np.array(low, np.float32) * t
    grain = rng.random((g.rows, 1, 1), dtype=np.float32)
    wash(canvas, np.clip(column[:, None, :] * 255 + grain, 0, 255).astype(np.uint8), (0, g.rows))
    for count, unit, colour in ((620, 1.0, (0.92, 0.92, 1.0)), (130, 1.6, (0.80, 0.88, 1.0)), (34, 2.6, (1.0, 0.92, 0.80))):
        specks(canvas, rng, count=count, unit=unit * g.unit, low=g.base(0), colour=colour)
    for _ in range(4):
        x, y, r = float(rng.uniform(0, g.period)), g.margin + g.horizon * float(rng.uniform(0.05, 0.75)), 0.014 * g.unit
        glow(canvas, (x, y), 1.3 * r, (0.80, 0.88, 1.0), 0.5)
        for dx, dy in ((r, 0.0), (0.0, r)):
            ray = [(x - dx, y - dy), (x - 0.03 * dy, y - 0.03 * dx), (x + dx, y + dy), (x + 0.03 * dy, y + 0.03 * dx)]
            fill(canvas, ray, (0.92, 0.95, 1.0))
    return layer_of(canvas, 0.01)


def _nebula(world: World) -> Layer:
    """Clouds of three colours along a leaning band, with dark lanes in them."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    height = int(g.base(0))
    rows = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    columns = np.linspace(0, 2 * np.pi, g.period, dtype=np.float32)[None, :]
    lean = 0.34 * np.sin(columns + np.float32(rng.uniform(0, 6.28)))
    lane = cloudy(rng, (g.period, height), cells=(6, 5), octaves=5)
    for colour, offset, wide in zip(_CLOUDS[int(rng.integers(3))], (-0.12, 0.22, 0.04), (0.62, 0.50, 0.26), strict=True):
        cloud = cloudy(rng, (g.period, height), cells=(4, 4), octaves=6)
        band = np.exp(-(((rows - lean - np.float32(offset)) / np.float32(wide)) ** 2))
        mask = np.clip(cloud * 1.25 - 0.46, 0, 1) * band * (1 - 0.62 * np.clip((lane - 0.5) * 4, 0, 1))
        stamp(canvas, (mask * 330).clip(0, 185).astype(np.uint8), (0, 0), colour)
    return layer_of(canvas, 0.02, drift=0.0012 * g.width)


def _planets(world: World, side: float) -> Layer:
    """A ringed giant high on one side and a small moon on the other; or a blue world that rises, with its moon."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    sun = (0.85 if world.light.sun[0] > 0 else -0.85, -0.5)
    other = (world.x(0.5 - side * 0.27), g.margin + g.horizon * float(rng.uniform(0.16, 0.28)))
    if rng.random() < 0.6:
        centre, r = (world.x(0.5 + side * 0.27), g.margin + 0.34 * g.horizon), 0.130 * g.unit * float(rng.uniform(0.9, 1.15))
        colours = _GIANTS[int(rng.integers(3))]
        glow(canvas, centre, 2.4 * r, colours[0], 0.16)
        tilt = -side * float(rng.uniform(0.18, 0.34))
        _ring(canvas, (*centre, r), colours[2], tilt=tilt, sun=sun, before=False)
        ball(canvas, centre, r, _bands(rng, colours, tilt), sun=sun, dark=(0.05, 0.03, 0.09))
        _ring(canvas, (*centre, r), colours[2], tilt=tilt, sun=sun, before=True)
    else:
        centre, r = (world.x(0.5 + side * 0.22), g.base(0) - 0.13 * g.unit), 0.25 * g.unit
        glow(canvas, centre, 1.6 * r, (0.36, 0.62, 1.0), 0.42)
        ball(canvas, centre, 1.03 * r, (0.56, 0.80, 1.0), sun=sun, dark=(0.04, 0.06, 0.16))
        ball(canvas, centre, r, _continents(rng), sun=sun, dark=(0.02, 0.03, 0.10))
    grey = np.repeat((0.55 + 0.4 * cloudy(rng, (96, 96), cells=(6, 6), octaves=3))[..., None], 3, axis=2).astype(np.float32)
    glow(canvas, other, 0.10 * g.unit, (0.80, 0.84, 1.0), 0.18)
    ball(canvas, other, 0.036 * g.unit, grey * np.array((0.96, 0.95, 1.0), np.float32), sun=sun)
    return layer_of(canvas, 0.035)


def _bands(rng: np.random.Generator, colours: tuple[Colour, Colour, Colour], tilt: float) -> Face:
    """The face of a gas giant: belts that lean with its ring and curl a little."""
    side = 256
    x, y = np.meshgrid(np.linspace(-1, 1, side, dtype=np.float32), np.linspace(-1, 1, side, dtype=np.float32))
    down = y * np.float32(np.cos(tilt)) - x * np.float32(np.sin(tilt))
    down = down + 0.10 * x * x * down + 0.05 * (cloudy(rng, (side, side), cells=(3, 8), octaves=3) - 0.5)
    belts = 0.5 + 0.5 * np.sin(down * np.float32(rng.uniform(8, 11)) + np.float32(rng.uniform(0, 6)))
    fine = 0.5 + 0.5 * np.sin(down * np.float32(rng.uniform(20, 27)))
    first, second, third = (np.array(colour, np.float32) for colour in colours)
    face = first + (second - first) * (belts**1.5)[..., None]
    return np.asarray(face + (third - face) * (0.34 * fine)[..., None], np.float32)


def _continents(rng: np.random.Generator) -> Face:
    """The face of a blue world: seas, land, and weather over both."""
    side = 320
    height = cloudy(rng, (side, side), cells=(3, 3), octaves=6)
    weather = cloudy(rng, (side, side), cells=(4, 7), octaves=5)
    sea, shore, land = (np.array(c, np.float32) for c in ((0.08, 0.30, 0.62), (0.16, 0.56, 0.70), (0.46, 0.54, 0.32)))
    face = sea + (shore - sea) * np.clip((height - 0.50) * 9, 0, 1)[..., None]
    face = face + (land - face) * np.clip((height - 0.585) * 24, 0, 1)[..., None]
    white = np.clip((weather - 0.52) * 4.5, 0, 0.92)[..., None]
    return np.asarray(face + (1.0 - face) * white, np.float32)


def _ring(canvas: Canvas, planet: tuple[float, float, float], colour: Colour, *, tilt: float, sun: Spot, before: bool) -> None:
    """Half of a ring around a planet: behind it, or before it; the planet's shadow falls across the far half."""
    x, y, r = planet
    reach = int(2.45 * r)
    dx, dy = np.meshgrid(np.arange(-reach, reach + 1, dtype=np.float32), np.arange(-reach, reach + 1, dtype=np.float32))
    c, s = np.float32(np.cos(tilt)), np.float32(np.sin(tilt))
    along, down = (dx * c + dy * s) / np.float32(r), (-dx * s + dy * c) / np.float32(r)
    far = np.sqrt(along**2 + (down / 0.26) ** 2)
    wave = 0.5 + 0.5 * np.sin(far * 21.0) * np.sin(far * 47.0 + 1.0)
    band = np.clip((far - 1.38) * 14, 0, 1) * np.clip((2.28 - far) * 14, 0, 1)
    gap = 1 - 0.85 * np.exp(-(((far - 1.86) / 0.035) ** 2))
    cover = band * gap * (0.34 + 0.52 * wave) * (down >= 0 if before else down < 0)
    shadow = (along * np.float32(sun[0]) < 0) & (np.abs(along * 0.5 - np.sign(sun[0]) * down * 2.2) < 0.9) & (not before)
    tone = np.array(colour, np.float32) * (0.62 + 0.38 * wave)[..., None] * np.where(shadow, 0.35, 1.0)[..., None]
    put(canvas, (tone * 255).astype(np.float32), cover.astype(np.float32), (int(x) - reach, int(y) - reach))


def _rims(world: World, depth: float, dust: Colour, *, height: float, gain: float) -> Layer:
    """Crater rims on the horizon: worn mountains with a lit and a dark side."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    foot = g.base(depth) + 0.02 * g.unit
    way = 1.0 if world.light.sun[0] > 0 else -1.0
    for x in (np.arange(11) + rng.uniform(-0.4, 0.4, 11)) * g.period / 11:
        high, wide = height * g.unit * float(rng.uniform(0.35, 1.0)), g.unit * float(rng.uniform(0.14, 0.30))
        t = np.linspace(-1, 1, 17)
        line = foot - high * np.clip(1 - np.abs(t) ** 1.3, 0, 1) * (1 + 0.10 * rng.standard_normal(17))
        line[[0, -1]] = foot
        hill = np.stack([x + t * wide, line], axis=1)
        fill(canvas, hill, world.lit(dust, 1.0, gain * 0.58), world.lit(dust, 1.0, gain * 0.74))
        peak = int(np.argmin(line))
        lit = hill[peak:] if way > 0 else hill[: peak + 1]
        spine = [hill[peak] + (0.0, 0.45 * high), hill[peak] + (-way * 0.10 * wide, 0.9 * high)]
        face = np.concatenate([lit, np.array(spine[::-1])]) if way > 0 else np.concatenate([lit, np.array(spine)])
        fill(canvas, face, world.lit(dust, 1.0, gain * 1.05), world.lit(dust, 1.0, gain * 0.80))
    box(canvas, (-2, foot - 0.012 * g.unit, g.period + 4, 0.03 * g.unit), world.lit(dust, 1.0, gain * 0.80))
    return layer_of(canvas, depth)


def _ground(world: World, dust: Colour, lamps: list[Lamp]) -> Layer:
    """Dust, dark towards the horizon and bright where the cast stands."""
    g = world.geometry
    canvas = stretch(g)
    top = g.margin + g.horizon
    depth = (np.arange(top, g.rows, dtype=np.float32) - top) / np.float32(g.feet - g.horizon)
    gain = 0.66 + 0.34 * np.clip(depth / 0.8, 0, 1) - 0.30 * np.clip(depth - 1.0, 0, 1)
    colours = np.array(world.lit(dust, 1.0), np.float32)[None, :] * gain[:, None]
    wash(canvas, np.clip(colours * 255, 0, 255).astype(np.uint8)[:, None, :], (top, g.rows))
    texture(canvas, lying(world, cells=(12, 16)), 0.20, (top, g.rows))
    texture(canvas, lying(world, cells=(60, 70)), 0.16, (top, g.rows))
    shine(canvas, (g.period / 2, g.base(0.95)), (0.46 * g.width, 0.15 * g.height), world.light.rim, 0.15)
    for lamp in lamps:
        shine(canvas, (lamp.x, g.base(lamp.depth)), (0.20 * g.unit, 0.055 * g.unit), lamp.colour, 0.6)
    return layer_of(canvas, 1.0, ground=True)


def _craters(world: World, dust: Colour) -> Iterator[Layer]:
    """Craters far and near. On the ground's own picture, which leans as the camera travels, they would lean along."""
    g, rng = world.geometry, world.rng
    order = np.sort(rng.uniform(0.16, 1.45, 26) ** 1.2)
    for band in np.array_split(order, 4):
        canvas = stretch(g)
        for place in map(float, band):
            x, size = float(rng.uniform(0, g.period)), float(rng.uniform(0.03, 0.10))
            if not (0.75 < place < 1.15 and abs(x - g.period / 2) < 0.13 * g.width):
                _crater(world, canvas, (x, g.base(place), size * g.unit * place), dust)
        yield layer_of(canvas, float(np.mean(band)))


def _crystals(world: World, depth: float, lamps: list[Lamp]) -> Layer:
    """Clusters of crystal that glow from within when it is dark."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    tone = _GLEAMS[int(rng.integers(3))]
    u, lit = g.unit, 0.25 + 0.75 * world.light.lamps
    for across in (float(rng.uniform(0.05, 0.16)), float(rng.uniform(0.72, 0.92)), float(rng.uniform(1.08, 1.2))):
        x, foot = world.x(across), g.base(depth * float(rng.uniform(0.9, 1.2)))
        soft(canvas, oval((x, foot), (0.055 * u, 0.010 * u)), (0.02, 0.02, 0.05), blur=0.006 * u, strength=0.5)
        for lean in rng.permutation(np.linspace(-0.55, 0.55, 5)):
            tall, wide = u * float(rng.uniform(0.045, 0.105)) * (1 - 0.5 * abs(float(lean))), 0.011 * u
            root, tip = (x + float(lean) * 0.05 * u, foot), (x + float(lean) * (0.05 * u + tall), foot - tall)
            side = (root[0] * 0.25 + tip[0] * 0.75, root[1] * 0.25 + tip[1] * 0.75)
            bright = mix(world.lit(tone, 1.0), mix(tone, (1.0, 1.0, 1.0), 0.35), lit)
            dim = mix(world.lit(tone, 1.0, 0.5), tone, 0.7 * lit)
            fill(canvas, [(root[0] - wide, root[1]), (side[0] - wide, side[1]), tip, root], bright, dim)
            fill(canvas, [(root[0] + wide, root[1]), (side[0] + wide, side[1]), tip, root], dim, world.lit(tone, 1.0, 0.6))
        if world.light.lamps > 0.3:
            lamps.append(Lamp(x, foot - 0.04 * u, depth, 0.15 * u, tone, 0.9))
    return layer_of(canvas, depth)


def _crater(world: World, canvas: Canvas, spot: tuple[float, float, float], dust: Colour) -> None:
    """A bowl seen from the side: a bright rim, shade under the edge towards the sun, light on the other one."""
    x, y, r = spot
    way = 1.0 if world.light.sun[0] > 0 else -1.0
    tall = 0.30 * r
    soft(canvas, oval((x, y), (1.25 * r, 1.25 * tall)), world.lit(dust, 1.0, 1.06), blur=max(0.7, 0.07 * r), strength=0.55)
    fill(canvas, oval((x, y), (r, tall)), world.lit(dust, 1.0, 0.46), world.lit(dust, 1.0, 0.66))
    fill(
        canvas, oval((x - way * 0.16 * r, y + 0.20 * tall), (0.80 * r, 0.76 * tall)), world.lit(dust, 1.0, 0.64), world.lit(dust, 1.0, 0.86)
    )
    edge = oval((x, y), (r, tall), span=(0.15, np.pi - 0.15), count=24)
    stroke(canvas, edge, max(0.8, 0.06 * tall + 0.3), world.lit(dust, 1.0, 1.24))


def _station(world: World, side: float, lamps: list[Lamp]) -> Layer:
    """A small station: a dome with lit windows, a tunnel, a mast with a dish."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    depth, u = 0.34, g.unit
    x, foot, r = world.x(0.5 + side * float(rng.uniform(0.27, 0.36))), g.base(depth), 0.105 * u
    white: Colour = (0.88, 0.90, 0.94)
    soft(canvas, oval((x, foot), (2.1 * r, 0.12 * r)), (0.02, 0.02, 0.05), blur=0.05 * r, strength=0.6)
    for middle, size in ((x - 1.30 * r, 0.56), (x, 1.0)):
        shell = np.concatenate([oval((middle, foot), (size * r, size * r * 0.92), span=(np.pi, 2 * np.pi)), [[middle + size * r, foot]]])
        fill(canvas, shell, world.lit(white, 1.0, 1.05), world.lit(white, 1.0, 0.60))
        for rib in (-0.45, 0.0, 0.45):
            line = np.array(
                [
                    [middle + rib * size * r, foot],
                    [middle + rib * 0.8 * size * r, foot - 0.62 * size * r],
                    [middle + rib * 0.3 * size * r, foot - 0.90 * size * r],
                ]
            )
            stroke(canvas, line, max(0.8, 0.016 * r), world.lit(white, 1.0, 0.62))
        box(canvas, (middle - 1.04 * size * r, foot - 0.07 * r, 2.08 * size * r, 0.10 * r), world.lit(white, 1.0, 0.66))
    glass = mix((0.16, 0.24, 0.34), (1.0, 0.84, 0.54), 0.35 + 0.65 * world.light.lamps)
    for pane in (-0.56, -0.22, 0.12, 0.46):
        fill(canvas, oval((x + (pane + 0.05) * r, foot - 0.40 * r), (0.11 * r, 0.13 * r)), glass, mix(glass, (0.5, 0.3, 0.2), 0.2))
    fill(canvas, oval((x - 1.30 * r, foot - 0.22 * r), (0.13 * r, 0.20 * r)), glass)
    mast = x + side * 1.35 * r
    stroke(canvas, [(mast, foot), (mast, foot - 1.7 * r)], max(1.0, 0.035 * r), world.lit(white, 1.0, 0.7))
    dish = oval((mast, foot - 1.7 * r), (0.34 * r, 0.12 * r), turn=-side * 0.6, span=(0, np.pi))
    fill(canvas, dish, world.lit(white, 1.0, 1.0), world.lit(white, 1.0, 0.7))
    dots(canvas, np.array([[mast, foot - 1.92 * r]]), np.array([0.035 * r]), (1.0, 0.36, 0.32))
    if world.light.lamps > 0.3:
        shine(canvas, (x, foot - 0.35 * r), (1.5 * r, 0.9 * r), (1.0, 0.82, 0.52), 0.22)
        lamps.append(Lamp(x, foot - 0.36 * r, depth, 2.4 * r, (1.0, 0.80, 0.50), 0.6))
        lamps.append(Lamp(mast, foot - 1.92 * r, depth, 0.7 * r, (1.0, 0.30, 0.28), 3.0))
    return layer_of(canvas, depth)


def _boulder(world: World, canvas: Canvas, spot: tuple[float, float, float], colours: tuple[Colour, Colour, Colour]) -> None:
    """A rock with facets: bright towards the sun, dark away from it."""
    rng = world.rng
    x, y, r = spot
    way = 1.0 if world.light.sun[0] > 0 else -1.0
    t = np.linspace(0, 2 * np.pi, 12, endpoint=False) + rng.uniform(-0.14, 0.14, 12)
    far = r * rng.uniform(0.80, 1.08, 12)
    shape = np.stack([x + np.cos(t) * far, y + np.sin(t) * far * 0.82], axis=1)
    fill(canvas, rounded(shape, times=1), colours[1], colours[2])
    facing = np.flatnonzero((np.cos(t) * way > -0.30) & (np.sin(t) < 0.55))
    gap = int(np.argmax(np.diff(np.concatenate([facing, [facing[0] + len(t)]])))) + 1
    lit = shape[np.roll(facing, -gap)] * 0.96 + np.array([x, y]) * 0.04
    inner = [(x - way * 0.16 * r, y + 0.28 * r), (x - way * 0.22 * r, y - 0.10 * r)]
    fill(
        canvas,
        rounded(np.concatenate([lit, np.array(inner if way < 0 else inner[::-1])[::-1]]), times=1),
        colours[0],
        mix(colours[0], colours[1], 0.7),
    )
    for _ in range(2):
        pit = (x + float(rng.uniform(-0.4, 0.4)) * r, y + float(rng.uniform(-0.35, 0.3)) * r)
        fill(canvas, oval(pit, (0.16 * r, 0.11 * r)), mix(colours[1], colours[2], 0.8))


def _boulders(world: World, depth: float, dust: Colour, *, count: int, size: float, clearing: float) -> Layer:
    """Boulders that lie on the ground; near the lens they are dark."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    near = depth > 1
    gain = 0.50 if near else 1.0
    colours = (world.lit(dust, 1.0, 1.12 * gain), world.lit(dust, 1.0, 0.66 * gain), world.lit(dust, 1.0, 0.40 * gain))
    for x in (np.arange(count) + rng.uniform(-0.3, 0.3, count)) * g.period / count + 0.5 * g.period / count:
        away = abs((float(x) % g.period) - g.period / 2)
        if away < clearing * g.width:
            continue
        r = size * g.unit * float(rng.uniform(0.55, 1.15))
        foot = g.margin + 1.05 * g.height if near else g.base(depth * float(rng.uniform(0.9, 1.1)))
        if not near:
            soft(
                canvas,
                oval((float(x) - np.sign(world.light.sun[0]) * 0.5 * r, foot), (1.3 * r, 0.16 * r)),
                (0.02, 0.02, 0.05),
                blur=0.1 * r,
                strength=0.6,
            )
        _boulder(world, canvas, (float(x), foot - 0.45 * r, r), colours)
    return layer_of(canvas, depth)


def _adrift(world: World, depth: float, *, count: int, size: float, high: tuple[float, float], drift: float) -> Layer:
    """Rocks that drift across the sky."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    stone: Colour = (0.62, 0.56, 0.56)
    gain = 0.6 + 0.5 * depth
    colours = (world.lit(stone, 1.0, 1.15 * gain), world.lit(stone, 1.0, 0.52 * gain), world.lit(stone, 1.0, 0.26 * gain))
    for x in (np.arange(count) + rng.uniform(-0.4, 0.4, count)) * g.period / count:
        r = size * g.unit * float(rng.uniform(0.4, 1.1))
        _boulder(world, canvas, (float(x), g.margin + g.horizon * float(rng.uniform(*high)), r), colours)
    if depth < 0.3:
        soften(canvas, 0.0012 * g.unit)
    return layer_of(canvas, depth, drift=drift * g.width, bob=0.003 * g.unit, pace=0.5)
