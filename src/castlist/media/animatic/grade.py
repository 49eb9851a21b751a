"""Edits: change light and colour, and let weather and living things in, on frames whose composition stays."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from castlist.media.animatic.palette import Light, light_of
from castlist.media.animatic.planes import Frame, Plane
from castlist.media.animatic.words import (
    Extra,
    Hour,
    Place,
    Weather,
    affirmed,
    auras_in,
    flat,
    is_wintry,
    made_of,
    read,
    read_grades,
    weathers_in,
    without_auras,
)


@dataclass(frozen=True, slots=True)
class Tone:
    """A look: brightness gain and gamma, colour strength, how far blue and red move at full light and (`dark_`) in the shadows.

    `top` is the gain at the frame's upper edge, which reaches 1 at the horizon: a night has a dark sky.
    """

    gain: float = 1.0
    gamma: float = 1.0
    strength: float = 1.0
    blue: float = 0.0
    red: float = 0.0
    bloom: float = 0.0
    veil: float = 0.0
    lift: float = 0.0
    dark_blue: float = 0.0
    dark_red: float = 0.0
    top: float = 1.0


@dataclass(frozen=True, slots=True)
class Grade:
    """Looks as tables: luma to luma, chroma to chroma, and what luma adds to chroma."""

    luma: Plane
    chroma: Plane
    plus: Plane
    minus: Plane
    bloom: float
    veil: float
    top: float


def grades_of(prompt: str) -> tuple[str, ...]:
    """The names of what an edit asks for; a gentle polish when it names nothing that can be changed."""
    text = made_of(flat(prompt))
    reading = read(affirmed(text))
    names = [*auras_in(affirmed(text)), *read_grades(without_auras(text))]
    lit = Hour.night.value if "neon" in names else ""  # neon has its own dark; both together would be black
    if reading.hour and reading.hour.value not in (*names, lit):
        names.append(reading.hour.value)
    weathers = [weather for weather in weathers_in(reading.text) if weather is not Weather.clear]
    names += [weather.value for weather in weathers]
    if reading.place is Place.snow or is_wintry(reading.text):
        names.append(Weather.snow.value)  # an edit makes no other place: "make it snow", "a snowy day" mean what falls
    names += sorted(extra.value for extra in reading.extras)
    if Hour.golden.value in names:
        names = [name for name in names if name != "warm"]  # golden light is warm already; both together would be mustard
    return tuple(dict.fromkeys(names)) or ("polish",)


def known(name: str) -> bool:
    return name in _TONES


def tables(names: Sequence[str]) -> Grade | None:
    """The looks of several names in one set of tables; None when none of them changes the picture's tone."""
    tones = [_TONES[name] for name in names if name in _TONES]
    if not tones:
        return None
    luma = np.arange(256, dtype=np.float32)
    chroma = np.arange(256, dtype=np.float32) - 128
    shift = np.zeros((256, 2), np.float32)
    bloom, veil, top = 0.0, 0.0, 1.0
    for tone in tones:
        share = np.clip((luma - 16) / 219, 0, 1)
        luma = (16 + 219 * _shouldered(tone.lift + tone.gain * share**tone.gamma)).astype(np.float32)
        chroma = chroma * tone.strength
        weight = np.clip(0.30 + 1.1 * np.clip((luma - 16) / 219, 0, 1) ** 0.7, 0, 1.1)
        deep = np.clip(1 - 1.6 * np.clip((luma - 16) / 219, 0, 1), 0, 1)
        shift = shift * tone.strength + np.stack(
            [tone.blue * weight + tone.dark_blue * deep, tone.red * weight + tone.dark_red * deep], axis=1
        )
        bloom, veil, top = max(bloom, tone.bloom), max(veil, tone.veil), min(top, tone.top)
    return Grade(
        luma=np.clip(np.round(luma), 0, 255).astype(np.uint8),
        chroma=np.clip(np.round(chroma + 128), 0, 255).astype(np.uint8),
        plus=np.clip(np.round(shift), 0, 127).astype(np.uint8),
        minus=np.clip(np.round(-shift), 0, 127).astype(np.uint8),
        bloom=bloom,
        veil=veil,
        top=top,
    )


def _shouldered(share: NDArray[np.floating]) -> NDArray[np.floating]:
    """Brightness that nears white without ever burning out what is drawn in it."""
    knee = 0.80
    return np.asarray(np.where(share > knee, knee + (1 - knee) * np.tanh((share - knee) / (1 - knee) * 0.9), np.clip(share, 0, 1)))


