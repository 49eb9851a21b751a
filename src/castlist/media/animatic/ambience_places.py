"""Which sounds a scene has: its place, its hour, its weather and what lives in it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from castlist.media.animatic import grade as grading
from castlist.media.animatic.ambience import LOUDNESS, Ambience, Events, Gain, Loop, Voice, breakers, gusts, steady
from castlist.media.animatic.ambience_events import Make, bird, gull, owl, passing, thunder
from castlist.media.animatic.ambience_noise import LENGTHS, RATE, Samples, crickets, drops, murmur, noise, ticks, tones
from castlist.media.animatic.scene import Scene
from castlist.media.animatic.words import Extra, Hour, Place, Weather


@dataclass(frozen=True, slots=True)
class Surrounding:
    """What decides on the sounds."""

    place: Place
    hour: Hour
    weather: Weather
    extras: frozenset[Extra]
    seed: int

    @property
    def dark(self) -> bool:
        return self.hour in (Hour.night, Hour.dusk)

    @property
    def still(self) -> bool:
        """Whether small animals can be heard, or are silenced by the weather."""
        return self.weather in (Weather.clear, Weather.fog)


@dataclass(frozen=True, slots=True)
class Part:
    """One voice before it is made: how loud it is in dB beside the others, and its maker."""

    name: str
    level: float
    loop: Callable[[np.random.Generator, int], Samples] | None = None
    gain: Callable[[int], Gain] | None = None
    event: tuple[Make, float, float] | None = None


Parts: TypeAlias = Iterable[Part]


def surrounding(scene: Scene) -> Surrounding:
    """A scene as its edits left it."""
    hours = [Hour(name) for name in scene.grades if name in tuple(Hour)]
    weather = grading.weather_of(scene.grades)
    return Surrounding(
        place=scene.place,
        hour=hours[-1] if hours else scene.hour,
        weather=weather if weather is not Weather.clear else scene.weather,
        extras=scene.extras | grading.extras_of(scene.grades),
        seed=scene.seed,
    )


def compose(here: Surrounding, *, since: int = 0) -> Ambience:
    """The ambience of a surrounding, silent before the sample `since`."""
    return _make(_parts(here), here, since=since)


def compose_added(here: Surrounding, before: Surrounding) -> Ambience:
    """Only what an edit adds to what was there before."""
    old = {part.name for part in _parts(before)}
    return _make([part for part in _parts(here) if part.name not in old and part.name in _OF_WEATHER], here, since=0)


def differ(one: Surrounding, other: Surrounding) -> bool:
    """Whether two surroundings sound different."""
    return _sounds(one) != _sounds(other)


def _sounds(here: Surrounding) -> frozenset[tuple[str, float]]:
    return frozenset((part.name, part.level) for part in _parts(here))


def _make(parts: Parts, here: Surrounding, *, since: int) -> Ambience:
    wanted = list(parts)
    power = sum(10 ** (part.level / 10) for part in wanted if part.loop)
    unit = LOUDNESS / max(1.0, power) ** 0.5
    return Ambience(tuple(_voice(part, here, unit=unit) for part in wanted), since=since)


def _voice(part: Part, here: Surrounding, *, unit: float) -> Voice:
    number = _NUMBERS.index(part.name)
    seed = (here.seed * 1_000_003 + number * 7919) & 0x7FFFFFFF
    if part.event:
        make, slot, odds = part.event
        return Events(part.name, make, LOUDNESS * 10 ** (part.level / 20), slot, odds, seed)
    if part.loop is None:
        raise ValueError(f"{part.name} makes no sound")
    samples = part.loop(np.random.default_rng(seed), LENGTHS[number % len(LENGTHS)])
    gain = part.gain(seed) if part.gain else steady
    return Loop(part.name, samples, unit * 10 ** (part.level / 20), gain)


def _parts(here: Surrounding) -> list[Part]:
    """The voices of a place, then those of the weather, which silence or soften the first."""
    if here.place is Place.space:
        return list(_space(here))
    parts = [*_PLACES[here.place](here), *_asked(here)]
    soft = {Weather.rain: -7.0, Weather.storm: -9.0, Weather.snow: -5.0, Weather.fog: -4.0}.get(here.weather, 0.0)
    parts = [part if part.name in _OF_AIR else replace(part, level=part.level + soft) for part in parts]
    whole = {part.name: part for part in (*parts, *_weather(here))}
    return list(whole.values())


def _air(level: float, *, depth: float = 0.55, pace: float = 1.0, low: float = 90, high: float = 520) -> Part:
    return Part("wind", level, _band(low, high, steep=1.7), lambda seed: gusts(seed, depth=depth, pace=pace))


def _hiss(level: float, low: float, high: float, *, depth: float = 0.7) -> Part:
    """Leaves, grass or sand, moved by the same wind."""
    return Part("rustle", level, _band(low, high, steep=2.0), lambda seed: gusts(seed, depth=depth, pace=1.3))


def _band(low: float, high: float, *, steep: float = 1.0) -> Callable[[np.random.Generator, int], Samples]:
    return lambda rng, length: noise(rng, low, high, length=length // 2, steep=steep)


def _birds(here: Surrounding, level: float, odds: float) -> Parts:
    if here.still and here.hour in (Hour.dawn, Hour.day, Hour.golden):
        yield Part("birds", level, event=(bird, 1.6, min(0.95, odds * (1.4 if here.hour is Hour.dawn else 1.0))))


def _crickets(here: Surrounding, level: float) -> Parts:
    if here.still and here.dark:
        yield Part("crickets", level, lambda rng, length: crickets(rng, count=4, length=length), lambda seed: gusts(seed, depth=0.25))


def _forest(here: Surrounding) -> Parts:
    yield from (_air(-2), _hiss(-11, 1800, 6500))
    yield from _birds(here, 9, 0.6)
    yield from _crickets(here, -5)
    if here.still and here.hour is Hour.night:
        yield Part("owl", 3, event=(owl, 9.0, 0.6))


def _meadow(here: Surrounding) -> Parts:
    yield from (_air(-3), _hiss(-13, 2600, 8000))
    yield from _birds(here, 8, 0.5)
    yield from _crickets(here, -3)


def _market(here: Surrounding) -> Parts:
    yield Part("murmur", 0, lambda rng, length: murmur(rng, people=8, length=length), lambda seed: gusts(seed, depth=0.2))
    yield Part("rumble", -9, _band(45, 220, steep=1.5), lambda seed: gusts(seed, depth=0.2))
    if here.dark:
        yield Part("crackle", -18, lambda rng, length: drops(rng, rate=5, pitch=(900, 3200), length=length))
        yield Part("hum", -19, lambda rng, length: tones((100.0, 200.0, 300.0, 400.0), length=RATE, rng=rng))


def _city(here: Surrounding) -> Parts:
    yield Part("rumble", -1 if here.hour is not Hour.night else -4, _band(40, 190, steep=1.4), lambda seed: gusts(seed, depth=0.35))
    yield Part(
        "hush", -9 if here.hour is not Hour.night else -13, _band(350, 1700, steep=1.5), lambda seed: gusts(seed, depth=0.3, pace=0.8)
    )
    yield Part("traffic", -2, event=(passing, 4.5 if here.hour is not Hour.night else 8.0, 0.75))
    if here.dark:
        yield Part("hum", -20, lambda rng, length: tones((100.0, 200.0, 300.0, 400.0, 500.0), length=RATE, rng=rng))


def _sea(level: float) -> Parts:
    yield Part("swell", level, _band(70, 420), lambda seed: breakers(seed % 997, late=0.0, fall=2.6))
    yield Part("surf", level - 5, _band(900, 5200, steep=1.4), lambda seed: breakers((seed - 7919) % 997, late=0.9, fall=2.0))


def _beach(here: Surrounding) -> Parts:
    yield from (*_sea(0), _air(-13))
    if here.still and not here.dark:
        yield Part("gulls", 3, event=(gull, 6.5, 0.5))
    if here.hour is Hour.night:
        yield from _crickets(here, -14)


def _mountains(here: Surrounding) -> Parts:
    yield from (_air(0, depth=0.6, high=650), _whistle(-13))
    yield from _birds(here, 3, 0.25)


def _cliff(here: Surrounding) -> Parts:
    yield from (_air(0, depth=0.55, high=600), *_sea(-9))
    if here.still and not here.dark:
        yield Part("gulls", 2, event=(gull, 8.0, 0.45))


def _whistle(level: float) -> Part:
    """Wind about an edge: a narrow band that comes with the strongest gusts."""
    return Part("whistle", level, _band(560, 640, steep=5.0), lambda seed: gusts(seed, depth=0.95, pace=1.2))


def _snowfield(here: Surrounding) -> Parts:
    yield from (_air(-2, low=70, high=320), _whistle(-17), _hiss(-19, 5000, 9000))


def _desert(here: Surrounding) -> Parts:
    yield from (_air(-1, depth=0.55, low=140, high=700), _hiss(-17, 4200, 9000), _whistle(-18))
    yield from _crickets(here, -13)


def _room(level: float) -> Part:
    return Part("room", level, _band(50, 260), lambda seed: gusts(seed, depth=0.1))


def _interior(here: Surrounding) -> Parts:
    yield _room(-3)
    yield Part("clock", -17, lambda rng, length: ticks(2 * RATE))
    if here.dark:
        yield Part(
            "crackle", -14, lambda rng, length: drops(rng, rate=7, pitch=(700, 2600), length=length), lambda seed: gusts(seed, depth=0.5)
        )
        yield Part("fire", -8, _band(90, 380), lambda seed: gusts(seed, depth=0.5, pace=2.5))


def _stage(here: Surrounding) -> Parts:
    yield _room(-4)
    yield Part("air", -14, _band(800, 4000), lambda seed: gusts(seed, depth=0.2))


def _space(here: Surrounding) -> Parts:
    pitches = (55.0, 82.5, 110.0, 165.0, 220.5)
    yield Part("drone", -3, lambda rng, length: tones(pitches, length=length // 2, rng=rng), lambda seed: gusts(seed, depth=0.45, pace=0.6))
    yield Part(
        "drone above", -13, lambda rng, length: tones((330.0, 412.5, 495.0), length=length // 2, rng=rng), lambda s: gusts(s, depth=0.9)
    )
    yield Part("air", -16, _band(250, 2200), lambda seed: gusts(seed, depth=0.6, pace=0.5))


def _asked(here: Surrounding) -> Parts:
    """What the prompt names."""
    if here.place not in (Place.interior, Place.stage):
        if Extra.wind in here.extras or Extra.leaves in here.extras:
            yield from (_air(1, depth=0.75), _hiss(-8, 1800, 7000))
        if Extra.birds in here.extras and here.place not in (Place.beach, Place.cliff):
            yield Part("birds", 8, event=(bird, 1.6, 0.7))
        if Extra.fireflies in here.extras and here.place in (Place.forest, Place.meadow):
            yield from _crickets(here, -4)
    if Extra.embers in here.extras:
        yield Part("crackle", -13, lambda rng, length: drops(rng, rate=9, pitch=(700, 2800), length=length))
        yield Part("fire", -8, _band(90, 380), lambda seed: gusts(seed, depth=0.5, pace=2.5))


def _weather(here: Surrounding) -> Parts:
    inside = here.place in (Place.interior, Place.stage)
    match here.weather:
        case Weather.rain | Weather.storm if inside:
            yield Part("rain", -1, _band(160, 900), lambda seed: gusts(seed, depth=0.2))
        case Weather.rain | Weather.storm:
            hard = here.weather is Weather.storm
            yield Part("rain", 3 if hard else 1, _band(1100, 7500), lambda seed: gusts(seed, depth=0.35 if hard else 0.15))
            yield Part("drops", -9, lambda rng, length: drops(rng, rate=70, pitch=(1200, 5200), length=length))
        case Weather.snow if not inside:
            yield _air(-2, low=70, high=340)
        case _:
            pass
    if here.weather is Weather.storm:
        yield Part("thunder", 9 if not inside else 4, event=(thunder, 6.0, 0.85))
        if not inside:
            yield _air(2, depth=0.8, pace=1.3, high=700)


_PLACES: Mapping[Place, Callable[[Surrounding], Parts]] = {
    Place.forest: _forest,
    Place.market: _market,
    Place.meadow: _meadow,
    Place.city: _city,
    Place.beach: _beach,
    Place.mountains: _mountains,
    Place.snow: _snowfield,
    Place.desert: _desert,
    Place.space: _space,
    Place.interior: _interior,
    Place.stage: _stage,
    Place.cliff: _cliff,
}
_NUMBERS = (
    "wind", "rustle", "birds", "crickets", "owl", "murmur", "rumble", "crackle", "hum", "hush", "traffic", "swell", "surf", "gulls",
    "whistle", "room", "clock", "fire", "air", "drone", "drone above", "rain", "drops", "thunder",
)  # fmt: skip
_OF_AIR = frozenset({"wind", "whistle", "swell", "surf", "room", "fire"})
_OF_WEATHER = frozenset({"wind", "rustle", "rain", "drops", "thunder", "crackle", "fire"})
