"""The xai adapter: what it sends for every kind of order."""

from dataclasses import replace

import pytest

from castlist.errors import Refused
from castlist.model.characters import CastMember, Fidelity
from castlist.model.operations import CreateVideo, EditVideo, ExtendVideo, RemixVideo, Size, Wishes
from castlist.model.providing import Account
from castlist.providers.xai import XAI
from castlist.providers.xai_models import SHAPES as SIZES
from providers.emulators.strict import complain, mutate
from providers.emulators.xai import SHAPES, serve_xai, unpack
from providers.xai_runs import FIRST, FULL, KEY, PINNED, create, member, order, run, sent, source


@pytest.fixture
def upstream():
    with serve_xai(key=KEY, lasts=0) as server:
        yield server


def shown(pictures):
    return [unpack(each["url"]).decode().removeprefix("bytes of ") for each in pictures]


def test_a_prompt_alone(upstream, tmp_path):
    assert sent(upstream, tmp_path, order(tmp_path)) == (
        "/v1/videos/generations",
        {"model": FIRST, "prompt": "A fox walks.", "duration": 8, "aspect_ratio": "16:9", "resolution": "720p"},
    )


def test_an_opening_frame(upstream, tmp_path):
    _, document = sent(upstream, tmp_path, order(tmp_path, CreateVideo("It moves", "hero", 4, Size(480, 480), reference="frame.png")))

    assert document["image"]["url"].startswith("data:image/png;base64,")
    assert shown([document["image"]]) == ["frame.png"]
    assert (document["aspect_ratio"], document["resolution"]) == ("1:1", "480p")


def test_one_character_by_its_best_stills(upstream, tmp_path):
    _, document = sent(upstream, tmp_path, order(tmp_path, create(), cast=[member(tmp_path, "Luna")]))

    assert shown(document["reference_images"]) == ["luna-0.jpg", "luna-1.jpg", "luna-2.jpg"]
    assert document["prompt"] == "Luna (<IMAGE_1>, <IMAGE_2>, <IMAGE_3>) dances"


def test_two_characters_and_a_pinned_opening_frame(upstream, tmp_path):
    cast = [member(tmp_path, "Luna"), member(tmp_path, "Mossy")]
    wanted = order(tmp_path, create("Mossy meets Luna. Luna bows.", reference="frame.png"), cast=cast, model=PINNED)
    _, document = sent(upstream, tmp_path, wanted)

    assert len(document["reference_images"]) == 6
    assert shown(document["reference_images"])[3] == "mossy-0.jpg"
    assert document["prompt"] == (
        "Mossy (<IMAGE_4>, <IMAGE_5>, <IMAGE_6>) meets Luna (<IMAGE_1>, <IMAGE_2>, <IMAGE_3>). Luna bows."
    )  # fmt: skip
    assert shown([document["image"]]) == ["frame.png"]


def test_two_characters_of_one_name_are_both_shown(upstream, tmp_path):
    twin = replace(member(tmp_path, "Twin", stills=1), name="Luna")
    _, document = sent(upstream, tmp_path, order(tmp_path, create(), cast=[member(tmp_path, "Luna", stills=1), twin]))

    assert shown(document["reference_images"]) == ["luna-0.jpg", "twin-0.jpg"]
    assert document["prompt"] == "Luna (<IMAGE_1>, <IMAGE_2>) dances"


def test_plain_stills_stand_in_and_a_described_character_is_words(upstream, tmp_path):
    (tmp_path / "s0.png").write_bytes(b"bytes of s0.png")
    plain = CastMember("char_Luna", "Luna", Fidelity.REFERENCE, media={"still-0": "s0.png"})
    words = member(tmp_path, "Mossy", fidelity=Fidelity.DESCRIBED)
    _, document = sent(upstream, tmp_path, order(tmp_path, create("Luna meets Mossy"), cast=[plain, words]))

    assert (shown(document["reference_images"]), document["prompt"]) == (["s0.png"], "Luna (<IMAGE_1>) meets Mossy")


def test_a_character_with_nothing_to_show_is_never_dropped(upstream, tmp_path):
    with pytest.raises(Refused) as caught:
        sent(upstream, tmp_path, order(tmp_path, create(), cast=[member(tmp_path, "Luna", stills=0)]))

    assert (caught.value.code, upstream.counts["create"]) == ("character_source_unsuitable", 0)


def test_a_callers_own_tags_are_disarmed(upstream, tmp_path):
    _, document = sent(
        upstream, tmp_path, order(tmp_path, create("Luna and <IMAGE_2> <audio_0>"), cast=[member(tmp_path, "Luna", stills=1)])
    )

    assert document["prompt"] == "Luna (<IMAGE_1>) and ‹IMAGE_2› ‹audio_0›"