def apply(frame: Frame, grade: Grade) -> None:
    """Change a frame in place."""
    half = cv2.resize(frame.y, (frame.y.shape[1] // 2, frame.y.shape[0] // 2), interpolation=cv2.INTER_AREA)
    np.copyto(frame.y, cv2.LUT(frame.y, grade.luma))
    uv = cv2.LUT(frame.uv, grade.chroma)
    plus = cv2.merge([cv2.LUT(half, np.ascontiguousarray(grade.plus[:, c])) for c in (0, 1)])
    minus = cv2.merge([cv2.LUT(half, np.ascontiguousarray(grade.minus[:, c])) for c in (0, 1)])
    np.copyto(frame.uv, cv2.subtract(cv2.add(uv, plus), minus))
    if grade.top < 1:
        _shade(frame, grade.top)
    if grade.bloom:
        _bloom(frame, grade.bloom)
    if grade.veil:
        _veil(frame, grade.veil)


def light_for(names: Sequence[str], hour: Hour) -> Light:
    """The light that living things have in a graded frame."""
    hours = [Hour(name) for name in names if name in tuple(Hour)]
    weathers = [Weather(name) for name in names if name in tuple(Weather)]
    return light_of(hours[0] if hours else hour, weathers[0] if weathers else Weather.clear)


def extras_of(names: Sequence[str]) -> frozenset[Extra]:
    return frozenset(Extra(name) for name in names if name in tuple(Extra))


def weather_of(names: Sequence[str]) -> Weather:
    """The weather of an edit; what falls before what hangs in the air, which its tone shows already."""
    found = [Weather(name) for name in names if name in tuple(Weather)]
    return next((weather for weather in found if weather is not Weather.fog), found[0] if found else Weather.clear)


def _shade(frame: Frame, top: float) -> None:
    """Darker towards the upper edge, where the sky is."""
    height, width = frame.y.shape
    rows = np.clip(np.arange(height, dtype=np.float32) / np.float32(0.62 * height), 0, 1)
    gain = (255 * (top + (1 - top) * rows * rows * (3 - 2 * rows))).astype(np.uint8)
    plane = np.ascontiguousarray(np.broadcast_to(gain[:, None], (height, width)))
    black = np.ascontiguousarray(np.broadcast_to(((255 - gain) // 16)[:, None], (height, width)))
    np.copyto(frame.y, cv2.add(cv2.multiply(frame.y, plane, scale=1 / 255), black))


def _bloom(frame: Frame, strength: float) -> None:
    """Bright parts glow into what is around them."""
    height, width = frame.y.shape
    small = cv2.resize(frame.y, (max(8, width // 8), max(8, height // 8)), interpolation=cv2.INTER_AREA)
    bright = cv2.convertScaleAbs(cv2.subtract(small, np.full_like(small, 104)), alpha=1.3)
    soft = cv2.GaussianBlur(bright, (0, 0), max(1.5, width / 8 / 50))
    light = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    np.copyto(frame.y, cv2.min(cv2.add(frame.y, cv2.convertScaleAbs(light, alpha=strength)), np.full_like(frame.y, 240)))


def _veil(frame: Frame, strength: float) -> None:
    """Thin air: thicker towards the middle of the frame, where the distance is."""
    height, width = frame.y.shape
    rows = np.linspace(0, 1, height, dtype=np.float32)
    share = strength * np.exp(-(((rows - 0.52) / 0.34) ** 2))
    veil = np.broadcast_to((share * 255).astype(np.uint8)[:, None], (height, width))
    keep = cv2.bitwise_not(np.ascontiguousarray(veil))
    np.copyto(frame.y, cv2.add(cv2.multiply(frame.y, keep, scale=1 / 255), cv2.convertScaleAbs(veil, alpha=196 / 255)))


_TONES = {
    "golden": Tone(gain=0.98, gamma=1.02, strength=0.90, blue=-19, red=14, dark_blue=5, bloom=0.16),
    "warm": Tone(gamma=0.97, strength=0.95, blue=-18, red=9),
    "dawn": Tone(gain=1.0, gamma=0.92, strength=0.82, blue=-7, red=10, dark_blue=8, dark_red=4, lift=0.03, bloom=0.15),
    "dusk": Tone(gain=0.76, gamma=1.12, strength=0.85, blue=2, red=11, dark_blue=14, dark_red=3, top=0.78),
    "night": Tone(gain=0.66, gamma=1.20, strength=0.52, blue=17, red=-10, dark_blue=8, top=0.62),
    "cool": Tone(gain=0.96, strength=0.85, blue=20, red=-11),
    "day": Tone(gain=1.10, gamma=0.86, strength=1.06, blue=3, red=-1),
    "dark": Tone(gain=0.66, gamma=1.15, strength=0.92, top=0.85),
    "bright": Tone(gain=1.06, gamma=0.78, strength=1.05),
    "mono": Tone(strength=0.0, gamma=1.02),
    "sepia": Tone(strength=0.30, gain=0.95, lift=0.03, blue=-15, red=8, dark_red=3),
    "pastel": Tone(gain=0.86, gamma=0.80, strength=0.62, lift=0.13, blue=2, red=3),
    "vivid": Tone(strength=1.38, gain=1.03),
    "muted": Tone(strength=0.62, lift=0.02, gain=0.96),
    "dramatic": Tone(gain=0.98, gamma=1.25, strength=1.12, bloom=0.12),
    "neon": Tone(gain=0.82, gamma=1.20, strength=1.25, blue=12, red=17, dark_blue=20, dark_red=-4, bloom=0.35, top=0.80),
    "dreamy": Tone(gain=0.94, gamma=0.97, strength=0.90, blue=3, red=6, bloom=0.34, lift=0.04),
    "red": Tone(gain=0.92, strength=0.9, blue=-6, red=24),
    "green": Tone(gain=0.96, strength=0.9, blue=-12, red=-17),
    "pink": Tone(gain=0.98, strength=0.9, blue=6, red=18),
    "purple": Tone(gain=0.92, strength=0.9, blue=17, red=11, dark_blue=8),
    "rain": Tone(gain=0.80, gamma=1.04, strength=0.68, blue=8, red=-6),
    "storm": Tone(gain=0.60, gamma=1.10, strength=0.58, blue=10, red=-7, top=0.80),
    "snow": Tone(gain=0.98, gamma=0.88, strength=0.72, blue=9, red=-6, lift=0.03),
    "fog": Tone(gain=0.92, gamma=0.90, strength=0.62, lift=0.03, veil=0.42),
    "fireflies": Tone(gain=0.92, gamma=1.03, strength=0.92, bloom=0.15),
    "lanterns": Tone(gain=0.92, gamma=1.05, blue=-8, red=5, bloom=0.2),
    "glow": Tone(gain=0.88, gamma=1.06, bloom=0.15),
    "polish": Tone(gain=1.02, gamma=0.97, strength=1.06, blue=-3, red=2),
}
