"""What coding left in a source's last frame, carried into its continuation and faded out: a join must not be seen by its noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from castlist.media.animatic.encode import TAKE
from castlist.media.animatic.planes import Frame, Plane

_FRAMES = 10
SEAMLESS = TAKE | {"i_qfactor": "0.12"}
"""How a continuation is encoded: its first frame, a key frame, is so fine that it shows no noise of its own."""


@dataclass(frozen=True, slots=True)
class Residue:
    """By how much a coded frame differs from the painted one."""

    y: NDArray[np.int16]
    uv: NDArray[np.int16]


def left(coded: Frame, painted: Frame) -> Residue:
    return Residue(_less(coded.y, painted.y), _less(coded.uv, painted.uv))


def carry(frame: Frame, residue: Residue, number: int) -> None:
    """Change the frame with this number after the join in place; later ones stay as they were painted."""
    if number >= _FRAMES:
        return
    share = (1 - number / _FRAMES) ** 2
    for plane, rest in ((frame.y, residue.y), (frame.uv, residue.uv)):
        np.copyto(plane, np.clip(plane + np.rint(rest * share), 0, 255).astype(np.uint8))


def _less(coded: Plane, painted: Plane) -> NDArray[np.int16]:
    return np.asarray(coded, np.int16) - painted
