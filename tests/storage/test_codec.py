"""Frozen values survive being stored, and nothing else is taken for one."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from castlist.model.characters import Note
from castlist.model.jobs import Cost, Job, State
from castlist.model.operations import CreateVideo, Operation, Size, Wishes
from castlist.storage.codec import decode, encode
from storage.samples import NOON, OPERATIONS, a_job, everything


def through_json(value: object) -> object:
    return decode(type(value), json.loads(json.dumps(encode(value))))


@pytest.mark.parametrize("value", everything(), ids=["job", "attempt", "character"])
def test_every_field_comes_back(value):
    assert through_json(value) == value


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.kind)
def test_an_operation_comes_back_as_its_own_class(operation: Operation):
    assert through_json(a_job(operation)).operation == operation


@given(st.text(), st.integers(), st.tuples(st.integers(16, 8192), st.integers(16, 8192)), st.dictionaries(st.text(), st.text()))
def test_any_text_and_number_comes_back(prompt, seed, sides, metadata):
    operation = CreateVideo(prompt, "m", 4, Size(*sides), (prompt,), None, seed, Wishes(metadata=metadata))

    assert through_json(operation) == operation


def test_sets_choices_and_lists_come_back():
    value = Odd(frozenset({"b", "a"}), "x", (1.5, 2.0))

    assert encode(value) == {"names": ["a", "b"], "choice": "x", "pair": [1.5, 2.0]}
    assert through_json(value) == value


@dataclass(frozen=True)
class Odd:
    names: frozenset[str]
    choice: Literal["x", "y"]
    pair: tuple[float, float] | None = None


def test_a_field_that_was_added_later_takes_its_default():
    raw = encode(Odd(frozenset(), "y"))
    del raw["pair"]

    assert decode(Odd, raw).pair is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"state": "asleep"}, "Job.state: 'asleep' is not a valid State"),
        ({"progress": "50"}, "Job.progress: expected int, not '50'"),
        ({"progress": True}, "Job.progress: expected int, not True"),
        ({"operation": {"kind": "paint"}}, "kind is one of create, edit, extend, remix, not 'paint'"),
        ({"created_at": "2026-11-22T12:00:00"}, "has a time zone"),
        ({"tried": "d1"}, "Job.tried: expected list, not 'd1'"),
    ],
)
def test_what_is_not_that_class_is_refused_with_its_place(change, sentence):
    raw = {**encode(a_job()), **change}

    with pytest.raises(ValueError, match=sentence.replace("(", r"\(")):
        decode(Job, raw)


def test_a_missing_field_is_named():
    raw = encode(a_job())
    del raw["project"]

    with pytest.raises(ValueError, match="Job lacks project"):
        decode(Job, raw)


def test_a_time_without_a_zone_and_a_foreign_object_are_not_stored():
    with pytest.raises(ValueError, match="has none"):
        encode(datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="a complex cannot be stored"):
        encode(Note("a", "b", value=1j))


def test_known_fields_are_taken_as_they_are():
    raw = encode(a_job(), without=frozenset({"created_at"}))

    assert decode(Job, raw, given={"created_at": NOON}).created_at is NOON


def newer(job):
    """The job as a version that knows more of jobs writes it."""
    raw = json.loads(json.dumps(encode(job)))
    raw["operation"] |= {"tempo": 3, "size": {**raw["operation"]["size"], "depth": 8}}
    raw["operation"]["wishes"]["mood"] = ["calm"]
    raw["cost"]["tax"] = 7
    raw["warnings"][0]["advice"] = "wait"
    return {**raw, "colour": "red"}


def test_what_a_newer_version_wrote_is_read_past_and_written_again():
    job = a_job().warn(Note("slow", "It is slow."))

    read = decode(Job, newer(job))

    assert read == job
    assert encode(read.to(State.PREPARING)) == {**newer(job), "state": "preparing"}


def test_what_a_newer_version_said_of_a_value_that_has_changed_is_let_go():
    job = a_job().warn(Note("slow", "It is slow."))

    changed = replace(decode(Job, newer(job)), cost=Cost(5)).warn(Note("stuck", "It is stuck."))

    assert encode(changed) == {**newer(job), "cost": encode(Cost(5)), "warnings": [encode(note) for note in changed.warnings]}


def test_a_class_without_room_for_it_reads_past_it():
    assert decode(Odd, {**encode(Odd(frozenset(), "y")), "colour": "red"}) == Odd(frozenset(), "y")
    with pytest.raises(ValueError, match="CreateVideo is of kind create, not 'edit'"):
        decode(CreateVideo, {**encode(a_job().operation), "kind": "edit"})
