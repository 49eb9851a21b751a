"""Whether pictures and clips show a character: decoded, and compared in colour and structure with the clip that somebody uploaded."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np

WIDE = 128
BLOCK = 8
MOST = 12.0
"""Mean difference, of 255, that coding and scaling make in the block of a picture where it is largest; a figure in another colour or
pose makes several times as much."""

ASPECT = 0.02
LOOKS = 8
"""How many frames of a clip are compared, from its first to its end."""


@dataclass(frozen=True)
class Clip:
    """A decoded clip: its small pictures in order, how long it is, and whether it has sound."""

    pictures: Sequence[np.ndarray]
    aspect: float
    seconds: float
    sounds: bool


@dataclass(frozen=True)
class Seen:
    """What an upstream was given of one character, as bytes, and the prompt that names it."""

    stills: Sequence[bytes] = ()
    clips: Sequence[bytes] = ()
    prompt: str = ""
    name: str = field(default="Luna")

    def complaints(self, clip: Clip) -> list[str]:
        """In what this is not the character of that clip; nothing where all of it is."""
        found = [f"still {n}: {words}" for n, still in enumerate(self.stills) if (words := complain_of_still(still, clip))]
        found += [f"clip {n}: {words}" for n, given in enumerate(self.clips) if (words := complain_of_clip(given, clip))]
        if not self.stills and not self.clips:
            found.append("nothing was shown")
        if self.name not in self.prompt:
            found.append(f"the prompt does not name {self.name}: {self.prompt!r}")
        return found


def watch(source: Path | bytes) -> Clip:
    """Every picture of a clip, made small. Raises av.error.FFmpegError for what is none."""
    with av.open(BytesIO(source) if isinstance(source, bytes) else str(source)) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(stream)]
        sounds = bool(container.streams.audio)
        seconds = len(frames) / float(stream.average_rate)
    height, width = frames[0].shape[:2]
    return Clip([shrink(frame, aspect=width / height) for frame in frames], width / height, seconds, sounds)


def look(still: bytes) -> np.ndarray | None:
    """The pixels of a picture, None for what is none."""
    return cv2.imdecode(np.frombuffer(still, np.uint8), cv2.IMREAD_COLOR) if still else None


def complain_of_still(still: bytes, clip: Clip) -> str | None:
    """In what a picture is no frame of that clip, None where it is one."""
    picture = look(still)
    if picture is None:
        return "no picture"
    aspect = picture.shape[1] / picture.shape[0]
    if abs(aspect / clip.aspect - 1) > ASPECT:
        return f"its aspect is {aspect:.2f}, and not {clip.aspect:.2f}"
    least = nearest(shrink(picture, aspect=clip.aspect), clip)
    return f"it differs by {least:.0f} from the frame it is most like" if least > MOST else None


def complain_of_clip(given: bytes, clip: Clip) -> str | None:
    """In what a clip is no part of that clip, None where its frames are frames of it and it moves."""
    part = watch(given)
    if abs(part.aspect / clip.aspect - 1) > ASPECT:
        return f"its aspect is {part.aspect:.2f}, and not {clip.aspect:.2f}"
    shown = part.pictures[:: max(1, len(part.pictures) // LOOKS)]
    least = max(nearest(picture, clip) for picture in shown)
    if least > MOST:
        return f"a frame of it differs by {least:.0f} from the frame it is most like"
    moved = max((difference(one, other) for one, other in pairwise(shown)), default=0.0)
    return None if moved > MOST else "it does not move"


def nearest(picture: np.ndarray, clip: Clip) -> float:
    """The difference from the frame of a clip that is most like it."""
    return min(difference(picture, frame) for frame in clip.pictures)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Of 255, in the block and the colour where two pictures differ most."""
    apart = cv2.absdiff(one, other)
    high, wide = (size // BLOCK for size in apart.shape[:2])
    return float(cv2.resize(apart[: high * BLOCK, : wide * BLOCK], (wide, high), interpolation=cv2.INTER_AREA).max())


def shrink(picture: np.ndarray, *, aspect: float) -> np.ndarray:
    """A picture at WIDE pixels across, in which coding leaves no trace to speak of."""
    small = cv2.resize(picture, (WIDE, round(WIDE / aspect)), interpolation=cv2.INTER_AREA)
    return cv2.GaussianBlur(small, (0, 0), 1).astype(np.float32)
