"""Files that a media process cannot get through: the caller's, and told so at once."""

import asyncio
from dataclasses import replace

import pytest

import clips
from castlist import samples
from castlist.engine import characters, submit
from castlist.errors import MediaRefused
from castlist.media import child
from castlist.model.asks import Caller, CharacterAsk, VideoAsk
from castlist.model.repeats import Repeat

ME = Caller("default", master=True)


async def _hurry(task, spec, *, limits, report=None):
    """The real media process, with no time to finish."""
    return await child.run(task, spec, limits=replace(limits, wall_seconds=0.01), report=report)


async def _refuse(task, spec, *, limits, report=None):
    raise AssertionError(f"a {task} process was started")


@pytest.mark.parametrize("param", ["video", "image", "input_reference"])
def test_a_file_that_the_media_process_dies_of_is_refused(stage, tmp_path, param):
    async def scene():
        async with stage("hero: fake/instant", worker=False) as s:
            kit = replace(s.engine.kit, media=_hurry)
            picture = s.incoming(clips.plain_image(tmp_path / "a.png", size=(320, 240)))
            video = s.incoming(samples.path("luna.mp4"))
            asks = {
                "video": submit.submit(kit, ME, VideoAsk("edit", "at night", source=video), repeat=Repeat()),
                "input_reference": submit.submit(kit, ME, VideoAsk("create", "a scene", reference=picture), repeat=Repeat()),
                "image": characters.create(kit, ME, CharacterAsk("Luna", "image", (picture,)), repeat=Repeat()),
            }
            asked = asks.pop(param)
            for other in asks.values():
                other.close()
            with pytest.raises(MediaRefused) as caught:
                await asked
            return caught.value, {picture.path, video.path} & set(s.gateway.storage.scratch.iterdir())

    error, left = asyncio.run(scene())

    assert (error.status, error.code) == (400, "undecodable_media")
    assert error.param == param
    assert len(left) == 1, left


@pytest.mark.parametrize("kind", ["video", "image"])
def test_what_is_no_media_is_refused_without_a_process(stage, tmp_path, kind):
    async def scene():
        async with stage("hero: fake/instant", worker=False) as s:
            kit = replace(s.engine.kit, media=_refuse)
            file = s.incoming(clips.playlist(tmp_path / "a.mp4"))
            with pytest.raises(MediaRefused) as caught:
                await characters.create(kit, ME, CharacterAsk("Luna", kind, (file,)), repeat=Repeat())
            return caught.value

    error = asyncio.run(scene())

    assert (error.code, error.param) == ("unsupported_media_type", kind)
    assert "an HLS playlist" in error.message


@pytest.mark.parametrize(
    ("start", "end", "param", "says"),
    [(0.0, 5.5, "end", "at most 5"), (9.0, None, "start", "runs from 0 to 6"), (1.0, 8.0, "end", "ends at 6")],
)
def test_a_range_that_could_not_be_cut_is_refused_at_once(stage, tmp_path, start, end, param, says):
    async def scene():
        async with stage("hero: fake/instant", worker=False) as s:
            file = s.incoming(clips.mascot_clip(tmp_path / "long.mp4", 6, size=(426, 240)))
            with pytest.raises(MediaRefused) as caught:
                await s.engine.create_character(ME, CharacterAsk("Luna", "video", (file,), start=start, end=end))
            page = await s.engine.characters(ME, after=None, limit=20, order="desc", name=None)
            return caught.value, page.items

    error, kept = asyncio.run(scene())

    assert (error.status, error.code, error.param) == (400, "invalid_range", param)
    assert says in error.message
    assert not kept
