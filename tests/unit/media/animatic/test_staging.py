"""Where the cast stands, how large it is and how it belongs to the scene, measured on frames."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.unit.media.animatic import fox, mascot
from tests.unit.media.animatic.filming import SQUARE, TALL, WIDE, extent, lab, luma, masks, member, shot, spots, studio, troupe

from castlist.media.animatic.brief import Member
from castlist.media.animatic.castlight import bathe, shading
from castlist.media.animatic.compose import frame_at
from castlist.media.animatic.geometry import measure
from castlist.media.animatic.palette import light_of
from castlist.media.animatic.places.world import Lamp
from castlist.media.animatic.words import Hour, Weather

SIZES = [WIDE, TALL, SQUARE]


@pytest.fixture(scope="module")
def puff(tmp_path_factory) -> Member:
    return member("Puff", mascot.cutout(tmp_path_factory.mktemp("puff") / "cut.mkv", frames=12))


@pytest.fixture(scope="module")
def mossy(tmp_path_factory) -> Member:
    return member("Mossy", fox.cutout(tmp_path_factory.mktemp("mossy") / "cut.mkv", frames=12))


def test_swapping_the_character_changes_nothing_outside_both(puff: Member, mossy: Member) -> None:
    one = studio("the hero waves in a forest at noon", [puff], size=(640, 360))
    other = studio("the hero waves in a forest at noon", [mossy], size=(640, 360))
    for number in (0, 20):
        both = masks(one, number)[0] | masks(other, number)[0]
        outside = cv2.dilate(both.astype(np.uint8), np.ones((17, 17), np.uint8)) == 0
        apart = (shot(one, number).astype(float) - shot(other, number)) ** 2

        assert 0.05 < both.mean() < 0.25
        assert 10 * np.log10(255**2 / apart[outside].mean()) >= 38
        assert 10 * np.log10(255**2 / apart[both].mean()) < 20


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("count", [1, 2])
def test_a_character_has_a_third_to_two_thirds_of_the_height(puff: Member, size: tuple[int, int], count: int) -> None:
    scene = troupe("Puff and Puff in a meadow at noon" if count == 2 else "Puff in a meadow at noon", [puff] * count, size=size)
    for mask in masks(scene, 10):
        _, top, _, bottom = extent(mask)
        assert 0.30 <= (bottom - top) / size[1] <= 0.60


@pytest.mark.parametrize("size", SIZES)
def test_a_character_is_never_stretched(mossy: Member, puff: Member, size: tuple[int, int]) -> None:
    for cast, draw, still in ((mossy, fox.draw, (240, 200)), (puff, mascot.draw, (160, 200))):
        scene = troupe(f"{cast.name} in a meadow at noon, static camera", [cast], size=size)
        shown = np.mean([shape(masks(scene, n)[0]) for n in range(12)])
        true = np.mean([shape(draw(n / 12, still)[..., 3] > 96) for n in range(12)])

        assert shown == pytest.approx(true, rel=0.02)


def shape(mask: np.ndarray) -> float:
    """Width through height, by the spread of all its pixels."""
    rows, columns = np.nonzero(mask)
    return float(columns.std() / rows.std())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("does", ["wave", "dance", "walk, push in", "jump, pan left", "run, handheld"])
def test_two_never_cover_each_other(puff: Member, mossy: Member, size: tuple[int, int], does: str) -> None:
    scene = troupe(f"Puff and Mossy {does} in a meadow", [puff, mossy], size=size)
    for number in range(0, 48, 6):
        one, other = masks(scene, number)
        assert not (one & other).any()


def test_a_broad_one_beside_a_slim_one_gets_the_room_it_needs_in_a_narrow_frame(puff: Member, tmp_path: Path) -> None:
    long = member("Long", fox.cutout(tmp_path / "long.mkv", size=(330, 200), frames=12))
    scene = troupe("Puff and Long wave in a meadow at noon", [puff, long], size=TALL)
    one, other = masks(scene, 10)
    slim, broad = extent(one), extent(other)
    tall = [bottom - top for _, top, _, bottom in (slim, broad)]

    assert tall[1] == pytest.approx(tall[0], rel=0.12)
    assert broad[2] - broad[0] > 0.52 * TALL[0]
    assert min(tall) >= 0.29 * TALL[1]
    assert not (one & other).any()


def test_two_look_at_each_other_and_who_looks_at_the_camera_is_not_mirrored(puff: Member, mossy: Member) -> None:
    left, right = studio("Mossy and Puff", [mossy, puff]), studio("Puff and Mossy", [puff, mossy])

    assert [spot.facing for spot in spots(left, 10)] == [1, 1]
    assert [spot.facing for spot in spots(right, 10)] == [1, -1]
    assert snout(left, 0) > 0 > snout(right, 1)


def snout(scene, number: int) -> float:
    """How far to the right of its body the fox's pale snout is, in pixels."""
    picture, mask = shot(scene, 10).astype(int), masks(scene, 10)[number]
    pale = mask & (picture.min(axis=2) > 130)
    return float(np.nonzero(pale)[1].mean() - np.nonzero(mask)[1].mean())


