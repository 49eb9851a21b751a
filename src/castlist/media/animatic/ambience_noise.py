"""Sounds without end: loops of noise, drops, crickets and voices that meet themselves again without a seam."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
Samples: TypeAlias = NDArray[np.float32]
"""Two channels of samples between -1 and 1, or one."""

# Lengths with small prime factors, for the transforms, and no common period: two loops never begin together again in one film.
LENGTHS = (240_000, 262_144, 250_000, 243_000, 259_200, 233_280, 245_760, 256_000)


def noise(rng: np.random.Generator, low: float, high: float, *, length: int, steep: float = 1.0) -> Samples:
    """Noise between two frequencies in Hz, falling off `steep` times 6 dB an octave outside them; half of it is in both channels."""
    frequencies = np.fft.rfftfreq(length, 1 / RATE).astype(np.float32)
    curve = band(frequencies, low, high, steep=steep)
    both, left, right = (_chance(rng, len(curve)) for _ in range(3))
    return even(np.stack([np.fft.irfft((0.7 * both + 0.7 * own) * curve, length) for own in (left, right)]))


def band(frequencies: Samples, low: float, high: float, *, steep: float = 1.0) -> Samples:
    """How much of each frequency passes."""
    safe = np.maximum(frequencies, np.float32(1.0))
    curve = 1 / np.sqrt((1 + (low / safe) ** (2 * steep)) * (1 + (safe / high) ** (2 * steep)))
    return np.where(frequencies < 20, 0, curve).astype(np.float32)


def even(samples: NDArray[np.floating]) -> Samples:
    """The same as loud as 1: its mean square."""
    return (samples / max(1e-9, float(np.sqrt(np.mean(samples**2))))).astype(np.float32)


def scatter(rng: np.random.Generator, grains: Sequence[Samples], *, count: int, length: int) -> Samples:
    """Grains at random places of a loop, each with a loudness and a side of its own."""
    loop = np.zeros((2, length), np.float32)
    for place in rng.integers(0, length, count):
        loud = np.float32(min(2.0, rng.exponential()))
        lay(loop, grains[int(rng.integers(len(grains)))] * loud, int(place), side=float(rng.uniform(-0.9, 0.9)))
    return even(loop)


def lay(loop: Samples, grain: Samples, place: int, *, side: float = 0.0) -> None:
    """Add one channel to a loop from a sample on, over its end into its beginning; `side` from -1, left, to 1, right."""
    length = loop.shape[1]
    place %= length
    first = min(len(grain), length - place)
    for channel, gain in zip(loop, sides(side), strict=True):
        channel[place : place + first] += gain * grain[:first]
        channel[: len(grain) - first] += gain * grain[first:]


def sides(side: float) -> tuple[np.float32, np.float32]:
    """How loud something at a side is in each channel, the same in all."""
    angle = (side + 1) * np.pi / 4
    return np.float32(np.cos(angle)), np.float32(np.sin(angle))


def drops(rng: np.random.Generator, *, rate: float, pitch: tuple[float, float], length: int) -> Samples:
    """Drops of rain or the crackle of a fire: `rate` short bursts a second between two pitches in Hz."""
    grains = []
    for _ in range(12):
        size = int(rng.integers(120, 420))
        time = np.arange(size, dtype=np.float32) / RATE
        tone = np.sin(2 * np.pi * rng.uniform(*pitch) * time + rng.uniform(0, 6))
        fall = np.exp(-time * rng.uniform(500, 1500)) * np.minimum(1, np.arange(size) / 8)
        grains.append(((0.5 * tone + rng.normal(0, 0.5, size)) * fall).astype(np.float32))
    return scatter(rng, grains, count=round(rate * length / RATE), length=length)


def crickets(rng: np.random.Generator, *, count: int, length: int) -> Samples:
    """A few crickets, each at its own pace, pitch and place."""
    loop = np.zeros((2, length), np.float32)
    for _ in range(count):
        pulse = _pulse(float(rng.uniform(3900, 4900)), 0.016)
        chirp = np.zeros(round(0.026 * RATE) * int(rng.integers(3, 5)) + len(pulse), np.float32)
        for start in range(0, len(chirp) - len(pulse), round(0.026 * RATE)):
            chirp[start : start + len(pulse)] += pulse
        far, side = float(rng.uniform(0.25, 1.0)), float(rng.uniform(-0.9, 0.9))
        times = round(length / RATE / rng.uniform(0.5, 0.85))
        for number in range(times):
            place = number * length // times + int(rng.normal(0, 0.012) * RATE)
            lay(loop, np.float32(far) * chirp, place, side=side)
    return even(loop)


def murmur(rng: np.random.Generator, *, people: int, length: int) -> Samples:
    """People talking at a distance, no word of it to be understood: made at a quarter of the rate, as it has no high notes."""
    short = length // 4
    frequencies = np.fft.rfftfreq(short, 4 / RATE).astype(np.float32)
    spectra = np.zeros((2, len(frequencies)), np.complex64)
    for _ in range(people):
        voice = np.fft.rfft(_talk(rng, short)) * _formants(rng, frequencies)
        spectra += np.array(sides(float(rng.uniform(-0.8, 0.8))))[:, None] * voice
    spectra *= band(frequencies, 180, 1500, steep=1.5)
    whole = np.zeros((2, length // 2 + 1), np.complex64)
    whole[:, : len(frequencies) - 1] = spectra[:, :-1]
    return even(np.fft.irfft(whole, length, axis=1))


def tones(pitches: Sequence[float], *, length: int, rng: np.random.Generator) -> Samples:
    """Steady tones, each a little apart in the two channels, tuned so that they end where they began."""
    time = np.arange(length, dtype=np.float64) / length
    loop = np.zeros((2, length))
    for number, pitch in enumerate(pitches):
        cycles = round(pitch * length / RATE)
        apart = cycles + rng.integers(0, 2, (2, 1))
        loop += np.sin(2 * np.pi * (apart * time + rng.random((2, 1)))) / (1 + 0.35 * number)
    return even(loop)


def ticks(length: int) -> Samples:
    """A clock: a tick and a tock."""
    loop = np.zeros((2, length), np.float32)
    for number, pitch in enumerate((2300.0, 1850.0)):
        lay(loop, _pulse(pitch, 0.012), number * length // 2, side=0.4)
    return even(loop)


def _pulse(pitch: float, seconds: float) -> Samples:
    time = np.arange(round(seconds * RATE), dtype=np.float32) / RATE
    return np.asarray(np.sin(2 * np.pi * pitch * time) * np.sin(np.pi * time / seconds) ** 2, np.float32)


def _talk(rng: np.random.Generator, length: int) -> Samples:
    """The hum of one throat at a quarter of the rate: a pitch that wanders, and syllables with pauses between."""
    knots = max(8, round(length / (RATE / 4) * 4.2))
    at = np.arange(length) * (knots / length)
    pitch = float(rng.uniform(105, 230)) * _wander(rng.uniform(0.85, 1.2, knots), at)
    cycles = np.cumsum(pitch) / (RATE / 4)
    cycles *= round(float(cycles[-1])) / float(cycles[-1])
    loud = rng.random(knots) * (rng.random(knots) < 0.72)
    return np.asarray((np.mod(cycles, 1.0) - 0.5) * _wander(loud, at), np.float32)


def _wander(knots: NDArray[np.floating], at: NDArray[np.floating]) -> NDArray[np.floating]:
    """A soft line through values that begin again after the last."""
    low = at.astype(np.int64) % len(knots)
    share = at % 1.0
    share = share * share * (3 - 2 * share)
    return np.asarray(knots[low] * (1 - share) + knots[(low + 1) % len(knots)] * share)


def _formants(rng: np.random.Generator, frequencies: Samples) -> Samples:
    peaks = ((rng.uniform(350, 700), 110.0, 1.0), (rng.uniform(900, 1700), 180.0, 0.45), (rng.uniform(2200, 2900), 260.0, 0.15))
    return np.asarray(sum(gain / (1 + ((frequencies - peak) / width) ** 2) for peak, width, gain in peaks), np.float32)


def _chance(rng: np.random.Generator, count: int) -> NDArray[np.complex64]:
    real, imaginary = rng.standard_normal((2, count), dtype=np.float32)
    return np.asarray(real + 1j * imaginary, np.complex64)
