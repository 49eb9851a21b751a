"""A room: a window with the hour and the weather in it, a hearth, books, a lamp, floorboards and a rug."""

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np

from castlist.media.animatic.canvas import Canvas, Points, dots, fill, fill_all, stretch, stroke, texture, wash
from castlist.media.animatic.layer import Layer, layer_of
from castlist.media.animatic.noise import cloudy, ridge
from castlist.media.animatic.palette import Light, mix
from castlist.media.animatic.places.brush import Spot, box, corners, light, oval, rounded, shine, soft
from castlist.media.animatic.places.furniture import WARM, WOOD, armchair, flames, hearth, lamp, picture, plant, shelf
from castlist.media.animatic.places.world import Lamp, Painted, World, clouds, sky
from castlist.media.animatic.planes import Colour, as_bytes
from castlist.media.animatic.words import Weather

_PAINTS: tuple[Colour, ...] = ((0.88, 0.74, 0.58), (0.56, 0.70, 0.66), (0.84, 0.64, 0.58), (0.60, 0.66, 0.78), (0.80, 0.78, 0.62))
_CLOTHS: tuple[Colour, ...] = ((0.74, 0.34, 0.30), (0.86, 0.66, 0.36), (0.34, 0.48, 0.56), (0.50, 0.56, 0.40))
_FIRE: Colour = (1.0, 0.56, 0.22)


def paint(world: World) -> Painted:
    rng = world.rng
    left = bool(rng.random() < 0.5)
    room = replace(world, light=_room_light(world.light))
    side = 1.0 if left else -1.0
    window, fire, stand = 0.5 - 0.285 * side, 0.5 + 0.285 * side, 0.5 + 0.10 * side
    burning = max(world.light.lamps, 0.6 if world.weather in (Weather.snow, Weather.rain, Weather.storm) else 0.0)
    u = min(world.geometry.unit, 0.95 * world.geometry.width)
    lamps: list[Lamp] = []
    wall, furniture = _wall(room, window, fire, u), _furniture(room, (window, fire, stand), lamps, burning=burning)
    behind = (
        sky(world),
        clouds(world, amount=0.4),
        _outside(world),
        wall,
        _floor(room, (window, fire, stand), u, burning=burning),
        furniture,
        *(_flames(room, fire, u) if burning > 0.2 else ()),
        _chairs(room, window, u),
    )
    return Painted(behind, (_front(room, window),), tuple(lamps), light=_cast_light(room.light, stand=stand))


def _room_light(light: Light) -> Light:
    """Indoors the air is clear, and where the lamps are lit they make the light."""
    key = mix(mix(light.key, (0.96, 0.94, 0.90), 0.5), (0.80, 0.58, 0.40), 0.88 * light.lamps)
    return replace(light, key=key, air=0.0)


def _cast_light(room: Light, *, stand: float) -> Light:
    """What falls on the cast: the window's light by day, the lamp's by night."""
    lamps = room.lamps
    key = mix(room.key, (1.0, 0.82, 0.62), 0.75 * lamps)
    across = (stand - 0.5) if lamps > 0.5 else 0.6 * (0.5 - stand)
    return replace(room, key=key, rim=mix(room.rim, WARM, lamps), sun=(across, 0.3), sun_size=max(room.sun_size, 0.01))


