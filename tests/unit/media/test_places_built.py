"""The places people build, and the two that stand nowhere: painted whole, deep, lit, and fit to stand in."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from castlist.media.animatic import compose
from castlist.media.animatic import scene as scenes
from castlist.media.animatic.canvas import stretch
from castlist.media.animatic.compose import Studio
from castlist.media.animatic.geometry import measure
from castlist.media.animatic.layer import Layer, Window, draw, layer_of
from castlist.media.animatic.places.brush import oval, soft
from castlist.media.animatic.planes import Frame, blank
from castlist.media.animatic.tiles import Box
from castlist.media.animatic.words import Hour, Place, read

BUILT = ("market", "city", "interior", "space", "stage")
SIZE = (320, 180)
Picture = NDArray[np.float32]


def build(prompt: str, *, seed: int = 7, size: tuple[int, int] = SIZE) -> Studio:
    return compose.build(scenes.compose(read(f"{prompt}, static"), size=size, seed=seed, frames=24, cast=()), ())


@cache
def studio(place: str, hour: Hour = Hour.day, *, seed: int = 7, size: tuple[int, int] = SIZE) -> Studio:
    built = build(f"{'nowhere' if place == 'stage' else place}, {'sunset' if hour is Hour.golden else hour.value}", seed=seed, size=size)
    assert (built.scene.place.value, built.scene.hour) == (place, hour)
    return built


def look(built: Studio, number: int = 0) -> Picture:
    """A frame in Lab, at a quarter of its size: what one sees at a glance."""
    rgb = cv2.cvtColor(compose.frame_at(built, number).buffer, cv2.COLOR_YUV2RGB_NV12)
    small = cv2.resize(rgb, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def lab(built: Studio, number: int = 0) -> Picture:
    """A frame in Lab at its full size."""
    rgb = cv2.cvtColor(compose.frame_at(built, number).buffer, cv2.COLOR_YUV2RGB_NV12)
    return np.asarray(cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def stirred(built: Studio, rows: slice, columns: slice = slice(None)) -> float:
    """How much a part of the frame changes in half a second, in luma."""
    first, second = (compose.frame_at(built, number).y[rows, columns].astype(np.float32) for number in (0, 12))
    return float(np.abs(first - second).mean())


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
    first, again, other = days[name], build(f"{'nowhere' if name == 'stage' else name}, day"), studio(name, seed=8)

    assert np.array_equal(compose.frame_at(first, 5).buffer, compose.frame_at(again, 5).buffer)
    assert apart(look(first), look(other)) > 4


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
        ("looks out of the window at the snow", Place.interior),
        ("walks down a hallway", Place.interior),
        ("waits at a train station", Place.city),
        ("on a plain studio stage", None),
        ("smiles and says nothing", None),
    ],
)
def test_words_lead_to_a_built_place(prompt: str, place: Place | None) -> None:
    assert read(prompt).place is place


def test_traffic_goes_both_ways_along_a_city_street_and_never_before_the_cast(days: dict[str, Studio]) -> None:
    painted = days["city"].painted
    lanes = [layer for layer in painted.behind if layer.drift and layer.depth > 0.5]

    assert {layer.drift > 0 for layer in lanes} == {True, False}
    assert all(layer.depth < 1 for layer in lanes)
    assert not any(layer.drift for layer in painted.before)
    assert stirred(days["city"], slice(120, 145)) > 4


def test_lanterns_sway_and_people_stroll_over_a_market(days: dict[str, Studio]) -> None:
    assert stirred(days["market"], slice(25, 65)) > 0.5
    assert stirred(days["market"], slice(100, 122)) > 0.5


def test_lamps_warm_the_ground_where_the_cast_stands_at_night() -> None:
    market, room, moonlit = (float(lab(studio(name, Hour.night))[125:170, 60:260, 2].mean()) for name in ("market", "interior", "snow"))

    assert market > 6
    assert room > 10
    assert moonlit < -4


@pytest.mark.parametrize("name", ["market", "interior", "city"])
def test_the_cast_is_lit_by_the_lamps_of_its_place_and_not_by_the_moon(days: dict[str, Studio], name: str) -> None:
    night, moon = studio(name, Hour.night).light, studio("mountains", Hour.night).light

    assert moon.key[2] > moon.key[0]
    assert night.key[0] > 1.08 * night.key[2]
    assert max(night.key) < max(days[name].light.key)


def test_neon_words_light_a_city_with_neon() -> None:
    lamps, tubes = studio("city", Hour.night), build("cyberpunk street")
    plain, neon = lab(lamps), lab(tubes)

    assert np.hypot(neon[..., 1], neon[..., 2]).mean() > 1.3 * np.hypot(plain[..., 1], plain[..., 2]).mean()
    assert neon[..., 1].mean() > plain[..., 1].mean() + 6
    assert len(tubes.painted.lamps) > 1.5 * len(lamps.painted.lamps)


def test_rain_falls_behind_a_window_and_not_into_the_room() -> None:
    built = build("living room on a rainy day")
    layer = next(layer for layer in built.painted.behind if layer.depth == 0.24)
    keep = layer.picture.keep
    assert keep is not None
    left = round(built.geometry.left)
    rows = slice(built.geometry.margin - layer.start, built.geometry.margin - layer.start + 60)
    pane = keep[rows, left : left + SIZE[0]] == 255
    change = np.abs(np.subtract(*(compose.frame_at(built, number).y[:60].astype(np.float32) for number in (0, 12))))

    inside = cv2.dilate(pane.astype(np.uint8), np.ones((9, 9), np.uint8)) == 0

    assert change[pane].mean() > 0.5
    assert change[inside].mean() < 0.1


def test_rain_lays_the_lights_of_a_street_on_the_road() -> None:
    dry, wet = (build(f"city street at night{rain}") for rain in ("", " in the rain"))
    near = round(dry.geometry.base(0.80))
    under = np.array([round(lamp.x) % wet.geometry.period for lamp in wet.painted.lamps])

    grounds = [next(layer for layer in built.painted.behind if layer.ground).picture.y[near].astype(np.float32) for built in (dry, wet)]
    above = [float(ground[under].mean() - ground.mean()) for ground in grounds]

    assert above[1] > 8 + above[0]


@pytest.mark.parametrize("seed", range(1, 5))
def test_the_stage_has_no_line_between_wall_and_floor(seed: int) -> None:
    luma = compose.frame_at(studio("stage", seed=seed), 0).y.astype(np.float32)
    city = compose.frame_at(studio("city"), 0).y.astype(np.float32)

    steps, hard = (np.abs(np.diff(np.median(y[104:150, 20:300], axis=1))).max() for y in (luma, city))

    assert steps < 4 < hard


def dense(layer: Layer) -> Layer:
    """The layer with its whole texture drawn, paint or none."""
    columns, rows = layer.picture.size
    box = Box(0, layer.start, columns, layer.start + rows, solid=False)
    return replace(layer, boxes=(box,))


@pytest.mark.parametrize("move", ["static", "tracking shot", "pan left"])
@pytest.mark.parametrize("name", ["market", "interior"])
def test_drawing_only_what_is_painted_leaves_the_frame_as_it_was(name: str, move: str) -> None:
    scene = scenes.compose(read(f"{name} at night, {move}"), size=SIZE, seed=3, frames=48, cast=())
    built = compose.build(scene, ())
    painted = built.painted
    whole = replace(painted, behind=tuple(map(dense, painted.behind)), before=tuple(map(dense, painted.before)))
    bare = replace(painted, behind=tuple(replace(layer, boxes=()) for layer in painted.behind))
    assert any(len(layer.boxes) > 1 for layer in painted.behind)

    for number in (0, 31):
        sparse, full, empty = (compose.frame_at(replace(built, painted=layers), number).buffer for layers in (painted, whole, bare))
        assert np.array_equal(sparse, full)
        assert not np.array_equal(sparse, empty)


def test_a_push_in_shows_the_parts_of_a_layer_where_the_whole_would_show_them() -> None:
    """Parts are enlarged each from a corner of its own, so they may differ by rounding."""
    built = compose.build(scenes.compose(read("market at night, push in"), size=SIZE, seed=3, frames=48, cast=()), ())
    painted = built.painted
    whole = replace(painted, behind=tuple(map(dense, painted.behind)), before=tuple(map(dense, painted.before)))

    sparse, full = (compose.frame_at(replace(built, painted=layers), 31).buffer for layers in (painted, whole))

    assert cv2.PSNR(sparse, full) > 45


def test_soft_paint_across_the_seam_of_a_texture_is_blended_once() -> None:
    geometry = measure(*SIZE)
    canvas = stretch(geometry)
    soft(canvas, oval((0.0, 150.0), (20, 20)), (1.0, 1.0, 1.0), blur=5, strength=0.5)
    layer = layer_of(canvas, 0.5)
    assert layer.boxes

    sparse, full = blank(*SIZE), blank(*SIZE)
    for frame, drawn in ((sparse, layer), (full, dense(layer))):
        draw(frame, drawn, Window(-100.5, 60.25, 1.0), below=SIZE[1])

    assert sparse.y.max() > 160
    assert np.array_equal(sparse.buffer, full.buffer)
