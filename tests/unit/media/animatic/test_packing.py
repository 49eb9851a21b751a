"""Two broad characters in a narrow frame, and where in each place feet may stand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.media.animatic import fox, mascot
from tests.unit.media.animatic.filming import SQUARE, TALL, WIDE, extent, member, spots, studio, troupe

from castlist.media.animatic import figure, staging
from castlist.media.animatic.brief import Member
from castlist.media.animatic.compose import Studio
from castlist.media.animatic.places.standing import BANDS
from castlist.media.animatic.words import Place

_ROOM = 80
"""Pixels around the frame in which what leaves it is still seen."""
_TOO_BROAD = {("Long", "Broad", Place.city): 0.27, ("Long", "Broad", Place.beach): 0.29, ("Slim", "Long", Place.city): 0.285}
"""Where a portrait has not the ground for a pair of 2.3 to 2.6 heights of breadth: the greatest height that was found for it."""


@pytest.fixture(scope="module")
def cast(tmp_path_factory) -> dict[str, Member]:
    folder = tmp_path_factory.mktemp("broad")
    drawn = {
        "Broad": mascot.cutout(folder / "broad.mkv", size=(250, 200), frames=12),
        "Wide": mascot.cutout(folder / "wide.mkv", size=(270, 200), frames=12),
        "Long": fox.cutout(folder / "long.mkv", size=(330, 200), frames=12),
        "Slim": mascot.cutout(folder / "slim.mkv", size=(160, 200), frames=12),
    }
    return {name: member(name, path) for name, path in drawn.items()}


def whole(of: Studio, number: int) -> list[np.ndarray]:
    """Where each of the cast is, also beside the frame."""
    shape = (of.geometry.height + 2 * _ROOM, of.geometry.width + 2 * _ROOM)
    moved = [replace(spot, x=spot.x + _ROOM, y=spot.y + _ROOM) for spot in spots(of, number)]
    return [figure.outline(shape, actor, spot, number=number, part=1) > 96 for actor, spot in zip(of.actors, moved, strict=True)]


def seen(mask: np.ndarray) -> float:
    """Which share of it is inside the frame."""
    return float(mask[_ROOM:-_ROOM, _ROOM:-_ROOM].sum() / mask.sum())


@pytest.mark.parametrize("place", list(BANDS), ids=str)
@pytest.mark.parametrize("names", [("Broad", "Wide"), ("Long", "Broad"), ("Slim", "Long"), ("Wide", "Wide")], ids="-".join)
def test_two_of_any_breadth_are_large_enough_and_do_not_cover_each_other(cast, names: tuple[str, str], place: Place) -> None:
    for size in (TALL, WIDE, SQUARE):
        scene = troupe(f"{names[0]} and {names[1]} talk, {place}, static camera", [cast[name] for name in names], size=size, seconds=1)
        assert scene.scene.place is place
        tall = []
        for number in range(0, 24, 6):
            one, other = whole(scene, number)
            tall.append([extent(mask)[3] - extent(mask)[1] for mask in (one, other)])
            assert (one & other).sum() <= 0.005 * min(one.sum(), other.sum())
            assert min(seen(one), seen(other)) >= 0.955
        least = _TOO_BROAD.get((*names, place), 0.30) if size == TALL else 0.30
        for high in np.median(tall, axis=0):
            assert least <= high / size[1] <= 0.60


@pytest.mark.parametrize("place", list(BANDS), ids=str)
def test_the_feet_of_both_are_where_one_can_stand(cast, place: Place) -> None:
    scene = troupe(f"Broad and Wide talk, {place}, static camera", [cast["Broad"], cast["Wide"]], size=TALL)
    low, high = BANDS[place]
    for spot, mask in zip(spots(scene, 8), whole(scene, 8), strict=True):
        foot = extent(mask)[3] - _ROOM

        assert low - 0.02 <= scene.geometry.depth_at(spot.ground) <= high + 0.02
        assert foot == pytest.approx(spot.ground, abs=0.012 * TALL[1])
        assert foot <= TALL[1]


@pytest.mark.parametrize("does", ["jump", "dance", "run", "keep waving", "turn around", "sit down", "walk, push in", "fly"])
def test_what_packed_ones_do_keeps_them_apart_and_shows(cast, does: str) -> None:
    pair = [cast["Broad"], cast["Wide"]]
    scene, calm = (troupe(f"Broad and Wide {words} in a meadow", pair, size=TALL, seconds=3) for words in (does, "stand"))
    moved = []
    for number in range(0, 72, 6):
        one, other = whole(scene, number)
        assert (one & other).sum() <= 0.005 * min(one.sum(), other.sum())
        assert min(seen(one), seen(other)) >= 0.95
        moved.append(max(apart(a, b) for a, b in zip(spots(scene, number), spots(calm, number), strict=True)))

    assert max(moved) > 1


def apart(one: staging.Spot, other: staging.Spot) -> float:
    """How visibly two poses differ: 1 is a pixel of height, a degree of lean, a tenth of a turn or of sitting down."""
    return max(abs(one.y - other.y), abs(one.lean - other.lean), 10 * abs(one.facing - other.facing), 10 * abs(one.fold - other.fold))


def test_who_is_packed_faces_the_other_and_comes_in_from_outside(cast) -> None:
    scene = troupe("Long and Broad enter", [cast["Long"], cast["Broad"]], size=TALL, seconds=4)
    first, last = (whole(scene, number) for number in (0, 90))

    assert all(not mask[_ROOM:-_ROOM, _ROOM:-_ROOM].any() for mask in first)
    assert min(seen(mask) for mask in last) >= 0.97
    assert spots(scene, 90)[0].facing > 0


def test_the_same_pair_is_packed_the_same_way_each_time(cast, tmp_path: Path) -> None:
    one, other = (studio("Broad and Wide", [cast["Broad"], cast["Wide"]], size=TALL) for _ in range(2))

    assert spots(one, 5) == spots(other, 5)
