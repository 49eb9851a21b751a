"""The ambience of a scene: what is heard at a sample's number follows from the scene and that number alone."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from castlist.media.animatic.ambience_events import Make, spell
from castlist.media.animatic.ambience_noise import RATE, Samples

Times: TypeAlias = NDArray[np.floating]
Gain: TypeAlias = Callable[[Times], Times]
"""How loud a voice is at times in seconds."""

LOUDNESS = 0.042
"""The mean of an ambience: -27.5 dB under full scale, under whatever a viewer adds."""

CEILING = 0.4
FADE = 1.5
_KNOTS = 100
_KEPT = 8


class Voice(Protocol):
    """One of the sounds of a scene."""

    @property
    def name(self) -> str: ...

    def second(self, number: int) -> Samples:
        """Its samples in the second with this number, counted from the film's beginning."""
        ...


@dataclass(frozen=True, slots=True)
class Loop:
    """A sound without end, louder and softer with time."""

    name: str
    samples: Samples
    level: float
    gain: Gain

    def second(self, number: int) -> Samples:
        length = self.samples.shape[1]
        places = (number * RATE) % length
        piece = np.empty((2, RATE), np.float32)
        done = 0
        while done < RATE:
            count = min(RATE - done, length - places)
            piece[:, done : done + count] = self.samples[:, places : places + count]
            done, places = done + count, 0
        knots = np.arange(_KNOTS + 1) / _KNOTS
        steps = np.interp(np.arange(RATE) / RATE, knots, self.gain(number + knots))
        piece *= (self.level * steps).astype(np.float32)
        return piece


@dataclass(frozen=True, slots=True)
class Events:
    """Sounds that come now and then: at most one begins in each `slot` of seconds, and none is longer than `reach`."""

    name: str
    make: Make
    level: float
    slot: float
    odds: float
    seed: int
    reach: float = 5.0
    made: dict[int, tuple[int, Samples]] = field(default_factory=dict, repr=False)
    """What was drawn lately: where it begins and how it sounds."""

    def second(self, number: int) -> Samples:
        heard = np.zeros((2, RATE), np.float32)
        first, last = math.floor((number - self.reach) / self.slot), math.floor((number + 1) / self.slot)
        for slot in range(max(0, first), last + 1):
            place, sound = self._event(slot)
            start = place - number * RATE
            begin, end = max(0, start), min(RATE, start + sound.shape[1])
            if begin < end:
                heard[:, begin:end] += np.float32(self.level) * sound[:, begin - start : end - start]
        return heard

    def _event(self, slot: int) -> tuple[int, Samples]:
        if slot not in self.made:
            rng = spell(self.seed, slot, odds=self.odds)
            event = (0, np.zeros((2, 0), np.float32)) if rng is None else (round((slot + rng.random()) * self.slot * RATE), self.make(rng))
            self.made[slot] = event
            self.made.pop(min(self.made) if len(self.made) > _KEPT else -1, None)
        return self.made[slot]


class Ambience:
    """Several voices together; silent before the sample `since`, and fading in from there."""

    def __init__(self, voices: tuple[Voice, ...], *, since: int = 0) -> None:
        self.voices = voices
        self.since = since
        self._number = -1
        self._second = np.zeros((2, RATE), np.float32)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(voice.name for voice in self.voices)

    def __call__(self, first: int, count: int) -> Samples:
        """The samples from number `first` on, in two channels."""
        heard = np.empty((2, count), np.float32)
        done = 0
        while done < count:
            number, place = divmod(first + done, RATE)
            step = min(count - done, RATE - place)
            heard[:, done : done + step] = self._at(number)[:, place : place + step]
            done += step
        start = self.since + FADE * RATE
        if first < start:
            rise = np.clip((np.arange(first, first + count) - self.since) / (FADE * RATE), 0, 1)
            heard *= np.sin(0.5 * np.pi * rise).astype(np.float32)
        return heard

    def _at(self, number: int) -> Samples:
        if number != self._number:
            mixed = np.zeros((2, RATE), np.float32)
            for voice in self.voices:
                mixed += voice.second(number)
            self._number, self._second = number, np.clip(mixed, -CEILING, CEILING)
        return self._second


def steady(times: Times) -> Times:
    """Always as loud."""
    return np.ones_like(times)


def gusts(seed: int, *, depth: float, pace: float = 1.0) -> Gain:
    """Louder and softer by slow waves that never meet again; 1 on average."""
    rng = np.random.default_rng(seed)
    waves = [(period / pace, rng.uniform(0, 2 * np.pi), share) for period, share in ((11.3, 0.5), (6.1, 0.3), (2.7, 0.2))]

    def gain(times: Times) -> Times:
        total = sum(share * np.sin(2 * np.pi * times / period + phase) for period, phase, share in waves)
        return np.asarray(1 + depth * total, np.float64)

    return gain


def breakers(seed: int, *, late: float, fall: float) -> Gain:
    """Waves of the sea, one every 8 seconds or so: each rises, breaks and runs out; `late` after its beginning, over `fall` seconds."""
    period = 7.7

    def gain(times: Times) -> Times:
        heard = np.full_like(times, 0.16)
        now = np.floor(times / period)
        for back in (0, 1, 2):
            wave = now - back
            drawn = np.mod(np.sin(wave * 12.9898 + seed % 1009) * 43758.5453, 1.0)
            since = times - (wave + 0.35 * drawn) * period - late
            rise = 1 / (1 + np.exp(-since / 0.42))
            heard += (0.6 + 0.7 * drawn) * rise * np.exp(-np.maximum(since, 0) / fall)
        return np.asarray(1.6 * heard)

    return gain
