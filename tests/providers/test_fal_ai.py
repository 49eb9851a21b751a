"""The fal_ai adapter: what it sends to each endpoint."""

import asyncio
from dataclasses import replace

import pytest

from castlist.errors import Refused
from castlist.model.operations import Size
from castlist.model.providing import Account
from castlist.providers.fal_ai import Fal
from castlist.providers.fal_ai_models import FAMILIES, Carry
from castlist.testing.emulator import serve
from providers.emulators.fal_ai import KEY, FalEmulator
from providers.orders_cast import LUNA, MOSSY, create, follow_up, in_words, keep_media, member
from providers.wires import reach


@pytest.fixture
def upstream():
    with serve(FalEmulator()) as server:
        yield server


def limits(model):
    return Fal(Account("fal", "fal_ai"), None).capabilities(model)


def send(upstream, folder, *orders):
    """The orders submitted; the notes of the last, and (endpoint, body with files by their hash) as the upstream got it."""

    async def act():
        keep_media(folder)
        async with reach(folder, api_base=upstream.base_url) as http:
            provider = Fal(Account("fal", "fal_ai", api_base=upstream.base_url, api_key=KEY), http)
            for order in orders:
                prepared = await provider.prepare(order)
                await provider.submit(prepared)
            return [note.code for note in prepared.warnings]

    return asyncio.run(act()), *upstream.bodies[-1]


def seconds_of(model, *, cast=()):
    known = limits(model)
    return next(iter((known.cast_seconds if cast else ()) or known.seconds), max(4, known.min_seconds))


def files(upstream, value):
    """What was uploaded, in the order a body names it."""
    if isinstance(value, dict | list):
        return [file for each in (value.values() if isinstance(value, dict) else value) for file in files(upstream, each)]
    return [upstream.files[value].decode()] if isinstance(value, str) and value in upstream.files else []


@pytest.mark.parametrize("frame", [None, "frame.png"])
@pytest.mark.parametrize("model", FAMILIES)
def test_every_family_takes_text_and_an_opening_frame_in_each_of_its_sizes(upstream, tmp_path, model, frame):
    sizes = limits(model).sizes

    send(upstream, tmp_path, *(create(model, seconds=seconds_of(model), size=size, frame=frame) for size in sizes))

    assert len(upstream.bodies) == len(sizes)
    assert set(upstream.files.values()) == ({b"the opening frame"} if frame else set())
    assert all(FAMILIES[model].frame_field in body for _, body in upstream.bodies if frame)


