"""A character from one to four still images: a clip with a gentle idle motion, and a cutout from alpha or a plain background."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import pi, sin
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from castlist.errors import MediaRefused
from castlist.media import pictures
from castlist.media.advice import Advice, Measures, advise_shape, advise_subject
from castlist.media.clip import MAX_SHORT_SIDE, describe
from castlist.media.cutout import Background, segment, shrink
from castlist.media.derived import Derived, Range, Views, save_views
from castlist.media.encode import RATE, write_clip, write_cutout
from castlist.media.frames import even
from castlist.media.lab import Pixels, Reals, distance, to_lab
from castlist.media.matte import Box, Matte
from castlist.media.measure import Subject, bounds, locate, touched
from castlist.media.probe import Facts, measure

SECONDS = 3
FRAMES = SECONDS * RATE
MAX_IMAGES = 4
STAGE_FILL, STAGE_BREADTH, STAGE_FLOOR = 0.6, 0.8, 0.86
SHAPES = ((16, 9), (1, 1), (9, 16))
PALE, DIM = (222, 214, 204), (92, 84, 74)

Report = Callable[[float], None]
Moved = TypeVar("Moved", Pixels, Reals)


@dataclass(frozen=True)
class View:
    """One image on its stage: the empty background and the subject's BGRA, or only the picture and the fault that keeps it whole."""

    picture: Pixels
    empty: Pixels | None = None
    subject: Pixels | None = None
    fault: str | None = None
    subjects: int = 1

    @property
    def size(self) -> tuple[int, int]:
        return self.picture.shape[1], self.picture.shape[0]

    @property
    def foot(self) -> tuple[float, float]:
        """The point that the subject stands on."""
        x, y, w, h = bounds(np.ascontiguousarray(self.subject[:, :, 3])) if self.subject is not None else (0, 0, *self.size)
        return x + w / 2, float(y + h)


def derive_images(paths: Sequence[Path], out: Path, *, param: str, report: Report) -> Derived:
    """The first image is the one that moves; all of them become stills."""
    if not 1 <= len(paths) <= MAX_IMAGES:
        message = f"{len(paths)} images were sent; a character is made from 1 to {MAX_IMAGES}"
        raise MediaRefused(message, code="too_many_files", param=param, value=len(paths), limit=MAX_IMAGES)
    facts = [measure(path, kind="image", param=param) for path in paths]
    views = [stage(pictures.read(path, param=param)) for path in paths]
    hero = views[0]
    report(0.1)
    alphas = [] if hero.subject is None else [shrink(idle(hero.subject[:, :, 3], frame, foot=hero.foot)) for frame in range(0, FRAMES, 3)]
    subject = locate(alphas, hero.size) if alphas else None
    write_idle(hero, out, box=subject.box if subject else None, report=lambda done: report(0.1 + 0.8 * done / FRAMES))
    save_views(out, Views(tuple(view.picture for view in views), tuple(crop(view) for view in views) if subject else ()))
    clip = describe(out / "clip.mp4", hero.size, frames=FRAMES)
    advice = tuple(advise(hero, facts[0], subject, param=param))
    taken = Range(0.0, float(SECONDS), chosen=False)
    return Derived(clip, taken, facts[0], subject, hero.fault, stills=len(views), advice=advice, kind="image")


def advise(hero: View, facts: Facts, subject: Subject | None, *, param: str) -> list[Advice]:
    """An image with alpha is put on a stage of ours, so only what is the image's own fault is said."""
    width, height = hero.size
    share = max(subject.height / height, subject.width / width) if subject else 0.0
    touches = () if hero.subject is None or facts.has_alpha else touched([shrink(np.ascontiguousarray(hero.subject[:, :, 3]))])
    shape = [advice for advice in advise_shape(facts.width, facts.height, seconds=None, param=param) if not facts.has_alpha]
    return [*shape, *advise_subject(Measures(share, touches, None, hero.subjects, hero.fault), param=param)]


def stage(picture: pictures.Picture) -> View:
    return stage_alpha(picture.bgr, picture.alpha) if picture.alpha is not None else stage_opaque(picture.bgr)


def stage_opaque(bgr: Pixels) -> View:
    """The image as it is, up to 1080p; its subject is cut out where the background allows."""
    height, width = bgr.shape[:2]
    scale = min(1.0, MAX_SHORT_SIDE / min(width, height))
    size = even(width * scale), even(height * scale)
    frame = np.asarray(cv2.resize(bgr, size, interpolation=cv2.INTER_AREA), np.uint8)
    small = shrink(frame)
    found = segment([small])
    if not found.separable or not isinstance(found.background, Background):  # one frame has no clean plate
        return View(frame, fault=found.fault)
    box = locate(found.masks, size).box
    cutout = Matte(found.background, size, box=box, scale=size[0] / small.shape[1]).refine(frame, found.masks[0])
    empty = found.background.paint(size).round().astype(np.uint8)
    return View(frame, empty, place(cutout, size, at=box), subjects=found.subjects)


