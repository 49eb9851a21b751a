"""Each status of an upstream, and what it means for money."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from castlist.errors import Ambiguous, LostJob, Moderated, ProviderError, Refused
from castlist.model.providing import Reply
from castlist.providers.replies import explain, judge, judge_free, read_object, retry_after

OWN = json.dumps({"error": {"message": "busy", "type": "server_error", "code": "overloaded"}}).encode()


def reply(status, body=OWN, **headers):
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_a_yes_is_no_error(status):
    assert judge(reply(status)) is None
    assert judge_free(reply(status)) is None


@pytest.mark.parametrize("status", [*range(400, 408), *range(409, 432), 451, 499])
def test_a_4xx_but_for_408_is_a_refusal(status):
    with pytest.raises(Refused):
        judge(reply(status, b""))


@pytest.mark.parametrize("status", [100, 204 + 96, 302, 303, 304, 408, 500, 501, 502, 504, 520, 524, 529, 599])
def test_what_proves_nothing_is_ambiguous(status):
    with pytest.raises(Ambiguous):
        judge(reply(status))


@pytest.mark.parametrize(
    ("body", "kind"), [(OWN, Refused), (b'{"detail": "busy"}', Refused), (b"<html>", Ambiguous), (b"", Ambiguous), (b"[]", Ambiguous)]
)
def test_a_503_is_a_refusal_in_the_vendors_own_words_only(body, kind):
    with pytest.raises(kind):
        judge(reply(503, body))


@given(st.integers(100, 599), st.binary(max_size=40))
def test_every_answer_has_one_meaning(status, body):
    answer = reply(status, body)
    outcomes = []
    for rule in (judge, judge_free):
        try:
            rule(answer)
            outcomes.append(None)
        except ProviderError as error:
            outcomes.append(error)

    assert (outcomes[0] is None) == (outcomes[1] is None) == (200 <= status < 300)
    assert not isinstance(outcomes[1], Ambiguous | Moderated)


@pytest.mark.parametrize("status", [404, 410])
def test_only_not_found_loses_a_job(status):
    with pytest.raises(LostJob):
        judge_free(reply(status))


def test_moderation_is_told_by_the_code():
    with pytest.raises(Moderated) as caught:
        judge(reply(400, b'{"error": {"code": "content_policy_violation", "message": "No."}}'))
    assert caught.value.message == "No."


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "0.5"}, 0.5),
        ({"retry_after_ms": "250", "retry_after": "7"}, 0.25),
        ({"retry_after": "999999"}, 3600.0),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "-5"}, None),
        ({"retry_after": "Sun, 22 Nov 2026 10:01:00 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 60.0),
        ({"retry_after": "Sun, 22 Nov 2026 09:00:00 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 0.0),
        ({"retry_after": "Sun, 22 Nov 2026 10:01:00 GMT", "date": "yesterday"}, None),
    ],
)
def test_the_wait_asked_for_is_read_in_each_of_its_forms(headers, seconds):
    assert retry_after(reply(429, **headers)) == seconds


@given(st.text(max_size=40))
def test_no_retry_after_breaks_the_reading(text):
    found = retry_after(reply(429, retry_after=text, date="Sun, 22 Nov 2026 10:00:00 GMT"))

    assert found is None or 0 <= found <= 3600


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b'{"error": {"code": "x", "message": "y"}}', "x", "y"),
        (b'{"error": {"type": "x", "message": "y"}}', "x", "y"),
        (b'{"error": "y"}', None, "y"),
        (b'{"detail": "y"}', None, "y"),
        (b'{"detail": [{"msg": "y"}]}', None, None),
        (b'{"code": 5, "message": 6}', None, None),
        (b"nothing", None, None),
    ],
)
def test_an_error_is_read_in_each_spelling(body, code, message):
    assert explain(reply(400, body)) == (code, message)


def test_a_body_that_is_no_object_reads_as_empty():
    assert read_object(reply(200, b"[1]")) == {}
    assert read_object(reply(200, b"\xff\xfe")) == {}
