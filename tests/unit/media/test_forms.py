"""The forms of a character that hosted models take."""

import asyncio

import av
import cv2
import numpy as np
import pytest

import clips
from castlist.media import child, forms
from castlist.model.characters import HUMAN_CLIP

FIGURE = (426, 240)


@pytest.fixture(scope="module")
def derived(tmp_path_factory):
    """Every form of a four-second clip with sound and one still."""
    out = tmp_path_factory.mktemp("forms")
    video = clips.mascot_clip(out / "video.mp4", 4.0, size=FIGURE, encoding=clips.Encoding(sound=True))
    with av.open(str(video)) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="bgr24")
    cv2.imwrite(str(out / "still-0.png"), frame)
    wants = ["jpeg-0", "jpeg-1", "jpeg-0-16x9", "jpeg-0-9x16", "clip-3s", "clip-5s", "clip-5s-720p", HUMAN_CLIP]
    spec = {"video": str(video), "stills": {"still-0": str(out / "still-0.png")}, "wants": wants, "out": str(out)}
    files = asyncio.run(child.run("forms", spec, limits=child.UNTRUSTED))["files"]
    return {"source": video, "still": frame} | {form: out / name for form, name in files.items()}


def facts(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [bytes(packet) for packet in container.demux(stream) if packet.size]
        return len(container.streams.audio), float(container.duration / av.time_base), packets


def test_a_form_without_what_it_is_made_from_is_left_out(derived):
    assert set(derived) == {"source", "still", "jpeg-0", "jpeg-0-16x9", "jpeg-0-9x16", "clip-3s", "clip-5s", "clip-5s-720p", HUMAN_CLIP}


def test_a_small_still_becomes_a_jpeg_with_720_pixels_on_its_short_side(derived):
    assert derived["jpeg-0"].read_bytes()[:2] == b"\xff\xd8"
    assert cv2.imread(str(derived["jpeg-0"])).shape == (720, 1278, 3)


@pytest.mark.parametrize(("form", "aspect"), [("jpeg-0-16x9", 16 / 9), ("jpeg-0-9x16", 9 / 16)])
def test_a_padded_still_has_the_aspect_and_the_whole_picture_in_its_middle(derived, form, aspect):
    picture = cv2.imread(str(derived[form])).astype(np.float32)

    height, width = picture.shape[:2]
    inner = cv2.resize(derived["still"], (width, round(width * FIGURE[1] / FIGURE[0]))).astype(np.float32)
    top = (height - inner.shape[0]) // 2
    middle = picture[top : top + inner.shape[0]] if top > 0 else picture[: inner.shape[0]]
    inner = inner[: middle.shape[0]]

    assert width / height == pytest.approx(aspect, rel=0.01)
    assert max(height, width) <= forms.LONGEST
    assert min(height, width) >= forms.SHORTEST
    assert float(np.abs(middle - inner).mean()) < 4


def test_a_cut_is_silent_and_not_longer_than_it_may_be(derived):
    tracks, seconds, packets = facts(derived["clip-3s"])

    assert tracks == 0
    assert 2.9 <= seconds <= 3.0
    assert len(packets) == 72


def test_a_clip_that_is_short_enough_keeps_its_pictures_as_they_are_coded(derived):
    tracks, seconds, packets = facts(derived["clip-5s"])

    assert facts(derived["source"])[0] == 1
    assert (tracks, round(seconds, 2)) == (0, 4.0)
    assert packets == facts(derived["source"])[2]


def test_noise_in_the_largest_picture_stays_below_the_limit(tmp_path):
    noise = np.random.default_rng(7).integers(0, 255, (1600, 4096, 3), np.uint8)

    forms.write_jpeg(tmp_path / "noise.jpg", noise)

    assert (tmp_path / "noise.jpg").stat().st_size <= forms.JPEG_BYTES
    assert cv2.imread(str(tmp_path / "noise.jpg")).shape[:2] == (819, 2048)


def test_a_long_strip_is_padded_to_a_ratio_that_is_taken():
    height, width = forms.narrow(np.full((100, 900, 3), 40, np.uint8)).shape[:2]

    assert (width, height) == (900, 360)


def test_the_cut_of_a_person_is_whole_on_a_screen_of_1080_lines(derived):
    with av.open(str(derived[HUMAN_CLIP])) as container:
        stream = container.streams.video[0]
        seconds, tracks = float(container.duration / av.time_base), len(container.streams.audio)
        first = next(container.decode(stream)).to_ndarray(format="bgr24")
    whole = cv2.resize(derived["still"], (1920, 1080)).astype(np.float32)

    assert first.shape == (1080, 1920, 3)
    assert (seconds, tracks) == (pytest.approx(4.0, abs=0.05), 0)
    assert float(np.abs(first - whole).mean()) < 4


def test_a_cut_can_be_put_on_a_screen_of_720_lines(derived):
    with av.open(str(derived["clip-5s-720p"])) as container:
        stream = container.streams.video[0]

        assert (stream.width, stream.height, len(container.streams.audio)) == (1280, 720, 0)
        assert float(container.duration / av.time_base) == pytest.approx(4.0, abs=0.05)


@pytest.mark.parametrize(("size", "screen"), [((90, 160), (108, 192)), ((80, 80), (192, 108)), ((200, 80), (192, 108))])
def test_a_picture_fills_a_screen_without_being_cut_or_stretched(size, screen):
    width, height = size
    picture = np.zeros((height, width, 3), np.uint8)
    cv2.rectangle(picture, (0, 0), (width - 1, height - 1), (255, 255, 255), -1)
    cv2.circle(picture, (width // 2, height // 2), 30, (0, 0, 255), -1)

    filled = forms.fill(picture, screen)
    disc = (filled[..., 2] > 128) & (filled[..., 1] < 128)
    rows, columns = np.flatnonzero(disc.any(1)), np.flatnonzero(disc.any(0))

    assert filled.shape[1::-1] == screen
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=3)
