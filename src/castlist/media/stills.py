"""Choose up to four distinct frames: the clearest frontal one first, then those most unlike the ones before."""

from collections.abc import Sequence

import cv2
import numpy as np

from castlist.media.lab import Mask, Pixels, Reals

WANTED = 4
LEAST_DIFFERENCE = 4.0
FEATURE_SIZE = (48, 48)


def choose(frames: Sequence[Pixels], masks: Sequence[Mask] | None, *, wanted: int = WANTED) -> tuple[int, ...]:
    """Indices into `frames` (small ones); fewer than `wanted` where the clip has no more that differ."""
    box = region(frames, masks)
    views = [look(frame, box) for frame in frames]
    sharp = np.array([sharpness(frame, box) for frame in frames])
    sharp = sharp / max(float(sharp.max()), 1e-6)
    frontal = np.array([symmetry(view) for view in views])
    chosen = [int(np.argmax(sharp + 0.5 * frontal))]
    apart = np.array([difference(view, views[chosen[0]]) for view in views])
    while len(chosen) < wanted:
        best = int(np.argmax(apart * sharp))
        if apart[best] < LEAST_DIFFERENCE:
            break
        chosen.append(best)
        apart = np.minimum(apart, [difference(view, views[best]) for view in views])
    return tuple(chosen)


def region(frames: Sequence[Pixels], masks: Sequence[Mask] | None) -> tuple[slice, slice]:
    height, width = frames[0].shape[:2]
    if not masks:
        return slice(0, height), slice(0, width)
    x, y, w, h = cv2.boundingRect(np.bitwise_or.reduce(list(masks)))
    return (slice(y, y + h), slice(x, x + w)) if w and h else (slice(0, height), slice(0, width))


def look(frame: Pixels, box: tuple[slice, slice]) -> Reals:
    grey = cv2.cvtColor(np.ascontiguousarray(frame[box]), cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(grey, FEATURE_SIZE, interpolation=cv2.INTER_AREA), np.float32)


def difference(a: Reals, b: Reals) -> float:
    """The mean of the tenth that differs most: in a wide frame a gesture is a small part."""
    return top_tenth(np.abs(a - b))


def top_tenth(values: Reals) -> float:
    flat = np.sort(values, axis=None)
    return float(flat[-max(1, flat.size // 10) :].mean())


def sharpness(frame: Pixels, box: tuple[slice, slice]) -> float:
    grey = cv2.cvtColor(np.ascontiguousarray(frame[box]), cv2.COLOR_BGR2GRAY)
    return float(np.sqrt(cv2.Laplacian(grey, cv2.CV_32F).var()))


def symmetry(view: Reals) -> float:
    """1 for a picture that equals its mirror image, which a face seen from the front nearly does."""
    centred = view - view.mean()
    power = float((centred * centred).sum())
    return float((centred * centred[:, ::-1]).sum()) / power if power > 0 else 1.0
