"""Tags in prompts: at first mention only, names verbatim, and nothing of the user's that could be one."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from castlist.providers.tags import feature, neutralise, place_tags

TAG = re.compile(r"<IMAGE_\d+>|@\w+")


def place(prompt, **tags):
    return place_tags(prompt, tags, pattern=TAG)


def test_the_first_mention_gets_the_tag_and_the_later_ones_none():
    text, missing = place("Luna runs. Luna sleeps.", Luna="<IMAGE_1>")

    assert text == "Luna (<IMAGE_1>) runs. Luna sleeps."
    assert missing == ()


def test_two_names_get_a_tag_each_whatever_their_order():
    text, _ = place("Mossy meets Luna, and Luna meets Mossy.", Luna="<IMAGE_1>", Mossy="<IMAGE_2>")

    assert text == "Mossy (<IMAGE_2>) meets Luna (<IMAGE_1>), and Luna meets Mossy."


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Ann Marie waves to Ann.", "Ann Marie (B) waves to Ann (A)."),
        ("Annual games: Ann and Ann Marie.", "Annual games: Ann (A) and Ann Marie (B)."),
    ],
)
def test_a_name_within_a_longer_one_is_not_a_mention(prompt, expected):
    assert place_tags(prompt, {"Ann": "A", "Ann Marie": "B"}, pattern=TAG)[0] == expected


@pytest.mark.parametrize(
    ("name", "prompt"),
    [("小月", "小月在森林里跳舞"), ("🦊", "A 🦊 runs"), ('O\'Neil "Red"', 'Here O\'Neil "Red" sits'), ("Jean Luc", "Jean Luc!")],
)
def test_names_of_every_kind_stay_verbatim(name, prompt):
    text, missing = place_tags(prompt, {name: "<IMAGE_1>"}, pattern=TAG)

    assert text == prompt.replace(name, f"{name} (<IMAGE_1>)", 1)
    assert missing == ()


def test_a_name_is_found_in_either_unicode_form():
    prompt = unicodedata.normalize("NFD", "Zoë sings")

    text, missing = place_tags(prompt, {"Zoë": "<IMAGE_1>"}, pattern=TAG)

    assert (text, missing) == (prompt.replace(" ", " (<IMAGE_1>) "), ())


def test_text_that_looks_like_a_tag_is_made_harmless_and_the_rest_left_alone():
    text, _ = place("Luna like <IMAGE_2> or @luna, 1 < 2 > 0, <b>, a@ b", Luna="<IMAGE_1>")

    assert text == "Luna (<IMAGE_1>) like ‹IMAGE_2› or ＠luna, 1 < 2 > 0, <b>, a@ b"


def test_a_tag_within_a_tag_leaves_none():
    assert not TAG.search(neutralise("<IMAGE_<IMAGE_1>1> @@x", TAG))


def test_a_name_that_looks_like_a_tag_cannot_be_one():
    text, _ = place_tags("See <IMAGE_2> dance", {"<IMAGE_2>": "<IMAGE_1>"}, pattern=TAG)

    assert text == "See ‹IMAGE_2› (<IMAGE_1>) dance"


def test_a_name_that_is_not_mentioned_is_put_before_and_reported():
    text, notes = feature("Warm light", {"Luna": "<IMAGE_1>", "Mossy": "<IMAGE_2>"}, pattern=TAG)

    assert text == "Featuring Luna (<IMAGE_1>) and Mossy (<IMAGE_2>). Warm light"
    assert [note.code for note in notes] == ["character_name_added"] * 2


@given(st.lists(st.sampled_from(["Luna", "Ann", "Ann Marie", "<IMAGE_1>", "<", ">", "@x", "@", " ", "IMAGE_2", "é", "\n"]), max_size=12))
def test_whatever_is_written_only_our_tags_are_tags(pieces):
    tags = {"Luna": "<IMAGE_7>", "Ann": "<IMAGE_8>", "Ann Marie": "<IMAGE_9>"}

    text, _ = feature("".join(pieces), tags, pattern=TAG)

    assert sorted(TAG.findall(text)) == ["<IMAGE_7>", "<IMAGE_8>", "<IMAGE_9>"]
