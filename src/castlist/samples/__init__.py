"""The two clips that come with the package; `scripts/draw_sample.py` draws them."""

from pathlib import Path

NAMES = ("luna", "mossy")


def path(name: str) -> Path:
    """The clip of `name`, "luna" or "mossy" ("luna.mp4" is taken too)."""
    stem = name.removesuffix(".mp4")
    if stem not in NAMES:
        raise ValueError(f"there is no sample called {name!r}; there are {' and '.join(NAMES)}")
    return Path(__file__).parent / f"{stem}.mp4"
