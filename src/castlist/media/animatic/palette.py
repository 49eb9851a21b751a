"""Light: what an hour and a weather do to the sky and to the colour of things."""

import math
from dataclasses import dataclass, replace

from castlist.media.animatic.planes import Colour
from castlist.media.animatic.words import Hour, Weather


@dataclass(frozen=True, slots=True)
class Light:
    """Colours in 0..1. `sun` is where it stands: x in frame widths from the centre, y in shares of the horizon's height.

    `strength` and `lift` say how much of their colour things show, and how pale they are; `cold` how far they lean to blue by moonlight.
    """

    sky: tuple[Colour, Colour, Colour]
    haze: Colour
    key: Colour
    rim: Colour
    sun: tuple[float, float]
    sun_colour: Colour
    sun_size: float
    air: float
    lamps: float
    stars: float
    shadow: float
    cloud: Colour
    strength: float = 1.0
    lift: float = 0.0
    cold: float = 0.0


def mix(a: Colour, b: Colour, t: float) -> Colour:
    return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t)


def times(a: Colour, b: Colour) -> Colour:
    return (min(1.0, a[0] * b[0]), min(1.0, a[1] * b[1]), min(1.0, a[2] * b[2]))


def scale(a: Colour, gain: float) -> Colour:
    return (min(1.0, a[0] * gain), min(1.0, a[1] * gain), min(1.0, a[2] * gain))


def grey(a: Colour) -> float:
    """How bright a colour is."""
    return 0.2126 * a[0] + 0.7152 * a[1] + 0.0722 * a[2]


def _within(a: Colour) -> Colour:
    return (min(1.0, max(0.0, a[0])), min(1.0, max(0.0, a[1])), min(1.0, max(0.0, a[2])))


def shade(light: Light, albedo: Colour, depth: float, gain: float = 1.0) -> Colour:
    """The colour of a thing at a depth: lit by the key, veiled by the air between."""
    lit = scale(times(albedo, light.key), gain)
    if light.strength != 1.0 or light.lift:
        bright = grey(lit)
        lit = mix(_within(mix((bright, bright, bright), lit, light.strength)), (1.0, 0.98, 0.97), light.lift * bright)
    if light.cold:
        lit = mix(lit, scale(_MOONLIT, grey(lit)), light.cold)
    veil = min(0.94, light.air * max(0.0, 1 - depth) ** 2.2)
    return mix(lit, light.haze, veil)


def light_of(hour: Hour, weather: Weather) -> Light:
    """The light of an hour under a weather."""
    base = _HOURS[hour]
    dark = hour in (Hour.night, Hour.dusk)
    match weather:
        case Weather.clear:
            return base
        case Weather.fog:
            grey = mix(base.haze, (0.80, 0.83, 0.86) if not dark else scale(base.haze, 1.15), 0.5)
            return replace(_overcast(base, grey, 0.65), air=min(0.97, base.air + 0.22), shadow=base.shadow * 0.5)
        case Weather.storm:
            return replace(
                _overcast(base, (0.20, 0.23, 0.29) if not dark else (0.07, 0.08, 0.13), 0.78), key=times(base.key, (0.58, 0.63, 0.74))
            )
        case Weather.rain:
            return replace(
                _overcast(base, (0.50, 0.56, 0.63) if not dark else (0.12, 0.15, 0.22), 0.66), key=times(base.key, (0.76, 0.82, 0.90))
            )
        case Weather.snow:
            return replace(
                _overcast(base, (0.80, 0.84, 0.90) if not dark else (0.24, 0.29, 0.40), 0.60), key=times(base.key, (0.93, 0.96, 1.04))
            )


def risen(light: Light, seed: int) -> Light:
    """The sun or the moon at a height and a distance that a seed decides, on the side where its hour has it."""
    aside, up = ((seed * 2654435761 >> shift) % 1024 / 1023 for shift in (7, 19))
    x, y = light.sun
    height = y if y > 0.6 else 0.16 + 0.20 * up
    return replace(light, sun=(math.copysign(0.17 + 0.17 * aside, x), height))


def _overcast(base: Light, grey: Colour, share: float) -> Light:
    top, middle, low = base.sky
    return replace(
        base,
        sky=(mix(top, scale(grey, 0.85), share), mix(middle, grey, share), mix(low, scale(grey, 1.1), share)),
        haze=mix(base.haze, grey, share),
        air=min(0.95, base.air + 0.08),
        sun_size=0.0,
        stars=0.0,
        shadow=base.shadow * 0.45,
        cloud=mix(base.cloud, scale(grey, 0.9), share),
        rim=mix(base.rim, grey, 0.7),
    )


_MOONLIT: Colour = (0.72, 1.0, 1.62)

_HOURS = {
    Hour.dawn: Light(
        sky=((0.42, 0.54, 0.78), (0.83, 0.71, 0.82), (1.0, 0.84, 0.74)),
        haze=(0.86, 0.74, 0.80),
        key=(0.92, 0.84, 0.88),
        rim=(1.0, 0.82, 0.74),
        sun=(-0.24, 0.90),
        sun_colour=(1.0, 0.93, 0.80),
        sun_size=0.055,
        air=0.90,
        lamps=0.35,
        stars=0.0,
        shadow=0.36,
        cloud=(1.0, 0.86, 0.86),
    ),
    Hour.day: Light(
        sky=((0.22, 0.50, 0.86), (0.50, 0.74, 0.95), (0.84, 0.93, 0.98)),
        haze=(0.78, 0.89, 0.96),
        key=(1.0, 1.0, 0.97),
        rim=(1.0, 0.99, 0.93),
        sun=(0.27, 0.28),
        sun_colour=(1.0, 0.98, 0.88),
        sun_size=0.05,
        air=0.80,
        lamps=0.0,
        stars=0.0,
        shadow=0.50,
        cloud=(1.0, 1.0, 1.0),
    ),
    Hour.golden: Light(
        sky=((0.38, 0.52, 0.74), (0.94, 0.74, 0.50), (1.0, 0.86, 0.56)),
        haze=(0.93, 0.69, 0.53),
        key=(1.08, 0.86, 0.60),
        rim=(1.0, 0.84, 0.48),
        sun=(-0.27, 0.74),
        sun_colour=(1.0, 0.95, 0.74),
        sun_size=0.065,
        air=0.86,
        lamps=0.25,
        stars=0.0,
        shadow=0.50,
        cloud=(1.0, 0.84, 0.66),
    ),
    Hour.dusk: Light(
        sky=((0.13, 0.14, 0.34), (0.45, 0.29, 0.52), (0.96, 0.54, 0.42)),
        haze=(0.62, 0.38, 0.50),
        key=(0.72, 0.60, 0.72),
        rim=(1.0, 0.62, 0.48),
        sun=(0.25, 0.97),
        sun_colour=(1.0, 0.74, 0.50),
        sun_size=0.06,
        air=0.86,
        lamps=1.0,
        stars=0.35,
        shadow=0.36,
        cloud=(0.72, 0.42, 0.56),
    ),
    Hour.night: Light(
        sky=((0.03, 0.05, 0.15), (0.07, 0.13, 0.31), (0.20, 0.34, 0.53)),
        haze=(0.17, 0.28, 0.46),
        key=(0.42, 0.51, 0.78),
        rim=(0.66, 0.80, 1.0),
        sun=(0.25, 0.27),
        sun_colour=(0.96, 0.97, 0.90),
        sun_size=0.050,
        air=0.82,
        lamps=1.0,
        stars=1.0,
        shadow=0.40,
        cloud=(0.19, 0.27, 0.45),
        cold=0.34,
    ),
}
