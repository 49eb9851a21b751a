"""The places people build, and the two that stand nowhere: painted whole, deep, lit, and fit to stand in."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from castlist.media.animatic import compose
from castlist.media.animatic import scene as scenes
from castlist.media.animatic.compose import Studio
from castlist.media.animatic.planes import Frame, blank
from castlist.media.animatic.words import Hour, Place, read

BUILT = ("market", "city", "interior", "space", "stage")
SIZE = (320, 180)
Picture = NDArray[np.float32]


def studio(place: str, hour: Hour = Hour.day, *, seed: int = 7, size: tuple[int, int] = SIZE) -> Studio:
    prompt = f"{'nowhere' if place == 'stage' else place}, {'sunset' if hour is Hour.golden else hour.value}, static"
    built = compose.build(scenes.compose(read(prompt), size=size, seed=seed, frames=24, cast=()), ())
    assert (built.scene.place.value, built.scene.hour) == (place, hour)
    return built


def look(built: Studio, number: int = 0) -> Picture:
    """A frame in Lab, at a quarter of its size: what one sees at a glance."""
    rgb = cv2.cvtColor(compose.frame_at(built, number).buffer, cv2.COLOR_YUV2RGB_NV12)
    small = cv2.resize(rgb, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def apart(a: Picture, b: Picture) -> float:
    return float(np.linalg.norm(a - b, axis=2).mean())


def bare(frame: Frame) -> float:
    """The share of a frame that still is as blank() made it."""
    untouched = blank(*SIZE).y[0, 0]
    return float(((frame.uv == untouched).all(axis=2) & (frame.y[::2, ::2] == untouched)).mean())


@pytest.fixture(scope="module")
def days() -> dict[str, Studio]:
    named = {place.value: place.value for place in Place if place is not Place.stage}
    return {name: studio(name) for name in (*named, "stage")}


@pytest.mark.parametrize("name", BUILT)
def test_a_built_place_is_at_least_four_layers_deep(days: dict[str, Studio], name: str) -> None:
    painted = days[name].painted
    seen = [layer for layer in painted.behind + painted.before if layer.bottom > layer.top]

    assert len({layer.depth for layer in seen}) >= 4
    assert min(layer.depth for layer in painted.before) > 1


@pytest.mark.parametrize("hour", list(Hour))
@pytest.mark.parametrize("name", BUILT)
def test_a_built_place_is_painted_whole_at_every_hour(name: str, hour: Hour) -> None:
    frame = compose.frame_at(studio(name, hour), 5)

    assert bare(frame) < 0.01


@pytest.mark.parametrize("size", [(180, 320), (240, 240)])
@pytest.mark.parametrize("name", BUILT)
def test_a_built_place_fills_tall_and_square_frames(name: str, size: tuple[int, int]) -> None:
    frame = compose.frame_at(studio(name, Hour.dusk, size=size), 5)

    assert bare(frame) < 0.01
    assert frame.y.std() > 8


@pytest.mark.parametrize("name", BUILT)
def test_a_built_place_looks_like_no_other(days: dict[str, Studio], name: str) -> None:
    mine = look(days[name])

    others = {other: apart(mine, look(built)) for other, built in days.items() if other != name}

    assert min(others.values()) > 12, others


@pytest.mark.parametrize("name", BUILT)
def test_night_is_darker_in_a_built_place(days: dict[str, Studio], name: str) -> None:
    day, night = look(days[name]), look(studio(name, Hour.night))

    assert apart(day, night) > 8
    assert night[..., 0].mean() < day[..., 0].mean() - 5


@pytest.mark.parametrize("name", ["market", "city", "interior"])
def test_lamps_are_lit_when_it_is_dark_and_out_by_day(days: dict[str, Studio], name: str) -> None:
    assert not days[name].painted.lamps
    assert studio(name, Hour.dusk).painted.lamps
    assert studio(name, Hour.night).painted.lamps


@pytest.mark.parametrize("name", BUILT)
def test_a_seed_gives_one_built_place_and_another_seed_another(days: dict[str, Studio], name: str) -> None:
    first, again, other = days[name], studio(name), studio(name, seed=8)

    assert np.array_equal(compose.frame_at(first, 5).buffer, compose.frame_at(again, 5).buffer)
    assert apart(look(first), look(other)) > 2


@pytest.mark.parametrize("size", [SIZE, (180, 320)])
@pytest.mark.parametrize("name", BUILT)
def test_nothing_near_hides_the_feet_in_a_built_place(days: dict[str, Studio], name: str, size: tuple[int, int]) -> None:
    built = days[name] if size == SIZE else studio(name, size=size)
    g = built.geometry
    left, right = round(g.left + 0.38 * g.width), round(g.left + 0.62 * g.width)

    for layer in built.painted.before:
        keep = layer.picture.keep
        assert keep is not None
        assert (keep[: max(0, g.margin + g.feet - layer.start), left:right] == 255).all()


@pytest.mark.parametrize(
    ("prompt", "place"),
    [
        ("weaves through a lantern-lit market", Place.market),
        ("shops at the bazaar after dark", Place.market),
        ("crosses a busy street with traffic", Place.city),
        ("on a rooftop under a neon skyline", Place.city),
        ("reads in a cosy living room by the fireplace", Place.interior),
        ("cooks in a sunny kitchen", Place.interior),
        ("floats past planets in outer space", Place.space),
        ("hops across the surface of mars", Place.space),
        ("on a plain studio stage", None),
        ("smiles and says nothing", None),
    ],
)
def test_words_lead_to_a_built_place(prompt: str, place: Place | None) -> None:
    assert read(prompt).place is place
