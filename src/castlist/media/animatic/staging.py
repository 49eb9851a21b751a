"""Put the cast on the ground: where each stands, how large it is, which way it looks."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from castlist.media.animatic.action import NEAR, Poise, Stand, enter, stand
from castlist.media.animatic.brief import Member
from castlist.media.animatic.camera import View, look
from castlist.media.animatic.encode import FPS
from castlist.media.animatic.geometry import Geometry
from castlist.media.animatic.looks import Looks, judge
from castlist.media.animatic.packing import WANTED, Nook, facing, ground_of, pack, restrained
from castlist.media.animatic.palette import Light
from castlist.media.animatic.parts import Part
from castlist.media.animatic.places.standing import band_of
from castlist.media.animatic.scene import Scene, Shot
from castlist.media.animatic.seat import broader
from castlist.media.animatic.sprite import Sprite, framed, lit, wind
from castlist.media.animatic.words import Action, Heading

Costume: TypeAlias = Callable[[Light], Sprite]

TALLEST = 0.60
_SMALL = 1280 * 720
_TALL = 0.44
_TALLER = 1.25
"""How much taller than the other one of two may be: what the frame's width does to the wider one, it does to both."""
_LEAST, _MIDDLE = 0.31, 0.5
_EDGE = 0.012
_GAP = 0.008
_AIR = 0.30