def _outside(world: World) -> Layer:
    """The garden behind the window: hills, a tree line, and what the weather left on them."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    white = world.weather is Weather.snow
    columns = np.arange(g.period, dtype=np.float64)
    for low, depth, colour in ((0.16, 0.25, (0.44, 0.58, 0.42)), (0.08, 0.5, (0.36, 0.52, 0.32))):
        crest = g.base(0) - (low + 0.07 * ridge(rng, g.period, waves=4)) * g.unit
        points = np.concatenate([np.stack([columns, crest], axis=1), [[g.period, g.rows], [0, g.rows]]])
        tone = mix(colour, (0.92, 0.95, 1.0), 0.85) if white else colour
        fill(canvas, points, world.lit(tone, depth), world.lit(tone, depth, 0.8))
        for x in rng.uniform(0, g.period, 16):
            tall = g.unit * float(rng.uniform(0.05, 0.11))
            row = float(crest[int(x)]) + 0.01 * g.unit
            leaf = mix(colour, (0.9, 0.94, 1.0), 0.6) if white else mix(colour, (0.16, 0.30, 0.20), 0.5)
            fill(
                canvas,
                oval((float(x), row - 0.5 * tall), (0.3 * tall, 0.55 * tall)),
                world.lit(leaf, depth, 1.05),
                world.lit(leaf, depth, 0.75),
            )
    return layer_of(canvas, 0.08)


def _wall(world: World, window: float, fire: float, u: float) -> Layer:
    """The back wall, whole but for the panes of its window."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    tint = _PAINTS[int(rng.integers(len(_PAINTS)))]
    foot = int(g.base(0.24))
    t = np.linspace(0, 1, foot, dtype=np.float32)
    colours = np.array([mix(world.lit(tint, 1.0, 0.76), world.lit(tint, 1.0, 0.98), float(s)) for s in t], np.float32)
    wash(canvas, np.clip(colours * 255, 0, 255).astype(np.uint8)[:, None, :], (0, foot))
    _pattern(world, canvas, tint, foot)
    _panels(world, canvas, tint, foot)
    for across in (0.44, 0.545, 1.18):
        size = u * float(rng.uniform(0.085, 0.12))
        wide = size * float(rng.uniform(0.8, 1.3))
        picture(world, canvas, (world.x(across) - wide / 2, g.margin + g.horizon * float(rng.uniform(0.20, 0.34)), wide, size))
    if world.light.lamps > 0.2:
        shine(canvas, (world.x(0.5 + 0.36 * (fire - 0.5)), g.base(0.24) - 0.40 * u), (0.62 * u, 0.56 * u), WARM, 0.30 * world.light.lamps)
    _breast(world, canvas, fire, u)
    _beam(world, canvas, window, u)
    _pane(world, canvas, (world.x(window), g.margin + 0.20 * g.horizon, 0.44 * u, 0.60 * g.horizon))
    return layer_of(canvas, 0.24)


def _breast(world: World, canvas: Canvas, fire: float, u: float) -> None:
    """The chimney above the hearth."""
    x, foot, stone = world.x(fire), world.geometry.base(0.24), (0.74, 0.68, 0.62)
    soft(canvas, corners((x - 0.18 * u, 0, 0.375 * u, foot)), (0.10, 0.06, 0.06), blur=0.012 * u, strength=0.25)
    box(canvas, (x - 0.18 * u, 0, 0.36 * u, foot), world.lit(stone, 1.0, 0.86), world.lit(stone, 1.0, 0.80))


def _pattern(world: World, canvas: Canvas, tint: Colour, foot: int) -> None:
    g, rng = world.geometry, world.rng
    tone = world.lit(tint, 1.0, 0.90)
    count = 26
    match int(rng.integers(3)):
        case 0:
            fill_all(canvas, [corners((n * g.period / count, 0, 0.016 * g.unit, foot)) for n in range(count)], tone)
        case 1:
            spots = [
                (((n + 0.5 * (row % 2)) * g.period / count), row * 0.052 * g.unit)
                for n in range(count)
                for row in range(int(foot / (0.052 * g.unit)))
            ]
            dots(canvas, np.array(spots), np.full(len(spots), 0.0075 * g.unit), tone)
        case _:
            texture(canvas, cloudy(rng, (g.period, foot), cells=(9, 6), octaves=4), 0.07, (0, foot))


def _panels(world: World, canvas: Canvas, tint: Colour, foot: int) -> None:
    """Wooden panels along the wall's foot."""
    g = world.geometry
    trim = mix(tint, (0.96, 0.94, 0.90), 0.70)
    top = foot - 0.135 * g.unit
    box(canvas, (-2, top, g.period + 4, foot - top), world.lit(trim, 1.0, 0.90), world.lit(trim, 1.0, 0.76))
    box(canvas, (-2, top - 0.010 * g.unit, g.period + 4, 0.014 * g.unit), world.lit(trim, 1.0, 1.04), world.lit(trim, 1.0, 0.78))
    step = g.period / 12
    for n in range(12):
        area = (n * step + 0.15 * step, top + 0.026 * g.unit, 0.7 * step, 0.072 * g.unit)
        box(canvas, area, world.lit(trim, 1.0, 0.68))
        box(
            canvas,
            (area[0] + 0.004 * g.unit, area[1] + 0.005 * g.unit, area[2] - 0.004 * g.unit, area[3] - 0.005 * g.unit),
            world.lit(trim, 1.0, 0.86),
        )
    box(canvas, (-2, foot - 0.020 * g.unit, g.period + 4, 0.021 * g.unit), world.lit(trim, 1.0, 0.96), world.lit(trim, 1.0, 0.70))


