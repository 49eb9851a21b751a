"""A character is derived from whatever people send, and told what would be better."""

import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

import clips
from castlist import samples
from castlist.errors import MediaRefused
from castlist.media.character import derive
from castlist.media.frames import read_clip
from castlist.media.probe import measure

SIZE = (426, 240)


def make(out: Path, *sources: Path, kind: str = "video", **more: object) -> dict[str, object]:
    out.mkdir()
    return derive({"sources": [str(source) for source in sources], "kind": kind, "out": str(out), **more}, lambda done: None)


def part(result: dict[str, object], name: str) -> dict[str, object]:
    value = result[name]
    assert isinstance(value, dict)
    return value


def codes(result: dict[str, object]) -> dict[str, object]:
    """Code and measured value of each piece of advice."""
    advice = result["advice"]
    assert isinstance(advice, list)
    assert all(set(row) == {"code", "message", "param", "value", "limit"} for row in advice)
    return {row["code"]: row["value"] for row in advice}


def cutout_frames(path: Path) -> list[clips.Pixels]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="bgra").astype(np.uint8) for frame in container.decode(video=0)]


@pytest.fixture(scope="module")
def luna(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], Path]:
    out = tmp_path_factory.mktemp("luna") / "out"
    return make(out, samples.path("luna")), out


def test_the_sample_gets_no_advice(luna: tuple[dict[str, object], Path]) -> None:
    assert codes(luna[0]) == {}


def test_a_gap_that_closes_for_a_while_stays_open(luna: tuple[dict[str, object], Path]) -> None:
    """Between her tail and her cheek the wall shows, for twenty frames from within a closed outline."""
    with av.open(str(samples.path("luna"))) as clip:
        wall = next(clip.decode(video=0)).to_ndarray(format="bgr24")[5, 5].astype(int)
    with av.open(str(luna[1] / "cutout.avi")) as cutout:
        pictures = [frame.to_ndarray(format="bgra").astype(int) for frame in cutout.decode(video=0)]

    shown = [np.count_nonzero((p[..., 3] > 128) & (np.abs(p[..., :3] - wall).max(axis=2) < 14)) for p in pictures]

    assert max(shown) < 200


def test_every_file_is_there_and_no_draft(luna: tuple[dict[str, object], Path]) -> None:
    result, out = luna

    stills = [f"still-{number}.png" for number in range(4)]
    assert part(result, "files") == {
        "clip": "clip.mp4",
        "stills": stills,
        "cutout": "cutout.avi",
        "cutout_png": "cutout.png",
        "sheet": "sheet.png",
    }
    assert {path.name for path in out.iterdir()} == {"clip.mp4", *stills, "cutout.avi", "cutout.png", "sheet.png", "analysis.json"}
    assert json.loads((out / "analysis.json").read_text()) == result


