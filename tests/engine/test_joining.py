"""Extensions whose provider gives only the added part."""

import asyncio

import pytest

import clips
from castlist.model.jobs import State
from castlist.testing.fake import read_clip
from castlist.testing.upstream import serve_upstream


async def extend(stage, settings, *, delete=False):
    """The fake's clip, 2 seconds of 320x180, extended by 4; the probe's facts of the result, and its bytes."""
    async with stage("hero: fake/instant", settings=settings) as s:
        first = await s.end(await s.create("A fox", model="hero"))
        end = await s.end(await s.follow("extend", first.job.id, "It goes on", model="hero", seconds=4))
        return end, await s.engine.storage.assets.read(end.job.result.video)


def codes(end):
    # No upstream here makes as much as it is asked for.
    return [note.code for note in end.job.warnings if note.code != "length_differs"]


def test_a_part_that_comes_alone_is_put_after_its_source(stage):
    end, content = asyncio.run(extend(stage, "part: 1"))

    assert end.job.state is State.SUCCEEDED
    assert end.job.result.seconds == pytest.approx(4.0, abs=0.05)
    assert codes(end) == ["extension_stitched"]
    assert "packets copied" in end.job.warnings[0].message
    assert len(content) > 1.5 * len(read_clip())


def test_what_comes_whole_stays_as_it_came(stage):
    end, content = asyncio.run(extend(stage, ""))

    assert (content, codes(end)) == (read_clip(), [])


def test_where_nobody_knows_the_length_tells(stage, tmp_path):
    longer = clips.mascot_clip(tmp_path / "longer.mp4", 5.5, size=(320, 180)).read_bytes()

    async def scene(upstream):
        async with stage("hero: openai/sora-2", params=f"api_base: '{upstream.base_url}', api_key: sk-test") as s:
            first = await s.end(await s.create("A fox", model="hero"))
            part = await s.end(await s.follow("extend", first.job.id, "On", model="hero", seconds=4))
            upstream.clip = longer
            whole = await s.end(await s.follow("extend", first.job.id, "On", model="hero", seconds=4))
            return [(end.job.result.seconds, codes(end)) for end in (whole, part)]

    with serve_upstream(key="sk-test") as upstream:
        whole, part = asyncio.run(scene(upstream))

    assert whole == (pytest.approx(5.5, abs=0.1), [])
    assert part == (pytest.approx(4.0, abs=0.1), ["extension_stitched"])
