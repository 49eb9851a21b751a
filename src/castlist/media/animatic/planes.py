"""Pictures as the encoder wants them: premultiplied Y and UV planes with the share of the background they keep."""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

Plane: TypeAlias = NDArray[np.uint8]
Colour: TypeAlias = tuple[float, float, float]

# BT.709, limited range. Three values to three are the one product that OpenCV has a quick way for, sixteen times so (measured).
_RGB_TO_YUV = np.array(
    [
        [0.18259, 0.61423, 0.06201, 16],
        [-0.10064, -0.33857, 0.43922, 128],
        [0.43922, -0.39894, -0.04027, 128],
    ],
    np.float32,
)


CLEAR = (0, 128, 128, 255)
"""The four values of a cel's pixel where there is nothing of it."""


def as_bytes(pixels: npt.ArrayLike) -> Plane:
    """What OpenCV or PyAV gave, as the 8-bit array it is; nothing is copied."""
    return np.ascontiguousarray(np.asarray(pixels, np.uint8))


@dataclass(frozen=True, slots=True)
class Picture:
    """Planes of even size: y and keep at full, uv and keep2 at half resolution; keep None means opaque everywhere."""

    y: Plane
    uv: Plane
    keep: Plane | None
    keep2: Plane | None

    @property
    def size(self) -> tuple[int, int]:
        return self.y.shape[1], self.y.shape[0]


@dataclass(frozen=True, slots=True)
class Cel:
    """A picture of a character, of even size: y and what it keeps of the background at full, u and v at half resolution.

    Its chroma is grey where there is nothing, whatever the alpha: coarser than the outline, it must not bring the offset's share.
    """

    y: Plane
    u: Plane
    v: Plane
    keep: Plane

    @property
    def size(self) -> tuple[int, int]:
        return self.y.shape[1], self.y.shape[0]

    def pixels(self) -> Plane:
        """Y, U, V and what is kept, for each pixel: four values warp in the time of one, two would take twice as long (measured)."""
        u, v = (cv2.resize(plane, self.size, interpolation=cv2.INTER_NEAREST) for plane in (self.u, self.v))
        return as_bytes(cv2.merge([self.y, u, v, self.keep]))


@dataclass(frozen=True, slots=True)
class Frame:
    """One NV12 frame being composed; y and uv are views into buffer."""

    buffer: Plane
    y: Plane
    uv: Plane


def blank(width: int, height: int) -> Frame:
    """A fresh frame; its content is undefined until something opaque is drawn."""
    buffer = np.full((height * 3 // 2, width), 128, np.uint8)
    return frame_of(buffer, width, height)


def frame_of(buffer: Plane, width: int, height: int) -> Frame:
    return Frame(buffer, buffer[:height], buffer[height:].reshape(height // 2, width // 2, 2))


def picture_of(rgb: Plane, alpha: Plane | None) -> Picture:
    """RGB, premultiplied where there is alpha, as planes."""
    half = (rgb.shape[1] // 2, rgb.shape[0] // 2)
    yuv = cv2.transform(rgb, _RGB_TO_YUV)
    y = as_bytes(cv2.extractChannel(yuv, 0))
    uv = as_bytes(np.asarray(cv2.resize(yuv, half, interpolation=cv2.INTER_AREA))[..., 1:])
    if alpha is None:
        return Picture(y, uv, None, None)
    keep = as_bytes(cv2.bitwise_not(alpha))
    keep_half = cv2.resize(keep, half, interpolation=cv2.INTER_AREA)
    keep2 = as_bytes(cv2.merge([keep_half, keep_half]))
    # The offsets go in proportion to alpha: what is kept of the background brings its own.
    cv2.subtract(y, cv2.convertScaleAbs(keep, alpha=16 / 255), dst=y)
    return Picture(y, level(uv, keep2), keep, keep2)


def cel_of(rgb: Plane, alpha: Plane) -> Cel:
    """Premultiplied RGB as a picture of a character."""
    flat, keep = picture_of(rgb, None), as_bytes(cv2.bitwise_not(alpha))
    u, v = (as_bytes(cv2.extractChannel(flat.uv, part)) for part in (0, 1))
    return Cel(as_bytes(cv2.subtract(flat.y, cv2.convertScaleAbs(keep, alpha=16 / 255))), u, v, keep)


def level(uv: Plane, keep2: Plane) -> Plane:
    """The chroma of a cel with its offset in proportion to alpha."""
    return as_bytes(cv2.subtract(uv, cv2.convertScaleAbs(keep2, alpha=128 / 255)))


def lay(target: Plane, source: Plane, keep: Plane | None) -> None:
    """Put a premultiplied plane over the target, in place."""
    if keep is None:
        np.copyto(target, source)
        return
    cv2.multiply(target, keep, dst=target, scale=1 / 255)
    cv2.add(target, source, dst=target)


def yuv_of(colour: Colour) -> tuple[float, float, float]:
    """An RGB colour in 0..1 as limited-range Y, U and V."""
    r, g, b = (255 * c for c in colour)
    y, u, v = _RGB_TO_YUV @ np.array([r, g, b, 1], np.float32)
    return float(y), float(u), float(v)
