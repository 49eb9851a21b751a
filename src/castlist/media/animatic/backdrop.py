"""A picture as the scene: the opening frame exactly, then parallax from it."""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from castlist.errors import MediaRefused
from castlist.media.animatic.camera import View, settle
from castlist.media.animatic.geometry import Geometry, even
from castlist.media.animatic.palette import Light
from castlist.media.animatic.planes import Frame, Picture, Plane, as_bytes, picture_of

_FLAGS = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


@dataclass(frozen=True, slots=True)
class Backdrop:
    """A picture of the frame's size, and the view and time at which it is shown as it is."""

    picture: Picture
    view: View
    since: float


def load(path: Path, size: tuple[int, int]) -> Picture:
    """An image, cover-fitted to a size. Raises MediaRefused when it is not an image."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise MediaRefused("the reference is not an image that can be read", code="invalid_image", param="input_reference")
    return picture_of(as_bytes(cv2.cvtColor(cover(as_bytes(image), size), cv2.COLOR_BGR2RGB)), None)


def cover(image: Plane, size: tuple[int, int]) -> Plane:
    """Scale an image so that it covers a size, and cut the middle out."""
    width, height = size
    scale = max(width / image.shape[1], height / image.shape[0])
    wide, high = max(width, round(image.shape[1] * scale)), max(height, round(image.shape[0] * scale))
    fitted = image if scale == 1 else cv2.resize(image, (wide, high), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    left, top = (wide - width) // 2, (high - height) // 2
    return as_bytes(fitted[top : top + height, left : left + width])


def of_frame(frame: Frame) -> Picture:
    return Picture(frame.y, np.ascontiguousarray(frame.uv), None, None)


def light_from(picture: Picture, light: Light) -> Light:
    """The usual light, as bright and as warm as the picture is."""
    brightness = (float(picture.y.mean()) - 16) / 219
    blue, red = (float(picture.uv[..., c].mean()) - 128 for c in (0, 1))
    gain = min(1.05, 0.55 + 0.9 * brightness)
    key = (gain * (1 + red / 110), gain, gain * (1 + blue / 110))
    return replace(light, key=key, shadow=0.42, sun_size=0.0)


def unroll(frame: Frame, backdrop: Backdrop, geometry: Geometry, view: View, t: float) -> None:
    """Fill a frame from the picture: it draws nearer slowly, and its lower part moves more than its upper."""
    gone = t - backdrop.since
    near = settle(gone, 9.0)
    track, pan = _within(view.track - backdrop.view.track, 0.08), _within(view.pan - backdrop.view.pan, 0.11)
    rise = _within(view.tilt - backdrop.view.tilt, 0.09)
    aside = 0.45 * track + pan + 0.012 * math.sin(0.35 * gone) * near
    lean = 0.40 * track
    pushed = 0.6 * (view.push - backdrop.view.push)
    zoom = 1 + 0.07 * near + max(pushed, 0.0) + 2.1 * max(abs(aside), abs(aside + lean)) + 2.5 * abs(rise)
    zoom = max(1.0, zoom + min(pushed, 0.0) * near)
    tilt = rise * geometry.height
    pivot_x, pivot_y = geometry.width / 2, geometry.horizon * 0.9
    lean, aside = lean * geometry.width / (geometry.height - pivot_y), aside * geometry.width
    split = even(min(geometry.height, max(2.0, pivot_y - tilt * zoom)))
    size = (geometry.width, geometry.height)
    for first, last, slope in ((0, split, 0.0), (split, geometry.height, lean)):
        matrix = np.array(
            [
                [1 / zoom, slope / zoom, pivot_x - pivot_x / zoom + aside],
                [0, 1 / zoom, pivot_y - pivot_y / zoom + tilt + first / zoom],
            ]
        )
        _warp(backdrop.picture.y, frame.y[first:last], matrix, (size[0], last - first))
        matrix[:, 2] /= 2
        _warp(backdrop.picture.uv, frame.uv[first // 2 : last // 2], matrix, (size[0] // 2, (last - first) // 2))


def _within(value: float, most: float) -> float:
    """The same near 0, and never more than a picture can give before its edge would show."""
    return most * math.tanh(value / most)


def _warp(plane: Plane, target: Plane, matrix: "np.ndarray[tuple[int, int], np.dtype[np.float64]]", size: tuple[int, int]) -> None:
    if size[1] > 0:
        np.copyto(target, cv2.warpAffine(plane, matrix, size, flags=_FLAGS, borderMode=cv2.BORDER_REFLECT_101))
