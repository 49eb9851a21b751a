"""How characters travel to a deployment."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from castlist import casting
from castlist.errors import InvalidRequest
from castlist.model.capabilities import Capabilities
from castlist.model.characters import PADDED, Character, CharacterState, Clip, Fidelity
from castlist.model.naming import find_names
from castlist.model.operations import CreateVideo, EditVideo, Size, Source, Wishes
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
        ("Cafe\u0301 waits", "Cafe", False),
        ("the Cafe\u0301", "Caf\u00e9", True),
        ("the Caf\u00e9", "Cafe\u0301", True),
        ("a 👩\u200d🚀 floats", "👩", False),
        ("a 👩\u200d🚀 floats", "🚀", False),
        ("👍🏽 shines", "👍", False),
        ("a ☀\ufe0f rises", "☀", True),
        ("“Ace” O’Brien lands", "O'Brien", True),
        ("the pilot “Ace” lands", '"Ace"', True),
        ("Old\nTom", "Old Tom", True),
        ("Luna's hat", "Luna", True),
        ("小明和小红跳舞", "小红", True),
        ("☀\ufe0fAnn waves", "Ann", True),
        ("", "Luna", False),
    ],
)
def test_a_name_counts_only_where_it_stands_verbatim(prompt, name, found):
    assert bool(find_names(prompt, [name])[name]) is found


@pytest.mark.parametrize(
    ("prompt", "names", "found"),
    [
        ("Ann Marie and Ann wave", ("Ann", "Ann Marie"), {"Ann": ["Ann"], "Ann Marie": ["Ann Marie"]}),
        ("Ann Marie waves", ("Ann", "Ann Marie"), {"Ann": [], "Ann Marie": ["Ann Marie"]}),
        ("ミケ子とミケ", ("ミケ", "ミケ子"), {"ミケ": ["ミケ"], "ミケ子": ["ミケ子"]}),
        ("Mia Rose Lee", ("Mia Rose", "Rose Lee"), {"Mia Rose": ["Mia Rose"], "Rose Lee": []}),
        ("Mo, Mo and Moe", ("Mo", "Moe"), {"Mo": ["Mo", "Mo"], "Moe": ["Moe"]}),
        ("a ☀\ufe0f and Ann", ("☀", "Ann"), {"☀": ["☀\ufe0f"], "Ann": ["Ann"]}),
    ],
)
def test_names_that_are_part_of_each_other_are_told_apart(prompt, names, found):
    spans = find_names(prompt, names)

    assert {name: [prompt[start:end] for start, end in each] for name, each in spans.items()} == found


@given(st.text(alphabet="abAB 'é\u0301ミ👩\u200d\ufe0f🏽", max_size=24), st.lists(st.text(min_size=1, max_size=5), max_size=3))
def test_mentions_never_overlap_and_lie_in_the_prompt(prompt, names):
    spans = sorted(span for each in find_names(prompt, names).values() for span in each)

    assert all(0 <= start < end <= len(prompt) for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_the_part_of_a_longer_name_is_added_as_a_name_of_its_own():
    two = [a_character("Ann"), a_character("Ann Marie")]
    members = casting.cast(create(characters=("char_Ann", "char_Ann Marie")), two, a_deployment())

    prompt, notes = casting.compile_prompt("Ann Marie waves", members)

    assert prompt == "Featuring Ann. Ann Marie waves"
    assert [note.limit for note in notes] == ["Ann"]


def test_a_name_with_an_end_of_its_own_gets_no_second_full_stop():
    members = casting.cast(create(), [a_character("Sammy Davis Jr.")], a_deployment())

    assert casting.compile_prompt("A song", members)[0] == "Featuring Sammy Davis Jr. A song"


def test_a_described_character_is_described_after_the_prompt():
    luna = replace(a_character(), description="a small fox in a red coat")
    members = casting.cast(create(), [luna], a_deployment(fidelity=Fidelity.DESCRIBED))

    assert casting.compile_prompt("Luna dances", members)[0] == "Luna dances. Luna: a small fox in a red coat."


def test_a_member_carries_the_handle_of_its_own():
    two = [a_character("Luna"), a_character("Mossy")]
    operation = create(characters=("char_Luna", "char_Mossy"))

    members = casting.cast(operation, two, a_deployment(), handles={"char_Mossy": "h1"})

    assert [member.handle for member in members] == [None, "h1"]


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
    assert casting.notes(create(), [member], [a_character()], deployment=a_deployment()) == ()


def test_a_clip_that_cannot_be_separated_is_a_reference_and_said_so():
    card = a_character(assets={"video": "asset_v"})

    (member,) = casting.cast(create(), [card], a_deployment())

    assert member.fidelity is Fidelity.REFERENCE
    assert [note.code for note in casting.notes(create(), [member], [card], deployment=a_deployment())] == ["character_not_separable"]


def test_too_many_characters_are_stepped_down_to_words_never_dropped():
    two = [a_character("Luna"), a_character("Mossy")]
    operation = create(characters=("char_Luna", "char_Mossy"), degrade=True)

    members = casting.cast(operation, two, a_deployment(characters=1))

    assert [member.fidelity for member in members] == [Fidelity.NATIVE, Fidelity.DESCRIBED]
    assert [note.code for note in casting.notes(operation, members, two, deployment=a_deployment())] == ["character_described"]


def test_a_card_is_told_of_by_the_renderer_that_draws_one_alone():
    card, hosted = a_character(assets={"video": "asset_v"}), a_deployment(fidelity=Fidelity.REFERENCE, native_variant=None)

    (member,) = casting.cast(create(), [card], hosted)

    assert member.fidelity is Fidelity.REFERENCE
    assert casting.notes(create(), [member], [card], deployment=hosted) == ()


@pytest.mark.parametrize(("casts", "fidelity", "told"), [({"create"}, "described", ["character_from_source"]), ({"edit"}, "native", [])])
def test_a_character_that_a_follow_up_cannot_carry_is_not_said_to_be_carried(casts, fidelity, told):
    edit = EditVideo("At night", "m", Source("asset_f", 4.0, LANDSCAPE, video="video_1"), characters=("char_Luna",))
    hosted = a_deployment(implements=frozenset({"create", "edit"}), casts=frozenset(casts))

    (member,) = casting.cast(edit, [a_character()], hosted)

    assert member.fidelity == fidelity
    assert [note.code for note in casting.notes(edit, [member], [a_character()], deployment=hosted)] == told


@pytest.mark.parametrize(("size", "made"), [((1280, 720), ["jpeg-0-9x16"]), ((608, 1080), ["jpeg-0-16x9"]), ((720, 720), sorted(PADDED))])
def test_a_still_is_padded_only_to_an_aspect_that_it_has_not(size, made):
    assert sorted(form for form in PADDED if a_character(size=size).has_use_of(form)) == made


def test_another_aspect_is_fitted_with_a_warning():
    portrait = create(size=Size(720, 1280))
    (member,) = casting.cast(portrait, [a_character()], a_deployment())

    (note,) = casting.notes(portrait, [member], [a_character()], deployment=a_deployment())

    assert (note.code, note.value, note.limit) == ("character_aspect_fitted", 1.778, 0.562)
