#!/usr/bin/env python
"""Draw the two sample clips: Luna the fox and Mossy the moss-covered teapot, three seconds each, looping, on a plain background."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import cos, pi, sin
from pathlib import Path

import cv2
import numpy as np
from drawing import HEIGHT, SCALE, WIDTH, Colour, Fill, Points, Sheet, mirror, oval, spline, turn
from numpy.typing import NDArray

from castlist.media.encode import RATE, write_clip

SECONDS = 3
FRAMES = RATE * SECONDS
SAMPLES = Path(__file__).resolve().parents[1] / "src" / "castlist" / "samples"


@dataclass(frozen=True)
class Pose:
    """Where everything is at one moment of the loop; angles in degrees, lengths in pixels of the clip."""

    lift: float
    squash: float
    sway: float
    wave: float
    tilt: float
    lids: float
    feet: tuple[float, float]

    def stand(self, points: Points, *, free: bool = True) -> Points:
        """From the figure's own coordinates (feet at the origin) to the clip's."""
        stretched = points * (1 + 0.5 * self.squash, 1 - self.squash) if free else points
        x, y = self.feet
        return np.asarray(stretched + np.array((x, y - self.lift if free else y)))


def pose(frame: int, *, feet: tuple[float, float]) -> Pose:
    t = 2 * pi * frame / FRAMES
    bounce = sin(2 * t) ** 2
    blink = max((1 - abs(frame - at) / 3.0 for at in (20, 51)), default=0.0)
    return Pose(
        lift=9 * bounce,
        squash=0.028 * (1 - 2 * bounce),
        sway=13 * sin(2 * t),
        wave=24 * sin(4 * t),
        tilt=4.5 * sin(t),
        lids=max(0.0, min(1.0, blink * 1.5)),
        feet=feet,
    )


def eye(sheet: Sheet, centre: tuple[float, float], place: Callable[[Points], Points], lids: float) -> None:
    x, y = centre
    if lids > 0.75:
        sheet.ink(place(spline([(x - 19, y + 4), (x, y + 13), (x + 19, y + 4)], closed=False)), 6)
        return
    open_ = 1 - lids
    sheet.paint(place(oval(x, y, 23, 30 * open_)), Fill((62, 36, 44), (34, 18, 30), plump=0.0, outline=0))
    sheet.paint(place(oval(x, y + 12 * open_, 15, 12 * open_)), Fill((104, 62, 84), (142, 84, 96), plump=0.0, outline=0))
    sheet.paint(place(oval(x - 7, y - 11 * open_, 8, 9 * open_)), Fill((255, 255, 255), (255, 255, 255), plump=0.0, outline=0))
    sheet.paint(place(oval(x + 8, y + 8 * open_, 3.5, 3.5 * open_)), Fill((255, 255, 255), (255, 240, 240), plump=0.0, outline=0))


FUR = Fill((250, 152, 66), (224, 98, 38))
CREAM = Fill((255, 247, 230), (248, 222, 190), plump=0.08, outline=0)
SOCK = Fill((104, 56, 52), (72, 38, 42))
SCARF = Fill((138, 92, 214), (96, 58, 176))
BLUSH = Fill((250, 128, 104), (246, 120, 100), plump=0.0, outline=0)


def draw_luna(sheet: Sheet, now: Pose) -> None:
    """Luna: a young fox with a moon on her forehead and a violet scarf, waving."""
    draw_luna_tail(sheet, now)
    draw_luna_body(sheet, now)
    draw_luna_head(sheet, now)
    draw_luna_wave(sheet, now)


def draw_luna_tail(sheet: Sheet, now: Pose) -> None:
    root = (44.0, -58.0)
    outline = [(34, -40), (92, -20), (150, -40), (182, -96), (184, -160), (160, -214), (150, -166), (122, -118), (84, -92), (40, -84)]
    tail = now.stand(turn(spline(outline), root, now.sway * 0.8))
    tip = [(130, -226), (216, -226), (216, -132), (176, -142), (160, -128), (146, -150), (120, -140)]
    sheet.paint(tail, FUR)
    sheet.paint(now.stand(turn(np.array(tip, np.float64), root, now.sway * 0.8)), CREAM, within=tail)
    sheet.ink(np.vstack([tail, tail[:1]]), 5)


def draw_luna_body(sheet: Sheet, now: Pose) -> None:
    for side in (-1, 1):
        sheet.paint(now.stand(oval(side * 38, -14, 34, 17), free=False), SOCK)
    body = now.stand(spline([(-36, -168), (-66, -90), (-72, -42), (-46, -14), (0, -8), (46, -14), (72, -42), (66, -90), (36, -168)]))
    sheet.paint(body, FUR)
    sheet.paint(now.stand(spline([(-22, -150), (-40, -84), (-38, -34), (0, -16), (38, -34), (40, -84), (22, -150)])), CREAM, within=body)
    sheet.ink(np.vstack([body, body[:1]]), 5)
    resting = mirror(spline([(-50, -150), (-78, -112), (-84, -70), (-66, -56), (-50, -76), (-40, -120)]))
    paw = mirror(spline([(-88, -86), (-84, -62), (-66, -52), (-50, -70), (-54, -86), (-70, -82)]))
    for shape, fill in ((resting, FUR), (paw, SOCK)):
        sheet.paint(now.stand(turn(shape, (46, -146), now.tilt)), fill)


def draw_luna_wave(sheet: Sheet, now: Pose) -> None:
    shoulder = (-52.0, -132.0)
    arm = [(-40, -150), (-92, -152), (-146, -176), (-168, -168), (-160, -140), (-104, -112), (-52, -106)]
    sheet.paint(now.stand(turn(spline(arm), shoulder, now.wave * 0.7)), FUR)
    sheet.paint(now.stand(turn(oval(-163, -163, 26, 25), shoulder, now.wave * 0.7)), SOCK)
    for x, y in ((-172, -178), (-184, -162)):
        sheet.ink(now.stand(turn(spline([(x, y), (x + 9, y + 8)], closed=False), shoulder, now.wave * 0.7)), 3.5)


def draw_luna_head(sheet: Sheet, now: Pose) -> None:
    def place(points: Points) -> Points:
        return now.stand(turn(points, (0.0, -170.0), now.tilt))

    knot = place(spline([(22, -156), (56, -146), (70, -104), (50, -92), (36, -118), (12, -138)]))
    sheet.paint(knot, SCARF)
    sheet.paint(place(spline([(-60, -176), (-54, -146), (0, -130), (54, -146), (60, -176), (0, -160)])), SCARF)
    for side in (-1, 1):
        flick = np.array((side * now.sway * 0.12, 0.0))
        ear = [(-116, -300), (-118, -372), (-104, -404), (-74, -388), (-30, -340), (-60, -290)]
        inner = [(-100, -306), (-103, -356), (-96, -378), (-78, -362), (-52, -334), (-70, -300)]
        tip = [(-140, -372), (-104, -420), (-60, -384), (-92, -366), (-106, -356)]
        outer = spline(ear) if side < 0 else mirror(spline(ear))
        shape = place(outer + flick)
        sheet.paint(shape, FUR)
        sheet.paint(place((np.array(tip, float) if side < 0 else mirror(np.array(tip, float))) + flick), SOCK, within=shape)
        soft = spline(inner) if side < 0 else mirror(spline(inner))
        sheet.paint(place(soft + flick), Fill((255, 196, 178), (244, 150, 138), plump=0.1, outline=0))
        sheet.ink(np.vstack([shape, shape[:1]]), 5)
    half = [(0, -346), (62, -338), (108, -300), (122, -252), (152, -214), (116, -206), (96, -176), (48, -156), (0, -150)]
    head = place(spline([*half, *((-x, y) for x, y in reversed(half[1:-1]))]))
    sheet.paint(head, FUR)
    draw_luna_face(sheet, head, place=place, lids=now.lids)
    sheet.ink(np.vstack([head, head[:1]]), 5)


def draw_luna_face(sheet: Sheet, head: Points, *, place: Callable[[Points], Points], lids: float) -> None:
    cheek = spline(
        [(4, -236), (40, -262), (86, -262), (128, -240), (170, -210), (120, -190), (96, -160), (40, -140), (0, -140), (-6, -190)]
    )
    for side in (cheek, mirror(cheek)):
        sheet.paint(place(side), CREAM, within=head)
    moon = spline([(-16, -330), (-22, -312), (-12, -294), (8, -290), (22, -300), (6, -302), (-4, -312), (-4, -324)])
    sheet.paint(place(moon), Fill((255, 236, 150), (255, 214, 110), plump=0.0, outline=0))
    for x in (-58, 58):
        eye(sheet, (x, -244), place, lids)
        sheet.paint(place(oval(x * 1.42, -206, 17, 10)), BLUSH)
    sheet.paint(
        place(spline([(-17, -216), (0, -221), (17, -216), (11, -203), (0, -196), (-11, -203)])),
        Fill((78, 42, 50), (44, 22, 32), plump=0.0, outline=0),
    )
    sheet.paint(place(oval(-5, -214, 5, 3)), Fill((170, 130, 140), (150, 110, 120), plump=0.0, outline=0))
    mouth = place(spline([(-17, -186), (0, -190), (17, -186), (11, -171), (0, -166), (-11, -171)]))
    sheet.paint(mouth, Fill((150, 48, 62), (224, 108, 116), plump=0.0, outline=0))
    sheet.ink(place(spline([(-30, -192), (-16, -184), (0, -192), (16, -184), (30, -192)], closed=False)), 4.5)
    sheet.ink(place(spline([(0, -198), (0, -191)], closed=False)), 4.5)


CLAY = Fill((236, 198, 160), (188, 128, 100))
MOSS = Fill((150, 198, 84), (82, 142, 62))
LEAF = Fill((134, 206, 96), (64, 148, 80), plump=0.1)


def draw_mossy(sheet: Sheet, now: Pose) -> None:
    """Mossy: a round clay teapot grown over with moss, a sprout on the lid, hopping from foot to foot."""

    def place(points: Points) -> Points:
        return now.stand(turn(points, (0.0, -20.0), now.tilt * 1.5))

    for side in (-1, 1):
        sheet.paint(now.stand(oval(side * 56, -15, 34, 17), free=False), Fill((150, 96, 78), (112, 68, 60)))
    handle = spline([(-120, -226), (-188, -232), (-214, -168), (-184, -98), (-112, -84)], closed=False)
    sheet.ink(place(handle), 36)
    sheet.ink(place(handle), 26, colour=(206, 152, 120))
    sheet.ink(place(handle + np.array((-2, -4))), 9, colour=(232, 190, 154))
    spout = spline([(104, -150), (152, -160), (182, -206), (188, -246), (222, -256), (238, -240), (222, -178), (190, -112), (120, -80)])
    sheet.paint(place(spout), CLAY)
    pot = place(
        spline(
            [
                (-88, -262),
                (-138, -196),
                (-142, -120),
                (-104, -52),
                (-44, -24),
                (44, -24),
                (104, -52),
                (142, -120),
                (138, -196),
                (88, -262),
                (0, -280),
            ]
        )
    )
    sheet.paint(pot, CLAY)
    draw_mossy_growth(sheet, pot, place=place)
    sheet.ink(np.vstack([pot, pot[:1]]), 5)
    draw_mossy_lid(sheet, now, place=place)
    draw_mossy_face(sheet, now.lids, place=place)


def draw_mossy_growth(sheet: Sheet, pot: Points, *, place: Callable[[Points], Points]) -> None:
    cape = [
        (-160, -300),
        (160, -300),
        (158, -196),
        (136, -158),
        (116, -196),
        (92, -206),
        (74, -176),
        (52, -204),
        (20, -224),
        (-12, -212),
        (-34, -222),
        (-58, -190),
        (-84, -206),
        (-104, -160),
        (-128, -184),
        (-146, -140),
        (-166, -150),
    ]
    sheet.paint(place(spline(cape)), Fill(MOSS.light, MOSS.dark, plump=0.0, outline=4), within=pot)
    sheet.paint(
        place(spline([(-150, -84), (-116, -98), (-92, -70), (-70, -60), (-62, -30), (-100, -20), (-160, -40)])),
        Fill(MOSS.light, MOSS.dark, plump=0.0, outline=4),
        within=pot,
    )
    for x, y, r in (
        (-96, -226, 11),
        (-60, -238, 14),
        (-20, -252, 12),
        (30, -246, 15),
        (74, -232, 13),
        (112, -208, 10),
        (-118, -190, 9),
        (-112, -62, 9),
    ):
        sheet.paint(place(oval(x, y, r, r * 0.8)), Fill((176, 220, 104), (120, 180, 76), plump=0.0, outline=0), within=pot)
    draw_mossy_flowers(sheet, place=place)


def draw_mossy_flowers(sheet: Sheet, *, place: Callable[[Points], Points]) -> None:
    for x, y in ((-78, -216), (60, -214), (124, -182)):
        for k in range(5):
            a = 2 * pi * k / 5
            petal = oval(x + 7 * cos(a), y + 7 * sin(a), 5, 5)
            sheet.paint(place(petal), Fill((255, 250, 250), (255, 232, 240), plump=0.0, outline=0))
        sheet.paint(place(oval(x, y, 4, 4)), Fill((255, 206, 84), (250, 180, 60), plump=0.0, outline=0))


def draw_mossy_lid(sheet: Sheet, now: Pose, *, place: Callable[[Points], Points]) -> None:
    hop = np.array((0.0, -now.lift * 0.7))
    stem = spline([(0, -318), (-4, -344), (2, -368)], closed=False)
    bend = now.sway * 1.1
    for leaf in (
        [(0, -364), (20, -394), (62, -396), (78, -380), (52, -360), (20, -356)],
        [(2, -362), (-14, -386), (-46, -392), (-64, -374), (-40, -354), (-14, -352)],
    ):
        sheet.paint(place(turn(spline(leaf), (0, -318), bend) + hop), LEAF)
    sheet.ink(place(turn(stem, (0, -318), bend) + hop), 11)
    sheet.ink(place(turn(stem, (0, -318), bend) + hop), 4, colour=(110, 176, 84))
    sheet.paint(place(spline([(-98, -258), (-78, -294), (0, -312), (78, -294), (98, -258), (0, -244)]) + hop), MOSS)
    sheet.paint(place(oval(0, -314, 24, 17) + hop), CLAY)


def draw_mossy_face(sheet: Sheet, lids: float, *, place: Callable[[Points], Points]) -> None:
    for x in (-50, 50):
        eye(sheet, (x, -142), place, lids)
        sheet.paint(place(oval(x * 1.62, -110, 18, 10)), Fill((244, 142, 122), (240, 132, 116), plump=0.0, outline=0))
    mouth = place(spline([(-24, -110), (0, -106), (24, -110), (15, -88), (0, -81), (-15, -88)]))
    sheet.paint(mouth, Fill((150, 48, 62), (226, 112, 118), plump=0.0, outline=4))


@dataclass(frozen=True)
class Sample:
    name: str
    background: Colour
    feet: tuple[float, float]
    draw: Callable[[Sheet, Pose], None]


ALL = (
    Sample("luna", (92, 178, 190), (632.0, 592.0), draw_luna),
    Sample("mossy", (176, 150, 218), (630.0, 588.0), draw_mossy),
)


def draw(sample: Sample) -> Iterator[NDArray[np.uint8]]:
    """BGR frames of the clip."""
    size = (HEIGHT * SCALE, WIDTH * SCALE)
    for frame in range(FRAMES):
        colour = np.empty((*size, 3), np.float32)
        colour[:] = sample.background
        sample.draw(Sheet(colour, np.zeros(size, np.float32)), pose(frame, feet=sample.feet))
        small = cv2.resize(colour, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)[:, :, ::-1]
        yield np.ascontiguousarray(np.clip(small + 0.5, 0, 255).astype(np.uint8))


def main(folder: Path) -> None:
    for sample in ALL:
        path = folder / f"{sample.name}.mp4"
        with write_clip(path, (WIDTH, HEIGHT), crf=15, preset="slow") as clip:
            for frame in draw(sample):
                clip.write(frame)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES)
