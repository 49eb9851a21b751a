"""Bring an uploaded video into the one form that is edited and extended; what has it already is copied, not coded again."""

from collections.abc import Callable, Mapping
from pathlib import Path

import av

from castlist.media.clip import MAX_SHORT_SIDE, Cut, cut_clip
from castlist.media.encode import KEEPING, MP4_OPTIONS, publish
from castlist.media.finish import make_previews, summarise
from castlist.media.probe import Facts, measure
from castlist.media.reading import open_video
from castlist.media.sniff import recognise

RATES = (10.0, 60.5)


def normalise(spec: Mapping[str, object], report: Callable[[float], None]) -> dict[str, object]:
    """{path, out, param?} -> video.mp4, its previews and facts as from `finish`, and `file`."""
    path, out = Path(str(spec["path"])), Path(str(spec["out"]))
    param = str(spec.get("param") or "video")
    facts = measure(path, kind="video", role="source", param=param)
    video = out / "video.mp4"
    if fits(facts):
        copy(path, video, param=param)
    else:
        cut_clip(path, video, cut=Cut(0.0, facts.seconds, quality=KEEPING), param=param, shown=lambda done, _: report(0.8 * done))
    report(0.8)
    written = measure(video, kind="video", role="result", param=param)
    previews = make_previews(video, out, facts=written, param=param)
    return summarise(written) | {"file": video.name, "copied": fits(facts), "files": previews}


def fits(facts: Facts) -> bool:
    """Whether every player and our renderer take it as it is."""
    plain = facts.codec == "h264" and facts.pixel_format == "yuv420p" and facts.container in ("mp4", "mov")
    upright = facts.rotation == 0 and facts.width % 2 == 0 and facts.height % 2 == 0 and min(facts.width, facts.height) <= MAX_SHORT_SIDE
    return plain and upright and not facts.variable and RATES[0] <= facts.fps <= RATES[1]


def copy(path: Path, video: Path, *, param: str) -> None:
    """The same packets in a new MP4 with its index in front: one picture and at most one AAC sound track, nothing else."""
    found = recognise(path, kind="video", param=param)
    with (
        open_video(path, found, param=param) as (container, stream),
        publish(video) as draft,
        av.open(str(draft), "w", format="mp4", options=MP4_OPTIONS) as target,
    ):
        heard = [sound for sound in container.streams.audio if sound.codec_context is not None and sound.codec_context.name == "aac"][:1]
        tracks = {taken.index: target.add_stream_from_template(taken) for taken in (stream, *heard)}
        for packet in container.demux(stream, *heard):
            if packet.dts is not None:
                packet.stream = tracks[packet.stream.index]
                target.mux(packet)
