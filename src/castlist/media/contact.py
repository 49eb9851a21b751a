"""One picture of a production: the cast above, a strip of frames of each take below."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from castlist.media import pictures
from castlist.media.encode import write_picture
from castlist.media.finish import grab
from castlist.media.lab import Pixels
from castlist.media.probe import measure

WIDTH, MARGIN, GAP = 1600, 48, 14
COLUMNS = 5
PAPER, CARD, INK, FAINT = (247, 245, 243), (255, 255, 255), (52, 44, 40), (148, 138, 132)
PORTRAIT = 250
CAPTION = 46
FONT = cv2.FONT_HERSHEY_DUPLEX
NAME = "contact-sheet.png"


@dataclass(frozen=True)
class Strip:
    """A take's title and its frames, in order."""

    title: str
    frames: Sequence[Pixels]


def compose(spec: Mapping[str, object], report: Callable[[float], None]) -> dict[str, object]:
    """{takes: [{path, title}], cast: [{path, name}], title, out} -> contact-sheet.png in `out`; result {file, width, height}."""
    takes, cast, out = items(spec, "takes"), items(spec, "cast"), Path(str(spec["out"]))
    strips = []
    for number, take in enumerate(takes, 1):
        strips.append(Strip(take["title"], sample(Path(take["path"]))))
        report(number / (len(takes) + 1))
    bands = [headline(str(spec.get("title", ""))), lay_cast(cast), *(lay_strip(strip) for strip in strips), blank(MARGIN - GAP)]
    sheet = np.vstack(bands)
    write_picture(out / NAME, sheet, options=[])
    return {"file": NAME, "width": sheet.shape[1], "height": sheet.shape[0]}


def items(spec: Mapping[str, object], name: str) -> list[dict[str, str]]:
    found = spec.get(name)
    rows = found if isinstance(found, list) else []
    return [{str(key): str(value) for key, value in row.items()} for row in rows]


def sample(path: Path) -> Sequence[Pixels]:
    """Frames evenly spread over a video, none of them its very first or last."""
    facts = measure(path, kind="video", role="result", param="takes")
    moments = [facts.seconds * (number + 0.5) / COLUMNS for number in range(COLUMNS)]
    return grab(path, moments, facts=facts, param="takes")


def blank(height: int) -> Pixels:
    return np.full((height, WIDTH, 3), PAPER, np.uint8)


def headline(title: str) -> Pixels:
    band = blank(112 if title else MARGIN)
    if title:
        write(band, title, (MARGIN, 76), size=1.5)
        cv2.line(band, (MARGIN, 98), (WIDTH - MARGIN, 98), FAINT, 1, cv2.LINE_AA)
    return band


def lay_cast(cast: Sequence[Mapping[str, str]]) -> Pixels:
    """The members side by side, each on a card with the name below."""
    band = blank(PORTRAIT + CAPTION + GAP)
    left = MARGIN
    for member in cast:
        portrait = fit(on_card(Path(member["path"])), width=PORTRAIT * 2, height=PORTRAIT)
        height, width = portrait.shape[:2]
        if left + width > WIDTH - MARGIN:
            break
        band[GAP : GAP + height, left : left + width] = portrait
        cv2.rectangle(band, (left, GAP), (left + width - 1, GAP + height - 1), (222, 216, 212), 1)
        write(band, member["name"], (left, PORTRAIT + GAP + 32), size=0.8)
        left += width + 2 * GAP
    return band


def on_card(path: Path) -> Pixels:
    """A still, or a cutout laid on a plain card."""
    picture = pictures.read(path, param="cast")
    if picture.alpha is None:
        return picture.bgr
    alpha = picture.alpha[:, :, None].astype(np.float32) / 255
    laid = picture.bgr * alpha + np.array(CARD, np.float32) * (1 - alpha)
    pad = round(0.06 * max(laid.shape[:2]))
    return np.asarray(cv2.copyMakeBorder(laid.round().astype(np.uint8), pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=CARD), np.uint8)


def lay_strip(strip: Strip) -> Pixels:
    cell = (WIDTH - 2 * MARGIN - (COLUMNS - 1) * GAP) // COLUMNS
    height, width = strip.frames[0].shape[:2]
    tall = min(round(cell * height / width), cell)
    band = blank(CAPTION + tall + GAP)
    write(band, strip.title, (MARGIN, 33), size=0.72)
    for number, frame in enumerate(strip.frames):
        fitted = fit(frame, width=cell, height=tall)
        x = MARGIN + number * (cell + GAP) + (cell - fitted.shape[1]) // 2
        band[CAPTION : CAPTION + fitted.shape[0], x : x + fitted.shape[1]] = fitted
    return band


def fit(picture: Pixels, *, width: int, height: int) -> Pixels:
    scale = min(width / picture.shape[1], height / picture.shape[0])
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC), np.uint8)


def write(band: Pixels, text: str, at: tuple[int, int], *, size: float) -> None:
    """Text as large as it fits, in the letters OpenCV can draw."""
    words = letters(text)
    thickness = 2 if size > 1 else 1
    (width, _), _ = cv2.getTextSize(words, FONT, size, thickness)
    room = WIDTH - MARGIN - at[0]
    if width > room:
        size = max(0.4, size * room / width)
    cv2.putText(band, words, at, FONT, size, INK, thickness, cv2.LINE_AA)


def letters(text: str) -> str:
    """ASCII only: accents dropped, dashes and quotes made plain, other writing left out."""
    plain = text.translate({0x2013: "-", 0x2014: "-", 0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0x2026: "...", 0xD7: "x"})
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode().strip()
