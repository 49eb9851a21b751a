"""Characters drawn by other hands are staged and edited like ours: measured on frames and on films."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.media.animatic.filming import SQUARE, TALL, WIDE, masks, member, shot, studio, troupe
from tests.unit.media.animatic.test_animatic import frames, shoot
from tests.unit.media.animatic.test_edit import SIZE, Frames, overlap
from tests.unit.media.animatic.test_staging import shape
from tests.unit.media.art import puppet

from castlist.media.animatic.brief import Member

Picture = NDArray[np.uint8]
NAMES = ("noto-flamingo", "twemoji-man-dancing", "fluent-dodo")


def drawing(name: str, turn: float = 0.0) -> Picture:
    """A picture by another hand on a clear canvas of 200 rows, turned by degrees about its feet."""
    image = cv2.imread(str(puppet.ART / f"{name}.png"), cv2.IMREAD_UNCHANGED)
    assert image is not None
    zoom = 200 / max(image.shape[:2])
    small = cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    canvas = cv2.copyMakeBorder(small, 20, 4, 40, 40, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
    canvas = canvas[: canvas.shape[0] // 2 * 2, : canvas.shape[1] // 2 * 2]
    about = cv2.getRotationMatrix2D((canvas.shape[1] / 2, canvas.shape[0]), turn, 1)
    return np.asarray(cv2.warpAffine(canvas, about, canvas.shape[1::-1], flags=cv2.INTER_LINEAR), np.uint8)


def turns(count: int) -> list[float]:
    return [4 * float(np.sin(2 * np.pi * number / count)) for number in range(count)]


@pytest.fixture(scope="module")
def troop(tmp_path_factory) -> dict[str, Member]:
    folder = tmp_path_factory.mktemp("art")
    return {name: member(name.partition("-")[2].replace("-", " ").title(), cutout(folder / f"{name}.mkv", name)) for name in NAMES}


def cutout(path: Path, name: str, *, tone: int | None = None) -> Path:
    """The drawing as an alpha sequence, in its own colours or in one grey."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=24)
        stream.height, stream.width = drawing(name).shape[:2]
        stream.pix_fmt = "bgra"
        for turn in turns(12):
            picture = drawing(name, turn)
            if tone is not None:
                picture[..., :3] = tone
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgra")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("place", ["forest at noon", "market at night"])
def test_swapping_one_drawing_for_another_changes_nothing_outside_both(troop: dict[str, Member], place: str) -> None:
    one, other = (studio(f"the hero waves in a {place}", [troop[name]], size=(640, 360)) for name in NAMES[:2])
    for number in (0, 20):
        both = masks(one, number)[0] | masks(other, number)[0]
        outside = cv2.dilate(both.astype(np.uint8), np.ones((17, 17), np.uint8)) == 0
        apart = (shot(one, number).astype(float) - shot(other, number)) ** 2

        assert 0.03 < both.mean() < 0.25
        assert 10 * np.log10(255**2 / apart[outside].mean()) >= 38
        assert 10 * np.log10(255**2 / apart[both].mean()) < 20


@pytest.mark.parametrize("size", [WIDE, TALL, SQUARE])
@pytest.mark.parametrize("name", NAMES)
def test_a_drawing_is_never_stretched(troop: dict[str, Member], name: str, size: tuple[int, int]) -> None:
    scene = troupe("the hero in a meadow at noon, static camera", [troop[name]], size=size)
    shown = np.mean([shape(masks(scene, number)[0]) for number in range(12)])
    true = np.mean([shape(drawing(name, turn)[..., 3] > 96) for turn in turns(12)])

    assert shown == pytest.approx(true, rel=0.02)


Films = tuple[Frames, Frames]


def outlines(films: Films) -> list[NDArray[np.bool_]]:
    """Where the light one and the dark one of two films with the same drawing differ by half of what they differ by within it."""
    return [_outline(np.abs(one.astype(np.float32) - other).mean(axis=2)) for one, other in zip(*films, strict=True)]


def _outline(apart: NDArray[np.float32]) -> NDArray[np.bool_]:
    within = cv2.dilate(cv2.GaussianBlur(apart, (0, 0), 1), np.ones((15, 15)))
    return (apart > 0.5 * within) & (within > 0.3 * np.percentile(apart, 99.5))


def edited(folder: Path, name: str, tone: int, prompt: str) -> Films:
    """A take of the drawing in one flat tone, before and after an edit."""
    folder.mkdir()
    cut = str(cutout(folder / "flat.mkv", name, tone=tone))
    cast = [{"name": "Hero", "clip": cut, "cutout": cut, "cutout_facts": {"separable": True}}]
    made, source = shoot(folder, "Hero dances in a meadow at noon, static camera", cast=cast, size=SIZE, seconds=1)
    (folder / "edit").mkdir()
    _, after = shoot(folder / "edit", prompt, task="edit", source=str(source), scene=made["scene"], cast=cast, size=SIZE)
    return frames(source), frames(after)


@pytest.mark.slow
@pytest.mark.parametrize("prompt", ["warm golden hour light", "make it cool and blue", "turn it into night"])
@pytest.mark.parametrize("name", NAMES)
def test_an_edit_keeps_the_outline_of_a_drawing(tmp_path: Path, name: str, prompt: str) -> None:
    (light, light_after), (dark, dark_after) = (edited(tmp_path / str(tone), name, tone, prompt) for tone in (235, 20))
    true = outlines((light, dark))

    assert min(overlap(a, b) for a, b in zip(true, outlines((light_after, dark_after)), strict=True)) >= 0.97
    assert overlap(true[0], np.roll(true[0], 2, axis=1)) < 0.97
