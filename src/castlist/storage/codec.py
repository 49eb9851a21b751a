"""Frozen values to JSON and back, strictly by their type hints.

A union of several dataclasses is told apart by the class variable `kind`. A field that the JSON lacks takes its default; a value of another
type is a ValueError naming where it was. A field that the class lacks was written by a newer version that shares the database: it is passed
over, and where the class has a field `rest` it is kept there and written again with everything else.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Read = Callable[[object], object]
REST = "rest"
"""The field for what a newer version wrote."""


def encode(value: object, *, without: frozenset[str] = frozenset()) -> Json:
    """What `json.dumps` takes; `without` names fields of the outermost dataclass to leave out."""
    match value:
        case Enum():
            return encode(value.value)
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            if value.tzinfo is None:
                raise ValueError(f"a stored time has a time zone, and {value.isoformat()} has none")
            return value.isoformat()
        case tuple() | list():
            return [encode(item) for item in value]
        case frozenset():
            return sorted((encode(item) for item in value), key=repr)
        case Mapping():
            return {_text(key): encode(item) for key, item in value.items()}
        case _ if is_dataclass(value) and not isinstance(value, type):
            body = {name: encode(getattr(value, name)) for name in _names(type(value)) if name not in without}
            _put_back(body, getattr(value, REST, None))
            kind = getattr(type(value), "kind", None)
            return {"kind": kind, **body} if isinstance(kind, str) else body
        case _:
            raise ValueError(f"a {type(value).__name__} cannot be stored")


def decode(target: type[T], raw: object, *, given: Mapping[str, object] | None = None) -> T:
    """The value of class `target` in parsed JSON; `given` are fields that are known already, as they are."""
    body, known = _object(raw), given or {}
    try:
        return cast("T", _fill(target, body, known))
    except _NewerError:
        return cast("T", _read_newer(target, body, known))


def _read_newer(target: type, raw: Mapping[str, object], given: Mapping[str, object]) -> object:
    plain = _strip(target, raw)
    rest = {name: item for name, item in raw.items() if name not in plain or plain[name] != item}
    try:
        return _fill(target, plain, {**given, REST: rest} if _has_rest(target) else given)
    except _NewerError as error:
        raise ValueError(f"{target.__name__} was written by another version") from error


class _NewerError(Exception):
    """There is a field that the class lacks."""


def _put_back(body: dict[str, Json], rest: Mapping[str, Json] | None) -> None:
    """Write what a newer version wrote, where what is known of it is still as it was."""
    for name, whole in (rest or {}).items():
        if name not in body or _covers(whole, body[name]):
            body[name] = whole


def _covers(whole: Json, part: Json) -> bool:
    """Whether `whole` says all that `part` says."""
    if isinstance(whole, dict) and isinstance(part, dict):
        return all(name in whole and _covers(whole[name], item) for name, item in part.items())
    if isinstance(whole, list) and isinstance(part, list):
        return len(whole) == len(part) and all(map(_covers, whole, part))
    return whole == part


def _strip(target: type, raw: Mapping[str, object]) -> dict[str, object]:
    """The JSON without what the class, and the classes of its fields, lack."""
    (readers, _, kind), inner = _plan(target), _inner(target)
    kept = {name: item for name, item in raw.items() if name in readers or (name == "kind" and kind is not None)}
    return kept | {name: strip(kept[name]) for name, strip in inner.items() if name in kept}


@cache
def _has_rest(target: type) -> bool:
    return any(field.name == REST for field in fields(target))


@cache
def _inner(target: type) -> Mapping[str, Read]:
    """What strips the JSON of each field that may hold dataclasses."""
    hints = get_type_hints(target)
    found = {name: _stripper(hints[name]) for name in _names(target)}
    return {name: strip for name, strip in found.items() if strip is not None}


@cache
def _stripper(hint: Any) -> Read | None:
    if isinstance(hint, type) and is_dataclass(hint):
        return lambda raw: _strip(hint, raw) if isinstance(raw, dict) else raw
    options = [each for each in get_args(hint) if isinstance(each, type) and is_dataclass(each)]
    if not options:
        return None
    if get_origin(hint) in (types.UnionType, Union):
        if len(options) == 1:
            return _stripper(options[0])
        kinds = {getattr(each, "kind", None): each for each in options}
        return lambda raw: _strip(kinds[raw.get("kind")], raw) if isinstance(raw, dict) and raw.get("kind") in kinds else raw
    one = options[0]
    return lambda raw: [_strip(one, each) if isinstance(each, dict) else each for each in raw] if isinstance(raw, list) else raw


def _fill(target: type, raw: Mapping[str, object], given: Mapping[str, object]) -> object:
    readers, required, kind = _plan(target)
    values = dict(given)
    for name, item in raw.items():
        reader = readers.get(name)
        if reader is None:
            if name == "kind" and kind is not None:
                if item == kind:
                    continue
                raise ValueError(f"{target.__name__} is of kind {kind}, not {item!r}")
            raise _NewerError
        try:
            values[name] = reader(item)
        except ValueError as error:
            raise ValueError(f"{target.__name__}.{name}: {error}") from error
    missing = required - values.keys()
    if missing:
        raise ValueError(f"{target.__name__} lacks {', '.join(sorted(missing))}")
    return target(**values)


@cache
def _names(target: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(target) if field.name != REST)


@cache
def _plan(target: type) -> tuple[Mapping[str, Read], frozenset[str], str | None]:
    hints = get_type_hints(target)
    readers = {name: _reader(hints[name]) for name in _names(target)}
    required = frozenset(f.name for f in fields(target) if f.default is MISSING and f.default_factory is MISSING)
    return readers, required, getattr(target, "kind", None)


@cache
def _reader(hint: Any) -> Read:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in _PLAIN:
        return _PLAIN[hint]
    if origin in (types.UnionType, Union):
        return _union(arguments)
    if origin is tuple:
        return _several(arguments)
    if origin is frozenset:
        item = _reader(arguments[0])
        return lambda raw: frozenset(item(each) for each in _list(raw))
    if origin is Literal:
        return lambda raw: _one_of(raw, arguments)
    if origin is not None and issubclass(origin, Mapping):
        inner = _reader(arguments[1])
        return lambda raw: {key: inner(each) for key, each in _object(raw).items()}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    if isinstance(hint, type) and is_dataclass(hint):
        return lambda raw: _fill(hint, _object(raw), {})
    raise TypeError(f"{hint} has no JSON form here")


def _several(arguments: tuple[Any, ...]) -> Read:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        item = _reader(arguments[0])
        return lambda raw: tuple(item(each) for each in _list(raw))
    items = tuple(_reader(each) for each in arguments)
    return lambda raw: tuple(read(each) for read, each in zip(items, _list(raw), strict=True))


def _union(arguments: tuple[Any, ...]) -> Read:
    options = tuple(each for each in arguments if each is not type(None))
    optional = len(options) < len(arguments)
    kinds: Mapping[object, type] = {each.kind: each for each in options if hasattr(each, "kind")}
    if len(options) == 1:
        only = _reader(options[0])
    elif len(kinds) == len(options):
        only = _by_kind(kinds)
    else:
        raise TypeError(f"a union of {options} cannot be told apart in JSON")
    return (lambda raw: None if raw is None else only(raw)) if optional else only


def _by_kind(kinds: Mapping[object, type]) -> Read:
    def read(raw: object) -> object:
        body = _object(raw)
        target = kinds.get(body.get("kind"))
        if target is None:
            raise ValueError(f"kind is one of {', '.join(map(str, kinds))}, not {body.get('kind')!r}")
        return _fill(target, body, {})

    return read


def _exactly(*allowed: type) -> Read:
    def read(raw: object) -> object:
        if type(raw) not in allowed:
            raise ValueError(f"expected {allowed[0].__name__}, not {raw!r}")
        return raw

    return read


def _time(raw: object) -> datetime:
    value = datetime.fromisoformat(_text(raw))
    if value.tzinfo is None:
        raise ValueError(f"a stored time has a time zone, and {raw} has none")
    return value


def _number(raw: object) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise ValueError(f"expected float, not {raw!r}")
    return float(raw)


def _text(raw: object) -> str:
    if not isinstance(raw, str):
        raise ValueError(f"expected str, not {raw!r}")
    return raw


def _list(raw: object) -> list[object]:
    if not isinstance(raw, list):
        raise ValueError(f"expected list, not {raw!r}")
    return raw


def _object(raw: object) -> dict[str, object]:
    if not isinstance(raw, dict):
        raise ValueError(f"expected dict, not {raw!r}")
    return raw


def _one_of(raw: object, allowed: tuple[object, ...]) -> object:
    if raw not in allowed:
        raise ValueError(f"expected one of {allowed}, not {raw!r}")
    return raw


_PLAIN: Mapping[object, Read] = {
    str: _text,
    int: _exactly(int),
    bool: _exactly(bool),
    float: _number,
    datetime: _time,
    object: lambda raw: raw,
}
