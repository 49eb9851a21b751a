"""The cutout against the exact alpha of art by other hands, moved before plain, textured and photographic backgrounds."""

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest
from tests.unit.media.art import puppet
from tests.unit.media.art.puppet import Stage

import clips
from castlist.media.character import derive

SIZE = (960, 540)
PLAIN = {
    "a plain wall": (Stage(), 20),
    "a quarter of the frame": (Stage(clips.Mascot(), clips.BLUE, height=0.25), 20),
    "most of the frame": (Stage("twemoji-person-standing", puppet.WHITE, height=0.7), 20),
    "strong compression": (Stage("fluent-dodo", clips.BLUE), 28),
    "thin legs, strong compression": (Stage("noto-flamingo", (120, 190, 120), height=0.45), 28),
    "colours near the wall": (Stage(clips.Mascot(outlined=False), (95, 150, 215)), 20),
    "pink near its own pink": (Stage("noto-flamingo", (150, 130, 205)), 20),
    "a white belly before white": (Stage("noto-penguin", puppet.WHITE), 20),
    "a patch of the wall's own colour": (Stage("fluent-woman-dancing", puppet.TEAL, patch=True), 20),
    "a shadow on the floor": (Stage(clips.Mascot(), clips.BLUE, shadow=True), 20),
    "a grey bird's grey shadow": (Stage("fluent-dodo", (222, 220, 218), shadow=True), 20),
}
BUSY = {
    "bricks": (Stage("fluent-woman-dancing", "texture-brick"), 20),
    "bricks from a shaking hand": (Stage("twemoji-person-standing", "texture-brick", shake=0.008), 20),
    "gravel as grey as a beak": (Stage("noto-flamingo", "texture-gravel"), 20),
    "gravel from a shaking hand": (Stage(clips.Mascot(), "texture-gravel", shake=0.006, height=0.6), 20),
    "a photograph": (Stage("noto-penguin", "photo-coffee", height=0.6), 20),
    "a photograph of many colours": (Stage("twemoji-man-dancing", "photo-temple", height=0.6), 20),
    "a photograph from a shaking hand": (Stage("fluent-woman-dancing", "photo-temple", shake=0.008), 20),
    "a photograph, strong compression": (Stage("noto-flamingo", "photo-temple", height=0.65), 28),
}
CARDS = {
    "stands still before a photograph": (Stage("fluent-dodo", "photo-coffee", stride=0.0), 20),
    "is as dark as the bricks": (Stage("noto-penguin", "texture-brick", height=0.55, shake=0.006), 28),
}


@dataclass(frozen=True)
class Taken:
    """The derived alpha and the true one, frame by frame, at full size."""

    found: list[puppet.Reals]
    true: list[puppet.Reals]


def take(folder: Path, stage: Stage, *, count: int, crf: int) -> Taken:
    path, true = puppet.film(folder / "clip.mp4", stage, SIZE, count=count, crf=crf)
    result = derive({"sources": [str(path)], "kind": "video", "out": str(folder)}, lambda done: None)
    facts = result["cutout"]
    assert isinstance(facts, dict)
    assert facts["separable"], facts
    x, y, w, h = facts["box"]
    found = []
    with av.open(str(folder / "cutout.avi")) as container:
        for frame in container.decode(video=0):
            whole = np.zeros((SIZE[1], SIZE[0]), np.float32)
            whole[y : y + h, x : x + w] = frame.to_ndarray(format="bgra")[..., 3].astype(np.float32) / 255
            found.append(whole)
    return Taken(found, true)


def assert_close(taken: Taken) -> None:
    errors = puppet.boundary_errors(taken.found, taken.true)
    assert np.median(errors) <= 1.0
    assert np.percentile(errors, 95) <= 3.0
    assert puppet.flicker(taken.found, taken.true) < 0.01


@pytest.mark.parametrize("case", PLAIN)
def test_the_outline_is_within_pixels_of_the_truth_before_a_plain_wall(tmp_path: Path, case: str) -> None:
    stage, crf = PLAIN[case]

    assert_close(take(tmp_path, stage, count=12, crf=crf))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("case", BUSY)
def test_the_outline_is_within_pixels_of_the_truth_before_a_busy_background(tmp_path: Path, case: str) -> None:
    stage, crf = BUSY[case]

    assert_close(take(tmp_path, stage, count=72, crf=crf))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("case", CARDS)
def test_a_figure_that_cannot_be_told_from_its_background_is_not_torn_but_shown_whole(tmp_path: Path, case: str) -> None:
    stage, crf = CARDS[case]
    path, _ = puppet.film(tmp_path / "clip.mp4", stage, SIZE, count=72, crf=crf)

    result = derive({"sources": [str(path)], "kind": "video", "out": str(tmp_path)}, lambda done: None)

    assert isinstance(result["cutout"], dict)
    assert result["cutout"]["separable"] is False
    assert isinstance(result["advice"], list)
    assert "background_not_separable" in {row["code"] for row in result["advice"]}


def test_the_measures_notice_a_mask_that_is_moved_and_one_that_flickers() -> None:
    true = [np.zeros((90, 160), np.float32) for _ in range(6)]
    for alpha in true:
        alpha[20:70, 40:80] = 1
    moved = [np.roll(alpha, 4, axis=1) for alpha in true]
    flickering = [np.roll(alpha, number % 2, axis=1) for number, alpha in enumerate(true)]

    assert puppet.flicker(true, true) == 0
    assert np.percentile(puppet.boundary_errors(moved, true), 95) > 3
    assert puppet.flicker(flickering, true) > 0.01