def stage_alpha(bgr: Pixels, alpha: Pixels) -> View:
    """The subject at a good size, standing on a plain stage of the shape nearest to the image's."""
    x, y, w, h = bounds(np.asarray(alpha > 8, np.uint8))
    if w == 0 or h == 0:
        return View(bgr, fault="the image is transparent all over")
    shape = min(SHAPES, key=lambda s: abs(np.log(s[0] / s[1] * alpha.shape[0] / alpha.shape[1])))
    short = MAX_SHORT_SIDE if h * 1.2 >= STAGE_FILL * MAX_SHORT_SIDE else 720
    unit = short / min(shape)
    size = even(shape[0] * unit), even(shape[1] * unit)
    scale = min(STAGE_FILL * size[1] / h, STAGE_BREADTH * size[0] / w)
    part = premultiply(np.dstack([bgr[y : y + h, x : x + w], alpha[y : y + h, x : x + w]]))
    move = np.array([[scale, 0, (size[0] - w * scale) / 2], [0, scale, STAGE_FLOOR * size[1] - h * scale]], np.float32)
    if scale < 1:
        part = np.asarray(cv2.GaussianBlur(part, (0, 0), 0.35 / scale), np.float32)
    subject = divide(np.asarray(cv2.warpAffine(part, move, size, flags=cv2.INTER_CUBIC), np.float32))
    empty = np.full((size[1], size[0], 3), background_for(subject), np.uint8)
    return View(composite(subject, empty), empty, subject)


def background_for(subject: Pixels) -> tuple[int, int, int]:
    """The plain colour, of two, that is farther from the subject's own."""
    edge = subject[:, :, :3][subject[:, :, 3] > 128]
    colour = np.median(edge, axis=0).astype(np.float32)[None, None] if len(edge) else np.zeros((1, 1, 3), np.float32)
    far = {choice: float(distance(to_lab(np.array([[choice]], np.float32)), to_lab(colour))[0, 0]) for choice in (PALE, DIM)}
    return max(far, key=lambda choice: far[choice])


def place(cutout: Pixels, size: tuple[int, int], *, at: Box) -> Pixels:
    x, y, w, h = at
    whole = np.zeros((size[1], size[0], 4), np.uint8)
    whole[y : y + h, x : x + w] = cutout
    return whole


def crop(view: View) -> Pixels:
    """The subject alone; a view that could not be separated shows as it is."""
    if view.subject is None:
        return np.dstack([view.picture, np.full(view.picture.shape[:2], 255, np.uint8)])
    x, y, w, h = bounds(np.ascontiguousarray(view.subject[:, :, 3]))
    return np.ascontiguousarray(view.subject[y : y + h, x : x + w])


def write_idle(hero: View, out: Path, *, box: Box | None, report: Report) -> None:
    with write_clip(out / "clip.mp4", hero.size) as clip:
        if hero.subject is None or hero.empty is None or box is None:
            for frame in range(FRAMES):
                clip.write(lean_in(hero.picture, frame))
                report(frame)
            return
        x, y, w, h = box
        with write_cutout(out / "cutout.avi", (w, h)) as write:
            for frame, moved in enumerate(breathing(hero.subject, box, foot=hero.foot)):
                picture = hero.empty.copy()
                picture[y : y + h, x : x + w] = composite(moved, picture[y : y + h, x : x + w])
                clip.write(picture)
                write(moved)
                report(frame)


def breathing(subject: Pixels, box: Box, *, foot: tuple[float, float]) -> Iterator[Pixels]:
    """BGRA frames of one loop inside `box`. Warped with colour times alpha, so that nothing of what is transparent bleeds in."""
    x, y, w, h = box
    flat = premultiply(subject[y : y + h, x : x + w])
    for frame in range(FRAMES):
        yield divide(idle(flat, frame, foot=(foot[0] - x, foot[1] - y)))


def idle(picture: Moved, frame: int, *, foot: tuple[float, float]) -> Moved:
    """Breathe and sway about the feet, which stay where they are: a loop of three seconds that ends as it begins."""
    turn = 2 * pi * frame / FRAMES
    breath, sway = 0.014 * sin(2 * turn), 0.022 * sin(turn)
    a, b = 1 - 0.5 * breath, 1 + breath
    move = np.array([[a, -sway, foot[0] * (1 - a) + sway * foot[1]], [0, b, foot[1] * (1 - b)]], np.float32)
    shape = picture.shape[1], picture.shape[0]
    return cv2.warpAffine(picture, move, shape, flags=cv2.INTER_LINEAR).astype(picture.dtype, copy=False)


def lean_in(picture: Pixels, frame: int) -> Pixels:
    height, width = picture.shape[:2]
    zoom = 1 + 0.04 * sin(pi * frame / FRAMES)
    move = np.array([[zoom, 0, width / 2 * (1 - zoom)], [0, zoom, height / 2 * (1 - zoom)]], np.float32)
    return np.asarray(cv2.warpAffine(picture, move, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def premultiply(bgra: Pixels) -> Reals:
    flat = bgra.astype(np.float32)
    flat[:, :, :3] *= flat[:, :, 3:] / 255
    return flat


def divide(flat: Reals) -> Pixels:
    alpha = np.clip(flat[:, :, 3:], 0, 255)
    colour = np.where(alpha > 0.5, flat[:, :, :3] * 255 / np.maximum(alpha, 0.5), 0)
    return np.dstack([np.clip(colour, 0, 255), alpha]).round().astype(np.uint8)


def composite(bgra: Pixels, under: Pixels) -> Pixels:
    alpha = bgra[:, :, 3:].astype(np.float32) / 255
    return np.asarray((bgra[:, :, :3] * alpha + under * (1 - alpha)).round(), np.uint8)
