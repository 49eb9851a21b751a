"""Whether one frame tells its place and its hour, judged by a nearest neighbour that has only seen other seeds."""

import itertools
from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from castlist.media.animatic.compose import build, frame_at
from castlist.media.animatic.scene import compose
from castlist.media.animatic.words import read

PLACES = ("forest", "market", "meadow", "city", "beach", "mountains", "snow", "desert", "space", "interior")
HOURS = ("at noon", "at night")
KINDS = list(itertools.product(PLACES, HOURS))
SIZE = (192, 108)
Features = NDArray[np.float32]


def picture(kind: tuple[str, str], seed: int) -> NDArray[np.uint8]:
    """One frame of a place at an hour, in RGB."""
    names = {"snow": "snowy tundra", "space": "surface of the moon in space"}
    prompt = f"a {names.get(kind[0], kind[0])} {kind[1]}"
    scene = compose(read(prompt), size=SIZE, seed=seed, frames=48, cast=())
    assert scene.place.value == kind[0]
    return np.asarray(cv2.cvtColor(frame_at(build(scene, ()), 5 + seed % 30).buffer, cv2.COLOR_YUV2RGB_NV12), np.uint8)


def features(rgb: NDArray[np.uint8]) -> Features:
    """What a glance takes in: colours on a coarse grid, and which way the edges run where."""
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    grid = cv2.resize(lab, (8, 6), interpolation=cv2.INTER_AREA).ravel() / 100
    dx, dy = (cv2.Sobel(lab[..., 0], cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    strength, angle = cv2.cartToPolar(dx, dy)
    bins = (angle / (2 * np.pi) * 8).astype(int) % 4
    cells = [cv2.resize(strength * (bins == number), (4, 3), interpolation=cv2.INTER_AREA).ravel() for number in range(4)]
    edges = np.concatenate(cells)
    return np.concatenate([grid, 0.5 * edges / (np.linalg.norm(edges) + 1e-6)]).astype(np.float32)


def judged(taught: Features, labels: Sequence[int], asked: Features) -> list[int]:
    """For each question the label of the lesson that is nearest to it."""
    apart = np.linalg.norm(asked[:, None, :] - taught[None, :, :], axis=2)
    return [labels[number] for number in apart.argmin(axis=1)]


def gallery(seeds: Sequence[int]) -> tuple[Features, list[int]]:
    shots = [(features(picture(kind, seed)), number) for number, kind in enumerate(KINDS) for seed in seeds]
    return np.stack([shot for shot, _ in shots]), [number for _, number in shots]


@pytest.mark.slow
def test_ten_places_by_day_and_by_night_are_told_apart_from_one_frame() -> None:
    taught, labels = gallery((1, 2, 3, 4))
    asked, truth = gallery((101, 202, 303))

    right = np.mean(np.equal(judged(taught, labels, asked), truth))
    lies = [np.random.default_rng(seed).permutation(labels).tolist() for seed in range(8)]
    guessed = np.mean([np.equal(judged(taught, lie, asked), truth) for lie in lies])

    assert right >= 0.95, [KINDS[a] for a, b in zip(truth, judged(taught, labels, asked), strict=True) if a != b]
    assert guessed < 3 / len(KINDS)


@pytest.mark.slow
def test_another_seed_is_another_arrangement_of_the_same_place() -> None:
    shots = {(kind, seed): cv2.resize(picture(kind, seed), (48, 27), interpolation=cv2.INTER_AREA) for kind in KINDS for seed in (5, 6)}
    labs = {key: cv2.cvtColor(shot.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) for key, shot in shots.items()}

    for hour in HOURS:
        pairs = itertools.combinations([(place, hour) for place in PLACES], 2)
        places = np.median([difference(labs[a, 5], labs[b, 5]) for a, b in pairs])
        for place in PLACES:
            seeds = difference(labs[(place, hour), 5], labs[(place, hour), 6])
            assert seeds >= 0.10 * places, (place, hour, seeds, places)


def difference(a: Features, b: Features) -> float:
    """How far two pictures are apart, in Lab units a pixel."""
    return float(np.linalg.norm(a - b, axis=2).mean())
