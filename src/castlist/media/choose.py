"""Choose the best seconds of a longer clip: sharp, in motion, the subject inside the frame."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from castlist.media.frames import to_bgr, turn_of
from castlist.media.lab import Pixels, Reals
from castlist.media.probe import Facts
from castlist.media.reading import decode, open_video, rewind, time_packets
from castlist.media.sniff import recognise

SAMPLE_SIDE = 270
SAMPLE_RATE = 4.0
# Decoding all of it must stay well inside an upload's CPU time; past this many pixels only keyframes are looked at.
DECODE_BUDGET = 900 * 1280 * 720
STEP = 0.25
FULL_MOTION = 6.0


@dataclass(frozen=True)
class Sample:
    """One looked-at moment: its sharpness, how much changed since the one before per second, how much of the border is busy."""

    at: float
    sharpness: float
    motion: float
    crossing: float


def choose_range(path: Path, facts: Facts, *, seconds: float, param: str) -> tuple[float, float]:
    """Start and end of the best window, the earliest among equals."""
    samples = look_through(path, facts, param=param)
    starts = np.arange(0.0, facts.seconds - seconds + 1e-6, STEP)
    scores = [round(score(samples, float(start), seconds=seconds), 4) for start in starts]
    start = float(starts[int(np.argmax(scores))])
    return round(start, 3), round(start + seconds, 3)


def look_through(path: Path, facts: Facts, *, param: str) -> list[Sample]:
    found = recognise(path, kind="video", param=param)
    with open_video(path, found, param=param) as (container, stream):
        timing = time_packets(container, stream, param=param)
        whole = facts.frames * facts.width * facts.height <= DECODE_BUDGET
        stream.codec_context.skip_frame = "DEFAULT" if whole else "NONKEY"
        rewind(container, stream, to=timing.origin)
        samples: list[Sample] = []
        last: Pixels | None = None
        for frame in decode(container, stream, param=param):
            at = (frame.time or 0.0) - timing.origin
            if samples and at - samples[-1].at < 1 / SAMPLE_RATE:
                continue
            picture = to_bgr(frame, turn_of(frame, stream).fit(SAMPLE_SIDE))
            gap = at - samples[-1].at if samples else 1.0
            samples.append(measure_sample(at, picture, last=last, gap=gap))
            last = picture
        return samples


def measure_sample(at: float, picture: Pixels, *, last: Pixels | None, gap: float) -> Sample:
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.float32)
    before = grey if last is None else np.asarray(cv2.cvtColor(last, cv2.COLOR_BGR2GRAY), np.float32)
    change = float(np.abs(grey - before).mean()) / max(gap, 1 / SAMPLE_RATE) / SAMPLE_RATE
    return Sample(at, float(np.sqrt(cv2.Laplacian(grey, cv2.CV_32F).var())), change, busy_border(picture))


def busy_border(picture: Pixels) -> float:
    """The share of the border that is not of its usual colour: somebody is half out of the frame."""
    rim = np.concatenate(
        [picture[:3].reshape(-1, 3), picture[-3:].reshape(-1, 3), picture[:, :3].reshape(-1, 3), picture[:, -3:].reshape(-1, 3)]
    )
    gap: Reals = np.abs(rim.astype(np.float32) - np.median(rim, axis=0)).max(axis=1)
    return float((gap > 24).mean())


def score(samples: list[Sample], start: float, *, seconds: float) -> float:
    """0 to 3. Motion counts up to a lively gesture; the shake of a camera being put down is more than that and costs."""
    inside = [sample for sample in samples if start - 1e-6 <= sample.at <= start + seconds] or [
        min(samples, key=lambda s: abs(s.at - start))
    ]
    best = max(sample.sharpness for sample in samples) or 1.0
    sharp = float(np.mean([sample.sharpness for sample in inside])) / best
    moving = float(np.mean([sample.motion for sample in inside])) / FULL_MOTION
    lively = min(moving, 1.0) - max(0.0, min(moving - 3.0, 1.0))
    return sharp + lively + 1.0 - min(1.0, 3 * max(sample.crossing for sample in inside))
