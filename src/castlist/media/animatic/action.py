"""How a character moves over its shots; its own clip plays underneath."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from castlist.media.animatic.camera import glide, settle
from castlist.media.animatic.encode import FPS
from castlist.media.animatic.scene import Shot
from castlist.media.animatic.words import Action, Heading, Move

NEAR, FAR = 1.24, 0.66
_LANDING = 0.9
_TIGHT = 0.06
_LATER = 0.21
"""Seconds that the second of two is behind the first, so that they do not move as one."""


@dataclass(frozen=True, slots=True)
class Poise:
    """A character now.

    x in frame widths, depth on the ground, lift in its own heights, lean in degrees clockwise, squash the share of its height that it
    has, heading -1 (left) to 1 (right), spin 1 as it was drawn to -1 seen from behind the mirror, fold 0 standing to 1 seated.
    """

    x: float = 0.0
    depth: float = 1.0
    lift: float = 0.0
    lean: float = 0.0
    squash: float = 1.0
    heading: float = 1.0
    spin: float = 1.0
    fold: float = 0.0


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a character belongs: its home and how far it may go from there in frame widths, its depth, which way it looks."""

    home: float = 0.0
    room: float = 0.2
    depth: float = 1.0
    heading: float = 1.0


@dataclass(frozen=True, slots=True)
class Beat:
    """One action: how long it has gone on, how long it lasts, and what is around it."""

    action: Action
    t: float
    length: float
    followed: bool
    opening: bool
    heading: Heading
    stand: Stand

    @property
    def force(self) -> float:
        """0..1: how strongly its rhythm shows; it fades in and, once over, out."""
        return rise(self.t / 0.35) * (1 - rise((self.t - self.length) / 0.35))

    @property
    def held(self) -> float:
        """0..1: how much of a lasting state it holds; the next action takes over as this one gives way."""
        return (1.0 if self.opening else rise(self.t / _LANDING)) * (1 - rise((self.t - self.length) / _LANDING))


def stand(shots: Sequence[Shot], frame: int, number: int, *, at: Stand) -> Poise:
    """The poise of a character at a frame: what all its actions up to now have made of it."""
    poise = Poise(x=at.home, depth=at.depth, heading=at.heading)
    last = shots[-1].start + shots[-1].frames if shots else 0
    for count, shot in enumerate(shots):
        if frame < shot.start:
            break
        part = shot.part(number)
        share = shot.frames / len(part.actions)
        for place, action in enumerate(part.actions):
            begin, first = shot.start + place * share, count == 0 and place == 0
            if frame < begin and not first:
                break
            ends = begin + share >= last - 0.5
            length = 1e6 if ends and action in _LASTING else share / FPS
            late = _LATER * number if action in _RHYTHMIC else 0.0
            followed = any(move in (Move.track, Move.track_left) for move in (shot.move, shot.also))
            beat = Beat(action, (frame - begin) / FPS - late, length, followed, first, part.heading, at)
            poise = _act(beat, poise)
            if followed and action not in _MOVING:
                poise = _gait(beat, poise, pace=3.6, high=0.018)
    return poise


def enter(poise: Poise, t: float, *, way: float) -> Poise:
    """Coming in from outside the frame, `way` frame widths from home, within two seconds."""
    left = 1 - settle(t, 2.2)
    step = 5.0 * t
    turned = rise((t - 1.5) / 0.5)
    inwards = -1.0 if way > 0 else 1.0
    return replace(
        poise,
        x=poise.x + way * left,
        lift=poise.lift + 0.03 * abs(math.sin(step)) * min(1.0, 3 * left),
        lean=poise.lean + 2.4 * math.sin(step) * min(1.0, 2 * left),
        heading=inwards + (poise.heading - inwards) * turned,
    )


def rise(s: float) -> float:
    """From 0 at 0 to 1 at 1, at rest at both."""
    s = min(1.0, max(0.0, s))
    return s * s * (3 - 2 * s)


