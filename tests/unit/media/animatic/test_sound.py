"""What a scene sounds like: quiet, its own, never clipped, and the same for a seed from whichever sample on."""

from itertools import product
from pathlib import Path

import av
import numpy as np
import pytest

from castlist.media.animatic import render
from castlist.media.animatic.ambience import Ambience
from castlist.media.animatic.ambience_places import Surrounding, compose
from castlist.media.animatic.words import Extra, Hour, Place, Weather

RATE = 48_000
SECONDS = 5


def at(place: str, hour: str = "day", weather: str = "clear", *, seed: int = 7, extras: frozenset[Extra] = frozenset()) -> Ambience:
    return compose(Surrounding(Place(place), Hour(hour), Weather(weather), extras, seed))


def heard(ambience: Ambience, *, start: int = 2 * RATE, seconds: float = SECONDS) -> np.ndarray:
    return ambience(start, round(seconds * RATE))


def level(samples: np.ndarray) -> float:
    """In dB under full scale."""
    return 10 * np.log10(np.mean(samples.astype(float) ** 2) + 1e-12)


def within(samples: np.ndarray, low: float, high: float) -> float:
    """The power between two frequencies, in dB."""
    spectrum = np.abs(np.fft.rfft(samples.mean(axis=0))) ** 2
    frequencies = np.fft.rfftfreq(samples.shape[1], 1 / RATE)
    return 10 * np.log10(spectrum[(frequencies >= low) & (frequencies < high)].sum() + 1e-12)


