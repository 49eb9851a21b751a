"""What each camera word does to the picture: which way it flows, how far, and how much less the distance than the ground."""

from functools import cache

import cv2
import numpy as np
import pytest
from tests.unit.media.animatic.filming import luma, studio

from castlist.media.animatic.camera import look
from castlist.media.animatic.compose import Studio
from castlist.media.animatic.scene import Shot
from castlist.media.animatic.words import Move, read

FAR, NEAR = (0.36, 0.60), (0.72, 1.0)
PLACE = "mountains at noon"


@cache
def filmed(words: str) -> Studio:
    return studio(f"{PLACE}, {words}", size=(320, 180), seconds=3)


def drift(words: str, first: int, last: int, band: tuple[float, float]) -> tuple[float, float]:
    """How far what is in a band of rows moves from one frame to another, to the right and down, in pixels."""
    rows = slice(*(int(180 * share) for share in band))
    one, other = (luma(filmed(words), number)[rows] for number in (first, last))
    window = cv2.createHanningWindow(one.shape[::-1], cv2.CV_32F)
    (x, y), _ = cv2.phaseCorrelate(one, other, window)
    return x, y


def spread(words: str, first: int, last: int) -> float:
    """How much the picture grows from one frame to another, by a fit of its flow: 0.1 is a tenth."""
    one, other = (luma(filmed(words), number).astype(np.uint8) for number in (first, last))
    flow = cv2.calcOpticalFlowFarneback(one, other, None, 0.5, 4, 21, 3, 7, 1.5, 0)
    y, x = np.mgrid[0:180, 0:320].astype(np.float32)
    detail = cv2.GaussianBlur(np.abs(cv2.Laplacian(one, cv2.CV_32F)), (0, 0), 5) > 2
    dx, dy = x[detail] - x[detail].mean(), y[detail] - y[detail].mean()
    return float((flow[..., 0][detail] * dx + flow[..., 1][detail] * dy).sum() / (dx**2 + dy**2).sum())


def test_a_static_camera_stands_still() -> None:
    one, other = (luma(filmed("static camera"), number) for number in (4, 60))

    assert np.median(np.abs(one - other)) == 0


@pytest.mark.parametrize(("words", "way"), [("pan right", -1), ("pan left", 1)])
def test_a_pan_moves_far_and_near_alike(words: str, way: int) -> None:
    far, near = (drift(words, 16, 22, band)[0] * way for band in (FAR, NEAR))

    assert 2 < far < 20
    assert near == pytest.approx(far, rel=0.25, abs=0.5)


@pytest.mark.parametrize(("words", "way"), [("tilt up", 1), ("tilt down", -1)])
def test_a_tilt_moves_the_picture_up_or_down(words: str, way: int) -> None:
    x, y = drift(words, 16, 22, FAR)

    assert 0.8 < y * way < 10
    assert abs(x) < 0.3


@pytest.mark.parametrize(("words", "way"), [("push in", 1), ("pull out", -1)])
def test_a_push_makes_the_picture_grow_and_a_pull_shrink(words: str, way: int) -> None:
    assert 0.02 < spread(words, 12, 24) * way < 0.2


@pytest.mark.parametrize(("words", "way"), [("tracking shot", -1), ("tracking left", 1)])
def test_a_tracking_camera_passes_the_ground_quicker_than_the_distance(words: str, way: int) -> None:
    far, near = (drift(words, 40, 43, band)[0] * way for band in (FAR, NEAR))

    assert near > 2
    assert 0 <= far < 0.6 * near


def test_an_orbit_moves_the_distance_against_the_foreground() -> None:
    view = look((Shot(0, 72, Move.orbit),), 36, seed=7)
    far = drift("orbit shot", 16, 20, FAR)[0]

    assert abs(far) > 1.5
    assert view.track == pytest.approx(-view.pan)
    assert np.sign(far) == np.sign(view.track)


def test_a_handheld_camera_trembles_about_one_place() -> None:
    steps = np.array([drift("handheld", 4, n, FAR) for n in range(6, 72, 4)])

    assert np.ptp(steps, axis=0).min() > 0.8
    assert np.abs(steps).max() < 8
    assert (np.diff(np.sign(np.diff(steps[:, 0]))) != 0).sum() >= 4
    assert np.abs(steps.mean(axis=0)).max() < 3


@pytest.mark.parametrize("move", list(Move))
def test_every_move_is_smooth_and_goes_on_smoothly_in_the_next_shot(move: Move) -> None:
    shots = (Shot(0, 48, move), Shot(48, 48, Move.push), Shot(96, 48, move))
    views = [look(shots, n, seed=11) for n in range(170)]
    path = np.array([(v.track, v.pan, v.tilt, v.push) for v in views])
    steps = np.abs(np.diff(path, axis=0))

    assert steps.max() < 0.012
    assert np.abs(np.diff(path, n=2, axis=0)).max() < 0.004


def test_two_moves_are_made_at_once() -> None:
    both = look(filmed("pan right while pushing in").scene.shots, 60, seed=7)

    assert both == look((Shot(0, 72, Move.pan_right, also=Move.push),), 60, seed=7)
    assert both.push == look((Shot(0, 72, Move.push),), 60, seed=7).push > 0.1
    assert both.pan == look((Shot(0, 72, Move.pan_right),), 60, seed=7).pan > 0.05


def test_no_sequence_of_moves_leaves_what_is_painted() -> None:
    for move in (Move.pan_right, Move.tilt_up, Move.tilt_down, Move.push, Move.pull):
        shots = tuple(Shot(48 * n, 48, move) for n in range(20))
        view = look(shots, 960, seed=3)

        assert abs(view.pan) <= 0.26
        assert abs(view.tilt) <= 0.13
        assert -0.15 <= view.push <= 0.4


@pytest.mark.parametrize(
    ("prompt", "moves"),
    [
        ("slow push-in on Luna", ["push"]),
        ("the camera pans slowly to the left", ["pan_left"]),
        ("pan across the market", ["pan_right"]),
        ("tilting down from the sky", ["tilt_down"]),
        ("the camera zooms out", ["pull"]),
        ("dolly in", ["push"]),
        ("dolly left past the stalls", ["track_left"]),
        ("hand-held documentary", ["handheld"]),
        ("a locked-off shot", ["static"]),
        ("orbit around Luna", ["orbit"]),
        ("a station in orbit", []),
        ("Luna picks up a frying pan", []),
        ("Luna pushes a cart", []),
        ("the camera follows Luna from left to right", ["track"]),
        ("the camera follows Luna from right to left", ["track_left", "track"]),
        ("the camera arcs around Luna", ["orbit"]),
    ],
)
def test_camera_words_are_understood(prompt: str, moves: list[str]) -> None:
    assert [move.value for move in read(prompt).moves] == moves