def _act(beat: Beat, poise: Poise) -> Poise:
    arriving = beat.opening and beat.heading not in _FREE and beat.action in (Action.walk, Action.run)
    match Action.idle if arriving else beat.action:
        case Action.walk | Action.run:
            return _stride(beat, poise)
        case Action.towards:
            return _approach(beat, poise, start=FAR, goal=NEAR)
        case Action.away:
            return _approach(beat, poise, start=1.12, goal=FAR)
        case Action.jump:
            return _jump(beat, poise)
        case Action.dance:
            return _dance(beat, poise)
        case Action.wave:
            swing = math.sin(7.2 * beat.t) * beat.force * math.exp(-0.10 * max(0.0, beat.t))
            return replace(_hop(poise, beat.t - 0.1, 0.42, high=0.05), lean=poise.lean + 4.5 * swing)
        case Action.turn:
            return _turn(beat, poise)
        case Action.fly:
            return _fly(beat, poise)
        case Action.sit:
            return _sit(beat, poise)
        case Action.idle:
            return replace(poise, lean=poise.lean + 0.35 * math.sin(1.5 * beat.t) * beat.force)


def _sit(beat: Beat, poise: Poise) -> Poise:
    """Down onto the ground, a little too deep at first, and breathing there; up again for what comes next."""
    down = beat.held if beat.opening else beat.held * (1 + 0.12 * math.sin(math.pi * min(1.0, max(0.0, beat.t / 1.3))))
    calm = 0.006 * math.sin(1.6 * beat.t) * beat.held
    return replace(poise, fold=min(1.12, poise.fold + down), squash=poise.squash * (1 - calm), lean=poise.lean - 1.5 * beat.held)


def _stride(beat: Beat, poise: Poise) -> Poise:
    quick = beat.action is Action.run
    pace, high, forward = (6.6, 0.060, 6.0) if quick else (3.9, 0.028, 1.5)
    goal, way, until = _path(beat, poise, speed=0.29 if quick else 0.17)
    heading = _face(poise.heading, goal, 1.0 if beat.opening else rise(beat.t / 0.4))
    crouch = 0.0 if beat.opening else 2.5 * math.exp(-(((beat.t - 0.12) / 0.10) ** 2))
    under_way = replace(beat, length=until)
    leaned = replace(poise, x=way, heading=heading, lean=poise.lean + heading * (forward * under_way.force - crouch))
    return _gait(under_way, leaned, pace=pace, high=high)


def _path(beat: Beat, poise: Poise, *, speed: float) -> tuple[float, float, float]:
    """Which way a stride goes, where it has got to in frame widths, and for how long it goes on."""
    side = {Heading.left: -1.0, Heading.from_right: -1.0, Heading.right: 1.0, Heading.from_left: 1.0}.get(beat.heading, 0.0)
    home, room = beat.stand.home, beat.stand.room
    if room < _TIGHT and not beat.followed:
        return poise.heading, poise.x + room * math.sin(1.1 * beat.t) * beat.force, beat.length
    if beat.followed:
        return side or 1.0, poise.x + 0.25 * room * math.sin(0.8 * beat.t) * beat.force, beat.length
    ahead = side or (1.0 if poise.x <= home + 1e-6 else -1.0)
    start = home - ahead * room if beat.opening else poise.x
    goal = home + ahead * room
    least = max(1.2, abs(goal - start) / speed)
    most = least * (1.25 if beat.action is Action.run else 2.0)
    length = min(beat.length, most) if side or beat.length <= most else least
    if beat.t > length and not side and beat.length > length + 1.0:
        return (*_paced(beat, beat.t - length, (start, goal), length), beat.length)
    reached = min(1.0, glide(beat.t, length) / max(0.2, length - 0.5))
    return ahead, start + (goal - start) * reached, length


