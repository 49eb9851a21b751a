"""What the embedded renderer makes, on real small renders."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from tests.unit.media.animatic import mascot
from tests.unit.media.animatic.filming import shot, studio

from castlist.errors import MediaRefused
from castlist.media.animatic import render

SIZE = (320, 180)
Frames = list[np.ndarray]
Film = tuple[dict, Path]
Cast = Callable[..., dict]


@pytest.fixture(scope="module")
def puff(tmp_path_factory) -> dict:
    folder = tmp_path_factory.mktemp("puff")
    facts = {"separable": True}
    return {
        "name": "Puff",
        "clip": str(mascot.clip(folder / "clip.mp4")),
        "cutout": str(mascot.cutout(folder / "cut.mkv")),
        "cutout_facts": facts,
    }


@pytest.fixture(scope="module")
def forest(puff, tmp_path_factory) -> Film:
    return shoot(tmp_path_factory.mktemp("forest"), "Puff walks through a forest at noon, tracking shot", cast=[puff], seconds=2)


def shoot(out: Path, prompt: str, **spec) -> Film:
    whole = {"task": "create", "prompt": prompt, "seconds": 1, "size": list(SIZE), "seed": 7, "cast": [], "backdrop": None}
    whole |= {"source": None, "scene": None, "out": str(out)} | spec
    return render(whole, lambda done: None), out / "video.mp4"


def frames(path: Path) -> Frames:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def lab(pictures: Sequence[np.ndarray]) -> np.ndarray:
    return np.mean([cv2.cvtColor(p.astype(np.float32) / 255, cv2.COLOR_RGB2LAB).mean(axis=(0, 1)) for p in pictures], axis=0)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(cv2.PSNR(a, b))


def body(picture: np.ndarray) -> np.ndarray:
    """Where the creature's orange is: it is in nothing else of a forest at noon."""
    hue, strength, value = cv2.split(cv2.cvtColor(picture, cv2.COLOR_RGB2HSV))
    mask = ((hue < 15) & (strength > 150) & (value > 130)).astype(np.uint8)
    count, labels, facts, _ = cv2.connectedComponentsWithStats(mask)
    return labels == 1 + int(np.argmax(facts[1:, cv2.CC_STAT_AREA])) if count > 1 else mask > 0


def edges(picture: np.ndarray) -> np.ndarray:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    mean = cv2.GaussianBlur(grey, (0, 0), 6)
    spread = np.sqrt(cv2.GaussianBlur((grey - mean) ** 2, (0, 0), 6)) + 4
    flat = (grey - mean) / spread
    return np.hypot(cv2.Sobel(flat, cv2.CV_32F, 1, 0), cv2.Sobel(flat, cv2.CV_32F, 0, 1))


def test_a_film_has_the_size_length_rate_and_sound_asked_for(forest: Film) -> None:
    result, path = forest
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        facts = (video.codec_context.name, video.width, video.height, video.codec_context.pix_fmt, video.average_rate, video.frames)
        assert facts == ("h264", 320, 180, "yuv420p", 24, 48)
        assert (audio.codec_context.name, audio.rate, audio.channels) == ("aac", 48_000, 2)
        assert float(container.duration / av.time_base) == pytest.approx(2.0, abs=0.05)
        assert (video.codec_context.colorspace, video.codec_context.color_primaries, video.codec_context.color_trc) == (1, 1, 1)
    assert {k: result[k] for k in ("file", "seconds", "width", "height", "fps", "frames")} == {
        "file": "video.mp4",
        "seconds": 2.0,
        "width": 320,
        "height": 180,
        "fps": 24,
        "frames": 48,
    }
    assert [p.name for p in path.parent.iterdir()] == ["video.mp4"]


def test_a_film_can_play_before_it_is_whole(forest: Film) -> None:
    data = forest[1].read_bytes()

    assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_progress_is_true_and_never_goes_back(tmp_path: Path) -> None:
    seen: list[float] = []
    spec = {"task": "create", "prompt": "a desert", "seconds": 1, "size": list(SIZE), "seed": 1, "cast": [], "out": str(tmp_path)}

    render(spec, seen.append)

    assert seen == [pytest.approx((n + 1) / 24) for n in range(24)]


