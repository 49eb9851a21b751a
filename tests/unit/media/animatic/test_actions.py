"""How action words move a character: by its outline on the frame, and by the smoothness of its way."""

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.media.animatic import fox, mascot
from tests.unit.media.animatic.filming import TALL, WIDE, extent, masks, member, spots, troupe

from castlist.media.animatic.action import Stand, stand
from castlist.media.animatic.brief import Member
from castlist.media.animatic.compose import Studio
from castlist.media.animatic.parts import Part
from castlist.media.animatic.scene import Shot
from castlist.media.animatic.staging import enlist
from castlist.media.animatic.words import Action, Heading, Move, read


@pytest.fixture(scope="module")
def puff(tmp_path_factory) -> Member:
    return member("Puff", mascot.cutout(tmp_path_factory.mktemp("puff") / "cut.mkv", frames=12))


@pytest.fixture(scope="module")
def mossy(tmp_path_factory) -> Member:
    return member("Mossy", fox.cutout(tmp_path_factory.mktemp("mossy") / "cut.mkv", frames=12))


def boxes(scene: Studio, of: int = 0) -> np.ndarray:
    """Left, top, right and bottom of a character on every second frame."""
    return np.array([extent(masks(scene, number)[of]) for number in range(0, scene.scene.frames, 2)], float)


def feet(scene: Studio) -> np.ndarray:
    """How high the feet are above the ground on every frame, in heights of the character."""
    placed = [spots(scene, number)[0] for number in range(scene.scene.frames)]
    return np.array([(spot.ground - spot.y) / (spot.scale * scene.actors[0].sprite.tall) for spot in placed])


@pytest.mark.parametrize("size", [WIDE, TALL])
def test_who_walks_crosses_the_frame_in_steps(puff: Member, size: tuple[int, int]) -> None:
    scene = troupe("Puff walks to the right, static camera", [puff], size=size, seconds=4)
    x = boxes(scene)[:, [0, 2]].mean(axis=1)
    up = feet(scene)

    assert x[-1] - x[0] > 0.2 * size[0] * (1 if size is WIDE else 0.3)
    assert np.diff(x[2:-2]).min() > -2.5
    assert 0.01 < up.max() < 0.08
    assert 3 <= np.sum((up[1:-1] > up[:-2]) & (up[1:-1] >= up[2:]) & (up[1:-1] > 0.01)) <= 12


def test_who_walks_left_goes_left_and_looks_there(mossy: Member) -> None:
    scene = troupe("Mossy walks to the left, static camera", [mossy], seconds=4)
    placed = [spots(scene, number)[0] for number in (10, 80)]

    assert placed[1].x < placed[0].x - 50
    assert placed[0].facing == placed[1].facing == -1


def test_who_runs_is_quicker_than_who_walks(puff: Member) -> None:
    walk, run = (boxes(troupe(f"Puff {does} to the right, static camera", [puff], seconds=4)) for does in ("walks", "runs"))
    half = [np.argmax(one[:, 0] > one[:, 0].min() + 0.9 * np.ptp(one[:, 0])) for one in (walk, run)]

    assert half[1] < 0.75 * half[0]


