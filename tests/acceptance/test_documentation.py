"""Every Python example of the documentation, as it is printed there: what it promises to write is a video of that length with its cast."""

import re
from pathlib import Path

import pytest

from acceptance.watching import watch

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
pytestmark = pytest.mark.slow


def example(page: str, *, says: str) -> str:
    """The one block of a page that has these words."""
    (found,) = [block for block in BLOCK.findall((ROOT / page).read_text(encoding="utf-8")) if says in block]
    return found


@pytest.mark.parametrize(("page", "files"), [("README.md", {"scene.mp4": 4, "longer.mp4": 8}), ("docs/python.md", {"scene.mp4": 4})])
def test_the_clients_example(desk, page, files):
    desk.run(example(page, says="castlist.Client()"))

    for name, seconds in files.items():
        seen = watch(desk.folder / name)
        assert seen.size == (1280, 720)
        assert seen.seconds == pytest.approx(seconds, abs=0.1)
        assert seen.shows_luna


def test_litellms_names_in_five_minutes(desk):
    desk.run(example("docs/migration.md", says="from castlist import"))

    longer = watch(desk.folder / "longer.mp4")
    assert longer.seconds == pytest.approx(13, abs=0.1)
    assert longer.shows_luna


def test_openais_sdk_in_five_minutes(desk, served):
    desk.run(example("docs/migration.md", says="from openai import").replace("http://127.0.0.1:4000", served.url))

    scene = watch(desk.folder / "scene.mp4")
    assert scene.size == (1280, 720)
    assert scene.seconds == pytest.approx(8, abs=0.1)
    assert scene.shows_luna
