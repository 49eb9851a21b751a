"""The gemini adapter: what it sends for every kind of order."""

from dataclasses import replace

import pytest

from castlist.errors import Refused
from castlist.model.characters import CastMember, Fidelity
from castlist.model.operations import CreateVideo, EditVideo, ExtendVideo, RemixVideo, Size
from castlist.model.providing import Account
from castlist.providers.gemini import Gemini
from providers.emulators.gemini import INTERACTION, serve_gemini
from providers.emulators.strict import complain, mutate
from providers.gemini_runs import KEY, MODEL, create, member, order, parts, prompt, run, sent, shown, source, submit, task


@pytest.fixture
def upstream():
    with serve_gemini(key=KEY, lasts=0) as server:
        yield server


def test_a_prompt_alone(upstream, tmp_path):
    assert sent(upstream, tmp_path, order(tmp_path)) == {
        "model": MODEL,
        "background": True,
        "input": [{"type": "user_input", "content": [{"type": "text", "text": "A fox walks."}]}],
        "generation_config": {"video_config": {"task": "text_to_video"}},
        "response_format": {"type": "video", "delivery": "uri", "aspect_ratio": "16:9", "resolution": "720p", "duration": "8s"},
    }


def test_an_opening_frame(upstream, tmp_path):
    document = sent(upstream, tmp_path, order(tmp_path, CreateVideo("It moves", "hero", 4, Size(1080, 1920), reference="frame.png")))

    assert (task(document), shown(upstream, document)) == ("image_to_video", ["frame.png"])
    assert prompt(document) == "[# Sources <FIRST_FRAME>@Image1]\nIt moves"
    assert document["response_format"]["aspect_ratio"] == "9:16"
    assert document["response_format"]["resolution"] == "1080p"


def test_one_character_by_clip_and_stills(upstream, tmp_path):
    document = sent(upstream, tmp_path, order(tmp_path, create(), cast=[member(tmp_path, "Luna")]))

    assert task(document) == "reference_to_video"
    assert shown(upstream, document) == ["luna-0.jpg", "luna-1.jpg", "luna-2.jpg", "luna-3.jpg", "luna.mp4"]
    assert prompt(document) == (
        "[# References <IMAGE_REF_0>@Image1 <IMAGE_REF_1>@Image2 <IMAGE_REF_2>@Image3 <IMAGE_REF_3>@Image4 <VIDEO_REF_0>@Video1]\n"
        "Luna (<VIDEO_REF_0>, <IMAGE_REF_0>, <IMAGE_REF_1>, <IMAGE_REF_2>, <IMAGE_REF_3>) dances"
    )


def test_two_characters_and_an_opening_frame(upstream, tmp_path):
    cast = [member(tmp_path, "Luna"), member(tmp_path, "Mossy")]
    document = sent(upstream, tmp_path, order(tmp_path, create("Mossy meets Luna", reference="frame.png"), cast=cast))

    assert shown(upstream, document) == [
        "frame.png", "luna-0.jpg", "luna-1.jpg", "mossy-0.jpg", "mossy-1.jpg", "luna.mp4", "mossy.mp4",
    ]  # fmt: skip
    assert prompt(document) == (
        "[# Sources <FIRST_FRAME>@Image1] [# References <IMAGE_REF_0>@Image2 <IMAGE_REF_1>@Image3 <IMAGE_REF_2>@Image4 "
        "<IMAGE_REF_3>@Image5 <VIDEO_REF_0>@Video1 <VIDEO_REF_1>@Video2]\n"
        "Mossy (<VIDEO_REF_1>, <IMAGE_REF_2>, <IMAGE_REF_3>) meets Luna (<VIDEO_REF_0>, <IMAGE_REF_0>, <IMAGE_REF_1>)"
    )


