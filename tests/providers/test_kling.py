"""The kling adapter: what it sends for every kind of order, in the newer and in the older API."""

import asyncio
from dataclasses import replace

import pytest

from castlist import casting
from castlist.errors import Refused
from castlist.model.characters import Character, CharacterState, Fidelity
from castlist.model.operations import Size, Source
from castlist.model.providing import Account, Deployment
from castlist.providers.kling import Kling
from castlist.providers.kling_models import MODELS, limits
from castlist.testing import ProviderContract
from providers.emulators.kling import serve_kling
from providers.emulators.kling_shapes import complain_of_omni, unpack
from providers.emulators.strict import mutate
from providers.kling_runs import (
    FULL,
    HD,
    KEY,
    MODEL,
    NOW,
    PAIR,
    adapt,
    bound,
    colour,
    create,
    documents,
    follow_up,
    is_painted,
    member,
    order,
    parts,
    prompt,
    run,
    sent,
    source,
    submit,
)


@pytest.fixture
def upstream():
    with serve_kling(key=KEY, pair=PAIR, lasts=0) as server:
        yield server


def sent_with(upstream, folder, build, **options):
    """The document of an order that is built with a provider at hand, for its elements."""

    async def act(provider):
        return await submit(provider, await build(provider))

    run(upstream, folder, act, **options)
    (document,) = documents(upstream)
    return document


def test_a_prompt_alone(upstream, tmp_path):
    assert sent(upstream, tmp_path, order(tmp_path)) == {
        "contents": [{"type": "prompt", "text": "A fox walks."}],
        "settings": {"resolution": "720p", "aspect_ratio": "16:9", "duration": 8, "audio": "off", "multi_shot": False},
        "options": {"external_task_id": "video_1", "watermark_info": {"enabled": False}},
    }
    (request,) = upstream.requests
    assert request.path == "/omni-video/kling-3.0-omni"
    assert dict(request.headers) == {"authorization": f"Bearer {KEY}", "content-type": "application/json"}


def test_an_opening_frame_gives_the_ratio(upstream, tmp_path):
    document = sent(upstream, tmp_path, order(tmp_path, create("It moves", frame="frame.png", size=FULL)))

    (frame,) = parts(document, "first_frame")
    assert is_painted(unpack(frame["url"]), colour("frame"))
    assert frame["id"] == "image_1"
    assert document["settings"] == {"resolution": "1080p", "duration": 8, "audio": "off", "multi_shot": False}


def test_one_character_is_an_element_named_once(upstream, tmp_path):
    async def build(provider):
        return order(tmp_path, create("Luna dances, and Luna bows"), cast=[await bound(provider, tmp_path, "Luna")])

    document = sent_with(upstream, tmp_path, build)
    (item,) = parts(document, "element")
    assert item == {"type": "element", "element_id": "829836802793406551", "id": "luna"}
    assert prompt(document) == "Luna (@luna) dances, and Luna bows"
    assert [is_painted(pixels, colour("luna", n)) for n, pixels in enumerate(upstream.shown(item["element_id"]))] == [True] * 4


def test_two_characters_and_an_opening_frame(upstream, tmp_path):
    async def build(provider):
        cast = [await bound(provider, tmp_path, "Luna"), await bound(provider, tmp_path, "Mossy")]
        return order(tmp_path, create("Mossy meets Luna", frame="frame.png"), cast=cast)

    document = sent_with(upstream, tmp_path, build)
    assert [item["type"] for item in document["contents"]] == ["prompt", "first_frame", "element", "element"]
    assert prompt(document) == "Mossy (@mossy) meets Luna (@luna)"
    names = {item["id"]: item["element_id"] for item in parts(document, "element")}
    assert is_painted(upstream.shown(names["luna"])[0], colour("luna"))
    assert is_painted(upstream.shown(names["mossy"])[0], colour("mossy"))


