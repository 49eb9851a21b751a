"""The light that falls on the cast: the hour's, and that of the lamps around it."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from castlist.media.animatic.geometry import Geometry
from castlist.media.animatic.palette import Light, grey, mix, scale
from castlist.media.animatic.places.world import Lamp
from castlist.media.animatic.planes import Colour, Plane, as_bytes

_OWN = 0.38
"""How much of a warm light's colour a character is spared: at its full strength gold would drown the hues that are its own."""


def bathe(light: Light, lamps: Sequence[Lamp], geometry: Geometry) -> Light:
    """The light of a scene where the cast stands: in the dark the lamps near it count, and one of them lights its edge."""
    light = replace(light, rim=_moonlit(light))
    near = [(lamp, _weight(lamp, geometry)) for lamp in lamps]
    whole = sum(weight for _, weight in near)
    dark = max(0.0, 1 - max(light.key)) + 0.35 * light.lamps
    share = min(0.72, whole) * min(1.0, 1.5 * dark) * light.lamps
    if share < 0.02:
        return light
    colour = _blend([(lamp.colour, weight) for lamp, weight in near])
    warm = mix(light.key, scale(colour, 0.98), share)
    return replace(light, key=warm, rim=mix(light.rim, colour, min(1.0, 1.3 * share)))


def shading(rgba: Plane, light: Light) -> Plane:
    """The light on a character as gains of red, green and blue (128 is 1): brighter towards the sun, darker at the feet.

    One picture gives them for its whole sequence.
    """
    columns, rows = (np.asarray(rgba[..., 3], np.float32).sum(axis=axis) for axis in (0, 1))
    across, down = _spread(columns), _spread(rows)
    side = -1.0 if light.sun[0] < 0 else 1.0
    form = 0.11 if light.sun_size else 0.05
    ramp = 0.985 + form * side * across[None, :] - 0.075 * np.clip(down, -0.6, 1.3)[:, None]
    bright = grey(light.key)
    tone = mix(light.key, (bright, bright, bright), _OWN if light.key[0] > light.key[2] else 0.0)
    gains = ramp[..., None] * (0.34 + 0.66 * np.array(tone, np.float32))
    return as_bytes(np.clip(gains * 128, 0, 255).astype(np.uint8))


def sculpt(rgba: Plane, shade: Plane) -> Plane:
    """Premultiplied RGB with the light on it."""
    return as_bytes(cv2.multiply(np.ascontiguousarray(rgba[..., :3]), shade, scale=1 / 128))


def _moonlit(light: Light) -> Colour:
    """The edge that the moon draws is what parts a figure from a dark wood: brighter than anything around it."""
    r, g, b = light.rim
    gain = 1 + 2.4 * light.cold if light.sun_size else 1.0
    return r * gain, g * gain, b * gain


def _weight(lamp: Lamp, geometry: Geometry) -> float:
    """How much a lamp matters to who stands in the middle of the frame."""
    aside = (lamp.x - geometry.period / 2) / geometry.width
    size = lamp.radius / geometry.unit
    return float(2.2 * size * np.exp(-((aside / 0.40) ** 2)))


def _blend(colours: Sequence[tuple[Colour, float]]) -> Colour:
    whole = sum(weight for _, weight in colours) or 1.0
    r, g, b = (sum(colour[c] * weight for colour, weight in colours) / whole for c in range(3))
    return r, g, b


def _spread(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each place as -1..1 about the middle of the weights."""
    places = np.arange(len(weights), dtype=np.float32)
    whole = max(float(weights.sum()), 1.0)
    middle = float((weights * places).sum()) / whole
    sigma = max(1.0, float(((weights * (places - middle) ** 2).sum() / whole) ** 0.5))
    return np.asarray(np.clip((places - np.float32(middle)) / np.float32(2 * sigma), -1.3, 1.3), np.float32)