def _paced(beat: Beat, rest: float, ends: tuple[float, float], length: float) -> tuple[float, float]:
    """To and fro between two places, as one who has arrived and walks on."""
    leg = max(2.4, length)
    until = min(rest, max(0.0, beat.length - length))
    legs, since = int(until // leg), until % leg
    start, goal = ends if legs % 2 else ends[::-1]
    ahead = math.copysign(1.0, goal - start)
    way = min(1.0, glide(since, leg) / max(0.2, leg - 0.5))
    return _face(-ahead, ahead, rise(since / 0.34)), start + (goal - start) * way


def _gait(beat: Beat, poise: Poise, *, pace: float, high: float) -> Poise:
    """Steps: up between the footfalls, a little heavier on them, from one foot to the other."""
    step = math.sin(pace * beat.t)
    up = abs(step)
    return replace(
        poise,
        lift=poise.lift + high * up * beat.force,
        lean=poise.lean + 2.2 * step * beat.force,
        squash=poise.squash * (1 - 0.012 * (1 - up) ** 2 * beat.force),
    )


def _approach(beat: Beat, poise: Poise, *, start: float, goal: float) -> Poise:
    first = start if beat.opening else poise.depth
    depth = first + (goal - first) * settle(beat.t, min(beat.length, 20.0))
    pace = beat.force * (1 - 0.8 * rise(settle(beat.t, beat.length) * 4 - 3))
    return _gait(beat, replace(poise, depth=depth), pace=3.9, high=0.026 * pace)


def _jump(beat: Beat, poise: Poise) -> Poise:
    """Hops one after the other, each whole: crouch, leap, land, straighten."""
    period = 1.35
    hops = max(1, int(beat.length / period))
    if beat.t < 0 or beat.t >= hops * period:
        return poise
    lean = 3.0 * math.sin(2 * math.pi * beat.t / (2 * period)) * poise.heading
    return _hop(replace(poise, lean=poise.lean + lean), beat.t % period, period, high=0.34)


def _hop(poise: Poise, t: float, period: float, *, high: float) -> Poise:
    """One hop within a period: lift and squash."""
    s = t / period
    if not 0 <= s < 1:
        return poise
    deep = min(1.0, high / 0.2)
    if s < 0.20:
        return replace(poise, squash=poise.squash * (1 - 0.09 * deep * rise(s / 0.20)))
    if s < 0.72:
        air = (s - 0.20) / 0.52
        stretch = 1 - 0.09 * deep + (0.09 + 0.045) * deep * rise(air / 0.22) - 0.045 * deep * rise((air - 0.3) / 0.5)
        return replace(poise, lift=poise.lift + high * 4 * air * (1 - air), squash=poise.squash * stretch)
    land = (s - 0.72) / 0.28
    dip = math.exp(-4.5 * land) * math.sin(math.pi * min(1.0, 1.6 * land)) if land < 0.625 else 0.0
    return replace(poise, squash=poise.squash * (1 - 0.16 * deep * dip))


def _dance(beat: Beat, poise: Poise) -> Poise:
    """Side to side on the beat, a little hop on each, and every eight beats once around."""
    pulse = 1.9 * beat.t
    side = math.sin(math.pi * pulse)
    hop = abs(math.cos(math.pi * pulse))
    around = rise((pulse % 8 - 6) / 1.6)
    return replace(
        poise,
        x=poise.x + min(0.03, 0.02 + beat.stand.room) * side * beat.force,
        lift=poise.lift + 0.055 * hop * beat.force,
        lean=poise.lean + 6.0 * side * beat.force,
        squash=poise.squash * (1 - 0.035 * (1 - hop) ** 2 * beat.force),
        spin=poise.spin * (1 + (math.cos(2 * math.pi * around) - 1) * beat.force),
    )


def _turn(beat: Beat, poise: Poise) -> Poise:
    """One turn away and, when there is time, back: a little dip before each."""
    away, back = (beat.t - 0.45) / 0.42, (beat.t - 2.4) / 0.42
    dip = sum(math.exp(-(((s + 0.35) / 0.25) ** 2)) for s in (away, back))
    spin = math.cos(math.pi * rise(away)) * math.cos(math.pi * rise(back))
    return replace(_hop(poise, beat.t - 0.36, 0.6, high=0.05), spin=poise.spin * spin, squash=poise.squash * (1 - 0.03 * dip))


def _fly(beat: Beat, poise: Poise) -> Poise:
    """Up into the air after a crouch, then gliding to and fro in it, banking into its turns."""
    held, sway = beat.held, 0.9 * beat.t
    crouch = 0.0 if beat.opening else 0.08 * math.exp(-(((beat.t - 0.16) / 0.12) ** 2))
    wide = min(0.16, 0.03 + beat.stand.room)
    return replace(
        poise,
        x=poise.x + wide * math.sin(sway) * held * rise(beat.t / 1.5),
        lift=poise.lift + (0.40 + 0.06 * math.sin(2.3 * beat.t) + 0.05 * math.sin(1.1 * beat.t)) * held,
        lean=poise.lean + 9 * math.cos(sway) * held * rise(beat.t / 1.5),
        squash=poise.squash * (1 - crouch),
    )


def _face(now: float, goal: float, share: float) -> float:
    """From one heading to another by turning, never by fading."""
    return goal if now * goal > 0 else goal * -math.cos(math.pi * share)


_FREE = (Heading.free, Heading.left, Heading.right)
_MOVING = (Action.walk, Action.run, Action.fly)
_RHYTHMIC = (Action.jump, Action.wave, Action.turn)
_LASTING = (Action.fly, Action.sit)
