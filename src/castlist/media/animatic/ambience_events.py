"""Sounds that come and go: birds, gulls, an owl, thunder and what drives by."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from castlist.media.animatic.ambience_noise import RATE, Samples, sides

Make: TypeAlias = Callable[[np.random.Generator], Samples]
"""One event of two channels, drawn by chance."""

_ECHOES = ((0.061, 0.30), (0.113, 0.19), (0.187, 0.11))


def bird(rng: np.random.Generator) -> Samples:
    """A phrase of a few whistled notes, with the trees around it."""
    base, count, glide = rng.uniform(2500, 4800), int(rng.integers(2, 6)), rng.uniform(0.8, 1.3)
    notes = [_note(base * rng.uniform(0.88, 1.15), glide * rng.uniform(0.9, 1.1), rng.uniform(0.05, 0.14)) for _ in range(count)]
    return _around(_phrase(notes, rng.uniform(0.03, 0.09)) * np.float32(rng.uniform(0.25, 1.0)), rng)


def gull(rng: np.random.Generator) -> Samples:
    """A few falling cries, far out."""
    base = rng.uniform(1150, 1450)
    notes = []
    for number in range(int(rng.integers(2, 5))):
        cry = _note(base * 0.97**number, 0.74, rng.uniform(0.22, 0.34))
        overtones = _note(2 * base * 0.97**number, 0.74, len(cry) / RATE)
        cry[: len(overtones)] += np.float32(0.5) * overtones[: len(cry)]
        notes.append(cry)
    return _around(_phrase(notes, 0.09) * np.float32(rng.uniform(0.3, 0.8)), rng)


def owl(rng: np.random.Generator) -> Samples:
    """Two calls in the dark, the second longer."""
    base = rng.uniform(340, 410)
    return _around(_phrase([_note(base, 0.97, 0.18), _note(base, 0.93, 0.55)], 0.28) * np.float32(rng.uniform(0.4, 0.9)), rng)


def thunder(rng: np.random.Generator) -> Samples:
    """A roll that comes from far: made at an eighth of the rate, as nothing in it is high."""
    seconds = rng.uniform(3.2, 4.8)
    rolling = _slow(rng, seconds, cutoff=90.0, every=8)
    time = np.arange(rolling.shape[1], dtype=np.float32) / RATE
    rises = np.minimum(1, time / 0.25) * np.exp(-time / (seconds / 3.2)) * np.clip((seconds - time) / 0.4, 0, 1)
    knots = rng.uniform(0.35, 1.0, 24)
    return np.asarray(rolling * rises * np.interp(time, np.linspace(0, seconds, 24), knots), np.float32)


def passing(rng: np.random.Generator) -> Samples:
    """Something drives by from one side to the other."""
    seconds = 4.6
    rush = _slow(rng, seconds, cutoff=650.0, every=4)
    share = np.arange(rush.shape[1], dtype=np.float32) / np.float32(rush.shape[1])
    loud = np.exp(-(((share - 0.5) / 0.17) ** 2)) * np.sin(np.pi * share)
    way = 1.0 if rng.random() < 0.5 else -1.0
    angle = (way * np.tanh((share - 0.5) * 5) * 0.8 + 1) * np.pi / 4
    gains = np.stack([np.cos(angle), np.sin(angle)])
    return np.asarray(rush * gains * loud * rng.uniform(0.4, 1.0), np.float32)


def _note(pitch: float, glide: float, seconds: float) -> Samples:
    """A whistle that slides from a pitch to `glide` times it."""
    count = round(seconds * RATE)
    share = np.arange(count) / count
    cycles = np.cumsum(pitch * glide**share) / RATE
    tone = np.sin(2 * np.pi * cycles) + 0.12 * np.sin(4 * np.pi * cycles)
    return np.asarray(tone * np.sin(np.pi * share) ** 1.5, np.float32)


def _phrase(notes: list[Samples], pause: float) -> Samples:
    gap = np.zeros(round(pause * RATE), np.float32)
    return np.concatenate([piece for note in notes for piece in (note, gap)])


def _around(sound: Samples, rng: np.random.Generator) -> Samples:
    """One channel as heard out of doors: from a side, and back from the other in echoes."""
    left, right = sides(float(rng.uniform(-0.85, 0.85)))
    tail = round(_ECHOES[-1][0] * RATE)
    heard = np.zeros((2, len(sound) + tail), np.float32)
    heard[:, : len(sound)] = np.stack([left * sound, right * sound])
    for delay, share in _ECHOES:
        start = round(delay * RATE)
        heard[:, start : start + len(sound)] += np.float32(share) * np.stack([right * sound, left * sound])
    return heard


def _slow(rng: np.random.Generator, seconds: float, *, cutoff: float, every: int) -> Samples:
    """Low noise, drawn for every few samples and joined by lines."""
    count = round(seconds * RATE)
    drawn = count // every + 2
    frequencies = np.fft.rfftfreq(drawn, every / RATE)
    curve = 1 / (1 + (frequencies / cutoff) ** 2) * (frequencies > 25)
    raw = np.fft.irfft(np.fft.rfft(rng.standard_normal((2, drawn)), axis=1) * curve, drawn, axis=1)
    raw /= max(1e-9, float(np.sqrt(np.mean(raw**2))))
    at = np.arange(count) / every
    return np.asarray([np.interp(at, np.arange(drawn), channel) for channel in raw], np.float32)


def spell(seed: int, slot: int, *, odds: float) -> np.random.Generator | None:
    """The chance of one slot of time: what draws its event, or None when it has none."""
    rng = np.random.default_rng([seed, slot & 0xFFFFFFFF])
    return rng if rng.random() < odds else None
