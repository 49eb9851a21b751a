"""Moods: words for colour and feeling, and what they do to a scene's light."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from castlist.media.animatic.palette import Light, grey, mix, scale
from castlist.media.animatic.planes import Colour


class Mood(StrEnum):
    """How a scene is to feel, beyond its hour and its weather."""

    warm = "warm"
    cool = "cool"
    crimson = "crimson"
    teal = "teal"
    emerald = "emerald"
    violet = "violet"
    rose = "rose"
    pastel = "pastel"
    moody = "moody"
    dramatic = "dramatic"
    calm = "calm"
    dreamy = "dreamy"
    neon = "neon"
    vivid = "vivid"
    muted = "muted"
    bright = "bright"
    mono = "mono"
    sepia = "sepia"
    sandy = "sandy"


@dataclass(frozen=True, slots=True)
class Tint:
    """What a mood changes: light leans to a colour by a share, colours grow stronger or weaker, all gets darker or paler, air thicker."""

    colour: Colour = (1.0, 1.0, 1.0)
    share: float = 0.0
    strength: float = 1.0
    gain: float = 1.0
    lift: float = 0.0
    air: float = 0.0


GRADED = (Mood.mono, Mood.sepia)
"""Moods that no paint can give: they are a grade on the whole picture, the cast included."""


def moods_in(prompt: str) -> tuple[Mood, ...]:
    """The moods a prompt names, in the order of its words."""
    text = prompt.casefold()
    hits = {mood: re.search(rf"\b(?:{pattern})\b", text) for mood, pattern in _WORDS.items()}
    return tuple(sorted((mood for mood, hit in hits.items() if hit), key=lambda mood: _start(hits[mood])))


def tinted(light: Light, moods: Iterable[Mood]) -> Light:
    """A light in the moods that were named; two of them share the way."""
    for mood in moods:
        tint = _TINTS[mood]
        high, middle, low = (_lean(c, tint) for c in light.sky)
        light = replace(
            light,
            sky=(high, middle, low),
            haze=_lean(light.haze, tint),
            cloud=_lean(light.cloud, tint),
            rim=_lean(light.rim, tint),
            sun_colour=mix(light.sun_colour, _lean(light.sun_colour, tint), 0.6),
            key=_lean(light.key, replace(tint, share=0.62 * tint.share, lift=0.0)),
            air=min(0.97, light.air + tint.air),
            strength=light.strength * tint.strength,
            lift=min(0.4, light.lift + tint.lift),
        )
    return light


def _lean(colour: Colour, tint: Tint) -> Colour:
    """A colour led towards the tint's at its own brightness."""
    bright = grey(colour)
    target = scale(tint.colour, bright / max(0.05, grey(tint.colour)))
    led = mix(colour, target, tint.share)
    return mix(scale(mix((bright, bright, bright), led, tint.strength), tint.gain), (1.0, 0.98, 0.97), tint.lift)


def _start(hit: re.Match[str] | None) -> int:
    return hit.start() if hit else 0


