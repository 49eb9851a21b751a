"""An entry of the catalogue from what a file says, ours or a configuration's."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from difflib import get_close_matches
from typing import Final

from castlist.errors import InvalidRequest
from castlist.model.entries import Entry
from castlist.model.operations import Size
from castlist.model.pricing import FLAT, PIXELS

Raw = Mapping[str, object]
MOST_MICROS: Final = 1_000_000_000
_SPECIAL: Final = {"source_micros_per_second": "source_prices", "sound_micros_per_second": "sound_prices"}


def read_entry(provider: str, model: str, raw: Raw, *, base: Entry | None = None) -> Entry:
    """The entry; what `raw` does not say is as in `base`. Raises ValueError with a sentence for the first value that is wrong."""
    found = base or Entry(provider, model, source="", checked=date.min)
    found = replace(found, provider=provider, model=model)
    limits, special = dict(found.limits), dict[str, Mapping[str, int]]()
    for name, value in raw.items():
        if name in _LIMITS:
            limits |= _LIMITS[name](name, value)
        elif name == "micros_per_second":
            # A price of one's own holds for all that a model makes, whatever was known before.
            found = replace(found, prices=_read_prices(name, value), source_prices={}, sound_prices={})
        elif name in _SPECIAL:
            special[_SPECIAL[name]] = _read_prices(name, value)
        elif name == "micros_per_image":
            found = replace(found, micros_per_image=_read_count(name, value, low=0))
        elif name == "sunset":
            found = replace(found, sunset=None if value is None else _read_day(name, value))
        elif name == "checked":
            found = replace(found, checked=_read_day(name, value))
        elif name == "source":
            found = replace(found, source=read_text(raw, name))
        else:
            raise ValueError(f"unknown setting {name!r} of a model; {_hint(name)}")
    return replace(found, limits=limits, listed=True, **special)  # type: ignore[arg-type]  # _SPECIAL names fields of prices


def read_text(raw: Raw, name: str) -> str:
    """A text that is not empty. Raises ValueError."""
    value = raw.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name} is a text, and not {value!r}")
    return value


def read_texts(value: object) -> tuple[str, ...]:
    """A list of texts. Raises ValueError."""
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError(f"a list of texts was expected, and not {value!r}")
    return tuple(value)


def _hint(name: str) -> str:
    known = sorted([*_LIMITS, "micros_per_second", *_SPECIAL, "micros_per_image", "sunset", "checked", "source"])
    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"


def _read_count(name: str, value: object, *, low: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= MOST_MICROS:
        raise ValueError(f"{name} is a whole number of at least {low}, and not {value!r}")
    return value


def _read_day(name: str, value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{name} is a day, for example 2027-01-31, and not {value!r}") from None


def _read_prices(name: str, value: object) -> Mapping[str, int]:
    if not isinstance(value, Mapping):
        return {FLAT: _read_count(name, value, low=0)}
    strange = [key for key in value if key not in PIXELS]
    if strange or not value:
        what = f"{strange[0]!r}" if strange else "nothing"
        raise ValueError(f"{name} is a number, or one for each of {', '.join(PIXELS)}, and not for {what}")
    return {str(key): _read_count(f"{name}.{key}", each, low=0) for key, each in value.items()}


def _read_span(name: str, value: object) -> tuple[float, float]:
    """{min, max}; raises ValueError."""
    ends = [value.get(end) for end in ("min", "max")] if isinstance(value, Mapping) and set(value) == {"min", "max"} else []
    numbers = [end for end in ends if isinstance(end, int | float) and not isinstance(end, bool)]
    if len(numbers) < 2 or not 0 <= numbers[0] <= numbers[1]:
        raise ValueError(f"{name} is {{min: …, max: …}}, and not {value!r}")
    return float(numbers[0]), float(numbers[1])


def _read_seconds(name: str, value: object) -> dict[str, object]:
    if isinstance(value, list):
        lengths = _read_lengths(name, value)
        return {"seconds": lengths, "min_seconds": min(lengths), "max_seconds": max(lengths)}
    least, most = _read_span(name, value)
    return {"seconds": (), "min_seconds": int(least), "max_seconds": int(most)}


def _read_lengths(name: str, value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"{name} is a list of whole numbers, and not {value!r}")
    return tuple(sorted(_read_count(name, each) for each in value))


def _read_sizes(name: str, value: object) -> tuple[Size, ...]:
    try:
        return tuple(Size.parse(each) for each in read_texts(value))
    except InvalidRequest as error:
        raise ValueError(f"{name}: {error.message}") from None


def _read_added(name: str, value: object) -> dict[str, object]:
    least, most = _read_span(name, value)
    return {"extension": (int(least), int(most))}


def _read_sources(name: str, value: object) -> dict[str, object]:
    kinds = {"edit", "extend", "remix"}
    if not isinstance(value, Mapping) or not set(value) <= kinds:
        raise ValueError(f"{name} gives {{min: …, max: …}} for {', '.join(sorted(kinds))}, and not {value!r}")
    return {"sources": {str(kind): _read_span(f"{name}.{kind}", span) for kind, span in value.items()}}


_LIMITS: Final[Mapping[str, Callable[[str, object], dict[str, object]]]] = {
    "seconds": _read_seconds,
    "cast_seconds": lambda name, value: {"cast_seconds": _read_lengths(name, value)},
    "total_seconds": lambda name, value: {"max_total_seconds": _read_count(name, value)},
    "added_seconds": _read_added,
    "source_seconds": _read_sources,
    "sizes": lambda name, value: {"sizes": _read_sizes(name, value)},
    "cast_sizes": lambda name, value: {"cast_sizes": _read_sizes(name, value)},
    "characters": lambda name, value: {"characters": _read_count(name, value, low=0)},
}
