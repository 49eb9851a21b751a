"""Layers move against each other when the camera tracks: measured on the frames by optical flow, plane by plane."""

import itertools

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.media.animatic.filming import luma, studio

from castlist.media.animatic.camera import look
from castlist.media.animatic.compose import Studio, frame_at, window_of
from castlist.media.animatic.encode import FPS
from castlist.media.animatic.layer import Layer, draw
from castlist.media.animatic.planes import blank

SIZE = (640, 360)
FIRST, LAST = 12, 15
Mask = NDArray[np.bool_]


def covered(layer: Layer, built: Studio, number: int) -> Mask:
    """The pixels of a frame that a layer hides what is behind it from."""
    view = look(built.scene.shots, number, seed=built.scene.seed)
    window = window_of(layer, built.geometry, view, number / FPS)
    shown = []
    for grey in (16, 235):
        frame = blank(*SIZE)
        frame.y[:] = grey
        draw(frame, layer, window, below=SIZE[1])
        shown.append(frame.y.astype(int))
    return np.asarray(shown[1] - shown[0] < 20)


def on_top(built: Studio, number: int) -> list[tuple[Layer, Mask]]:
    """Each layer with the pixels on which nothing nearer lies, and no edge of it either."""
    nearer = np.zeros((SIZE[1], SIZE[0]), bool)
    seen = []
    for layer in reversed(built.painted.behind + built.painted.before):
        mine = covered(layer, built, number)
        free = cv2.erode((mine & ~nearer).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
        seen.append((layer, np.asarray(free)))
        nearer |= mine
    return seen


def paces(built: Studio, masks: list[Mask]) -> list[float | None]:
    """How far the corners inside each mask go to the left between two frames; None where there are too few to say."""
    before, after = (frame_at(built, number).y for number in (FIRST, LAST))
    found: list[float | None] = []
    for mask in masks:
        corners = cv2.goodFeaturesToTrack(before, 120, 0.02, 5, mask=mask.astype(np.uint8))
        if corners is None or len(corners) < 12:
            found.append(None)
            continue
        moved, good, _ = cv2.calcOpticalFlowPyrLK(before, after, corners, None, winSize=(15, 15), maxLevel=3)
        found.append(-float(np.median((moved - corners)[good[:, 0] == 1, 0, 0])))
    return found


def speeds(prompt: str) -> dict[float, float]:
    """Depth of each layer that does not drift by itself -> the optical flow of its corners."""
    built = studio(prompt, size=SIZE)
    still = [
        (layer, mask)
        for layer, mask in on_top(built, FIRST)
        if layer.depth > 0.03 and not (layer.ground or layer.sway or layer.drift or layer.bob)
    ]
    flows = paces(built, [mask for _, mask in still])
    return {layer.depth: pace for (layer, _), pace in zip(still, flows, strict=True) if pace is not None}


@pytest.mark.parametrize("place", ["forest", "mountains", "meadow", "cliff", "arctic"])
def test_layers_flow_at_different_speeds_the_nearer_the_faster(place: str) -> None:
    found = speeds(f"{place} at noon, tracking shot")

    depths = sorted(found)
    pace = [found[depth] for depth in depths]
    assert len(depths) >= 3, found
    assert all(b > a for a, b in itertools.pairwise(pace)), found
    assert pace[-1] > 3 * pace[0], found


def test_nothing_flows_while_the_camera_stands() -> None:
    found = speeds("mountains at noon, static camera")

    assert max(abs(value) for value in found.values()) < 0.1, found


def test_the_ground_flows_faster_towards_the_viewer() -> None:
    built = studio("market at noon, tracking shot", size=SIZE)
    ground = next(mask for layer, mask in on_top(built, FIRST) if layer.ground)
    bands = np.array_split(np.flatnonzero(ground.any(axis=1)), 3)

    far, middle, near = paces(built, [ground & np.isin(np.arange(SIZE[1]), band)[:, None] for band in bands])

    assert far is not None
    assert middle is not None
    assert near is not None
    assert far + 0.2 < middle < near - 0.2, (far, middle, near)


@pytest.mark.parametrize("place", ["meadow", "cliff"])
def test_what_stands_on_the_ground_stays_upright_however_far_the_camera_goes(place: str) -> None:
    built = studio(f"{place} at noon, tracking shot", size=SIZE, seconds=7)
    upright = [uprights(frame_at(built, number).y[240:330]) for number in (0, 150)]

    assert upright[1] == pytest.approx(upright[0], rel=0.2)


def uprights(luma: NDArray[np.uint8]) -> float:
    """How strong the edges of upright things are beside those of lying ones."""
    across, down = (float(np.abs(cv2.Sobel(luma, cv2.CV_32F, *order)).mean()) for order in ((1, 0), (0, 1)))
    return across / down


@pytest.mark.parametrize(("first", "later"), [(24, 54), (60, 90)])
def test_craters_keep_their_shape_as_the_camera_travels(first: int, later: int) -> None:
    scene = studio("on the moon in space, tracking shot", size=(480, 270), seconds=9, seed=8)
    one, other = luma(scene, first), luma(scene, later)
    low = int(scene.geometry.horizon + 0.8 * (scene.geometry.feet - scene.geometry.horizon))
    found = []
    for top in range(low, 270 - 24, 8):
        for left in range(0, 480 - 60, 30):
            part = one[top : top + 24, left : left + 60]
            same = cv2.matchTemplate(other[top - 2 : top + 26], part, cv2.TM_CCOEFF_NORMED).max()
            found.append((float(part.std()), float(same)))

    assert np.median([same for _, same in sorted(found, reverse=True)[:6]]) > 0.93
