"""Public ids: a typed prefix, sortable by time, 80 random bits and a check character; they mean nothing else."""

from collections.abc import Callable

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
PREFIXES = {"char": "character", "video": "video", "asset": "asset", "job": "video", "att": "attempt", "file": "file"}
_TIME, _RANDOM = 10, 16


def _encode(number: int, length: int) -> str:
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(5 * (length - 1), -1, -5))


def _check(body: str) -> str:
    total = 0
    for character in body:
        total = (total * 32 + ALPHABET.index(character)) % 31
    return ALPHABET[total]


def make_id(prefix: str, *, milliseconds: int, random: Callable[[int], bytes]) -> str:
    """A new id, e.g. `video_01jd2…`: 48 bits of time, 80 random bits, one check character, in Crockford's base 32."""
    body = _encode(milliseconds, _TIME) + _encode(int.from_bytes(random(10), "big"), _RANDOM)
    return f"{prefix}_{body}{_check(body)}"


def is_id(text: str, prefix: str) -> bool:
    """Whether `text` has the form of an id of ours with that prefix, check character included."""
    head, _, body = text.partition("_")
    if head != prefix or len(body) != _TIME + _RANDOM + 1 or any(c not in ALPHABET for c in body):
        return False
    return _check(body[:-1]) == body[-1]
