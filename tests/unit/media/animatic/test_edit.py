"""An edit changes light, colour and weather and keeps composition and timing, measured on encoded films."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.media.animatic import mascot
from tests.unit.media.animatic.filming import extent, masks, member, troupe
from tests.unit.media.animatic.test_animatic import edges, frames, lab, shoot

Frames = list[NDArray[np.uint8]]
SIZE = [640, 360]
PROMPT = "Puff dances in a meadow at noon, static camera"


@pytest.fixture(scope="module")
def puff(tmp_path_factory) -> dict:
    folder = tmp_path_factory.mktemp("puff")
    clip, cutout = mascot.clip(folder / "clip.mp4"), mascot.cutout(folder / "cut.mkv")
    return {"name": "Puff", "clip": str(clip), "cutout": str(cutout), "cutout_facts": {"separable": True}}


@pytest.fixture(scope="module")
def takes(puff, tmp_path_factory) -> dict[str, tuple[dict, Path]]:
    """The same take with its character and without."""
    with_puff, empty = tmp_path_factory.mktemp("with"), tmp_path_factory.mktemp("empty")
    return {"with": shoot(with_puff, PROMPT, cast=[puff], size=SIZE), "empty": shoot(empty, PROMPT, size=SIZE)}


def edit(takes, out: Path, prompt: str, *, take: str = "with", cast: list[dict] | None = None) -> tuple[dict, Frames]:
    out.mkdir(exist_ok=True)
    result, source = takes[take]
    edited, path = shoot(out, prompt, task="edit", source=str(source), scene=result["scene"], cast=cast or [], size=SIZE)
    return edited, frames(path)


def silhouettes(film: Frames, empty: Frames) -> list[NDArray[np.bool_]]:
    """The character on each frame, whatever the light: where a pixel is nearer to the character's colour than to the empty frame's."""
    return [_silhouette(*(cv2.GaussianBlur(p.astype(np.float32), (0, 0), 0.6) for p in pair)) for pair in zip(film, empty, strict=True)]


def _silhouette(shown: NDArray[np.float32], bare: NDArray[np.float32]) -> NDArray[np.bool_]:
    apart = np.linalg.norm(shown - bare, axis=2)
    rough = _largest(cv2.morphologyEx((apart > 0.35 * np.percentile(apart, 97)).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9))))
    inner = cv2.erode(rough, np.ones((9, 9), np.uint8))
    _, nearest = cv2.distanceTransformWithLabels(1 - inner, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    colours = np.zeros((nearest.max() + 1, 3), np.float32)
    colours[nearest[inner > 0]] = shown[inner > 0]
    way = colours[nearest] - bare
    share = ((shown - bare) * way).sum(axis=2) / np.maximum((way * way).sum(axis=2), 25)
    solid = ((share > 0.6) & (cv2.dilate(rough, np.ones((9, 9), np.uint8)) > 0)) | (inner > 0)
    return _largest(cv2.morphologyEx(solid.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5)))) > 0


def _largest(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    _, labels, facts, _ = cv2.connectedComponentsWithStats(mask)
    return (labels == 1 + int(np.argmax(facts[1:, cv2.CC_STAT_AREA]))).astype(np.uint8)


def ankles(puff: dict) -> list[int]:
    """The row on each frame below which the shadow begins to count as the character: it leaves the ground as it dances."""
    bodies = troupe(PROMPT, [member(puff["name"], Path(puff["cutout"]))], size=(SIZE[0], SIZE[1]), seconds=1)
    ends = [extent(masks(bodies, number)[0]) for number in range(24)]
    return [round(top + 0.9 * (bottom - top)) for _, top, _, bottom in ends]


def overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum() / (one | other).sum())


LOOKS = [
    ("warm golden hour light", 2, 8),
    pytest.param("make it cool and blue", 2, -8, marks=pytest.mark.slow),
    pytest.param("turn it into night", 0, -8, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("prompt", "axis", "way"), LOOKS)
def test_a_look_moves_the_colour_as_asked_and_nothing_else(puff: dict, takes, tmp_path: Path, prompt: str, axis: int, way: int) -> None:
    before, still = (frames(takes[take][1]) for take in ("with", "empty"))
    _, after = edit(takes, tmp_path / "with", prompt)
    _, bare = edit(takes, tmp_path / "empty", prompt, take="empty")

    assert len(after) == len(before)
    assert (lab(after) - lab(before))[axis] * np.sign(way) >= abs(way)
    true = silhouettes(before, still)
    legs = ankles(puff)
    kept = [overlap(one[:row], other[:row]) for one, other, row in zip(true, silhouettes(after, bare), legs, strict=True)]
    assert min(kept) >= 0.97
    assert overlap(true[0][: legs[0]], np.roll(true[0][: legs[0]], 2, axis=1)) < 0.97
    for one, other in zip(before[::6], after[::6], strict=True):
        (x, y), _ = cv2.phaseCorrelate(edges(one).astype(np.float64), edges(other).astype(np.float64))
        assert np.hypot(x, y) <= 1
        assert np.corrcoef(edges(one).ravel(), edges(other).ravel())[0, 1] >= 0.8


MORE = [("dawn", 2, 3), ("dusk", 0, -5), ("bright daylight", 0, 8), ("a vintage look", 2, 0), ("pastel colours", 0, 3), ("neon", 1, 8)]


@pytest.mark.slow
@pytest.mark.parametrize(("prompt", "axis", "way"), MORE)
def test_other_looks_keep_the_composition_too(takes, tmp_path: Path, prompt: str, axis: int, way: int) -> None:
    before = frames(takes["with"][1])
    _, after = edit(takes, tmp_path, prompt)

    moved = lab(after) - lab(before)
    assert np.linalg.norm(moved) >= 5
    assert moved[axis] * (np.sign(way) or 1) >= abs(way) or way == 0
    assert min(np.corrcoef(edges(a).ravel(), edges(b).ravel())[0, 1] for a, b in zip(before[::8], after[::8], strict=True)) >= 0.8


def test_black_and_white_has_no_colour(takes, tmp_path: Path) -> None:
    _, after = edit(takes, tmp_path, "black and white")

    assert np.abs(lab(after)[1:]).max() < 1


@pytest.mark.parametrize("prompt", ["let it snow", "add fireflies", "heavy rain", "falling leaves", "add lanterns", "add bubbles"])
def test_weather_and_living_things_are_let_in_and_move(takes, tmp_path: Path, prompt: str) -> None:
    before = frames(takes["empty"][1])
    _, after = edit(takes, tmp_path, prompt, take="empty")
    stirred, lively = (np.abs(film[4].astype(int) - film[10]).max(axis=2) for film in (before, after))
    still = cv2.dilate((stirred > 6).astype(np.uint8), np.ones((9, 9), np.uint8)) == 0

    assert still.mean() > 0.4
    assert (lively[still] > 16).mean() > 0.0003


def test_stars_are_let_in_over_open_land_and_said_to_be_missing_elsewhere(takes, tmp_path: Path) -> None:
    _, night = edit(takes, tmp_path / "night", "turn it into night", take="empty")
    made, starry = edit(takes, tmp_path / "stars", "turn it into night with stars", take="empty")
    lighter = [cv2.absdiff(a, b).max(axis=2) > 24 for a, b in zip(night[4:20:4], starry[4:20:4], strict=True)]
    (tmp_path / "wood").mkdir()
    take, wood = shoot(tmp_path / "wood", "a forest at night", seconds=1)
    (tmp_path / "told").mkdir()
    told, _ = shoot(tmp_path / "told", "add stars", task="edit", source=str(wood), scene=take["scene"])

    assert made["warnings"] == []
    assert all(20 < light[:80].sum() < 2000 and light[120:].mean() < 0.001 for light in lighter)
    assert [warning["code"] for warning in told["warnings"]] == ["edit_not_understood"]


def test_fog_is_thickest_in_the_distance(takes, tmp_path: Path) -> None:
    before = frames(takes["empty"][1])[8]
    _, after = edit(takes, tmp_path, "thick fog", take="empty")
    contrast = [after[8][rows].std() / before[rows].std() for rows in (slice(150, 220), slice(300, 350))]

    assert contrast[0] < 0.8
    assert contrast[0] < contrast[1]


def test_a_glow_is_around_the_character_and_not_on_the_rest(puff: dict, takes, tmp_path: Path) -> None:
    _, plain = edit(takes, tmp_path / "plain", "make it glow", take="empty")
    edited, lit = edit(takes, tmp_path / "glow", "a soft blue glow around Puff", cast=[puff])
    before, still = (frames(takes[take][1]) for take in ("with", "empty"))
    for number in (2, 14, 22):
        body = silhouettes(before[number : number + 1], still[number : number + 1])[0]
        far = cv2.distanceTransform((~body).astype(np.uint8), cv2.DIST_L2, 5)
        ring, rest = (far > 5) & (far < 12), far > 120
        gained = lit[number].astype(int) - before[number]

        assert gained[..., 2][ring].mean() > gained[..., 2][rest].mean() + 15
        assert gained[..., 2][ring].mean() > gained[..., 0][ring].mean() + 10
    assert edited["warnings"] == []
    assert len(plain) == len(lit)


def test_a_glow_in_a_film_from_elsewhere_follows_what_moves(takes, tmp_path: Path) -> None:
    source = walker(tmp_path / "walker.mp4")
    edited, path = shoot(tmp_path, "a golden glow around him", task="edit", source=str(source), size=[320, 180])
    before, after = frames(source), frames(path)
    gained = (after[36].astype(int) - before[36]).sum(axis=2)

    assert edited["warnings"] == []
    assert gained[60:140, 205:225].mean() > gained[60:140, 40:120].mean() + 60


def test_a_glow_with_nothing_to_follow_is_in_the_middle_and_says_so(takes, tmp_path: Path) -> None:
    result, _ = edit(takes, tmp_path, "a golden glow", take="empty")

    assert [warning["code"] for warning in result["warnings"]] == ["glow_in_the_middle"]


@pytest.mark.parametrize(("high", "told"), [(80, []), (0, ["glow_in_the_middle"])])
def test_a_camera_that_moves_is_not_taken_for_what_moves(tmp_path: Path, high: int, told: list[str]) -> None:
    source = walker(tmp_path / "walker.mp4", high=high, pan=2)
    edited, path = shoot(tmp_path, "a golden glow around him", task="edit", source=str(source), size=[320, 180])
    gained = (frames(path)[36].astype(int) - frames(source)[36]).sum(axis=2)
    lit = gained > 40

    assert [warning["code"] for warning in edited["warnings"]] == told
    assert lit.mean() < 0.45
    assert not high or lit[:, :120].mean() < 0.1
    assert not high or gained[70:130, 205:220].mean() > gained[60:140, 20:100].mean() + 40


def walker(path: Path, *, high: int = 80, pan: int = 0) -> Path:
    """A dark box that crosses a textured wall in two seconds, before a camera that turns by `pan` pixels a frame."""
    rng = np.random.default_rng(4)
    wide = cv2.GaussianBlur(rng.integers(60, 200, (180, 320 + 48 * pan, 3), dtype=np.uint8), (0, 0), 3)
    wide = cv2.convertScaleAbs(wide, alpha=4, beta=-380) if pan else wide
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number in range(48):
            picture = wide[:, pan * number : pan * number + 320].copy()
            x = 40 + 4 * number
            picture[60 : 60 + high, x - 18 : x + 18] = (30, 20, 60)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def test_part_of_the_snow_falls_behind_the_character_and_part_before_it(puff: dict, takes, tmp_path: Path) -> None:
    _, flat = edit(takes, tmp_path / "flat", "let it snow")
    _, deep = edit(takes, tmp_path / "deep", "let it snow", cast=[puff])
    before, still = (frames(takes[take][1]) for take in ("with", "empty"))
    on_it = {"flat": 0.0, "deep": 0.0}
    for number in range(2, 22, 4):
        body = silhouettes(before[number : number + 1], still[number : number + 1])[0].astype(np.uint8)
        inner, outer = cv2.erode(body, np.ones((7, 7), np.uint8)) > 0, cv2.dilate(body, np.ones((9, 9), np.uint8)) == 0
        on_it["flat"] += flakes(before[number], flat[number], inner)
        on_it["deep"] += flakes(before[number], deep[number], inner)

        assert np.abs(flat[number].astype(int) - deep[number])[outer].mean() < 1.5

    assert on_it["flat"] > 0.01
    assert 0.05 * on_it["flat"] < on_it["deep"] < 0.75 * on_it["flat"]


def flakes(before: NDArray[np.uint8], after: NDArray[np.uint8], where: NDArray[np.bool_]) -> float:
    """The share of a part of the picture that got paler than what was as bright before."""
    was, now = (picture[where].mean(axis=1) for picture in (before, after))
    levels = (was / 8).astype(int)
    usual = np.array([np.median(now[levels == level]) if (levels == level).any() else 0 for level in range(32)])
    return float((now - usual[levels] > 26).mean())
