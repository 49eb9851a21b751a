"""What the cutout knows of a busy clip: the camera's path, the colours of both sides, and what other frames say."""

import cv2
import numpy as np
import pytest

from castlist.media.align import follow
from castlist.media.evidence import SURE, Seen, bins_of, hear, learn
from castlist.media.lab import Mask, Pixels, to_lab
from castlist.media.shape import undecided

SIZE = (320, 180)
ORANGE, GREY = (40, 120, 240), (110, 112, 108)


def wall(shift: tuple[float, float]) -> Pixels:
    """A quiet texture with soft detail all over, seen by a camera that moved by so many pixels."""
    noise = np.random.default_rng(3).normal(0, 1, (SIZE[1] + 40, SIZE[0] + 40)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 3) * 90 + 120
    move = np.array([[1, 0, shift[0] - 20], [0, 1, shift[1] - 20]], np.float32)
    seen = cv2.warpAffine(soft, move, SIZE, flags=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)
    return np.asarray(np.dstack([seen] * 3), np.uint8)


def with_figure(frame: Pixels, x: int) -> Pixels:
    """A checkered figure, far livelier than the wall, where it has walked to."""
    shown = frame.copy()
    rows, columns = np.mgrid[40:140, x : x + 70]
    shown[40:140, x : x + 70] = np.where(((rows // 6 + (columns - x) // 6) % 2 == 0)[..., None], 250, 5)
    return shown


def test_the_camera_is_followed_by_the_quiet_wall_and_not_by_the_lively_figure() -> None:
    shifts = [(0.0, 0.0), (1.3, -0.6), (2.1, 0.8), (0.4, 1.7), (-1.6, 0.9)]

    path = follow([with_figure(wall(shift), 60 + 5 * number) for number, shift in enumerate(shifts)])

    middle = np.array(shifts[2])
    for shift, move in zip(shifts, path.moves, strict=True):
        assert np.abs(move[:, :2] @ (160, 90) + move[:, 2] - (160, 90) - (np.array(shift) - middle)).max() < 0.15


def test_a_camera_before_a_wall_too_quiet_to_follow_finely_is_followed_roughly() -> None:
    faint = [
        np.asarray((wall((shift, 0.0)).astype(np.float32) - 120) * 0.4 + 120, np.float32).round().astype(np.uint8)
        for shift in (0.0, 6.0, 12.0)
    ]

    path = follow([np.asarray(frame, np.uint8) for frame in faint])

    assert path.moves
    assert path.moves[0][0, 2] == pytest.approx(-6, abs=1)


def seen(picture: Pixels, under: Pixels, *, known: bool = True) -> Seen:
    shape = picture.shape[:2]
    return Seen(bins_of(picture), to_lab(picture), to_lab(under), np.full(shape, 6.0, np.float32), np.full(shape, known))


def halves() -> tuple[Pixels, Mask]:
    """Orange on the left, grey on the right, and 1 where it is orange."""
    picture, mask = np.full((80, 120, 3), GREY, np.uint8), np.zeros((80, 120), np.uint8)
    picture[:, :60], mask[:, :60] = ORANGE, 1
    return picture, mask


@pytest.mark.parametrize("known", [True, False])
def test_colours_tell_subject_from_background_even_where_the_background_was_never_seen(known: bool) -> None:
    picture, mask = halves()
    palette = learn([(bins_of(picture), mask)])

    weight = palette.weigh(seen(picture, np.full_like(picture, GREY), known=known))

    assert weight[:, :55].min() > 0.5 * SURE
    assert weight[:, 65:].max() < -0.5


def test_a_pixel_that_differs_from_the_plate_is_the_subject_even_in_a_colour_of_the_background() -> None:
    picture, mask = halves()
    palette = learn([(bins_of(picture), mask)])
    under = np.full_like(picture, 200)

    assert palette.weigh(seen(picture, under))[:, 80:].min() > 1


def test_where_a_look_is_undecided_the_frames_beside_it_decide() -> None:
    picture = with_figure(wall((0, 0)), 100)
    sure = np.full(picture.shape[:2], 3.0, np.float32)

    told = hear([picture] * 3, [sure, np.zeros_like(sure), sure])

    assert told[1].min() > 1


def test_a_look_that_is_sure_is_not_talked_over() -> None:
    picture = with_figure(wall((0, 0)), 100)
    sure = np.full(picture.shape[:2], SURE, np.float32)

    told = hear([picture] * 3, [sure, -sure, sure])

    assert told[1].max() < -0.5 * SURE


def test_a_subject_like_its_background_is_known_to_be_undecided() -> None:
    mask = np.zeros((80, 120), np.uint8)
    cv2.circle(mask, (60, 40), 25, 1, -1)
    clear = np.where(mask > 0, 4.0, -4.0).astype(np.float32)
    alike = clear.copy()
    alike[30:50, 45:60] = -2.0

    assert undecided(mask, clear) == 0
    assert undecided(mask, alike) > 0.1
