"""How a request is known again by all it asks for."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from castlist.engine.repeats import mark
from castlist.model.asks import Caller, CharacterAsk, Incoming, VideoAsk
from castlist.model.operations import Wishes
from castlist.model.repeats import Repeat
from castlist.model.troubles import UnknownPolicy

ASK = VideoAsk("create", "A lamp")
CHARACTER = CharacterAsk("Luna", "video", [])


@dataclass(frozen=True, slots=True)
class LaterWishes(Wishes):
    """Those of a later version."""

    tone: str | None = None


@dataclass(frozen=True, slots=True)
class LaterCharacter(CharacterAsk):
    """That of a later version."""

    voices: tuple[str, ...] = ()


LaterCharacter.__name__ = "CharacterAsk"


def digest(ask: VideoAsk | CharacterAsk) -> str:
    return mark(Caller("default"), ask, Repeat()).digest


def test_a_wish_that_a_later_version_adds_changes_no_request_without_it() -> None:
    assert digest(replace(ASK, wishes=LaterWishes())) == digest(ASK)
    assert digest(replace(ASK, wishes=LaterWishes(tone="warm"))) != digest(ASK)
    assert digest(LaterCharacter("Luna", "video", [])) == digest(CHARACTER)
    assert digest(LaterCharacter("Luna", "video", [], voices=("low",))) != digest(CHARACTER)


@pytest.mark.parametrize(
    "wishes",
    [
        Wishes(degrade=True),
        Wishes(prompt_strict=True),
        Wishes(options={"gemini": {"a": 1}}),
        Wishes(metadata={"a": "b"}),
        Wishes(audio="off"),
        Wishes(max_cost=0),
        Wishes(webhook="https://example.com"),
        Wishes(unknown_policy=UnknownPolicy.FAIL),
    ],
)
def test_a_wish_that_is_said_makes_another_request(wishes: Wishes) -> None:
    assert digest(replace(ASK, wishes=wishes)) != digest(ASK)


def test_a_file_is_known_by_its_bytes() -> None:
    def clip(name: str, sha256: str) -> Incoming:
        return Incoming(Path(name), name, 1, sha256)

    extend = replace(ASK, kind="extend")
    uploaded = digest(replace(extend, source=clip("one.mp4", "a")))
    assert digest(replace(extend, source=clip("two.mp4", "a"))) == uploaded
    assert digest(replace(extend, source=clip("one.mp4", "b"))) != uploaded
    assert digest(replace(extend, reference=clip("one.mp4", "a"))) != uploaded
    assert digest(replace(CHARACTER, files=[clip("one.mp4", "a")])) == digest(replace(CHARACTER, files=[clip("two.mp4", "a")]))
    assert digest(replace(CHARACTER, files=[clip("one.mp4", "b")])) != digest(replace(CHARACTER, files=[clip("one.mp4", "a")]))