def test_who_jumps_crouches_first_and_comes_down_again(puff: Member) -> None:
    scene = troupe("Puff jumps, static camera", [puff])
    up, box = feet(scene), boxes(scene)
    tall = box[:, 3] - box[:, 1]
    leap = int(np.argmax(up > 0.02))

    assert up.max() > 0.25
    assert tall[: leap // 2 + 1].min() < 0.96 * tall[0]
    assert up[32] == 0
    assert box[0, 3] - box[:, 3].min() > 0.25 * tall[0] - 2


def test_who_dances_swings_from_side_to_side_on_the_beat(puff: Member) -> None:
    scene = troupe("Puff dances, static camera", [puff], seconds=3)
    lean = np.array([spots(scene, number)[0].lean for number in range(72)])

    assert lean.max() > 4
    assert lean.min() < -4
    assert 3 <= (np.diff(np.sign(lean[10:])) != 0).sum() <= 12


def test_who_turns_is_seen_narrow_and_then_from_the_other_side(puff: Member) -> None:
    scene = troupe("Puff turns around, static camera", [puff], seconds=2)
    wide = boxes(scene)[:, [0, 2]] @ [-1, 1]

    assert 0.25 * wide[0] < wide.min() < 0.4 * wide[0]
    assert spots(scene, 40)[0].facing == pytest.approx(-1, abs=0.01)


def test_who_sits_is_lower_and_stays_so(puff: Member) -> None:
    box = boxes(troupe("Puff walks, then sits down, static camera", [puff], seconds=4))
    tall = box[:, 3] - box[:, 1]

    assert 0.75 < tall[-10:].max() / np.median(tall[:20]) < 0.90
    assert np.abs(np.diff(tall)).max() < 0.05 * tall[0]
    assert box[-1, 3] == pytest.approx(box[0, 3], abs=2)


def test_who_sits_folds_below_and_keeps_its_shape_above(mossy: Member) -> None:
    size = (640, 360)
    stands, sits = (troupe(f"Mossy{does}, static camera", [mossy], size=size) for does in ("", " sits"))
    for number in (0, 20):
        one, other = (masks(scene, number)[0] for scene in (stands, sits))
        (_, top, _, bottom), (_, lowered, _, foot) = extent(one), extent(other)
        head, seat = round(0.40 * (bottom - top)), round(0.30 * (bottom - top))
        upper, moved = one[top : top + head], other[lowered : lowered + head]

        assert foot == pytest.approx(bottom, abs=2)
        assert 0.12 < (lowered - top) / (bottom - top) < 0.22
        assert np.count_nonzero(moved) == pytest.approx(np.count_nonzero(upper), rel=0.03)
        assert np.count_nonzero(other[foot - seat :]) > 1.1 * np.count_nonzero(one[bottom - seat :])


def test_who_flies_is_off_the_ground_and_lands_for_what_comes_next(puff: Member) -> None:
    up = feet(troupe("Puff flies", [puff], seconds=3))
    down = feet(troupe("Puff flies, then waves", [puff], seconds=4))

    assert up.min() > 0.2
    assert down[:40].min() > 0.2
    assert down[-20:].max() < 0.06


@pytest.mark.parametrize("size", [WIDE, TALL])
def test_towards_and_away_change_the_size(puff: Member, size: tuple[int, int]) -> None:
    for way, grows in (("towards", 1), ("away from", -1)):
        box = boxes(troupe(f"Puff walks {way} the camera, static camera", [puff], size=size, seconds=4))
        tall = box[:, 3] - box[:, 1]

        assert np.log(tall[-1] / tall[0]) * grows > np.log(1.25)
        assert (box[-1, 3] - box[0, 3]) * grows > 0.05 * size[1]
        assert 0.28 * size[1] < tall.min() <= tall.max() < 0.62 * size[1]


def test_with_two_each_does_its_own(puff: Member, mossy: Member) -> None:
    scene = troupe("Puff jumps while Mossy sits, static camera", [puff, mossy])
    one, other = boxes(scene, 0), boxes(scene, 1)

    assert np.ptp(one[:, 3]) > 15
    assert np.ptp(other[:, 3]) <= 2


def test_its_own_motion_plays_underneath(puff: Member) -> None:
    scene = troupe("Puff, static camera", [puff])
    one, other = (masks(scene, number)[0] for number in (3, 9))

    assert (one ^ other).sum() > 0.03 * one.sum()


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("heading", [Heading.free, Heading.left])
@pytest.mark.parametrize("following", [Action.wave, Action.run])
def test_every_way_is_smooth_through_all_its_shots(action: Action, heading: Heading, following: Action) -> None:
    part = Part((action, Action.jump), heading)
    shots = (
        Shot(0, 96, Move.static, (part,)),
        Shot(96, 72, Move.track, (Part((following,), heading),)),
        Shot(168, 48, Move.drift, (part,)),
    )
    path = [stand(shots, number, 0, at=Stand()) for number in range(230)]
    way = np.array([(p.x, p.depth, p.lift, p.lean / 20, p.squash) for p in path])

    assert np.abs(np.diff(way, axis=0)).max(axis=0) == pytest.approx([0.0] * 5, abs=0.17)
    assert np.abs(np.diff(way[:, :2], axis=0)).max() < 0.04


@pytest.mark.parametrize("more", ["Puff walks towards the camera", "push in, Puff jumps", "Puff flies to the left"])
def test_an_extension_leaves_the_cast_as_it_was(puff: Member, more: str) -> None:
    before = troupe("Puff walks", [puff], seconds=2)
    longer = troupe("Puff walks", [puff], seconds=2).scene.then(read(more), 48)
    actors = enlist([puff], before.geometry, before.light, longer)
    after = replace(before, scene=longer, actors=actors)

    for number in (0, 24, 47):
        assert spots(before, number) == spots(after, number)
    last, first = spots(after, 47)[0], spots(after, 48)[0]
    assert (first.x, first.y) == pytest.approx((last.x, last.y), abs=4)
