"""People at Kling: an element of a clip, which the vendor reads by a link, one to a video; their stills where that cannot be."""

from dataclasses import replace

import pytest

from castlist.errors import HandleGone, Refused
from castlist.model.characters import HUMAN_CLIP, Fidelity, Subject
from castlist.model.operations import Size
from castlist.model.providing import Handle
from providers.emulators.kling import FIRST_ELEMENT, serve_kling
from providers.emulators.kling_shapes import complain_of_element
from providers.emulators.strict import mutate
from providers.kling_runs import KEY, PAIR, create, documents, element, follow_up, member, order, own, parts, person, prompt, run, submit

FILMED = f"{FIRST_ELEMENT}/filmed"


@pytest.fixture
def upstream():
    with serve_kling(key=KEY, pair=PAIR, lasts=0) as server:
        yield server


def publish(media):
    return f"https://video.example.com/v1/media/{media.asset}?signature=1"


def asked(upstream):
    return [each.document for each in upstream.requests if each.path.endswith("/advanced-custom-elements") and each.method == "POST"]


@pytest.mark.parametrize("key", [KEY, PAIR])
def test_an_element_of_a_person_is_made_of_the_clip_by_a_link(upstream, tmp_path, key):
    handle = run(upstream, tmp_path, lambda provider: element(provider, person(tmp_path, "Ana")), key=key, publish=publish)

    (document,) = asked(upstream)
    assert handle == Handle(FILMED)
    assert document["reference_type"] == "video_refer"
    assert document["element_video_list"] == {"refer_videos": [{"video_url": "https://video.example.com/v1/media/ana.mp4?signature=1"}]}
    assert document["tag_list"] == [{"tag_id": "o_102"}]
    assert "element_image_list" not in document


@pytest.mark.parametrize(("subject", "tag"), [("stylised", "o_102"), ("animal", "o_103"), ("object", "o_104")])
def test_what_is_no_person_goes_in_stills_and_says_what_it_is(upstream, tmp_path, subject, tag):
    drawn = replace(person(tmp_path, "Ana"), subject=Subject(subject))
    handle = run(upstream, tmp_path, lambda provider: element(provider, drawn), publish=publish)

    (document,) = asked(upstream)
    assert handle == Handle(str(FIRST_ELEMENT))
    assert (document["reference_type"], document["tag_list"]) == ("image_refer", [{"tag_id": tag}])


def test_without_a_public_address_no_element_is_asked_for(upstream, tmp_path):
    with pytest.raises(Refused, match=r"media\.public_base_url") as caught:
        run(upstream, tmp_path, lambda provider: element(provider, person(tmp_path, "Ana")))

    assert caught.value.code == "public_url_required"
    assert asked(upstream) == []


@pytest.mark.parametrize("key", [KEY, PAIR])
def test_a_person_is_named_in_the_video_by_the_elements_own_number(upstream, tmp_path, key):
    async def act(provider):
        ana = await own(provider, person(tmp_path, "Ana"))
        prepared = await provider.prepare(order(tmp_path, create("Ana walks"), cast=[ana]))
        await provider.submit(prepared)
        return prepared

    prepared = run(upstream, tmp_path, act, key=key, publish=publish)

    (document,) = documents(upstream)
    shown = document["element_list"] if key == PAIR else parts(document, "element")
    assert [int(item["element_id"]) for item in shown] == [FIRST_ELEMENT]
    assert prepared.warnings == ()


def test_the_second_person_by_clip_is_one_too_many(upstream, tmp_path):
    async def act(provider):
        cast = [await own(provider, person(tmp_path, name)) for name in ("Ana", "Bob")]
        return await provider.prepare(order(tmp_path, create("Ana meets Bob"), cast=cast))

    with pytest.raises(Refused, match="Bob would be the second") as caught:
        run(upstream, tmp_path, act, publish=publish)

    assert caught.value.code == "too_many_references"


def test_the_second_person_goes_in_pictures_where_that_is_allowed(upstream, tmp_path):
    async def act(provider):
        cast = [await own(provider, person(tmp_path, name)) for name in ("Ana", "Bob")]
        prepared = await provider.prepare(order(tmp_path, create("Ana meets Bob", degrade=True), cast=cast))
        await provider.submit(prepared)
        return prepared

    prepared = run(upstream, tmp_path, act, publish=publish)

    (document,) = documents(upstream)
    assert [item["type"] for item in document["contents"]] == ["prompt", "element", *["refer_image"] * 3]
    assert prompt(document) == "Ana (@ana) meets Bob (@image_1, @image_2, @image_3)"
    assert [each.fidelity for each in prepared.order.cast] == [Fidelity.NATIVE, Fidelity.REFERENCE]
    assert [warning.code for warning in prepared.warnings] == ["character_by_picture"]


def test_a_person_and_a_drawing_are_two_elements(upstream, tmp_path):
    async def act(provider):
        cast = [await own(provider, person(tmp_path, "Ana")), await own(provider, member(tmp_path, "Mossy"))]
        return await submit(provider, order(tmp_path, create("Ana meets Mossy", frame="frame.png"), cast=cast))

    run(upstream, tmp_path, act, publish=publish)

    (document,) = documents(upstream)
    assert [item["type"] for item in document["contents"]] == ["prompt", "first_frame", "element", "element"]


