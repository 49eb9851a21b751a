"""Two videos into one: copied where they are coded alike, coded anew where not."""

import av
import numpy as np
import pytest

import clips
from castlist.media.probe import measure
from castlist.media.stitch import stitch

SIZE = (426, 240)


def join(folder, first, second):
    made = stitch({"first": str(first), "second": str(second), "out": str(folder)}, lambda done: None)
    return made, measure(folder / made["file"], kind="video", role="result")


def packets(path):
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def pictures(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


def test_what_is_coded_alike_is_copied_packet_by_packet(tmp_path):
    first = clips.mascot_clip(tmp_path / "a.mp4", 1.0, size=SIZE)
    second = clips.mascot_clip(tmp_path / "b.mp4", 0.5, size=SIZE)

    made, whole = join(tmp_path, first, second)

    assert made["copied"] is True
    assert packets(tmp_path / made["file"]) == packets(first) + packets(second)
    assert whole.seconds == pytest.approx(1.5, abs=0.05)
    shown = [*pictures(first), *pictures(second)]
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(pictures(tmp_path / made["file"]), shown, strict=True))


def test_sound_goes_on_where_the_pictures_do(tmp_path):
    first, second = clips.sounding_clip(tmp_path / "a.mp4", 1.0), clips.sounding_clip(tmp_path / "b.mp4", 1.0)

    made, whole = join(tmp_path, first, second)

    assert (made["copied"], whole.has_audio) == (True, True)
    with av.open(str(tmp_path / made["file"])) as container:
        heard = list(container.decode(audio=0))
    assert sum(frame.samples for frame in heard) / heard[0].sample_rate == pytest.approx(2.0, abs=0.1)
    assert [frame.pts for frame in heard] == sorted({frame.pts for frame in heard})


@pytest.mark.parametrize("other", ["size", "codec", "sound"])
def test_what_is_coded_otherwise_is_coded_anew_at_the_size_of_the_first(tmp_path, other):
    first = clips.mascot_clip(tmp_path / "a.mp4", 0.5, size=SIZE)
    second = {
        "size": lambda: clips.mascot_clip(tmp_path / "b.mp4", 0.5, size=(320, 240)),
        "codec": lambda: clips.webm_clip(tmp_path / "b.webm", 0.5),
        "sound": lambda: clips.sounding_clip(tmp_path / "b.mp4", 0.5),
    }[other]()

    made, whole = join(tmp_path, first, second)

    assert made["copied"] is False
    assert (whole.width, whole.height, whole.codec, whole.has_audio) == (*SIZE, "h264", other == "sound")
    assert whole.seconds == pytest.approx(1.0, abs=0.1)
    half = len(pictures(first))
    ends = pictures(tmp_path / made["file"])
    assert np.abs(ends[0].astype(int) - pictures(first)[0]).mean() < 3
    assert ends[half].mean() > 0
    if other == "size":
        assert ends[-1][:, :40].max() < 30