_OF = r" (?:and \w+ )?(?:light|lighting|sky|skies|glow|tones?|hues?|haze|palette|colou?rs?|mood|grading)"
_LAND = r" (?:sunset|sunrise|dawn|dusk|planet|world|forest|desert|dunes|beach|city|mist|fog|night|evening|landscape)"
_WORDS: Mapping[Mood, str] = {
    Mood.warm: rf"warm(?:er)?{_OF}|warm|cosy|cozy|amber|orange{_OF}",
    Mood.cool: rf"cool(?:er)?{_OF}|cold{_OF}|chilly|icy|blu(?:e|ish){_OF}|blue (?:planet|world|city|night|desert|mist)",
    Mood.crimson: rf"crimson|scarlet|blood[- ]red|ruby|red{_OF}|red{_LAND}",
    Mood.teal: rf"teal|turquoise|aqua(?:marine)?|cyan{_OF}",
    Mood.emerald: rf"emerald|jade|green{_OF}|green (?:\w+ )?(?:planet|world|night|mist|fog)",
    Mood.violet: r"violet|purples?|lavender|magenta|lilac",
    Mood.rose: rf"rosy|romantic|pink(?:ish)?{_OF}|pink{_LAND}",
    Mood.pastel: r"pastels?|candy[- ]colou?red|soft colou?rs|watercolou?r",
    Mood.moody: r"moody|gloomy|somb(?:er|re)|ominous|brooding|noir|eerie|sinister|haunted|spooky|scary|horror|creepy|"
    r"mysterious|dark,? (?:\w+ )?(?:alley|rooms?|forest|woods?|streets?|city|place|scene|mood|atmosphere)",
    Mood.dramatic: r"dramatic|epic|intense|tense|suspenseful|thrilling",
    Mood.calm: r"calm|peaceful|serene|tranquil|soothing|quiet mood",
    Mood.dreamy: r"dreamy|dream-?like|ethereal|whimsical|fairy[- ]?tale|magical|enchanted|soft light",
    Mood.neon: r"neon|cyberpunk|synthwave|vaporwave|retrowave",
    Mood.vivid: r"vivid|vibrant|saturated|colou?rful|bold colou?rs|technicolou?r|pop art",
    Mood.muted: r"muted|desaturated|faded|washed[- ]out|bleak|melanchol\w+|lonely|wistful|overcast|cloudy|gr[ae]y (?:sky|skies|day)",
    Mood.bright: r"bright|airy|high[- ]key|cheer(?:ful|y)|radiant|joy(?:ful|ous)|festive|uplifting",
    Mood.sandy: r"(?:sand|dust)[- ]?storms?",
    Mood.mono: r"black[- ]and[- ]white|monochrome|gr[ae]yscale|b&w|noir",
    Mood.sepia: r"sepia|(?:old|silent) (?:film|movie)|vintage|19[0-4]0s",
}

_TINTS: Mapping[Mood, Tint] = {
    Mood.warm: Tint((1.0, 0.74, 0.46), share=0.22),
    Mood.cool: Tint((0.36, 0.64, 1.0), share=0.46),
    Mood.crimson: Tint((0.95, 0.20, 0.22), share=0.52, gain=0.94),
    Mood.teal: Tint((0.12, 0.72, 0.72), share=0.50),
    Mood.emerald: Tint((0.20, 0.76, 0.36), share=0.46),
    Mood.violet: Tint((0.66, 0.36, 0.92), share=0.48),
    Mood.rose: Tint((1.0, 0.50, 0.62), share=0.66, lift=0.04),
    Mood.dramatic: Tint((0.98, 0.72, 0.52), share=0.10, strength=1.18, gain=0.80),
    Mood.calm: Tint((0.78, 0.90, 1.0), share=0.24, strength=0.74, lift=0.14),
    Mood.pastel: Tint((1.0, 0.84, 0.90), share=0.14, strength=0.78, lift=0.16),
    Mood.moody: Tint((0.40, 0.48, 0.58), share=0.26, strength=0.80, gain=0.72, air=0.04),
    Mood.dreamy: Tint((0.98, 0.74, 0.94), share=0.24, lift=0.08, air=0.08),
    Mood.neon: Tint((0.72, 0.22, 0.92), share=0.42, strength=1.25, gain=0.88),
    Mood.vivid: Tint(strength=1.28),
    Mood.muted: Tint((0.74, 0.74, 0.72), share=0.12, strength=0.60, lift=0.05),
    Mood.bright: Tint(gain=1.08, lift=0.05),
    Mood.sandy: Tint((0.98, 0.74, 0.46), share=0.72, gain=0.92),
    Mood.mono: Tint(strength=0.0),
    Mood.sepia: Tint((0.86, 0.70, 0.48), share=0.4, strength=0.4),
}