def bands(samples: np.ndarray) -> np.ndarray:
    """How the power is spread over the octaves, and how much it comes and goes."""
    pieces = samples[:, : samples.shape[1] // 4800 * 4800].mean(axis=0).reshape(-1, 4800)
    power = np.mean(np.abs(np.fft.rfft(pieces, axis=1)) ** 2, axis=0)
    octaves = np.split(power, np.searchsorted(np.fft.rfftfreq(4800, 1 / RATE), 40 * 2.0 ** np.arange(0, 10)))[1:-1]
    spread = 10 * np.log10([octave.sum() for octave in octaves])
    return np.append(spread - spread.mean(), 3 * np.std(20 * np.log10(np.std(pieces, axis=1) + 1e-9)))


@pytest.mark.parametrize("place", [place.value for place in Place])
def test_an_ambience_is_quiet_and_far_from_clipping(place: str) -> None:
    for hour, weather in (("day", "clear"), ("night", "clear"), ("dusk", "rain"), ("night", "storm")):
        samples = heard(at(place, hour, weather))

        assert -34 < level(samples) < -22, (hour, weather)
        assert np.abs(samples).max() < 0.45, (hour, weather)


def test_what_is_heard_at_a_sample_depends_on_its_number_alone() -> None:
    whole = at("forest", "day", "storm")(0, 4 * RATE)
    inner, steps = at("forest", "day", "storm"), []
    for start in range(0, 4 * RATE, 7_001):
        steps.append(inner(start, min(7_001, 4 * RATE - start)))
    late = at("forest", "day", "storm")(3 * RATE + 11, 5_000)

    assert np.array_equal(np.concatenate(steps, axis=1), whole)
    assert np.array_equal(late, whole[:, 3 * RATE + 11 : 3 * RATE + 5_011])


def test_a_loop_begins_again_without_a_step() -> None:
    for place, hour in product(("beach", "market", "space"), ("day", "night")):
        samples = at(place, hour)(0, 12 * RATE)
        steps = np.abs(np.diff(samples, axis=1))
        seconds = steps[:, RATE - 1 :: RATE]
        loops = [
            steps[:, length - 1 : length + 1].max() for length in (RATE, 116_640, 120_000, 131_072, 240_000, 262_144, 250_000, 243_000)
        ]

        assert max(loops) <= 1.2 * np.percentile(steps, 99.99), (place, hour)
        assert np.median(seconds) < 1.5 * np.median(steps), (place, hour)


def test_another_seed_is_another_sound_of_the_same_kind() -> None:
    one, same, other = (heard(at("beach", seed=seed)) for seed in (1, 1, 2))

    assert np.array_equal(one, same)
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.1
    assert abs(level(one) - level(other)) < 4


def test_places_are_told_apart_by_ear() -> None:
    places = ("forest", "market", "city", "beach", "mountains", "space", "interior")
    known = {place: [bands(heard(at(place, seed=seed), seconds=6)) for seed in (1, 2)] for place in places}
    asked = [(place, bands(heard(at(place, seed=seed), seconds=6))) for place in places for seed in (11,)]
    judged = [min(places, key=lambda name, b=b: min(np.linalg.norm(b - k) for k in known[name])) for _, b in asked]

    right = sum(place == name for (place, _), name in zip(asked, judged, strict=True))
    assert right >= 0.9 * len(asked), [(place, name) for (place, _), name in zip(asked, judged, strict=True) if place != name]


def test_rain_birds_crickets_and_thunder_are_where_they_belong() -> None:
    noon, night, rain, storm = (heard(at("meadow", *how), seconds=16) for how in (("day",), ("night",), ("day", "rain"), ("day", "storm")))

    assert within(rain, 4500, 9000) > within(noon, 4500, 9000) + 6
    assert within(night, 3900, 4900) > within(noon, 3900, 4900) + 6
    assert {"birds"} <= at("meadow").names - at("meadow", "night").names
    assert "crickets" in at("meadow", "night").names - at("meadow", "night", "rain").names
    assert within(storm, 30, 90) > within(rain, 30, 90) + 5


def test_no_weather_is_heard_in_space() -> None:
    assert np.array_equal(heard(at("space", "night", "storm")), heard(at("space", "day", "clear")))


def shoot(out: Path, prompt: str, **spec) -> tuple[dict, Path]:
    out.mkdir()
    whole = {"task": "create", "prompt": prompt, "seconds": 2, "size": [160, 90], "seed": 7, "cast": [], "backdrop": None}
    return render(whole | {"source": None, "scene": None, "out": str(out)} | spec, lambda done: None), out / "video.mp4"


def sound(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)


def packets(path: Path) -> list[tuple[int, bytes]]:
    with av.open(str(path)) as container:
        return [(packet.pts, bytes(packet)) for packet in container.demux(audio=0) if packet.pts is not None]


@pytest.fixture(scope="module")
def beach(tmp_path_factory) -> tuple[dict, Path]:
    return shoot(tmp_path_factory.mktemp("sound") / "beach", "a beach at noon")


def test_a_film_carries_the_ambience_of_its_scene(beach: tuple[dict, Path]) -> None:
    coded, meant = sound(beach[1])[:, : 2 * RATE], at("beach")(0, 2 * RATE)

    assert level(coded - meant) < level(meant) - 6
    assert abs(level(coded) - level(meant)) < 1
    assert np.abs(coded).max() < 0.5
    assert abs(sound(beach[1]).shape[1] - 2 * RATE) < 1_024


def test_the_same_spec_gives_the_same_bytes(beach: tuple[dict, Path], tmp_path: Path) -> None:
    _, again = shoot(tmp_path / "again", "a beach at noon")

    assert packets(again) == packets(beach[1])


def test_audio_off_is_silence_and_stays_so_in_what_follows(tmp_path: Path) -> None:
    made, path = shoot(tmp_path / "mute", "a beach at noon", audio="off")
    spec = {"source": str(path), "scene": made["scene"]}
    _, edited = shoot(tmp_path / "edit", "in the rain", task="edit", **spec)
    _, longer = shoot(tmp_path / "longer", "on", task="extend", **spec)
    _, again = shoot(tmp_path / "again", "in a forest", task="remix", **spec)
    _, aloud = shoot(tmp_path / "aloud", "on", task="extend", audio="on", **spec)

    for silent in (path, edited, longer, again):
        assert np.abs(sound(silent)).max() == 0
    assert level(sound(aloud)[:, : 2 * RATE - 4_800]) < -100
    assert level(sound(aloud)[:, 3 * RATE :]) > -34


def test_an_edit_keeps_the_sound_to_the_bit_unless_hour_or_weather_are_heard(beach: tuple[dict, Path], tmp_path: Path) -> None:
    made, path = beach
    spec = {"task": "edit", "source": str(path), "scene": made["scene"]}
    _, warm = shoot(tmp_path / "warm", "warmer colours", **spec)
    _, rainy = shoot(tmp_path / "rain", "add heavy rain", **spec)
    _, mute = shoot(tmp_path / "mute", "warmer colours", audio="off", **spec)

    assert packets(warm) == packets(path)
    assert within(sound(rainy), 4500, 9000) > within(sound(path), 4500, 9000) + 6
    assert np.abs(sound(mute)).max() == 0
