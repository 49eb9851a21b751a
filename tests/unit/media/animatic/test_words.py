"""Whom a prompt's sentences give what to do."""

import pytest

from castlist.media.animatic import scene as scenes
from castlist.media.animatic.grade import grades_of
from castlist.media.animatic.parts import share
from castlist.media.animatic.words import Heading, Hour, Weather, read

NAMES = ("Luna", "Mossy")


@pytest.mark.parametrize(
    ("prompt", "luna", "mossy"),
    [
        ("Luna dances while Mossy waves", "dance", "wave"),
        ("Luna and Mossy walk through the market", "walk", "walk"),
        ("Luna waves at Mossy", "wave", "idle"),
        ("Luna waves on a city street", "wave", "idle"),
        ("Luna and Mossy wave in a forest", "wave", "wave"),
        ("Luna before the waves in the sea, Mossy as a wave breaks", "idle", "idle"),
        ("Luna dances with Mossy under floating lanterns", "dance", "dance"),
        ("Two friends dance in the rain", "dance", "dance"),
        ("Luna walks through a market. Mossy follows her and jumps for joy.", "walk", "walk jump"),
        ("Luna sits. She waves. Mossy runs, then turns around.", "sit wave", "run turn"),
        ("Luna hops, then spins around, then sits down", "jump turn sit", "idle"),
        ("Luna runs towards the camera", "towards", "idle"),
        ("Mossy walks away from the camera as Luna says hello", "wave", "away"),
        ("Luna enters, they wave to each other", "wave", "wave"),
        ("Birds fly over the running river as the waves crash", "idle", "idle"),
        ("Fireflies dance around Luna, the camera turns", "idle", "idle"),
        ("Luna takes a seat as Mossy says goodbye", "sit", "wave"),
        ("Luna heads into the forest, Mossy comes closer", "walk", "towards"),
        ("Luna sneaks past Mossy", "walk", "idle"),
        ("Luna skateboards down the street as Mossy swims", "run", "fly"),
        ("Luna plays football while Mossy is lying in the grass", "run", "sit"),
    ],
)
def test_an_action_goes_to_whom_the_sentence_names(prompt: str, luna: str, mossy: str) -> None:
    parts = share(prompt, NAMES)

    assert [" ".join(action.value for action in part.actions) for part in parts] == [luna, mossy]


@pytest.mark.parametrize(
    ("prompt", "headings"),
    [
        ("Luna enters from the left and Mossy walks in from the right", (Heading.from_left, Heading.from_right)),
        ("Luna walks to the left", (Heading.left, Heading.free)),
        ("Mossy leaps to the right", (Heading.free, Heading.right)),
        ("Luna walks into the frame", (Heading.enters, Heading.free)),
        ("Luna waves, the camera pans to the left", (Heading.free, Heading.free)),
    ],
)
def test_ways_are_understood(prompt: str, headings: tuple[Heading, Heading]) -> None:
    assert tuple(part.heading for part in share(prompt, NAMES)) == headings


def test_names_are_whole_words() -> None:
    assert [part.actions[0].value for part in share("A lunatic Mossy waves", NAMES)] == ["idle", "wave"]


def test_a_scene_survives_its_json_and_reads_what_was_written_before_parts() -> None:
    scene = scenes.compose(
        read("Luna dances while Mossy waves from the left, handheld, slow push-in"), size=(320, 180), seed=3, frames=48, cast=NAMES
    )
    written = scenes.to_json(scene)
    older = {**written, "shots": [{"start": 0, "frames": 48, "move": "drift", "actions": ["walk", "jump"]}]}

    assert scenes.of_json(written) == scene
    old = scenes.of_json(older)
    assert old is not None
    assert [[a.value for a in part.actions] for part in old.shots[0].parts] == [["walk", "jump"]] * 2


@pytest.mark.parametrize(
    ("prompt", "grades"),
    [
        ("make it golden hour", ("golden",)),
        ("turn it into night", ("night",)),
        ("black and white", ("mono",)),
        ("a vintage look", ("sepia",)),
        ("soft pastel colours", ("pastel",)),
        ("neon", ("neon",)),
        ("neon lights at midnight", ("neon",)),
        ("add a soft blue glow around Luna", ("aura:blue", "glow")),
        ("add snow", ("snow",)),
        ("let it snow", ("snow",)),
        ("dawn with fog", ("dawn", "fog")),
        ("give her a hat", ("polish",)),
        ("turn night into day", ("day",)),
        ("turn the rain into snow", ("snow",)),
        ("warm light instead of cold", ("warm",)),
        ("add fog and snow", ("fog", "snow")),
        ("change the season to winter", ("snow",)),
        ("make it autumn", ("warm", "leaves")),
        ("moonlight", ("night",)),
        ("less saturated", ("muted",)),
        ("make it spooky", ("dark",)),
        ("remove the rain", ("polish",)),
        ("shift the palette to cool blues and purples", ("cool", "purple")),
        ("like a horror movie", ("dark",)),
        ("a silent film", ("sepia",)),
        ("add sparkles", ("fireflies",)),
        ("no fireflies", ("polish",)),
    ],
)
def test_an_edit_is_read_as_looks(prompt: str, grades: tuple[str, ...]) -> None:
    assert grades_of(prompt) == grades


@pytest.mark.parametrize(
    ("prompt", "hour", "weather"),
    [
        ("a snowy forest", None, Weather.snow),
        ("a city street in winter", None, Weather.snow),
        ("Luna in a winter coat in the city", None, None),
        ("snow-capped mountains", None, None),
        ("a snowy field", None, None),
        ("it is pouring in the city", None, Weather.rain),
        ("she is pouring tea in the kitchen", None, None),
        ("a sandstorm in the desert", None, Weather.fog),
        ("a storm in the desert", None, Weather.storm),
        ("no rain, a clear sky", None, Weather.clear),
        ("a forest without fog", None, None),
        ("the sun goes down behind the dunes", Hour.golden, None),
        ("the sun rises over the mountains", Hour.dawn, None),
    ],
)
def test_weather_and_hour_are_read_from_what_is_said_of_them(prompt: str, hour: Hour | None, weather: Weather | None) -> None:
    reading = read(prompt)

    assert (reading.hour, reading.weather) == (hour, weather)
