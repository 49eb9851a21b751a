"""Which part of a clip may be asked for."""

from math import isfinite

from castlist.errors import MediaRefused

LONGEST_RANGE = 5.0


def check_range(start: object, end: object, *, seconds: float, longest: float = LONGEST_RANGE) -> tuple[float, float] | None:
    """The asked range, None when neither bound is given. Refuses what does not lie in the clip (`invalid_range`)."""
    if start is None and end is None:
        return None
    low, high = read_bound(start, 0.0, name="start"), read_bound(end, min(seconds, read_bound(start, 0.0, name="start") + 3.0), name="end")
    if not 0 <= low < seconds:
        raise invalid_range(f"start is {low:g} but the clip runs from 0 to {seconds:g} seconds", param="start", value=low, limit=seconds)
    if high > seconds + 0.05:
        raise invalid_range(f"end is {high:g} but the clip ends at {seconds:g} seconds", param="end", value=high, limit=seconds)
    if high - low < 0.5 - 1e-6:
        raise invalid_range(
            f"start {low:g} to end {high:g} is {high - low:.2f} seconds; choose at least 0.5", param="end", value=high, limit=low + 0.5
        )
    if high - low > longest + 1e-6:
        message = f"start {low:g} to end {high:g} is {high - low:g} seconds; choose at most {longest:g}, best 2 to 4"
        raise invalid_range(message, param="end", value=high, limit=low + longest)
    return low, min(high, seconds)


def read_bound(value: object, default: float, *, name: str) -> float:
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise invalid_range(
            f"{name} is {value!r}; give seconds from the clip's beginning, such as 1.5", param=name, value=str(value), limit=None
        )
    return float(value)


def invalid_range(message: str, *, param: str, value: object, limit: object) -> MediaRefused:
    return MediaRefused(message, code="invalid_range", param=param, value=value, limit=limit)
