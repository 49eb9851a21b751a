"""Pictures as the encoder wants them: premultiplied Y and UV planes with the share of the background they keep."""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

Plane: TypeAlias = NDArray[np.uint8]
Colour: TypeAlias = tuple[float, float, float]

# BT.709, limited range; the fourth column brings in the offsets in proportion to alpha.
_RGBA_TO_YUV = np.array(
    [
        [0.18259, 0.61423, 0.06201, 16 / 255],
        [-0.10064, -0.33857, 0.43922, 128 / 255],
        [0.43922, -0.39894, -0.04027, 128 / 255],
    ],
    np.float32,
)


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
    opaque = alpha is None
    if alpha is None:
        alpha = np.full(rgb.shape[:2], 255, np.uint8)
    whole = cv2.merge([rgb, alpha])
    half = (rgb.shape[1] // 2, rgb.shape[0] // 2)
    y = as_bytes(cv2.transform(whole, _RGBA_TO_YUV[:1]))
    uv = as_bytes(cv2.transform(cv2.resize(whole, half, interpolation=cv2.INTER_AREA), _RGBA_TO_YUV[1:]))
    if opaque:
        return Picture(y, uv, None, None)
    keep = as_bytes(cv2.bitwise_not(alpha))
    keep_half = cv2.resize(keep, half, interpolation=cv2.INTER_AREA)
    return Picture(y, uv, keep, as_bytes(cv2.merge([keep_half, keep_half])))


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
    y, u, v = _RGBA_TO_YUV @ np.array([r, g, b, 255], np.float32)
    return float(y), float(u), float(v)
