"""Public ids: a typed prefix, sortable by time, 80 random bits and a check character; they mean nothing else."""

from collections.abc import Callable

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
PREFIXES = {"char": "character", "video": "video", "asset": "asset", "job": "video", "att": "attempt", "file": "file"}
_TIME, _RANDOM = 10, 16
_PAIRS = [high + low for high in ALPHABET for low in ALPHABET]
_SHIFTS = range(5 * (_TIME + _RANDOM) - 10, -1, -10)


def make_id(prefix: str, *, milliseconds: int, random: Callable[[int], bytes]) -> str:
    """A new id, e.g. `video_01jd2…`: 48 bits of time, 80 random bits, one check character, in Crockford's base 32."""
    number = (milliseconds << 5 * _RANDOM) | int.from_bytes(random(10), "big")
    body = "".join([_PAIRS[(number >> shift) & 1023] for shift in _SHIFTS])
    return f"{prefix}_{body}{ALPHABET[number % 31]}"


def is_id(text: str, prefix: str) -> bool:
    """Whether `text` has the form of an id of ours with that prefix, check character included."""
    return _has_shape(text, prefix) and _has_check(text)


def is_mistyped(text: str, prefix: str) -> bool:
    """Whether `text` has the form of an id of ours but for its check character."""
    return _has_shape(text, prefix) and not _has_check(text)


def made_at(text: str) -> int | None:
    """The time in an id of ours, in milliseconds since 1970; None for what is none."""
    prefix = text.partition("_")[0]
    if not is_id(text, prefix):
        return None
    number = 0
    for letter in text.partition("_")[2][:-1]:
        number = number << 5 | ALPHABET.index(letter)
    return number >> 5 * _RANDOM


def _has_shape(text: str, prefix: str) -> bool:
    head, _, body = text.partition("_")
    return head == prefix and len(body) == _TIME + _RANDOM + 1 and all(c in ALPHABET for c in body)


def _has_check(text: str) -> bool:
    body = text.partition("_")[2]
    # 32 is 1 modulo 31, so the number's remainder is that of the sum of its digits.
    return ALPHABET[sum(map(ALPHABET.index, body[:-1])) % 31] == body[-1]
