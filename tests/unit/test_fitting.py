"""How an operation steps down to what a model can do, and how a wish for sound reaches whoever serves it."""

import pytest

from castlist import routing
from castlist.errors import Unsupported
from castlist.model import fitting
from castlist.model.capabilities import Capabilities
from castlist.model.characters import Fidelity
from castlist.model.operations import CreateVideo, EditVideo, ExtendVideo, Size, Source, Wishes
from castlist.model.providing import Account, Deployment

WIDE, TALL = Size(1280, 720), Size(720, 1280)
ON_OFF = {"options": {"audio": ("on", "off")}}


def a_deployment(name="veo", *, model="hero", provider="fal_ai", **capabilities):
    has = Capabilities(f"{provider}/{name}", **{"implements": frozenset({"create", "edit", "extend"}), "reference": True} | capabilities)
    return Deployment(name, model, provider, name, Account(provider, provider), has)


def create(*, degrade=True, audio=None, options=None, **changes):
    wishes = Wishes(degrade=degrade, audio=audio, options=options or {})
    return CreateVideo("a scene", **{"model": "hero", "seconds": 5, "size": WIDE, "wishes": wishes} | changes)


def follow_up(kind=EditVideo, **changes):
    return kind("on", "hero", source=Source("asset", 4.0, WIDE, video="video_1"), **{"wishes": Wishes(degrade=True)} | changes)


@pytest.mark.parametrize(
    ("wanted", "limits", "given"),
    [
        (5, {"seconds": (4, 6, 8)}, 6),
        (7, {"seconds": (4, 8, 12)}, 8),
        (30, {"max_seconds": 20}, 20),
        (1, {"min_seconds": 3}, 3),
        (5, {"seconds": (4, 5, 8), "cast_seconds": (8,), "characters": 1}, 8),
        (8, {}, 8),
    ],
)
def test_the_nearest_length_is_made_and_of_two_the_longer(wanted, limits, given):
    cast = ("char_1",) if "characters" in limits else ()
    fitted, notes = fitting.fit(create(seconds=wanted, characters=cast), a_deployment(**limits))

    assert fitted.seconds == given
    assert [(note.code, note.value, note.limit) for note in notes] == ([("seconds_changed", wanted, given)] if given != wanted else [])


@pytest.mark.parametrize(
    ("wanted", "limits", "given"),
    [
        (Size(1000, 562), {"sizes": (TALL, WIDE)}, WIDE),
        (Size(560, 1000), {"sizes": (WIDE, TALL)}, TALL),
        (Size(1900, 1070), {"sizes": (WIDE, Size(1920, 1080))}, Size(1920, 1080)),
        (Size(3840, 2160), {"max_side": 1920}, Size(1920, 1080)),
        (Size(1920, 1080), {"sizes": (WIDE, Size(1920, 1080)), "cast_sizes": (WIDE,), "characters": 1}, WIDE),
        (Size(1281, 721), {}, WIDE),
    ],
)
def test_the_nearest_size_is_made_by_shape_and_then_by_area(wanted, limits, given):
    cast = ("char_1",) if "characters" in limits else ()
    fitted, notes = fitting.fit(create(size=wanted, characters=cast), a_deployment(**limits))

    assert fitted.size == given
    assert [note.code for note in notes] == ["size_changed"]


def test_an_extension_adds_what_can_be_added():
    fitted, _ = fitting.fit(follow_up(ExtendVideo, seconds=20), a_deployment(extension=(2, 10)))

    assert fitted.seconds == 10


def test_nothing_steps_down_unasked():
    strict = create(degrade=False, seconds=7)
    short = a_deployment(seconds=(4, 6, 8))

    assert fitting.fit(strict, short)[0].seconds == 7
    with pytest.raises(Unsupported, match=r"fal_ai/veo makes clips of 4, 6, 8 seconds, not 7\. Models here that can: long") as refused:
        routing.plan(strict, [short, a_deployment("long", model="long")])
    assert (refused.value.code, refused.value.param) == ("unsupported_value", "seconds")


def test_a_length_a_size_and_a_sound_can_step_down_at_once():
    limits = {"seconds": (4, 8), "sizes": (WIDE,)}
    fitted, notes = fitting.fit(create(seconds=3, size=TALL, audio="off"), a_deployment(**limits))

    assert (fitted.seconds, fitted.size, fitted.wishes.audio) == (4, WIDE, None)
    assert [note.code for note in notes] == ["seconds_changed", "size_changed", "audio_changed"]


def test_a_frame_beside_more_characters_than_there_is_room_for_leaves_all_of_them_to_words():
    crowded = create(reference="frame", characters=("char_1", "char_2"))
    deployment = a_deployment(characters=1, fidelity=Fidelity.REFERENCE)

    assert fitting.why_not(crowded, deployment) is None
    assert deployment.capabilities.places(crowded) == 0
    assert [note.code for note in fitting.conflicts(crowded, deployment)] == ["too_many_characters"]


@pytest.mark.parametrize(
    ("wishes", "audio"),
    [
        (Wishes(), None),
        (Wishes(audio="off"), "off"),
        (Wishes(audio="off", options={"fal_ai": {"audio": "on"}}), "on"),
        (Wishes(options={"animatic": {"audio": "off"}}), "off"),
        (Wishes(options={"animatic": {"audio": "off"}, "xai": {"audio": "on"}}), None),
        (Wishes(audio="on", options={"animatic": {"audio": "off"}}), "on"),
    ],
)
def test_a_wish_for_sound_reaches_the_provider_in_its_own_words(wishes, audio):
    fitted, _ = fitting.fit(create(wishes=wishes), a_deployment(**ON_OFF))

    assert fitted.wishes.audio == audio
    assert fitted.wishes.options.get("fal_ai", {}).get("audio") == audio


@pytest.mark.parametrize(
    ("able", "says"),
    [
        ({}, "fal_ai/veo decides on the sound by itself"),
        ({"audio": {"create": ("on",)}}, "fal_ai/veo always makes sound"),
    ],
)
def test_a_model_that_cannot_follow_a_wish_for_sound_says_so(able, says):
    with pytest.raises(Unsupported, match=says) as refused:
        routing.plan(create(degrade=False, audio="off"), [a_deployment(**able)])

    assert (refused.value.code, refused.value.param) == ("unsupported_audio", "castlist.audio")


def test_another_providers_option_for_sound_is_not_passed_over_in_silence():
    asked = create(degrade=False, options={"animatic": {"audio": "off"}})
    with pytest.raises(Unsupported, match="so audio cannot be off"):
        routing.plan(asked, [a_deployment()])

    stepped, notes = fitting.fit(create(options={"animatic": {"audio": "off"}}), a_deployment())
    assert stepped.wishes.audio is None
    assert [note.code for note in notes] == ["audio_changed"]


def test_sound_may_be_chosen_for_some_operations_alone():
    deployment = a_deployment(audio={"create": ("on", "off")}, uploaded_source=True, **ON_OFF)

    assert fitting.why_not(create(degrade=False, audio="off"), deployment) is None
    refusal = fitting.why_not(follow_up(wishes=Wishes(audio="off")), deployment)
    assert refusal is not None
    assert refusal[0] == "unsupported_audio"
    assert fitting.fit(follow_up(wishes=Wishes(degrade=True, audio="off")), deployment)[0].wishes.options == {}