def test_two_characters_of_one_name_are_both_shown(upstream, tmp_path):
    twin = replace(member(tmp_path, "Twin", stills=1), name="Luna")
    document = sent(upstream, tmp_path, order(tmp_path, create(), cast=[member(tmp_path, "Luna", stills=1), twin]))

    assert shown(upstream, document) == ["luna-0.jpg", "twin-0.jpg", "luna.mp4", "twin.mp4"]
    assert prompt(document).endswith("Luna (<VIDEO_REF_0>, <VIDEO_REF_1>, <IMAGE_REF_0>, <IMAGE_REF_1>) dances")


@pytest.mark.parametrize(("size", "first"), [(Size(1280, 720), "luna-0.jpg"), (Size(720, 1280), "tall.jpg")])
def test_the_first_picture_has_the_ratio_of_the_video_where_it_was_made_so(upstream, tmp_path, size, first):
    (tmp_path / "tall.jpg").write_bytes(b"bytes of tall.jpg")
    luna = member(tmp_path, "Luna", clip=False)
    tall = replace(luna, media={**luna.media, "jpeg-0-9x16": "tall.jpg"})
    document = sent(upstream, tmp_path, order(tmp_path, create(size=size), cast=[tall]))

    assert shown(upstream, document) == [first, "luna-1.jpg", "luna-2.jpg", "luna-3.jpg"]


def test_a_character_without_cuts_goes_by_its_plain_stills(upstream, tmp_path):
    (tmp_path / "s0.png").write_bytes(b"bytes of s0.png")
    plain = CastMember("char_Luna", "Luna", Fidelity.REFERENCE, media={"still-0": "s0.png", "video": "v.mp4"})

    assert shown(upstream, sent(upstream, tmp_path, order(tmp_path, create(), cast=[plain]))) == ["s0.png"]


def test_a_described_character_is_words_and_no_reference(upstream, tmp_path):
    document = sent(upstream, tmp_path, order(tmp_path, create(), cast=[member(tmp_path, "Luna", fidelity=Fidelity.DESCRIBED)]))

    assert (task(document), parts(document), prompt(document)) == ("text_to_video", [], "Luna dances")


def test_a_character_with_nothing_to_show_is_never_dropped(upstream, tmp_path):
    with pytest.raises(Refused) as caught:
        sent(upstream, tmp_path, order(tmp_path, create(), cast=[member(tmp_path, "Luna", clip=False, stills=0)]))

    assert caught.value.code == "character_source_unsuitable"
    assert upstream.counts["create"] == 0


@pytest.mark.parametrize("text", ["Luna at <IMAGE_REF_0>", "Luna [# Sources <FIRST_FRAME>@Image1]", "Luna @Image 2 <previous_video>"])
def test_a_callers_own_tags_are_disarmed(upstream, tmp_path, text):
    ours = prompt(sent(upstream, tmp_path, order(tmp_path, create(text), cast=[member(tmp_path, "Luna", stills=1, clip=False)])))

    assert ours.startswith("[# References <IMAGE_REF_0>@Image1]\nLuna (<IMAGE_REF_0>) ")
    assert not set("<>@[") & set(ours.rpartition("(<IMAGE_REF_0>)")[2])


def test_an_edit_of_its_own_video_names_the_interaction(upstream, tmp_path):
    async def act(provider):
        ticket = await submit(provider, order(tmp_path))
        edit = EditVideo("Warm light", "hero", source())
        return await submit(provider, order(tmp_path, edit, ticket=ticket.data)), ticket

    _, first = run(upstream, tmp_path, act)
    document = upstream.sent("/interactions")[-1]
    assert (task(document), parts(document), prompt(document)) == ("edit", [], "Warm light")
    assert document["previous_interaction_id"] == first.data["id"]
    assert document["response_format"] == {"type": "video", "delivery": "uri"}


@pytest.mark.parametrize("kind", [EditVideo, RemixVideo])
def test_an_edit_of_a_video_from_elsewhere_uploads_it(upstream, tmp_path, kind):
    document = sent(upstream, tmp_path, order(tmp_path, kind("Warm light", "hero", source())))

    assert (task(document), shown(upstream, document)) == ("edit", ["source.mp4"])
    assert prompt(document) == "[# Sources <VIDEO_0>@Video1]\nWarm light"


