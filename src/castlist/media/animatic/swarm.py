"""Swarms: many small things of one kind, each on a way of its own that time alone decides."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from castlist.media.animatic.camera import View
from castlist.media.animatic.geometry import Geometry
from castlist.media.animatic.particles import Reals, Shape, splat
from castlist.media.animatic.planes import Colour, Frame, yuv_of

Floats: TypeAlias = NDArray[np.floating]


class Kind(StrEnum):
    """How things of a swarm move."""

    snow = "snow"
    rain = "rain"
    splash = "splash"
    firefly = "firefly"
    leaf = "leaf"
    ember = "ember"
    mote = "mote"
    star = "star"
    bird = "bird"
    glint = "glint"
    butterfly = "butterfly"
    smoke = "smoke"
    sails = "sails"
    lantern = "lantern"
    bubble = "bubble"


_RIM: Colour = (0.30, 0.15, 0.10)
_FALLING = frozenset({Kind.snow, Kind.rain, Kind.leaf})


@dataclass(frozen=True, slots=True)
class Swarm:
    """Many things of one kind: places in shares of the frame, and what makes each one different.

    `held` is for what keeps its place in the scenery: the width of the texture in frame widths, where x starts at the resting
    frame's left edge; 0 is for what fills the air. `slant` is how far it is blown sideways a row.
    """

    kind: Kind
    x: Reals
    y: Reals
    phase: Reals
    pace: Reals
    size: float
    depth: float
    colour: Colour
    held: float = 0.0
    slant: float = 0.0


def swarm(rng: np.random.Generator, kind: Kind, count: int, *, size: float, depth: float, colour: Colour) -> Swarm:
    """A swarm that is spread over the whole frame."""
    x, y, phase = (rng.random(count, dtype=np.float32) for _ in range(3))
    pace = rng.uniform(0.75, 1.25, count).astype(np.float32)
    return Swarm(kind, x * np.float32(1.2), y, phase * np.float32(2 * np.pi), pace, size, depth, colour)


def fly(frame: Frame, flock: Swarm, *, geometry: Geometry, view: View, t: float) -> None:
    """Draw a swarm as it is at a time."""
    x, y, strength = _seen(flock, geometry, view, t)
    match flock.kind:
        case Kind.rain | Kind.leaf | Kind.splash:
            splat(frame, x, y, strength, _shape(flock, geometry.unit, t), flock.colour)
        case Kind.firefly:
            radius = max(0.55, 0.55 * flock.size * geometry.unit)
            splat(frame, x, y, strength * np.float32(0.22), Shape(radius * 3.8, radius * 3.8), flock.colour)
            splat(frame, x, y, strength * np.float32(0.50), Shape(radius * 1.7, radius * 1.7), flock.colour)
            splat(frame, x, y, strength, Shape(max(0.6, radius * 0.6), max(0.6, radius * 0.6)), (1.0, 0.98, 0.78))
        case Kind.bird:
            _birds(frame, x, y, flock, t=t, span=flock.size * geometry.unit)
        case Kind.butterfly:
            _butterflies(frame, (x, y, strength), flock, t=t, size=flock.size * geometry.unit)
        case Kind.sails:
            _sails(frame, x, y, flock, t=t, size=flock.size * geometry.unit / (1 - view.push * flock.depth))
        case Kind.lantern:
            _lanterns(frame, (x, y, strength), flock, size=flock.size * geometry.unit)
        case Kind.bubble:
            _bubbles(frame, (x, y, strength), flock, size=flock.size * geometry.unit)
        case Kind.smoke:
            _plume(frame, (x, y, strength), flock, t=t, size=flock.size * geometry.unit)
        case _:
            radius = max(0.55, 0.55 * flock.size * geometry.unit)
            splat(frame, x, y, strength, Shape(radius, radius), flock.colour)


def _shape(flock: Swarm, unit: float, t: float) -> Shape:
    radius = max(0.55, 0.55 * flock.size * unit)
    match flock.kind:
        case Kind.rain:
            return Shape(max(0.45, 0.45 * flock.size * unit), max(2.0, 13 * flock.size * unit), flock.slant)
        case Kind.leaf:
            return Shape(radius, max(0.5, radius * (0.55 + 0.25 * math.sin(2.2 * t))), 0.3 * math.sin(1.7 * t))
        case _:
            return Shape(max(0.8, 2.2 * radius), max(0.5, 0.7 * radius))


def _seen(flock: Swarm, geometry: Geometry, view: View, t: float) -> tuple[Reals, Reals, Reals]:
    """Where the things are on the frame in pixels, and how strongly they show."""
    wrap = flock.held or 1.2
    x, y, strength = (part.astype(np.float32) for part in (_fallen(flock, t) if flock.kind in _FALLING else _floated(flock, t)))
    x = np.mod(x - np.float32(view.track * flock.depth + view.pan) + 0.1, np.float32(wrap)) - np.float32(0.1)
    zoom = np.float32(1 / (1 - view.push * flock.depth)) if flock.held else np.float32(1)
    row = np.float32(geometry.horizon / geometry.height)
    x, y = 0.5 + (x - np.float32(0.5)) * zoom, row + (y - row) * zoom - np.float32(view.tilt)
    return (x * geometry.width).astype(np.float32), (y * geometry.height).astype(np.float32), strength


def _fallen(flock: Swarm, t: float) -> tuple[Floats, Floats, Floats]:
    """Snow, rain and leaves: down at their own pace, in at the top again."""
    x, y, p, v = flock.x, flock.y, flock.phase, flock.pace
    near = np.float32(0.6 + 0.5 * flock.depth)
    match flock.kind:
        case Kind.snow:
            down = np.mod(y + v * near * np.float32(0.080 * t), 1.1) - np.float32(0.05)
            aside = x + 0.016 * near * np.sin(v * np.float32(0.9 * t) + p) + np.float32(flock.slant * t * 0.08) * near
            return aside, down, np.full_like(x, 0.92 if flock.depth < 1.4 else 0.5)
        case Kind.rain:
            down = np.mod(y + v * near * np.float32(1.5 * t), 1.1) - np.float32(0.05)
            return x + np.float32(0.5625 * flock.slant) * down, down, np.full_like(x, 0.24 + 0.20 * flock.depth)
        case _:
            down = np.mod(y + v * np.float32(0.065 * t), 1.1) - np.float32(0.05)
            return x + 0.035 * np.sin(v * np.float32(1.1 * t) + p) + np.float32(0.020 * t), down, np.full_like(x, 0.9)


def _floated(flock: Swarm, t: float) -> tuple[Floats, Floats, Floats]:
    """What keeps itself in the air, in the sky, or on the water."""
    return _WAYS[flock.kind](flock, t)


def _ember(flock: Swarm, t: float) -> tuple[Floats, Floats, Floats]:
    x, y, p, v = flock.x, flock.y, flock.phase, flock.pace
    up = np.mod(y - v * np.float32(0.055 * t), 1.0)
    bright = (0.55 + 0.4 * np.sin(np.float32(5 * t) * v + p)) * np.clip(up * 1.4, 0, 1)
    return x + 0.014 * np.sin(np.float32(1.3 * t) + p), up, bright


def _firefly(flock: Swarm, t: float) -> tuple[Floats, Floats, Floats]:
    x, y, p, v = flock.x, flock.y, flock.phase, flock.pace
    blink = np.clip(np.sin(v * np.float32(1.5 * t) + p), 0, 1)
    aside = x + 0.030 * np.sin(v * np.float32(0.55 * t) + p) + 0.014 * np.sin(np.float32(1.3 * t) + 2 * p)
    return aside, 0.36 + 0.54 * y + 0.024 * np.cos(v * np.float32(0.7 * t) + 1.7 * p), 0.10 + 0.88 * blink * blink


def _star(flock: Swarm, t: float) -> tuple[Floats, Floats, Floats]:
    x, y, p, v = flock.x, flock.y, flock.phase, flock.pace
    return x, np.float32(0.54) * y, np.clip(0.45 + 0.5 * np.sin(v * np.float32(2.4 * t) + p), 0, 1)


def _bird(flock: Swarm, t: float) -> tuple[Floats, Floats, Floats]:
    x, y, p, v = flock.x, flock.y, flock.phase, flock.pace
    aside = 0.22 * x + np.float32(0.1) + np.float32(0.018 * t) * v
    return aside, 0.12 + 0.14 * y + 0.008 * np.sin(np.float32(0.8 * t) + p), np.full_like(x, 0.9)


def _glint(flock: Swarm, t: float) -> tuple[Floats, Floats, Floats]:
    x, y, p, v = flock.x, flock.y, flock.phase, flock.pace
    return x, y, np.clip(np.sin(v * np.float32(2.6 * t) + p), 0, 1) ** 4


def _stay(flock: Swarm, t: float) -> tuple[Floats, Floats, Floats]:
    return flock.x, flock.y, np.ones_like(flock.x)


def _butterfly(flock: Swarm, t: float) -> tuple[Floats, Floats, Floats]:
    x, y, p, v = flock.x, flock.y, flock.phase, flock.pace
    aside = x + 0.05 * np.sin(v * np.float32(0.5 * t) + p) + 0.012 * np.sin(np.float32(2.1 * t) + 3 * p)
    return aside, 0.52 + 0.38 * y + 0.022 * np.sin(v * np.float32(1.7 * t) + 2 * p), np.full_like(x, 0.95)


def _splash(flock: Swarm, t: float) -> tuple[Floats, Floats, Floats]:
    x, y, p, v = flock.x, flock.y, flock.phase, flock.pace
    turns = v * np.float32(1.9 * t) + p
    count = np.floor(turns)
    fresh = 1 - (turns - count)
    return np.mod(x + 0.618 * count, 1.2), 0.64 + 0.36 * np.mod(y + 0.382 * count, 1.0), 0.42 * fresh * fresh


def _smoke(flock: Swarm, t: float) -> tuple[Floats, Floats, Floats]:
    x, y, p = flock.x, flock.y, flock.phase
    age = np.mod(p / np.float32(2 * np.pi) + np.float32(0.11 * t), 1.0)
    return x + 0.035 * age**1.6 + 0.003 * np.sin(9 * age + p), y - 0.15 * age, 0.34 * np.clip(age * 6, 0, 1) * (1 - age) ** 1.4


def _mote(flock: Swarm, t: float) -> tuple[Floats, Floats, Floats]:
    x, y, p, v = flock.x, flock.y, flock.phase, flock.pace
    aside = x + 0.02 * np.sin(v * np.float32(0.4 * t) + p) + np.float32(0.006 * t)
    return aside, np.mod(y - np.float32(0.008 * t), 1.0), 0.26 + 0.2 * np.sin(np.float32(1.1 * t) * v + p)


def _lantern(flock: Swarm, t: float) -> tuple[Floats, Floats, Floats]:
    x, y, p, v = flock.x, flock.y, flock.phase, flock.pace
    aside = x + 0.008 * np.sin(v * np.float32(0.5 * t) + p) + np.float32(0.004 * t)
    return aside, 0.07 + 0.24 * y + 0.008 * np.sin(v * np.float32(0.9 * t) + 2 * p), 0.88 + 0.10 * np.sin(v * np.float32(2.3 * t) + p)


def _bubble(flock: Swarm, t: float) -> tuple[Floats, Floats, Floats]:
    x, y, p, v = flock.x, flock.y, flock.phase, flock.pace
    aside = x + 0.012 * np.sin(v * np.float32(1.6 * t) + p)
    return aside, np.mod(y - v * np.float32(0.07 * t), 1.1) - np.float32(0.05), np.full_like(x, 0.8)


def _birds(frame: Frame, x: Reals, y: Reals, flock: Swarm, *, t: float, span: float) -> None:
    """Two bent wings each; they beat for a while and glide for a while."""
    luma = int(yuv_of(flock.colour)[0])
    for bx, by, phase, pace in zip(x, y, flock.phase, flock.pace, strict=True):
        glide = 0.30 + 0.70 * max(0.0, math.sin(0.9 * t + 2 * float(phase)))
        beat = math.sin(6.5 * float(pace) * t + float(phase)) * 0.5 * glide - 0.12
        own = span * (0.75 + 0.35 * float(pace - 0.75))
        half = np.array([[1.0, -0.9 * beat], [0.45, -0.30 - 0.3 * beat], [0.0, 0.05]]) * own
        wing = np.concatenate([half * np.array([-1.0, 1.0]), half[-2::-1]]) + np.array([float(bx), float(by)])
        cv2.polylines(frame.y, [np.round(wing * 16).astype(np.int32)], False, luma, max(1, round(span / 8)), cv2.LINE_AA, 4)


def _butterflies(frame: Frame, seen: tuple[Reals, Reals, Reals], flock: Swarm, *, t: float, size: float) -> None:
    """Two wings that open and close."""
    x, y, strength = seen
    open_ = (0.25 + 0.75 * np.abs(np.sin(np.float32(9 * t) * flock.pace + flock.phase))).astype(np.float32) * np.float32(size)
    for side in (-1, 1):
        splat(
            frame,
            x + np.float32(0.5 * side) * open_,
            y,
            strength,
            Shape(max(0.6, 0.26 * size), max(0.7, 0.42 * size), 0.3 * side),
            flock.colour,
        )


def _lanterns(frame: Frame, seen: tuple[Reals, Reals, Reals], flock: Swarm, *, size: float) -> None:
    """Paper lanterns that float: a light around each, the paper, a flame low in it, two rims of wood."""
    x, y, strength = seen
    splat(frame, x, y, strength * np.float32(0.30), Shape(1.5 * size, 1.5 * size), flock.colour)
    for left, top in zip(x.tolist(), y.tolist(), strict=True):
        for lower, wide, high, colour in ((0.0, 0.62, 0.74, flock.colour), (-0.70, 0.30, 0.07, _RIM), (0.70, 0.24, 0.07, _RIM)):
            _oval(frame, (left, top + lower * size), (wide * size, high * size), colour)
    splat(frame, x, y + np.float32(0.16 * size), strength, Shape(0.26 * size, 0.30 * size), (1.0, 0.95, 0.74))


def _oval(frame: Frame, middle: tuple[float, float], half: tuple[float, float], colour: Colour) -> None:
    luma, blue, red = (int(part) for part in yuv_of(colour))
    for plane, scale, value in ((frame.y, 16, luma), (frame.uv, 8, (blue, red))):
        centre, axes = (round(middle[0] * scale), round(middle[1] * scale)), (round(half[0] * scale), round(half[1] * scale))
        cv2.ellipse(plane, centre, axes, 0, 0, 360, value, -1, cv2.LINE_AA, 4)


def _bubbles(frame: Frame, seen: tuple[Reals, Reals, Reals], flock: Swarm, *, size: float) -> None:
    """A thin pale ring each, with a light on its upper left."""
    x, y, strength = seen
    luma = int(yuv_of(flock.colour)[0])
    for left, top, pace in zip(x.tolist(), y.tolist(), flock.pace.tolist(), strict=True):
        centre, radius = (round(left * 16), round(top * 16)), round(max(1.0, 0.5 * size * pace * pace) * 16)
        cv2.circle(frame.y, centre, radius, luma, 1, cv2.LINE_AA, 4)
    shift = np.asarray(0.19 * size * flock.pace * flock.pace, np.float32)
    splat(frame, x - shift, y - shift, strength, Shape(max(0.6, 0.09 * size), max(0.6, 0.09 * size)), (1.0, 1.0, 1.0))


def _sails(frame: Frame, x: Reals, y: Reals, flock: Swarm, *, t: float, size: float) -> None:
    """The four sails of a mill, going round: a spar and a cloth each."""
    cloth, spar = yuv_of(flock.colour), yuv_of((0.62 * flock.colour[0], 0.55 * flock.colour[1], 0.50 * flock.colour[2]))
    for hub_x, hub_y, phase, pace in zip(x, y, flock.phase, flock.pace, strict=True):
        hub = np.array([float(hub_x), float(hub_y)])
        for quarter in range(4):
            angle = float(phase) + quarter * math.pi / 2 + 0.75 * float(pace) * t
            way, wide = np.array([math.cos(angle), math.sin(angle)]), np.array([-math.sin(angle), math.cos(angle)])
            tip = hub + way * size
            sail = np.stack([hub + way * 0.22 * size, tip, tip + wide * 0.20 * size, hub + (way * 0.22 + wide * 0.20) * size])
            pole = np.stack([hub, tip, tip + wide * 0.035 * size, hub + wide * 0.035 * size])
            for shape, (luma, blue, red) in ((sail, cloth), (pole, spar)):
                cv2.fillConvexPoly(frame.y, np.round(shape * 16).astype(np.int32), int(luma), cv2.LINE_AA, 4)
                cv2.fillConvexPoly(frame.uv, np.round(shape * 8).astype(np.int32), (int(blue), int(red)), cv2.LINE_8, 4)


def _plume(frame: Frame, seen: tuple[Reals, Reals, Reals], flock: Swarm, *, t: float, size: float) -> None:
    x, y, strength = seen
    age = np.mod(flock.phase / np.float32(2 * np.pi) + np.float32(0.11 * t), 1.0)
    for number in range(len(x)):
        one, radius = slice(number, number + 1), max(0.8, size * (0.22 + 0.9 * float(age[number])))
        splat(frame, x[one], y[one], strength[one], Shape(radius, radius), flock.colour)


_WAYS: Mapping[Kind, Callable[[Swarm, float], tuple[Floats, Floats, Floats]]] = {
    Kind.ember: _ember,
    Kind.firefly: _firefly,
    Kind.star: _star,
    Kind.bird: _bird,
    Kind.glint: _glint,
    Kind.butterfly: _butterfly,
    Kind.splash: _splash,
    Kind.smoke: _smoke,
    Kind.mote: _mote,
    Kind.sails: _stay,
    Kind.lantern: _lantern,
    Kind.bubble: _bubble,
}
