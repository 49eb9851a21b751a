"""The places out of doors, painted small: recognisable, deep, and fit to stand in."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.media.animatic.filming import luma

from castlist.media.animatic import compose
from castlist.media.animatic import scene as scenes
from castlist.media.animatic.camera import View
from castlist.media.animatic.compose import Studio
from castlist.media.animatic.layer import draw
from castlist.media.animatic.planes import blank
from castlist.media.animatic.words import Hour, Place, Weather, read

WILD = ("meadow", "beach", "mountains", "snow", "desert", "cliff")
SIZE = (320, 180)
Picture = NDArray[np.float32]


def studio(prompt: str, *, seed: int = 7, size: tuple[int, int] = SIZE) -> Studio:
    return compose.build(scenes.compose(read(prompt), size=size, seed=seed, frames=24, cast=()), ())


def look(built: Studio, number: int = 0) -> Picture:
    """A frame in Lab, at a quarter of its size: what one sees at a glance."""
    rgb = cv2.cvtColor(compose.frame_at(built, number).buffer, cv2.COLOR_YUV2RGB_NV12)
    small = cv2.resize(rgb, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def apart(a: Picture, b: Picture) -> float:
    return float(np.linalg.norm(a - b, axis=2).mean())


def covered(built: Studio, view: View) -> NDArray[np.bool_]:
    """The pixels that the layers before the characters change."""
    frame = blank(*built.scene.size)
    bare = frame.y.copy()
    for layer in built.painted.before:
        draw(frame, layer, compose.window_of(layer, built.geometry, view, 0.0), below=built.geometry.height)
    return np.not_equal(frame.y, bare)


@pytest.fixture(scope="module")
def days() -> dict[str, Studio]:
    return {place.value: studio(f"{place.value} at noon") for place in Place}


@pytest.mark.parametrize("name", WILD)
def test_a_wild_place_is_at_least_four_layers_deep(days: dict[str, Studio], name: str) -> None:
    painted = days[name].painted
    layers = painted.behind + painted.before
    seen = [layer for layer in layers if layer.bottom > layer.top]

    assert days[name].scene.place.value == name
    assert len(seen) == len(layers)
    assert len({layer.depth for layer in seen}) >= 4
    assert min(layer.depth for layer in painted.before) > 1


@pytest.mark.parametrize("name", WILD)
def test_a_wild_place_looks_like_no_other(days: dict[str, Studio], name: str) -> None:
    mine = look(days[name])

    others = {other: apart(mine, look(built)) for other, built in days.items() if other != name}

    assert min(others.values()) > 12, others


@pytest.mark.parametrize("name", WILD)
def test_night_falls_in_a_wild_place(days: dict[str, Studio], name: str) -> None:
    day, night = look(days[name]), look(studio(f"{name} at night"))

    assert apart(day, night) > 40
    assert night[..., 0].mean() < day[..., 0].mean() - 25
    assert night[..., 2].mean() < day[..., 2].mean()


@pytest.mark.parametrize("name", WILD)
def test_a_seed_gives_one_wild_place_and_another_seed_another(days: dict[str, Studio], name: str) -> None:
    first, again, other = days[name], studio(f"{name} at noon"), studio(f"{name} at noon", seed=8)

    assert np.array_equal(compose.frame_at(first, 5).buffer, compose.frame_at(again, 5).buffer)
    assert apart(look(first), look(other)) > 4


@pytest.mark.parametrize("name", WILD)
@pytest.mark.parametrize("size", [SIZE, (180, 320)])
def test_nothing_near_hides_the_feet_of_who_stands_there(days: dict[str, Studio], name: str, size: tuple[int, int]) -> None:
    built = days[name] if size == SIZE else studio(f"{name} at noon", size=size)
    g = built.geometry

    ahead, *aside = (covered(built, View(pan=pan)) for pan in (0.0, 0.5, 1.0))

    assert any(seen.any() for seen in (ahead, *aside))
    assert not ahead[: g.feet, round(0.38 * g.width) : round(0.62 * g.width)].any()


@pytest.mark.parametrize("name", WILD)
def test_a_wild_place_moves_more_the_nearer_it_is(name: str) -> None:
    still, moved = studio(f"{name} at noon, static"), studio(f"{name} at noon, tracking shot")
    before, after = compose.frame_at(still, 0), compose.frame_at(moved, 23)
    change = cv2.absdiff(before.y, after.y)

    assert change[: SIZE[1] // 4].mean() < change[round(0.62 * SIZE[1]) :].mean()


def test_no_line_is_drawn_across_a_lake_at_night() -> None:
    rows = luma(studio("mountains at night, static camera", size=(640, 360)), 2)[150:290]
    steps = np.abs(rows[1:-1] - (rows[:-2] + rows[2:]) / 2)

    assert np.median(steps, axis=1).max() < 8


@pytest.mark.parametrize(
    ("prompt", "place"),
    [
        ("reforms on a moonlit cliff", Place.cliff),
        ("a cliff above the sea", Place.cliff),
        ("on a mountain top", Place.mountains),
        ("gulls above the waves", Place.beach),
        ("under palm trees on a beach", Place.beach),
        ("walks towards the camera, waves, and smiles warmly", None),
        ("smiles and waves in a desert", Place.desert),
        ("a field of glowing flowers", Place.meadow),
        ("crosses a snow field", Place.snow),
        ("skates on a frozen lake", Place.snow),
        ("among badlands", Place.desert),
        ("walks home through the snow", Place.snow),
        ("drives a car along the coast", Place.beach),
        ("surfs a huge wave", Place.beach),
        ("plays the guitar by a campfire", Place.forest),
        ("sits by a campfire on the beach", Place.beach),
        ("spins under cherry blossoms", Place.meadow),
    ],
)
def test_words_lead_to_a_wild_place(prompt: str, place: Place | None) -> None:
    assert read(prompt).place is place


def test_a_blizzard_is_snow_by_the_moonlit_cliff_at_night() -> None:
    reading = read("a blizzard on a moonlit cliff top by the cliff")

    assert (reading.place, reading.weather, reading.hour) == (Place.cliff, Weather.snow, Hour.night)
