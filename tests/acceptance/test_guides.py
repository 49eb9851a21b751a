"""Every snippet of LiteLLM's two guides to video characters, with castlist in place of litellm, as plain scripts without a main guard.

The guides' own mistakes are written right: coroutines are awaited, and the wait loop polls the video, not the character. Where a guide
fixes no size or length, small ones keep the suite quick; as the guides have them they run under `slow`.
"""

import json

import pytest

from acceptance.watching import watch

RELEASE = """
import castlist

character = castlist.video_create_character(
    name="Luna",
    video=open("luna.mp4", "rb"),
    custom_llm_provider="openai",
    model="sora-2"
)
print(f"Character: {character.id}")

video = castlist.video(
    model="sora-2",
    prompt="Luna dances through a magical forest.",
    characters=[{"id": character.id}],
    seconds="SECONDS",SIZE
)
while video.status in ("queued", "in_progress"):
    video = castlist.video_wait(video.id)
open("forest.mp4", "wb").write(castlist.video_content(video.id))

fetched = castlist.video_get_character(
    character_id=character.id,
    custom_llm_provider="openai"
)
assert fetched.name == "Luna", fetched

edited = castlist.video_edit(
    video_id=video.id,
    prompt="Add warm golden lighting"
)

extended = castlist.video_extension(
    video_id=video.id,
    prompt="Luna waves goodbye",
    seconds="EXTRA"
)
for name, made in (("edited", edited), ("extended", extended)):
    made = castlist.video_wait(made.id)
    assert [who.name for who in made.cast] == ["Luna"], made.cast
    open(f"{name}.mp4", "wb").write(castlist.video_content(made.id))
"""

CREATE = """
import asyncio
from castlist import avideo_create_character

async def main():
    character = await avideo_create_character(
        name="Mossy",
        video=open("character.mp4", "rb"),
        custom_llm_provider="openai",
        model="sora-2"
    )
    print(f"Character ID: {character.id}")

asyncio.run(main())
"""

GENERATE = """
import asyncio
from castlist import avideo, avideo_content, avideo_wait

async def main():
    video = await avideo(
        model="sora-2",
        prompt="A cinematic tracking shot of Mossy weaving through a lantern-lit market at dusk, looking around curiously.",
        characters=[{"id": "CHARACTER"}],
        seconds="SECONDS",
        size="SIZE"
    )
    print(f"Video ID: {video.id}")
    video = await avideo_wait(video.id)
    assert [who.name for who in video.cast] == ["Mossy"], video.cast
    open("market.mp4", "wb").write(await avideo_content(video.id))

asyncio.run(main())
"""

RETRIEVE = """
import asyncio
from castlist import avideo_get_character

async def main():
    character = await avideo_get_character(
        character_id="CHARACTER",
        custom_llm_provider="openai"
    )
    print(f"Character: {character.name}, Created: {character.created_at}")

asyncio.run(main())
"""

FOLLOW_UPS = """
import asyncio
from castlist import avideo_content, avideo_edit, avideo_extension, avideo_wait

async def main():
    edited = await avideo_edit(
        video_id="VIDEO",
        prompt="Shift the lighting to warm golden hour, add wind effects to character's fur.",
        custom_llm_provider="openai"
    )
    extended = await avideo_extension(
        video_id="VIDEO",
        prompt="Mossy walks towards the camera, waves, and smiles warmly.",
        seconds="SECONDS",
        custom_llm_provider="openai"
    )
    for name, made in (("edited", edited), ("extended", extended)):
        await avideo_wait(made.id)
        open(f"{name}.mp4", "wb").write(await avideo_content(made.id))

asyncio.run(main())
"""

WORKFLOW = """
import asyncio
from castlist import (
    avideo_create_character,
    avideo,
    avideo_extension,
    avideo_edit,
    avideo_get_character,
    avideo_status,
    avideo_wait,
    avideo_content,
)

async def create_branded_series():
    print("Creating character...")
    character = await avideo_create_character(
        name="Luna",
        video=open("luna_intro.mp4", "rb"),
        custom_llm_provider="openai"
    )
    char_id = character.id
    print(f"Character created: {char_id}")

    print("Generating opening scene...")
    scene1 = await avideo(
        model="sora-2",
        prompt="Luna the magical fox dancing through a cosmic forest, stars trailing her movement.",
        characters=[{"id": char_id}],
        seconds="SECONDS",
        size="SIZE"
    )
    print(f"Scene 1: {scene1.id} ({scene1.status})")

    while scene1.status in ("queued", "in_progress"):
        await asyncio.sleep(PAUSE)
        scene1 = await avideo_status(scene1.id)  # refresh

    print("Extending scene...")
    scene2 = await avideo_extension(
        video_id=scene1.id,
        prompt="Luna leaps into the air, transforms into stardust, and reforms on a moonlit cliff.",
        seconds="EXTRA"
    )
    print(f"Scene 2 (extension): {scene2.id}")

    print("Applying color grade...")
    scene1_graded = await avideo_edit(
        video_id=scene1.id,
        prompt="Shift palette to cool blues and purples with enhanced glow effects around Luna."
    )
    print(f"Scene 1 graded: {scene1_graded.id}")

    for name, video in (("scene1", scene1), ("scene2", scene2), ("graded", scene1_graded)):
        video = await avideo_wait(video.id)
        assert [who.name for who in video.cast] == ["Luna"], video.cast
        open(f"{name}.mp4", "wb").write(await avideo_content(video.id))
    print("Branded series created with consistent Luna character!")

asyncio.run(create_branded_series())
"""