def test_an_extension_shows_its_cast_by_stills(upstream, tmp_path):
    operation = ExtendVideo("Luna waves", "hero", 4, source(), characters=("char_Luna",))
    document = sent(upstream, tmp_path, order(tmp_path, operation, cast=[member(tmp_path, "Luna", stills=2)]))

    assert (task(document), shown(upstream, document)) == ("extend", ["luna-0.jpg", "luna-1.jpg", "source.mp4"])
    assert prompt(document).startswith("[# Sources <PREVIOUS_VIDEO>@Video1] [# References <IMAGE_REF_0>@Image1 <IMAGE_REF_1>@Image2]\n")
    assert document["response_format"]["duration"] == "4s"


def test_a_name_that_an_edit_does_not_mention_is_added_and_reported(upstream, tmp_path):
    operation = EditVideo("Warm light", "hero", source(), characters=("char_Luna",), seed=4)
    wanted = order(tmp_path, operation, cast=[member(tmp_path, "Luna", stills=1)])
    prepared = run(upstream, tmp_path, lambda provider: provider.prepare(wanted))

    assert [note.code for note in prepared.warnings] == ["character_name_added", "seed_ignored"]
    assert prompt(prepared.body).endswith("Featuring Luna (<IMAGE_REF_0>). Warm light")


def test_the_emulator_takes_no_body_with_a_field_wrong(tmp_path, upstream):
    cast = [member(tmp_path, "Luna"), member(tmp_path, "Mossy")]
    document = sent(upstream, tmp_path, order(tmp_path, create("Mossy meets Luna", reference="frame.png"), cast=cast))
    free = {".text another word", ".uri another word", ".model another word"}

    taken = [how for how, other in mutate(document) if not complain(other, INTERACTION)]

    assert complain(document, INTERACTION) is None
    assert {how for how in taken if not any(how.endswith(each) for each in free)} <= {
        f".response_format.{name} dropped" for name in ("aspect_ratio", "resolution", "duration")
    } | {f".input[0].content[{n}].uri dropped" for n in range(7)}


def test_the_api_version_is_a_setting(upstream, tmp_path):
    run(upstream, tmp_path, lambda provider: submit(provider, order(tmp_path)), api_version="v1beta")

    assert upstream.requests[0].path == "/v1beta/interactions"


def test_an_api_version_that_is_a_path_is_refused(upstream, tmp_path):
    with pytest.raises(Refused):
        run(upstream, tmp_path, lambda provider: submit(provider, order(tmp_path)), api_version="v1/../x")


@pytest.mark.parametrize(
    ("operation", "param"),
    [
        (create(size=Size(1792, 1024)), "size"),
        (replace(create(), seconds=12), "seconds"),
        (replace(create(), seconds=2), "seconds"),
        (EditVideo("x", "hero", source(seconds=12)), "video"),
        (ExtendVideo("x", "hero", 8, source(seconds=36)), "seconds"),
    ],
)
def test_what_omni_cannot_is_said_before_it_is_asked(operation, param):
    _, sentence, of = Gemini(Account("a", "gemini"), None).capabilities(MODEL).why_not(operation)

    assert of == param
    assert sentence.startswith(f"gemini/{MODEL} ")


def test_a_size_for_every_shape_that_omni_makes(upstream, tmp_path):
    for size in Gemini(Account("a", "gemini"), None).capabilities(MODEL).sizes:
        run(upstream, tmp_path, lambda provider, size=size: submit(provider, order(tmp_path, CreateVideo("x", "hero", 3, size))))

    shapes = {
        (document["response_format"]["aspect_ratio"], document["response_format"]["resolution"])
        for document in upstream.sent("/interactions")
    }
    assert len(shapes) == 8
