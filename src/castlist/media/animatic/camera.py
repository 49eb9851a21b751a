"""Where the camera is: a smooth path over all shots, so that an extension starts where the last frame stopped."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from castlist.media.animatic.encode import FPS
from castlist.media.animatic.scene import Shot
from castlist.media.animatic.words import Action, Move


@dataclass(frozen=True, slots=True)
class View:
    """The camera now. Sideways amounts are in frame widths, tilt in frame heights, push in shares of the way to the characters.

    `turned` is the part of the pan that only keeps the characters where they are while the camera goes around them.
    """

    track: float = 0.0
    follow: float = 0.0
    pan: float = 0.0
    tilt: float = 0.0
    push: float = 0.0
    turned: float = 0.0

    def __add__(self, other: "View") -> "View":
        return View(
            self.track + other.track,
            self.follow + other.follow,
            self.pan + other.pan,
            self.tilt + other.tilt,
            self.push + other.push,
            self.turned + other.turned,
        )


def look(shots: Sequence[Shot], frame: int, *, seed: int) -> View:
    """The view at a frame: what every shot up to now has moved."""
    view = View()
    for number, shot in enumerate(shots):
        if frame >= shot.start:
            for move in (shot.move, shot.also):
                view += _moved(shot, frame, move=move, number=number, seed=seed)
    push = _soft(view.push, 0.40 if view.push > 0 else 0.15)
    return View(view.track, view.follow, _soft(view.pan - view.turned, 0.26) + view.turned, _soft(view.tilt, 0.13), push)


def settle(t: float, length: float) -> float:
    """From 0 towards 1, starting at rest and arriving gently after about `length` seconds."""
    s = 4.2 * max(0.0, t) / max(length, 0.5)
    return 1 - (1 + s) * math.exp(-s)


def glide(t: float, length: float) -> float:
    """Seconds of even motion since the start, with a soft start and a soft stop after `length` seconds."""
    soft = 0.5
    run = min(max(t, 0.0), length)
    way = run - soft * (1 - math.exp(-run / soft))
    if t <= length:
        return way
    speed = 1 - math.exp(-length / soft)
    return way + speed * soft * (1 - math.exp(-(t - length) / soft))


def _soft(value: float, most: float) -> float:
    """The same near 0, and never more than `most`, so that no take runs off what is painted."""
    return most * math.tanh(value / most)


def _moved(shot: Shot, frame: int, *, move: Move | None, number: int, seed: int) -> View:
    t = (frame - shot.start) / FPS
    length = shot.frames / FPS
    eased = settle(t, length)
    first = 1.0 if number == 0 else 0.0
    side = -1.0 if (seed >> 3) % 2 else 1.0
    match move:
        case Move.static | None:
            return View()
        case Move.drift:
            way = 0.09 * side * eased
            return View(track=way, pan=-way, turned=-way)
        case Move.track | Move.track_left:
            speed = 0.19 if Action.run in shot.actions else 0.105
            way = speed * glide(t, length) * (-1.0 if move is Move.track_left else 1.0)
            return View(track=way, follow=way)
        case Move.pan_right:
            return View(pan=0.22 * eased - 0.10 * first)
        case Move.pan_left:
            return View(pan=0.10 * first - 0.22 * eased)
        case Move.tilt_up:
            return View(tilt=0.06 * first - 0.14 * eased)
        case Move.tilt_down:
            return View(tilt=0.14 * eased - 0.07 * first)
        case Move.push:
            return View(push=0.25 * eased)
        case Move.pull:
            return View(push=0.20 * first - 0.27 * eased)
        case Move.orbit:
            way = 0.34 * side * eased
            return View(track=way, pan=-way, turned=-way)
        case Move.handheld:
            return _shake(t, length, seed=seed)


def _shake(t: float, length: float, *, seed: int) -> View:
    grip = min(1.0, t / 0.6) * max(0.0, min(1.0, 1 - (t - length) / 0.6))
    phase = (seed % 97) * 0.37
    x = math.sin(2.3 * t + phase) + 0.6 * math.sin(4.1 * t + 2 * phase) + 0.35 * math.sin(7.7 * t + 3 * phase)
    y = math.sin(2.9 * t + 1.7 * phase) + 0.5 * math.sin(5.3 * t + phase) + 0.3 * math.sin(8.3 * t)
    x0 = math.sin(phase) + 0.6 * math.sin(2 * phase) + 0.35 * math.sin(3 * phase)
    return View(pan=0.0045 * grip * (x - x0), tilt=0.0055 * grip * y)
