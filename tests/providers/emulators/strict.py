"""A strict look at JSON: in what a value differs from its shape, and every way in which one field of it can be wrong."""

import re
from collections.abc import Iterator, Mapping

Shape = object


def complain(value: object, shape: Shape, at: str = "body") -> str | None:
    """The first thing in which a JSON value differs from its shape, None where there is nothing.

    A shape is a mapping of names (with `?` where optional) to shapes, a list of one shape, a set of words, a pattern, a type, or a
    function that gives the shape for a value.
    """
    match shape:
        case dict():
            return _complain_of_object(value, shape, at)
        case list():
            if not isinstance(value, list) or not value:
                return f"{at} is no list with something in it"
            return next((words for n, each in enumerate(value) if (words := complain(each, shape[0], f"{at}[{n}]"))), None)
        case set() | frozenset():
            return None if isinstance(value, str | int) and value in shape else f"{at} is {value!r}, and not one of {sorted(shape)}"
        case re.Pattern():
            return None if isinstance(value, str) and shape.fullmatch(value) else f"{at} is {str(value)[:60]!r}, which is malformed"
        case type():
            right = isinstance(value, shape) and not (shape is int and isinstance(value, bool))
            return None if right else f"{at} is no {shape.__name__}"
    assert callable(shape)
    return complain(value, shape(value), at)


def _complain_of_object(value: object, shape: Mapping[str, Shape], at: str) -> str | None:
    if not isinstance(value, dict):
        return f"{at} is no object"
    known = {name.removesuffix("?"): inner for name, inner in shape.items()}
    strange = sorted(set(value) - set(known))
    lacking = [name for name in shape if not name.endswith("?") and name not in value]
    if strange or lacking:
        return f"{at} has an unknown field {strange[0]!r}" if strange else f"{at} lacks {lacking[0]!r}"
    return next((words for name, inner in value.items() if (words := complain(inner, known[name], f"{at}.{name}"))), None)


def mutate(document: object) -> Iterator[tuple[str, object]]:
    """Every way in which one field of a JSON document can be wrong: renamed, dropped, or another word."""
    if isinstance(document, list):
        for n, each in enumerate(document):
            yield from ((f"[{n}]{how}", [*document[:n], other, *document[n + 1 :]]) for how, other in mutate(each))
    if not isinstance(document, dict):
        return
    for name, value in document.items():
        others = {key: each for key, each in document.items() if key != name}
        yield f".{name} dropped", others
        yield f".{name} renamed", {**others, f"{name}x": value}
        if isinstance(value, str):
            yield f".{name} another word", {**document, name: f"{value}?"}
        yield from ((f".{name}{how}", {**document, name: inner}) for how, inner in mutate(value))
