"""One frame after the other: layers, characters, living things."""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import cv2
import numpy as np

from castlist.media.animatic import aura as auras
from castlist.media.animatic import backdrop as backdrops
from castlist.media.animatic import grade as grading
from castlist.media.animatic import living, staging
from castlist.media.animatic.brief import Member
from castlist.media.animatic.camera import View, look
from castlist.media.animatic.castlight import bathe
from castlist.media.animatic.encode import FPS
from castlist.media.animatic.figure import play
from castlist.media.animatic.footing import shadow
from castlist.media.animatic.geometry import Geometry, measure
from castlist.media.animatic.layer import Layer, Piece, Window, cover, draw, draw_pieces, pieces_of
from castlist.media.animatic.moods import tinted
from castlist.media.animatic.palette import Light, light_of, risen
from castlist.media.animatic.places import paint
from castlist.media.animatic.places.world import Painted, World
from castlist.media.animatic.planes import Frame, Picture, Plane, as_bytes, blank, lay
from castlist.media.animatic.scene import Scene
from castlist.media.animatic.tiles import Bounds
from castlist.media.animatic.words import Weather

_FLAGS = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
_WORTH = 0.008


@dataclass(frozen=True, slots=True)
class Studio:
    """A scene with everything painted and loaded."""

    scene: Scene
    geometry: Geometry
    light: Light
    painted: Painted
    actors: tuple[staging.Actor, ...]
    life: living.Life
    backdrop: backdrops.Backdrop | None = None
    grade: grading.Grade | None = None
    aura: auras.Aura | None = None


def build(scene: Scene, members: Sequence[Member]) -> Studio:
    """Paint the scene's layers and load its cast."""
    geometry = measure(*scene.size)
    light = risen(tinted(light_of(scene.hour, scene.weather), scene.moods), scene.seed)
    world = world_of(scene, geometry, light)
    with ThreadPoolExecutor(max_workers=2) as wardrobe:
        costumes = wardrobe.submit(staging.dress, members, geometry, scene)
        painted = paint(world)
        light = painted.light or bathe(light, painted.lamps, geometry)
        actors = staging.stage(list(wardrobe.map(lambda costume: costume(light), costumes.result())), geometry, scene)
    life = _populate(world, scene, painted)
    grade, aura = grading.tables(scene.grades), _aura(scene, actors, geometry)
    return Studio(scene, geometry, light, painted, actors, life, grade=grade, aura=aura)


def build_on(scene: Scene, members: Sequence[Member], picture: Picture, *, since: int = 0) -> Studio:
    """A scene before a picture that is shown as it is at frame `since`; there the cast steps in."""
    geometry = measure(*scene.size)
    light = backdrops.light_from(picture, light_of(scene.hour, scene.weather))
    world = world_of(scene, geometry, light)
    actors = staging.step_in(staging.enlist(members, geometry, light, scene), geometry)
    hung = backdrops.Backdrop(picture, look(scene.shots, since, seed=scene.seed), since / FPS)
    life = _populate(world, scene, Painted((), ()))
    aura = _aura(scene, actors, geometry)
    return Studio(scene, geometry, light, Painted((), ()), actors, life, hung, grading.tables(scene.grades), aura)


def _aura(scene: Scene, actors: Sequence[staging.Actor], geometry: Geometry) -> auras.Aura | None:
    """The light that an edit has put around the cast."""
    colour = auras.colour_of(scene.grades)
    return auras.around_cast(colour, actors, scene, geometry) if colour and actors else None


def world_of(scene: Scene, geometry: Geometry, light: Light) -> World:
    """What the painters are given: chance from the scene's seed and place alone."""
    rng = np.random.default_rng([scene.seed & 0xFFFFFFFF, list(type(scene.place)).index(scene.place)])
    return World(geometry, light, scene.place, scene.hour, scene.weather, scene.extras, rng)


def _populate(world: World, scene: Scene, painted: Painted) -> living.Life:
    """What lives in the scene, and when its takes end."""
    joins = tuple((shot.start + shot.frames) / FPS for shot in scene.shots)
    return replace(living.populate(_with_grades(world, scene), painted), joins=joins)


def _with_grades(world: World, scene: Scene) -> World:
    """The world as its edits left it: their weather and their living things are in it too."""
    weather = grading.weather_of(scene.grades)
    extras = world.extras | grading.extras_of(scene.grades)
    return replace(world, weather=weather if weather is not Weather.clear else world.weather, extras=extras)


def frames_from(studio: Studio, first: int, count: int) -> Iterator[Frame]:
    """The frames from a number on, in order; two are composed at a time, as most of it is done outside of Python."""
    with ThreadPoolExecutor(max_workers=2) as hands:
        ahead: deque[Future[Frame]] = deque()
        try:
            for number in range(first, first + count):
                ahead.append(hands.submit(frame_at, studio, number))
                if len(ahead) > 2:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            hands.shutdown(cancel_futures=True)


def frame_at(studio: Studio, number: int) -> Frame:
    """The frame with this number, counted from the scene's beginning."""
    scene, geometry = studio.scene, studio.geometry
    view = look(scene.shots, number, seed=scene.seed)
    t = number / FPS
    frame = blank(*scene.size)
    if studio.backdrop:
        backdrops.unroll(frame, studio.backdrop, geometry, view, t)
    else:
        _stack(frame, studio, view, t)
    airy = not studio.backdrop or t > 0
    if airy and not studio.grade:
        living.drift(frame, studio.life, geometry=geometry, view=view, t=t)
    perform(frame, studio, number, view=view)
    for layer in studio.painted.before:
        draw(frame, layer, window_of(layer, geometry, view, t), below=geometry.height)
    if studio.grade:
        grading.apply(frame, studio.grade)
    if studio.aura:
        auras.glow(frame, studio.aura, number)
    if airy and studio.grade:
        cast = auras.outlines_of(studio.actors, scene, geometry)(number) if studio.actors else None
        living.drift(frame, studio.life, geometry=geometry, view=view, t=t, cast=cast)
    if airy:
        living.fall(frame, studio.life, geometry=geometry, view=view, t=t)
    return frame