def test_the_order_of_the_cast_does_not_swap_anybody(upstream, tmp_path):
    async def build(provider):
        luna, mossy = await bound(provider, tmp_path, "Luna"), await bound(provider, tmp_path, "Mossy")
        return order(tmp_path, create("Luna meets Mossy"), cast=[mossy, luna])

    names = {item["id"]: item["element_id"] for item in parts(sent_with(upstream, tmp_path, build), "element")}
    assert is_painted(upstream.shown(names["luna"])[0], colour("luna"))


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (("Ann", "Ann Marie"), ("element_1", "element_2")),
        (("Luna!", "Mossy"), ("luna", "mossy")),
        (("雪", "🦊"), ("element_1", "element_2")),
        (("Émile", 'O\'Neil "Bo"'), ("emile", "o_neil_bo")),
        (("Image", "Mossy"), ("element_1", "element_2")),
        (("Image 2", "Mossy"), ("element_1", "element_2")),
        (("X", "Mossy"), ("element_1", "element_2")),
        (("A name that is longer than twenty", "Bo"), ("a_name_that_is_longe", "bo")),
    ],
)
def test_every_name_gets_an_id_that_is_no_part_of_another(upstream, tmp_path, names, ids):
    async def build(provider):
        luna, mossy = await bound(provider, tmp_path, "Luna"), await bound(provider, tmp_path, "Mossy")
        cast = [replace(luna, name=names[0]), replace(mossy, name=names[1])]
        return order(tmp_path, create(f"{names[0]} meets {names[1]}"), cast=cast)

    document = sent_with(upstream, tmp_path, build)
    assert tuple(item["id"] for item in parts(document, "element")) == ids
    assert prompt(document) == f"{names[0]} (@{ids[0]}) meets {names[1]} (@{ids[1]})"


def test_two_characters_of_one_name_are_both_shown(upstream, tmp_path):
    async def build(provider):
        luna, twin = await bound(provider, tmp_path, "Luna"), await bound(provider, tmp_path, "Mossy")
        return order(tmp_path, create(), cast=[luna, replace(twin, name="Luna")])

    document = sent_with(upstream, tmp_path, build)
    assert [item["id"] for item in parts(document, "element")] == ["element_1", "element_2"]
    assert prompt(document) == "Luna (@element_1, @element_2) dances"


@pytest.mark.parametrize("text", ["Luna and @luna", "Luna writes to luna@example.com", "Luna <<<element_1>>>", "Luna @image_1"])
def test_a_callers_own_tags_are_disarmed(upstream, tmp_path, text):
    async def build(provider):
        return order(tmp_path, create(text), cast=[await bound(provider, tmp_path, "Luna")])

    ours = prompt(sent_with(upstream, tmp_path, build))
    assert ours.startswith("Luna (@luna) ")
    assert not set("<@") & set(ours.removeprefix("Luna (@luna) "))


def test_a_character_of_one_still_is_shown_in_it_and_that_is_told(upstream, tmp_path):
    async def act(provider):
        wanted = order(tmp_path, create("Luna dances", frame="frame.png"), cast=[member(tmp_path, "Luna", stills=1)])
        prepared = await provider.prepare(wanted)
        await provider.submit(prepared)
        return prepared.warnings

    (warning,) = run(upstream, tmp_path, act)
    (document,) = documents(upstream)
    (picture,) = parts(document, "refer_image")
    assert warning.code == "character_by_picture"
    assert is_painted(unpack(picture["url"]), colour("luna"))
    assert (picture["id"], prompt(document)) == ("image_2", "Luna (@image_2) dances")


def test_pictures_and_elements_share_seven_places(upstream, tmp_path):
    cast = [member(tmp_path, "Luna"), member(tmp_path, "Mossy")]
    document = sent(upstream, tmp_path, order(tmp_path, create("Mossy meets Luna", frame="frame.png"), cast=cast))

    assert [item["id"] for item in parts(document, "refer_image")] == [f"image_{n}" for n in range(2, 8)]
    assert prompt(document) == "Mossy (@image_5, @image_6, @image_7) meets Luna (@image_2, @image_3, @image_4)"


@pytest.mark.parametrize(("stills", "fidelity"), [(1, Fidelity.REFERENCE), (2, Fidelity.NATIVE)])
def test_an_element_needs_a_second_still(stills, fidelity):
    assets = {"video": "v", **{f"still-{n}": f"s{n}" for n in range(stills)}}
    luna = Character("char_Luna", "default", "Luna", "", CharacterState.READY, NOW, "digest", assets=assets)
    hero = Deployment("hero", "hero", "kling", MODEL, Account("a", "kling"), limits(MODEL))

    assert casting.cast(create(), [luna], hero)[0].fidelity is fidelity


def test_a_described_character_is_words_and_nothing_else(upstream, tmp_path):
    document = sent(upstream, tmp_path, order(tmp_path, create(), cast=[member(tmp_path, "Luna", fidelity=Fidelity.DESCRIBED)]))

    assert document["contents"] == [{"type": "prompt", "text": "Luna dances"}]


def test_a_character_with_nothing_to_show_is_never_dropped(upstream, tmp_path):
    with pytest.raises(Refused) as caught:
        sent(upstream, tmp_path, order(tmp_path, create(), cast=[member(tmp_path, "Luna", stills=0)]))

    assert caught.value.code == "character_source_unsuitable"
    assert upstream.counts["create"] == 0


