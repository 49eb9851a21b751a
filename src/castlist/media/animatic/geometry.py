"""Where things are: the frame, the ground plane and the textures that layers are painted on."""

from dataclasses import dataclass


def even(value: float) -> int:
    """The nearest even whole number, as chroma at half resolution needs it."""
    return max(2, 2 * round(value / 2))


@dataclass(frozen=True, slots=True)
class Geometry:
    """Pixel measures of one scene. Depth 0 is the sky, 1 the plane of the characters, more is nearer than they are."""

    width: int
    height: int
    horizon: int
    feet: int
    unit: float
    period: int
    margin: int

    @property
    def rows(self) -> int:
        return self.height + 2 * self.margin

    @property
    def left(self) -> float:
        """The texture column that the left edge of a resting frame shows."""
        return (self.period - self.width) / 2

    def base(self, depth: float) -> float:
        """The texture row on which something at this depth stands."""
        return self.margin + self.horizon + depth * (self.feet - self.horizon)

    def depth_at(self, row: float) -> float:
        """The depth of the ground under a row of the frame."""
        return (row - self.horizon) / (self.feet - self.horizon)


def measure(width: int, height: int, *, horizon: float = 0.6) -> Geometry:
    """The geometry of a frame, from a strip to a square to a portrait."""
    unit = float(height) if width >= height else 0.45 * height + 0.55 * width
    return Geometry(
        width=width,
        height=height,
        horizon=even(horizon * height),
        feet=even(0.875 * height),
        unit=unit,
        period=even(max(1.5 * width, width + 0.4 * unit)),
        margin=even(0.14 * height),
    )
