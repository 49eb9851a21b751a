"""What an upload really is, and what is said of one that cannot be used."""

import struct
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

import clips
from castlist import samples
from castlist.errors import MediaRefused
from castlist.media.probe import Facts, measure

SMALL = (426, 240)


def refusal(path: Path, *, role: str = "character", kind: str | None = "video") -> MediaRefused:
    with pytest.raises(MediaRefused) as caught:
        measure(path, kind=kind, role=role, param="video")
    assert caught.value.param == "video"
    assert caught.value.status == 400
    return caught.value


def test_a_clip_is_measured_on_its_packets() -> None:
    facts = measure(samples.path("luna"))

    assert facts == Facts(
        kind="video",
        container="mp4",
        codec="h264",
        width=1280,
        height=720,
        fps=24.0,
        seconds=3.0,
        frames=72,
        rotation=0,
        has_audio=False,
        bytes=samples.path("luna").stat().st_size,
        pixel_format="yuv420p",
    )


def test_a_phone_clip_is_seen_as_it_is_displayed(tmp_path: Path) -> None:
    facts = measure(clips.phone_clip(tmp_path / "phone.mov", 1))

    assert (facts.codec, facts.pixel_format, facts.container) == ("hevc", "yuv420p10le", "mov")
    assert (facts.width, facts.height, facts.rotation) == (320, 568, 270)
    assert facts.variable
    assert facts.has_audio


def test_a_clip_with_uneven_frames_is_as_long_as_its_frames_last(tmp_path: Path) -> None:
    facts = measure(clips.variable_clip(tmp_path / "uneven.mp4", 2))

    assert facts.seconds == pytest.approx(2.0, abs=0.2)
    assert facts.variable


@pytest.mark.parametrize(("make", "name"), [(clips.webm_clip, "webm"), (clips.mov_clip, "mov"), (clips.sounding_clip, "mp4")])
def test_the_name_of_a_file_means_nothing(tmp_path: Path, make: Callable[[Path], Path], name: str) -> None:
    facts = measure(make(tmp_path / "clip.txt"))

    assert facts.container == name
    assert facts.has_audio == (make is clips.sounding_clip)


REFUSED: dict[Callable[[Path], Path], str] = {
    clips.empty_file: "empty_file",
    clips.text_file: "unsupported_media_type",
    clips.playlist: "unsupported_media_type",
    clips.alpha_png: "unsupported_media_type",
    clips.audio_only: "no_video_stream",
    clips.truncated_clip: "undecodable_media",
    clips.giant_header: "resolution_too_large",
}


@pytest.mark.parametrize("make", REFUSED, ids=lambda make: make.__name__)
def test_what_cannot_be_used_is_refused_with_its_own_code(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    error = refusal(make(tmp_path / "clip.mp4" if make is not clips.alpha_png else tmp_path / "clip.png"))

    assert error.code == REFUSED[make]
    assert len(error.message) > 20


def test_a_file_whose_index_at_the_end_is_lost_is_undecodable(tmp_path: Path) -> None:
    path = clips.mascot_clip(tmp_path / "clip.mp4", 1, size=SMALL)
    content = path.read_bytes()
    path.write_bytes(content[:2000])

    assert refusal(path).code == "undecodable_media"


def test_frames_beyond_the_limit_are_refused_by_what_is_coded_too(tmp_path: Path) -> None:
    wide = (np.zeros((240, 8448, 3), np.uint8) for _ in range(12))
    path = clips.write_video(tmp_path / "wide.mp4", wide, clips.Encoding(options=(("preset", "ultrafast"),)))

    error = refusal(path)

    assert (error.code, error.value, error.limit) == ("resolution_too_large", "8448x240", "8192x8192")


def test_length_limits_name_the_length(tmp_path: Path) -> None:
    grey = [np.full((240, 320, 3), shade, np.uint8) for shade in (90, 160)]
    short = clips.write_video(tmp_path / "short.mp4", grey * 4)
    long = clips.write_video(tmp_path / "long.mp4", grey * 305, clips.Encoding(fps=10))

    too_short, too_long = refusal(short), refusal(long)

    assert (too_short.code, too_short.value, too_short.limit) == ("clip_too_short", pytest.approx(0.333, abs=0.001), 0.5)
    assert (too_long.code, too_long.value, too_long.limit) == ("clip_too_long", 61.0, 60.0)
    assert "61.0 seconds" in too_long.message
    assert measure(long, role="source").seconds == 61.0


def test_a_small_clip_is_refused_with_its_short_side(tmp_path: Path) -> None:
    error = refusal(clips.mascot_clip(tmp_path / "small.mp4", 1, size=(320, 180)))

    assert (error.code, error.value, error.limit) == ("resolution_too_small", 180, 240)
    assert "320x180" in error.message


def test_a_movie_that_points_to_another_file_reads_nothing_of_it(tmp_path: Path) -> None:
    other = clips.mascot_clip(tmp_path / "other.mp4", 1, size=SMALL)
    content = bytearray(other.read_bytes())
    at = content.index(b"url ", content.index(b"dref"))
    content[at : at + 8] = b"alis" + struct.pack(">I", 0)
    pointer = tmp_path / "pointer.mov"
    pointer.write_bytes(content[: content.index(b"mdat") - 4])

    assert refusal(pointer).code == "undecodable_media"


def test_images_are_measured_and_bombs_are_not_unpacked(tmp_path: Path) -> None:
    facts = measure(clips.plain_image(tmp_path / "image.webp"), kind="image", param="image")
    bomb = refusal(clips.bomb_png(tmp_path / "bomb.png"), kind="image")

    assert (facts.kind, facts.container, facts.width, facts.height, facts.has_alpha) == ("image", "webp", 1280, 720, False)
    assert measure(clips.alpha_png(tmp_path / "alpha.png"), kind="image").has_alpha
    assert (bomb.code, bomb.value) == ("resolution_too_large", "20000x20000")


def test_a_damaged_image_is_undecodable(tmp_path: Path) -> None:
    path = clips.plain_image(tmp_path / "image.png")
    path.write_bytes(path.read_bytes()[:60])

    assert refusal(path, kind="image").code == "undecodable_media"


def test_a_photograph_is_turned_upright_by_its_exif(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    clips.write_image(path, np.zeros((300, 500, 3), np.uint8))
    content = path.read_bytes()
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    path.write_bytes(content[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + content[2:])

    facts = measure(path, kind="image")

    assert (facts.width, facts.height) == (300, 500)
    assert cv2.imread(str(path)) is not None
