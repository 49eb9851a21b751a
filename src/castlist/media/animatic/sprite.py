"""A character as a loop of cut-out pictures, lit for the scene, or as a framed card when it cannot be cut out."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import av
import cv2
import numpy as np

from castlist.media.animatic.card import Card, make_card, show
from castlist.media.animatic.castlight import sculpt, shading
from castlist.media.animatic.palette import Light
from castlist.media.animatic.planes import Cel, Plane, as_bytes, cel_of
from castlist.media.frames import plane_of

MAX_FRAMES = 120
_SPARE = 1.25
"""How much taller than shown a sequence may be kept."""
_EDGE = 4
"""Clear pixels around all that a subject covers."""
_GENTLE = 0.7
"""Down to this zoom two neighbours are enough to shrink by."""


@dataclass(frozen=True, slots=True)
class Sprite:
    """Cels of one size. anchor is the point that stands on the ground, tall the subject's height, both in picture pixels."""

    pictures: tuple[Cel, ...]
    anchor: tuple[float, float]
    tall: float
    wide: float
    loops: bool
    card: bool

    def at(self, frame: int) -> Cel:
        """The picture at a frame: round and round, or there and back where the ends do not meet."""
        count = len(self.pictures)
        if count == 1:
            return self.pictures[0]
        if self.loops:
            return self.pictures[frame % count]
        spot = frame % (2 * count - 2)
        return self.pictures[spot if spot < count else 2 * count - 2 - spot]


@dataclass(frozen=True, slots=True)
class Reel:
    """A character cut out and brought to size, before any light falls on it: premultiplied BGRA, and where it stands in it.

    Nothing is held of what it never covers. It can be lit once: each frame leaves it then, so that two sequences are never in
    memory whole.
    """

    frames: deque[Plane]
    box: "_Box"
    rim: float
    """How wide the edge is that a light draws, in pixels of half the size."""


def wind(path: Path, tall: int) -> Reel:
    """Load an alpha sequence so that its subject is about `tall` pixels high."""
    frames: deque[Plane] = deque()
    enough = 0
    for bgra in _bgra(path):
        enough = enough or _enough(bgra, tall)
        frames.append(_shrunk(bgra, enough))
    box = _measure(frames, path.name)
    if box.tall > _SPARE * tall:
        zoom = tall / box.tall
        _each(frames, lambda frame: _scaled(frame, zoom))
        box = _measure(frames, path.name)
    rim = max(1.0, frames[0].shape[0] / 110)
    _each(frames, lambda frame: _trimmed(frame, box))
    return Reel(frames, replace(box, x=box.x - box.left, feet=box.feet - box.top), rim)


def _each(frames: deque[Plane], change: Callable[[Plane], Plane]) -> None:
    """Change frame after frame, so that no sequence is there twice."""
    for _ in range(len(frames)):
        frames.append(change(frames.popleft()))


def lit(reel: Reel, light: Light) -> Sprite:
    """The character in the light of the scene."""
    shade = shading(reel.frames[0], light)
    pictures = []
    while reel.frames:
        pictures.append(_lit(reel.frames.popleft(), light, shade, rim=reel.rim))
    box = reel.box
    return Sprite(tuple(pictures), (box.x, box.feet), box.tall, box.wide, _meets(pictures), False)


def framed(path: Path, tall: int, light: Light) -> Sprite:
    """The clip playing in a framed print that stands on the ground, `tall` pixels high."""
    pictures: list[Cel] = []
    card: Card | None = None
    for number, frame in enumerate(_decoded(path)):
        if number >= MAX_FRAMES:
            break
        card = card or make_card((frame.width, frame.height), tall, light)
        pictures.append(show(card, as_bytes(frame.to_ndarray(format="rgb24"))))
    if card is None:
        raise ValueError(f"{path.name} has no frames")
    wide, high = card.face.shape[1], card.face.shape[0]
    return Sprite(tuple(pictures), card.foot, float(high), float(wide), _meets(pictures), True)


@dataclass(frozen=True, slots=True)
class _Box:
    """Where a subject stands in its pictures, and the rectangle (even, with a clear edge) that holds all that it ever covers."""

    x: float
    feet: float
    tall: float
    wide: float
    left: int
    top: int
    right: int
    bottom: int