def _pane(world: World, canvas: Canvas, area: tuple[float, float, float, float]) -> None:
    """The window: its frame, its bars, what lies on its sill and its curtains."""
    g, rng = world.geometry, world.rng
    x, y, w, h = area
    edge = 0.022 * g.unit
    frame, dark = world.lit((0.96, 0.94, 0.90), 1.0), world.lit((0.96, 0.94, 0.90), 1.0, 0.72)
    box(canvas, (x - w / 2 - edge, y - edge, w + 2 * edge, h + 2 * edge), frame, dark)
    _open(canvas, (x - w / 2, y, w, h))
    _glass(world, canvas, (x - w / 2, y, w, h))
    for bar in (-1 / 6, 1 / 6):
        box(canvas, (x + bar * w - edge * 0.25, y, edge * 0.5, h), dark)
    box(canvas, (x - w / 2, y + h * 0.34, w, edge * 0.5), dark)
    sill = y + h + edge * 0.6
    box(canvas, (x - w / 2 - 2 * edge, sill, w + 4 * edge, edge * 1.1), world.lit(WOOD, 1.0, 1.1), world.lit(WOOD, 1.0, 0.7))
    if rng.random() < 0.6:
        _cat(world, canvas, (x + w * float(rng.uniform(-0.25, 0.25)), sill + 0.003 * g.unit))
    box(canvas, (x - w * 0.80, y - 3.2 * edge, w * 1.60, 0.4 * edge), world.lit(WOOD, 1.0, 0.6))
    cloth = _CLOTHS[int(rng.integers(4))]
    for side in (-1, 1):
        _curtain(world, canvas, (x + side * (w / 2 + 0.9 * edge), y - 3 * edge, side * 0.12 * g.unit, h + 9 * edge), cloth)


def _open(canvas: Canvas, area: tuple[float, float, float, float]) -> None:
    x, y, w, h = (round(v) for v in area)
    columns = np.arange(x, x + w) % canvas.width
    canvas.rgb[y : y + h, columns] = 0
    canvas.alpha[y : y + h, columns] = 0


def _glass(world: World, canvas: Canvas, area: tuple[float, float, float, float]) -> None:
    """Rain that runs down the panes, snow in their corners, and a gleam."""
    g, rng = world.geometry, world.rng
    x, y, w, h = area
    pale = mix(world.light.sky[2], (1.0, 1.0, 1.0), 0.4)
    for start, wide in ((0.12, 0.10), (0.26, 0.04)):
        gleam = np.array(
            [[x + start * w, y], [x + (start + wide) * w, y], [x + (start + wide - 0.10) * w, y + h], [x + (start - 0.10) * w, y + h]]
        )
        soft(canvas, np.clip(gleam, (x, y), (x + w, y + h)), pale, blur=1.0, strength=0.08)
    if world.weather in (Weather.rain, Weather.storm):
        for _ in range(46):
            at, top, long = x + w * float(rng.uniform(0.02, 0.98)), y + h * float(rng.uniform(0, 0.9)), h * float(rng.uniform(0.02, 0.10))
            soft(canvas, corners((at, top, max(1.0, 0.003 * g.unit), min(long, y + h - top))), pale, blur=0.6, strength=0.35)
        drops = np.stack([x + w * rng.random(60), y + h * rng.random(60)], axis=1)
        dots(canvas, drops, np.full(60, max(0.5, 0.0018 * g.unit)), pale)
    if world.weather is Weather.snow:
        for column in range(3):
            fill(
                canvas,
                oval((x + (column + 0.5) * w / 3, y + h), (0.17 * w, 0.035 * g.unit), span=(np.pi, 2 * np.pi)),
                world.lit((0.95, 0.97, 1.0), 1.0, 0.9),
            )


