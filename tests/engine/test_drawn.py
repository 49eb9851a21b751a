"""Jobs on the embedded renderer, front to back: what is drawn is decoded and looked at, and nothing is left lying about."""

import asyncio
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

import clips
from castlist.model.asks import Caller, CharacterAsk
from castlist.model.characters import CharacterState, Fidelity
from castlist.model.jobs import State

ME = Caller("default", master=True)


def run(coroutine):
    return asyncio.run(coroutine)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def frames(s, seen) -> list[np.ndarray]:
    """Every frame of a finished video, BGR."""
    asset = await s.engine.video_asset(ME, seen.job.id, "video")
    async with s.gateway.storage.assets.local(asset.id) as path:
        with av.open(str(path)) as container:
            return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


def off(one: np.ndarray, other: np.ndarray) -> float:
    """Mean difference of two pictures, 0 to 255."""
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


@pytest.mark.parametrize(
    ("kind", "seconds", "wanted"),
    [("extend", 1, 48), pytest.param("edit", None, 24, marks=pytest.mark.slow), pytest.param("remix", None, 24, marks=pytest.mark.slow)],
)
def test_an_uploaded_video_is_followed_up_and_its_upload_goes(stage, tmp_path, kind, seconds, wanted):
    clip = clips.webm_clip(tmp_path / "up.webm", 1.0)

    async def scene():
        async with stage("drawn: animatic/animatic") as s:
            seen = await s.follow(kind, s.incoming(clip, name="up.webm"), "at night in the rain", model="drawn", seconds=seconds)
            ended = await s.end(seen)
            assert ended.job.error is None, ended.job.error
            drawn = await frames(s, ended)
            stored = len(files(s.gateway.storage.folder / "assets"))
            await s.engine.delete_video(ME, seen.job.id)
            return ended, drawn, stored, files(s.gateway.storage.folder / "assets"), s.gateway.storage.folder

    ended, drawn, stored, left, folder = run(scene())

    assert ended.job.state is State.SUCCEEDED
    assert abs(len(drawn) - wanted) <= 1
    assert (drawn[0].shape[1], drawn[0].shape[0]) == (426, 240)
    assert stored == 4
    assert left == []
    assert files(folder / "scratch") == files(folder / "pending") == []


def test_a_character_from_a_picture_with_alpha_plays_after_an_opening_picture(stage, tmp_path):
    picture = clips.alpha_png(tmp_path / "figure.png")
    opening = tmp_path / "opening.png"
    clips.write_image(opening, cv2.GaussianBlur(clips.texture((320, 180)), (0, 0), 6))

    async def scene():
        async with stage("drawn: animatic/animatic") as s:
            s.provider("animatic").linger = 0.1
            ask = CharacterAsk("Orri", "image", (s.incoming(picture, name="figure.png"),))
            orri = await s.ready(await s.engine.create_character(ME, ask))
            seen = await s.create(
                "Orri waves", model="drawn", seconds=1, characters=(orri.id,), reference=s.incoming(opening, name="opening.png")
            )
            ended = await s.end(seen)
            assert ended.job.error is None, ended.job.error
            async with asyncio.timeout(60):
                while list(s.gateway.storage.scratch.glob("render-*")):
                    await asyncio.sleep(0.05)
            return orri, ended, await frames(s, ended)

    orri, ended, drawn = run(scene())

    assert (orri.state, orri.facts["separable"]) == (CharacterState.READY, True)
    assert [(m.name, m.fidelity) for m in ended.job.cast] == [("Orri", Fidelity.NATIVE)]
    assert len(drawn) == 24
    assert off(drawn[0], cv2.imread(str(opening))) < 8
    assert off(drawn[-1], drawn[0]) > 1


def where(picture: np.ndarray, hue: int) -> float:
    """How far from the left the strongly coloured pixels of that hue are, as a share of the width; nan where there are too few."""
    hues, strength, value = cv2.split(cv2.cvtColor(picture, cv2.COLOR_BGR2HSV))
    columns = np.nonzero((np.abs(hues.astype(int) - hue) < 8) & (strength > 150) & (value > 110))[1]
    return float(np.median(columns)) / picture.shape[1] if len(columns) > 0.01 * hues.size else float("nan")


def test_two_characters_are_in_the_film_apart(stage, tmp_path):
    clip = clips.mascot_clip(tmp_path / "violet.mp4", 1.0, size=(426, 240), mascots=(clips.Mascot(colour=(210, 40, 190)),))

    async def scene():
        async with stage("drawn: animatic/animatic") as s:
            cast = [await s.ready(await s.character("Luna")), await s.ready(await s.character("Violet", clip=clip))]
            seen = await s.create("Luna and Violet in the snow at noon", model="drawn", seconds=1, characters=tuple(c.id for c in cast))
            return await frames(s, await s.end(seen))

    drawn = run(scene())
    orange, violet = ([where(picture, hue) for picture in drawn[::6]] for hue in (13, 146))

    assert all(abs(one - other) > 0.2 for one, other in zip(orange, violet, strict=True)), (orange, violet)


def test_a_cancelled_render_leaves_nothing_in_the_scratch_folder(stage):
    async def scene():
        async with stage("drawn: animatic/animatic") as s:
            seen = await s.until(await s.create(model="drawn", seconds=20), lambda now: now.job.state is State.RUNNING)
            await s.engine.cancel(ME, seen.job.id)
            ended = await s.end(seen)
            return ended, files(s.gateway.storage.scratch), list(s.gateway.storage.scratch.glob("render-*"))

    ended, left, folders = run(scene())

    assert ended.job.state is State.CANCELLED
    assert ended.job.cost.micros == 0
    assert (left, folders) == ([], [])


def test_a_job_waits_for_its_character_without_being_looked_at_all_the_time(stage):
    async def scene():
        async with stage("hero: fake/instant") as s:
            luna = await s.character()
            seen = await s.create("Luna runs", model="hero", characters=(luna.id,))
            waiting = await s.until(seen, lambda now: now.job.waiting == "character")
            ended = await s.end(seen)
            ready = await s.engine.character(ME, luna.id)
            return waiting, ended, ready

    waiting, ended, ready = run(scene())

    assert ready.state is CharacterState.READY
    assert ended.job.state is State.SUCCEEDED
    assert ended.job.revision - waiting.job.revision < 20
