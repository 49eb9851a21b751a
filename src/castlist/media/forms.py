"""The forms of a character that hosted models take: JPEG stills of a size all accept, padded ones, and short silent cuts."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np

from castlist.media import pictures
from castlist.media.choose import choose_range
from castlist.media.clip import write_frames
from castlist.media.encode import MP4_OPTIONS, RATE, Pixels, publish
from castlist.media.frames import read_clip
from castlist.media.probe import Facts, measure

JPEG_BYTES = 3_500_000
LONGEST, SHORTEST = 2048, 720
WIDEST = 2.5
"""Width to height, or height to width, beyond which some models refuse a picture."""

ASPECTS = {"16x9": 16 / 9, "9x16": 9 / 16}
QUALITIES = (93, 88, 80, 70, 55, 40)
HALF_A_FRAME = 0.5 / RATE

Report = Callable[[float], None]


def derive(spec: Mapping[str, object], report: Report) -> dict[str, object]:
    """{video, stills: {still-N: path}, wants: [form], out} -> {files: {form: name}}. A form without what it is made from is left out."""
    out, video = Path(str(spec["out"])), spec.get("video")
    stills = {str(name): Path(str(path)) for name, path in _mapping(spec.get("stills")).items()}
    wants = [str(name) for name in _listed(spec.get("wants"))]
    files: dict[str, object] = {}
    for number, form in enumerate(wants):
        name = _derive_one(form, out, video=Path(str(video)) if video else None, stills=stills)
        if name:
            files[form] = name
        report((number + 1) / len(wants))
    return {"files": files}


def _derive_one(form: str, out: Path, *, video: Path | None, stills: Mapping[str, Path]) -> str | None:
    kind, _, rest = form.partition("-")
    if kind == "clip" and video:
        length, _, lines = rest.partition("-")
        cut(video, out / f"{form}.mp4", seconds=float(length.removesuffix("s")), lines=int(lines.removesuffix("p")) if lines else None)
        return f"{form}.mp4"
    number, _, aspect = rest.partition("-")
    still = stills.get(f"still-{number}")
    if kind != "jpeg" or still is None:
        return None
    write_jpeg(out / f"{form}.jpg", pictures.read(still, param="image").bgr, aspect=ASPECTS.get(aspect))
    return f"{form}.jpg"


def write_jpeg(path: Path, picture: Pixels, *, aspect: float | None = None) -> None:
    """The picture as a JPEG of at most JPEG_BYTES, its sides between SHORTEST and LONGEST, padded to an aspect where one is given."""
    fitted = fit(pad(picture, aspect) if aspect else narrow(picture))
    for quality in QUALITIES:
        whole, content = cv2.imencode(".jpg", fitted, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if whole and len(content) <= JPEG_BYTES:
            break
    with publish(path) as draft:
        draft.write_bytes(content.tobytes())


def narrow(picture: Pixels) -> Pixels:
    """Padded where it is longer than models take."""
    height, width = picture.shape[:2]
    return pad(picture, min(max(width / height, 1 / WIDEST), WIDEST))


def pad(picture: Pixels, aspect: float) -> Pixels:
    """Centred on the smallest canvas of that aspect: its edges go on, softened so that they draw no streaks."""
    height, width = picture.shape[:2]
    wide, high = max(width, round(height * aspect)), max(height, round(width / aspect))
    if wide - width < 2 and high - height < 2:
        return picture
    left, top = (wide - width) // 2, (high - height) // 2
    canvas = cv2.copyMakeBorder(picture, top, high - height - top, left, wide - width - left, cv2.BORDER_REPLICATE)
    canvas = cv2.GaussianBlur(canvas, (0, 0), max(wide, high) / 40)
    canvas[top : top + height, left : left + width] = picture
    return np.asarray(canvas, np.uint8)


def fit(picture: Pixels) -> Pixels:
    """Scaled so that the longest side is at most LONGEST and, as far as that allows, the shortest at least SHORTEST."""
    height, width = picture.shape[:2]
    scale = min(max(1.0, SHORTEST / min(height, width)), LONGEST / max(height, width))
    if scale == 1.0:
        return picture
    size = round(width * scale), round(height * scale)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC), np.uint8)


def cut(video: Path, out: Path, *, seconds: float, lines: int | None = None) -> None:
    """At most so many seconds of our own clip, without sound: the pictures as they are coded where all of them fit, else its best part.

    With `lines` it is 16:9 or 9:16, whichever is nearer, of so many lines on its shorter side: scaled, and padded where it must be.
    """
    facts = measure(video, kind="video", role="result")
    whole = facts.seconds <= seconds + HALF_A_FRAME
    size = _screen(facts, lines) if lines else (facts.width, facts.height)
    if whole and size == (facts.width, facts.height):
        _copy_silent(video, out)
        return
    start = 0.0 if whole else choose_range(video, facts, seconds=seconds, param="video")[0]
    write_frames(out, size, frames=(fill(picture, size) for picture in _frames(video, facts, start=start, seconds=seconds)))


def _screen(facts: Facts, lines: int) -> tuple[int, int]:
    wide = round(lines * 16 / 9 / 2) * 2
    return (wide, lines) if facts.width >= facts.height else (lines, wide)


def fill(picture: Pixels, size: tuple[int, int]) -> Pixels:
    """The picture on a canvas of exactly that size, whole."""
    width, height = size
    if picture.shape[1::-1] == size:
        return picture
    padded = pad(picture, width / height)
    return np.asarray(cv2.resize(padded, size, interpolation=cv2.INTER_AREA if padded.shape[1] > width else cv2.INTER_CUBIC), np.uint8)


def _frames(video: Path, facts: Facts, *, start: float, seconds: float) -> Iterator[Pixels]:
    count = int(seconds * RATE)
    first = min(round(start * RATE), max(0, facts.frames - count))
    return islice(read_clip(video), first, first + count)


def _copy_silent(video: Path, out: Path) -> None:
    with publish(out) as draft, av.open(str(video)) as source, av.open(str(draft), "w", format="mp4", options=MP4_OPTIONS) as target:
        stream = source.streams.video[0]
        copied = target.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.dts is not None:
                packet.stream = copied
                target.mux(packet)


def _mapping(value: object) -> Mapping[object, object]:
    return value if isinstance(value, dict) else {}


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []
