"""What a second of video costs by its size: whole millionths of a US dollar."""

from collections.abc import Mapping
from math import ceil
from typing import Final

from castlist.model.operations import Size

PIXELS: Final[Mapping[str, int]] = {
    "360p": 640 * 360,
    "480p": 854 * 480,
    "540p": 960 * 540,
    "720p": 1280 * 720,
    "768p": 1366 * 768,
    "1080p": 1920 * 1080,
    "2k": 2560 * 1440,
    "4k": 3840 * 2160,
}
"""The resolutions that prices are given for, smallest first."""

FLAT: Final = ""
"""The resolution of a price that holds for all."""

USD: Final = 1_000_000
SLACK: Final = 1.05
"""Vendors make 2206x946 as 1080p and 992x432 as 480p: a few pixels more are the same resolution."""


def show_amount(micros: int) -> str:
    """Millionths as whole units: to the cent, and further where there is more."""
    return f"{micros / USD:.2f}" if micros % 10_000 == 0 else f"{micros / USD:.6f}".rstrip("0")


def show_usd(micros: int) -> str:
    """An amount for a sentence."""
    return f"{show_amount(micros)} USD"


def price_of(size: Size, prices: Mapping[str, int]) -> int | None:
    """Millionths for a second of that size: the price of the smallest resolution that has room for it; past the largest one, that price
    in proportion to the pixels, as nothing says that more of them cost no more. None where there are no prices."""
    if not prices:
        return None
    if FLAT in prices:
        return prices[FLAT]
    pixels = size.width * size.height
    known = sorted(prices, key=PIXELS.__getitem__)
    roomy = next((name for name in known if pixels <= PIXELS[name] * SLACK), None)
    if roomy is not None:
        return prices[roomy]
    return ceil(prices[known[-1]] * pixels / PIXELS[known[-1]])
