"""What nearer layers hide of a part is left out, and nothing else; a part that is magnified shows what its place asks for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from castlist.media.animatic.canvas import stretch, wash
from castlist.media.animatic.geometry import measure
from castlist.media.animatic.layer import Window, draw, layer_of
from castlist.media.animatic.planes import blank
from castlist.media.animatic.tiles import Bounds, visible

WIDE, HIGH = 1280, 720
SIZE = (320, 180)


@st.composite
def parts(draw_one: st.DrawFn) -> Bounds:
    left, right = sorted(draw_one(st.lists(st.integers(0, WIDE // 2), min_size=2, max_size=2, unique=True)))
    top, bottom = sorted(draw_one(st.lists(st.integers(0, HIGH // 2), min_size=2, max_size=2, unique=True)))
    return 2 * left, 2 * top, 2 * right, 2 * bottom


@given(part=parts(), hidden=st.lists(parts(), max_size=5))
def test_what_is_left_out_of_a_part_is_hidden_and_nothing_is_drawn_twice(part: Bounds, hidden: list[Bounds]) -> None:
    drawn, free = np.zeros((HIGH, WIDE), int), np.zeros((HIGH, WIDE), bool)
    free[part[1] : part[3], part[0] : part[2]] = True
    asked = free.copy()
    for left, top, right, bottom in hidden:
        free[top:bottom, left:right] = False

    for left, top, right, bottom in visible(part, hidden):
        drawn[top:bottom, left:right] += 1

    assert (drawn[free] == 1).all()
    assert (drawn[asked] <= 1).all()
    assert not drawn[~asked].any()


def test_a_part_that_is_hidden_whole_is_not_drawn() -> None:
    assert visible((100, 100, 300, 200), [(0, 0, 640, 360)]) == []
    assert visible((0, 0, 1280, 400), [(0, 200, 1280, 720)]) == [(0, 0, 1280, 200)]


@pytest.mark.parametrize("zoom", [0.86, 1.0, 1.004, 1.031, 1.17, 1.25, 1.3333])
@pytest.mark.parametrize("start", [(3.0, 2.0), (7.31, 2.6), (55.99, 5.02)])
def test_each_pixel_of_a_magnified_layer_shows_its_place(zoom: float, start: tuple[float, float]) -> None:
    geometry = measure(*SIZE)
    canvas = stretch(geometry)
    across = 128 + 100 * np.sin(np.arange(canvas.width) * 2 * np.pi / canvas.width * 4)
    ramp = across[None, :] * np.linspace(0.4, 1.0, canvas.height)[:, None]
    wash(canvas, np.repeat(ramp.astype(np.uint8)[..., None], 3, axis=2), (0, canvas.height))
    layer, frame = layer_of(canvas, 0.5), blank(*SIZE)

    draw(frame, layer, Window(*start, zoom), below=SIZE[1])

    columns = start[0] + (np.arange(SIZE[0]) + 0.5) / zoom - 0.5
    rows = start[1] + (np.arange(SIZE[1]) + 0.5) / zoom - 0.5
    wanted = layer.picture.y[np.round(rows).astype(int)[:, None], np.round(columns).astype(int) % canvas.width].astype(int)
    assert np.abs(frame.y.astype(int) - wanted).max() <= 6