def perform(frame: Frame, studio: Studio, number: int, *, view: View) -> None:
    """Draw the cast with its shadows, the farthest first."""
    scene = studio.scene
    spots = [(actor, staging.place(actor, scene.shots, number, geometry=studio.geometry, view=view)) for actor in studio.actors]
    spots.sort(key=lambda pair: pair[1].ground)
    for actor, spot in spots:
        shadow(frame, actor, spot, studio.light)
    for actor, spot in spots:
        play(frame, actor, spot, number=number, light=studio.light)


def window_of(layer: Layer, geometry: Geometry, view: View, t: float) -> Window:
    """What a layer shows now: nearer ones move and grow more."""
    zoom = 1 / (1 - view.push * layer.depth)
    shift = (view.track * layer.depth + view.pan) * geometry.width + layer.drift * t + layer.sway * math.sin(0.7 * layer.pace * t)
    centre = geometry.left + geometry.width / 2 + shift
    sway = layer.bob * math.sin(layer.pace * t)
    row = geometry.margin + geometry.horizon
    tilt = view.tilt * geometry.height
    return Window(centre - geometry.width / 2 / zoom, row + sway - (geometry.horizon - tilt) / zoom, zoom)


def _stack(frame: Frame, studio: Studio, view: View, t: float) -> None:
    """Draw from far to near, leaving out what a later layer covers: all rows from one on, or parts."""
    geometry = studio.geometry
    layers = [(layer, window_of(layer, geometry, view, t)) for layer in studio.painted.behind]
    leaning = abs(view.track) > 1e-6
    limit, hidden = geometry.height, list[Bounds]()
    seen: list[tuple[Sequence[Piece], Sequence[Bounds]]] = []
    for layer, window in reversed(layers):
        pieces: Sequence[Piece] = () if layer.ground and leaning else pieces_of(layer, window, (geometry.width, limit))
        seen.append((pieces, tuple(hidden)))
        limit = min(limit, cover(layer, window))
        hidden += [piece.bounds for piece in pieces if piece.solid and _large(piece.bounds, geometry)]
    for number, ((layer, window), (pieces, over)) in enumerate(zip(layers, reversed(seen), strict=True), 1):
        if layer.ground and leaning:
            _ground(frame, layer, geometry, view)
        else:
            draw_pieces(frame, layer, window, pieces, hidden=over)
        living.shine(frame, studio.life, after=number, geometry=geometry, view=view, t=t)


def _large(part: Bounds, geometry: Geometry) -> bool:
    """Whether a part of a frame is worth being looked for."""
    left, top, right, bottom = part
    return (right - left) * (bottom - top) > _WORTH * geometry.width * geometry.height


def _ground(frame: Frame, layer: Layer, geometry: Geometry, view: View) -> None:
    """The ground moves by rows: a sideways step of the camera is a shear of the plane about the horizon."""
    zoom = 1 / (1 - view.push)
    horizon = geometry.horizon - view.tilt * geometry.height
    rows = [horizon + (row - geometry.margin - geometry.horizon) * zoom for row in (layer.top, layer.solid)]
    first, middle = (min(geometry.height, max(0, math.ceil(row / 2) * 2)) for row in rows)
    _leaning(frame, layer, geometry, view, rows=(first, middle))
    _leaning(frame, layer, geometry, view, rows=(max(first, middle), geometry.height))


def _leaning(frame: Frame, layer: Layer, geometry: Geometry, view: View, *, rows: tuple[int, int]) -> None:
    """Rows of the ground; from where it is solid on nothing behind it needs to be kept."""
    first, last = rows
    if last <= first:
        return
    zoom = 1 / (1 - view.push)
    horizon = geometry.horizon - view.tilt * geometry.height
    slope = view.track * geometry.width / (geometry.feet - geometry.horizon)
    top = (first - horizon) / zoom
    start = geometry.left + geometry.width / 2 * (1 - 1 / zoom) + view.pan * geometry.width + slope * top
    row = geometry.margin + geometry.horizon + top
    picture, solid = layer.picture, row >= layer.solid
    planes = ((picture.y, picture.keep, frame.y[first:last], 1), (picture.uv, picture.keep2, frame.uv[first // 2 : last // 2], 2))
    for plane, keep, target, part in planes:
        matrix = np.array([[1 / zoom, slope / zoom, start / part], [0, 1 / zoom, row / part]], np.float64)
        small = (geometry.width // part, (last - first) // part)
        lay(target, _shear(plane, matrix, small), None if solid or keep is None else _shear(keep, matrix, small))


def _shear(plane: Plane, matrix: "np.ndarray[tuple[int, int], np.dtype[np.float64]]", size: tuple[int, int]) -> Plane:
    """Warp a plane that repeats sideways."""
    matrix[0, 2] %= plane.shape[1]
    return as_bytes(cv2.warpAffine(plane, matrix, size, flags=_FLAGS, borderMode=cv2.BORDER_WRAP))
