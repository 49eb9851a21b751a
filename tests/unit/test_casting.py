"""How characters travel to a deployment."""

from datetime import UTC, datetime

import pytest

from castlist import casting
from castlist.errors import InvalidRequest
from castlist.model.capabilities import Capabilities
from castlist.model.characters import Character, CharacterState, Clip, Fidelity
from castlist.model.operations import CreateVideo, Size, Wishes
from castlist.model.providing import Account, Deployment

LANDSCAPE = Size(1280, 720)
SEPARATED = {"video": "asset_v", "still-0": "asset_s", "cutout_sequence": "asset_c"}


def a_character(name="Luna", *, assets=SEPARATED, size=(1280, 720)):
    clip = Clip(3.0, *size, 24.0, 1000, "0" * 64)
    return Character(
        f"char_{name}", "default", name, "", CharacterState.READY, datetime(2026, 11, 1, tzinfo=UTC), "d", clip=clip, assets=assets
    )


def a_deployment(**capabilities):
    has = Capabilities("m", **{"characters": 2, "fidelity": Fidelity.NATIVE, "native_variant": "cutout_sequence"} | capabilities)
    return Deployment("d", "m", "animatic", "m", Account("a", "animatic"), has)


def create(prompt="Luna dances", *, size=LANDSCAPE, characters=("char_Luna",), **wishes):
    return CreateVideo(prompt, "m", seconds=4, size=size, characters=characters, wishes=Wishes(**wishes))


@pytest.mark.parametrize(
    ("prompt", "name", "found"),
    [
        ("Luna dances", "Luna", True),
        ("the Lunar sea", "Luna", False),
        ("Annual sale", "Ann", False),
        ("(Ann)", "Ann", True),
        ("ANN", "Ann", False),
        ("Ann's annual Ann", "Ann", True),
        ("猫のミケが走る", "ミケ", True),
        ("a 🦊 runs", "🦊", True),
        ("Señor Cafe\u0301 waits", "Café", True),
        ("Old Tom the 2nd", "Old Tom", True),
        ("R2D2 and R2D22", "R2D2", True),
        ("R2D22", "R2D2", False),
    ],
)
def test_a_name_counts_only_where_it_stands_verbatim(prompt, name, found):
    assert casting.mentions(prompt, name) is found


def test_a_missing_name_is_put_first_and_reported():
    members = casting.cast(create(), [a_character("Mossy")], a_deployment())

    prompt, notes = casting.compile_prompt("A teapot dances.", members)

    assert prompt == "Featuring Mossy. A teapot dances."
    assert [(note.code, note.param, note.limit) for note in notes] == [("character_name_added", "prompt", "Mossy")]


def test_a_prompt_with_the_name_is_sent_verbatim():
    members = casting.cast(create(), [a_character()], a_deployment())

    assert casting.compile_prompt("Luna dances", members) == ("Luna dances", ())


def test_strictness_refuses_a_prompt_without_the_name():
    with pytest.raises(InvalidRequest) as refused:
        casting.check_names(create("A fox", prompt_strict=True), [a_character()])

    assert (refused.value.code, refused.value.param) == ("character_name_missing", "prompt")


def test_a_separated_character_travels_natively():
    (member,) = casting.cast(create(), [a_character()], a_deployment())

    assert member.fidelity is Fidelity.NATIVE
    assert casting.notes(create(), [member], [a_character()]) == ()


def test_a_clip_that_cannot_be_separated_is_a_reference_and_said_so():
    card = a_character(assets={"video": "asset_v"})

    (member,) = casting.cast(create(), [card], a_deployment())

    assert member.fidelity is Fidelity.REFERENCE
    assert [note.code for note in casting.notes(create(), [member], [card])] == ["character_not_separable"]


def test_too_many_characters_are_stepped_down_to_words_never_dropped():
    two = [a_character("Luna"), a_character("Mossy")]
    operation = create(characters=("char_Luna", "char_Mossy"), degrade=True)

    members = casting.cast(operation, two, a_deployment(characters=1))

    assert [member.fidelity for member in members] == [Fidelity.NATIVE, Fidelity.DESCRIBED]
    assert [note.code for note in casting.notes(operation, members, two)] == ["character_described"]


def test_another_aspect_is_fitted_with_a_warning():
    portrait = create(size=Size(720, 1280))
    (member,) = casting.cast(portrait, [a_character()], a_deployment())

    (note,) = casting.notes(portrait, [member], [a_character()])

    assert (note.code, note.value, note.limit) == ("character_aspect_fitted", 1.778, 0.562)
