"""The runwayml adapter: what it sends for each model."""

from dataclasses import replace

import pytest

from castlist.errors import Ambiguous, NotSent, ProviderError, Refused, Retry
from castlist.model.operations import Size
from castlist.providers.runwayml_models import MODELS
from castlist.testing.emulator import serve
from providers.emulators.runwayml import Runway
from providers.orders_cast import LUNA, MOSSY, create, follow_up, in_words, member
from providers.runwayml_runs import limits, run, send

CREATES = sorted(name for name, model in MODELS.items() if model.creates)


@pytest.fixture
def upstream():
    with serve(Runway()) as server:
        yield server


def contents(upstream, references):
    """What was uploaded under each reference of the last request."""
    return [upstream.uploads[each["uri"]].decode() for each in upstream.requests[-1].document.get(references, [])]


@pytest.mark.parametrize("frame", [None, "frame.png"])
@pytest.mark.parametrize("model", CREATES)
def test_every_model_takes_text_and_an_opening_frame_in_each_of_its_sizes(upstream, tmp_path, model, frame):
    sizes = limits(model).sizes

    async def act(provider):
        for size in sizes:
            await provider.submit(await provider.prepare(create(model, size=size, frame=frame)))

    run(upstream, tmp_path, act)
    assert len(upstream.bodies) == len(sizes)
    assert {route for route, _ in upstream.bodies} == {"image_to_video" if frame else "text_to_video"}
    assert set(upstream.uploads.values()) == ({b"the opening frame"} if frame else set())
    assert all(body["promptImage"][0]["position"] == "first" for _, body in upstream.bodies if frame)


