"""Build a scene and look at its frames as the encoder would get them, without encoding."""

from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from castlist.media.animatic import backdrop as backdrops
from castlist.media.animatic import figure, living, staging
from castlist.media.animatic import scene as scenes
from castlist.media.animatic.brief import Member
from castlist.media.animatic.camera import look
from castlist.media.animatic.compose import Studio, build, build_on, frame_at, world_of
from castlist.media.animatic.geometry import measure
from castlist.media.animatic.palette import light_of
from castlist.media.animatic.places.world import Painted
from castlist.media.animatic.planes import Frame
from castlist.media.animatic.words import read

Picture = NDArray[np.uint8]
WIDE, TALL, SQUARE = (320, 180), (180, 320), (240, 240)


def member(name: str, cutout: Path) -> Member:
    return Member(name, cutout, cutout)


def studio(
    prompt: str,
    cast: Sequence[Member] = (),
    *,
    size: tuple[int, int] = WIDE,
    seconds: float = 2,
    seed: int = 7,
    picture: Path | None = None,
) -> Studio:
    scene = written(prompt, cast, size=size, seconds=seconds, seed=seed, hung=picture is not None)
    return build_on(scene, cast, backdrops.load(picture, size)) if picture else build(scene, cast)


def troupe(prompt: str, cast: Sequence[Member], *, size: tuple[int, int] = WIDE, seconds: float = 2) -> Studio:
    """The cast of a scene staged before nothing: for where it is and what it does."""
    scene = written(prompt, cast, size=size, seconds=seconds)
    geometry, light = measure(*size), light_of(scene.hour, scene.weather)
    nothing = Painted((), ())
    life = living.populate(world_of(scene, geometry, light), nothing)
    return Studio(scene, geometry, light, nothing, staging.enlist(cast, geometry, light, scene), life)


def written(
    prompt: str, cast: Sequence[Member], *, size: tuple[int, int] = WIDE, seconds: float = 2, seed: int = 7, hung: bool = False
) -> scenes.Scene:
    names = tuple(one.name for one in cast)
    return scenes.compose(read(prompt), size=size, seed=seed, frames=round(24 * seconds), cast=names, backdrop=hung)


def rgb(frame: Frame) -> Picture:
    shown = av.VideoFrame.from_ndarray(frame.buffer, format="nv12").reformat(format="rgb24", src_colorspace=1, dst_colorspace=1)
    return shown.to_ndarray()


def shot(of: Studio, number: int) -> Picture:
    return rgb(frame_at(of, number))


def luma(of: Studio, number: int) -> NDArray[np.float32]:
    return frame_at(of, number).y.astype(np.float32)


def spots(of: Studio, number: int) -> list[staging.Spot]:
    view = look(of.scene.shots, number, seed=of.scene.seed)
    return [staging.place(actor, of.scene.shots, number, geometry=of.geometry, view=view) for actor in of.actors]


def masks(of: Studio, number: int) -> list[NDArray[np.bool_]]:
    """Where each of the cast is on a frame."""
    shape = (of.geometry.height, of.geometry.width)
    placed = zip(of.actors, spots(of, number), strict=True)
    return [figure.outline(shape, actor, spot, number=number, part=1) > 96 for actor, spot in placed]


def extent(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a mask, the last two just past it."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def lab(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The mean colour of pixels (any shape x 3)."""
    flat = np.asarray(pixels, np.float32).reshape(1, -1, 3) / 255
    return cv2.cvtColor(flat, cv2.COLOR_RGB2LAB).reshape(-1, 3).mean(axis=0)
