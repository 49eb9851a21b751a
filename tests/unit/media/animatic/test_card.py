"""What cannot be cut out stands in the scene as a framed print with the clip playing inside."""

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

import clips
from castlist.media.animatic.palette import light_of
from castlist.media.animatic.sprite import Sprite, framed
from castlist.media.animatic.words import Hour, Weather

TALL = 180
CLIP = (320, 180)


def film(path: Path) -> Path:
    """A white square that crosses a black frame."""
    frames = []
    for number in range(12):
        frame = np.zeros((CLIP[1], CLIP[0], 3), np.uint8)
        frame[60:120, 40 + 15 * number : 100 + 15 * number] = 255
        frames.append(frame)
    return clips.write_video(path, frames)


@pytest.fixture
def card(tmp_path: Path) -> Sprite:
    return framed(film(tmp_path / "clip.mp4"), TALL, light_of(Hour.day, Weather.clear))


def square(luma: clips.Pixels) -> tuple[float, float]:
    """Where the bright square inside the dark picture is, across, and its shape (width over height)."""
    dark = np.asarray(luma[20:-20, 20:-20] > 150, np.uint8)
    count, _, stats, centres = cv2.connectedComponentsWithStats(dark)
    inside = [n for n in range(1, count) if 40 < stats[n][2] < 90 and 40 < stats[n][3] < 90]
    assert len(inside) == 1
    return float(centres[inside[0]][0]), float(stats[inside[0]][2]) / float(stats[inside[0]][3])


def test_the_clip_plays_inside_the_card_in_its_own_shape(card: Sprite) -> None:
    at = [square(np.asarray(picture.y, np.uint8)) for picture in card.pictures]

    places = [place for place, _ in at]
    assert len(at) == 12
    assert all(b - a > 5 for a, b in pairwise(places))
    assert all(abs(shape - 1) < 0.06 for _, shape in at)


def test_a_card_is_as_high_as_it_was_asked_for_and_stands_on_its_foot(card: Sprite) -> None:
    keep = card.pictures[0].keep
    assert keep is not None
    rows = np.flatnonzero((keep < 20).any(axis=1))

    assert card.tall == pytest.approx(TALL, abs=3)
    assert abs(rows[-1] - card.anchor[1]) <= 0.03 * card.wide
    assert card.card


def test_a_card_has_round_corners_a_light_border_and_a_soft_shadow(card: Sprite) -> None:
    picture = card.pictures[0]
    assert picture.keep is not None
    cover = 255 - picture.keep
    height, width = cover.shape
    middle = np.flatnonzero(cover[height // 2] > 250)

    assert cover[0].max() < 40
    assert picture.y[height // 2, middle[0] + 3] > 180
    rows, columns = np.flatnonzero((cover > 250).any(axis=1)), np.flatnonzero((cover > 250).any(axis=0))
    assert cover[rows[0] + 1, columns[0] + 1] < 250
    below = cover[rows[-1] + 4 :, width // 2]
    assert below.max() > 12
    assert (np.diff(below.astype(int)) <= 1).all()