def _cat(world: World, canvas: Canvas, spot: Spot) -> None:
    """A cat asleep on the sill."""
    x, y = spot
    u, rng = world.geometry.unit, world.rng
    coat: Colour = ((0.30, 0.28, 0.30), (0.82, 0.54, 0.30), (0.90, 0.86, 0.80))[int(rng.integers(3))]
    way = -1.0 if rng.random() < 0.5 else 1.0
    bright, dark = world.lit(coat, 1.0, 1.05), world.lit(coat, 1.0, 0.68)
    fill(canvas, oval((x, y - 0.022 * u), (0.056 * u, 0.024 * u)), bright, dark)
    head = (x + way * 0.047 * u, y - 0.024 * u)
    fill(canvas, oval(head, (0.022 * u, 0.019 * u)), bright, dark)
    for ear in (-0.012, 0.010):
        fill(
            canvas,
            [
                (head[0] + (ear - 0.007) * u, head[1] - 0.012 * u),
                (head[0] + ear * u, head[1] - 0.030 * u),
                (head[0] + (ear + 0.008) * u, head[1] - 0.012 * u),
            ],
            bright,
        )
    stroke(canvas, oval((x - way * 0.04 * u, y - 0.004 * u), (0.034 * u, 0.012 * u), span=(0.2, 2.6)), 0.009 * u, dark)


def _curtain(world: World, canvas: Canvas, area: tuple[float, float, float, float], cloth: Colour) -> None:
    """Cloth in folds, gathered towards its foot."""
    x, y, w, h = area
    folds = 6
    for fold in range(folds):
        a, b = x + w * (fold / folds - 0.35), x + w * ((fold + 1) / folds - 0.35)
        gain = (1.10, 0.86, 0.98, 0.78, 1.02, 0.84)[fold]
        fill(
            canvas,
            [(a, y), (b, y), (b + 0.10 * w, y + 0.6 * h), (b + 0.16 * w, y + h), (a + 0.16 * w, y + h), (a + 0.10 * w, y + 0.6 * h)],
            world.lit(cloth, 1.0, gain),
            world.lit(cloth, 1.0, gain * 0.76),
        )


