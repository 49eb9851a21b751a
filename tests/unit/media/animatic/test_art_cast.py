"""Characters drawn by other hands are staged and edited like ours: measured on frames and on films."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.media.animatic import mascot
from tests.unit.media.animatic.filming import SQUARE, TALL, WIDE, masks, member, shot, studio, troupe
from tests.unit.media.animatic.test_animatic import frames, shoot
from tests.unit.media.animatic.test_edit import ankles, overlap, silhouettes
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


def cutout(path: Path, name: str, *, flat: bool = False) -> Path:
    """The drawing as an alpha sequence; flat in one colour, which any light leaves to be told from the place."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=24)
        stream.height, stream.width = drawing(name).shape[:2]
        stream.pix_fmt = "bgra"
        for turn in turns(12):
            picture = drawing(name, turn)
            if flat:
                picture[..., :3] = mascot.BODY
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


@pytest.mark.slow
@pytest.mark.parametrize("prompt", ["warm golden hour light", "turn it into night"])
def test_an_edit_keeps_the_outline_of_a_drawing(tmp_path: Path, prompt: str) -> None:
    """Of the stout one: limbs a few pixels wide are too thin for outlines to be found again on a film."""
    cut = str(cutout(tmp_path / "flat.mkv", "fluent-dodo", flat=True))
    cast = [{"name": "Hero", "clip": cut, "cutout": cut, "cutout_facts": {"separable": True}}]
    films = []
    for who, folder in ((cast, tmp_path / "with"), ([], tmp_path / "empty")):
        folder.mkdir()
        made, source = shoot(folder, "Hero dances in a meadow at noon, static camera", cast=who, size=[640, 360], seconds=1)
        (folder / "edit").mkdir()
        _, after = shoot(folder / "edit", prompt, task="edit", source=str(source), scene=made["scene"], cast=who, size=[640, 360])
        films.append((frames(source), frames(after)))
    (before, after), (still, bare) = films
    true = silhouettes(before, still)
    legs = ankles(true[0])

    assert min(overlap(a[:legs], b[:legs]) for a, b in zip(true, silhouettes(after, bare), strict=True)) >= 0.97