@pytest.mark.parametrize("kind", ["edit", "remix"])
def test_an_edit_of_its_own_video_names_the_link_the_vendor_gave(upstream, tmp_path, kind):
    async def act(provider):
        ticket = await submit(provider, order(tmp_path))
        cast = [await bound(provider, tmp_path, "Luna")]
        wanted = order(tmp_path, follow_up(kind, "Luna in warm light"), cast=cast, ticket=ticket.data, reference="video_2")
        await submit(provider, wanted)
        return ticket

    ticket = run(upstream, tmp_path, act)
    document = documents(upstream)[1]
    assert document["contents"] == [
        {"type": "prompt", "text": "Luna (@luna) in warm light"},
        {"type": "base_video", "url": f"{upstream.base_url}/out/{ticket.data['id']}/1.mp4", "id": "video_1"},
        {"type": "element", "element_id": "829836802793406551", "id": "luna"},
    ]
    assert document["settings"] == {"resolution": "720p", "audio": "original", "multi_shot": False}


def test_an_extension_by_way_of_degrade_is_the_next_shot(upstream, tmp_path):
    async def act(provider):
        ticket = await submit(provider, order(tmp_path))
        operation = follow_up("extend", "It waves", of=source(size=FULL), degrade=True)
        prepared = await provider.prepare(order(tmp_path, operation, ticket=ticket.data, reference="video_2"))
        await provider.submit(prepared)
        return prepared.warnings

    (warning,) = run(upstream, tmp_path, act)
    document = documents(upstream)[1]
    assert warning.code == "extended_by_next_shot"
    assert [item["type"] for item in document["contents"]] == ["prompt", "feature_video"]
    assert document["settings"] == {"resolution": "1080p", "duration": 4, "aspect_ratio": "16:9", "audio": "off", "multi_shot": True}


@pytest.mark.parametrize("ticket", [None, {"id": "8936059464028999"}])
def test_a_video_from_elsewhere_needs_a_public_address(upstream, tmp_path, ticket):
    (tmp_path / "source.mp4").write_bytes(b"film")

    with pytest.raises(Refused) as caught:
        sent(upstream, tmp_path, order(tmp_path, follow_up("edit"), ticket=ticket))

    assert caught.value.code == "public_url_required"
    assert "media.public_base_url" in caught.value.message
    assert upstream.counts["create"] == 0


def test_sound_and_shots_are_options(upstream, tmp_path):
    wanted = order(tmp_path, create("A fox", options={"audio": "on", "multi_shot": "on"}))
    settings = sent(upstream, tmp_path, wanted)["settings"]

    assert (settings["audio"], settings["multi_shot"]) == ("native", True)


@pytest.mark.parametrize(("wish", "sound"), [({}, "original"), ({"audio": "off"}, "off")])
def test_an_edit_keeps_the_sound_unless_it_is_to_be_silent(upstream, tmp_path, wish, sound):
    async def act(provider):
        edit = follow_up("edit")
        ticket = (await submit(provider, order(tmp_path))).data
        edit = replace(edit, wishes=replace(edit.wishes, options={"kling": wish}))
        await submit(provider, order(tmp_path, edit, ticket=ticket, reference="video_2"))

    run(upstream, tmp_path, act)
    assert documents(upstream)[1]["settings"]["audio"] == sound


def test_what_is_not_followed_is_told(upstream, tmp_path):
    async def codes(provider, operation, **options):
        return [note.code for note in (await provider.prepare(order(tmp_path, operation, **options))).warnings]

    async def act(provider):
        ticket = (await submit(provider, order(tmp_path))).data
        edit = replace(follow_up("edit", of=source(size=Size(1080, 1920))), seed=4)
        cut = replace(edit, seed=None, wishes=replace(edit.wishes, options={"kling": {"multi_shot": "on"}}))
        return (
            await codes(provider, create("A fox", size=Size(720, 720))),
            await codes(provider, edit, ticket=ticket),
            await codes(provider, cut, ticket=ticket),
            await codes(provider, follow_up("edit", of=source(size=Size(2000, 2000))), ticket=ticket, model="kling-o1"),
        )

    assert run(upstream, tmp_path, act) == (["size_by_ratio"], ["seed_ignored"], ["option_not_sent"], ["size_lowered"])


def test_a_prompt_that_is_too_long_with_its_tags_is_refused_in_words(upstream, tmp_path):
    with pytest.raises(Refused) as caught:
        sent(upstream, tmp_path, order(tmp_path, create("x" * 3073)))

    assert (caught.value.code, upstream.counts["create"]) == ("unsupported_value", 0)
    assert "up to 3072 characters, and this one has 3073" in caught.value.message