def test_the_same_seed_gives_the_same_frames_and_another_seed_others(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "b", "c")]
    for folder in folders:
        folder.mkdir()
    first, again, other = (frames(shoot(folder, "a market at dusk", seed=seed)[1]) for folder, seed in zip(folders, (3, 3, 4), strict=True))

    assert np.array_equal(first, again)
    assert psnr(first[0], other[0]) < 24


@pytest.mark.parametrize("size", [(180, 320), (240, 240), (426, 240)])
def test_other_shapes_of_frame_work(puff: dict, tmp_path: Path, size: tuple[int, int]) -> None:
    result, path = shoot(tmp_path, "Puff jumps on a beach", size=list(size), cast=[puff])

    assert frames(path)[0].shape == (size[1], size[0], 3)
    assert (result["width"], result["height"]) == size


def test_a_place_looks_like_itself_and_not_like_another() -> None:
    prompts = ["forest", "market", "meadow", "city", "beach", "mountains", "snow", "desert", "space", "interior", "Xyzzy"]
    looks = [shot(studio(prompt), 12) for prompt in prompts]

    likeness = [psnr(a, b) for n, a in enumerate(looks) for b in looks[:n]]

    assert max(likeness) < 22


def test_the_hour_changes_the_light() -> None:
    noon, night, golden = (lab([shot(studio(f"meadow at {hour}"), 12)]) for hour in ("noon", "night", "golden hour"))

    assert night[0] < noon[0] - 25
    assert golden[2] > noon[2] + 10