@dataclass(frozen=True, slots=True)
class Actor:
    """A character in the scene: its pictures, its height on the frame at depth 1 in pixels, where it belongs, how it comes in.

    `entrance` is how many frame widths from its home it starts, `lane` the part of the frame that is its own, in frame widths;
    `nook` its place beside another who is too broad for lanes.
    """

    sprite: Sprite
    tall: float
    stand: Stand
    looks: Looks
    number: int
    lane: tuple[float, float]
    entrance: float = 0.0
    nook: Nook | None = None

    @property
    def room(self) -> float:
        """The width of its lane."""
        return self.lane[1] - self.lane[0]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an actor is on the frame now: its feet and the ground under them in pixels, its scale from picture to frame."""

    x: float
    y: float
    ground: float
    scale: float
    lean: float
    facing: float
    squash: float
    haze: float
    fold: float = 0.0


def dress(members: Sequence[Member], geometry: Geometry, scene: Scene) -> tuple[Costume, ...]:
    """Load the cast at the size in which the first shot shows it; what is handed back is its look in a light.

    Of a large frame's cast only the first is loaded before its light is known: two at once would need too much memory beside the layers.
    """
    pixels = round(min(TALLEST, _TALL * _closest(scene)) * geometry.height)
    early = len(members) if geometry.width * geometry.height <= _SMALL else 1
    return tuple(_costume(member, pixels, early=number < early) for number, member in enumerate(members))


def _costume(member: Member, pixels: int, *, early: bool) -> Costume:
    cutout = member.cutout
    if cutout is None:
        return partial(framed, member.clip, pixels)
    return partial(lit, wind(cutout, pixels)) if early else lambda light: lit(wind(cutout, pixels), light)


def enlist(members: Sequence[Member], geometry: Geometry, light: Light, scene: Scene) -> tuple[Actor, ...]:
    """Load the cast and give everyone a place of their own."""
    return stage([costume(light) for costume in dress(members, geometry, scene)], geometry, scene)


def stage(sprites: Sequence[Sprite], geometry: Geometry, scene: Scene) -> tuple[Actor, ...]:
    """Give everyone a place of their own. What the first shot asks decides it, so that later ones do not move it."""
    first = scene.shots[:1]
    nearest = _closest(scene)
    actors = []
    faces = [judge(sprite) for sprite in sprites]
    sides = [_side(number, first) if len(sprites) > 1 else 0.0 for number in range(len(sprites))]
    parting = _parting(sides, [looks.wide * nearest for looks in faces], geometry)
    for number, (sprite, looks, side) in enumerate(zip(sprites, faces, sides, strict=True)):
        lane = (_EDGE, 1 - _EDGE) if not side else (_EDGE, parting - _GAP) if side < 0 else (parting + _GAP, 1 - _EDGE)
        share = (1.0 if side else 0.84) * (lane[1] - lane[0])
        tall = min(_TALL * geometry.height, share * geometry.width / looks.wide / nearest)
        at = _stand(side, wide=tall * looks.wide / geometry.width, gaze=looks.gaze)
        at = at if parting == _MIDDLE else replace(at, home=sum(lane) / 2 - 0.5, depth=1.0)
        actor = Actor(sprite, tall, at, looks, number, lane)
        actors.append(replace(actor, entrance=_entrance(first, actor, wide=_width(actor, geometry))))
    most = _TALLER * min((actor.tall for actor in actors), default=0.0)
    return _packed([replace(actor, tall=min(actor.tall, most)) for actor in actors], geometry, scene)


def _packed(actors: Sequence[Actor], geometry: Geometry, scene: Scene) -> tuple[Actor, ...]:
    """The same, or fitted into each other when two would be too small in lanes of their own."""
    if len(actors) != 2 or min(actor.tall for actor in actors) >= WANTED * geometry.height:
        return tuple(actors)
    left = 0 if actors[0].stand.home < actors[1].stand.home else 1
    nooks = pack([actor.sprite for actor in actors], [actor.looks for actor in actors], geometry, left=left, band=band_of(scene))
    if not nooks or nooks[0].tall * geometry.height <= min(actor.tall for actor in actors):
        return tuple(actors)
    return tuple(
        replace(actor, tall=nook.tall * geometry.height, nook=nook, stand=replace(actor.stand, home=nook.x - 0.5))
        for actor, nook in zip(actors, nooks, strict=True)
    )


def step_in(actors: Sequence[Actor], geometry: Geometry) -> tuple[Actor, ...]:
    """The same actors, entering: the opening frame is empty of them."""
    return tuple(
        actor if actor.entrance else replace(actor, entrance=_outside(_nearer_side(actor), _width(actor, geometry), at=actor.stand))
        for actor in actors
    )


def place(actor: Actor, shots: Sequence[Shot], frame: int, *, geometry: Geometry, view: View) -> Spot:
    """Where an actor is on this frame, seen from here."""
    shots = [_calm(shot) for shot in shots] if actor.sprite.card else shots
    poise = stand(shots, frame, actor.number, at=actor.stand)
    if actor.entrance:
        poise = enter(poise, frame / FPS, way=actor.entrance)
    if actor.nook:
        return _nestled(actor, actor.nook, poise, geometry=geometry, view=view)
    zoom = 1 / (1 - view.push * poise.depth)
    aside = poise.x - (view.track - view.follow) * poise.depth - view.pan
    ground = geometry.horizon + (geometry.feet - geometry.horizon) * poise.depth * zoom - view.tilt * geometry.height
    tall = _limited(actor.tall * _grown(poise.depth) * zoom, actor, geometry)
    x = geometry.width * (0.5 + aside * zoom)
    lift = min(poise.lift * tall, max(0.0, ground - 1.03 * tall - 0.03 * geometry.height))
    return Spot(
        x=x if _coming(actor, frame) else _kept(x, actor, geometry, tall=tall, poise=poise),
        y=ground - lift,
        ground=ground,
        scale=tall / actor.sprite.tall,
        lean=0.4 * poise.lean if actor.sprite.card else poise.lean,
        facing=_facing(actor, poise),
        squash=1.0 if actor.sprite.card else poise.squash,
        haze=_AIR * min(1.0, max(0.0, 1.0 - poise.depth) / 0.5),
        fold=0.0 if actor.sprite.card else poise.fold,
    )


def _nestled(actor: Actor, nook: Nook, poise: Poise, *, geometry: Geometry, view: View) -> Spot:
    """Where one of two packed ones is: it keeps its place on the frame, whatever the camera does."""
    still = restrained(poise, nook)
    row = geometry.horizon + (geometry.feet - geometry.horizon) / (1 - view.push) - view.tilt * geometry.height
    ground = ground_of(nook, geometry, row=row)
    lift = min(still.lift * actor.tall, max(0.0, ground - 1.05 * actor.tall - 0.03 * geometry.height))
    away = poise.x - actor.stand.home
    x = nook.x + (away if abs(away) > 0.3 and actor.entrance else 0.0)
    return Spot(
        x=x * geometry.width,
        y=ground - lift,
        ground=ground,
        scale=actor.tall / actor.sprite.tall,
        lean=still.lean,
        facing=facing(still, nook),
        squash=still.squash,
        haze=0.0,
        fold=still.fold,
    )


def _closest(scene: Scene) -> float:
    return max((_nearest(shot, scene) for shot in scene.shots[:1]), default=1.0)


def _nearest(shot: Shot, scene: Scene) -> float:
    """How much larger than at rest a shot shows the cast at most."""
    steps = range(0, shot.frames + 1, 12)
    zoom = max(1 / (1 - look((shot,), shot.start + n, seed=scene.seed).push) for n in steps)
    return zoom * (_grown(NEAR) if Action.towards in shot.actions else 1.0)


def _side(number: int, shots: Sequence[Shot]) -> float:
    """The first of two stands on the left, unless they come in from where they would have to cross."""
    parts = shots[0].parts if shots else ()
    crossed = any(part.heading is Heading.from_right for part in parts[:1]) or any(part.heading is Heading.from_left for part in parts[1:2])
    return -1.0 if (number % 2 == 0) != crossed else 1.0


def _parting(sides: Sequence[float], wide: Sequence[float], geometry: Geometry) -> float:
    """Where the lanes of two meet: in the middle, or where both get as tall, when one would be too small for its width otherwise."""
    if len(sides) != 2 or max(wide) * _LEAST * geometry.height <= (_MIDDLE - _EDGE - _GAP) * geometry.width:
        return _MIDDLE
    left, right = wide if sides[0] < 0 else wide[::-1]
    return min(0.70, max(0.30, left / (left + right)))


def _stand(side: float, *, wide: float, gaze: float) -> Stand:
    """One in the middle (side 0), two on either side looking at each other, the right one a step farther away."""
    if not side:
        return Stand(0.0, max(0.02, min(0.22, 0.47 - wide / 2)), 1.0, gaze or 1.0)
    home = min(max(0.205, wide / 2 + 0.025), 0.25)
    return Stand(side * home, max(0.0, min(0.05, home - wide / 2 - 0.02)), 1.0 if side < 0 else 0.95, -side)


def _entrance(shots: Sequence[Shot], actor: Actor, *, wide: float) -> float:
    at = actor.stand
    match shots[0].part(actor.number).heading if shots else Heading.free:
        case Heading.from_left:
            return _outside(-1.0, wide, at=at)
        case Heading.from_right:
            return _outside(1.0, wide, at=at)
        case Heading.enters:
            return _outside(_nearer_side(actor), wide, at=at)
        case _:
            return 0.0


def _nearer_side(actor: Actor) -> float:
    return math.copysign(1.0, actor.stand.home) if actor.stand.home else -1.0


def _outside(side: float, wide: float, *, at: Stand) -> float:
    """So far from home that nothing of it is on the frame, wherever the camera looks at first."""
    return side * (0.62 + abs(at.home) + at.room + wide)


def _width(actor: Actor, geometry: Geometry) -> float:
    return actor.tall * actor.looks.wide / geometry.width


def _coming(actor: Actor, frame: int) -> bool:
    return bool(actor.entrance) and frame < 3 * FPS


def _limited(tall: float, actor: Actor, geometry: Geometry) -> float:
    """Not more than the frame takes, however near the camera goes."""
    most = min(TALLEST * geometry.height, actor.room * geometry.width / actor.looks.wide)
    soft = 0.92 * most
    return tall if tall <= soft else most - (most - soft) * math.exp(-(tall - soft) / (most - soft))


def _kept(x: float, actor: Actor, geometry: Geometry, *, tall: float, poise: Poise) -> float:
    """Inside its lane, with a soft stop at the edges of it, so that it neither leaves the frame nor covers another."""
    turned = 0.5 - 0.5 * _facing(actor, poise)
    broad, aside = math.pow(poise.squash, -0.6) * broader(poise.fold), 0.9 * math.sin(math.radians(poise.lean))
    left = tall * (broad * (actor.looks.left + (actor.looks.right - actor.looks.left) * turned) + max(0.0, -aside))
    right = tall * (broad * (actor.looks.right + (actor.looks.left - actor.looks.right) * turned) + max(0.0, aside))
    low, high = actor.lane[0] * geometry.width + left, actor.lane[1] * geometry.width - right
    if high <= low:
        return (low + high) / 2
    soft = min(0.06 * geometry.width, (high - low) / 2)
    if x < low + soft:
        return low + soft * math.exp((x - low - soft) / soft)
    if x > high - soft:
        return high - soft * math.exp((high - soft - x) / soft)
    return x


def _facing(actor: Actor, poise: Poise) -> float:
    """1 as drawn, -1 mirrored: who is seen from the side looks where it goes, who looks at the camera is not turned for it."""
    if actor.sprite.card:
        return 1.0
    return poise.spin * (poise.heading * actor.looks.gaze if actor.looks.gaze else 1.0)


def _grown(depth: float) -> float:
    """Nearer is larger, but less than a lens would have it: a character stays 30 to 60 % of the frame."""
    return 0.35 + 0.65 * depth


def _calm(shot: Shot) -> Shot:
    """What a card does: it stands, and comes in as it was asked to."""
    return replace(shot, parts=tuple(Part((Action.idle,), part.heading) for part in shot.parts))
