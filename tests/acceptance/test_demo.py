"""The main job, as `scripts/demo` runs it."""

import json
import time

import cv2
import pytest

from acceptance.watching import watch

LIMIT = 90
"""Seconds the demo takes on two idle cores at most; a machine that does other things too gets twice as much."""


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_demo_makes_four_takes_and_a_contact_sheet(own_desk):
    started = time.monotonic()
    done = own_desk.castlist("demo", "--json", "--out", "takes")
    taken = time.monotonic() - started

    assert done.returncode == 0, done.stderr
    out = own_desk.folder / "takes"
    takes = [watch(path) for path in sorted(out.glob("*.mp4"))]
    assert [(take.size, take.seconds) for take in takes] == [((1280, 720), seconds) for seconds in (4.0, 4.0, 8.0, 4.0)]
    assert all(take.shows_luna for take in takes[:3])
    assert {path.name for path in out.glob("luna-*.png")} == {"luna-cutout.png", "luna-still.png"}
    sheet = cv2.imread(str(out / "contact-sheet.png"))
    assert sheet.shape[1] == 1600
    assert sheet.std() > 20
    assert json.loads(done.stdout)["seconds"] <= taken
    assert "completed" in done.stderr
    assert taken < 2 * LIMIT
