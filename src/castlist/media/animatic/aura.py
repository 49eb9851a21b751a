"""Light around the cast: where its outline is known it follows it, in a film from elsewhere it follows what moves."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np

from castlist.media.animatic.brief import Member
from castlist.media.animatic.camera import look
from castlist.media.animatic.decode import Source, frames_of
from castlist.media.animatic.encode import FPS
from castlist.media.animatic.figure import outline
from castlist.media.animatic.geometry import Geometry, measure
from castlist.media.animatic.motion import moving
from castlist.media.animatic.palette import light_of
from castlist.media.animatic.planes import Colour, Frame, Plane, as_bytes, yuv_of
from castlist.media.animatic.scene import Scene
from castlist.media.animatic.staging import Actor, enlist, place, step_in

PART = 4
_WIDTH = 320
_EVERY = 8
Outline: TypeAlias = Callable[[int], Plane]


@dataclass(frozen=True, slots=True)
class Aura:
    """A coloured light and, for each frame number, the outline it surrounds at 1/PART of the frame's size."""

    colour: Colour
    outline: Outline
    found: bool = True


def colour_of(names: Sequence[str]) -> Colour | None:
    """The colour of the aura among the names of an edit."""
    tints = [name.removeprefix("aura:") for name in names if name.startswith("aura:")]
    return _TINTS.get(tints[-1], _TINTS["gold"]) if tints else None


def of_edit(names: Sequence[str], scene: Scene, source: Source, members: Sequence[Member]) -> Aura | None:
    """The aura an edit asks for: around the cast where the scene is ours (members are given), else around what moves in the source."""
    colour = colour_of(names)
    if colour is None:
        return None
    if not members or len(members) != len(scene.cast):
        return around_motion(colour, frames_of(source), source.size)
    return Aura(colour, outlines_in(scene, members))


def outlines_in(scene: Scene, members: Sequence[Member]) -> Outline:
    """Where the cast of a scene is on each of its frames."""
    geometry = measure(*scene.size)
    actors = enlist(members, geometry, light_of(scene.hour, scene.weather), scene)
    return outlines_of(step_in(actors, geometry) if scene.backdrop else actors, scene, geometry)


def warnings_of(aura: Aura | None) -> list[object]:
    """What to tell who asked: that the light is in the middle, as nothing stood out that it could follow."""
    if aura is None or aura.found:
        return []
    message = (
        "no moving subject was found in this video, so the glow is around its middle; a take with characters made here gets it exactly"
    )
    return [{"code": "glow_in_the_middle", "message": message, "param": "prompt"}]


def around_cast(colour: Colour, actors: Sequence[Actor], scene: Scene, geometry: Geometry) -> Aura:
    """An aura around characters that were staged here."""
    return Aura(colour, outlines_of(actors, scene, geometry))


def outlines_of(actors: Sequence[Actor], scene: Scene, geometry: Geometry) -> Outline:
    """Where a cast that was staged here is on each frame, at 1/PART of its size."""
    shape = (geometry.height, geometry.width)

    def outlines(number: int) -> Plane:
        view = look(scene.shots, number, seed=scene.seed)
        spots = [(actor, place(actor, scene.shots, number, geometry=geometry, view=view)) for actor in actors]
        masks = [outline(shape, actor, spot, number=number, part=PART) for actor, spot in spots]
        return as_bytes(np.maximum.reduce(masks))

    return outlines


def around_motion(colour: Colour, frames: Iterable[Frame], size: tuple[int, int]) -> Aura:
    """An aura around what moves in a film; around its middle, and `found` false, where nothing that is large enough does."""
    width, height = size
    small = (_WIDTH, max(16, round(_WIDTH * height / width)))
    few = [cv2.resize(frame.y, small, interpolation=cv2.INTER_AREA) for number, frame in enumerate(frames) if number % _EVERY == 0]
    found = moving([as_bytes(one) for one in few])
    soft = [cv2.GaussianBlur(mask, (0, 0), 4.0) for mask in found] or [cv2.GaussianBlur(_middle(small), (0, 0), 16.0)]

    def outlines(number: int) -> Plane:
        first = min(number // _EVERY, len(soft) - 1)
        share = min(1.0, number / _EVERY - first)
        second = soft[min(first + 1, len(soft) - 1)]
        mask = cv2.addWeighted(soft[first], 1 - share, second, share, 0)
        return as_bytes(cv2.resize(mask, (width // PART, height // PART), interpolation=cv2.INTER_LINEAR))

    return Aura(colour, outlines, bool(found))


def glow(frame: Frame, aura: Aura, number: int) -> None:
    """Lay the light on a frame: strongest at the outline, gone a head's width from it, breathing slowly."""
    height, width = frame.y.shape
    solid = aura.outline(number)
    near, far = (cv2.GaussianBlur(solid, (0, 0), s * height / PART) for s in (0.012, 0.055))
    light = cv2.addWeighted(near, 0.55, far, 1.15, 0)
    breath = 0.80 + 0.08 * math.sin(2.1 * number / FPS)
    outside = cv2.convertScaleAbs(cv2.multiply(light, cv2.bitwise_not(cv2.convertScaleAbs(solid, alpha=0.93)), scale=1 / 255), alpha=breath)
    luma, blue, red = yuv_of(aura.colour)
    share = cv2.resize(outside, (width, height), interpolation=cv2.INTER_LINEAR)
    _towards(frame.y, as_bytes(share), luma)
    half = cv2.resize(outside, (width // 2, height // 2), interpolation=cv2.INTER_LINEAR)
    for channel, value in ((0, blue), (1, red)):
        plane = np.ascontiguousarray(frame.uv[..., channel])
        _towards(plane, as_bytes(half), value)
        frame.uv[..., channel] = plane


def _towards(plane: Plane, share: Plane, value: float) -> None:
    kept = cv2.multiply(plane, cv2.bitwise_not(share), scale=1 / 255)
    np.copyto(plane, cv2.add(kept, cv2.convertScaleAbs(share, alpha=value / 255)))


def _middle(size: tuple[int, int]) -> Plane:
    mask = np.zeros((size[1], size[0]), np.uint8)
    cv2.ellipse(
        mask, (size[0] // 2, round(0.62 * size[1])), (round(0.16 * size[0]), round(0.26 * size[1])), 0, 0, 360, 255, -1, cv2.LINE_AA
    )
    return mask


_TINTS: dict[str, Colour] = {
    "gold": (1.0, 0.84, 0.46),
    "blue": (0.46, 0.78, 1.0),
    "green": (0.56, 1.0, 0.60),
    "red": (1.0, 0.42, 0.34),
    "pink": (1.0, 0.62, 0.84),
    "purple": (0.78, 0.56, 1.0),
    "white": (1.0, 1.0, 1.0),
}