def _measure(frames: Iterable[Plane], name: str) -> _Box:
    """Where the subject stands in its sequence: its middle and its lowest point over time, its usual height and its full width."""
    tops, bottoms, lefts, rights, middles = [], [], [], [], []
    most: list[Plane] = []
    for bgra in frames:
        alpha = _alpha(bgra)
        across, down = alpha.max(axis=1), alpha.max(axis=0)
        most = [np.maximum(*pair) for pair in zip(most, (across, down), strict=True)] if most else [across, down]
        rows, columns = np.flatnonzero(across > 96), np.flatnonzero(down > 96)
        if len(rows) == 0:
            continue
        tops.append(int(rows[0]))
        bottoms.append(int(rows[-1]) + 1)
        lefts.append(int(columns[0]))
        rights.append(int(columns[-1]) + 1)
        feet = alpha[rows[-1] - max(2, len(rows) // 6) : rows[-1] + 1]
        middles.append(float(np.mean(np.flatnonzero(feet.max(axis=0) > 96))))
    if not tops:
        raise ValueError(f"{name} is empty: no pixel is opaque")
    tall = float(np.median(np.subtract(bottoms, tops)))
    feet_row = float(sorted(bottoms)[round(0.9 * (len(bottoms) - 1))])
    (top, bottom), (left, right) = (_span(line) for line in most)
    wide = float(max(rights) - min(lefts))
    return _Box(float(np.median(middles)), feet_row, max(1.0, tall), wide, left=left, top=top, right=right, bottom=bottom)


def _span(line: Plane) -> tuple[int, int]:
    """From where to where there is something, to even places with a clear edge, which may lie outside."""
    seen = np.flatnonzero(line)
    return int(seen[0]) // 2 * 2 - _EDGE, int(seen[-1]) // 2 * 2 + 2 + _EDGE


def _decoded(path: Path) -> Iterator[av.VideoFrame]:
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        yield from container.decode(video=0)


def _bgra(path: Path) -> Iterator[Plane]:
    for number, frame in enumerate(_decoded(path)):
        if number >= MAX_FRAMES:
            return
        yield _merged(frame) if frame.format.name == "gbrap" else as_bytes(frame.to_ndarray(format="bgra"))


def _merged(frame: av.VideoFrame) -> Plane:
    """BGRA of planes in the order green, blue, red, alpha: in a fifth of the time that PyAV takes (measured)."""
    green, blue, red, alpha = (plane_of(frame, number) for number in range(4))
    return as_bytes(cv2.merge([blue, green, red, alpha]))


def _enough(bgra: Plane, tall: int) -> int:
    """The picture height at which the subject is as tall as it will be shown."""
    rows = np.flatnonzero(_alpha(bgra).max(axis=1) > 96)
    share = (int(rows[-1]) + 1 - int(rows[0])) / bgra.shape[0] if len(rows) else 1.0
    return round(tall / max(0.2, share))


def _shrunk(bgra: Plane, height: int) -> Plane:
    """Multiplied by alpha, not higher than needed, so that a sequence fits in memory."""
    flat = as_bytes(cv2.cvtColor(bgra, cv2.COLOR_RGBA2mRGBA))
    return flat if flat.shape[0] <= height else _scaled(flat, height / flat.shape[0])


def _scaled(bgra: Plane, zoom: float) -> Plane:
    width, height = max(1, round(bgra.shape[1] * zoom)), max(1, round(bgra.shape[0] * zoom))
    return as_bytes(cv2.resize(bgra, (width, height), interpolation=cv2.INTER_LINEAR if zoom > _GENTLE else cv2.INTER_AREA))


def _trimmed(bgra: Plane, box: _Box) -> Plane:
    """What the box holds; a picture without anything around its subject gets a clear edge."""
    height, width = bgra.shape[:2]
    top, left = max(0, box.top), max(0, box.left)
    held = bgra[top : box.bottom, left : box.right]
    edges = top - box.top, max(0, box.bottom - height), left - box.left, max(0, box.right - width)
    return as_bytes(cv2.copyMakeBorder(held, *edges, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0)))


def _alpha(pixels: Plane) -> Plane:
    return as_bytes(cv2.extractChannel(pixels, 3))


def _lit(bgra: Plane, light: Light, shade: Plane, *, rim: float) -> Cel:
    """The light of the scene on a character: its colour, and a bright edge where the sun stands."""
    alpha = _alpha(bgra)
    toned = sculpt(as_bytes(cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGB)), shade)
    edge = _rim(alpha, light, reach=rim)
    glow = cv2.merge([cv2.convertScaleAbs(edge, alpha=part) for part in light.rim])
    return cel_of(as_bytes(cv2.min(cv2.add(toned, glow), cv2.merge([alpha, alpha, alpha]))), alpha)


def _rim(alpha: Plane, light: Light, *, reach: float) -> Plane:
    """The edge that the sun lights; found at half the size, as it is soft."""
    small = cv2.resize(alpha, (alpha.shape[1] // 2, alpha.shape[0] // 2), interpolation=cv2.INTER_AREA)
    side = reach if light.sun[0] < 0 else -reach
    moved = cv2.warpAffine(small, np.array([[1, 0, side], [0, 1, reach * 0.8]], np.float32), (small.shape[1], small.shape[0]))
    soft = cv2.GaussianBlur(cv2.subtract(small, moved), (0, 0), max(0.5, reach / 3))
    strength = 0.34 if light.sun_size else 0.12
    wide = cv2.resize(cv2.convertScaleAbs(soft, alpha=strength), (alpha.shape[1], alpha.shape[0]), interpolation=cv2.INTER_LINEAR)
    return as_bytes(cv2.min(wide, alpha))


def _meets(pictures: Sequence[Cel]) -> bool:
    """Whether the last picture leads back to the first as smoothly as the others follow each other."""
    if len(pictures) < 8:
        return False
    steps = [_apart(pictures[i], pictures[i + 1]) for i in range(0, len(pictures) - 1, max(1, len(pictures) // 12))]
    return _apart(pictures[-1], pictures[0]) <= 1.6 * max(float(np.median(steps)), 0.3)


def _apart(a: Cel, b: Cel) -> float:
    return float(cv2.norm(a.y, b.y, cv2.NORM_L1)) / a.y.size