@pytest.mark.parametrize("cast", [(LUNA,), (LUNA, MOSSY)])
@pytest.mark.parametrize("model", sorted(name for name, model in MODELS.items() if model.stills))
def test_every_character_reaches_the_model_in_stills_and_clip(upstream, tmp_path, model, cast):
    order = create(model, " and ".join(m.name for m in cast) + " dance.", *cast)
    assert limits(model).why_not(order.operation) is None

    send(upstream, tmp_path, order)

    each = min(4, MODELS[model].stills // len(cast))
    assert contents(upstream, "references") == [f"jpeg {m.name.lower()} {n}" for m in cast for n in range(each)]
    clip = "short" if "omni" in model else "clip"
    assert contents(upstream, "referenceVideos") == ([f"{clip} {m.name.lower()}" for m in cast] if MODELS[model].clips else [])


def test_names_stay_and_are_tagged_by_order_at_first_mention_only(upstream, tmp_path):
    luna, mossy = member("Luna", stills=1), member("Mossy", stills=2)

    _, _, body = send(upstream, tmp_path, create("wan3", "Mossy meets Luna. Luna, not image 1, waves.", luna, mossy))

    assert body["promptText"] == "Mossy (image 2, image 3, video 2) meets Luna (image 1, video 1). Luna, not picture 1, waves."


def test_a_tag_of_the_users_own_is_disarmed(upstream, tmp_path):
    _, _, body = send(upstream, tmp_path, create("grok_imagine_1_5", "Luna in [Image 2] style.", member("Luna", stills=1)))

    assert body["promptText"] == "Luna ([Image 1]) in [picture 2] style."


def test_a_prompt_without_characters_is_sent_as_it_came(upstream, tmp_path):
    prompt = 'A fox, "image 1", [Image 1]. Snow 🦊'

    assert send(upstream, tmp_path, create("wan3", prompt))[2]["promptText"] == prompt


def test_stills_stand_in_where_no_jpeg_was_made(upstream, tmp_path):
    send(upstream, tmp_path, create("kling_4", "Luna dances.", member("Luna", form="still")))

    assert contents(upstream, "references") == [f"jpeg luna {n}" for n in range(4)]


def test_a_described_character_sends_no_file(upstream, tmp_path):
    _, _, body = send(upstream, tmp_path, in_words(create("wan3", "Luna dances.", LUNA)))

    assert body["promptText"] == "Luna dances."
    assert "references" not in body


def test_an_opening_frame_and_characters_go_together_where_the_model_can(upstream, tmp_path):
    order = create("kling_4", "Luna and Mossy walk.", LUNA, MOSSY, frame="frame.png", size=Size(1920, 1080))

    _, route, body = send(upstream, tmp_path, order)

    assert (route, body["ratio"], len(body["references"])) == ("image_to_video", "auto_1080p", 8)
    assert contents(upstream, "references")[4] == "jpeg mossy 0"


@pytest.mark.parametrize("model", ["seedance2_5", "wan3", "hailuo3", "gemini_omni_flash_1.1", "grok_imagine_1_5"])
def test_where_it_cannot_that_is_said_before_anything_is_sent(model):
    order = create(model, "Luna walks.", LUNA, frame="frame.png")

    code, text, param = limits(model).why_not(order.operation)

    assert (code, param) == ("reference_conflict", "input_reference")
    assert model in text


@pytest.mark.parametrize(
    ("model", "change", "param"),
    [
        ("gen4.5", {"seconds": 12}, "seconds"),
        ("gen4.5", {"size": Size(1792, 1024)}, "size"),
        ("veo3.1", {"seconds": 5}, "seconds"),
        ("kling_4", {"size": Size(1792, 1024)}, "size"),
    ],
)
def test_limits_are_named(model, change, param):
    order = create(model, **change)
    code, text, found = limits(model).why_not(order.operation)

    assert (code, found) == ("unsupported_value", param)
    assert f"runwayml/{model}" in text


def test_the_largest_size_of_one_model_is_for_videos_without_characters():
    grok = limits("grok_imagine_1_5")

    assert grok.why_not(create("x", size=Size(1920, 1080)).operation) is None
    assert grok.why_not(create("x", "Luna", LUNA, size=Size(1920, 1080)).operation)[2] == "size"


def test_a_model_nobody_knows_can_nothing():
    assert limits("gen9").why_not(create("gen9").operation)[1] == "runwayml/gen9 cannot create a video"


def test_an_order_for_a_model_nobody_knows_or_without_media_is_refused(upstream, tmp_path):
    for order in (create("gen9"), create("wan3", "Luna waves.", replace(LUNA, media={}))):
        with pytest.raises(Refused) as caught:
            send(upstream, tmp_path, order)
        assert caught.value.retry is Retry.ELSEWHERE
    assert upstream.counts["create"] == 0


def test_what_is_lowered_is_told(upstream, tmp_path):
    notes, _, body = send(upstream, tmp_path, create("hailuo3"))

    assert notes == ["size_lowered"]
    assert (body["ratio"], body["resolution"]) == ("16:9", "768p")


EDITS = sorted(name for name, model in MODELS.items() if model.source)


@pytest.mark.parametrize("kind", ["edit", "remix"])
@pytest.mark.parametrize("model", EDITS)
def test_an_edit_carries_our_copy_and_the_cast_where_it_can(upstream, tmp_path, model, kind):
    notes, route, _ = send(upstream, tmp_path, follow_up(kind, model, "Luna in snow.", LUNA))

    sent = upstream.requests[-1].document
    assert route == "video_to_video"
    assert upstream.uploads[sent[MODELS[model].source]] == b"the source video"
    assert len(sent.get("references", [])) == min(4, MODELS[model].edit_stills)
    assert notes == []


@pytest.mark.parametrize("model", ["seedance2_5", "gemini_omni_flash_1.1"])
def test_an_extension_says_how_much_is_added(upstream, tmp_path, model):
    _, route, body = send(upstream, tmp_path, follow_up("extend", model, seconds=6))

    assert (route, body["mode"], body["duration"]) == ("video_to_video", "extend", 6)


def test_a_name_the_edit_does_not_mention_is_added_and_told(upstream, tmp_path):
    notes, _, body = send(upstream, tmp_path, follow_up("edit", "kling_4", "Make it snow.", member("Luna", stills=1)))

    assert body["promptText"] == "Featuring Luna (image 1). Make it snow."
    assert notes == ["character_name_added"]


def test_options_are_sent_in_their_words(upstream, tmp_path):
    assert send(upstream, tmp_path, create("wan3", options={"runwayml": {"audio": "off"}}))[2]["audio"] is False
    body = send(upstream, tmp_path, create("gen4.5", options={"runwayml": {"public_figure_threshold": "low"}}))[2]
    assert body["contentModeration"] == {"publicFigureThreshold": "low"}
    assert "audio" not in send(upstream, tmp_path, create("wan3"))[2]
    notes, _, body = send(upstream, tmp_path, follow_up("edit", "klingO3_pro", options={"runwayml": {"audio": "on"}}))
    assert (notes, "audio" in body) == (["option_not_sent"], False)


def test_too_long_a_prompt_is_refused_before_it_is_sent(upstream, tmp_path):
    with pytest.raises(Refused) as caught:
        send(upstream, tmp_path, create("gen4.5", "🦊" * 501))

    assert (caught.value.code, caught.value.retry, upstream.counts["create"]) == ("unsupported_value", Retry.ELSEWHERE, 0)


def test_a_file_that_is_needed_twice_is_uploaded_once(upstream, tmp_path):
    send(upstream, tmp_path, create("kling_4", "Luna and her twin Lina.", LUNA, replace(LUNA, id="char_2", name="Lina")))

    assert upstream.counts["upload"] == 4
    assert len(upstream.requests[-1].document["references"]) == 8


@pytest.mark.parametrize(
    ("where", "fault", "retry"),
    [
        ("upload", "error", Retry.SAME),
        ("upload", "garbage", Retry.SAME),
        ("upload", "lose", Retry.SAME),
        ("upload", "bad_key", Retry.ELSEWHERE),
        ("upload", "away", Retry.ELSEWHERE),
        ("upload", "plain", Retry.ELSEWHERE),
        ("store", "error", Retry.SAME),
        ("store", "drop", Retry.SAME),
    ],
)
def test_an_upload_that_fails_never_looks_like_work_that_may_cost(upstream, tmp_path, where, fault, retry):
    upstream.break_next(where, fault)

    with pytest.raises(ProviderError) as caught:
        send(upstream, tmp_path, create("gen4.5", frame="frame.png"))

    assert not isinstance(caught.value, Ambiguous | NotSent)
    assert caught.value.retry is retry
    assert upstream.counts["create"] == 0
