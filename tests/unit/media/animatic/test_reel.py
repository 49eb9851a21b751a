"""A character's cutout as the renderer reads it."""

from pathlib import Path

import numpy as np
from tests.unit.media.animatic import mascot

from castlist.media.animatic.sprite import wind
from castlist.media.encode import write_cutout

SIZE, FRAMES = (150, 202), 5


def test_a_cutout_is_read_to_the_byte_alike_in_the_form_of_before_and_of_today(tmp_path: Path) -> None:
    before = mascot.cutout(tmp_path / "before.mkv", size=SIZE, frames=FRAMES)
    today = tmp_path / "today.avi"
    with write_cutout(today, SIZE) as write:
        for number in range(FRAMES):
            write(mascot.draw(number / FRAMES, SIZE))

    old, new = wind(before, 180), wind(today, 180)

    assert old.box == new.box
    assert len(new.frames) == FRAMES
    assert all(np.array_equal(one, other) for one, other in zip(old.frames, new.frames, strict=True))