def test_two_who_come_in_do_not_cross(puff: Member, mossy: Member) -> None:
    scene = troupe("Puff enters from the right and Mossy enters from the left", [puff, mossy], seconds=4)
    first, last = spots(scene, 0), spots(scene, 90)

    assert first[1].x < 0
    assert first[0].x > 320
    assert last[1].x + 80 < last[0].x


@pytest.mark.parametrize("size", SIZES)
def test_the_feet_are_on_the_ground(puff: Member, size: tuple[int, int]) -> None:
    scene = troupe("Puff in a desert at noon, static camera", [puff], size=size)
    _, _, _, bottom = extent(masks(scene, 8)[0])

    assert scene.geometry.horizon < bottom <= size[1]
    assert bottom == pytest.approx(scene.geometry.feet, abs=0.012 * size[1])


def test_a_shadow_darkens_the_ground_at_the_feet_and_fades_as_they_leave_it(puff: Member) -> None:
    size = (640, 360)
    alone, with_puff = (studio("Puff jumps in a desert at noon, static camera", cast, size=size) for cast in ([], [puff]))
    dark = []
    for number in (0, 15):
        spot, mask = spots(with_puff, number)[0], masks(with_puff, number)[0]
        free = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
        under = np.zeros_like(free)
        under[int(spot.ground) - 5 : int(spot.ground) + 9, int(spot.x) - 36 : int(spot.x) + 37] = True
        dark.append(float((luma(alone, number) - luma(with_puff, number))[under & free].mean()))

    assert spots(with_puff, 15)[0].y < spots(with_puff, 15)[0].ground - 20
    assert dark[0] > 25
    assert 0 < dark[1] < 0.5 * dark[0]


