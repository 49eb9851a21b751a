"""The cutout against the alpha that a clip was drawn with."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

import clips
from castlist.media.cutout import Background, model_background, segment, shrink
from castlist.media.frames import read_clip
from castlist.media.matte import Matte
from castlist.media.measure import Subject, locate

SIZE = (960, 540)
FRAMES = 6


@dataclass(frozen=True)
class Taken:
    """Cutout frames (BGRA), where they lie, and the true alpha and colour of each at full size."""

    cutouts: list[clips.Pixels]
    subject: Subject
    truth: list[tuple[clips.Pixels, clips.Reals]]

    def true_alpha(self, frame: int) -> clips.Reals:
        x, y, w, h = self.subject.box
        return self.truth[frame][1][y : y + h, x : x + w]


def take(path: Path, *, background: clips.Pixels | tuple[int, int, int] = clips.BLUE, mascot: clips.Mascot, crf: int) -> Taken:
    options = (("crf", str(crf)), ("preset", "veryfast"))
    clips.mascot_clip(path, FRAMES / 24, size=SIZE, background=background, mascots=(mascot,), encoding=clips.Encoding(options=options))
    frames = list(read_clip(path))
    small = [shrink(frame) for frame in frames]
    found = segment(small)
    assert found.fault is None
    subject = locate(found.masks, SIZE)
    assert isinstance(found.background, Background)
    matte = Matte(found.background, SIZE, box=subject.box, scale=SIZE[0] / small[0].shape[1])
    cutouts = [matte.refine(np.ascontiguousarray(frame), mask) for frame, mask in zip(frames, found.masks, strict=True)]
    return Taken(cutouts, subject, [clips.draw_mascot(SIZE, frame / 48, mascot) for frame in range(FRAMES)])


def boundary_errors(taken: Taken) -> clips.Reals:
    """For each pixel on the found outline, how far the true outline is."""
    errors = []
    for number, cutout in enumerate(taken.cutouts):
        true, found = taken.true_alpha(number) > 0.5, cutout[:, :, 3] > 127
        far = cv2.distanceTransform(np.asarray(~outline(true), np.uint8), cv2.DIST_L2, 5)
        errors.append(far[outline(found)])
    return np.asarray(np.concatenate(errors), np.float32)


def outline(shape: np.typing.NDArray[np.bool_]) -> np.typing.NDArray[np.bool_]:
    mask = np.asarray(shape, np.uint8)
    return np.asarray((mask - cv2.erode(mask, np.ones((3, 3), np.uint8))) > 0)


@pytest.mark.parametrize("height", [0.25, 0.5, 0.7])
@pytest.mark.parametrize("outlined", [True, False])
def test_the_outline_is_where_it_was_drawn(tmp_path: Path, height: float, outlined: bool) -> None:
    taken = take(tmp_path / "clip.mp4", mascot=clips.Mascot(height=height, outlined=outlined), crf=20)

    errors = boundary_errors(taken)

    assert np.median(errors) <= 1.0
    assert np.percentile(errors, 95) <= 2.0


def test_strong_compression_moves_the_outline_little(tmp_path: Path) -> None:
    errors = boundary_errors(take(tmp_path / "clip.mp4", mascot=clips.Mascot(), crf=28))

    assert np.median(errors) <= 1.0
    assert np.percentile(errors, 95) <= 3.0


def test_a_background_that_shades_from_side_to_side_is_still_background(tmp_path: Path) -> None:
    shade = np.linspace(0.75, 1.15, SIZE[0])[None, :, None] * np.linspace(1.1, 0.85, SIZE[1])[:, None, None]
    background = np.asarray((np.array(clips.BLUE) * shade).clip(0, 255).round(), np.uint8)

    errors = boundary_errors(take(tmp_path / "clip.mp4", background=background, mascot=clips.Mascot(), crf=20))

    assert np.percentile(errors, 95) <= 2.0


def test_alpha_is_soft_and_close_to_the_truth(tmp_path: Path) -> None:
    taken = take(tmp_path / "clip.mp4", mascot=clips.Mascot(), crf=18)

    gaps = [np.abs(cutout[:, :, 3] / 255 - taken.true_alpha(number)).mean() for number, cutout in enumerate(taken.cutouts)]
    between = [np.count_nonzero((cutout[:, :, 3] > 20) & (cutout[:, :, 3] < 235)) for cutout in taken.cutouts]

    assert max(gaps) < 0.01
    assert min(between) > 100


def test_no_colour_of_the_background_is_left_on_the_edge(tmp_path: Path) -> None:
    taken = take(tmp_path / "clip.mp4", background=(60, 200, 40), mascot=clips.Mascot(outlined=False), crf=18)
    cutout = taken.cutouts[5]

    alpha = cutout[:, :, 3]
    visible = cutout[(alpha > 30) & (alpha < 250)][:, :3].astype(int)
    greener = visible[:, 1] - visible[:, 2]

    assert len(visible) > 100
    assert np.mean(greener > 20) < 0.05


def test_the_edge_of_a_figure_at_rest_does_not_flicker(tmp_path: Path) -> None:
    taken = take(tmp_path / "clip.mp4", mascot=clips.Mascot(moves=False), crf=26)

    changes = [np.abs(b[:, :, 3].astype(int) - a[:, :, 3]).mean() / 255 for a, b in zip(taken.cutouts, taken.cutouts[1:], strict=False)]

    assert max(changes) < 0.002


def test_the_gap_under_an_arm_stays_open() -> None:
    jug = np.full((270, 480, 3), clips.BLUE, np.uint8)
    cv2.ellipse(jug, (240, 135), (50, 80), 0, 0, 360, (60, 130, 240), -1)
    cv2.ellipse(jug, (295, 135), (40, 50), 0, 0, 360, (60, 130, 240), 9)

    mask = segment([jug, jug]).masks[0]

    assert mask[135, 312] == 0
    assert mask[135, 335] == 255


def test_a_belly_in_the_backgrounds_colour_is_part_of_the_figure() -> None:
    figure = np.full((270, 480, 3), clips.BLUE, np.uint8)
    cv2.ellipse(figure, (240, 135), (60, 90), 0, 0, 360, (60, 130, 240), -1)
    cv2.ellipse(figure, (240, 150), (25, 35), 0, 0, 360, clips.BLUE, -1)

    assert segment([figure, figure]).masks[0][150, 240] == 255


def test_a_speck_of_the_background_colour_inside_the_figure_is_filled() -> None:
    face = np.full((270, 480, 3), clips.BLUE, np.uint8)
    cv2.circle(face, (240, 135), 70, (60, 130, 240), -1)
    cv2.circle(face, (240, 135), 1, clips.BLUE, -1)

    assert segment([face, face]).masks[0][135, 240] == 255


def test_the_background_model_says_how_much_of_the_border_it_explains() -> None:
    plain = np.full((270, 480, 3), clips.BLUE, np.uint8)
    half = plain.copy()
    half[:, :200] = (20, 20, 230)

    assert model_background([plain]).coverage == 1.0
    assert 0.4 < model_background([half]).coverage < 0.75
    assert not model_background([clips.texture((480, 270))]).plain


def test_the_wall_shows_through_the_handle_of_a_pot_and_not_through_a_patch_on_its_belly() -> None:
    frames = []
    for step in range(6):
        frame = np.full((360, 480, 3), (216, 150, 178), np.uint8)
        cv2.ellipse(frame, (160 + step, 210), (50, 60), 0, 0, 360, (60, 90, 150), 20)
        cv2.ellipse(frame, (260 + step, 200), (90, 105), 0, 0, 360, (60, 90, 150), -1)
        cv2.circle(frame, (265 + step, 200), 14, (216, 150, 178), -1)
        frames.append(frame)
    found = segment(frames)

    assert found.fault is None
    assert [int(mask[210, 138 + step]) for step, mask in enumerate(found.masks)] == [0] * 6
    assert [int(mask[200, 265 + step]) for step, mask in enumerate(found.masks)] == [255] * 6