@pytest.mark.parametrize("cast", [(LUNA,), (LUNA, MOSSY)])
@pytest.mark.parametrize("model", FAMILIES)
def test_every_character_reaches_every_family_in_its_own_form(upstream, tmp_path, model, cast):
    family = FAMILIES[model]
    order = create(model, " and ".join(m.name for m in cast) + " dance.", *cast, seconds=seconds_of(model, cast=cast), size=family.sizes[0])
    assert limits(model).why_not(order.operation) is None

    _, endpoint, _ = send(upstream, tmp_path, order)

    each = min(4, family.stills // len(cast))
    stills = [f"jpeg {m.name.lower()} {n}" for m in cast for n in range(each)]
    clip = "short" if "omni" in model else "clip"
    clips = [f"{clip} {m.name.lower()}" for m in cast] if family.carry in {Carry.CLIP, Carry.BOTH} else []
    assert "reference-to-video" in endpoint
    assert files(upstream, upstream.requests[-1].document) == stills + clips
    assert stills + clips


def test_an_element_is_tagged_and_a_single_still_goes_as_a_picture(upstream, tmp_path):
    order = create("kling/v4", "Mossy, @Element1, meets Luna. Luna waves.", member("Luna", stills=1), MOSSY)

    _, endpoint, body = send(upstream, tmp_path, order)

    assert endpoint == "kling/v4/reference-to-video"
    assert body["prompt"] == "Mossy (@Element1), ＠Element1, meets Luna (@Image1). Luna waves."
    assert (len(body["elements"]), len(body["image_urls"])) == (1, 1)


@pytest.mark.parametrize(("model", "first"), [("fal-ai/veo3.1", "a tall picture"), ("minimax/h3", "jpeg luna 0")])
def test_the_first_picture_has_the_ratio_of_the_video_where_the_family_is_better_for_it(upstream, tmp_path, model, first):
    (tmp_path / "tall.jpg").write_bytes(b"a tall picture")
    tall = replace(LUNA, media={**LUNA.media, "jpeg-0-9x16": "tall.jpg"})
    send(upstream, tmp_path, create(model, "Luna waves.", tall, seconds=8, size=Size(720, 1280)))
    sent = upstream.requests[-1].document

    assert files(upstream, sent.get("image_urls") or sent["reference_image_urls"])[0] == first


@pytest.mark.parametrize(("model", "sent"), [("bytedance/seedance-2.0", "on a screen"), ("bytedance/seedance-2.5", "clip luna")])
def test_a_clip_has_the_pixels_that_its_endpoint_takes(upstream, tmp_path, model, sent):
    (tmp_path / "screen.mp4").write_bytes(b"on a screen")
    luna = replace(LUNA, media={**LUNA.media, "clip-5s-720p": "screen.mp4"})
    _, _, _ = send(upstream, tmp_path, create(model, "Luna waves.", luna))

    assert files(upstream, upstream.requests[-1].document["video_urls"]) == [sent]
    assert ("clip-5s-720p" in limits(model).wants) is (sent == "on a screen")


def test_tags_count_as_each_family_counts(upstream, tmp_path):
    cast = (member("Luna", stills=1), member("Mossy", stills=1))
    prompt = "Luna and Mossy."

    def sent(model):
        return send(upstream, tmp_path, create(model, prompt, *cast, seconds=seconds_of(model, cast=cast)))[2]["prompt"]

    assert sent("bytedance/seedance-2.0") == "Luna (@Image1, @Video1) and Mossy (@Image2, @Video2)."
    assert sent("google/gemini-omni-flash/v1.1") == "Luna (<IMAGE_REF_0>, <VIDEO_REF_0>) and Mossy (<IMAGE_REF_1>, <VIDEO_REF_1>)."
    assert sent("xai/grok-imagine-video") == "Luna (<IMAGE_1>) and Mossy (<IMAGE_2>)."
    assert sent("wan/v2.6") == "Luna (@Video1) and Mossy (@Video2)."
    assert sent("fal-ai/veo3.1") == "Luna (reference image 1) and Mossy (reference image 2)."


def test_a_prompt_without_characters_is_sent_as_it_came(upstream, tmp_path):
    prompt = 'A fox, "@Image1", <IMAGE_1>. Snow 🦊'

    assert send(upstream, tmp_path, create("kling/v4", prompt))[2]["prompt"] == prompt
    assert send(upstream, tmp_path, in_words(create("kling/v4", prompt, LUNA)))[2]["prompt"] == prompt
    assert upstream.counts["token"] == 0


def test_an_opening_frame_and_characters_go_together_where_the_endpoint_can(upstream, tmp_path):
    send(upstream, tmp_path, create("kling/v4", "Luna walks.", LUNA, frame="frame.png"))

    sent = upstream.requests[-1].document
    assert files(upstream, sent["start_image_url"]) == ["the opening frame"]
    assert len(sent["elements"]) == 1
    assert limits("wan/v2.6").why_not(create("x", "Luna", LUNA, seconds=5, frame="f").operation)[0] == "reference_conflict"


def test_what_an_endpoint_does_not_make_is_said_before():
    long = create("fal-ai/veo3.1", "Luna walks.", LUNA, seconds=4)
    odd = create("wan/v2.6", "A fox.", seconds=5, size=Size(1792, 1024))

    assert limits("fal-ai/veo3.1").why_not(long.operation)[1] == "fal_ai/fal-ai/veo3.1 makes clips of 8 seconds with characters, not 4"
    assert limits("wan/v2.6").why_not(odd.operation)[2] == "size"
    assert limits("fal-ai/sora-2").why_not(odd.operation)[0] == "unsupported_operation"


def test_an_endpoints_whole_name_means_its_family(upstream, tmp_path):
    name = "fal-ai/kling-video/o3/standard/reference-to-video"

    assert limits(name).characters == 2
    assert send(upstream, tmp_path, create(name))[1] == name


def test_a_character_without_media_is_never_dropped(upstream, tmp_path):
    bare = member("Luna", stills=0)

    with pytest.raises(Refused) as caught:
        send(upstream, tmp_path, create("kling/v4", "Luna walks.", bare))

    assert (caught.value.code, upstream.counts["create"]) == ("character_source_unsuitable", 0)


@pytest.mark.parametrize("kind", ["edit", "remix"])
@pytest.mark.parametrize("model", ["fal-ai/kling-video/o3/pro", "xai/grok-imagine-video"])
def test_an_edit_carries_our_copy_and_the_cast_where_it_can(upstream, tmp_path, model, kind):
    notes, endpoint, body = send(upstream, tmp_path, follow_up(kind, model, "Luna in snow.", LUNA))

    assert files(upstream, upstream.requests[-1].document["video_url"]) == ["the source video"]
    assert (endpoint.rpartition("/")[2], notes, "elements" in body) == ("edit" if "o3" in model else "edit-video", [], "o3" in model)


def test_an_extension_says_how_much_is_added(upstream, tmp_path):
    assert send(upstream, tmp_path, follow_up("extend", "xai/grok-imagine-video", seconds=6))[2]["duration"] == 6
    assert send(upstream, tmp_path, follow_up("extend", "fal-ai/veo3.1", seconds=7))[2]["duration"] == "7s"
    assert limits("fal-ai/veo3.1").why_not(follow_up("extend", "x", seconds=4).operation)[2] == "seconds"
    assert limits("xai/grok-imagine-video").why_not(follow_up("edit", "x", length=12.0).operation)[2] == "video"


def test_options_are_sent_in_their_words(upstream, tmp_path):
    options = {"fal_ai": {"audio": "off"}}

    assert send(upstream, tmp_path, create("bytedance/seedance-2.0", options=options))[2]["generate_audio"] is False
    assert send(upstream, tmp_path, follow_up("edit", "fal-ai/kling-video/o3/pro", options=options))[0] == ["option_not_sent"]
    assert send(upstream, tmp_path, create("minimax/h3", seconds=5))[0] == ["size_lowered"]


def test_a_file_that_is_needed_twice_is_uploaded_once(upstream, tmp_path):
    send(upstream, tmp_path, create("kling/v4", "Luna and Lina.", LUNA, member("Luna"), frame="frame.png"))

    assert (upstream.counts["token"], upstream.counts["store"]) == (1, 5)
