"""Which bytes of a stored file a request wants: Range, If-Range and If-None-Match, without I/O."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

MOST_RANGES = 16
_NEAR = 4096
_FAR = 10**20
_SPEC = re.compile(r"(\d*)-(\d*)\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Slice:
    """Bytes `start` to `end` (not included) of `length`."""

    start: int
    end: int
    length: int

    @property
    def content_range(self) -> str:
        return f"bytes {self.start}-{self.end - 1}/{self.length}"


class Unsatisfiable(Exception):  # it is an answer (416), not a failure
    """No byte of any range asked for exists."""


def matches(etag: str, header: str | None) -> bool:
    """Whether an If-None-Match header names the tag (weak comparison) or anything."""
    if header is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return "*" in tags or etag in tags


def choose(length: int, header: str | None, *, if_range: str | None, etag: str) -> Slice | None:
    """The one slice to send, None for the whole file. Several ranges become one where they lie close together, otherwise the whole
    file answers them (RFC 9110, 14.2 and 15.3.7). Raises Unsatisfiable."""
    if header is None or (if_range is not None and if_range.strip() != etag):
        return None
    unit, equals, specs = header.partition("=")
    if unit.strip().lower() != "bytes" or not equals:
        return None
    parts = [part.strip() for part in specs.split(",") if part.strip()]
    if not 1 <= len(parts) <= MOST_RANGES:
        return None
    found: list[tuple[int, int]] = []
    for part in parts:
        match = _SPEC.match(part)
        if match is None or part == "-" or (match[1] and match[2] and _number(match[1]) > _number(match[2])):
            return None
        span = _span(match[1], match[2], length)
        if span is not None:
            found.append(span)
    if not found:
        raise Unsatisfiable
    return _join(found, length)


def _span(first: str, last: str, length: int) -> tuple[int, int] | None:
    if not first:
        start, end = max(0, length - _number(last)), length
    else:
        start, end = _number(first), min(length, _number(last) + 1) if last else length
    return (start, end) if start < end else None


def _number(digits: str) -> int:
    """The number, or one past the end of any file: a header may hold more digits than Python reads."""
    return min(_FAR, int(digits.lstrip("0")[:21] or "0"))


def _join(spans: Sequence[tuple[int, int]], length: int) -> Slice | None:
    ordered = sorted(spans)
    start, end = ordered[0]
    for begin, stop in ordered[1:]:
        if begin > end + _NEAR:
            return None
        end = max(end, stop)
    return Slice(start, end, length)
