"""Small soft things: where they lie, and how strongly they show."""

import numpy as np
import pytest

from castlist.media.animatic.particles import Shape, splat
from castlist.media.animatic.planes import Frame, blank

WHITE = (1.0, 1.0, 1.0)


def lit(x: float, y: float, *, strength: float, wide: float) -> Frame:
    """A dark frame with one light on it."""
    frame = blank(160, 120)
    frame.y[:] = 16
    across, down, share = (np.array([value], np.float32) for value in (x, y, strength))
    splat(frame, across, down, share, Shape(wide, wide), WHITE)
    return frame


@pytest.mark.parametrize("wide", [1.2, 4.0, 9.0])
@pytest.mark.parametrize("place", [(80.0, 60.0), (80.3, 59.6), (79.98, 60.5)])
def test_a_light_lies_where_it_should_to_an_eighth_of_a_pixel(place: tuple[float, float], wide: float) -> None:
    light = lit(*place, strength=0.9, wide=wide).y.astype(np.float64) - 16

    rows, columns = np.indices(light.shape)

    assert (light * columns).sum() / light.sum() == pytest.approx(place[0], abs=0.125)
    assert (light * rows).sum() / light.sum() == pytest.approx(place[1], abs=0.125)


@pytest.mark.parametrize("wide", [1.2, 4.0])
def test_a_light_of_half_the_strength_is_half_as_bright(wide: float) -> None:
    whole, half = (lit(80.0, 60.0, strength=strength, wide=wide).y.astype(np.float64) - 16 for strength in (0.8, 0.4))

    assert half.max() == pytest.approx(whole.max() / 2, rel=0.05)


def test_two_lights_that_overlap_are_brighter_than_one_and_never_clipped() -> None:
    frame = blank(160, 120)
    frame.y[:] = 16
    x, y, strength = (np.array(values, np.float32) for values in ((78, 82), (60, 60), (0.6, 0.6)))

    splat(frame, x, y, strength, Shape(5, 5), WHITE)

    assert frame.y[60, 80] > lit(78.0, 60.0, strength=0.6, wide=5).y[60, 80]
    assert frame.y.max() <= 235