def _floor(world: World, spots: tuple[float, float, float], u: float, *, burning: float) -> Layer:
    """Floorboards and a rug, with the light of the window, of the lamp and of the fire on them."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    window, fire, stand = spots
    top = int(g.base(0.24))
    depth = np.clip((np.arange(top, g.rows, dtype=np.float32) - g.base(0)) / (g.feet - g.horizon), 0, 1.6)
    gain = 0.70 + 0.30 * np.clip(depth, 0, 1) - 0.22 * np.clip(depth - 1.0, 0, 1)
    colours = np.array(world.lit(WOOD, 1.0), np.float32)[None, :] * gain[:, None]
    wash(canvas, np.clip(colours * 255, 0, 255).astype(np.uint8)[:, None, :], (top, g.rows))
    edges = np.geomspace(0.24, 1.7, 14)
    for low, high in pairwise(edges):
        y, tall = g.base(float(low)), g.base(float(high)) - g.base(float(low))
        count = int(rng.integers(4, 7))
        for n in range(count):
            x = (n + float(rng.random())) * g.period / count
            board = corners((x, y, g.period / count, tall))
            fill(canvas, board, world.lit(WOOD, 1.0, float(rng.uniform(0.74, 1.0)) * (0.70 + 0.30 * min(1.0, float(low)))))
        seam = max(0.8, 0.005 * g.unit * float(low))
        box(canvas, (-2, y, g.period + 4, seam), world.lit(WOOD, 1.0, 0.50))
    shine(canvas, (g.period / 2, g.base(0.35)), (0.8 * g.width, 0.10 * g.height), world.lit((1.0, 0.96, 0.9), 1.0), 0.10)
    _rug(world, canvas)
    _patch(world, canvas, window, u)
    if world.light.lamps > 0.2:
        shine(canvas, (world.x(stand), g.base(0.55)), (0.60 * u, 0.17 * g.height), WARM, 0.34 * world.light.lamps)
    if burning > 0.2:
        shine(canvas, (world.x(fire), g.base(0.42)), (0.46 * u, 0.16 * g.height), _FIRE, 0.42 * burning)
    return layer_of(canvas, 1.0, ground=True)


def _rug(world: World, canvas: Canvas) -> None:
    g, rng = world.geometry, world.rng
    dark, pale = _CLOTHS[int(rng.integers(4))], (0.92, 0.84, 0.70)
    accent = _CLOTHS[int(rng.integers(4))]
    middle, size = (g.period / 2, g.base(0.93)), (0.58 * min(g.unit, 0.8 * g.width), 0.112 * g.height)
    soft(canvas, oval((middle[0], middle[1] + 0.008 * g.unit), size), (0.10, 0.06, 0.05), blur=0.008 * g.unit, strength=0.4)
    for share, colour in ((1.0, dark), (0.90, pale), (0.85, dark), (0.60, accent), (0.55, pale), (0.50, mix(dark, accent, 0.4))):
        tone = world.lit(colour, 1.0, 0.92)
        fill(canvas, oval(middle, (size[0] * share, size[1] * share), count=90), mix(tone, (0, 0, 0), 0.12), tone)
    ring = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    spots = np.stack([middle[0] + np.cos(ring) * size[0] * 0.725, middle[1] + np.sin(ring) * size[1] * 0.725], axis=1)
    fill_all(canvas, [oval((float(x), float(y)), (0.018 * g.unit, 0.0055 * g.unit), count=10) for x, y in spots], world.lit(pale, 1.0, 0.9))


def _patch(world: World, canvas: Canvas, window: float, u: float) -> None:
    """The window's light on the floor, in the shape of its panes."""
    g = world.geometry
    x, w = world.x(window), 0.44 * u
    aside = (1 if window < 0.5 else -1) * 0.46 * u
    mask = np.zeros((g.rows, g.period * 2), np.uint8)
    rows = np.linspace(g.base(0.55), g.base(1.18), 3)
    for column in range(3):
        for row in range(2):
            top, low = float(rows[row]) + 2, float(rows[row + 1]) - 2
            cell = []
            for y, edge in ((top, 0.03), (top, 0.30), (low, 0.30), (low, 0.03)):
                down = (y - float(rows[0])) / float(rows[2] - rows[0])
                cell.append([x - w / 2 + (column / 3 + edge) * w * (1 + 0.25 * down) + aside * (0.55 + 0.45 * down), y])
            cv2.fillPoly(mask, [np.round(np.array(cell) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    mask = as_bytes(cv2.GaussianBlur(mask, (0, 0), max(1.0, 0.006 * g.unit)))
    whole = cv2.add(mask[:, : g.period], mask[:, g.period :])
    dull = 0.35 if world.weather is not Weather.clear else 1.0
    strength = (0.26 * (1 - world.light.lamps) + 0.08) * dull
    colour = mix(world.light.rim, world.light.sky[2], 0.25)
    top = int(rows[0]) - 8
    light(canvas, (whole[top:].astype(np.float32) / 255 * np.float32(strength)).astype(np.float32), (0, top), colour)


def _furniture(world: World, spots: tuple[float, float, float], lamps: list[Lamp], *, burning: float) -> Layer:
    g = world.geometry
    canvas = stretch(g)
    u, depth = min(g.unit, 0.95 * g.width), 0.32
    window, fire, stand = spots
    foot, away = g.base(depth), 1.0 if fire > 0.5 else -1.0
    hearth(world, canvas, (world.x(fire), foot), u, burning=burning)
    shelf(world, canvas, (world.x(window) - away * 0.50 * u, foot), u)
    shelf(world, canvas, (world.x(fire) + away * 0.52 * u, foot), u)
    bulb = lamp(world, canvas, (world.x(stand) + away * 0.06 * u, foot + 0.02 * u), u)
    plant(world, canvas, (world.x(window) + away * 0.31 * u, foot + 0.03 * u), 0.9 * u)
    if world.light.lamps > 0.2:
        lamps.append(Lamp(*bulb, depth, 0.46 * u, WARM, 0.7))
    if burning > 0.2:
        shine(canvas, (world.x(fire), foot - 0.06 * u), (0.34 * u, 0.30 * u), _FIRE, 0.40 * burning)
        if world.light.lamps > 0.2:
            lamps.append(Lamp(world.x(fire), foot - 0.07 * u, depth, 0.36 * u, _FIRE, 6.5))
    return layer_of(canvas, depth)


def _flames(world: World, fire: float, u: float) -> tuple[Layer, Layer]:
    """Two veils of fire that move against each other."""
    g, rng = world.geometry, world.rng
    layers = []
    for tall, colours, pace in ((0.17, (_FIRE, (1.0, 0.72, 0.30)), 5.1), (0.11, ((1.0, 0.70, 0.28), (1.0, 0.93, 0.62)), 7.7)):
        canvas = stretch(g)
        flames(canvas, (world.x(fire), g.base(0.32) - 0.020 * u), u, rng=rng, tall=tall, colours=colours)
        layers.append(replace(layer_of(canvas, 0.32, bob=0.005 * u, pace=pace), sway=0.006 * u))
    return layers[0], layers[1]


def _chairs(world: World, window: float, u: float) -> Layer:
    """An armchair by the window, clear of the middle."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    away = 1.0 if window < 0.5 else -1.0
    colour = _CLOTHS[int(rng.integers(4))]
    armchair(world, canvas, (world.x(window) - away * 0.17 * u, g.base(0.62)), 0.94 * u, colour)
    return layer_of(canvas, 0.62)


def _beam(world: World, canvas: Canvas, window: float, u: float) -> None:
    """Light in the air between the window and the floor."""
    g = world.geometry
    x, w = world.x(window), 0.40 * u
    aside = (1 if window < 0.5 else -1) * 0.46 * u
    top, low = g.margin + 0.24 * g.horizon, g.base(0.85)
    dull = 0.4 if world.weather is not Weather.clear else 1.0
    strength = (0.17 * (1 - world.light.lamps) + 0.035) * dull
    mask = stretch(g)
    for start, wide in ((-0.5, 0.30), (-0.16, 0.32), (0.20, 0.30)):
        shaft = np.array(
            [[x + start * w, top], [x + (start + wide) * w, top], [x + (start + wide) * w + aside, low], [x + start * w + aside, low]]
        )
        soft(mask, shaft, (1.0, 1.0, 1.0), blur=0.020 * g.unit)
    fade = np.clip((low - np.arange(g.rows, dtype=np.float32)) / np.float32(low - top), 0, 1)[:, None]
    field = mask.alpha.astype(np.float32) / 255 * (np.float32(0.25) + np.float32(0.75) * fade) * np.float32(strength)
    light(canvas, field, (0, 0), mix(world.light.rim, world.light.sky[2], 0.3))


def _front(world: World, window: float) -> Layer:
    """Near the lens: the back of a sofa in one corner, leaves in the other."""
    g, rng = world.geometry, world.rng
    canvas = stretch(g)
    u, foot = g.unit, g.margin + 1.10 * g.height
    away = 1.0 if window < 0.5 else -1.0
    cloth = _CLOTHS[int(rng.integers(4))]
    x = world.x(0.5 - away * 0.50)
    arm = [(x - 0.16 * u, foot), (x - 0.15 * u, foot - 0.20 * u), (x + 0.15 * u, foot - 0.20 * u), (x + 0.17 * u, foot)]
    fill(canvas, rounded(arm), world.lit(cloth, 1.0, 0.62), world.lit(cloth, 1.0, 0.30))
    stem = (world.x(0.5 + away * 0.53), foot)
    for angle in np.linspace(0.5, np.pi - 0.5, 8):
        long = u * float(rng.uniform(0.20, 0.30))
        tip = (stem[0] + float(np.cos(angle)) * long, stem[1] - float(np.sin(angle)) * long)
        side = np.array([-(tip[1] - stem[1]), tip[0] - stem[0]]) * 0.10
        middle = np.array([(stem[0] + tip[0]) / 2, (stem[1] + tip[1]) / 2])
        leaf: Points = np.array([stem, middle - side, tip, middle + side])
        fill(canvas, rounded(leaf), world.lit((0.26, 0.42, 0.28), 1.0, 0.62), world.lit((0.18, 0.30, 0.22), 1.0, 0.4))
    return layer_of(canvas, 1.45)