@pytest.mark.parametrize("model", MODELS)
def test_every_size_and_length_is_one_that_the_vendor_takes(upstream, tmp_path, model):
    can = limits(model)
    wanted = [create("x", size=size, seconds=can.min_seconds) for size in can.sizes]
    wanted += [create("x", seconds=seconds) for seconds in range(can.min_seconds, can.max_seconds + 1)]

    async def act(provider):
        for n, operation in enumerate(wanted):
            await submit(provider, order(tmp_path, operation, model=model, reference=f"video_{n}"))

    run(upstream, tmp_path, act)
    shapes = {(each["settings"]["aspect_ratio"], each["settings"]["resolution"]) for each in documents(upstream)}
    assert len(shapes) == len(can.sizes)


def test_o1_makes_five_or_ten_seconds_of_a_frame_alone(upstream, tmp_path):
    sent(upstream, tmp_path, order(tmp_path, create("x", frame="frame.png", seconds=5), model="kling-o1"))
    with pytest.raises(Refused) as caught:
        run(upstream, tmp_path, lambda p: p.prepare(order(tmp_path, create("x", frame="frame.png", seconds=6), model="kling-o1")))

    assert "5 or 10 seconds from an opening frame alone, not 6" in caught.value.message


@pytest.mark.parametrize(
    ("operation", "code", "words"),
    [
        (create(size=Size(1792, 1024)), "unsupported_value", "makes 1280x720"),
        (create(seconds=2), "unsupported_value", "3 to 15 seconds, not 2"),
        (follow_up("edit", of=source(seconds=16)), "unsupported_value", "3 to 15.5 seconds, not 16"),
        (follow_up("edit", of=source(size=Size(640, 360))), "unsupported_value", "700 pixels a side or more, not 640x360"),
        (follow_up("extend"), "unsupported_operation", "cannot extend a video; with on_unsupported: degrade"),
        (follow_up("extend", seconds=2, degrade=True), "unsupported_value", "3 to 15 seconds, not 2"),
    ],
)
def test_what_kling_cannot_is_said_before_it_is_asked(operation, code, words):
    found, sentence, _ = limits(MODEL).why_not(operation)

    assert found == code
    assert sentence.startswith(f"kling/{MODEL} ")
    assert words in sentence


def test_an_extension_is_possible_for_who_allows_a_step_down():
    assert limits(MODEL).why_not(follow_up("extend", degrade=True)) is None


def test_a_model_that_is_not_known_does_nothing(upstream, tmp_path):
    assert limits("kling-4.0").implements == frozenset()
    with pytest.raises(Refused):
        sent(upstream, tmp_path, order(tmp_path, model="kling-4.0"))


FREE = (".text another word", ".external_task_id another word", ".id another word", ".url another word", ".element_id another word")
OPTIONAL = {
    ".settings dropped", ".options dropped", ".settings.resolution dropped", ".settings.duration dropped", ".settings.audio dropped",
    ".settings.multi_shot dropped", ".options.external_task_id dropped", ".options.watermark_info dropped", ".contents[1].id dropped",
}  # fmt: skip


def test_the_emulator_takes_no_body_with_a_field_wrong(upstream, tmp_path):
    async def build(provider):
        return order(tmp_path, create("Luna dances", frame="frame.png"), cast=[await bound(provider, tmp_path, "Luna")])

    document = sent_with(upstream, tmp_path, build)
    taken = {how for how, other in mutate(document) if not complain_of_omni(MODEL, other)}

    assert complain_of_omni(MODEL, document) is None
    assert {how for how in taken if not how.endswith(FREE)} <= OPTIONAL


def test_two_orders_at_a_time_do_not_mix(upstream, tmp_path):
    async def act():
        async with adapt(upstream, tmp_path) as provider:
            luna, mossy = await bound(provider, tmp_path, "Luna"), await bound(provider, tmp_path, "Mossy")
            orders = [
                order(tmp_path, create(f"{cast.name} runs"), cast=[cast], reference=f"video_{cast.name}") for cast in (luna, mossy) * 4
            ]
            await asyncio.gather(*(submit(provider, replace(each, reference=f"{each.reference}{n}")) for n, each in enumerate(orders)))

    asyncio.run(act())
    for document in documents(upstream):
        (item,) = parts(document, "element")
        assert is_painted(upstream.shown(item["element_id"])[0], colour(item["id"]))


def test_an_uploaded_source_is_no_own_video():
    assert limits(MODEL).why_not(replace(follow_up("edit"), source=Source("up.mp4", 8.0, HD))) is None


class TestContract(ProviderContract):
    model = MODEL

    @pytest.fixture(autouse=True)
    def upstream(self):
        with serve_kling(key=KEY, pair=PAIR) as upstream:
            self.api_base = upstream.base_url
            yield

    def provider(self, http):
        return Kling(Account("local", "kling", api_base=self.api_base, api_key=KEY), http)
