"""Put the cast on the ground: where each stands, how large it is, and its shadow."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from castlist.media.animatic.action import Poise, enter, stand
from castlist.media.animatic.brief import Member
from castlist.media.animatic.camera import View
from castlist.media.animatic.encode import FPS
from castlist.media.animatic.geometry import Geometry
from castlist.media.animatic.palette import Light
from castlist.media.animatic.planes import Frame, Plane, as_bytes, lay
from castlist.media.animatic.scene import Shot
from castlist.media.animatic.sprite import Sprite, cut_out, framed
from castlist.media.animatic.words import Action

_TALL = 0.44
_FLAGS = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


@dataclass(frozen=True, slots=True)
class Actor:
    """A character in the scene: its pictures, its height on the frame at depth 1 in pixels, its home and its room to move."""

    sprite: Sprite
    tall: float
    home: float
    room: float
    faces: float
    phase: int
    entrance: float = 0.0


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an actor is on the frame now: its feet in pixels, its scale from picture to frame."""

    x: float
    y: float
    ground: float
    scale: float
    lean: float
    facing: float


def step_in(actors: Sequence[Actor], geometry: Geometry) -> tuple[Actor, ...]:
    """The same actors, entering: the opening frame is empty of them."""
    sides = (-1.0, 1.0)
    return tuple(
        replace(
            actor,
            entrance=sides[n % 2]
            * (0.56 + abs(actor.home) + actor.room + actor.tall * actor.sprite.wide / actor.sprite.tall / geometry.width),
        )
        for n, actor in enumerate(actors)
    )


def enlist(members: Sequence[Member], geometry: Geometry, light: Light, shots: Sequence[Shot]) -> tuple[Actor, ...]:
    """Load the cast and give everyone a place of their own."""
    deepest = 1.26 if any(Action.towards in shot.actions for shot in shots) else 1.0
    full = round(_TALL * geometry.height * (1.15 if deepest > 1 else 1.02))
    count = len(members)
    actors = []
    for number, member in enumerate(members):
        sprite = cut_out(member.cutout, full, light) if member.cutout else framed(member.clip, full, light)
        limit = (0.62 if count == 1 else 0.40) * geometry.width
        tall = min(_TALL * geometry.height, limit / sprite.wide * sprite.tall / (1.12 if deepest > 1 else 1.0))
        width = tall * sprite.wide / sprite.tall / geometry.width
        home = 0.0 if count == 1 else (-0.215, 0.215)[number % 2]
        room = max(0.015, min(0.22, 0.48 - width / 2)) if count == 1 else max(0.0, min(0.05, (0.42 - width) / 2))
        faces = -1.0 if number % 2 and not sprite.card else 1.0
        actors.append(Actor(sprite, tall, home, room, faces, 7 * number))
    return tuple(actors)


def place(actor: Actor, shots: Sequence[Shot], frame: int, *, geometry: Geometry, view: View) -> Spot:
    """Where an actor is on this frame, seen from here."""
    shots = [_calm(shot) for shot in shots] if actor.sprite.card else shots
    poise = stand(shots, frame, home=actor.home, room=actor.room, faces=actor.faces)
    if actor.entrance:
        poise = enter(poise, frame / FPS, way=actor.entrance)
    zoom = 1 / (1 - view.push * poise.depth)
    aside = poise.x - (view.track - view.follow) * poise.depth - view.pan
    ground = geometry.horizon + (geometry.feet - geometry.horizon) * poise.depth * zoom - view.tilt * geometry.height
    scale = actor.tall / actor.sprite.tall * _grown(poise) * zoom
    return Spot(
        x=geometry.width * (0.5 + aside * zoom),
        y=ground - poise.lift * actor.sprite.tall * scale,
        ground=ground,
        scale=scale,
        lean=0.4 * poise.lean if actor.sprite.card else poise.lean,
        facing=1.0 if actor.sprite.card else poise.facing,
    )


