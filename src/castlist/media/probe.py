"""What an uploaded file really is, measured; a file that cannot be used is refused with the figure and what would work."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import av

from castlist.errors import MediaRefused
from castlist.media import pictures
from castlist.media.frames import turn_of
from castlist.media.reading import Timing, codec_name, decode, open_video, refuse_giant, rewind, time_packets, undecodable
from castlist.media.sniff import Format, recognise

MIN_SECONDS = 0.5
MAX_SECONDS = {"character": 60.0, "reference": 60.0, "source": 120.0, "result": float("inf")}
MIN_SHORT_SIDE = 240
TAIL_FRAMES = 30


@dataclass(frozen=True)
class Facts:
    """`width` and `height` as displayed, after rotation; `seconds` and `frames` counted on the packets, 0 for an image."""

    kind: str
    container: str
    codec: str
    width: int
    height: int
    fps: float
    seconds: float
    frames: int
    rotation: int
    has_audio: bool
    bytes: int
    variable: bool = False
    pixel_format: str = ""
    has_alpha: bool = False


def probe(spec: Mapping[str, object], report: Callable[[float], None]) -> dict[str, object]:
    """{path, kind?, role?, param?} -> the Facts as a dict. `role`: character (default), source, reference or result (no limits)."""
    path = Path(str(spec["path"]))
    kind = None if spec.get("kind") is None else str(spec["kind"])
    param = str(spec.get("param") or kind or "video")
    return asdict(measure(path, kind=kind, role=str(spec.get("role") or "character"), param=param))


def measure(path: Path, *, kind: str | None = None, role: str = "character", param: str = "video") -> Facts:
    found = recognise(path, kind=kind, param=param)
    facts = measure_video(path, found, param=param) if found.kind == "video" else measure_image(path, found, param=param)
    refuse_unusable(facts, role=role, param=param)
    return facts


def measure_image(path: Path, found: Format, *, param: str) -> Facts:
    picture = pictures.read(path, param=param)
    height, width = picture.bgr.shape[:2]
    return Facts(
        kind="image",
        container=found.name,
        codec=found.name,
        width=width,
        height=height,
        fps=0.0,
        seconds=0.0,
        frames=1,
        rotation=0,
        has_audio=False,
        bytes=path.stat().st_size,
        has_alpha=picture.alpha is not None,
    )


def measure_video(path: Path, found: Format, *, param: str) -> Facts:
    """Every packet is timed, the first frame and the end are decoded: a file that only starts well is found out."""
    with open_video(path, found, param=param) as (container, stream):
        timing = time_packets(container, stream, param=param)
        width, height, rotation = check_decoding(container, stream, timing, param=param)
        return Facts(
            kind="video",
            container=found.name,
            codec=codec_name(stream),
            width=width,
            height=height,
            fps=round(timing.fps, 3),
            seconds=round(timing.seconds, 3),
            frames=len(timing.starts),
            rotation=rotation,
            has_audio=bool(container.streams.audio),
            bytes=path.stat().st_size,
            variable=timing.variable,
            pixel_format=stream.codec_context.pix_fmt or "",
        )


def check_decoding(
    container: av.container.InputContainer, stream: av.video.stream.VideoStream, timing: Timing, *, param: str
) -> tuple[int, int, int]:
    """Displayed width and height, and the rotation, from the first frame that decodes."""
    try:
        rewind(container, stream, to=timing.origin)
        first = next(decode(container, stream, param=param), None)
        if first is None:
            raise undecodable("not one frame decodes", param=param)
        refuse_giant(first.width, first.height, param=param)
        last_key = max((key for key in timing.keyframes), default=0.0)
        rewind(container, stream, to=timing.origin + last_key)
        tail = [frame.is_corrupt for frame, _ in zip(decode(container, stream, param=param), range(TAIL_FRAMES), strict=False)]
    except av.FFmpegError as error:
        raise undecodable(str(error), param=param) from None
    if not tail or all(tail):
        raise undecodable(f"its last part, from second {last_key:.1f}, does not decode", param=param)
    turn = turn_of(first, stream)
    return turn.width, turn.height, turn.rotation


def refuse_unusable(facts: Facts, *, role: str, param: str) -> None:
    """The limits of a character clip; a source to edit or extend may be longer, and a reference image smaller."""
    longest = MAX_SECONDS[role]
    if facts.kind == "video" and role != "result" and facts.seconds < MIN_SECONDS:
        message = f"the clip is {facts.seconds:.2f} seconds long; send {MIN_SECONDS:g} to {longest:g} seconds (2 to 4 work best)"
        raise MediaRefused(message, code="clip_too_short", param=param, value=facts.seconds, limit=MIN_SECONDS)
    if facts.kind == "video" and facts.seconds > longest:
        message = f"the clip is {facts.seconds:.1f} seconds long; send at most {longest:g} seconds"
        raise MediaRefused(message, code="clip_too_long", param=param, value=facts.seconds, limit=longest)
    short = min(facts.width, facts.height)
    if role == "character" and short < MIN_SHORT_SIDE:
        message = f"the short side is {short} pixels ({facts.width}x{facts.height}); send at least {MIN_SHORT_SIDE}, better 720 to 1080"
        raise MediaRefused(message, code="resolution_too_small", param=param, value=short, limit=MIN_SHORT_SIDE)
