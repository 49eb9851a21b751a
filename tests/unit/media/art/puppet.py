"""Clips whose true alpha is known: art by other hands and a figure of ours, moved over plain, textured and photographic backgrounds."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from math import cos, pi, radians, sin
from pathlib import Path

import cv2
import numpy as np

import clips
from clips import Pixels, Reals, Size

ART = Path(__file__).parent
RATE = 24
RUN_UP = 48  # a shaken camera sees this much more of a background on each side, at most
WHITE, GREY, TEAL = (244, 244, 244), (150, 146, 140), (150, 150, 60)


@dataclass(frozen=True)
class Stage:
    """What a clip shows (BGR). `figure` names a picture in this folder, or is a figure of ours; sizes are shares of the frame."""

    figure: str | clips.Mascot = "noto-flamingo"
    background: str | tuple[int, int, int] = TEAL
    height: float = 0.5
    stride: float = 0.08
    swing: float = 5.0
    squash: float = 0.04
    shake: float = 0.0
    shadow: bool = False
    patch: bool = False
    noise: float = 0.0


@dataclass(frozen=True)
class Shown:
    """One frame as the camera saw it, and the subject's exact alpha in it, 0 to 1."""

    picture: Pixels
    alpha: Reals


def perform(stage: Stage, size: Size, count: int) -> Iterator[Shown]:
    """The figure steps from side to side and swings about its feet, in a loop of three seconds."""
    wall = paint_wall(stage.background, size)
    grain = np.random.default_rng(5)
    for number in range(count):
        jolt = shake_at(stage, number, size)
        picture = shifted(wall, jolt, size)
        colour, alpha, feet = pose(stage, size, number=number, jolt=jolt)
        if stage.shadow:
            picture = shaded(picture, feet, reach=stage.height * size[1] * 0.3)
        shown = colour + picture * (1 - alpha[:, :, None])
        if stage.noise:
            shown = shown + grain.normal(0, stage.noise, shown.shape)
        yield Shown(np.asarray(np.clip(shown, 0, 255).round(), np.uint8), alpha)


def film(path: Path, stage: Stage, size: Size, *, count: int, crf: int = 20) -> tuple[Path, list[Reals]]:
    """A real H.264 file, and the true alpha of each of its frames."""
    shown = list(perform(stage, size, count))
    options = (("crf", str(crf)), ("preset", "veryfast"))
    clips.write_video(path, (one.picture for one in shown), replace(clips.Encoding(), options=options))
    return path, [one.alpha for one in shown]


@lru_cache(maxsize=8)
def load(name: str) -> Pixels:
    return np.asarray(cv2.imread(str(ART / f"{name}.png"), cv2.IMREAD_UNCHANGED), np.uint8)


