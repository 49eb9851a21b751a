"""How a character moves over its shots; its own clip plays underneath."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from castlist.media.animatic.camera import glide, settle
from castlist.media.animatic.encode import FPS
from castlist.media.animatic.scene import Shot
from castlist.media.animatic.words import Action, Move


@dataclass(frozen=True, slots=True)
class Poise:
    """A character now: x in frame widths, depth on the ground, lift in its own heights, lean in degrees, facing -1..1."""

    x: float = 0.0
    depth: float = 1.0
    lift: float = 0.0
    lean: float = 0.0
    facing: float = 1.0


def enter(poise: Poise, t: float, *, way: float) -> Poise:
    """Coming in from outside the frame, `way` frame widths from home, within two seconds."""
    left = 1 - settle(t, 2.0)
    step = 3.6 * 1.4 * t
    return replace(
        poise,
        x=poise.x + way * left,
        lift=poise.lift + 0.03 * abs(math.sin(step)) * min(1.0, 3 * left),
        lean=poise.lean + 2.2 * math.sin(step) * left,
    )


def stand(shots: Sequence[Shot], frame: int, *, home: float, room: float, faces: float = 1.0) -> Poise:
    """The poise at a frame. home is where it belongs, room how far from there it may walk, both in frame widths."""
    poise = Poise(x=home, facing=faces)
    for number, shot in enumerate(shots):
        if frame < shot.start:
            break
        share = shot.frames / len(shot.actions)
        for place, action in enumerate(shot.actions):
            begin = shot.start + place * share
            if frame < begin and (number or place):
                break
            beat = Beat(action, (frame - begin) / FPS, share / FPS, shot.move is Move.track, number == 0 and place == 0)
            poise = _act(beat, poise, home=home, room=room)
    return poise


@dataclass(frozen=True, slots=True)
class Beat:
    """One action: how long it has gone on, how long it lasts, whether the camera goes along, whether it opens the film."""

    action: Action
    t: float
    length: float
    followed: bool
    opening: bool

    @property
    def force(self) -> float:
        """0..1: how strongly its rhythm shows; it fades in and, once over, out."""
        return _rise(self.t / 0.35) * (1 - _rise((self.t - self.length) / 0.35))


def _act(beat: Beat, poise: Poise, *, home: float, room: float) -> Poise:
    match beat.action:
        case Action.walk:
            return _stride(beat, poise, home=home, room=room)
        case Action.run:
            return _stride(beat, poise, home=home, room=room)
        case Action.towards:
            return _swing(beat, replace(poise, depth=poise.depth + _span(poise.depth, 0.86 if beat.opening else None, 1.26, beat)))
        case Action.away:
            return _swing(beat, replace(poise, depth=poise.depth + _span(poise.depth, 1.15 if beat.opening else None, 0.74, beat)))
        case Action.jump:
            hop = abs(math.sin(math.pi * 1.15 * beat.t)) ** 0.9
            return replace(
                poise, lift=poise.lift + 0.26 * hop * beat.force, lean=poise.lean + 2.5 * math.sin(math.pi * 1.15 * beat.t) * beat.force
            )
        case Action.dance:
            return _dance(beat, poise)
        case Action.wave:
            return replace(poise, lean=poise.lean + 4.5 * math.sin(7.2 * beat.t) * beat.force * math.exp(-0.12 * max(0.0, beat.t)))
        case Action.turn:
            return replace(poise, facing=poise.facing * _turned(beat.t))
        case Action.fly:
            up = settle(beat.t, 1.6) if not beat.opening else 1.0
            air = 0.42 * up + 0.06 * math.sin(2.1 * beat.t) * beat.force
            return replace(
                poise,
                lift=poise.lift + air,
                x=poise.x + 0.03 * math.sin(0.9 * beat.t),
                lean=poise.lean + 5 * math.sin(0.9 * beat.t + 1.2) * beat.force,
            )
        case Action.sit | Action.idle:
            return replace(poise, lean=poise.lean + 0.6 * math.sin(1.5 * beat.t) * beat.force)


def _stride(beat: Beat, poise: Poise, *, home: float, room: float) -> Poise:
    quick = beat.action is Action.run
    pace = 5.6 if quick else 3.6
    lift = (0.055 if quick else 0.028) * abs(math.sin(pace * beat.t)) * beat.force
    lean = ((4.0 if quick else 0.0) + 2.2 * math.sin(pace * beat.t)) * beat.force
    ahead = beat.followed or poise.x <= home + 1e-6
    facing = _face(poise.facing, 1.0 if ahead else -1.0, 1.0 if beat.opening else _rise(beat.t / 0.34))
    if beat.followed:
        sway = 0.4 * room * math.sin(0.8 * beat.t) * beat.force
        return replace(poise, x=poise.x + sway, lift=poise.lift + lift, lean=poise.lean + lean, facing=facing)
    start = home - room if beat.opening else poise.x
    goal = home + room if ahead else home - room
    way = min(1.0, glide(beat.t, beat.length) / max(0.2, beat.length - 0.5))
    return replace(poise, x=start + (goal - start) * way, lift=poise.lift + lift, lean=poise.lean + facing * lean, facing=facing)


def _swing(beat: Beat, poise: Poise) -> Poise:
    step = 3.6 * beat.t
    return replace(poise, lift=poise.lift + 0.024 * abs(math.sin(step)) * beat.force, lean=poise.lean + 2.4 * math.sin(step) * beat.force)


def _dance(beat: Beat, poise: Poise) -> Poise:
    step = 2 * math.pi * 1.0 * beat.t
    return replace(
        poise,
        x=poise.x + 0.022 * math.sin(step / 2) * beat.force,
        lift=poise.lift + 0.07 * abs(math.sin(step)) * beat.force,
        lean=poise.lean + 7.0 * math.sin(step / 2) * beat.force,
    )


def _span(now: float, start: float | None, goal: float, beat: Beat) -> float:
    first = now if start is None else start
    return first - now + (goal - first) * settle(beat.t, beat.length)


def _turned(t: float) -> float:
    """One turn away and, two seconds later, back."""
    return math.cos(math.pi * _rise((t - 0.4) / 0.34)) * math.cos(math.pi * _rise((t - 2.4) / 0.34))


def _face(now: float, goal: float, share: float) -> float:
    """From one facing to another by turning, never by fading."""
    return goal if now * goal > 0 else goal * -math.cos(math.pi * share)


def _rise(s: float) -> float:
    s = min(1.0, max(0.0, s))
    return s * s * (3 - 2 * s)