PITFALL = """
import castlist

luna = castlist.video_create_character(name="Luna", video="luna.mp4")
try:
    castlist.video_status(luna.id)
except castlist.NotFound as error:
    print(error.status, error.message)
"""


def fill(source: str, **words: str) -> str:
    for word, value in words.items():
        source = source.replace(word, value)
    return source


def second_word(text: str, start: str) -> str:
    """The id that a script printed after `start`."""
    return next(line.removeprefix(start).split()[0] for line in text.splitlines() if line.startswith(start))


def test_the_release_s_quick_example(desk):
    desk.run(fill(RELEASE, SECONDS="2", SIZE='\n    size="320x180"', EXTRA="1"))

    seen = {name: watch(desk.folder / f"{name}.mp4") for name in ("forest", "edited", "extended")}
    assert {name: (video.size, video.seconds) for name, video in seen.items()} == {
        "forest": ((320, 180), 2.0),
        "edited": ((320, 180), 2.0),
        "extended": ((320, 180), 3.0),
    }
    assert seen["forest"].shows_luna
    assert seen["extended"].shows_luna


@pytest.mark.slow
def test_the_guide_s_snippets_one_by_one(desk):
    created = desk.run(CREATE)
    character = second_word(created.stdout, "Character ID:")
    retrieved = desk.run(fill(RETRIEVE, CHARACTER=character))
    generated = desk.run(fill(GENERATE, CHARACTER=character, SECONDS="1", SIZE="320x180"))
    video = second_word(generated.stdout, "Video ID:")
    desk.run(fill(FOLLOW_UPS, VIDEO=video, SECONDS="1"))

    assert retrieved.stdout.startswith("Character: Mossy, Created: 1")
    assert watch(desk.folder / "market.mp4").frames == 24
    assert watch(desk.folder / "edited.mp4").frames == 24
    assert watch(desk.folder / "extended.mp4").frames == 48
    assert [done.stderr for done in (created, retrieved, generated)] == ["", "", ""]


def test_a_character_s_id_in_a_video_s_place_is_told(desk):
    done = desk.run(PITFALL)

    assert done.stdout.startswith("404 ")
    assert "character" in done.stdout


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_guide_s_full_workflow_as_it_is_written(own_desk):
    own_desk.run(fill(WORKFLOW, SECONDS="8", SIZE="1280x720", EXTRA="6", PAUSE="5"))

    seen = {name: watch(own_desk.folder / f"{name}.mp4") for name in ("scene1", "scene2", "graded")}
    assert {name: (video.size, video.seconds) for name, video in seen.items()} == {
        "scene1": ((1280, 720), 8.0),
        "scene2": ((1280, 720), 14.0),
        "graded": ((1280, 720), 8.0),
    }
    assert seen["scene1"].shows_luna
    assert seen["scene2"].shows_luna


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_release_s_quick_example_as_it_is_written(own_desk):
    own_desk.run(fill(RELEASE, SECONDS="8", SIZE="", EXTRA="5"))

    assert watch(own_desk.folder / "forest.mp4").size == (720, 1280)
    assert watch(own_desk.folder / "extended.mp4").seconds == 13.0


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_guide_s_scene_as_it_is_written(own_desk):
    character = second_word(own_desk.run(CREATE).stdout, "Character ID:")

    generated = own_desk.run(fill(GENERATE, CHARACTER=character, SECONDS="8", SIZE="1280x720"))

    shown = own_desk.castlist("videos", "show", second_word(generated.stdout, "Video ID:"), "--json")
    assert json.loads(shown.stdout)["seconds"] == "8"
    assert watch(own_desk.folder / "market.mp4").seconds == 8.0