def test_shadows_fall_away_from_the_sun(puff: Member) -> None:
    for hour, side in (("noon", -1), ("golden hour", 1)):
        alone, with_puff = (studio(f"Puff in a desert at {hour}, static camera", cast, size=(640, 360)) for cast in ([], [puff]))
        mask = cv2.dilate(masks(with_puff, 0)[0].astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
        dark = np.where(mask, 0, luma(alone, 0) - luma(with_puff, 0)).clip(0)
        middle = int(spots(with_puff, 0)[0].x)
        left, right = dark[:, :middle].sum(), dark[:, middle:].sum()

        assert np.sign(with_puff.light.sun[0]) == -side
        assert (right - left) * side > 0.3 * (right + left)


def test_the_hour_and_the_lamps_light_the_cast(puff: Member) -> None:
    looks = {}
    for place in ("meadow at noon", "meadow at golden hour", "meadow at night", "market at night"):
        scene = studio(f"Puff in a {place}, static camera", [puff])
        looks[place] = lab(shot(scene, 4)[masks(scene, 4)[0]])
    noon, golden, night, lanterns = looks.values()

    assert golden[2] > noon[2] + 3
    assert noon[0] - 35 < night[0] < noon[0] - 10
    assert night[2] < noon[2] - 10
    assert lanterns[0] > night[0] + 5
    assert lanterns[2] > night[2] + 15


def test_gold_warms_a_character_and_leaves_it_its_own_hue() -> None:
    light = light_of(Hour.golden, Weather.clear)
    red, _, blue = shading(np.full((40, 30, 4), 255, np.uint8), light)[20, 15].astype(float)

    assert 1.1 < red / blue < 0.8 * light.key[0] / light.key[2]


@pytest.mark.parametrize("place", ["meadow", "desert"])
def test_the_moon_lights_the_ground_where_the_cast_stands(place: str) -> None:
    shares = []
    for hour in ("noon", "night"):
        ground = luma(studio(f"{place} at {hour}, static camera"), 0)[140:160] - 16
        shares.append(float(ground[:, 120:200].mean() / np.concatenate([ground[:, 30:70], ground[:, 250:290]], axis=1).mean()))

    assert shares[1] > shares[0] + 0.03


def test_a_lantern_near_the_cast_warms_its_light_and_one_far_off_does_not() -> None:
    geometry, night = measure(320, 180), light_of(Hour.night, Weather.clear)
    near, far = (Lamp(geometry.period / 2 + aside, 60, 0.5, 70, (1.0, 0.6, 0.3)) for aside in (20, 400))
    keys = [bathe(night, lamps, geometry).key for lamps in ([], [near], [far])]

    assert keys[0] == night.key
    assert keys[1][0] > night.key[0] + 0.1
    assert keys[1][0] - keys[1][2] > night.key[0] - night.key[2] + 0.2
    assert keys[2] == pytest.approx(night.key, abs=0.02)
    assert bathe(light_of(Hour.day, Weather.clear), [near], geometry).key == light_of(Hour.day, Weather.clear).key


def test_who_is_far_away_is_veiled_by_the_air(puff: Member) -> None:
    scene = studio("Puff walks away from the camera in a meadow at noon, static camera", [puff], seconds=4)
    contrast = []
    for number in (0, 84):
        inside = cv2.erode(masks(scene, number)[0].astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        contrast.append(float(luma(scene, number)[inside].std()))

    assert contrast[1] < 0.92 * contrast[0]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("camera", ["pan right", "pan left", "push in", "pull out", "tilt up", "orbit", "tracking shot", "static"])
def test_the_cast_stays_in_the_frame(puff: Member, mossy: Member, size: tuple[int, int], camera: str) -> None:
    for cast, does in (([mossy], "walks, jumps and flies"), ([puff, mossy], "jump and run")):
        who = " and ".join(one.name for one in cast)
        scene = troupe(f"{who} {does}, {camera}", cast, size=size, seconds=3)
        for number in range(0, 72, 8):
            for mask in masks(scene, number):
                assert mask.any()
                assert not np.concatenate([mask[0], mask[:, 0], mask[:, -1]]).any()


def test_a_reference_is_the_opening_frame_to_the_byte_and_the_cast_comes_in(puff: Member, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    cv2.imwrite(str(tmp_path / "reference.png"), cv2.resize(rng.integers(0, 255, (6, 9, 3), dtype=np.uint8), (500, 400)))
    scene = studio("Puff walks in, it snows, pan right", [puff], seconds=3, picture=tmp_path / "reference.png")
    opening, later = frame_at(scene, 0), frame_at(scene, 60)

    assert np.array_equal(opening.y, scene.backdrop.picture.y)
    assert np.array_equal(opening.uv, scene.backdrop.picture.uv)
    assert not masks(scene, 0)[0].any()
    assert masks(scene, 60)[0].mean() > 0.04
    assert np.abs(later.y.astype(int) - opening.y).mean() > 4


def test_a_reference_moves_more_below_than_above(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    grain = cv2.GaussianBlur(rng.integers(0, 255, (180, 320, 3), dtype=np.uint8), (0, 0), 2)
    cv2.imwrite(str(tmp_path / "reference.png"), cv2.normalize(grain, None, 0, 255, cv2.NORM_MINMAX))
    scene = studio("orbit shot", [], seconds=3, picture=tmp_path / "reference.png")
    flow = cv2.calcOpticalFlowFarneback(*(frame_at(scene, n).y for n in (8, 12)), None, 0.5, 4, 21, 3, 7, 1.5, 0)[..., 0]
    above, below = (float(np.median(flow[rows, 120:200])) for rows in (slice(20, 60), slice(150, 175)))

    assert abs(below - above) > 0.4