def test_the_clip_is_what_players_and_providers_take(luna: tuple[dict[str, object], Path]) -> None:
    result, out = luna
    facts = measure(out / "clip.mp4")

    assert (facts.codec, facts.pixel_format, facts.fps, facts.frames, facts.variable) == ("h264", "yuv420p", 24.0, 72, False)
    assert part(result, "clip")["frames"] == 72
    assert part(result, "clip")["bytes"] == (out / "clip.mp4").stat().st_size
    content = (out / "clip.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_the_colours_of_the_clip_are_those_of_the_upload(luna: tuple[dict[str, object], Path]) -> None:
    pixel = next(read_clip(luna[1] / "clip.mp4"))[20, 20]

    assert np.abs(pixel.astype(int) - (190, 178, 92)).max() <= 3


def test_the_cutout_lies_in_its_box_of_the_clip(luna: tuple[dict[str, object], Path]) -> None:
    result, out = luna
    box = part(result, "cutout")["box"]
    assert isinstance(box, list)
    x, y, w, h = box
    frames = cutout_frames(out / "cutout.avi")
    clip = list(read_clip(out / "clip.mp4"))

    assert len(frames) == len(clip) == 72
    assert frames[0].shape == (h, w, 4)
    assert w % 2 == h % 2 == 0
    solid = frames[40][:, :, 3] == 255
    gap = np.abs(frames[40][:, :, :3].astype(int) - clip[40][y : y + h, x : x + w])[solid]
    assert gap.mean() < 3
    assert 0.5 < float(str(part(result, "cutout")["height_fraction"])) < 0.6
    assert all(not frame[0, :, 3].any() and not frame[-1, :, 3].any() for frame in frames)


def test_the_stills_are_full_frames_that_differ(luna: tuple[dict[str, object], Path]) -> None:
    stills = [np.asarray(cv2.imread(str(luna[1] / f"still-{number}.png"))) for number in range(4)]

    assert all(still.shape == (720, 1280, 3) for still in stills)
    pairs = [(a, b) for a in range(4) for b in range(a)]
    assert min(np.abs(stills[a].astype(int) - stills[b]).mean() for a, b in pairs) > 0.3


def test_the_same_upload_gives_the_same_bytes(tmp_path: Path) -> None:
    clip = clips.mascot_clip(tmp_path / "clip.mp4", 0.6, size=SIZE)

    first, second = make(tmp_path / "a", clip), make(tmp_path / "b", clip)

    assert first == second
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_a_phone_clip_stands_upright_in_ordinary_colours(tmp_path: Path) -> None:
    result = make(tmp_path / "out", clips.phone_clip(tmp_path / "phone.mov", 1))

    facts = measure(tmp_path / "out" / "clip.mp4")
    frame = next(read_clip(tmp_path / "out" / "clip.mp4"))
    assert (facts.width, facts.height, facts.pixel_format, facts.fps) == (320, 568, "yuv420p", 24.0)
    assert facts.has_audio
    assert not facts.variable
    assert part(result, "cutout")["separable"] is True
    head, feet = frame[200:240, 150:170].reshape(-1, 3).mean(axis=0), frame[-30:, 100:200].reshape(-1, 3).mean(axis=0)
    assert head[2] > head[0] + 40
    assert feet[0] > feet[2]


def test_sound_is_kept_for_the_range_that_is_taken(tmp_path: Path) -> None:
    source = clips.sounding_clip(tmp_path / "clip.mp4", 1.5)

    result = make(tmp_path / "out", source, start=0.5, end=1.2)

    with av.open(str(tmp_path / "out" / "clip.mp4")) as container:
        sound = container.streams.audio[0]
        assert float((sound.duration or 0) * (sound.time_base or 0)) == pytest.approx(0.7, abs=0.06)
        assert sound.codec_context.name == "aac"
    assert part(result, "range") == {"start": 0.5, "end": 1.2, "chosen": False}
    assert part(result, "clip")["frames"] == 17


def test_the_best_seconds_of_a_long_clip_are_those_in_which_something_happens(tmp_path: Path) -> None:
    still, moving = clips.Mascot(moves=False), clips.Mascot()
    frames = [
        *clips.mascot_frames(SIZE, 36, mascots=(still,)),
        *clips.mascot_frames(SIZE, 42, mascots=(moving,)),
        *clips.mascot_frames(SIZE, 12, mascots=(clips.Mascot(moves=False, centre=0.02),)),
    ]

    result = make(tmp_path / "out", clips.write_video(tmp_path / "long.mp4", frames, clips.Encoding(fps=12)))

    taken = part(result, "range")
    assert taken["chosen"] is True
    assert 2.5 <= float(str(taken["start"])) <= 3.5
    assert part(result, "clip")["seconds"] == 3.0
    assert codes(result)["clip_length"] == 7.5


BAD_RANGES: dict[tuple[object, object], str] = {
    (5.0, None): "start",
    (1.0, 0.5): "end",
    (0.0, 9.0): "end",
    (-1.0, 1.0): "start",
    ("one", 2.0): "start",
    (1.0, 1.2): "end",
}


@pytest.mark.parametrize(("start", "end"), BAD_RANGES)
def test_a_range_outside_the_clip_is_refused_with_its_value(tmp_path: Path, start: object, end: object) -> None:
    clip = clips.mascot_clip(tmp_path / "clip.mp4", 2, size=(426, 240))

    with pytest.raises(MediaRefused) as caught:
        make(tmp_path / "out", clip, start=start, end=end)

    assert (caught.value.code, caught.value.param) == ("invalid_range", BAD_RANGES[start, end])


ADVICE = {
    "background_not_separable": {"background": clips.texture(SIZE)},
    "subject_too_small": {"mascots": (clips.Mascot(height=0.22),)},
    "subject_touches_edge": {"mascots": (clips.Mascot(centre=0.03),)},
    "little_motion": {"mascots": (clips.Mascot(moves=False),)},
    "several_subjects": {"mascots": (clips.Mascot(centre=0.25), clips.Mascot(centre=0.75))},
}


@pytest.mark.parametrize("code", ADVICE)
def test_each_weakness_of_a_clip_gets_its_advice_and_no_other(tmp_path: Path, code: str) -> None:
    clip = clips.mascot_clip(tmp_path / "clip.mp4", 2, size=SIZE, **ADVICE[code])  # type: ignore[arg-type]  # one keyword each, of its own type

    result = make(tmp_path / "out", clip)

    assert set(codes(result)) == {code, "clip_resolution"}
    assert part(result, "cutout")["separable"] is (code != "background_not_separable")


def test_what_cannot_be_separated_has_no_cutout_files(tmp_path: Path) -> None:
    result = make(tmp_path / "out", clips.mascot_clip(tmp_path / "clip.mp4", 1, size=SIZE, background=clips.texture(SIZE)))

    assert part(result, "files")["cutout"] is part(result, "files")["cutout_png"] is None
    assert not (tmp_path / "out" / "cutout.avi").exists()
    assert (tmp_path / "out" / "sheet.png").exists()


def test_length_shape_and_resolution_are_advised_on(tmp_path: Path) -> None:
    result = make(tmp_path / "out", clips.mascot_clip(tmp_path / "clip.mp4", 1, size=(400, 300)))

    assert codes(result) == {"clip_length": 1.0, "clip_aspect": "400:300", "clip_resolution": 300}


@pytest.mark.parametrize("name", ["image.png", "image.jpg"])
def test_a_still_image_comes_to_life_gently(tmp_path: Path, name: str) -> None:
    image = clips.alpha_png(tmp_path / name) if name == "image.png" else clips.plain_image(tmp_path / name, size=SIZE)

    result = make(tmp_path / "out", image, kind="image")

    frames = list(read_clip(tmp_path / "out" / "clip.mp4"))
    assert part(result, "cutout")["separable"] is True
    assert len(frames) == len(cutout_frames(tmp_path / "out" / "cutout.avi")) == 72
    assert 0.05 < np.abs(frames[0].astype(int) - frames[18]).mean() < 12
    assert codes(result) == ({} if name == "image.png" else {"clip_resolution": 240})


@pytest.mark.parametrize("name", ["image.png", "image.jpg"])
def test_the_idle_motion_is_small_and_seamless_and_the_feet_stay_put(tmp_path: Path, name: str) -> None:
    image = clips.alpha_png(tmp_path / name) if name == "image.png" else clips.plain_image(tmp_path / name, size=SIZE)

    make(tmp_path / "out", image, kind="image")

    alphas = [frame[:, :, 3] for frame in cutout_frames(tmp_path / "out" / "cutout.avi")]
    steps = [float(np.abs(b.astype(int) - a).mean()) for a, b in zip(alphas, [*alphas[1:], alphas[0]], strict=True)]
    rows = [np.flatnonzero((alpha > 128).any(axis=1)) for alpha in alphas]
    tall = float(np.median([len(row) for row in rows]))
    soles = [np.flatnonzero(alpha[row[-1] - 3] > 128).mean() for alpha, row in zip(alphas, rows, strict=True)]
    assert max(float(np.abs(alpha.astype(int) - alphas[0]).mean()) for alpha in alphas) > 1
    assert steps[-1] <= 1.5 * float(np.median(steps)) + 0.2
    assert np.ptp([row[-1] for row in rows]) <= 0.01 * tall + 1
    assert np.ptp(soles) <= 0.02 * tall + 1
    assert np.ptp([row[0] for row in rows]) <= 0.05 * tall


def test_up_to_four_images_become_the_stills_in_their_order(tmp_path: Path) -> None:
    images = [
        clips.alpha_png(tmp_path / "a.png"),
        clips.plain_image(tmp_path / "b.jpg", size=SIZE),
        clips.plain_image(tmp_path / "c.webp", size=SIZE),
    ]

    result = make(tmp_path / "out", *images, kind="image")

    assert part(result, "files")["stills"] == ["still-0.png", "still-1.png", "still-2.png"]
    with pytest.raises(MediaRefused, match="5 images were sent"):
        make(tmp_path / "more", *images, *images[:2], kind="image")
