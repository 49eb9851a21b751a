"""Words for colour and feeling tint what is painted, each its own way."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.media.animatic.filming import shot, studio

from castlist.media.animatic import scene as scenes
from castlist.media.animatic.moods import Mood, moods_in
from castlist.media.animatic.words import read


def lab(prompt: str) -> NDArray[np.float32]:
    """Mean lightness, red against green, yellow against blue."""
    return colours(prompt).reshape(-1, 3).mean(axis=0)


def colours(prompt: str) -> NDArray[np.float32]:
    rgb = shot(studio(f"{prompt}, static camera"), 2).astype(np.float32) / 255
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB), np.float32)


def strength(prompt: str) -> float:
    return float(np.linalg.norm(colours(prompt)[..., 1:], axis=2).mean())


@pytest.mark.parametrize(
    ("word", "lead"),
    [
        ("crimson", (0, 1, 0)),
        ("teal", (0, -1, 0)),
        ("emerald", (0, -1, 0)),
        ("violet", (0, 1, -1)),
        ("warm", (0, 0, 1)),
        ("icy", (0, 0, -1)),
        ("moody", (-1, 0, 0)),
        ("romantic", (0, 1, 0)),
        ("dramatic", (-1, 0, 0)),
    ],
)
def test_a_mood_leads_the_light_its_way(word: str, lead: tuple[int, int, int]) -> None:
    plain, told = lab("a desert at noon"), lab(f"a {word} desert at noon")

    assert float(np.linalg.norm(told - plain)) > 4
    assert all(way * (after - before) > 2 for way, before, after in zip(lead, plain, told, strict=True) if way), (plain, told)


def test_a_sandstorm_is_of_sand() -> None:
    fog, sand = colours("a desert in fog at noon")[:60], colours("a desert in a sandstorm at noon")[:60]

    assert sand[..., 2].mean() > fog[..., 2].mean() + 15


def test_snow_lies_on_what_grows_where_it_falls() -> None:
    bare, white = (colours(f"{prompt}, static camera")[120:] for prompt in ("a forest at noon", "a snowy forest at noon"))

    assert white[..., 0].mean() > bare[..., 0].mean() + 10
    assert abs(white[..., 1].mean()) < 0.5 * abs(bare[..., 1].mean())


def test_pastel_is_paler_and_vivid_is_stronger() -> None:
    assert strength("a pastel meadow at noon") < 0.8 * strength("a meadow at noon") < 0.72 * strength("a vivid meadow at noon")
    assert lab("a pastel meadow at noon")[0] > lab("a meadow at noon")[0]


def test_a_serene_place_is_softer() -> None:
    assert strength("a serene meadow at noon") < 0.9 * strength("a meadow at noon")


def test_black_and_white_has_no_colour_at_all() -> None:
    assert strength("a meadow in black and white at noon") < 2


def test_a_mood_changes_the_light_and_not_the_arrangement() -> None:
    plain, told = (colours(prompt)[..., 0] for prompt in ("mountains at noon", "teal mountains at noon"))
    edges = [np.abs(cv2.Sobel(light, cv2.CV_32F, 1, 0)) for light in (plain, told)]

    assert np.corrcoef(edges[0].ravel(), edges[1].ravel())[0, 1] > 0.9


@pytest.mark.parametrize(
    ("prompt", "moods"),
    [
        ("Luna wears a red scarf and waves at a green frog", ()),
        ("a dreamy teal lagoon", (Mood.dreamy, Mood.teal)),
        ("under a red sky", (Mood.crimson,)),
        ("a cyberpunk alley", (Mood.neon,)),
        ("a red sunset", (Mood.crimson,)),
        ("a pink beach", (Mood.rose,)),
        ("an eerie green mist", (Mood.moody, Mood.emerald)),
        ("a dark alley", (Mood.moody,)),
        ("a rainy street, film noir", (Mood.moody, Mood.mono)),
        ("a fox with dark eyes", ()),
        ("she smiles warmly", ()),
    ],
)
def test_words_lead_to_moods(prompt: str, moods: tuple[Mood, ...]) -> None:
    assert moods_in(prompt) == moods


def test_a_scene_keeps_its_moods() -> None:
    scene = scenes.compose(read("a moody violet forest"), size=(320, 180), seed=3, frames=24, cast=())

    assert scene.moods == (Mood.moody, Mood.violet)
    assert scenes.of_json(scenes.to_json(scene)) == scene
