"""The values themselves: ids, sizes, states."""

import os
from datetime import UTC, datetime

import pytest

from castlist.accounts import Accounts
from castlist.errors import InvalidRequest, Unauthorized
from castlist.model.ids import ALPHABET, is_id, is_mistyped, made_at, make_id
from castlist.model.jobs import Job, State
from castlist.model.operations import CreateVideo, Size

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def a_job():
    return Job("video_1", "default", CreateVideo("p", "m", seconds=4, size=Size(1280, 720)), State.QUEUED, NOW, NOW)


def test_ids_sort_by_time_and_carry_a_check_character():
    ids = [make_id("video", milliseconds=1_790_000_000_000 + n, random=os.urandom) for n in range(200)]

    assert sorted(ids) == ids
    assert len(set(ids)) == 200
    assert all(is_id(id, "video") for id in ids)
    assert not any(is_id(id, "char") for id in ids)


def test_an_id_says_when_it_was_made_and_other_text_does_not():
    id = make_id("video", milliseconds=1_790_000_000_123, random=os.urandom)

    assert made_at(id) == 1_790_000_000_123
    assert made_at("video_1") is None
    assert made_at(id[:-1] + ("0" if id[-1] != "0" else "1")) is None


@pytest.mark.parametrize("random", [bytes(range(10)), bytes(range(255, 245, -1)), b"\xff" * 9 + b"\xe0"])
def test_any_mistyped_character_of_an_id_is_seen_and_any_two_that_were_swapped(random):
    good = make_id("char", milliseconds=1_790_000_000_000, random=lambda size: random)
    places = range(len("char_"), len(good))
    wrong = {good[:at] + letter + good[at + 1 :] for at in places for letter in ALPHABET if letter != good[at]}
    swapped = {good[:at] + good[at + 1] + good[at] + good[at + 2 :] for at in places[:-2] if good[at] != good[at + 1]}

    assert is_id(good, "char")
    assert len(wrong) >= 27 * 31
    assert len(swapped) > 5
    assert not [text for text in wrong | swapped if is_id(text, "char") or not is_mistyped(text, "char")]


@pytest.mark.parametrize("text", ["1280", "0x0", "99999x99999", "1280x", "x720", "1280×720", "-1x5", "1280x720x3", "١٢x٣٤"])
def test_a_size_that_is_none_is_refused_with_an_example(text):
    with pytest.raises(InvalidRequest, match="1280x720") as refused:
        Size.parse(text)

    assert (refused.value.code, refused.value.param) == ("invalid_size", "size")


def test_a_size_is_read_and_shown_alike():
    assert str(Size.parse("1280X720")) == "1280x720"


def test_a_job_moves_only_along_its_states():
    job = a_job().to(State.PREPARING).to(State.SUBMITTING).to(State.RUNNING).to(State.STORING).to(State.SUCCEEDED)

    with pytest.raises(ValueError, match="succeeded to running"):
        job.to(State.RUNNING)
    with pytest.raises(ValueError, match="queued to storing"):
        a_job().to(State.STORING)


def test_keys_open_their_project_and_no_other():
    accounts = Accounts({"sk-a": "alpha", "sk-b": "beta"}, master_key="sk-m", open_mode=False)

    assert accounts.caller("sk-a").project == "alpha"
    assert accounts.caller("sk-b").project == "beta"
    assert accounts.caller("sk-m").master
    with pytest.raises(Unauthorized):
        accounts.caller("sk-x")
    with pytest.raises(Unauthorized) as missing:
        accounts.caller(None)
    assert missing.value.code == "missing_api_key"
