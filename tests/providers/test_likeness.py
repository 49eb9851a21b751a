"""The comparison that the emulated upstreams are asked for: what passes as a character, and what must not."""

import cv2
import pytest

from clips import Mascot, mascot_clip, mascot_frames
from providers.emulators.likeness import Seen, complain_of_clip, complain_of_still, watch

SIZE = (426, 240)
LUNA = Mascot(height=0.8)
OTHERS = {
    "in another colour": {"mascots": (Mascot(height=0.8, colour=(90, 190, 90)),)},
    "in a colour close by": {"mascots": (Mascot(height=0.8, colour=(60, 190, 240)),)},
    "smaller": {"mascots": (Mascot(height=0.7),)},
    "standing elsewhere": {"mascots": (Mascot(height=0.8, centre=0.6),)},
    "without its outline": {"mascots": (Mascot(height=0.8, outlined=False),)},
    "with company": {"mascots": (LUNA, Mascot(height=0.3, centre=0.2))},
    "before another background": {"background": (70, 150, 190), "mascots": (LUNA,)},
    "not there": {"mascots": ()},
}


@pytest.fixture(scope="module")
def luna(tmp_path_factory):
    return mascot_clip(tmp_path_factory.mktemp("likeness") / "luna.mp4", 1.5, size=SIZE, mascots=(LUNA,))


def still(number=6, *, scale=1.0, quality=95, mirrored=False, **how):
    frame = list(mascot_frames(SIZE, number + 1, **({"mascots": (LUNA,)} | how)))[-1]
    scaled = cv2.resize(frame[:, ::-1] if mirrored else frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    return cv2.imencode(".jpg", scaled, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


@pytest.mark.parametrize("how", [{}, {"scale": 3}, {"scale": 0.6}, {"quality": 55}, {"number": 30}])
def test_a_frame_of_its_clip_is_the_character_whatever_its_size_and_coding(luna, how):
    assert complain_of_still(still(**how), watch(luna)) is None


@pytest.mark.parametrize("how", OTHERS.values(), ids=OTHERS)
def test_a_picture_of_another_is_not(luna, how):
    assert "differs by" in complain_of_still(still(**how), watch(luna))


def test_neither_is_its_mirror_image_a_part_of_it_or_no_picture(luna):
    part = cv2.imencode(".png", next(mascot_frames(SIZE, 1, mascots=(LUNA,)))[:, 100:300])[1].tobytes()

    assert "differs by" in complain_of_still(still(mirrored=True), watch(luna))
    assert "aspect" in complain_of_still(part, watch(luna))
    assert complain_of_still(b"", watch(luna)) == complain_of_still(b"jpeg", watch(luna)) == "no picture"


def test_a_part_of_its_clip_is_the_character_and_a_clip_of_another_or_a_frozen_one_is_not(luna, tmp_path):
    whole = watch(luna)
    part = mascot_clip(tmp_path / "part.mp4", 1, size=SIZE, mascots=(LUNA,))
    frozen = mascot_clip(tmp_path / "frozen.mp4", 1, size=SIZE, mascots=(Mascot(height=0.8, moves=False),))
    other = mascot_clip(tmp_path / "other.mp4", 1, size=SIZE, **OTHERS["in another colour"])

    assert complain_of_clip(part.read_bytes(), whole) is None
    assert complain_of_clip(frozen.read_bytes(), whole) == "it does not move"
    assert "differs by" in complain_of_clip(other.read_bytes(), whole)


def test_nothing_shown_and_a_prompt_without_the_name_are_complained_of(luna):
    assert Seen(prompt="A fox").complaints(watch(luna)) == ["nothing was shown", "the prompt does not name Luna: 'A fox'"]
    assert Seen([still()], [luna.read_bytes()], "Luna walks").complaints(watch(luna)) == []
