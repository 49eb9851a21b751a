"""Finishing a result, taking in reference images, and bringing uploaded videos into one form."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

import clips
from castlist import samples
from castlist.errors import MediaRefused
from castlist.media import finish, image, source


def ignore(done: float) -> None:
    """No progress is shown in these tests."""


def test_a_result_gets_a_thumbnail_and_a_spritesheet(tmp_path: Path) -> None:
    result = finish.finish({"path": str(samples.path("luna")), "out": str(tmp_path)}, ignore)

    thumbnail, sprites = cv2.imread(str(tmp_path / "thumbnail.webp")), cv2.imread(str(tmp_path / "spritesheet.jpg"))
    assert thumbnail is not None
    assert sprites is not None
    assert thumbnail.shape == (360, 640, 3)
    assert sprites.shape == (4 * 180, 5 * 320, 3)
    assert (result["seconds"], result["frames"], result["codec"], result["has_audio"]) == (3.0, 72, "h264", False)
    assert result["files"] == {"thumbnail": "thumbnail.webp", "spritesheet": "spritesheet.jpg"}


def test_the_spritesheet_runs_through_the_whole_video(tmp_path: Path) -> None:
    shades = (np.full((180, 320, 3), 40 + 4 * number, np.uint8) for number in range(48))
    clip = clips.write_video(tmp_path / "clip.mp4", shades)

    finish.finish({"path": str(clip), "out": str(tmp_path)}, ignore)

    sprites = cv2.imread(str(tmp_path / "spritesheet.jpg"))
    assert sprites is not None
    cells = [sprites[row * 180 + 90, column * 320 + 160, 0] for row in range(4) for column in range(5)]
    assert cells == sorted(cells)
    assert cells[0] < 60
    assert cells[-1] > 205


@pytest.mark.parametrize(("name", "channels"), [("image.jpg", 3), ("image.webp", 3), ("alpha.png", 4)])
def test_a_reference_image_is_written_anew(tmp_path: Path, name: str, channels: int) -> None:
    path = clips.alpha_png(tmp_path / name) if channels == 4 else clips.plain_image(tmp_path / name)

    result = image.normalise({"path": str(path), "out": str(tmp_path)}, ignore)

    written = cv2.imread(str(tmp_path / "image.png"), cv2.IMREAD_UNCHANGED)
    assert written is not None
    assert written.shape == (result["height"], result["width"], channels)


def test_what_is_no_image_or_a_bomb_is_refused_for_the_reference(tmp_path: Path) -> None:
    codes = {}
    for make in (clips.text_file, clips.bomb_png, clips.mov_clip):
        with pytest.raises(MediaRefused) as caught:
            image.normalise({"path": str(make(tmp_path / "x")), "out": str(tmp_path)}, ignore)
        codes[make] = (caught.value.code, caught.value.param)

    assert codes == {
        clips.text_file: ("invalid_image", "input_reference"),
        clips.bomb_png: ("image_too_large", "input_reference"),
        clips.mov_clip: ("invalid_image", "input_reference"),
    }


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def test_a_source_that_fits_is_copied_bit_by_bit(tmp_path: Path) -> None:
    clip = clips.sounding_clip(tmp_path / "clip.mp4", 1)

    result = source.normalise({"path": str(clip), "out": str(tmp_path)}, ignore)

    written = tmp_path / "video.mp4"
    assert result["copied"] is True
    assert packets(written) == packets(clip)
    assert (result["frames"], result["has_audio"], result["file"]) == (24, True, "video.mp4")
    assert written.read_bytes().index(b"moov") < written.read_bytes().index(b"mdat")


def test_a_source_that_does_not_fit_is_coded_once(tmp_path: Path) -> None:
    result = source.normalise({"path": str(clips.phone_clip(tmp_path / "phone.mov", 1)), "out": str(tmp_path)}, ignore)

    assert result["copied"] is False
    assert (result["codec"], result["fps"], result["width"], result["height"]) == ("h264", 24.0, 320, 568)
    assert (tmp_path / "thumbnail.webp").exists()
