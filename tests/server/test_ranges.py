"""Which bytes a Range header means."""

import pytest

from castlist.server.ranges import Slice, Unsatisfiable, choose, matches

TAG = '"abc"'


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 20)),
        ("bytes=990-", (990, 1000)),
        ("bytes=-10", (990, 1000)),
        ("bytes=-5000", (0, 1000)),
        ("bytes=5-5000", (5, 1000)),
        ("Bytes = 5-6", (5, 7)),
        ("bytes=0-9, 10-19", (0, 20)),
        ("bytes=100-199, 0-99", (0, 200)),
        ("bytes=0-0, 5000-6000", (0, 1)),
        ("items=0-5", None),
        ("bytes=9-5", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=", None),
        ("bytes=" + ",".join(["0-1"] * 17), None),
        ("bytes=99999999999999999999999999-", "refused"),
        ("bytes=1000-", "refused"),
        ("bytes=" + "9" * 5000 + "-", "refused"),
        ("bytes=" + "9" * 5000 + "-" + "9" * 5000, "refused"),
        ("bytes=-" + "9" * 5000, (0, 1000)),
        ("bytes=" + "0" * 5000 + "5-" + "0" * 30 + "9", (5, 10)),
        ("bytes=1" + "0" * 21 + "-5", None),
        ("bytes=-0", "refused"),
    ],
)
def test_a_range_names_a_slice_the_whole_or_nothing(header: str | None, expected: tuple[int, int] | str | None) -> None:
    if expected == "refused":
        with pytest.raises(Unsatisfiable):
            choose(1000, header, if_range=None, etag=TAG)
        return
    found = choose(1000, header, if_range=None, etag=TAG)

    assert (found and (found.start, found.end)) == expected


def test_ranges_far_apart_are_answered_with_the_whole() -> None:
    assert choose(100_000, "bytes=0-9, 90000-90009", if_range=None, etag=TAG) is None


def test_if_range_with_another_tag_asks_for_the_whole() -> None:
    assert choose(1000, "bytes=0-9", if_range='"old"', etag=TAG) is None
    assert choose(1000, "bytes=0-9", if_range='W/"abc"', etag=TAG) is None
    assert choose(1000, "bytes=0-9", if_range=TAG, etag=TAG) == Slice(0, 10, 1000)


def test_if_none_match_compares_weakly() -> None:
    assert matches(TAG, '"x", W/"abc"')
    assert matches(TAG, "*")
    assert not matches(TAG, '"x"')
    assert not matches(TAG, None)