@pytest.mark.parametrize(("word", "value"), [("on", True), ("off", False)])
def test_sound_is_an_option(upstream, tmp_path, word, value):
    heard = replace(create(), wishes=Wishes(options={"xai": {"audio": word}}))

    assert sent(upstream, tmp_path, order(tmp_path, heard))[1]["generate_audio"] is value


@pytest.mark.parametrize("kind", [EditVideo, RemixVideo])
def test_an_edit_sends_the_video_itself(upstream, tmp_path, kind):
    path, document = sent(upstream, tmp_path, order(tmp_path, kind("Warm <IMAGE_1> light", "hero", source())))

    assert path == "/v1/videos/edits"
    assert shown([document.pop("video")]) == ["source.mp4"]
    assert document == {"model": FIRST, "prompt": "Warm ‹IMAGE_1› light"}


def test_an_extension_says_what_to_add(upstream, tmp_path):
    path, document = sent(upstream, tmp_path, order(tmp_path, ExtendVideo("It waves", "hero", 6, source())))

    assert (path, document["duration"], set(document)) == ("/v1/videos/extensions", 6, {"model", "prompt", "video", "duration"})


def test_what_a_follow_up_leaves_out_is_reported(upstream, tmp_path):
    edit = EditVideo("Luna waves", "hero", source(size=FULL), characters=("char_Luna",), seed=4)
    edit = replace(edit, wishes=Wishes(options={"xai": {"audio": "off"}}))
    prepared = run(upstream, tmp_path, lambda provider: provider.prepare(order(tmp_path, edit, cast=[member(tmp_path, "Luna")])))

    assert [note.code for note in prepared.warnings] == ["seed_ignored", "option_ignored", "size_lowered"]


@pytest.mark.parametrize("route", SHAPES)
def test_the_emulator_takes_no_body_with_a_field_wrong(upstream, tmp_path, route):
    operation = {
        "generations": create(reference="frame.png"),
        "edits": EditVideo("x", "hero", source()),
        "extensions": ExtendVideo("x", "hero", 4, source()),
    }[route]
    cast = [member(tmp_path, "Luna")] if route == "generations" else []
    _, document = sent(upstream, tmp_path, order(tmp_path, operation, cast=cast, model=PINNED if cast else FIRST))
    optional = {f".{name.removesuffix('?')} dropped" for name in SHAPES[route] if name.endswith("?")}

    taken = {how for how, other in mutate(document) if not complain(other, SHAPES[route])}

    assert complain(document, SHAPES[route]) is None
    assert taken <= optional | {".prompt another word", ".model another word"}


@pytest.mark.parametrize(
    ("model", "operation", "param"),
    [
        (FIRST, create(size=FULL), "size"),
        (PINNED, create(size=FULL), "size"),
        (FIRST, create(size=Size(1792, 1024)), "size"),
        (FIRST, replace(create(), seconds=16), "seconds"),
        (FIRST, create(reference="frame.png"), "input_reference"),
        (PINNED, EditVideo("x", "hero", source()), None),
        (f"{PINNED}-lite", ExtendVideo("x", "hero", 4, source()), None),
        (FIRST, EditVideo("x", "hero", source(seconds=9)), "video"),
        (FIRST, ExtendVideo("x", "hero", 1, source()), "seconds"),
        (FIRST, ExtendVideo("x", "hero", 12, source()), "seconds"),
        (FIRST, ExtendVideo("x", "hero", 4, source(seconds=16)), "video"),
    ],
)
def test_what_a_model_cannot_is_said_before_it_is_asked(model, operation, param):
    _, sentence, of = XAI(Account("a", "xai"), None).capabilities(model).why_not(operation)

    assert of == param
    assert sentence.startswith(f"xai/{model} ")


@pytest.mark.parametrize(
    ("model", "operation"),
    [(PINNED, replace(create(size=FULL), characters=())), (PINNED, create(reference="f")), (FIRST, ExtendVideo("x", "m", 10, source(15)))],
)
def test_what_a_model_can_is_let_through(model, operation):
    assert XAI(Account("a", "xai"), None).capabilities(model).why_not(operation) is None


def test_a_size_for_every_shape_that_the_vendor_names():
    shapes = SHAPES["generations"]

    assert set(SIZES.values()) == {(ratio, lines) for ratio in shapes["aspect_ratio?"] for lines in shapes["resolution?"]}
    assert all(size.width % 2 == size.height % 2 == 0 for size in SIZES)
    assert SIZES[Size(854, 480)] == ("16:9", "480p")
