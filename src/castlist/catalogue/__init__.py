"""What is known of the vendors' models: limits, prices, how long they live. All of it is in `models.toml` beside this file."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from castlist.catalogue.reading import read_entry, read_text, read_texts
from castlist.model.capabilities import Capabilities
from castlist.model.entries import Entry
from castlist.model.operations import Size
from castlist.model.pricing import price_of

__all__ = ["ANY", "Vendor", "find", "list_entries", "list_nearest", "list_vendors", "read_entry", "refine"]

ANY: Final = "*"
"""The name under which the file says what holds for every model of a provider that it does not list."""

FILE: Final = Path(__file__).with_name("models.toml")
_USUAL: Final = Size(1280, 720)
_DATED: Final = re.compile(r"-\d{4}-\d\d-\d\d$")


@dataclass(frozen=True, slots=True)
class Vendor:
    """Who answers under a provider's name when no other address is given: the environment variable its key is usually in, those for
    another address, and its own hosts (one with a leading dot means all below it). `only_home`: another server that speaks its API has
    models of its own, of which the catalogue knows nothing."""

    provider: str
    variable: str
    base_variables: tuple[str, ...]
    hosts: tuple[str, ...]
    only_home: bool = False

    def owns(self, host: str) -> bool:
        """Whether the host is the vendor's own."""
        return any(host == own or (own.startswith(".") and host.endswith(own)) for own in self.hosts)


def list_vendors() -> Mapping[str, Vendor]:
    """The vendors by the name of their provider."""
    return _load()[0]


def list_entries(provider: str) -> tuple[Entry, ...]:
    """Every model the catalogue lists for a provider, in its order."""
    return tuple(entry for name, entry in _load()[1].get(provider, {}).items() if name != ANY)


def find(provider: str, model: str) -> Entry | None:
    """What is known of a model: under its name, without the date at its end or the endpoint after a slash, or what holds for any of the
    provider's."""
    known = _load()[1].get(provider, {})
    name = model.partition("?")[0]
    parts = name.split("/")
    names = (name, _DATED.sub("", name), *("/".join(parts[:end]) for end in range(len(parts) - 1, 0, -1)))
    found = next((known[each] for each in names if each in known), None)
    if found is not None:
        return found
    return replace(known[ANY], model=name) if ANY in known else None


def list_nearest(entry: Entry, *, day: date, said: Mapping[str, Entry] = MappingProxyType({}), count: int = 3) -> tuple[Entry, ...]:
    """The living models most like one that is gone: as many characters as it took, the nearest in price, one of each vendor. What is
    `said` of models, by PROVIDER/MODEL, holds instead of what the catalogue says."""
    known = {f"{each.provider}/{each.model}": each for provider in list_vendors() for each in list_entries(provider)}
    known |= said
    known.pop(f"{entry.provider}/{entry.model}", None)  # a configuration may know of an end that the catalogue does not
    living = [other for other in known.values() if not other.is_retired(day) and _count_characters(other) >= _count_characters(entry)]
    nearest: dict[str, Entry] = {}
    for other in sorted(living, key=lambda each: abs(_usual_price(each) - _usual_price(entry))):
        nearest.setdefault(other.provider, other)
    return tuple(nearest.values())[:count]


def _usual_price(entry: Entry) -> int:
    return price_of(_USUAL, entry.prices) or 0


def _count_characters(entry: Entry) -> int:
    found = entry.limits.get("characters", 0)
    return found if isinstance(found, int) else 0


def refine(capabilities: Capabilities, *, provider: str, model: str) -> Capabilities:
    """The capabilities with the limits and prices that are known of the model."""
    entry = find(provider, model)
    return entry.refine(capabilities) if entry else capabilities


@cache
def _load() -> tuple[Mapping[str, Vendor], Mapping[str, Mapping[str, Entry]]]:
    document = tomllib.loads(FILE.read_text(encoding="utf-8"))
    vendors = {name: _read_vendor(name, raw) for name, raw in document["providers"].items()}
    return vendors, {provider: _read_models(provider, models) for provider, models in document["models"].items()}


def _read_vendor(provider: str, raw: Mapping[str, object]) -> Vendor:
    return Vendor(
        provider,
        read_text(raw, "variable"),
        read_texts(raw.get("base_variables", [])),
        read_texts(raw["hosts"]),
        raw.get("only_home") is True,
    )


def _read_models(provider: str, models: Mapping[str, Mapping[str, object]]) -> Mapping[str, Entry]:
    base = read_entry(provider, ANY, models[ANY])
    return {name: base if name == ANY else read_entry(provider, name, raw, base=base) for name, raw in models.items()} | {
        ANY: replace(base, listed=False)
    }