def paint_wall(background: str | tuple[int, int, int], size: Size) -> Reals:
    width, height = size[0] + 2 * RUN_UP, size[1] + 2 * RUN_UP
    if not isinstance(background, str):
        return np.full((height, width, 3), background, np.float32)
    picture = cv2.imread(str(ART / f"{background}.jpg"), cv2.IMREAD_COLOR)
    return np.asarray(cv2.resize(np.asarray(picture, np.uint8), (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def shake_at(stage: Stage, number: int, size: Size) -> tuple[float, float]:
    """How far a hand has moved the camera, in pixels: three sines that never line up."""
    t, far = number / RATE, stage.shake * size[1]
    return far * (sin(5.1 * t) + 0.6 * sin(11.3 * t + 1)), far * (0.8 * sin(6.7 * t + 2) + 0.5 * sin(13.9 * t))


def shifted(wall: Reals, jolt: tuple[float, float], size: Size) -> Reals:
    move = np.array([[1, 0, jolt[0] - RUN_UP], [0, 1, jolt[1] - RUN_UP]], np.float32)
    return np.asarray(cv2.warpAffine(wall, move, size, flags=cv2.INTER_LINEAR), np.float32)


def pose(stage: Stage, size: Size, *, number: int, jolt: tuple[float, float]) -> tuple[Reals, Reals, tuple[float, float]]:
    """Colour times alpha, alpha, and where the feet are."""
    sprite = figure_at(stage, number)
    if stage.patch:
        sprite = patched(sprite, stage.background)
    turn = 2 * pi * number / (3 * RATE)
    scale = stage.height * size[1] / sprite.shape[0]
    squash = 1 + stage.squash * sin(2 * turn)
    feet = (size[0] * (0.5 + stage.stride * sin(turn)) + jolt[0], size[1] * (0.5 + stage.height / 2) + jolt[1])
    angle = radians(stage.swing * sin(2 * turn + 0.5))
    stretch = np.diag([scale / squash**0.5, scale * squash])
    turned = np.array([[cos(angle), -sin(angle)], [sin(angle), cos(angle)]]) @ stretch
    foot = np.array([sprite.shape[1] / 2, sprite.shape[0]])
    move = np.concatenate([turned, (np.array(feet) - turned @ foot)[:, None]], axis=1)
    flat = sprite.astype(np.float32)
    flat[:, :, :3] *= flat[:, :, 3:] / 255
    if scale < 1:
        flat = np.asarray(cv2.GaussianBlur(flat, (0, 0), 0.35 / scale), np.float32)
    placed = np.asarray(cv2.warpAffine(flat, move, size, flags=cv2.INTER_LINEAR), np.float32)
    return placed[:, :, :3], placed[:, :, 3] / 255, feet


def figure_at(stage: Stage, number: int) -> Pixels:
    if isinstance(stage.figure, str):
        return load(stage.figure)
    colour, alpha = clips.draw_mascot((480, 480), number / (3 * RATE), replace(stage.figure, height=0.9))
    sprite = np.dstack([colour, (alpha * 255).round().astype(np.uint8)])
    rows, columns = np.flatnonzero(alpha.max(axis=1)), np.flatnonzero(alpha.max(axis=0))
    return np.asarray(sprite[: rows[-1] + 1, columns[0] : columns[-1] + 1], np.uint8)


def patched(sprite: Pixels, background: str | tuple[int, int, int]) -> Pixels:
    """A belly in the background's own colour."""
    worn = sprite.copy()
    height = sprite.shape[0]
    colour = background if not isinstance(background, str) else WHITE
    row = np.flatnonzero(sprite[round(height * 0.66), :, 3] > 128)
    cv2.ellipse(
        worn, (int(np.median(row)), round(height * 0.66)), (round(height * 0.09), round(height * 0.1)), 0, 0, 360, (*colour, 255), -1
    )
    worn[:, :, 3] = sprite[:, :, 3]
    return worn


def shaded(picture: Reals, feet: tuple[float, float], *, reach: float) -> Reals:
    """A soft dark oval on the floor."""
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    far = ((columns - feet[0]) / reach) ** 2 + ((rows - feet[1]) / (0.2 * reach)) ** 2
    return np.asarray(picture * (1 - 0.4 * np.clip(1.6 * (1 - far), 0, 1))[:, :, None], np.float32)


def outline(shape: np.typing.NDArray[np.bool_]) -> np.typing.NDArray[np.bool_]:
    mask = np.asarray(shape, np.uint8)
    return np.asarray((mask - cv2.erode(mask, np.ones((3, 3), np.uint8))) > 0)


def boundary_errors(found: list[Reals], true: list[Reals]) -> Reals:
    """In pixels: for each pixel of the found outline how far the true one is, and for each of the true one how far the found one is."""
    errors = []
    for a, b in zip(found, true, strict=True):
        ours, theirs = outline(a > 0.5), outline(b > 0.5)
        for one, other in ((ours, theirs), (theirs, ours)):
            far = cv2.distanceTransform(np.asarray(~other, np.uint8), cv2.DIST_L2, 5)
            errors.append(far[one])
    return np.asarray(np.concatenate(errors), np.float32)


def flicker(found: list[Reals], true: list[Reals]) -> float:
    """How much more the mask changes from frame to frame than the subject does, as a share of the subject's area; the mean over frames."""
    extra = []
    for number in range(1, len(true)):
        ours = float(np.abs(found[number] - found[number - 1]).sum())
        theirs = float(np.abs(true[number] - true[number - 1]).sum())
        extra.append(max(0.0, ours - theirs) / float(true[number].sum()))
    return float(np.mean(extra))
