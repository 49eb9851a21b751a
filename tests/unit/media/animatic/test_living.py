"""What lives in a scene moves while the camera stands, and keeps to its place among the layers."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.media.animatic.filming import luma, studio
from tests.unit.media.animatic.test_layers import SIZE, covered

from castlist.media.animatic.camera import View
from castlist.media.animatic.compose import Studio, build, frame_at
from castlist.media.animatic.living import Life, flash
from castlist.media.animatic.planes import blank
from castlist.media.animatic.swarm import Kind, fly
from castlist.media.animatic.words import read

MOVED = 4


def stirred(built: Studio, numbers: tuple[int, int]) -> NDArray[np.bool_]:
    """The pixels that differ between two frames."""
    first, second = (luma(built, number) for number in numbers)
    return np.asarray(np.abs(first - second) > MOVED)


def alone(built: Studio, kind: Kind, t: float) -> NDArray[np.float32]:
    """Only the swarms of one kind, on black."""
    frame = blank(*built.scene.size)
    frame.y[:] = 16
    for flock in (*built.life.before, *(flock for _, flock in built.life.behind)):
        if flock.kind is kind:
            fly(frame, flock, geometry=built.geometry, view=View(), t=t)
    return frame.y.astype(np.float32) - 16


def nearest(built: Studio, *, to: float) -> NDArray[np.bool_]:
    """What the layer at a depth covers of the first frame."""
    layer = min((layer for layer in built.painted.behind if not layer.ground), key=lambda layer: abs(layer.depth - to))
    return covered(layer, built, 0)


@pytest.mark.parametrize(
    ("prompt", "least"),
    [
        ("forest at noon", 0.001),
        ("forest at night", 0.002),
        ("meadow at noon", 0.001),
        ("meadow at night", 0.002),
        ("beach at noon", 0.02),
        ("mountains at noon", 0.0002),
        ("cliff at noon", 0.002),
        ("arctic at noon", 0.004),
        ("desert at noon", 0.0002),
        ("desert at night", 0.001),
        ("mountains in the rain", 0.02),
        ("cliff in a storm", 0.03),
        ("meadow in fog", 0.004),
    ],
)
def test_a_place_lives_while_the_camera_stands(prompt: str, least: float) -> None:
    built = studio(f"{prompt}, static camera")

    changed = stirred(built, (3, 20))

    assert least < changed.mean() < 0.7
    assert not stirred(built, (3, 3)).any()


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("fireflies", Kind.firefly),
        ("lantern-lit", Kind.lantern),
        ("falling leaves", Kind.leaf),
        ("cherry petals", Kind.leaf),
        ("a campfire", Kind.ember),
        ("bubbles", Kind.bubble),
    ],
)
def test_what_is_asked_for_by_name_is_there_and_moves(words: str, kind: Kind) -> None:
    asked, plain = (studio(prompt, size=SIZE) for prompt in (f"a cliff at night, {words}", "a cliff at night"))
    first, later = (alone(asked, kind, t) for t in (0.5, 2.5))

    assert (first > 20).mean() > 0.0001
    assert (np.abs(later - first) > 20).any()
    assert not alone(plain, kind, 0.5).any()


def test_a_market_has_its_lanterns_on_strings_only() -> None:
    assert not alone(studio("a lantern-lit market at dusk", size=SIZE), Kind.lantern, 0.5).any()


def test_lanterns_float_above_the_cast() -> None:
    lit = alone(studio("a lantern-lit meadow at night", size=SIZE), Kind.lantern, 1.0) > 20

    assert np.flatnonzero(lit.any(axis=1)).max() < 0.45 * SIZE[1]


def test_the_ground_stays_while_all_above_it_lives() -> None:
    built = studio("desert at noon, static camera", size=SIZE)
    still = np.ones((SIZE[1], SIZE[0]), bool)
    for flock in (Kind.mote, Kind.bird):
        still &= cv2.dilate((alone(built, flock, 3 / 24) + alone(built, flock, 20 / 24)), np.ones((5, 5), np.uint8)) < 1
    ground = np.arange(SIZE[1])[:, None] > built.geometry.feet - 20

    assert not (stirred(built, (3, 20)) & still & ground).any()


def test_stars_twinkle_behind_what_stands_on_the_land() -> None:
    built = studio("cliff at night, static camera", size=SIZE)
    walls, changed = nearest(built, to=0.28), stirred(built, (0, 9)) | stirred(built, (0, 17))
    inside = cv2.erode(walls.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    lamp = cv2.dilate((frame_light(built) > 0).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    sky = np.arange(SIZE[1])[:, None] < built.geometry.horizon - 40

    assert (inside & sky).sum() > 3000
    assert not (changed & inside & sky & ~lamp).any()
    assert (changed & ~walls & sky).sum() > 60


def frame_light(built: Studio) -> NDArray[np.float32]:
    """Where lamps throw their light on the resting frame."""
    light = np.zeros((built.geometry.height, built.geometry.width), np.float32)
    for _, lamp, _ in built.life.lamps:
        centre = round(lamp.x - built.geometry.left), round(lamp.y - built.geometry.margin)
        cv2.circle(light, centre, round(lamp.radius) + 2, 1.0, -1)
    return light


def test_rain_falls_along_its_own_slant() -> None:
    for prompt, slant in (("meadow in the rain", 0.13), ("meadow in a storm", 0.34)):
        drops = alone(studio(prompt, size=SIZE), Kind.rain, 0.4)
        dx, dy = cv2.Sobel(drops, cv2.CV_32F, 1, 0), cv2.Sobel(drops, cv2.CV_32F, 0, 1)
        lean = float((dx * dy).sum() / (dx * dx).sum())

        assert lean == pytest.approx(slant, rel=0.35)


def test_a_drop_moves_the_way_it_leans() -> None:
    built = studio("meadow in a storm", size=SIZE)
    flock = next(flock for flock in built.life.before if flock.kind is Kind.rain)
    shown = []
    for t in (0.30, 0.31):
        frame = blank(*SIZE)
        frame.y[:] = 16
        fly(frame, flock, geometry=built.geometry, view=View(), t=t)
        shown.append(frame.y.astype(np.float32) - 16)
    (dx, dy), _ = cv2.phaseCorrelate(shown[0].astype(np.float64), shown[1].astype(np.float64))

    assert dy > 1
    assert dx / dy == pytest.approx(flock.slant, abs=0.12)


def test_snow_has_depth_near_flakes_are_large_and_fall_faster() -> None:
    flocks = [flock for flock in studio("meadow, snow falling").life.before if flock.kind is Kind.snow]

    sizes = [flock.size for flock in flocks]
    assert len(flocks) == 4
    assert sizes == sorted(sizes)
    assert sizes[-1] > 5 * sizes[0]


def test_lightning_is_rare_and_soft() -> None:
    built = studio("cliff in a storm, static camera", seconds=9)
    lumas = np.array([frame_at(built, number).y.mean() for number in range(0, 216, 2)], np.float32)
    usual = float(np.median(lumas))
    bright = lumas > 1.08 * usual

    assert bright.any()
    assert bright.mean() < 0.12
    assert lumas.max() < 1.6 * usual


def test_fog_lies_behind_the_cast_and_thinner_before_it() -> None:
    built = studio("forest in fog, static camera")
    clear = studio("forest at noon, static camera")

    assert len(built.life.banks) == 2
    assert built.life.fog
    assert contrast(built) < 0.75 * contrast(clear)


def contrast(built: Studio) -> float:
    """How much the picture varies from column to column in the middle, where the land begins."""
    return float(frame_at(built, 0).y[70:110, 100:220].astype(np.float32).std(axis=1).mean())


@pytest.mark.parametrize("hour", ["at night", "at dusk"])
def test_lamps_breathe_in_the_dark(hour: str) -> None:
    built = studio(f"arctic {hour}, static camera", size=SIZE)
    light = frame_light(built) > 0
    first, later = (luma(built, number)[light].mean() for number in (0, 30))

    assert light.any()
    assert abs(first - later) > 0.1


def test_the_mill_turns_its_sails() -> None:
    built = studio("meadow at noon, static camera", size=SIZE)
    shown = [alone(built, Kind.sails, t) > 20 for t in (0.0, 0.5)]

    assert shown[0].sum() == pytest.approx(shown[1].sum(), rel=0.15)
    assert (shown[0] & shown[1]).sum() < 0.7 * shown[0].sum()


def test_lightning_holds_off_where_a_take_ends_and_the_next_begins() -> None:
    """Half a second before and after every end is dark, whatever the seed, and what was shot before does not change."""
    built = studio("cliff in a storm, static camera", seconds=4)
    longer = build(built.scene.then(read("static camera"), 96), ())
    assert (built.life.joins, longer.life.joins) == ((4.0,), (4.0, 8.0))

    for seed in range(0, 35, 4):
        for end in (48, 96, 192):
            once, more, unbroken = (flashes(replace(longer.life, seed=seed, joins=joins)) for joins in ((end / 24,), (end / 24, 16), ()))
            assert once[end - 12 : end + 12] == [0.0] * 24
            assert more[:end] == once[:end]
            assert max(once) > 20
            assert max(unbroken) > 20


def flashes(life: Life) -> list[float]:
    """How much brighter lightning makes a grey frame, for twelve seconds of frames."""
    gained = []
    for number in range(288):
        frame = blank(16, 16)
        frame.y[:] = 100
        flash(frame, life, number / 24)
        gained.append(float(frame.y[0, 0]) - 100)
    return gained
