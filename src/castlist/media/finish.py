"""After a render or a download: measure the video, and make its thumbnail and spritesheet."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from castlist.media.encode import write_picture
from castlist.media.frames import to_bgr, turn_of
from castlist.media.lab import Pixels
from castlist.media.probe import Facts, measure
from castlist.media.reading import decode, open_video, rewind, time_packets, undecodable
from castlist.media.sniff import recognise

COLUMNS, ROWS = 5, 4
CELL_LONG, THUMBNAIL_LONG = 320, 640
# Decoding of more pixels than this would be felt: then keyframes must do.
DECODE_BUDGET = 1000 * 1280 * 720
THUMBNAIL_AT = 0.35
WEBP, JPEG = [cv2.IMWRITE_WEBP_QUALITY, 82], [cv2.IMWRITE_JPEG_QUALITY, 84]


def finish(spec: Mapping[str, object], report: Callable[[float], None]) -> dict[str, object]:
    """{path, out, param?} -> facts and files: `thumbnail` (WebP, 640 on the long side), `spritesheet` (JPEG, 5 x 4 frames)."""
    path, out = Path(str(spec["path"])), Path(str(spec["out"]))
    param = str(spec.get("param") or "video")
    facts = measure(path, kind="video", role="result", param=param)
    report(0.3)
    return summarise(facts) | {"files": make_previews(path, out, facts=facts, param=param)}


def summarise(facts: Facts) -> dict[str, object]:
    names = ("seconds", "width", "height", "fps", "frames", "bytes", "codec", "has_audio")
    return {name: getattr(facts, name) for name in names}


def make_previews(path: Path, out: Path, *, facts: Facts, param: str) -> dict[str, str]:
    cells = COLUMNS * ROWS
    wanted = [facts.seconds * (number + 0.5) / cells for number in range(cells)]
    pictures = grab(path, wanted, facts=facts, param=param)
    chosen = pictures[round(THUMBNAIL_AT * cells)]
    write_picture(out / "thumbnail.webp", chosen, options=WEBP)
    write_picture(out / "spritesheet.jpg", tile(pictures), options=JPEG)
    return {"thumbnail": "thumbnail.webp", "spritesheet": "spritesheet.jpg"}


def grab(path: Path, wanted: Sequence[float], *, facts: Facts, param: str) -> list[Pixels]:
    """The decoded frame on screen at each moment (rising, in seconds). A long video is only looked at where a keyframe is."""
    found = recognise(path, kind="video", param=param)
    with open_video(path, found, param=param) as (container, stream):
        timing = time_packets(container, stream, param=param)
        short = facts.frames * facts.width * facts.height <= DECODE_BUDGET
        stream.codec_context.skip_frame = "NONREF" if short else "NONKEY"
        rewind(container, stream, to=timing.origin)
        pictures: list[Pixels] = []
        held: VideoFrame | None = None
        for frame in decode(container, stream, param=param):
            while held is not None and len(pictures) < len(wanted) and wanted[len(pictures)] < (frame.time or 0.0) - timing.origin:
                pictures.append(picture_of(held, stream))
            held = frame
        if held is None:
            raise undecodable("not one frame decodes", param=param)
        return pictures + [picture_of(held, stream)] * (len(wanted) - len(pictures))


def picture_of(frame: VideoFrame, stream: VideoStream) -> Pixels:
    turn = turn_of(frame, stream)
    return to_bgr(frame, turn.fit(round(THUMBNAIL_LONG * min(turn.width, turn.height) / max(turn.width, turn.height))))


def tile(pictures: Sequence[Pixels]) -> Pixels:
    """Rows of COLUMNS pictures, each CELL_LONG on its long side."""
    height, width = pictures[0].shape[:2]
    scale = CELL_LONG / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    cells = [np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8) for picture in pictures]
    return np.vstack([np.hstack(cells[row : row + COLUMNS]) for row in range(0, len(cells), COLUMNS)])
