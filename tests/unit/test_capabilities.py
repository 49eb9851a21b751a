"""Limits that some models have and others not, each with its sentence."""

import pytest

from castlist.model.capabilities import Capabilities
from castlist.model.operations import CreateVideo, EditVideo, ExtendVideo, Size, Source

HD, FULL = Size(1280, 720), Size(1920, 1080)
CAN = Capabilities(
    "grok",
    implements=frozenset({"create", "edit", "extend"}),
    max_seconds=15,
    sizes=(HD, FULL),
    characters=2,
    extension=(2, 10),
    sources={"edit": (0.0, 8.7), "extend": (2.0, 15.0)},
    cast_sizes=(HD,),
)


def source(seconds):
    return Source("asset_1", seconds, HD, video="video_1")


@pytest.mark.parametrize(
    ("operation", "param", "words"),
    [
        (CreateVideo("x", "m", 4, FULL, characters=("char_1",)), "size", "makes 1280x720 with characters, not 1920x1080"),
        (EditVideo("x", "m", source(9.5)), "video", "can edit a video of 0 to 8.7 seconds, not 9.5"),
        (ExtendVideo("x", "m", 4, source(1.5)), "video", "can extend a video of 2 to 15 seconds, not 1.5"),
        (ExtendVideo("x", "m", 1, source(4)), "seconds", "extends by 2 to 10 seconds at a time, not 1"),
        (ExtendVideo("x", "m", 12, source(4)), "seconds", "extends by 2 to 10 seconds at a time, not 12"),
    ],
)
def test_what_a_model_lacks_is_a_sentence(operation, param, words):
    code, sentence, of = CAN.why_not(operation)

    assert (code, sentence, of) == ("unsupported_value", f"grok {words}", param)


@pytest.mark.parametrize(
    "operation",
    [
        CreateVideo("x", "m", 15, FULL),
        CreateVideo("x", "m", 4, HD, characters=("char_1",)),
        EditVideo("x", "m", source(8.7)),
        ExtendVideo("x", "m", 2, source(2)),
        ExtendVideo("x", "m", 10, source(15)),
    ],
)
def test_what_is_within_its_limits_it_takes(operation):
    assert CAN.why_not(operation) is None