def test_a_model_that_knows_no_such_elements_is_shown_pictures(upstream, tmp_path):
    async def act(provider):
        ana = await own(provider, person(tmp_path, "Ana"))
        prepared = await provider.prepare(order(tmp_path, create("Ana walks", seconds=5), cast=[ana], model="kling-o1"))
        await provider.submit(prepared)
        return prepared.warnings

    warnings = run(upstream, tmp_path, act, publish=publish)

    (document,) = documents(upstream)
    assert {item["type"] for item in document["contents"]} == {"prompt", "refer_image"}
    assert [warning.code for warning in warnings] == ["character_by_picture"]


def test_a_person_whose_clip_is_too_short_goes_in_stills_and_that_is_told(upstream, tmp_path):
    async def act(provider):
        short = person(tmp_path, "Ana")
        ana = await own(provider, replace(short, media={name: asset for name, asset in short.media.items() if name != HUMAN_CLIP}))
        return (await provider.prepare(order(tmp_path, create("Ana walks"), cast=[ana]))).warnings

    (warning,) = run(upstream, tmp_path, act, publish=publish)

    assert warning.code == "character_by_stills"
    assert "3 seconds and 720 lines" in warning.message


STILLS = Handle(str(FIRST_ELEMENT))


def by_stills(provider, folder, *, degrade):
    """The preparation of a video with a person whose element was made of stills."""
    ana = replace(person(folder, "Ana"), handle=STILLS.value)
    return provider.prepare(order(folder, create("Ana walks", degrade=degrade), cast=[ana]))


def test_an_element_of_stills_stands_in_where_that_is_allowed(upstream, tmp_path):
    prepared = run(upstream, tmp_path, lambda provider: by_stills(provider, tmp_path, degrade=True))

    assert [warning.code for warning in prepared.warnings] == ["character_by_stills"]
    assert "media.public_base_url" in prepared.warnings[0].message


def test_it_does_not_where_that_is_not_allowed(upstream, tmp_path):
    with pytest.raises(Refused) as caught:
        run(upstream, tmp_path, lambda provider: by_stills(provider, tmp_path, degrade=False))

    assert caught.value.code == "public_url_required"


def test_it_is_made_again_once_the_clip_can_be_read(upstream, tmp_path):
    with pytest.raises(HandleGone) as caught:
        run(upstream, tmp_path, lambda provider: by_stills(provider, tmp_path, degrade=True), publish=publish)

    assert caught.value.handles == (STILLS.value,)


def test_an_element_of_a_clip_is_deleted_and_lost_by_its_number(upstream, tmp_path):
    async def act(provider):
        ana = await own(provider, person(tmp_path, "Ana"))
        await provider.unbind(Handle(ana.handle))
        with pytest.raises(HandleGone) as caught:
            await submit(provider, order(tmp_path, create("Ana walks"), cast=[ana]))
        return caught.value.handles

    assert run(upstream, tmp_path, act, publish=publish) == (FILMED,)
    assert [each.deleted for each in upstream.elements.values()] == [True]


def test_an_edit_takes_a_person_by_clip(upstream, tmp_path):
    async def act(provider):
        ticket = await submit(provider, order(tmp_path))
        ana = await own(provider, person(tmp_path, "Ana"))
        await submit(provider, order(tmp_path, follow_up("edit", "Ana smiles"), cast=[ana], ticket=ticket.data, reference="video_2"))

    run(upstream, tmp_path, act, publish=publish)
    assert [item["type"] for item in documents(upstream)[-1]["contents"]] == ["prompt", "base_video", "element"]


def test_the_emulator_takes_no_element_of_a_clip_with_a_field_wrong(upstream, tmp_path):
    run(upstream, tmp_path, lambda provider: element(provider, person(tmp_path, "Ana")), publish=publish)
    (document,) = asked(upstream)
    taken = {how for how, other in mutate(document) if not complain_of_element(other)}

    assert complain_of_element(document) is None
    assert complain_of_element({**document, "element_video_list": {"refer_videos": []}})
    words = (".element_name", ".element_description", ".element_video_list.refer_videos[0].video_url")
    assert taken == {".tag_list dropped", *(f"{field} another word" for field in words)}


def test_the_emulator_takes_one_element_of_a_clip_a_video(upstream, tmp_path):
    async def act(provider):
        ana, bo = [await own(provider, person(tmp_path, name)) for name in ("Ana", "Bob")]
        plain = [replace(each, subject=None) for each in (ana, bo)]
        with pytest.raises(Refused, match="at most one element made of a video"):
            await submit(provider, order(tmp_path, create("Ana meets Bob"), cast=plain))
        with pytest.raises(Refused, match="does not support"):
            await submit(provider, order(tmp_path, create("Ana", seconds=5), cast=plain[:1], model="kling-o1"))

    run(upstream, tmp_path, act, publish=publish)
    assert upstream.counts["accepted"] == 0


def test_a_square_video_of_a_person_is_one_like_others(upstream, tmp_path):
    async def act(provider):
        ana = await own(provider, person(tmp_path, "Ana"))
        return (await provider.prepare(order(tmp_path, create("Ana walks", size=Size(720, 720)), cast=[ana]))).warnings

    assert [warning.code for warning in run(upstream, tmp_path, act, publish=publish)] == ["size_by_ratio"]