def test_what_cannot_be_cut_out_is_shown_as_a_card_with_its_clip(puff: dict, tmp_path: Path) -> None:
    card = puff | {"cutout_facts": {"separable": False}}
    _, path = shoot(tmp_path, "Puff in a desert at noon, static camera", cast=[card], size=[640, 360])
    picture = frames(path)[12]
    back = np.all(np.abs(picture.astype(int) - (120, 190, 120)) < 45, axis=2).astype(np.uint8)
    outlines, _ = cv2.findContours(back, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    _, sides, _ = cv2.minAreaRect(max(outlines, key=cv2.contourArea))

    assert max(sides) / min(sides) == pytest.approx(320 / 180, rel=0.04)


def test_the_reference_is_the_opening_frame_and_the_cast_steps_in(puff: dict, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    picture = cv2.resize(rng.integers(0, 255, (9, 16, 3), dtype=np.uint8), (640, 360), interpolation=cv2.INTER_CUBIC)
    picture[..., 2] //= 3
    cv2.imwrite(str(tmp_path / "reference.png"), picture)
    out = tmp_path / "out"
    out.mkdir()
    _, path = shoot(out, "Puff walks in", cast=[puff], backdrop=str(tmp_path / "reference.png"), seconds=3)
    film = frames(path)
    wanted = cv2.cvtColor(cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB)

    assert psnr(film[0], wanted) > 36
    assert psnr(film[-1], wanted) < 24
    assert body(film[-1]).sum() > 10 * max(1, body(film[0]).sum())


def test_a_reference_that_is_no_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "reference.png").write_text("not an image")

    with pytest.raises(MediaRefused) as refusal:
        shoot(tmp_path, "a forest", backdrop=str(tmp_path / "reference.png"))

    assert (refusal.value.code, refusal.value.param) == ("invalid_image", "input_reference")


@pytest.mark.parametrize(
    ("prompt", "axis", "way"), [("warm golden hour light", 2, 8), ("make it cool and blue", 2, -8), ("turn it into night", 0, -8)]
)
def test_an_edit_moves_the_colour_as_asked_and_keeps_the_composition(
    forest: Film, tmp_path: Path, prompt: str, axis: int, way: int
) -> None:
    result, source = forest
    edited, path = shoot(tmp_path, prompt, task="edit", source=str(source), scene=result["scene"], seconds=2)
    before, after = frames(source), frames(path)
    moved = lab(after)[axis] - lab(before)[axis]

    assert len(after) == len(before) == edited["frames"]
    assert moved * np.sign(way) >= abs(way)
    likeness = [np.corrcoef(edges(a).ravel(), edges(b).ravel())[0, 1] for a, b in zip(before[::8], after[::8], strict=True)]
    assert min(likeness) > 0.8


def test_an_edit_lets_weather_in(forest: Film, tmp_path: Path) -> None:
    result, source = forest
    _, path = shoot(tmp_path, "add falling snow", task="edit", source=str(source), scene=result["scene"], seconds=2)
    before, after = frames(source)[30], frames(path)[30]

    assert (after.min(axis=2) > 215).sum() > 3 * (before.min(axis=2) > 215).sum() + 100


def test_an_edit_that_names_nothing_known_says_so(forest: Film, tmp_path: Path) -> None:
    result, source = forest
    edited, _ = shoot(tmp_path, "replace the hat", task="edit", source=str(source), scene=result["scene"], seconds=2)

    assert [w["code"] for w in edited["warnings"]] == ["edit_not_understood"]


def test_an_extension_copies_the_source_and_goes_on_from_it(puff: dict, forest: Film, tmp_path: Path) -> None:
    result, source = forest
    spec = {"task": "extend", "source": str(source), "scene": result["scene"], "seconds": 2, "cast": [puff]}
    extended, path = shoot(tmp_path, "Puff waves", **spec)
    before, after = frames(source), frames(path)
    steps = [float(np.abs(a.astype(int) - b).mean()) for a, b in pairwise(after)]

    assert len(after) == extended["frames"] == 96
    assert np.array_equal(after[:48], before)
    assert steps[47] <= 1.5 * np.median(steps[36:60])
    assert extended["scene"]["shots"][1]["start"] == 48
    assert packets(path)[:48] == packets(source)


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def test_an_edited_take_is_extended_in_its_new_light(puff: dict, forest: Film, tmp_path: Path) -> None:
    result, source = forest
    for name in ("edit", "more"):
        (tmp_path / name).mkdir()
    edited, graded = shoot(tmp_path / "edit", "at night", task="edit", source=str(source), scene=result["scene"], seconds=2)
    spec = {"task": "extend", "source": str(graded), "scene": edited["scene"], "cast": [puff]}
    _, path = shoot(tmp_path / "more", "goes on walking", **spec)
    film = frames(path)

    assert len(film) == 72
    assert abs(lab(film[48:52])[0] - lab(film[44:48])[0]) < 3


def test_a_film_from_elsewhere_is_edited_and_extended(tmp_path: Path) -> None:
    source = mascot.clip(tmp_path / "phone.mp4", frames=30)
    for name in ("edit", "more"):
        (tmp_path / name).mkdir()
    edited, _ = shoot(tmp_path / "edit", "golden hour", task="edit", source=str(source), seconds=1)
    extended, path = shoot(tmp_path / "more", "slow push in", task="extend", source=str(source))
    film, original = frames(path), frames(source)

    assert edited["frames"] == 30
    assert len(film) == extended["frames"] == 54
    assert psnr(film[29], original[29]) > 38
    assert psnr(film[30], film[29]) > 34
    assert psnr(film[-1], film[29]) < psnr(film[31], film[29])


def test_a_remix_stages_the_cast_elsewhere_with_the_same_seed(puff: dict, forest: Film, tmp_path: Path) -> None:
    result, source = forest
    spec = {"task": "remix", "source": str(source), "scene": result["scene"], "cast": [puff], "seed": 99, "seconds": 2}
    remixed, path = shoot(tmp_path, "Puff on a beach at noon", **spec)

    assert (remixed["scene"]["place"], remixed["scene"]["seed"]) == ("beach", 7)
    assert psnr(frames(path)[24], frames(source)[24]) < 22


def test_a_source_that_is_no_film_is_refused(tmp_path: Path) -> None:
    (tmp_path / "source.mp4").write_bytes(b"nothing")

    with pytest.raises(MediaRefused) as refusal:
        shoot(tmp_path, "golden hour", task="edit", source=str(tmp_path / "source.mp4"))

    assert refusal.value.code == "undecodable_media"
