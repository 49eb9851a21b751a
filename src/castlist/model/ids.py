"""Public ids: a typed prefix, sortable by time, 80 random bits and a check character; they mean nothing else."""

from collections.abc import Callable

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
PREFIXES = {"char": "character", "video": "video", "asset": "asset", "job": "video", "att": "attempt", "file": "file"}
_TIME, _RANDOM = 10, 16
# Modulo 33, two digits of base 32 never weigh alike and 32 weighs as -1: any one wrong character and any two swapped neighbours show.
_CHECKS = ALPHABET + "u"
_PAIRS = [high + low for high in ALPHABET for low in ALPHABET]
_SHIFTS = range(5 * (_TIME + _RANDOM) - 10, -1, -10)


def make_id(prefix: str, *, milliseconds: int, random: Callable[[int], bytes]) -> str:
    """A new id, e.g. `video_01jd2…`: 48 bits of time, 80 random bits, one check character, in Crockford's base 32."""
    number = (milliseconds << 5 * _RANDOM) | int.from_bytes(random(10), "big")
    body = "".join([_PAIRS[(number >> shift) & 1023] for shift in _SHIFTS])
    return f"{prefix}_{body}{_CHECKS[number % len(_CHECKS)]}"


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
    return head == prefix and len(body) == _TIME + _RANDOM + 1 and all(c in ALPHABET for c in body[:-1]) and body[-1] in _CHECKS


def _has_check(text: str) -> bool:
    body = text.partition("_")[2]
    # 26 digits: the last counts +1, the one before it -1, and so on.
    digits = list(map(ALPHABET.index, body[:-1]))
    return _CHECKS[(sum(digits[1::2]) - sum(digits[::2])) % len(_CHECKS)] == body[-1]