def shadow(frame: Frame, actor: Actor, spot: Spot, light: Light) -> None:
    """A contact shadow: tight under the feet and wide around them, fainter the higher they are."""
    height = max(0.0, spot.ground - spot.y)
    far = 1 / (1 + 4.0 * height / max(1.0, actor.sprite.tall * spot.scale))
    reach = actor.sprite.wide * spot.scale
    for wide, strength in ((0.66, 0.55), (0.40, 0.75)):
        _ellipse(frame, (spot.x, spot.ground), (reach * wide * (0.75 + 0.25 * far), reach * wide * 0.17), strength * light.shadow * far)


def play(frame: Frame, actor: Actor, spot: Spot, number: int) -> None:
    """Draw an actor over the frame with its own motion playing."""
    picture = actor.sprite.at(number + actor.phase)
    width, height = picture.size
    facing = math.copysign(max(0.12, abs(spot.facing)), spot.facing)
    angle = math.radians(spot.lean)
    c, s = math.cos(angle) * spot.scale, math.sin(angle) * spot.scale
    forward = np.array([[c * facing, -s], [s * facing, c]])
    anchor = np.array(actor.sprite.anchor)
    offset = np.array([spot.x, spot.y]) - forward @ anchor
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) @ forward.T + offset
    left, top = np.floor(corners.min(axis=0) / 2).astype(int) * 2
    right, bottom = np.ceil(corners.max(axis=0) / 2).astype(int) * 2
    left, top = max(0, int(left)), max(0, int(top))
    right, bottom = min(frame.y.shape[1], int(right)), min(frame.y.shape[0], int(bottom))
    if right <= left or bottom <= top:
        return
    back = np.linalg.inv(forward)
    start = back @ (np.array([left, top]) - offset)
    size = (right - left, bottom - top)
    small = (size[0] // 2, size[1] // 2)
    keep = _warp(picture.keep, back, start, size, 255)
    lay(frame.y[top:bottom, left:right], _warp(picture.y, back, start, size, 0), keep)
    half = slice(top // 2, bottom // 2), slice(left // 2, right // 2)
    lay(frame.uv[half], _warp(picture.uv, back, start / 2, small, 0), _warp(picture.keep2, back, start / 2, small, 255))


def _warp(
    plane: Plane | None,
    back: "np.ndarray[tuple[int, int], np.dtype[np.float64]]",
    start: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    size: tuple[int, int],
    edge: int,
) -> Plane:
    if plane is None:
        raise ValueError("a sprite has alpha")
    matrix = np.concatenate([back, start[:, None]], axis=1)
    border = (edge, edge, edge, edge)
    return as_bytes(cv2.warpAffine(plane, matrix, size, flags=_FLAGS, borderMode=cv2.BORDER_CONSTANT, borderValue=border))


def _ellipse(frame: Frame, centre: tuple[float, float], radii: tuple[float, float], strength: float) -> None:
    (cx, cy), (rx, ry) = centre, radii
    left, right = max(0, int(cx - rx)), min(frame.y.shape[1], int(cx + rx) + 1)
    top, bottom = max(0, int(cy - ry)), min(frame.y.shape[0], int(cy + ry) + 1)
    if right <= left or bottom <= top:
        return
    x = (np.arange(left, right, dtype=np.float32) - np.float32(cx)) / np.float32(rx)
    y = (np.arange(top, bottom, dtype=np.float32) - np.float32(cy)) / np.float32(ry)
    fall = np.clip(1 - (x[None, :] ** 2 + y[:, None] ** 2), 0, 1)
    keep = (255 * (1 - strength * fall)).astype(np.uint8)
    part = frame.y[top:bottom, left:right]
    np.copyto(part, cv2.add(cv2.multiply(part, keep, scale=1 / 255), cv2.convertScaleAbs(cv2.bitwise_not(keep), alpha=16 / 255)))


def _grown(poise: Poise) -> float:
    """Nearer is larger, but less than a lens would have it: a character stays 30 to 60 % of the frame."""
    return 0.35 + 0.65 * poise.depth


def _calm(shot: Shot) -> Shot:
    """What a card does: it stands."""
    return Shot(shot.start, shot.frames, shot.move, (Action.idle,))
